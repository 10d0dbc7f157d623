"""Directional movement: how strongly a market trends, and which way."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, SupportsIndex

from tradectl_sdk.indicators.averages import SMMA
from tradectl_sdk.indicators.base import Indicator
from tradectl_sdk.indicators.volatility import TrueRange

if TYPE_CHECKING:
    from collections.abc import MutableSequence


class ADX(Indicator):
    """Average directional index (Wilder 1978) with +DI and -DI, each from 0 to 100.

    A bar's +DM is its rise over the previous high where that is positive and larger than its fall
    below the previous low, else 0; -DM is the mirror image. ``plus_di`` and ``minus_di`` are 100
    times their smoothed averages (`SMMA`) over that of the true range; ``value``, the ADX, is the
    smoothed average of ``100 |+DI - -DI| / (+DI + -DI)``. All three appear together after
    ``2 * window`` bars. Where nothing moves, every one of them is 0.

    Each average is seeded by ``window`` values, as Wilder did. TA-Lib seeds those of the
    directional movements and of the true range by one value less; the difference dies out by a
    factor of ``1 - 1 / window`` a bar.

    Args:
        window: Number of bars averaged, at least 1.

    Raises:
        UsageError: The window is no whole number of at least 1.
    """

    OUTPUTS: ClassVar[tuple[str, ...]] = ("value", "plus_di", "minus_di")

    def __init__(self, window: SupportsIndex = 14) -> None:
        self.true_range = TrueRange()
        self.range_average = SMMA(window)
        self.plus_average = SMMA(window)
        self.minus_average = SMMA(window)
        self.average = SMMA(window)
        self.previous_high = math.nan
        self.previous_low = math.nan
        self.plus_di = math.nan
        self.minus_di = math.nan
        self.value = math.nan
        self.ready = False

    @property
    def memory(self) -> int:
        """Bars after which those it began with no longer matter to its averages in turn."""
        return 1 + self.range_average.memory + self.average.memory

    def update(self, high: float, low: float, close: float) -> float:
        """Take the next bar and return the ADX, NaN until ready."""
        true_range = self.true_range.update(high, low, close)
        up = high - self.previous_high
        down = self.previous_low - low
        self.previous_high = high
        self.previous_low = low
        if not self.ready and true_range != true_range:  # noqa: PLR0124 - the first bar
            return self.value
        width = self.range_average.update(true_range)
        plus = self.plus_average.update(up if up > down and up > 0.0 else 0.0)
        minus = self.minus_average.update(down if down > up and down > 0.0 else 0.0)
        if not self.range_average.ready:
            return self.value
        plus_di = 0.0 if width == 0.0 else 100.0 * (plus / width)
        minus_di = 0.0 if width == 0.0 else 100.0 * (minus / width)
        both = plus_di + minus_di
        value = self.average.update(
            0.0 if both == 0.0 else 100.0 * (abs(plus_di - minus_di) / both)
        )
        if self.average.ready:
            self.plus_di = plus_di
            self.minus_di = minus_di
            self.value = value
            self.ready = True
        return self.value

    def write(self, out: MutableSequence[float], at: int) -> None:
        """Store the outputs, in the order of ``OUTPUTS``, in ``out`` from index ``at`` on."""
        out[at] = self.value
        out[at + 1] = self.plus_di
        out[at + 2] = self.minus_di
