"""The screen of ``tradectl runs diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sdk.runs.metrics.table import METRICS

from tradectl.figures import UNDEFINED, plural
from tradectl.layout import Column
from tradectl.run_screen import COMPARED
from tradectl.run_tables import fill_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.runs import RunDifference
    from tradectl_sdk.runs.comparison import Change, FillDifference

    from tradectl.console import Output

_HASH = 64  # digits of a SHA-256
_SHOWN = 12  # of them, which is enough to tell two apart


def show_difference(out: Output, difference: RunDifference, *, every: bool) -> None:
    """Print what differs between two runs.

    Args:
        out: Where to print.
        difference: What differs.
        every: Show every metric that differs, not just the main ones.
    """
    out.fields([("first", difference.first), ("second", difference.second)])
    _inputs(out, difference.inputs)
    _metrics(out, difference.metrics, every=every)
    _fills(out, difference.fill)


def _inputs(out: Output, changes: Sequence[Change]) -> None:
    _section(out, "What went in")
    if not changes:
        out.line("  the same")
        return
    columns = [
        Column(title=""),
        Column(title="FIRST", wrap=True),
        Column(title="SECOND", wrap=True),
    ]
    rows = [
        (f"  {each.part}{'.' if each.key else ''}{each.key}", _text(each.first), _text(each.second))
        for each in changes
    ]
    out.table(columns, rows)


def _metrics(out: Output, changes: Sequence[Change], *, every: bool) -> None:
    _section(out, "What came out")
    by_name = {each.key: each for each in changes}
    # The table's order is that of the reports; a metric of another version comes last.
    names = [*(n for n in METRICS if n in by_name), *(n for n in by_name if n not in METRICS)]
    shown = names if every else [name for name in names if name in COMPARED]
    if shown:
        columns = [Column(title=title, right=bool(title)) for title in ("", "FIRST", "SECOND")]
        out.table(columns, [_metric(name, by_name[name]) for name in shown])
    elif not names:
        out.line("  the same")
    if len(shown) < len(names):
        out.note(f"{plural(len(names) - len(shown), 'metric')} more with --all")


def _metric(name: str, change: Change) -> tuple[str, str, str]:
    row = METRICS.get(name)

    def text(value: float | None) -> str:
        if value is None:
            return UNDEFINED
        return row.kind.format(value) if row else str(value)

    return (f"  {row.label if row else name}", text(change.first), text(change.second))


def _fills(out: Output, fill: FillDifference | None) -> None:
    _section(out, "Fills")
    if fill is None:
        out.line("  the same")
        return
    same = (
        "the first one differs" if not fill.index else f"{plural(fill.index, 'fill')} alike, then"
    )
    out.line(f"  {same}")
    out.fields([("  first", fill_in_words(fill.first)), ("  second", fill_in_words(fill.second))])


def _text(value: Any) -> str:
    """Write an input on a line; hashes by their beginning."""
    if value is None:
        return "-"
    if isinstance(value, list):
        return "\n".join(map(_text, value)) or "-"
    if isinstance(value, dict):
        return " ".join(_text(each) for each in value.values())
    return " ".join(
        f"{word[:_SHOWN]}..." if len(word) == _HASH else word for word in str(value).split(" ")
    )


def _section(out: Output, title: str) -> None:
    out.line()
    out.line(title, "bold")
