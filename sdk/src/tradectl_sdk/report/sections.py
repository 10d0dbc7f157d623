"""The sections that tell of one run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tradectl_sdk.report.contents import Cell, Section, Table, Words
from tradectl_sdk.report.dealings import costs, trades
from tradectl_sdk.report.inputs import assumptions, settings, value_text
from tradectl_sdk.report.returns import equity, exposure, monthly, rolling_metrics
from tradectl_sdk.runs.metrics.table import METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.report.contents import ReportedRun
    from tradectl_sdk.runs.metrics.report import MetricsReport
    from tradectl_sdk.runs.record import RunRecord

MAIN = (
    "total_return", "benchmark_return", "cagr", "annual_volatility", "max_drawdown",
    "max_drawdown_duration", "sharpe_ratio", "sharpe_low", "sharpe_high", "probabilistic_sharpe",
    "deflated_sharpe", "trades", "win_rate", "profit_factor", "payoff_ratio", "exposure_time",
    "turnover", "fees", "slippage",
)  # fmt: skip


def run_sections(run: ReportedRun, prefix: str = "") -> tuple[Section, ...]:
    """Tell of one run from its result to its assumptions.

    Args:
        run: The run.
        prefix: Begins every key, so that several runs fit on one page.
    """
    sections = (
        _warnings(run),
        equity(run.record),
        _metrics(run.record),
        trades(run),
        rolling_metrics(run.record),
        monthly(run.record),
        exposure(run.record),
        costs(run.record),
        *run.added,
        assumptions(run),
        settings(run.record),
    )
    return tuple(prefixed(each, prefix) for each in sections)


def prefixed(section: Section, prefix: str) -> Section:
    """Begin every key of a section with a word, so that it meets no other's."""
    if not prefix:
        return section
    parts = tuple(
        part if isinstance(part, Words) else replace(part, key=f"{prefix}-{part.key}")
        for part in section.parts
    )
    return replace(section, key=f"{prefix}-{section.key}", parts=parts)


def _warnings(run: ReportedRun) -> Section:
    rows = tuple(
        (name, "warn", text or name)
        for name, _, text in (each.partition(": ") for each in run.record.warnings)
    )
    table = Table(
        key="checks",
        caption="What the checks of the run found",
        head=("Check", "Status", "Found"),
        rows=rows,
        text_columns=frozenset({1, 2}),
    )
    parts: list[Table | Words] = (
        [table] if rows else [Words(("No check of this run found anything to warn of.",))]
    )
    if run.remarks:
        parts.append(Words(tuple(f"Note: {remark}." for remark in run.remarks), tone="warn"))
    if run.failed:
        parts.append(Words(run.failed, tone="warn"))
    return Section(key="checks", title="Checks and warnings", parts=tuple(parts))


def _metrics(record: RunRecord) -> Section:
    return Section(
        key="metrics-section",
        title="Metrics",
        parts=(
            main_metrics((record,), ("Value",)),
            _all_metrics(record),
            conventions_table(record.metrics),
        ),
    )


def main_metrics(records: Sequence[RunRecord], names: Sequence[str]) -> Table:
    """Show what to look at first, a column for each run."""
    money = f"money in {records[0].currency}" if len(records) == 1 else "money in its own currency"
    return Table(
        key="main-metrics",
        caption=f"The main ones, {money}; a dash is undefined",
        head=("Metric", *names),
        rows=tuple(
            (
                Cell(METRICS[name].label, title=METRICS[name].definition),
                *(metric_cell(each, name) for each in records),
            )
            for name in MAIN
        ),
    )


def metric_cell(record: RunRecord, name: str) -> Cell:
    """Write one metric; where it is undefined the cell says why."""
    return Cell(record.metrics.text(name), title=record.metrics.undefined.get(name, ""))


def _all_metrics(record: RunRecord) -> Table:
    return Table(
        key="metrics",
        caption=f"All metrics with their definitions, money in {record.currency}",
        head=("Metric", "Value", "Definition"),
        rows=tuple(
            (Cell(METRICS[name].label), metric_cell(record, name), METRICS[name].definition)
            for name in record.metrics.values
            if name in METRICS
        ),
        text_columns=frozenset({2}),
        folded=True,
    )


def conventions_table(metrics: MetricsReport) -> Table:
    """Tell what the metrics rest on."""
    return Table(
        key="conventions",
        caption="Conventions behind the metrics",
        head=("Convention", "Value"),
        rows=tuple(
            (name.replace("_", " "), value_text(value))
            for name, value in metrics.conventions.items()
        ),
        text_columns=frozenset({1}),
        folded=True,
    )
