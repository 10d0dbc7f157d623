"""Levels: pivot points of the previous session, and confirmed swing points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, SupportsIndex

from tradectl_sdk.indicators.base import Indicator, whole_number
from tradectl_sdk.indicators.extremes import RollingMax, RollingMin

if TYPE_CHECKING:
    from collections.abc import MutableSequence


class PivotPoints(Indicator):
    """Classic floor-trader pivots from the previous session, in the unit of price.

    With the session's high ``H``, low ``L`` and close ``C``: ``value``, the pivot, is
    ``P = (H + L + C) / 3``; ``r1 = 2P - L``, ``s1 = 2P - H``, ``r2 = P + (H - L)``,
    ``s2 = P - (H - L)``, ``r3 = H + 2 (P - L)``, ``s3 = L - 2 (H - P)``.

    The levels change with the first bar of a session and hold until the next. Call
    ``new_session`` before that bar; or give ``session_bars`` where every session has the same
    number of bars (1: each bar is a session, as with daily pivots on daily bars). Ready with the
    first bar of the second session.

    Args:
        session_bars: Bars per session; 0 if only ``new_session`` ends one.

    Raises:
        UsageError: It is no whole number of at least 0.
    """

    OUTPUTS: ClassVar[tuple[str, ...]] = ("value", "r1", "s1", "r2", "s2", "r3", "s3")

    def __init__(self, session_bars: SupportsIndex = 0) -> None:
        self.session_bars = whole_number(session_bars, "session_bars", least=0)
        self.bars = 0
        self.high = -math.inf
        self.low = math.inf
        self.close = math.nan
        self.r1 = math.nan
        self.s1 = math.nan
        self.r2 = math.nan
        self.s2 = math.nan
        self.r3 = math.nan
        self.s3 = math.nan
        self.value = math.nan
        self.ready = False

    def new_session(self) -> None:
        """Turn the bars since the last call into levels; without bars nothing changes."""
        if self.bars == 0:
            return
        high = self.high
        low = self.low
        pivot = (high + low + self.close) / 3.0
        width = high - low
        self.r1 = 2.0 * pivot - low
        self.s1 = 2.0 * pivot - high
        self.r2 = pivot + width
        self.s2 = pivot - width
        self.r3 = high + 2.0 * (pivot - low)
        self.s3 = low - 2.0 * (high - pivot)
        self.value = pivot
        self.ready = True
        self.bars = 0
        self.high = -math.inf
        self.low = math.inf

    def update(self, high: float, low: float, close: float) -> float:
        """Take the next bar and return the pivot in force, NaN in the first session."""
        if self.session_bars > 0 and self.bars == self.session_bars:
            self.new_session()
        if high > self.high or high != high:  # noqa: PLR0124 - NaN stays
            self.high = high
        if low < self.low or low != low:  # noqa: PLR0124
            self.low = low
        self.close = close
        self.bars += 1
        return self.value

    def write(self, out: MutableSequence[float], at: int) -> None:
        """Store the outputs, in the order of ``OUTPUTS``, in ``out`` from index ``at`` on."""
        out[at] = self.value
        out[at + 1] = self.r1
        out[at + 2] = self.s1
        out[at + 3] = self.r2
        out[at + 4] = self.s2
        out[at + 5] = self.r3
        out[at + 6] = self.s3


class SwingPoints(Indicator):
    """Swing highs and lows, each known only once ``bars`` further bars have confirmed it.

    A bar is a swing high when its high is above the highs of the ``bars`` bars before it and not
    below those of the ``bars`` bars after it, so the first bar of a flat top counts. It is
    reported with the last of these bars and never before. A swing low is the mirror image.

    ``high`` and ``low`` are the prices of the latest confirmed swings, NaN before the first;
    ``high_age`` and ``low_age`` tell how many bars ago they happened (at least ``bars``; 0 before
    the first); ``new_high`` and ``new_low`` are true on the bar that confirmed one. ``value`` is
    the latest swing of either kind, the high where one bar confirms both. Ready with the first
    swing, after ``2 * bars + 1`` bars at the earliest.

    Args:
        bars: Bars needed on either side, at least 1.

    Raises:
        UsageError: It is no whole number of at least 1.
    """

    OUTPUTS: ClassVar[tuple[str, ...]] = ("value", "high", "high_age", "low", "low_age")

    def __init__(self, bars: SupportsIndex = 5) -> None:
        self.bars = whole_number(bars, "bars")
        self.highest = RollingMax(self.bars)
        self.lowest = RollingMin(self.bars)
        self.high_candidates = [math.nan] * self.bars  # NaN where the bars before rule it out
        self.low_candidates = [math.nan] * self.bars
        self.slot = 0
        self.high = math.nan
        self.low = math.nan
        self.high_age = 0
        self.low_age = 0
        self.new_high = False
        self.new_low = False
        self.value = math.nan
        self.ready = False

    def update(self, high: float, low: float) -> float:
        """Take the next bar and return the latest confirmed swing, NaN before the first."""
        slot = self.slot
        high_before = self.highest.value
        low_before = self.lowest.value
        high_candidate = self.high_candidates[slot]
        low_candidate = self.low_candidates[slot]
        self.high_candidates[slot] = high if high > high_before else math.nan
        self.low_candidates[slot] = low if low < low_before else math.nan
        slot += 1
        self.slot = 0 if slot == self.bars else slot
        self.new_high = high_candidate >= self.highest.update(high)
        self.new_low = low_candidate <= self.lowest.update(low)
        if self.new_low:
            self.value = self.low = low_candidate
            self.low_age = self.bars
            self.ready = True
        elif self.low_age > 0:
            self.low_age += 1
        if self.new_high:
            self.value = self.high = high_candidate
            self.high_age = self.bars
            self.ready = True
        elif self.high_age > 0:
            self.high_age += 1
        return self.value

    def write(self, out: MutableSequence[float], at: int) -> None:
        """Store the outputs, in the order of ``OUTPUTS``, in ``out`` from index ``at`` on."""
        out[at] = self.value
        out[at + 1] = self.high
        out[at + 2] = self.high_age
        out[at + 3] = self.low
        out[at + 4] = self.low_age
