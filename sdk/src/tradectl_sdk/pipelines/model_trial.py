"""Trying a model on a series without trading: what it forecast, and what came."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.models import forward_returns, judge, walk_forward
from tradectl_sdk.pipelines.modelling import find_models
from tradectl_sdk.pipelines.series import Window, load_series

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tradectl_sdk.data import Bars
    from tradectl_sdk.models import Fit, Quality
    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.plugins import Plugins

SIGNIFICANT = 1.96  # standard errors: beyond them by chance in one case of twenty


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedFit:
    """One fit, and how it did.

    Attributes:
        fit: What was learned from, and how well those very rows are forecast.
        time: Close of the bar at which it was made, nanoseconds UTC.
        ahead: How well the bars until the next fit were forecast.
    """

    fit: Fit
    time: int
    ahead: Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTrial:
    """A model walked through a series.

    Attributes:
        about: Everything the forecasts depend on, other than the data.
        instrument: Of the series.
        bars: How many there are.
        features: What the model looked at.
        fits: Its fits, in order.
        ahead: How well all bars were forecast, together.
        chance: What the rank correlation of forecasts that know nothing stays within, in 19 of
            20 cases; labels that overlap count as one. None without forecasts.
    """

    about: dict[str, Any]
    instrument: str
    bars: int
    features: tuple[str, ...]
    fits: tuple[TriedFit, ...]
    ahead: Quality
    chance: float | None

    @property
    def verdict(self) -> str:
        """Whether the forecasts are worth anything, in one sentence."""
        found = self.ahead.rank_correlation
        if found is None or self.chance is None:
            return "nothing can be said: there are no forecasts, or they never vary"
        if found > self.chance:
            return "better than chance on these bars; whether it pays costs is another question"
        if found < -self.chance:
            return "worse than chance: what was learned had turned around when it was used"
        return "no better than chance: nothing that lasted was learned"


def try_model(
    model: MadeBy,
    data: str | Bars,
    *,
    timeframe: str = "1d",
    start: str | None = None,
    end: str | None = None,
    settings: Settings | None = None,
    plugins: Plugins | None = None,
    progress: Callable[[], None] = lambda: None,
) -> ModelTrial:
    """Walk a model through a series, and compare what it forecast with what came.

    Args:
        model: A plugin's model with its settings, or what makes a fresh one.
        data: A series, by name or as bars.
        timeframe: Of the bars, where they are given by name.
        start: Earliest open time, ISO 8601; the beginning of the data unless given.
        end: Open times stay before this.
        settings: Where the catalog is; the defaults unless given.
        plugins: Installed plugins, if they are loaded already.
        progress: Called after each fit.

    Raises:
        NotFoundError: If there is no such model.
        DataMissingError: If there is no such data.
        ModelError: If the model raises, or gives what cannot be used.
    """
    settings = settings or Settings()
    (made,) = find_models({"forecast": model}, plugins)
    series = load_series(data, timeframe, Window(start, end), settings.data.catalog, plugins)
    bars = series.bars
    about = made.identity([len(bars)])
    fresh = made.fresh()
    walk = walk_forward(fresh, bars, judged=True, progress=progress)
    labels = forward_returns(bars, fresh.schedule.horizon)
    times = bars.close_time
    ahead = judge(walk.values, labels)
    independent = ahead.count / fresh.schedule.horizon
    return ModelTrial(
        about=about,
        instrument=str(bars.instrument.id),
        bars=len(bars),
        features=walk.names,
        fits=tuple(
            TriedFit(
                fit=fit,
                time=int(times[fit.fold.start]),
                ahead=judge(
                    walk.values[fit.fold.start : fit.fold.stop],
                    labels[fit.fold.start : fit.fold.stop],
                ),
            )
            for fit in walk.fits
        ),
        ahead=ahead,
        chance=SIGNIFICANT / math.sqrt(independent) if independent > 1 else None,
    )
