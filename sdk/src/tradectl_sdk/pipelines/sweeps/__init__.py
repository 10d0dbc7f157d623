"""Sweeps: one strategy, many parameter sets, one table."""

from __future__ import annotations

from tradectl_sdk.pipelines.sweeps.executors import find_executor
from tradectl_sdk.pipelines.sweeps.local import Local
from tradectl_sdk.pipelines.sweeps.packing import open_task
from tradectl_sdk.pipelines.sweeps.sweeping import DEFAULT_METRICS, LIMIT, SweepResult, sweep

__all__ = [
    "DEFAULT_METRICS",
    "LIMIT",
    "Local",
    "SweepResult",
    "find_executor",
    "open_task",
    "sweep",
]
