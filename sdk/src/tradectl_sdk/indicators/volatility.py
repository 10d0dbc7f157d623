"""Volatility: true range and its average, standard deviation of a window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, SupportsIndex

from tradectl_sdk.indicators.averages import SMMA
from tradectl_sdk.indicators.base import Indicator, whole_number

if TYPE_CHECKING:
    from collections.abc import MutableSequence


class TrueRange(Indicator):
    """True range of a bar: its range, extended to the previous close. In the unit of price.

    ``max(high, previous close) - min(low, previous close)`` (Wilder 1978). Ready with the second
    bar, since the first has no previous close.
    """

    def __init__(self) -> None:
        self.previous = math.nan
        self.value = math.nan
        self.ready = False

    def update(self, high: float, low: float, close: float) -> float:
        """Take the next bar and return its true range, NaN for the first bar."""
        previous = self.previous
        self.previous = close
        if previous != previous and not self.ready:  # noqa: PLR0124 - no bar before this one
            return self.value
        # Written so that a NaN on either side of a comparison comes out as NaN.
        top = previous if previous > high or previous != previous else high  # noqa: PLR0124
        bottom = previous if previous < low else low
        value = top - bottom
        self.value = value
        self.ready = True
        return value


class ATR(Indicator):
    """Average true range (Wilder 1978): the smoothed average (`SMMA`) of the true range.

    In the unit of price. Ready after ``window + 1`` bars: the first bar has no true range, as in
    TA-Lib.

    Args:
        window: Number of true ranges averaged, at least 1.

    Raises:
        UsageError: The window is no whole number of at least 1.
    """

    def __init__(self, window: SupportsIndex = 14) -> None:
        self.true_range = TrueRange()
        self.average = SMMA(window)
        self.value = math.nan
        self.ready = False

    @property
    def memory(self) -> int:
        """Bars after which those it began with weigh no more than a thousandth."""
        return 1 + self.average.memory

    def update(self, high: float, low: float, close: float) -> float:
        """Take the next bar and return the average true range, NaN until ready."""
        value = self.average.update(self.true_range.update(high, low, close))
        self.value = value
        self.ready = self.average.ready
        return value


class StandardDeviation(Indicator):
    r"""Population standard deviation, :math:`\sqrt{\frac{1}{n} \sum (x_i - \bar x)^2}`.

    Of the last ``window`` values, in their unit; ready after ``window`` values. ``mean`` is the
    window's mean.

    Values are measured from an anchor that lies in the window itself, and nothing is ever
    subtracted from a sum, so neither the level of the values nor an outlier long gone costs a
    digit: the window is the values of the present round of the ring buffer, followed by Welford's
    recurrence (1962), and those left of the round before, whose moments were prepared when it
    ended; the two are joined by the formula of Chan, Golub and LeVeque (1979). The relative error
    is of the order of ``n`` unit roundoffs times the window's range over its deviation. Values
    that are all equal give exactly 0.

    Args:
        window: Number of values, at least 1.

    Raises:
        UsageError: The window is no whole number of at least 1.
    """

    OUTPUTS: ClassVar[tuple[str, ...]] = ("value", "mean")

    def __init__(self, window: SupportsIndex) -> None:
        self.window = whole_number(window, "window")
        self.ring = [0.0] * self.window
        self.older_means = [0.0] * self.window  # [k]: mean of slots k, k + 1, ... of the old round
        self.older_squares = [0.0] * self.window  # [k]: their squared deviations from it, summed
        self.slot = 0
        self.anchor = 0.0  # means are measured from here: the old round's last value
        self.newer_mean = 0.0
        self.newer_squares = 0.0
        self.mean = math.nan
        self.value = math.nan
        self.ready = False

    def update(self, x: float) -> float:
        """Take the next value and return the standard deviation, NaN until ready."""
        if not self.ready and x != x:  # noqa: PLR0124 - NaN is not counted
            return self.value
        slot = self.slot
        window = self.window
        self.ring[slot] = x
        slot += 1
        if slot == window:
            self.end_round()
            mean = self.older_means[0]
            squares = self.older_squares[0]
        else:
            mean = self.newer_mean
            x -= self.anchor
            deviation = x - mean
            mean += deviation / slot
            squares = self.newer_squares + deviation * (x - mean)
            self.slot = slot
            self.newer_mean = mean
            self.newer_squares = squares
            if not self.ready:
                return self.value
            share = (window - slot) / window
            apart = self.older_means[slot] - mean
            mean += apart * share
            squares += self.older_squares[slot] + apart * apart * (slot * share)
        self.mean = self.anchor + mean
        self.value = value = math.sqrt(squares / window)
        return value

    def end_round(self) -> None:
        """Prepare the moments of every rest of the round that just ended."""
        ring = self.ring
        means = self.older_means
        sums = self.older_squares
        anchor = ring[self.window - 1]  # the value that will be the last to leave
        mean = 0.0
        squares = 0.0
        for k in range(self.window - 1, -1, -1):
            x = ring[k] - anchor
            deviation = x - mean
            mean += deviation / (self.window - k)
            squares += deviation * (x - mean)
            means[k] = mean
            sums[k] = squares
        self.anchor = anchor
        self.slot = 0
        self.newer_mean = 0.0
        self.newer_squares = 0.0
        self.ready = True

    def write(self, out: MutableSequence[float], at: int) -> None:
        """Store the outputs, in the order of ``OUTPUTS``, in ``out`` from index ``at`` on."""
        out[at] = self.value
        out[at + 1] = self.mean
