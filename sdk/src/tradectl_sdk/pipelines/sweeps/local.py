"""The executor that is always there: this process, and forked workers where that is worth it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from tradectl_sdk.pipelines.sweeps.workers import Pool, can_fork
from tradectl_sdk.research.executing import Effort, Executor, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradectl_sdk.research.table import Trial

_WORTH_FORKING = 0.2  # seconds of work


class Local(Executor):
    """Forked workers share data and machine code with this process, so they need neither sent."""

    def __init__(self) -> None:
        self._paces: WeakKeyDictionary[Task, float] = WeakKeyDictionary()

    def run(
        self,
        task: Task,
        numbers: Sequence[int],
        tell: Callable[[Sequence[Trial]], None],
        *,
        workers: int | None = None,
    ) -> Effort:
        """Run the first trial of a task here, to know how long one takes, and others as is best."""
        if not numbers:
            return Effort(0)
        if task not in self._paces:
            self._here(task, numbers[:1], tell)
            numbers = numbers[1:]
        count = min(cores() if workers is None else workers, len(numbers))
        left = self._paces[task] * len(numbers)
        if count > 1 and left > _WORTH_FORKING and can_fork():
            return self._forked(task, numbers, tell, count)
        self._here(task, numbers, tell)
        return Effort(1)

    def _here(
        self, task: Task, numbers: Sequence[int], tell: Callable[[Sequence[Trial]], None]
    ) -> None:
        for number in numbers:
            started = time.perf_counter()
            tell([task(number)])
            self._ran(task, time.perf_counter() - started)

    def _forked(
        self,
        task: Task,
        numbers: Sequence[int],
        tell: Callable[[Sequence[Trial]], None],
        count: int,
    ) -> Effort:
        pool, started = Pool(task, count), time.perf_counter()
        pool.results(numbers, tell)
        self._ran(task, (time.perf_counter() - started) * count / len(numbers))
        return Effort(count, pool.deaths)

    def _ran(self, task: Task, seconds: float) -> None:
        """Learn how long a trial takes; the first may have compiled something."""
        self._paces[task] = min(seconds, self._paces.get(task, seconds))


def cores() -> int:
    """Cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not everywhere
        return os.cpu_count() or 1
