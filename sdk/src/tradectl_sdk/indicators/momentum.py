"""Momentum: relative strength, convergence of averages, place within the range."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, SupportsIndex

from tradectl_sdk.errors import UsageError
from tradectl_sdk.indicators.averages import EMA, SMA, SMMA
from tradectl_sdk.indicators.base import Indicator, whole_number
from tradectl_sdk.indicators.extremes import RollingMax, RollingMin

if TYPE_CHECKING:
    from collections.abc import MutableSequence


class RSI(Indicator):
    r"""Relative strength index, :math:`100 \, G / (G + L)`, from 0 to 100.

    ``G`` and ``L`` are the smoothed averages (`SMMA`) of rises and falls from one price to the
    next (Wilder, "New Concepts in Technical Trading Systems", 1978). Ready after ``window + 1``
    prices. Where nothing has moved at all it is 50, neither bought nor sold; TA-Lib says 0.

    Args:
        window: Number of changes averaged, at least 1.

    Raises:
        UsageError: The window is no whole number of at least 1.
    """

    def __init__(self, window: SupportsIndex = 14) -> None:
        self.gains = SMMA(window)
        self.losses = SMMA(window)
        self.previous = math.nan
        self.value = math.nan
        self.ready = False

    @property
    def memory(self) -> int:
        """Prices after which those it began with weigh no more than a thousandth."""
        return 1 + self.gains.memory

    def update(self, price: float) -> float:
        """Take the next price and return the index, NaN until ready."""
        change = price - self.previous
        self.previous = price
        if not self.ready and change != change:  # noqa: PLR0124 - the first price has no change
            return self.value
        gain = change if change > 0.0 else 0.0
        average_gain = self.gains.update(gain)
        average_loss = self.losses.update(gain - change)
        if not self.losses.ready:
            return self.value
        moved = average_gain + average_loss
        value = 50.0 if moved == 0.0 else 100.0 * (average_gain / moved)
        self.value = value
        self.ready = True
        return value


class MACD(Indicator):
    """Moving average convergence/divergence (Appel), in the unit of price.

    ``value`` is EMA(fast) - EMA(slow), ``signal`` the EMA of that, ``histogram`` their difference.
    All three appear together after ``slow + signal - 1`` prices. The fast average starts late, so
    that both averages are seeded by windows that end at the same price, as in TA-Lib; where other
    packages seed each average at the first price, the difference dies out exponentially.

    Args:
        fast: Window of the fast average, at least 1.
        slow: Window of the slow average, above ``fast``.
        signal: Window of the signal line, at least 1.

    Raises:
        UsageError: A window is no whole number of at least 1, or slow is not above fast.
    """

    OUTPUTS: ClassVar[tuple[str, ...]] = ("value", "signal", "histogram")

    def __init__(
        self, fast: SupportsIndex = 12, slow: SupportsIndex = 26, signal: SupportsIndex = 9
    ) -> None:
        shorter, longer = whole_number(fast, "fast"), whole_number(slow, "slow")
        if shorter >= longer:
            raise UsageError(
                f"slow was {longer}, expected more than fast ({shorter})",
                hint="give the windows as MACD(fast, slow, signal)",
            )
        self.fast_average = EMA(shorter)
        self.slow_average = EMA(longer)
        self.signal_average = EMA(whole_number(signal, "signal"))
        self.skip = longer - shorter
        self.signal = math.nan
        self.histogram = math.nan
        self.value = math.nan
        self.ready = False

    @property
    def memory(self) -> int:
        """Prices after which those it began with no longer matter to its averages in turn."""
        return self.slow_average.memory + self.signal_average.memory

    def update(self, price: float) -> float:
        """Take the next price and return the MACD line, NaN until the signal line is ready."""
        slow = self.slow_average.update(price)
        if self.slow_average.count > self.skip:
            line = self.fast_average.update(price) - slow
            signal = self.signal_average.update(line)
            if self.signal_average.ready:
                self.signal = signal
                self.histogram = line - signal
                self.value = line
                self.ready = True
        return self.value

    def write(self, out: MutableSequence[float], at: int) -> None:
        """Store the outputs, in the order of ``OUTPUTS``, in ``out`` from index ``at`` on."""
        out[at] = self.value
        out[at + 1] = self.signal
        out[at + 2] = self.histogram


class Stochastic(Indicator):
    """Stochastic oscillator (Lane), from 0 to 100: where the close lies in the window's range.

    Raw %K is ``100 (close - lowest low) / (highest high - lowest low)``; where the window has no
    range it is 50, in the middle (TA-Lib says 0). ``value`` is %K, the simple average of the last
    ``smooth`` raw values; ``d`` is the simple average of the last ``signal`` values of %K. With
    ``smooth=1`` it is the fast stochastic, with ``smooth=3`` the slow one. Both appear together
    after ``window + smooth + signal - 2`` bars.

    Args:
        window: Bars of the range, at least 1.
        smooth: Raw values averaged into %K, at least 1.
        signal: Values of %K averaged into %D, at least 1.

    Raises:
        UsageError: A window is no whole number of at least 1.
    """

    OUTPUTS: ClassVar[tuple[str, ...]] = ("value", "d")

    def __init__(
        self, window: SupportsIndex = 14, smooth: SupportsIndex = 3, signal: SupportsIndex = 3
    ) -> None:
        self.highest = RollingMax(window)
        self.lowest = RollingMin(window)
        self.k_average = SMA(whole_number(smooth, "smooth"))
        self.d_average = SMA(whole_number(signal, "signal"))
        self.d = math.nan
        self.value = math.nan
        self.ready = False

    def update(self, high: float, low: float, close: float) -> float:
        """Take the next bar and return %K, NaN until %D is ready."""
        highest = self.highest.update(high)
        lowest = self.lowest.update(low)
        width = highest - lowest
        raw = 50.0 if width == 0.0 else 100.0 * ((close - lowest) / width)
        k = self.k_average.update(raw)
        d = self.d_average.update(k)
        if self.d_average.ready:
            self.d = d
            self.value = k
            self.ready = True
        return self.value

    def write(self, out: MutableSequence[float], at: int) -> None:
        """Store the outputs, in the order of ``OUTPUTS``, in ``out`` from index ``at`` on."""
        out[at] = self.value
        out[at + 1] = self.d
