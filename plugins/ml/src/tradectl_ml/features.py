"""What the models look at: numbers known at the close of a bar, made by streaming indicators.

An indicator is fed bar by bar and has no future to look into, so neither has a feature. Each is
free of the price's level: what was learned at 100 holds at 1000.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from tradectl_sdk.indicators import (
    ATR,
    RSI,
    SMA,
    Donchian,
    Indicator,
    StandardDeviation,
    compute_outputs,
)
from tradectl_sdk.models import Features

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from tradectl_sdk import Bars

    FloatArray = NDArray[np.float64]


class Indicators:
    """Indicators that go on where they were, told apart by the order in which they are asked."""

    def __init__(self) -> None:
        self._running: list[Indicator] = []
        self._asked = 0
        self._new = 0

    def begin(self, new: int) -> None:
        """So many rows at the end of each column are new."""
        self._asked, self._new = 0, new

    def go_on(self, indicator: Indicator, columns: Sequence[FloatArray]) -> dict[str, FloatArray]:
        """Feed new rows to the one that was asked at this place before, the given one at first."""
        if self._asked == len(self._running):
            self._running.append(indicator)
        running: Any = self._running[self._asked]
        self._asked += 1
        rows = len(columns[0])
        found = {name: np.full(rows, np.nan) for name in running.OUTPUTS}
        for row in range(rows - self._new, rows):
            running.update(*(float(column[row]) for column in columns))
            for name, values in found.items():
                values[row] = getattr(running, name)
        return found


class Market:
    """Columns of a series, each made once, where a feature asks for it."""

    def __init__(self, bars: Bars, indicators: Indicators | None = None) -> None:
        self._bars = bars
        self._indicators = indicators

    def outputs(self, indicator: Indicator, *columns: FloatArray) -> Mapping[str, FloatArray]:
        """Run an indicator over columns; where it goes on, only the rows that are new count."""
        if self._indicators is None:
            return compute_outputs(indicator, *columns)
        return self._indicators.go_on(indicator, columns)

    def run(self, indicator: Indicator, *columns: FloatArray) -> FloatArray:
        """The same for its main output."""
        return self.outputs(indicator, *columns)["value"]

    @cached_property
    def close(self) -> FloatArray:
        """Last prices."""
        return self._bars.floats("close")

    @cached_property
    def high(self) -> FloatArray:
        """Highest prices."""
        return self._bars.floats("high")

    @cached_property
    def low(self) -> FloatArray:
        """Lowest prices."""
        return self._bars.floats("low")

    @cached_property
    def volume(self) -> FloatArray:
        """Quantities traded."""
        return self._bars.floats("volume")

    @cached_property
    def steps(self) -> FloatArray:
        """Log return of each bar over the one before; NaN at the first."""
        return self.log_return(1)

    def log_return(self, bars: int) -> FloatArray:
        """Log return over so many bars, up to each close."""
        found = np.full(len(self.close), np.nan)
        found[bars:] = np.log(self.close[bars:] / self.close[:-bars])
        return found

    def deviation(self, bars: int) -> FloatArray:
        """Standard deviation of the log returns of so many bars."""
        return self.run(StandardDeviation(bars), self.steps)


LOOKS_BACK = 21  # bars that a feature reaches back without an indicator, at most


def _ratio(part: FloatArray, whole: FloatArray, otherwise: float) -> FloatArray:
    """Divide where the divisor is positive; NaN stays NaN."""
    found = np.where(np.isnan(part) | np.isnan(whole), np.nan, otherwise)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def _range(market: Market) -> FloatArray:
    channel = market.outputs(Donchian(20), market.high, market.low)
    height = channel["upper"] - channel["lower"]
    return _ratio(market.close - channel["lower"], height, 0.5) - 0.5


def _volume(market: Market) -> FloatArray:
    usual = market.run(SMA(21), market.volume)
    found: FloatArray = np.log1p(_ratio(market.volume, usual, 1.0)) - np.log(2.0)
    return found


# Name -> how it is made, and what it is
FEATURES: Mapping[str, tuple[Callable[[Market], FloatArray], str]] = MappingProxyType(
    {
        "return_1": (lambda market: market.log_return(1), "log return over 1 bar"),
        "return_5": (lambda market: market.log_return(5), "log return over 5 bars"),
        "return_21": (lambda market: market.log_return(21), "log return over 21 bars"),
        "volatility_21": (
            lambda market: market.deviation(21),
            "standard deviation of the log returns of 21 bars",
        ),
        "volatility_change": (
            lambda market: _ratio(market.deviation(10), market.deviation(63), 1.0) - 1.0,
            "volatility of 10 bars over that of 63, less 1",
        ),
        "trend_20": (
            lambda market: market.close / market.run(SMA(20), market.close) - 1.0,
            "close over its average of 20 bars, less 1",
        ),
        "trend_100": (
            lambda market: market.close / market.run(SMA(100), market.close) - 1.0,
            "close over its average of 100 bars, less 1",
        ),
        "rsi_14": (
            lambda market: market.run(RSI(14), market.close) / 100.0 - 0.5,
            "relative strength index of 14 bars, from -0.5 to 0.5",
        ),
        "range_20": (_range, "place of the close in the range of 20 bars, from -0.5 to 0.5"),
        "bar_range": (
            lambda market: (
                market.run(ATR(14), market.high, market.low, market.close) / market.close
            ),
            "average true range of 14 bars as a share of the close",
        ),
        "volume_21": (
            _volume,
            "logarithm of one plus volume over its average of 21 bars, 0 at the average or without",
        ),
    }
)


class Stream:
    """Makes features of bars as they come: the same functions, over the last bars only.

    Args:
        names: Of the features.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._indicators = Indicators()
        self._last: Bars | None = None

    def add(self, bars: Bars) -> FloatArray:
        """Return a row for each of the bars that follow."""
        whole = bars if self._last is None else _joined(self._last, bars)
        self._indicators.begin(len(bars))
        market = Market(whole, self._indicators)
        columns = [FEATURES[name][0](market)[len(whole) - len(bars) :] for name in self._names]
        self._last = whole.rows(max(0, len(whole) - LOOKS_BACK), len(whole))
        return np.column_stack(columns)


def _joined(first: Bars, second: Bars) -> Bars:
    return replace(
        second,
        time=np.concatenate((first.time, second.time)),
        open=np.concatenate((first.open, second.open)),
        high=np.concatenate((first.high, second.high)),
        low=np.concatenate((first.low, second.low)),
        close=np.concatenate((first.close, second.close)),
        volume=np.concatenate((first.volume, second.volume)),
    )


def make_features(bars: Bars, names: Sequence[str]) -> Features:
    """Compute features by name, one row beside each bar."""
    market = Market(bars)
    columns = [FEATURES[name][0](market) for name in names]
    return Features(names=tuple(names), values=np.column_stack(columns))
