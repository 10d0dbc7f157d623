"""What a study knows when a batch begins: trials that are over, in order.

Imported on use: it needs Optuna.
"""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Any

from optuna.study import StudyDirection
from optuna.trial import TrialState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Known:
    """Trials that samplers learn from; each is looked at once.

    Args:
        direction: Of the first objective, Optuna's.
        spaces: Distributions of the parameters, Optuna's.
        row: Attribute that trials have which were made.

    Attributes:
        first: Number of the first trial of the batch that begins.
        trials: Those with values, Optuna's.
        points: Of these, by parameter, as Optuna's distributions number them.
        whole: Places of those that were made whole and met their limits.
        costs: First objectives of these, less is better.
        stopped: How good those are that were stopped early, less is better, by place.
        missed: By how much others miss their limits, by place.
    """

    def __init__(self, direction: StudyDirection, spaces: Mapping[str, Any], row: str) -> None:
        self._sign = -1.0 if direction == StudyDirection.MAXIMIZE else 1.0
        self._spaces, self._row = spaces, row
        self._read = 0
        self.first = 0
        self.trials: list[Any] = []
        self.points = {name: array("d") for name in spaces}
        self.whole = array("q")
        self.costs = array("d")
        self.stopped: dict[int, tuple[float, float]] = {}
        self.missed: dict[int, float] = {}

    def learn(self, trials: Sequence[Any]) -> None:
        """Look at all trials there are, those that are still open included."""
        while self._read < len(trials) and trials[self._read].state.is_finished():
            trial = trials[self._read]
            self._read += 1
            if self._row not in trial.user_attrs:
                continue
            self.first = self._read
            if trial.values is not None:
                self._take(trial)

    def _take(self, trial: Any) -> None:
        place = len(self.trials)
        self.trials.append(trial)
        for name, space in self._spaces.items():
            self.points[name].append(space.to_internal_repr(trial.params[name]))
        missed = sum(value for value in trial.constraints.values() if value > 0)
        if missed > 0:
            self.missed[place] = missed
        elif trial.state == TrialState.PRUNED:
            self.stopped[place] = self._merit(trial)
        else:
            self.whole.append(place)
            self.costs.append(self._sign * trial.values[0])

    def _merit(self, trial: Any) -> tuple[float, float]:
        """How good a trial is that was stopped early: the later, the better."""
        step, value = max(trial.intermediate_values.items())
        return -step, math.inf if math.isnan(value) else self._sign * value
