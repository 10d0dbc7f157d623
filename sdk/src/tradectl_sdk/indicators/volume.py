"""Volume: on-balance volume and volume-weighted average prices."""

from __future__ import annotations

import math
from typing import SupportsIndex

from tradectl_sdk.indicators.base import Indicator, whole_number


class OBV(Indicator):
    """On-balance volume (Granville 1963), in the unit of volume.

    Volume is added on a close above the previous one, subtracted on one below it. The sum starts
    at 0 with the first bar, where TA-Lib starts at that bar's volume: only changes mean anything.
    Ready with the first bar.
    """

    def __init__(self) -> None:
        self.previous = math.nan
        self.value = math.nan
        self.ready = False

    def update(self, close: float, volume: float) -> float:
        """Take the next bar and return the sum so far."""
        previous = self.previous
        self.previous = close
        if close > previous:
            self.value += volume
        elif close < previous:
            self.value -= volume
        elif self.ready:
            self.value += close - previous  # nothing, or NaN where one of them is
        elif close == close:  # noqa: PLR0124 - NaN is no first bar
            self.value = 0.0
            self.ready = True
        return self.value


class VWAP(Indicator):
    r"""Volume-weighted average price since the session began, in the unit of price.

    :math:`\sum p_i v_i / \sum v_i` with the typical price :math:`p = (h + l + c) / 3`. Call
    ``new_session`` before the first bar of each session, or at any other anchor; or give
    ``session_bars`` where every session has the same number of bars. NaN until volume has traded
    in the session; ``ready`` from the first time it has.

    Args:
        session_bars: Bars per session; 0 if only ``new_session`` ends one.

    Raises:
        UsageError: It is no whole number of at least 0.
    """

    def __init__(self, session_bars: SupportsIndex = 0) -> None:
        self.session_bars = whole_number(session_bars, "session_bars", least=0)
        self.bars = 0
        self.turnover = 0.0
        self.volume = 0.0
        self.value = math.nan
        self.ready = False

    def new_session(self) -> None:
        """Start afresh: the next bar is the first of a session."""
        self.bars = 0
        self.turnover = 0.0
        self.volume = 0.0
        self.value = math.nan

    def update(self, high: float, low: float, close: float, volume: float) -> float:
        """Take the next bar and return the average so far, NaN before any volume."""
        if self.session_bars > 0:
            if self.bars == self.session_bars:
                self.new_session()
            self.bars += 1
        amount = (high + low + close) / 3.0 * volume
        if not self.ready and amount != amount:  # noqa: PLR0124 - NaN is not counted
            return self.value
        turnover = self.turnover + amount
        traded = self.volume + volume
        self.turnover = turnover
        self.volume = traded
        if traded > 0.0:
            self.value = turnover / traded
            self.ready = True
        elif traded != traded:  # noqa: PLR0124 - a NaN volume must not pass for none
            self.value = math.nan
        return self.value


class RollingVWAP(Indicator):
    """Volume-weighted average price of the last ``window`` bars, in the unit of price.

    The formula is that of `VWAP`. The two sums are kept without ever subtracting (see the module
    ``extremes`` for the scheme), so a window without volume sums to exactly 0 and gives NaN, not
    the quotient of two rounding errors. Ready after ``window`` bars.

    Args:
        window: Number of bars, at least 1.

    Raises:
        UsageError: The window is no whole number of at least 1.
    """

    def __init__(self, window: SupportsIndex) -> None:
        self.window = whole_number(window, "window")
        self.turnovers = [0.0] * self.window
        self.volumes = [0.0] * self.window
        self.slot = 0
        self.turnover = 0.0
        self.volume = 0.0
        self.value = math.nan
        self.ready = False

    def update(self, high: float, low: float, close: float, volume: float) -> float:
        """Take the next bar and return the average, NaN until ready and where nothing traded."""
        slot = self.slot
        amount = (high + low + close) / 3.0 * volume
        if not self.ready and amount != amount:  # noqa: PLR0124 - NaN is not counted
            return self.value
        self.turnovers[slot] = amount
        self.volumes[slot] = volume
        turnover = self.turnover + amount
        traded = self.volume + volume
        slot += 1
        if slot == self.window:
            self.end_round()
        else:
            self.slot = slot
            self.turnover = turnover
            self.volume = traded
            if not self.ready:
                return self.value
            turnover += self.turnovers[slot]
            traded += self.volumes[slot]
        self.value = value = math.nan if traded == 0.0 else turnover / traded
        return value

    def end_round(self) -> None:
        """Replace each slot by the sum of itself and all later ones."""
        turnovers = self.turnovers
        volumes = self.volumes
        turnover = 0.0
        volume = 0.0
        for k in range(self.window - 1, -1, -1):
            turnover += turnovers[k]
            volume += volumes[k]
            turnovers[k] = turnover
            volumes[k] = volume
        self.slot = 0
        self.turnover = 0.0
        self.volume = 0.0
        self.ready = True
