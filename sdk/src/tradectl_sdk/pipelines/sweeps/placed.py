"""Trials in several places, as one task: what runs them need not know that there are any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.pipelines.sweeps.trial import Trials
from tradectl_sdk.research.executing import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.engine import Mode
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.research.executing import Portable
    from tradectl_sdk.research.table import Trial
    from tradectl_sdk.strategy import ParameterValue


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """What trials have in common wherever they run; see :class:`.trial.Trials`."""

    fixed: Mapping[str, ParameterValue]
    points: Sequence[Mapping[str, ParameterValue]]
    metrics: Sequence[str]
    mode: Mode
    hashes: bool
    notify: Callable[[str], None] | None = None
    plugins: Plugins | None = None

    def trials(self, job: Job) -> Trials:
        """Return the trials of one place."""
        return Trials(
            job, self.fixed, self.points, self.metrics,
            mode=self.mode, hashes=self.hashes, notify=self.notify, plugins=self.plugins,
        )  # fmt: skip


class PlacedTrials(Task):
    """All points in the first place, then all of them in the second, and so on.

    What running a place takes besides its bars is kept for the place of the latest trial only:
    neighbours in number are in one place.

    Args:
        jobs: What is run in each place, whatever the parameters.
        asked: What is the same everywhere.
    """

    def __init__(self, jobs: Sequence[Job], asked: Asked) -> None:
        self.jobs, self.asked = jobs, asked
        self.points = [*asked.points] * len(jobs)
        self._latest = 0, asked.trials(jobs[0])

    @property
    def why(self) -> str:
        """Why the latest trial was not compiled."""
        return self._latest[1].why

    def __call__(self, number: int, turn: Callable[[], None] | None = None) -> Trial:
        """Run one trial; what the strategy or its parameters do wrong is its result."""
        return self.there(number // len(self.asked.points)).run(number, self.points[number], turn)

    def there(self, place: int) -> Trials:
        """Return what runs trials in a place."""
        at, trials = self._latest
        if at != place:
            trials = self.asked.trials(self.jobs[place])
            self._latest = place, trials
        return trials

    def portable(self) -> Portable:
        """Return what running it elsewhere takes."""
        from tradectl_sdk.pipelines.sweeps.packing import pack

        return pack(self.asked.trials(self.jobs[0]), self.jobs)
