"""Compute all metrics of a run, with the reason for each that is undefined."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.evidence.sharpe import SHARPE_CONVENTION
from tradectl_sdk.runs.metrics.definition import Need
from tradectl_sdk.runs.metrics.table import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tradectl_sdk.runs.metrics.definition import Metric
    from tradectl_sdk.runs.metrics.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsReport:
    """The metrics of one run.

    Attributes:
        values: Value by name in the order of the table; None for undefined.
        undefined: Reason by name, for every None among the values.
        conventions: The assumptions behind the numbers, printed with them.
    """

    values: Mapping[str, float | None]
    undefined: Mapping[str, str]
    conventions: Mapping[str, str | float | int | None]

    def text(self, name: str) -> str:
        """Write one metric for people, a dash when it is undefined or younger than the run."""
        return METRICS[name].kind.format(self.values.get(name))


def compute_metrics(sample: Sample, rows: Iterable[Metric] | None = None) -> MetricsReport:
    """Compute the metrics of a run.

    Args:
        sample: The run.
        rows: Rows of the table to compute; all of ``METRICS`` by default.

    Returns:
        A value or a reason for every row. An infinite value counts as undefined.
    """
    values: dict[str, float | None] = {}
    undefined: dict[str, str] = {}
    # Overflow and NaN arithmetic end in NaN, which is reported with its reason.
    with np.errstate(all="ignore"):
        for row in METRICS.values() if rows is None else rows:
            value = row.function(sample) if row.need.met_by(sample) else math.nan
            values[row.name] = float(value) if math.isfinite(value) else None
            if values[row.name] is None:
                undefined[row.name] = _reason(row, sample)
    return MetricsReport(values=values, undefined=undefined, conventions=conventions(sample))


def _reason(row: Metric, sample: Sample) -> str:
    if not row.need.met_by(sample):
        return row.need.value
    if sample.frequency is None and row.need is not Need.TRADES:
        return "fewer than two days of equity"
    return row.undefined


def conventions(sample: Sample) -> dict[str, str | float | int | None]:
    """State the assumptions that the numbers rest on."""
    frequency = sample.frequency
    return {
        "periods_per_year": frequency.periods_per_year if frequency else None,
        "periods_per_year_basis": frequency.basis if frequency else "fewer than two days",
        "returns": "simple returns of daily closing equity, the first from initial equity",
        "return_count": int(sample.returns.size),
        "day_ends": f"{sample.session_close // 60:02d}:{sample.session_close % 60:02d} UTC",
        "years": sample.years,
        "risk_free": sample.risk_free,
        "deviation": "ddof 1",
        "drawdown": "positive fraction of the peak, at the resolution of the equity curve",
        "trials": sample.trials,
        "sharpe_error": SHARPE_CONVENTION,
    }
