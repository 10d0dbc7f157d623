"""Channels: an upper and a lower band around the price, in the unit of price."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, SupportsIndex

from tradectl_sdk.indicators.averages import EMA
from tradectl_sdk.indicators.base import Indicator, positive_number, whole_number
from tradectl_sdk.indicators.extremes import RollingMax, RollingMin
from tradectl_sdk.indicators.volatility import ATR, StandardDeviation

if TYPE_CHECKING:
    from collections.abc import MutableSequence


class _Channel(Indicator):
    """A middle line, which is the value, between two bands."""

    OUTPUTS: ClassVar[tuple[str, ...]] = ("value", "upper", "lower")

    upper: float
    lower: float

    def write(self, out: MutableSequence[float], at: int) -> None:
        """Store the outputs, in the order of ``OUTPUTS``, in ``out`` from index ``at`` on."""
        out[at] = self.value
        out[at + 1] = self.upper
        out[at + 2] = self.lower


class Bollinger(_Channel):
    """Bollinger bands: the mean of a window and ``deviations`` standard deviations around it.

    ``value`` is the simple average, ``upper`` and ``lower`` the bands. The deviation is that of
    the population, divided by ``n``, as Bollinger defines it ("Bollinger on Bollinger Bands",
    2001); `StandardDeviation` says how it is kept exact. Ready after ``window`` prices.

    Args:
        window: Number of prices, at least 1.
        deviations: Half width of the channel in standard deviations, above 0.

    Raises:
        UsageError: A parameter is out of its range.
    """

    def __init__(self, window: SupportsIndex = 20, deviations: float = 2.0) -> None:
        self.deviation = StandardDeviation(window)
        self.deviations = positive_number(deviations, "deviations")
        self.upper = math.nan
        self.lower = math.nan
        self.value = math.nan
        self.ready = False

    def update(self, price: float) -> float:
        """Take the next price and return the middle line, NaN until ready."""
        deviation = self.deviation
        half = self.deviations * deviation.update(price)
        middle = deviation.mean
        self.upper = middle + half
        self.lower = middle - half
        self.value = middle
        self.ready = deviation.ready
        return middle


class Donchian(_Channel):
    """Donchian channel: highest high and lowest low of the last ``window`` bars.

    ``value`` is the middle between ``upper`` and ``lower``. The present bar is part of the window,
    so no close lies outside: to trade a breakout, compare the close with the bands read before
    ``update``. Ready after ``window`` bars.

    Args:
        window: Number of bars, at least 1.

    Raises:
        UsageError: The window is no whole number of at least 1.
    """

    def __init__(self, window: SupportsIndex = 20) -> None:
        self.highest = RollingMax(window)
        self.lowest = RollingMin(window)
        self.upper = math.nan
        self.lower = math.nan
        self.value = math.nan
        self.ready = False

    def update(self, high: float, low: float) -> float:
        """Take the next bar and return the middle line, NaN until ready."""
        upper = self.highest.update(high)
        lower = self.lowest.update(low)
        middle = (upper + lower) / 2.0
        if self.highest.ready and self.lowest.ready:
            self.upper = upper
            self.lower = lower
            self.value = middle
            self.ready = True
        return self.value


class Keltner(_Channel):
    """Keltner channel: an exponential average and ``multiplier`` average true ranges around it.

    Raschke's form: ``value`` is the EMA of the close, ``upper`` and ``lower`` lie ``multiplier``
    times the ATR away. All appear together after ``max(window, atr_window + 1)`` bars.

    Args:
        window: Window of the average, at least 1.
        atr_window: Window of the average true range, at least 1.
        multiplier: Half width of the channel in average true ranges, above 0.

    Raises:
        UsageError: A parameter is out of its range.
    """

    def __init__(
        self, window: SupportsIndex = 20, atr_window: SupportsIndex = 10, multiplier: float = 2.0
    ) -> None:
        self.average = EMA(window)
        self.atr = ATR(whole_number(atr_window, "atr_window"))
        self.multiplier = positive_number(multiplier, "multiplier")
        self.upper = math.nan
        self.lower = math.nan
        self.value = math.nan
        self.ready = False

    @property
    def memory(self) -> int:
        """Bars after which those it began with weigh no more than a thousandth."""
        return max(self.average.memory, self.atr.memory)

    def update(self, high: float, low: float, close: float) -> float:
        """Take the next bar and return the middle line, NaN until ready."""
        middle = self.average.update(close)
        half = self.multiplier * self.atr.update(high, low, close)
        if self.average.ready and self.atr.ready:
            self.upper = middle + half
            self.lower = middle - half
            self.value = middle
            self.ready = True
        return self.value
