"""Research: which parameters to try, and what came of each.

Knows neither how a trial is run nor where its data are from.
"""

from __future__ import annotations

from tradectl_sdk.research.constraints import Constraint
from tradectl_sdk.research.evidence import Evidence, weigh
from tradectl_sdk.research.executing import (
    ATTEMPTS,
    Effort,
    Executor,
    Portable,
    Task,
    died,
)
from tradectl_sdk.research.space import Axis, Space
from tradectl_sdk.research.storing import SweepStore
from tradectl_sdk.research.table import SweepTable, Trial
from tradectl_sdk.research.walked import WalkForward
from tradectl_sdk.research.walks import WalkStore

__all__ = [
    "ATTEMPTS",
    "Axis",
    "Constraint",
    "Effort",
    "Evidence",
    "Executor",
    "Portable",
    "Space",
    "SweepStore",
    "SweepTable",
    "Task",
    "Trial",
    "WalkForward",
    "WalkStore",
    "died",
    "weigh",
]
