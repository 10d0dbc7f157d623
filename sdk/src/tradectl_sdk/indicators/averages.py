"""Moving averages: simple, exponential, smoothed (Wilder) and linearly weighted.

Input and output have the same unit. All are ready after ``window`` values. The exponential ones
never forget: what they began with weighs less and less, and after their ``memory`` no more than
`FADED`.
"""

from __future__ import annotations

import math
from typing import SupportsIndex

from tradectl_sdk.indicators.base import Indicator, whole_number

FADED = 0.001  # what still weighs as much no longer matters


class SMA(Indicator):
    r"""Simple moving average, :math:`\frac{1}{n} \sum_{i=0}^{n-1} x_{t-i}`.

    A running sum that is replaced, each time the ring buffer wraps, by a second one of the values
    since the last wrap, which are just those in the ring. Rounding therefore never builds up over
    more than one window: with unit roundoff ``u = 2**-53`` the error stays below ``3 n u max|x|``
    over the last two windows, however long the run. A NaN or an infinity is forgotten by the
    first wrap that no longer holds it.

    Args:
        window: Number of values averaged, at least 1.

    Raises:
        UsageError: The window is no whole number of at least 1.
    """

    def __init__(self, window: SupportsIndex) -> None:
        self.window = whole_number(window, "window")
        self.span = float(self.window)
        self.ring = [0.0] * self.window
        self.slot = 0
        self.total = 0.0
        self.fresh = 0.0  # sum since the last wrap
        self.value = math.nan
        self.ready = False

    def update(self, x: float) -> float:
        """Take the next value and return the average, NaN until ready."""
        if not self.ready and x != x:  # noqa: PLR0124 - NaN is not counted
            return self.value
        slot = self.slot
        ring = self.ring
        total = self.total + (x - ring[slot])
        fresh = self.fresh + x
        ring[slot] = x
        slot += 1
        if slot == self.window:
            slot = 0
            total = fresh
            fresh = 0.0
            self.ready = True
        self.slot = slot
        self.total = total
        self.fresh = fresh
        if self.ready:
            self.value = value = total / self.span
            return value
        return self.value


class EMA(Indicator):
    r"""Exponential moving average, :math:`y_t = y_{t-1} + \alpha (x_t - y_{t-1})`.

    With :math:`\alpha = 2 / (n + 1)`, and the simple average of the first ``n`` values as the
    seed, as in TA-Lib.

    Args:
        window: The ``n`` above, at least 1.

    Raises:
        UsageError: The window is no whole number of at least 1.
    """

    def __init__(self, window: SupportsIndex) -> None:
        self.window = whole_number(window, "window")
        self.alpha = 2.0 / (self.window + 1.0)
        self.total = 0.0
        self.count = 0
        self.value = math.nan
        self.ready = False

    @property
    def memory(self) -> int:
        """Values after which what it began with weighs no more than a thousandth."""
        if self.alpha == 1.0:
            return self.window
        return self.window + math.ceil(math.log(FADED) / math.log1p(-self.alpha))

    def update(self, x: float) -> float:
        """Take the next value and return the average, NaN until ready."""
        value = self.value
        if self.ready:
            value += (x - value) * self.alpha
            self.value = value
            return value
        if x == x:  # noqa: PLR0124 - NaN is not counted
            self.total += x
            self.count += 1
            if self.count == self.window:
                self.value = value = self.total / self.window
                self.ready = True
        return value


class SMMA(EMA):
    r"""Smoothed moving average: the exponential one with :math:`\alpha = 1 / n`.

    Wilder's own averaging ("New Concepts in Technical Trading Systems", 1978), also called RMA.
    RSI, ATR and ADX are built on it. The seed is the simple average of the first ``n`` values.

    Args:
        window: The ``n`` above, at least 1.

    Raises:
        UsageError: The window is no whole number of at least 1.
    """

    def __init__(self, window: SupportsIndex) -> None:
        super().__init__(window)
        self.alpha = 1.0 / self.window


class WMA(Indicator):
    r"""Linearly weighted average, :math:`\frac{2}{n(n+1)} \sum_{i=0}^{n-1} (n - i) x_{t-i}`.

    The newest value weighs ``n``, the oldest 1. Two running sums, both summed afresh each time
    the ring buffer wraps, so that rounding does not build up over a long run.

    Args:
        window: The ``n`` above, at least 1.

    Raises:
        UsageError: The window is no whole number of at least 1.
    """

    def __init__(self, window: SupportsIndex) -> None:
        self.window = whole_number(window, "window")
        self.divisor = self.window * (self.window + 1) / 2.0
        self.ring = [0.0] * self.window
        self.slot = 0
        self.total = 0.0
        self.weighted = 0.0
        self.value = math.nan
        self.ready = False

    def update(self, x: float) -> float:
        """Take the next value and return the average, NaN until ready."""
        if not self.ready and x != x:  # noqa: PLR0124 - NaN is not counted
            return self.value
        slot = self.slot
        ring = self.ring
        total = self.total
        weighted = self.weighted + (self.window * x - total)  # every older weight falls by one
        total += x - ring[slot]
        ring[slot] = x
        slot += 1
        if slot == self.window:
            slot = 0
            total = weighted = 0.0
            for k in range(self.window):
                total += ring[k]
                weighted += (k + 1) * ring[k]
            self.ready = True
        self.slot = slot
        self.total = total
        self.weighted = weighted
        if self.ready:
            self.value = value = weighted / self.divisor
            return value
        return self.value
