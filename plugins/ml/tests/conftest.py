"""Markets without anything to learn, and a model that learns by heart."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_ml.features import Market
from tradectl_sdk import Bars, Instrument, Timeframe
from tradectl_sdk.models import Features, Model, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = 86_400_000_000_000


@pytest.fixture(scope="session")
def random_walk() -> Callable[..., Bars]:
    """Make bars whose returns are independent."""

    def make(count: int, seed: int) -> Bars:
        draw = np.random.default_rng(seed)
        close = 100 * np.exp(np.cumsum(draw.normal(0, 0.01, count)))
        before = np.concatenate(([100.0], close[:-1]))
        wide = np.abs(draw.normal(0, 0.004, (2, count)))
        return Bars.from_floats(
            Instrument(
                symbol="NOISE", venue="TEST", tick_size=Decimal("0.0001"), lot_size=Decimal(1)
            ),
            Timeframe.parse("1d"),
            time=np.arange(count, dtype=np.int64) * DAY,
            open=before.round(4),
            high=(np.maximum(before, close) * (1 + wide[0])).round(4),
            low=(np.minimum(before, close) * (1 - wide[1])).round(4),
            close=close.round(4),
            volume=draw.lognormal(8, 0.4, count).round(),
        )

    return make


class Neighbours(Model):
    """The mean label of the five most similar rows."""

    def __init__(self, **schedule: int) -> None:
        self.schedule = Schedule(**schedule)

    def features(self, bars):
        """Numbers that change slowly: each says almost which bar it is."""
        market = Market(bars)
        columns = [market.log_return(126), market.deviation(63), market.deviation(126)]
        return Features(names=("year", "rough", "rougher"), values=np.column_stack(columns))

    def estimator(self):
        from sklearn.neighbors import KNeighborsRegressor
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), KNeighborsRegressor(5, algorithm="kd_tree"))

    def fit(self, features, labels):
        return self.estimator().fit(features, labels)


@pytest.fixture(scope="session")
def neighbours() -> type[Neighbours]:
    return Neighbours
