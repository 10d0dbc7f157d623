"""What the models look at: numbers known at the close of a bar, made by streaming indicators.

An indicator is fed bar by bar and has no future to look into, so neither has a feature. Each is
free of the price's level: what was learned at 100 holds at 1000.
"""

from __future__ import annotations

from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from tradectl_sdk.indicators import (
    ATR,
    RSI,
    SMA,
    Donchian,
    StandardDeviation,
    compute,
    compute_outputs,
)
from tradectl_sdk.models import Features

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from tradectl_sdk import Bars

    FloatArray = NDArray[np.float64]


class Market:
    """Columns of a series, each made once, where a feature asks for it."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars

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
        return compute(StandardDeviation(bars), self.steps)


def _ratio(part: FloatArray, whole: FloatArray, otherwise: float) -> FloatArray:
    """Divide where the divisor is positive; NaN stays NaN."""
    found = np.where(np.isnan(part) | np.isnan(whole), np.nan, otherwise)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def _range(market: Market) -> FloatArray:
    channel = compute_outputs(Donchian(20), market.high, market.low)
    height = channel["upper"] - channel["lower"]
    return _ratio(market.close - channel["lower"], height, 0.5) - 0.5


def _volume(market: Market) -> FloatArray:
    usual = compute(SMA(21), market.volume)
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
            lambda market: market.close / compute(SMA(20), market.close) - 1.0,
            "close over its average of 20 bars, less 1",
        ),
        "trend_100": (
            lambda market: market.close / compute(SMA(100), market.close) - 1.0,
            "close over its average of 100 bars, less 1",
        ),
        "rsi_14": (
            lambda market: compute(RSI(14), market.close) / 100.0 - 0.5,
            "relative strength index of 14 bars, from -0.5 to 0.5",
        ),
        "range_20": (_range, "place of the close in the range of 20 bars, from -0.5 to 0.5"),
        "bar_range": (
            lambda market: compute(ATR(14), market.high, market.low, market.close) / market.close,
            "average true range of 14 bars as a share of the close",
        ),
        "volume_21": (
            _volume,
            "logarithm of one plus volume over its average of 21 bars, 0 at the average or without",
        ),
    }
)


def make_features(bars: Bars, names: Sequence[str]) -> Features:
    """Compute features by name, one row beside each bar."""
    market = Market(bars)
    columns = [FEATURES[name][0](market) for name in names]
    return Features(names=tuple(names), values=np.column_stack(columns))
