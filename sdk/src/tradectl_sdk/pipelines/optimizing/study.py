"""A study in a journal: trials asked for, made and written down one by one.

Optuna chooses the points and keeps the journal. Every trial is on disk before the next one is
asked for, and the chance of each is drawn from the seed and the trial's number alone. So a study
that was killed loses at most the trial in flight, and, resumed, goes on as if nothing had been.
"""

from __future__ import annotations

import json
import shutil
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tradectl_sdk.data.locking import writer_lock
from tradectl_sdk.errors import DataError, DeadlineError, UsageError
from tradectl_sdk.research.table import Trial
from tradectl_sdk.runs import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from optuna.trial import FrozenTrial

    from tradectl_sdk.research import Constraint
    from tradectl_sdk.research.ranges import Range
    from tradectl_sdk.strategy import ParameterValue

SAMPLERS = ("tpe", "random", "nsga2")
_JOURNAL, _ABOUT, _LOCK = "journal.log", "about.json", "lock"
_REJECTED = 1000  # points in a row that may fail to meet the conditions
_ROW = "row"


class Runs(Protocol):
    """Runs a trial at a point."""

    def __call__(self, number: int, point: Mapping[str, ParameterValue]) -> Trial:
        """Run it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a study is after.

    Attributes:
        ranges: What may be chosen.
        directions: ``minimize`` or ``maximize``, one for each objective.
        objectives: Metrics, by their place in a trial's row.
        conditions: On parameters; a point that does not meet them is not tried.
        limits: Metric, by its place in a trial's row, and what it is to meet.
        fixed: Parameters that all trials share.
        sampler: One of ``SAMPLERS``.
        seed: Of the sampler.
    """

    ranges: Sequence[Range]
    directions: Sequence[str]
    objectives: Sequence[int]
    conditions: Sequence[Constraint]
    limits: Sequence[tuple[int, Constraint]]
    fixed: Mapping[str, ParameterValue]
    sampler: str
    seed: int


@dataclass(frozen=True, slots=True)
class Made:
    """A trial that was made.

    Attributes:
        point: Its parameters.
        trial: What came of it.
    """

    point: Mapping[str, ParameterValue]
    trial: Trial


class StudyFolder:
    """A study's folder in the run store: the journal, and what it is about.

    Args:
        root: The store.
        study_id: ``o-`` and 32 hexadecimal digits, from all that the trials depend on.
    """

    def __init__(self, root: Path, study_id: str) -> None:
        self.path = root / study_id

    @property
    def exists(self) -> bool:
        """Whether there is something to go on with."""
        return (self.path / _JOURNAL).exists()

    def remove(self) -> None:
        """Forget it.

        Raises:
            UsageError: If another process is at it.
        """
        if self.path.exists():
            with self._held():
                shutil.rmtree(self.path, ignore_errors=True)

    @contextmanager
    def opened(self, question: Question, about: Mapping[str, Any]) -> Iterator[Study]:
        """Open the study for one process, making it where it is not.

        Raises:
            UsageError: If another process is at it, or Optuna is not installed.
            DataError: If the journal is damaged, or cannot be written.
        """
        _optuna()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{self.path} could not be made: {error.strerror}") from error
        with self._held():
            (self.path / _ABOUT).write_text(canonical_json(about) + "\n", encoding="utf-8")
            yield Study(self.path / _JOURNAL, question)

    @contextmanager
    def _held(self) -> Iterator[None]:
        with ExitStack() as held:
            try:
                held.enter_context(writer_lock(self.path / _LOCK, timeout=0.0))
            except DeadlineError as error:
                raise UsageError(
                    f"another process is at study {self.path.name[:10]}",
                    hint="wait for it, or end it",
                ) from error
            yield


