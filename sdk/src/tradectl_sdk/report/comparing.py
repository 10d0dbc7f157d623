"""The section that sets several runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.report.contents import Cell, Chart, Line, Section, Table
from tradectl_sdk.report.inputs import value_text
from tradectl_sdk.report.sections import main_metrics, metric_cell
from tradectl_sdk.runs.comparison import compare_runs
from tradectl_sdk.runs.metrics.table import METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.report.contents import ReportedRun
    from tradectl_sdk.runs.record import RunRecord

_SHOWN_INPUTS = 20


def comparison(runs: Sequence[ReportedRun], names: Sequence[str]) -> Section:
    """Set runs side by side.

    Args:
        runs: Two or more.
        names: What to call each.
    """
    records = [run.record for run in runs]
    return Section(
        key="comparison",
        title="Side by side",
        parts=(
            _growth(records, names),
            main_metrics(records, names),
            _metrics(records, names),
            _inputs(records, names),
        ),
    )


def _growth(records: Sequence[RunRecord], names: Sequence[str]) -> Chart:
    lines = tuple(
        Line(
            name=name,
            time=record.time,
            values=record.equity / (record.initial_equity / MONEY_UNITS) - 1.0,
        )
        for name, record in zip(names, records, strict=True)
    )
    ends = "; ".join(
        f"{name} {record.metrics.text('total_return')}"
        for name, record in zip(names, records, strict=True)
    )
    return Chart(
        key="growth", title="Return since the start", summary=ends, lines=lines, unit="percent"
    )


def _metrics(records: Sequence[RunRecord], names: Sequence[str]) -> Table:
    return Table(
        key="compared-metrics",
        caption="All metrics side by side, money in each run's own currency",
        head=("Metric", *names),
        rows=tuple(
            (
                Cell(metric.label, title=metric.definition),
                *(metric_cell(each, name) for each in records),
            )
            for name, metric in METRICS.items()
        ),
        folded=True,
    )


def _inputs(records: Sequence[RunRecord], names: Sequence[str]) -> Table:
    """What went into the others differently than into the first."""
    first = records[0]
    changes: dict[str, dict[int, str]] = {}
    for index, other in enumerate(records[1:], 1):
        for change in compare_runs(first, other).inputs:
            key = f"{change.part}.{change.key}" if change.key else change.part
            row = changes.setdefault(key, {0: value_text(change.first)})
            row[index] = value_text(change.second)
    return Table(
        key="compared-inputs",
        caption="What went in differently",
        head=("Input", *names),
        rows=tuple(
            (key, *(row.get(index, row[0]) for index in range(len(records))))
            for key, row in changes.items()
        ),
        text_columns=frozenset(range(1, len(records) + 1)),
        folded=len(changes) > _SHOWN_INPUTS,
    )
