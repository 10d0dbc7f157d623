"""A study: trials asked for in batches, made, and written down one by one.

Optuna chooses the points and keeps the books. A batch is asked for as a whole, from what is known
of the batches before it alone; the chance of each trial is drawn from the seed and its number. So
who runs the trials, and in which order they come, changes nothing. What came of a trial is
written down as it comes: a study that was killed loses at most the trials in flight, and, resumed,
goes on as if nothing had been.
"""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.optimizing.choosing import (
    GROWTH,
    distribution,
    make_pruner,
    require_optuna,
)
from tradectl_sdk.pipelines.optimizing.names import PASSED, ROW
from tradectl_sdk.pipelines.optimizing.question import Made, Stopped, violation
from tradectl_sdk.research.table import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.pipelines.optimizing.question import Point, Question, Runs
    from tradectl_sdk.strategy import ParameterValue

_REJECTED = 1000  # points in a row that may fail to meet the conditions


@dataclass(slots=True)
class _Asked:
    """A trial of the batch that is being made."""

    trial_id: int  # Optuna's
    number: int
    point: Point
    made: Made | None = None


class Study:
    """An open study.

    Args:
        storage: Where Optuna keeps it.
        name: Its name there.
        question: What it is after.
        parts: How many parts of the bars a trial may be stopped after.
        flush: Called when what was written should be safe from a loss of power.
    """

    def __init__(
        self, storage: Any, name: str, question: Question, parts: int, flush: Callable[[], None]
    ) -> None:
        optuna = require_optuna()
        from tradectl_sdk.pipelines.optimizing.known import Known
        from tradectl_sdk.pipelines.optimizing.sampling import Sampling

        self._question, self._parts, self._flush = question, parts, flush
        self._storage = optuna.storages.get_storage(storage)
        self._study = optuna.create_study(
            storage=self._storage,
            study_name=name,
            directions=list(question.directions),
            pruner=make_pruner(question.pruner, parts),
            load_if_exists=True,
        )
        self._spaces = {each.name: distribution(each) for each in question.ranges}
        self._sampling = Sampling(
            self._study,
            self._spaces,
            sampler=question.sampler,
            seed=question.seed,
            batch=question.batch,
            objectives=len(question.objectives),
            apart=question.pruner == "hyperband",
        )
        self._known = Known(self._study.directions[0], self._spaces, ROW)
        self._all = 0  # trials there are, those included whose points were not to be tried

    def made(self) -> list[Made]:
        """Return the trials that were made, in order."""
        found = (each for each in self._trials() if ROW in each.user_attrs)
        return [
            _made(number, self._point(each), each.user_attrs[ROW])
            for number, each in enumerate(found)
        ]

    def run(self, wanted: int, runs: Runs, told: Callable[[int], None]) -> None:
        """Make trials until there are so many, those that were in flight first.

        Raises:
            UsageError: If hardly any point meets the conditions.
        """
        finished, open_ = self._found()
        while finished < wanted:
            asked, open_ = self._batch(finished, open_), []
            wanted_ones = [each for each in asked if each.number < wanted]
            self._make(wanted_ones, runs, partial(_counted, told, finished))
            if len(wanted_ones) == len(asked):
                for each in asked:
                    self._tell(each)
            self._flush()
            finished += len(asked)

    def _found(self) -> tuple[int, list[_Asked]]:
        """Return how many trials are finished, and those that are not."""
        self._learn()
        finished, found = 0, list[_Asked]()
        for each in self._trials():
            if each.state.is_finished():
                finished += ROW in each.user_attrs
                continue
            if (asked := self._taken(*self._again(each), finished + len(found))) is None:
                continue
            if ROW in each.user_attrs:
                asked.made = _made(asked.number, asked.point, each.user_attrs[ROW])
            found.append(asked)
        return finished, found

    def _again(self, frozen: Any) -> tuple[int, Point]:
        """Return a trial that a process left unfinished, with the point it would have had."""
        trial_id = frozen._trial_id  # noqa: SLF001 - no other way in
        if len(frozen.params) == len(self._spaces):
            return trial_id, frozen.params
        point = self._sampling.point(frozen.number, self._known)
        if point is None:
            return trial_id, self._asked_again(trial_id)
        for name in set(point).difference(frozen.params):
            space = self._spaces[name]
            self._storage.set_trial_param(
                trial_id, name, space.to_internal_repr(point[name]), space
            )
        for key, value in self._sampling.notes.items():
            if key not in frozen.system_attrs:
                self._storage.set_trial_system_attr(trial_id, key, value)
        return trial_id, point

    def _asked_again(self, trial_id: int) -> Point:
        """Let Optuna complete a point; of a point's coordinates, each has a draw of its own."""
        frozen = self._storage.get_trial(trial_id)
        sampler = self._study.sampler = self._sampling.asking(frozen.number)
        trial = self._trial(trial_id)
        for name, space in self._spaces.items():
            if name not in frozen.params:
                trial._suggest(name, space)  # noqa: SLF001 - as ask does it
            elif not space.single() and not trial._is_relative_param(name, space):  # noqa: SLF001
                sampler.sample_independent(self._study, frozen, name, space)
        found: Point = trial.params
        return found

    def _ask(self) -> tuple[int, Point]:
        """Begin another trial and return its point."""
        point = self._sampling.point(self._all, self._known)
        number, self._all = self._all, self._all + 1
        if point is None:
            self._study.sampler = self._sampling.asking(number)
            trial = self._study.ask(self._spaces)
            return trial._trial_id, trial.params  # noqa: SLF001
        from tradectl_sdk.pipelines.optimizing.books import running_trial

        begun = running_trial(point, self._spaces, self._sampling.notes)
        return self._storage.create_new_trial(self._study._study_id, begun), point  # noqa: SLF001

    def _batch(self, finished: int, open_: list[_Asked]) -> list[_Asked]:
        """Return the trials of the present batch, asking for those that are not there yet.

        A batch is asked for as a whole and told of as a whole, even if not all of it is wanted yet:
        so a study that is made longer has the trials that it would have had at once.
        """
        size = self._question.batch
        self._learn()
        asked, rejected = list(open_), 0
        while finished + len(asked) < (finished // size + 1) * size:
            one = self._taken(*self._ask(), finished + len(asked))
            if one is not None:
                asked.append(one)
                rejected = 0
                continue
            rejected += 1
            if rejected >= _REJECTED:
                conditions = " and ".join(map(str, self._question.conditions))
                raise UsageError(f"none of {rejected:,} points in a row met {conditions}")
        return asked

    def _learn(self) -> None:
        """See what is known when a batch begins."""
        trials = self._trials()
        self._all = len(trials)
        self._known.learn(trials)
        self._sampling.begin(self._known)

    def _taken(self, trial_id: int, point: Point, number: int) -> _Asked | None:
        """Return a trial with its number, unless its point is not to be tried."""
        from optuna.trial import TrialState

        question = self._question
        if all(one.holds({**question.fixed, **point}) for one in question.conditions):
            return _Asked(trial_id, number, point)
        self._storage.set_trial_state_values(trial_id, TrialState.FAIL)
        return None

    def _make(self, asked: Sequence[_Asked], runs: Runs, told: Callable[[int], None]) -> None:
        """Make those of a batch that are not made, and write down what comes of each."""
        left = {each.number: each for each in asked if each.made is None}
        done = len(asked) - len(left)

        def note(made: Mapping[int, Made]) -> None:
            nonlocal done
            for number, one in made.items():
                self._storage.set_trial_user_attr(left[number].trial_id, ROW, _row(one))
                left.pop(number).made = one
            done += len(made)
            told(done)

        for part in range(self._parts):
            self._stop(part, left, runs, note)
        points = {number: each.point for number, each in left.items()}
        if points:
            runs(None, points, lambda new: note({n.number: Made(points[n.number], n) for n in new}))

    def _stop(
        self, part: int, left: Mapping[int, _Asked], runs: Runs, note: Callable[..., None]
    ) -> None:
        """Run trials over a part of the bars, and note of those that go no further that they do.

        A part in which a trial made no trade, or failed, says nothing of it. Each verdict is
        written down at once, in the order of the trials: a process that goes on after a kill passes
        none a second time, by when later trials would have a say in it.
        """
        found: dict[int, Trial] = {}
        points = {
            number: each.point
            for number, each in left.items()
            if self._trial(each.trial_id).user_attrs.get(PASSED, 0) <= part
        }
        if points:
            runs(part, points, lambda new: found.update({each.number: each for each in new}))
        (objective,) = self._question.objectives
        for number in sorted(found):
            metrics = found[number].metrics
            if not metrics or not np.isfinite(metrics[objective]):
                continue
            if not metrics[self._question.trades] > 0:
                continue
            trial = self._trial(left[number].trial_id)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a part that was reported before a kill
                trial.report(metrics[objective], GROWTH**part)
            if trial.should_prune():
                here = Stopped(part, metrics[objective])
                note({number: Made(points[number], Trial(number), here)})
            else:
                trial.set_user_attr(PASSED, part + 1)

    def _tell(self, asked: _Asked) -> None:
        """Let Optuna know what came of a trial."""
        from optuna.trial import TrialState

        if asked.made is None:
            raise RuntimeError(f"trial {asked.number} was never told of")
        found, question = asked.made.trial, self._question
        if (stopped := asked.made.stopped) is not None:
            self._storage.set_trial_state_values(
                asked.trial_id, TrialState.PRUNED, [float(stopped.value)]
            )
            return
        values = [float(found.metrics[n]) for n in question.objectives] if found.metrics else []
        if not values or not all(map(math.isfinite, values)):
            self._storage.set_trial_state_values(asked.trial_id, TrialState.FAIL)
            return
        if question.limits:
            trial = self._trial(asked.trial_id)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a limit noted just before the process died
                for place, limit in question.limits:
                    trial.set_constraint(str(limit), violation(limit, found.metrics[place]))
        self._storage.set_trial_state_values(asked.trial_id, TrialState.COMPLETE, values)

    def _trial(self, trial_id: int) -> Any:
        """Return a trial as Optuna hands it out."""
        from optuna.trial import Trial as OptunaTrial

        return OptunaTrial(self._study, trial_id)

    def _trials(self) -> list[Any]:
        return list(self._study.get_trials(deepcopy=False))

    def _point(self, trial: Any) -> dict[str, ParameterValue]:
        return {each.name: trial.params[each.name] for each in self._question.ranges}


def _counted(told: Callable[[int], None], before: int, new: int) -> None:
    told(before + new)


def _row(made: Made) -> str:
    """A trial as it is kept; JSON has no NaN, and Optuna's numbers are floats."""
    trial, stopped = made.trial, made.stopped
    metrics = [float(value) if math.isfinite(value) else None for value in trial.metrics]
    where = None if stopped is None else [stopped.part, stopped.value]
    return msgspec.json.encode([metrics, trial.final_equity, trial.reason, where]).decode()


def _made(number: int, point: Point, text: str) -> Made:
    metrics, final_equity, reason, where = json.loads(text)
    values = tuple(np.nan if value is None else value for value in metrics)
    trial = Trial(number, values, final_equity, reason=reason)
    return Made(point, trial, None if where is None else Stopped(*where))
