"""The screen of a finished run, and of one run beside its hopeful twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl.figures import UNDEFINED, metric, moment, plural
from tradectl.layout import Cell, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tradectl_sdk.pipelines.checks import Check
    from tradectl_sdk.runs import RunRecord

    from tradectl.console import Output

_CHECK_STYLES = {"ok": "ok", "warn": "warn", "fail": "fail", "skip": "skip"}

# Two metrics a line, as (label, metric) pairs; what belongs together stands beside each other.
_RESULT = (
    (("Return", "total_return"), ("Buy and hold", "benchmark_return")),
    (("CAGR", "cagr"), ("Volatility, a year", "annual_volatility")),
    (("Max drawdown", "max_drawdown"), ("Its duration", "max_drawdown_duration")),
    (("Sharpe", "sharpe_ratio"), ("95 % interval", "")),
    (("P(Sharpe > 0)", "probabilistic_sharpe"), ("Deflated Sharpe", "deflated_sharpe")),
    (("Trades", "trades"), ("Win rate", "win_rate")),
    (("Profit factor", "profit_factor"), ("Payoff", "payoff_ratio")),
    (("Time in market", "exposure_time"), ("Turnover, a year", "turnover")),
    (("Fees", "fees"), ("Slippage", "slippage")),
)
COMPARED = (
    "total_return", "cagr", "sharpe_ratio", "max_drawdown", "annual_volatility", "trades",
    "win_rate", "profit_factor", "exposure_time", "turnover", "fees", "slippage",
)  # fmt: skip


def show_run(
    out: Output,
    record: RunRecord,
    *,
    engine: str,
    checks: Sequence[Check],
    place: str,
) -> None:
    """Print a run: what it was, what it assumed, what came out, what was looked at.

    Args:
        out: Where to print.
        record: The run.
        engine: How it was run, in words.
        checks: What was looked at; what the record warns of where there are none.
        place: The folder it is kept in.
    """
    _head(out, record, engine)
    _assumptions(out, record)
    _section(out, f"Result in {record.currency}")
    right, left = Column(title="", right=True), Column(title="")
    out.table([left, right, left, right], [_line(record, *pair) for pair in _RESULT])
    _checks(out, record, checks)
    _remarks(out, record)
    _section(out, "Run")
    out.line(f"  {record.run_id}")
    out.line(f"  {place}", "dim")


def show_bracket(
    out: Output,
    record: RunRecord,
    hopeful: RunRecord,
    *,
    name: str,
    engine: str,
    checks: Sequence[Check],
) -> None:
    """Print a run beside the same run with every doubt about fills in the trader's favour.

    Args:
        out: Where to print.
        record: The run as the settings want it.
        hopeful: The optimistic one.
        name: What to call the first.
        engine: How it was run, in words.
        checks: What was looked at in the first.
    """
    _head(out, record, engine)
    _assumptions(out, record)
    _section(out, f"Result in {record.currency}")
    columns = [
        Column(title=""),
        *(Column(title=title, right=True) for title in (name, "optimistic", "difference")),
    ]
    out.table(columns, [_compared(record, hopeful, metric_name) for metric_name in COMPARED])
    _checks(out, record, checks)
    _remarks(out, record)
    _section(out, "Runs")
    out.fields([(f"  {name}", record.run_id), ("  optimistic", hopeful.run_id)])


def data_in_words(record: RunRecord) -> str:
    """Say which bars a run went over: instruments, timeframe, from, to, how many."""
    data = record.identity["data"]
    names = [str(each["instrument"]) for each in data]
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    frames = ", ".join(dict.fromkeys(str(each["timeframe"]) for each in data))
    bars = plural(sum(int(each["bars"]) for each in data), "bar")
    return f"{shown}  {frames}  {_span(record, str(data[0]['timeframe']))}  {bars}"


def _span(record: RunRecord, timeframe: str) -> str:
    """The opens of the first and last bars; a run's instants are their closes."""
    from tradectl_sdk.domain.timeframe import Timeframe

    if not len(record.time):
        return "no bars"
    length = Timeframe.parse(timeframe).nanoseconds
    return f"{moment(int(record.time[0]) - length)} to {moment(int(record.time[-1]) - length)}"


def _head(out: Output, record: RunRecord, engine: str) -> None:
    values = parameters_in_words(record.identity["parameters"])
    out.line(record.strategy, "bold")
    pairs = [("  parameters", values)] if values else []
    out.fields([*pairs, ("  data", data_in_words(record)), ("  engine", engine)])


def _assumptions(out: Output, record: RunRecord) -> None:
    from tradectl_sdk.pipelines.words import assumptions_in_words

    _section(out, "Assumptions")
    out.fields([(f"  {what}", how) for what, how in assumptions_in_words(record)])


def _line(record: RunRecord, *pairs: tuple[str, str]) -> tuple[str, ...]:
    cells: list[str] = []
    for label, name in pairs:
        cells += [f"  {label}", _value(record, name)]
    return tuple(cells)


def _value(record: RunRecord, name: str) -> str:
    if name == "deflated_sharpe" and record.metrics.conventions.get("trials") == 1:
        return "one trial"  # nothing to deflate by: the number is that of P(Sharpe > 0)
    return metric(record.metrics, name) if name else _interval(record)


def _interval(record: RunRecord) -> str:
    low, high = (metric(record.metrics, name) for name in ("sharpe_low", "sharpe_high"))
    return UNDEFINED if UNDEFINED in {low, high} else f"{low} to {high}"


def _compared(record: RunRecord, hopeful: RunRecord, name: str) -> tuple[str, ...]:
    from tradectl_sdk.runs.metrics.table import METRICS

    row = METRICS[name]
    first, second = record.metrics.values.get(name), hopeful.metrics.values.get(name)
    difference = UNDEFINED
    if first is not None and second is not None:
        size = row.kind.format(abs(second - first))
        same = size == row.kind.format(0.0)
        difference = "0" if same else f"{'+' if second > first else '-'}{size}"
    texts = (metric(each.metrics, name) for each in (record, hopeful))
    return (f"  {row.label}", *texts, difference)


def check_rows(out: Output, checks: Iterable[Check]) -> None:
    """Print what was looked at, a line for each."""
    _table_of_checks(out, map(_row_of, checks))


def _row_of(check: Check) -> tuple[str, Cell, str]:
    return f"  {check.name}", Cell(check.status, _CHECK_STYLES.get(check.status, "")), check.text


def _table_of_checks(out: Output, rows: Iterable[tuple[str, Cell, str]]) -> None:
    out.table([Column(title=""), Column(title=""), Column(title="", wrap=True)], list(rows))


def _checks(out: Output, record: RunRecord, checks: Iterable[Check]) -> None:
    rows = [_row_of(check) for check in checks]
    if not rows:
        rows = [
            (f"  {name}", Cell("warn", "warn"), text)
            for name, _, text in (each.partition(": ") for each in record.warnings)
        ]
    if rows:
        _section(out, "Checks")
        _table_of_checks(out, rows)


def _remarks(out: Output, record: RunRecord) -> None:
    from tradectl_sdk.pipelines.words import remarks

    found = remarks(record)
    if found:
        _section(out, "Note")
        for remark in found:
            out.fields([("", remark)])


def _section(out: Output, title: str) -> None:
    out.line()
    out.line(title, "bold")


def parameters_in_words(parameters: Mapping[str, object]) -> str:
    """Write parameters and their values on one line."""
    return "  ".join(f"{name}={_shown(value)}" for name, value in parameters.items())


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
