"""Models of a few lines: least squares on three features, and what can be wrong with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from tradectl_sdk.models import Features, Model, Schedule

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tradectl_sdk import Bars

    FloatArray = NDArray[np.float64]


def past_returns(bars: Bars) -> Features:
    """Returns over one, two and five bars, and a constant."""
    close = bars.floats("close")
    columns = [np.ones(len(close))]
    for back in (1, 2, 5):
        column = np.full(len(close), np.nan)
        column[back:] = close[back:] / close[:-back] - 1
        columns.append(column)
    return Features(names=("one", "r1", "r2", "r5"), values=np.column_stack(columns))


class Line:
    """A linear forecast."""

    def __init__(self, weights: FloatArray) -> None:
        self.weights = weights

    def predict(self, features: FloatArray) -> FloatArray:
        return (features * self.weights).sum(axis=1)


class LeastSquares(Model):
    """Least squares on past returns."""

    def __init__(self, **schedule: int) -> None:
        self.schedule = Schedule(**{"horizon": 3, "first": 100, "every": 60, **schedule})

    def features(self, bars: Bars) -> Features:
        return past_returns(bars)

    def fit(self, features: FloatArray, labels: FloatArray) -> Any:
        return Line(np.linalg.lstsq(features, labels, rcond=None)[0])


class Spy(LeastSquares):
    """Keeps what it is handed."""

    def __init__(self, **schedule: int) -> None:
        super().__init__(**schedule)
        self.seen: list[tuple[FloatArray, FloatArray]] = []

    def fit(self, features: FloatArray, labels: FloatArray) -> Any:
        self.seen.append((features.copy(), labels.copy()))
        line = super().fit(features, labels)
        features[:] = 0.0  # what it does to what it was handed reaches nobody
        return line


class FittedOnEverything(LeastSquares):
    """Keeps all bars where it may see them, and learns from them where it should not."""

    def features(self, bars: Bars) -> Features:
        known = past_returns(bars)
        close = bars.floats("close")
        horizon = self.schedule.horizon
        labels = close[horizon:] / close[:-horizon] - 1
        rows = np.isfinite(known.values[:-horizon]).all(axis=1)
        self.line = Line(
            np.linalg.lstsq(known.values[:-horizon][rows], labels[rows], rcond=None)[0]
        )
        return known

    def fit(self, features: FloatArray, labels: FloatArray) -> Any:
        return self.line


class ScaledByAll(LeastSquares):
    """Scales its features by mean and deviation of the whole series."""

    def features(self, bars: Bars) -> Features:
        known = past_returns(bars)
        values = known.values.copy()
        values[:, 1:] -= np.nanmean(values[:, 1:], axis=0)
        values[:, 1:] /= np.nanstd(values[:, 1:], axis=0)
        return Features(names=known.names, values=values)


class Tomorrow(LeastSquares):
    """Among its features is the return of the bar to come."""

    def features(self, bars: Bars) -> Features:
        known = past_returns(bars)
        values = known.values.copy()
        values[:-1, 1] = values[1:, 1]
        return Features(names=known.names, values=values)
