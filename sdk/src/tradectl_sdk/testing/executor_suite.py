"""What every executor is held to: the trials of one process, whatever happens to its workers."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.components import own_settings
from tradectl_sdk.pipelines.sweeps.packing import repacked
from tradectl_sdk.pipelines.sweeps.tasks import task_over
from tradectl_sdk.pipelines.sweeps.trial import Trials
from tradectl_sdk.research import Effort, Executor, Portable
from tradectl_sdk.testing import executor_strategies
from tradectl_sdk.testing.checks import CheckSkippedError, Suite, require
from tradectl_sdk.testing.executor_strategies import FAILS, KILLS, KILLS_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from pydantic import BaseModel

    from tradectl_sdk.research import Task, Trial

LENGTHS: Final = (4, 5, 6, FAILS, KILLS_ONCE, 10, KILLS, 12)
METRICS: Final = ("total_return", "sharpe_ratio", "max_drawdown", "trades", "fees")
PLANTED: Final = "PLANTED_FOR_A_CHECK"


@dataclass(slots=True)
class Heard:
    """What an executor told.

    Attributes:
        trials: By number, as text, which NaN compares in.
        twice: Numbers that were told more than once.
    """

    trials: dict[int, str] = field(default_factory=dict)
    twice: list[int] = field(default_factory=list)

    def __call__(self, trials: Sequence[Trial]) -> None:
        """Be told."""
        for one in trials:
            if one.number in self.trials:
                self.twice.append(one.number)
            self.trials[one.number] = repr(one)


@dataclass(frozen=True, slots=True)
class ExecutorSubject:
    """One executor under test."""

    factory: Callable[..., Any]
    settings: type[BaseModel] | None
    rehearsal: Callable[[], AbstractContextManager[Mapping[str, Any]]] | None

    @contextmanager
    def executor(self) -> Iterator[Executor]:
        """Lend an executor that has workers.

        Raises:
            CheckSkippedError: If nobody lends any.
        """
        if self.rehearsal is None:
            raise CheckSkippedError("it lends no rehearsal")
        with self.rehearsal() as values:
            model = self.settings
            own = own_settings(model, values, ("plugins", "it")) if model is not None else None
            yield self.factory(own)

    def run(
        self, task: Task, numbers: Sequence[int] = range(len(LENGTHS))
    ) -> tuple[dict[int, str], Effort]:
        """Run trials, each of which must be told once."""
        heard = Heard()
        with self.executor() as executor:
            effort = executor.run(task, numbers, heard)
        require(not heard.twice, f"told trials {heard.twice} twice, expected each once")
        told = sorted(heard.trials)
        require(told == sorted(numbers), f"told trials {told}, expected {sorted(numbers)}")
        return heard.trials, effort


def task_of(strategy: str, **fixed: int) -> Trials:
    """A task with a trial for each of ``LENGTHS``, and a column for those who read one."""
    instrument = Instrument(
        symbol="SYN", venue="TEST", tick_size=Decimal("0.05"), lot_size=Decimal(1)
    )
    (market,) = synthetic_market([instrument], bars=120, timeframe="1d", seed=5)
    told = np.where(np.arange(120) < 20, np.nan, np.sin(np.arange(120)))
    return task_over(
        f"{executor_strategies.__file__}:{strategy}",
        market.bars,
        [{"length": length} for length in LENGTHS],
        METRICS,
        parameters=fixed,
        signals={"told": told} if strategy == "Told" else None,
        mode="interpreted",
    )


def _here(task: Task) -> dict[int, str]:
    return {number: repr(task(number)) for number in range(len(LENGTHS))}


EXECUTOR: Final[Suite[ExecutorSubject]] = Suite("executor")


@EXECUTOR.check()
def is_an_executor(subject: ExecutorSubject) -> None:
    """Its factory, called with its settings, makes an Executor."""
    with subject.executor() as made:
        require(isinstance(made, Executor), f"made a {type(made).__name__}, expected an Executor")


@EXECUTOR.check()
def gives_what_one_process_gives(subject: ExecutorSubject) -> None:
    """Metrics, equity and hash of the orders of every trial are those of one process."""
    task = task_of("Steady")
    found, effort = subject.run(task)
    other = [number for number, trial in _here(task).items() if found[number] != trial]
    require(not other, f"trials {other} differ from those of one process")
    require(effort.workers >= 1, f"says that {effort.workers} workers ran them")
    require(effort.deaths == 0, f"says that {effort.deaths} workers died of nothing")


@EXECUTOR.check()
def runs_what_was_asked_for(subject: ExecutorSubject) -> None:
    """It runs the numbers it was given, in any order, and nothing where there are none."""
    task = task_of("Steady")
    subject.run(task, (5, 1, 3))
    subject.run(task, ())


@EXECUTOR.check()
def brings_signals_along(subject: ExecutorSubject) -> None:
    """Trials that read a signal are those of one process: its column travels to the last bit."""
    task = task_of("Told")
    found, _ = subject.run(task)
    require(found == _here(task), f"gave {found}, expected {_here(task)}")


@EXECUTOR.check()
def records_trials_that_fail(subject: ExecutorSubject) -> None:
    """A strategy that raises is a failed trial with its reason, and the others go on."""
    task = task_of("Failing")
    found, _ = subject.run(task)
    require(found == _here(task), f"gave {found}, expected {_here(task)}")
    reason = found[LENGTHS.index(FAILS)]
    require("this length fails" in reason, f"lost the reason of a failed trial: {reason}")


@EXECUTOR.check()
def survives_dead_workers(subject: ExecutorSubject) -> None:
    """A dead worker's trials are tried elsewhere and reported; what kills them all has failed."""
    token = secrets.randbelow(2**31)
    task = task_of("Mortal", asker=os.getpid(), token=token)
    try:
        found, effort = subject.run(task)
    finally:
        (Path(tempfile.gettempdir()) / f"tradectl-killed-{token}").unlink(missing_ok=True)
    killer = LENGTHS.index(KILLS)
    require("died" in found[killer], f"a trial that kills its workers gave {found[killer]}")
    other = [n for n, trial in _here(task).items() if n != killer and found[n] != trial]
    require(not other, f"trials {other} suffered from the death of others")
    require(effort.deaths > 1, f"says that {effort.deaths} workers died, expected several")


