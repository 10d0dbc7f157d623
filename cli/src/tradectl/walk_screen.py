"""A walk forward on the screen: its windows, what they made together, and a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.runs.metrics import METRICS
from tradectl_sdk.runs.metrics.definition import percent

from tradectl.figures import UNDEFINED, moment, plural
from tradectl.layout import Cell, Column
from tradectl.sweep_screen import show_failures

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk import WalkForward
    from tradectl_sdk.research.walked import Piece

    from tradectl.console import Output

_STYLES = {"hold": "ok", "weak": "warn", "fail": "fail", "few": "warn", "untraded": "fail"}


def show_walk(out: Output, found: WalkForward) -> None:
    """Show a walk forward."""
    train, test = found.pieces[0].bars
    how = "anchored" if found.anchored else "rolling"
    windows = f"{plural(len(found.pieces), 'window')}, {how}: {train:,} bars, then {test:,}"
    embargo = f" after an embargo of {found.embargo:,}" if found.embargo else ""
    failed = sum(found.failures.values())
    but = f", {failed:,} failed" if failed else ""
    out.line(f"{found.strategy}  {found.walk_id[:10]}", "bold")
    out.fields(
        [
            ("  data", f"{', '.join(found.data)}  {found.timeframe}"),
            ("  windows", f"{windows}{embargo}"),
            ("  tried", f"{plural(found.trials, 'trial')}{but}, all of them counted"),
            *([("  unused", f"{plural(found.unused, 'bar')} at the end")] if found.unused else []),
            *([("  run", "answered from the store")] if found.stored else []),
        ]
    )
    out.line()
    names = [name for name, values in found.axes.items() if len(values) > 1]
    row = METRICS[found.metric]
    columns = [
        Column(title="TRADED"),
        *(Column(title=name, right=True, rank=1) for name in names),
        Column(title=f"{row.label.upper()} IN", right=True),
        Column(title="OUT", right=True),
        Column(title="RETURN OUT", right=True),
        Column(title="TRADES", right=True, rank=2),
    ]
    out.table(columns, [_row(piece, names, row.kind.format, found) for piece in found.pieces])
    show_failures(out, found.failures)
    report, kept, steady = found.metrics, found.efficiency, found.stability
    out.line()
    out.line("Out of sample, one after another", "heading")
    out.fields(
        [
            ("  return", report.text("total_return")),
            ("  sharpe", report.text("sharpe_ratio")),
            ("  max drawdown", report.text("max_drawdown")),
            ("  gaining", f"{percent(found.gaining)} of the windows"),
            (
                "  efficiency",
                UNDEFINED if kept is None else f"{percent(kept)} of the growth in sample",
            ),
            (
                "  stability",
                UNDEFINED if steady is None else f"{percent(steady)} moved a step at most",
            ),
        ]
    )
    out.line()
    out.cells(Cell("verdict", _STYLES[found.verdict]), Cell(f"  {found.words}"))


def _row(
    piece: Piece, names: list[str], form: Callable[[float | None], str], found: WalkForward
) -> list[str | Cell]:
    chosen = piece.parameters or {}
    values = [str(chosen.get(name, UNDEFINED)) for name in names]
    gained = float(piece.equity[-1]) / found.initial - 1
    return [
        f"{moment(piece.begin)} to {moment(piece.end)}",
        *values,
        form(piece.in_sample),
        form(piece.out_of_sample),
        f"{gained:+.2%}".replace("%", " %"),
        f"{piece.trades:,}",
    ]
