"""The port of executors: what runs the trials of a sweep, in one process or on many machines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.research.table import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.strategy import ParameterValue

ATTEMPTS = 3  # of a trial whose worker dies


@dataclass(frozen=True, slots=True)
class Portable:
    """What a process that shares nothing with this one needs to run trials.

    Every part is named by its SHA-256, so whoever has one need not be sent it again, and nobody
    takes one for another. Parts hold neither keys nor anything of the environment.

    Attributes:
        key: The part that describes the task and names all others.
        parts: Hash -> bytes.
    """

    key: str
    parts: Mapping[str, bytes]


class Task(ABC):
    """Trials that can be run in any order, any number of times, always with the same result.

    Attributes:
        points: The parameters of each trial.
    """

    points: Sequence[Mapping[str, ParameterValue]]

    @abstractmethod
    def __call__(self, number: int) -> Trial:
        """Run one trial here; what strategy or parameters do wrong is its result."""

    @abstractmethod
    def portable(self) -> Portable:
        """Return what running it elsewhere takes.

        Raises:
            UsageError: If something it needs exists in this process only.
        """


@dataclass(frozen=True, slots=True)
class Effort:
    """What it took to run trials.

    Attributes:
        workers: Processes that ran them.
        deaths: Workers that died at it; what they had was tried again elsewhere.
    """

    workers: int
    deaths: int = 0


class Executor(ABC):
    """Runs the trials of a task, wherever it has its workers."""

    @abstractmethod
    def run(
        self,
        task: Task,
        numbers: Sequence[int],
        tell: Callable[[Sequence[Trial]], None],
        *,
        workers: int | None = None,
    ) -> Effort:
        """Run trials and tell of each exactly once, in any order, as they come.

        A trial whose worker died is tried again, elsewhere if it can be, up to ``ATTEMPTS`` times;
        then it is told of as a failed one. Whatever ``tell`` raises ends the run, and nothing of it
        stays behind.

        Args:
            task: What to run.
            numbers: The trials that are wanted.
            tell: Called in the thread and process that called this.
            workers: Processes at most; as many as there are unless given.

        Raises:
            UsageError: If the workers run other code than this process, or the task cannot leave.
            TransportError: If the workers cannot be reached.
            DeadlineError: If there is no worker for longer than the settings allow.
        """


def died(number: int) -> Trial:
    """Return a trial that took every worker with it."""
    reason = f"its worker process died, {ATTEMPTS} times out of {ATTEMPTS}"
    return Trial(number, reason=reason)
