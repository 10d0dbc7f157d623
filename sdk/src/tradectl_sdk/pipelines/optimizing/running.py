"""How the trials of a study are run: by an executor, over all bars or the first part of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.research import Effort

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.pipelines.optimizing.question import Point
    from tradectl_sdk.research import Executor
    from tradectl_sdk.research.executing import Task
    from tradectl_sdk.research.table import Trial


class Runner:
    """Runs trials at points that become known while it is at work.

    Args:
        make: Makes a task for a list of points, which grows.
        parts: The same over the first part of the bars, each part longer than the one before.
        executor: Who runs them.
        workers: Processes at most; as many as the executor has unless given.

    Attributes:
        effort: What it took so far.
    """

    def __init__(
        self,
        make: Callable[[list[Point]], Task],
        parts: Sequence[Callable[[list[Point]], Task]],
        executor: Executor,
        workers: int | None,
    ) -> None:
        self._points: list[Point] = []
        self._whole = make(self._points)
        self._tasks = [each(self._points) for each in parts]
        self._executor, self._workers = executor, workers
        self.parts = len(parts)
        self.effort = Effort(1)

    def __call__(
        self,
        part: int | None,
        points: Mapping[int, Point],
        tell: Callable[[Sequence[Trial]], None],
    ) -> None:
        """Run trials, all at once as far as the executor is concerned."""
        lacking = max(points) + 1 - len(self._points)
        self._points.extend({} for _ in range(lacking))
        for number, point in points.items():
            self._points[number] = point
        task = self._whole if part is None else self._tasks[part]
        took = self._executor.run(task, list(points), tell, workers=self._workers)
        before = self.effort
        self.effort = Effort(max(before.workers, took.workers), before.deaths + took.deaths)