@EXECUTOR.check()
def ends_when_it_is_told_to(subject: ExecutorSubject) -> None:
    """What is raised while it tells ends the run, and the next one is whole."""
    task = task_of("Steady")

    def interrupt(_: Sequence[Trial]) -> None:
        raise KeyboardInterrupt

    with subject.executor() as executor:
        try:
            executor.run(task, range(len(LENGTHS)), interrupt)
        except KeyboardInterrupt:
            pass
        else:
            require(False, "went on after Ctrl-C")
    subject.run(task)


@EXECUTOR.check(requires={"remote"})
def refuses_other_code(subject: ExecutorSubject) -> None:
    """A task whose strategy is not the one that its hash says is refused, not run."""

    class Tampered(Trials):
        """A task whose strategy was changed on the way."""

        def portable(self) -> Portable:
            """Change a file, and name the parts anew."""
            whole = Trials.portable(self)
            document = json.loads(whole.parts[whole.key])
            (name,) = document["strategy"]["files"]
            document["strategy"]["files"][name] += "# changed\n"
            return repacked(document, whole)

    task = task_of("Steady")
    task.__class__ = Tampered
    heard = Heard()
    try:
        with subject.executor() as executor:
            executor.run(task, range(len(LENGTHS)), heard)
    except UsageError as error:
        require("strategy" in error.message, f"refused it for another reason: {error.message}")
    else:
        require(False, f"ran {len(heard.trials)} trials of a strategy that was changed")


@EXECUTOR.check(requires={"remote"})
def carries_no_secrets(subject: ExecutorSubject) -> None:
    """Workers know nothing of the environment of whoever asks."""
    with subject.executor() as executor:
        secret = secrets.token_hex(16)
        os.environ[PLANTED] = secret
        heard = Heard()
        try:
            executor.run(task_of("Curious"), (0, 1), heard)
        finally:
            del os.environ[PLANTED]
    for reason in heard.trials.values():
        require(secret not in reason, "a variable of the environment reached a worker")
        require("found nothing" in reason, f"expected a strategy that looks, was {reason}")
