"""What came of an optimisation, and what to think of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.pipelines.optimizing.question import violation
from tradectl_sdk.research import Effort, Evidence, SweepTable, weigh
from tradectl_sdk.research.ranges import range_layout
from tradectl_sdk.research.table import LESS_IS_BETTER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.pipelines.optimizing.parts import Pruned
    from tradectl_sdk.pipelines.optimizing.question import Made
    from tradectl_sdk.research import Constraint
    from tradectl_sdk.research.ranges import Range
    from tradectl_sdk.research.table import Trial

    Look = dict[int, dict[str, float | None]]

SHOWN = 10  # of the best trials are looked at out of sample


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptimizeResult:
    """A finished optimisation.

    Attributes:
        study_id: ``o-`` and 32 hexadecimal digits.
        about: What it was about, as plain values.
        table: All trials, in sample.
        feasible: Whether each trial met the limits, in their order.
        ranked: Trials that met the limits, the best by the first objective first; of those at
            the same point, which a sampler may try again, the first.
        front: Trials that no other one beats in every objective, one for each point.
        evidence: Whether to believe the best by the first objective.
        in_sample: Metrics of those that were looked at again, the deflated Sharpe ratio for all
            trials among them, by trial.
        out_of_sample: The same over the bars that no trial has seen; empty without such bars.
        pruned: Trials that were stopped early, and where; without metrics, they are never ranked.
        resumed: Trials that were there already.
        seconds: Time the new ones took.
        effort: Processes that ran them, and how many of these died.
    """

    study_id: str
    about: Mapping[str, Any]
    table: SweepTable
    feasible: Sequence[bool]
    ranked: Sequence[int]
    front: Sequence[int]
    evidence: Evidence
    in_sample: Mapping[int, Mapping[str, float | None]]
    out_of_sample: Mapping[int, Mapping[str, float | None]]
    pruned: Mapping[int, Pruned]
    resumed: int
    seconds: float
    effort: Effort

    @property
    def shown(self) -> list[int]:
        """Trials that are looked at again: the best, those of the front, the steadiest."""
        found = [*self.ranked[:SHOWN], *self.front[:SHOWN]]
        if self.evidence.steadiest is not None:
            found.append(self.evidence.steadiest)
        return list(dict.fromkeys(found))


def weigh_trials(
    made: Sequence[Made],
    names: Sequence[str],
    objectives: Sequence[str],
    limits: Sequence[Constraint],
    space: Sequence[Range],
) -> OptimizeResult:
    """Put the trials into a table, and say what to think of the best."""
    table = SweepTable.of([each.point for each in made], names, [each.trial for each in made])
    feasible = np.ones(len(table), bool)
    for limit in limits:
        column = table.metrics[str(limit.left)]
        feasible &= np.array([violation(limit, float(value)) <= 0 for value in column], bool)
    allowed = {name: np.where(feasible, column, np.nan) for name, column in table.metrics.items()}
    stopped = {each.trial.number for each in made if each.stopped is not None}
    limited = replace(table, metrics=allowed)
    weighed = limited.distinct(but=stopped)
    return OptimizeResult(
        study_id="",
        about={},
        table=table,
        feasible=feasible.tolist(),
        ranked=weighed.ranked(objectives[0]),
        front=_front(weighed, objectives),
        evidence=weigh(limited, objectives[0], range_layout(space, table.points), but=stopped),
        in_sample={},
        out_of_sample={},
        pruned={},
        resumed=0,
        seconds=0.0,
        effort=Effort(1),
    )


def _front(table: SweepTable, objectives: Sequence[str]) -> list[int]:
    """Trials that no other one equals in every objective and beats in one, by the first."""
    ranked = table.ranked(objectives[0])
    signs = np.array([1.0 if name in LESS_IS_BETTER else -1.0 for name in objectives])
    costs = np.column_stack([table.metrics[name] for name in objectives]) * signs
    ranked = [number for number in ranked if np.isfinite(costs[number]).all()]
    known = costs[ranked]
    return [
        number
        for number in ranked
        if not ((known <= costs[number]).all(axis=1) & (known < costs[number]).any(axis=1)).any()
    ]


def values_of(names: Sequence[str], trial: Trial) -> dict[str, float | None]:
    """A trial's metrics by name; None for undefined or failed."""
    blank = [np.nan] * len(names)
    pairs = zip(names, trial.metrics or blank, strict=True)
    return {name: float(value) if np.isfinite(value) else None for name, value in pairs}
