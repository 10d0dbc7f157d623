"""Performance metrics: pure functions over float64 arrays, and the table that lists them.

Needs nothing but NumPy. ``compute_metrics(Sample(...))`` computes the whole table; each formula is
a function of its own in the module of its kind.
"""

from __future__ import annotations

from tradectl_sdk.runs.metrics.definition import Group, Kind, Metric, Need
from tradectl_sdk.runs.metrics.report import MetricsReport, compute_metrics
from tradectl_sdk.runs.metrics.sample import ClosedTrades, Sample
from tradectl_sdk.runs.metrics.table import METRICS, require_metrics

__all__ = [
    "METRICS",
    "ClosedTrades",
    "Group",
    "Kind",
    "Metric",
    "MetricsReport",
    "Need",
    "Sample",
    "compute_metrics",
    "require_metrics",
]
