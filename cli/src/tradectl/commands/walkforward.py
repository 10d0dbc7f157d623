"""``tradectl walkforward``: choose parameters on past bars, trade the next ones, and go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.figures import UNDEFINED, moment, plural
from tradectl.interrupts import end_at_second_interrupt
from tradectl.layout import Cell, Column
from tradectl.progress import ProgressLine
from tradectl.run_inputs import (
    Assume,
    Cash,
    DrawSeed,
    End,
    Engine,
    Grid,
    Model,
    PastBars,
    Sample,
    Series,
    Start,
    Strategy,
    Timeframe,
    Where,
    Yes,
    past_bars,
    ranges,
)
from tradectl.session import session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tradectl_sdk import WalkForward
    from tradectl_sdk.pipelines.walked import Piece

    from tradectl.console import Output

_STYLES = {"hold": "ok", "weak": "warn", "fail": "fail", "few": "warn"}
_Train = Annotated[int, typer.Option(min=2, help="Bars to choose parameters on.")]
_Test = Annotated[int, typer.Option(min=2, help="Bars to trade the choice on.")]
_Embargo = Annotated[int, typer.Option(min=0, help="Bars between the two that are left out.")]
_Anchored = Annotated[
    bool,
    typer.Option("--anchored", help="Let every window begin with the first bar, not roll on."),
]
_Metric = Annotated[str, typer.Option(help="What the best trial of a window is chosen by.")]
_Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes; one for each core when left out.")
]


def walkforward(
    context: typer.Context,
    strategy: Strategy,
    series: Series = None,
    *,
    train: _Train,
    test: _Test,
    set_: Grid = None,
    embargo: _Embargo = 0,
    anchored: _Anchored = False,
    metric: _Metric = "sharpe_ratio",
    where: Where = None,
    sample: Sample = None,
    seed: DrawSeed = 0,
    timeframe: Timeframe = "",
    start: Start = "",
    end: End = "",
    assume: Assume = None,
    cash: Cash = "",
    model: Model = None,
    engine: Engine = "auto",
    workers: _Workers = None,
    yes: Yes = False,
) -> ExitStatus:
    """Choose parameters on a window of bars, trade the next ones with them, and go on.

    What the choices earned on bars they were not made on, one window after another, is what
    tuning this way would have earned. The exit status is 1 when that is a loss.
    """
    session = session_of(context)
    bars = past_bars(session, series, timeframe, start, end, assume=assume, cash=cash, model=model)
    out = session.out
    hint = "such as --set fast=5:50:5; without a choice there is nothing to walk forward"
    grid, fixed = ranges(strategy, set_, bars.plugins, hint=hint)
    from tradectl_sdk.pipelines.modelling import read_models
    from tradectl_sdk.pipelines.sweeps import LIMIT
    from tradectl_sdk.pipelines.walkforward import walkforward as walk

    end_at_second_interrupt()
    with ProgressLine(session) as line:
        found = walk(
            strategy,
            bars.series,
            grid,
            train=train,
            test=test,
            embargo=embargo,
            anchored=anchored,
            metric=metric,
            parameters=fixed,
            where=where or (),
            sample=sample,
            seed=seed,
            models=read_models(model or ()),
            timeframe=bars.timeframe,
            start=start or None,
            end=end or None,
            settings=bars.settings,
            mode=engine,
            workers=workers,
            limit=None if yes else LIMIT,
            plugins=bars.plugins,
            notify=out.note,
            progress=line.counting("window"),
        )
    _show(out, found)
    out.result("walkforward/1", found.to_json())
    out.next(_next(found, strategy, bars, fixed))
    return ExitStatus.FINDING if found.verdict == "fail" else ExitStatus.OK


def _next(found: WalkForward, strategy: str, bars: PastBars, fixed: Mapping[str, str]) -> str:
    """The backtest of the last choice; where there is none, the question to ask before tuning."""
    last = found.pieces[-1].parameters
    sets = [f"{name}={value}" for name, value in {**fixed, **(last or {})}.items()]
    if last is None:
        return f"tradectl significance {bars.again(strategy, sets)}"
    return f"tradectl backtest {bars.again(strategy, sets, '--trials', str(found.trials))}"


def _show(out: Output, found: WalkForward) -> None:
    from tradectl_sdk.pipelines.words import percent
    from tradectl_sdk.runs.metrics import METRICS

    train, test = found.pieces[0].bars
    how = "anchored" if found.anchored else "rolling"
    windows = f"{plural(len(found.pieces), 'window')}, {how}: {train:,} bars, then {test:,}"
    embargo = f" after an embargo of {found.embargo:,}" if found.embargo else ""
    out.line(found.strategy, "bold")
    out.fields(
        [
            ("  data", f"{', '.join(found.data)}  {found.timeframe}"),
            ("  windows", f"{windows}{embargo}"),
            ("  tried", f"{plural(found.trials, 'trial')}, all of them counted"),
            *([("  unused", f"{plural(found.unused, 'bar')} at the end")] if found.unused else []),
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