class Study:
    """An open study.

    Args:
        journal: Its file.
        question: What it is after.
    """

    def __init__(self, journal: Path, question: Question) -> None:
        self._question = question
        optuna = _optuna()
        from optuna.storages import JournalStorage

        from tradectl_sdk.pipelines.optimizing.journal import JournalFile

        try:
            self._journal = JournalFile(journal)
            self._study = optuna.create_study(
                storage=JournalStorage(self._journal),
                study_name="tradectl",
                directions=list(question.directions),
                load_if_exists=True,
            )
        except (ValueError, KeyError, OSError) as error:
            raise DataError(
                f"{journal} is damaged: {error}", hint="--fresh starts the study over"
            ) from error
        self._spaces = {each.name: _distribution(each) for each in question.ranges}

    def made(self) -> list[Made]:
        """Return the trials that were made, in order."""
        return [
            Made(self._point(each), _trial(number, each.user_attrs[_ROW]))
            for number, each in enumerate(
                each
                for each in self._study.get_trials(deepcopy=False)
                if each.state.is_finished() and _ROW in each.user_attrs
            )
        ]

    def run(self, wanted: int, runs: Runs, told: Callable[[int], None]) -> None:
        """Make trials until there are so many, those that were in flight first.

        Raises:
            UsageError: If hardly any point meets the conditions.
        """
        from optuna.trial import Trial as Asked

        count, rejected = len(self.made()), 0
        for each in self._study.get_trials(deepcopy=False):
            if not each.state.is_finished() and count < wanted:
                again = Asked(self._study, each._trial_id)  # noqa: SLF001 - no other way in
                count += self._make(again, count, runs)
                self._journal.flush()
                told(count)
        asked = len(self._study.get_trials(deepcopy=False))
        while count < wanted:
            self._study.sampler = self._sampler(asked)
            asked += 1
            if self._make(self._study.ask(self._spaces), count, runs):
                count, rejected = count + 1, 0
                self._journal.flush()
                told(count)
                continue
            rejected += 1
            if rejected >= _REJECTED:
                conditions = " and ".join(map(str, self._question.conditions))
                raise UsageError(f"none of {rejected:,} points in a row met {conditions}")

    def _make(self, asked: Any, number: int, runs: Runs) -> bool:
        """Make one trial and write it down; False if its point is not to be tried."""
        from optuna.trial import TrialState

        question = self._question
        point = self._point(asked)
        whole = len(point) == len(question.ranges)
        if not whole or not all(c.holds({**question.fixed, **point}) for c in question.conditions):
            self._study.tell(asked, state=TrialState.FAIL)
            return False
        found = runs(number, point)
        asked.set_user_attr(_ROW, _row(found))
        values = [found.metrics[place] for place in question.objectives] if found.metrics else []
        if not values or not np.isfinite(values).all():
            self._study.tell(asked, state=TrialState.FAIL)
            return True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a limit noted just before the process died
            for place, limit in question.limits:
                asked.set_constraint(str(limit), violation(limit, found.metrics[place]))
        self._study.tell(asked, values)
        return True

    def _point(self, trial: FrozenTrial | Any) -> dict[str, ParameterValue]:
        params, names = trial.params, [each.name for each in self._question.ranges]
        return {name: params[name] for name in names if name in params}

    def _sampler(self, number: int) -> Any:
        """A sampler whose chance is this trial's own."""
        optuna = _optuna()
        seed = int(np.random.SeedSequence([self._question.seed, number]).generate_state(1)[0])
        if self._question.sampler == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        if self._question.sampler == "nsga2":
            return optuna.samplers.NSGAIISampler(seed=seed)
        return optuna.samplers.TPESampler(seed=seed)


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


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise UsageError(
            "optimising needs Optuna, which is not installed",
            hint='pip install "tradectl-sdk[optimize]"',
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _distribution(given: Range) -> Any:
    from optuna import distributions

    if given.choices:
        return distributions.CategoricalDistribution(list(given.choices))
    if isinstance(given.low, int) and isinstance(given.high, int):
        return distributions.IntDistribution(given.low, given.high, step=int(given.step or 1))
    return distributions.FloatDistribution(given.low, given.high, step=given.step)


def _row(trial: Trial) -> str:
    """A trial as it stands in the journal; JSON has no NaN, and Optuna's numbers are floats."""
    metrics = [float(value) if np.isfinite(value) else None for value in trial.metrics]
    return json.dumps([metrics, trial.final_equity, trial.reason])


def _trial(number: int, text: str) -> Trial:
    metrics, final_equity, reason = json.loads(text)
    values = tuple(np.nan if value is None else value for value in metrics)
    return Trial(number, values, final_equity, reason=reason)
