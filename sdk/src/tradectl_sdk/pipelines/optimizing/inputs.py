"""What all trials of an optimisation share, and how one of them is run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.optimizing.weighing import values_of
from tradectl_sdk.pipelines.series import load_all
from tradectl_sdk.pipelines.sweeps.trial import Trials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.config.settings import Settings
    from tradectl_sdk.data import Bars
    from tradectl_sdk.engine import Mode
    from tradectl_sdk.pipelines.finding import FoundStrategy
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.pipelines.optimizing.question import Point
    from tradectl_sdk.pipelines.series import LoadedSeries, Window
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.research.executing import Task
    from tradectl_sdk.strategy import ParameterValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Strategy, data and assumptions, whatever the parameters and the window.

    Attributes:
        found: The strategy.
        parameters: Those that all trials share, as given.
        fixed: The same with the defaults of all others.
        data: Series, by name or as bars.
        timeframe: Of the bars that drive the strategy.
        settings: What is assumed.
        models: What makes signals, by name, besides a strategy's own.
        warmup: Bars before orders are accepted, at least.
        mode: How trials run.
        plugins: Installed plugins, if they are loaded already.
        notify: Told in words when something needs compiling.
    """

    found: FoundStrategy
    parameters: Mapping[str, object]
    fixed: Mapping[str, ParameterValue]
    data: str | Bars | Sequence[str | Bars]
    timeframe: str
    settings: Settings
    models: Mapping[str, MadeBy]
    warmup: int
    mode: Mode
    plugins: Plugins | None
    notify: Callable[[str], None] | None
    _loaded: dict[Window, tuple[LoadedSeries, ...]] = field(default_factory=dict, repr=False)

    def load(self, window: Window) -> tuple[LoadedSeries, ...]:
        """Load the series, cut to a window, once."""
        if window not in self._loaded:
            root = self.settings.data.catalog
            self._loaded[window] = load_all(self.data, self.timeframe, window, root, self.plugins)
        return self._loaded[window]

    def job(self, window: Window, tried: int = 1) -> Job:
        """Prepare runs over a window, of which one was chosen among so many."""
        return self._prepared(window, tried).with_forecasts()

    def check_unseen(self, window: Window) -> None:
        """Refuse bars out of sample that no run fits into, before a trial is made in vain.

        Raises:
            UsageError: If a model is not fitted before they end.
        """
        try:
            self._prepared(window, 1)
        except UsageError as error:
            raise UsageError(
                f"out of sample, {error.message}",
                hint="take a larger share of the bars with --out-of-sample, or more bars",
            ) from error

    def _prepared(self, window: Window, tried: int) -> Job:
        return prepare(
            self.found,
            self.parameters,
            self.load(window),
            self.settings,
            signals={},
            models=self.models,
            warmup=self.warmup,
            trials=tried,
            plugins=self.plugins,
        )

    def part(self, job: Job, window: Window) -> Job:
        """Prepare runs over the first bars of a job, with the signals that it has there.

        Raises:
            UsageError: If no run fits into them.
        """
        series = self.load(window)
        signals = {
            name: [one[: len(each.bars)] for one, each in zip(columns, series, strict=True)]
            for name, columns in job.plan.signals.items()
        }
        return prepare(
            self.found,
            self.parameters,
            series,
            self.settings,
            signals=signals,
            warmup=job.plan.warmup,
            trials=1,
            plugins=self.plugins,
        )

    def task(self, job: Job, metrics: Sequence[str]) -> Callable[[list[Point]], Task]:
        """Return what makes a task of a job, at points that are yet to come."""
        return lambda points: self._trials(job, points, metrics)

    def look(
        self,
        window: Window,
        points: Mapping[int, Mapping[str, ParameterValue]],
        metrics: Sequence[str],
        *,
        tried: int,
    ) -> dict[int, dict[str, float | None]]:
        """Run some trials over a window and return their metrics, the deflated ratio among them."""
        if not points:
            return {}
        names = (*metrics, "deflated_sharpe")
        runs = self._trials(self.job(window, tried), list(points.values()), names)
        return {number: values_of(names, runs(place)) for place, number in enumerate(points)}

    def _trials(
        self, job: Job, points: Sequence[Mapping[str, ParameterValue]], metrics: Sequence[str]
    ) -> Trials:
        return Trials(
            job, self.fixed, points, metrics,
            mode=self.mode, hashes=False, notify=self.notify, plugins=self.plugins,
        )  # fmt: skip
