"""The executor that is always there: this process, and forked workers where that is worth it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tradectl_sdk.pipelines.sweeps.workers import Pool, can_fork
from tradectl_sdk.research.executing import Effort, Executor, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradectl_sdk.research.table import Trial

_WORTH_FORKING = 0.2  # seconds of work


class Local(Executor):
    """Forked workers share data and machine code with this process, so they need neither sent."""

    def run(
        self,
        task: Task,
        numbers: Sequence[int],
        tell: Callable[[Sequence[Trial]], None],
        *,
        workers: int | None = None,
    ) -> Effort:
        """Run the first trial here, to know how long one takes, and the rest where it is best."""
        if not numbers:
            return Effort(0)
        started = time.perf_counter()
        tell([task(numbers[0])])
        rest = numbers[1:]
        count = min(cores() if workers is None else workers, len(rest))
        left = (time.perf_counter() - started) * len(rest)
        if count > 1 and left > _WORTH_FORKING and can_fork():
            pool = Pool(task, count)
            pool.results(rest, tell)
            return Effort(count, pool.deaths)
        for number in rest:
            tell([task(number)])
        return Effort(1)


def cores() -> int:
    """Cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not everywhere
        return os.cpu_count() or 1
