"""What a study is after, and what came of its trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.research import Constraint
    from tradectl_sdk.research.ranges import Range
    from tradectl_sdk.research.table import Trial
    from tradectl_sdk.strategy import ParameterValue

    Point = Mapping[str, ParameterValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a study is after.

    Attributes:
        ranges: What may be chosen.
        metrics: Names of those that each trial has, the row.
        directions: ``minimize`` or ``maximize``, one for each objective.
        objectives: Metrics, by their place in a trial's row.
        conditions: On parameters; a point that does not meet them is not tried.
        limits: Metric, by its place in a trial's row, and what it is to meet.
        fixed: Parameters that all trials share.
        sampler: What chooses points, one of ``SAMPLERS``.
        seed: Of the sampler.
        pruner: What stops trials early, one of ``PRUNERS``.
        trades: Number of trades, by its place in a trial's row.
        batch: Trials that are asked for before any of them is made.
    """

    ranges: Sequence[Range]
    metrics: Sequence[str]
    directions: Sequence[str]
    objectives: Sequence[int]
    conditions: Sequence[Constraint]
    limits: Sequence[tuple[int, Constraint]]
    fixed: Mapping[str, ParameterValue]
    sampler: str
    seed: int
    pruner: str
    trades: int
    batch: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why a trial was stopped early.

    Attributes:
        part: Which part of the bars it had seen, from 0.
        value: Its objective there.
    """

    part: int
    value: float


@dataclass(frozen=True, slots=True)
class Made:
    """A trial that was made.

    Attributes:
        point: Its parameters.
        trial: What came of it; without metrics where it was stopped.
        stopped: Where it was stopped early; None where it was not.
    """

    point: Point
    trial: Trial
    stopped: Stopped | None = None


class Runs(Protocol):
    """Runs trials, wherever that is."""

    parts: int
    """Parts of the bars that a trial may be looked at over before all of them, each longer."""

    def __call__(
        self,
        part: int | None,
        points: Mapping[int, Point],
        tell: Callable[[Sequence[Trial]], None],
    ) -> None:
        """Run trials over a part of the bars, or all of them, and tell of each as it comes."""


def violation(limit: Constraint, value: float) -> float:
    """By how much a metric misses its limit; 0 or less where it meets it."""
    if not np.isfinite(value):
        return 1e300
    bound = float(limit.right)
    if limit.sign in {">", ">="}:
        missed = bound - value
    elif limit.sign in {"<", "<="}:
        missed = value - bound
    else:
        missed = abs(value - bound) if limit.sign == "==" else float(value == bound)
    holds = limit.holds({str(limit.left): value})
    return min(missed, 0.0) if holds else max(missed, 5e-324)
