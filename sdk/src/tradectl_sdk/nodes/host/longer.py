"""Longer bars from shorter ones as they come: what ``ctx.bar("1h")`` reads in a session.

The same bars that a backtest makes of the whole series at once
(:func:`~tradectl_sdk.data.resample`), each known as soon as it can no longer change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data.gaps import grid_offset
from tradectl_sdk.domain.timeframe import Timeframe

if TYPE_CHECKING:
    from tradectl_sdk.exchange.values import BarClosed


class LongerBar:
    """One longer bar while it forms.

    Attributes:
        whole: Whether it has been seen from its start.
    """

    __slots__ = ("close", "end", "high", "low", "open", "start", "volume", "whole")

    def __init__(self, bar: BarClosed, start: int, length: int, *, whole: bool) -> None:
        self.start = start
        self.end = start + length
        self.open = bar.open
        self.high = bar.high
        self.low = bar.low
        self.close = bar.close
        self.volume = bar.volume
        self.whole = whole

    def add(self, bar: BarClosed) -> None:
        """Take in the next shorter bar."""
        self.high = max(self.high, bar.high)
        self.low = min(self.low, bar.low)
        self.close = bar.close
        self.volume += bar.volume


class Longer:
    """Makes the bars of one longer timeframe of one instrument.

    Args:
        length: Nanoseconds of a longer bar.
    """

    def __init__(self, length: int) -> None:
        self._frame = Timeframe(length)
        self._forming: LongerBar | None = None
        self._met = False

    def add(self, bar: BarClosed) -> LongerBar | None:
        """Take in a shorter bar; return the longer one that it shows to be over, if any."""
        opened = bar.time - bar.length
        offset = grid_offset(np.array([opened], np.int64), self._frame)
        start = opened - int(offset[0])
        forming = self._forming
        if forming is not None and forming.start == start:
            forming.add(bar)
            return None
        whole = self._met or opened == start
        self._met = True
        self._forming = LongerBar(bar, start, self._frame.nanoseconds, whole=whole)
        return forming if forming is not None and forming.whole else None

    def over(self, now: int) -> LongerBar | None:
        """Return the bar that forms, if it cannot change any more at this time; once."""
        forming = self._forming
        if forming is None or now < forming.end:
            return None
        self._forming = None
        return forming if forming.whole else None
