"""What price does at a level: it is rejected, or it breaks through and comes back to test."""

from __future__ import annotations

import math

IDLE, BROKEN, HELD = 0, 1, 2


def bounces(
    side: int, level: float, reach: float, high: float, low: float, close: float, rejection: float
) -> bool:
    """Return whether a bar touched a level and was turned away from it.

    Its extreme comes within reach of the level, its close is on the far side of it again and at
    least ``rejection`` of the bar's range away from the extreme.

    Args:
        side: +1 upwards from a support, -1 downwards from a resistance.
        level: The level, NaN for none.
        reach: How far from the level a touch may be, in the unit of price.
        high: Highest price of the bar.
        low: Lowest price.
        close: Last price.
        rejection: Share of the range between extreme and close, 0 to 1.
    """
    extreme = low if side > 0 else high
    touched = abs(extreme - level) <= reach
    turned = side * (close - extreme) >= rejection * (high - low) and high > low
    return touched and turned and side * (close - level) > 0.0


class Retest:
    """A breakout in one direction, proved by time and volume, and the retest that follows.

    A close more than ``margin`` beyond the level breaks it, if the bar's volume is at least
    ``volume`` times the usual. The break is *false* when any later close falls back behind the
    level. After ``hold`` further closes beyond the level it has held, and within ``patience``
    bars from then the first bar to come back within reach of the level, and to close beyond it
    again, is the retest. A new break replaces an older one.

    Args:
        side: +1 through a resistance, -1 through a support.
        margin: How far beyond the level a close must be, in average true ranges.
        reach: How near the retest must come, in average true ranges.
        hold: Closes after the break that must stay beyond the level.
        patience: Bars to wait for the retest.
        volume: Least volume of the breaking bar, in usual volumes; 0 for any.

    Attributes:
        level: The level that was broken, NaN while there is none to watch.
        state: IDLE, BROKEN (on probation) or HELD (waiting for the retest).
        false_breaks: Breaks that fell back, so far.
    """

    def __init__(
        self, side: int, margin: float, reach: float, hold: int, patience: int, volume: float
    ) -> None:
        self.side = side
        self.margin = margin
        self.reach = reach
        self.hold = hold
        self.patience = patience
        self.volume = volume
        self.level = math.nan
        self.state = IDLE
        self.bars = 0  # since the break
        self.false_breaks = 0

    def update(
        self,
        level: float,
        high: float,
        low: float,
        close: float,
        relative_volume: float,
        atr: float,
    ) -> float:
        """Take the next bar and return the level whose retest it is, NaN for none.

        Args:
            level: The next level ahead of the previous close, NaN for none.
            high: Highest price of the bar.
            low: Lowest price.
            close: Last price.
            relative_volume: Volume of the bar in usual volumes.
            atr: Average true range before the bar, above 0.
        """
        breaks = self.side * (close - level) > self.margin * atr
        if breaks and relative_volume >= self.volume:
            self.level = level
            self.state = BROKEN if self.hold > 0 else HELD
            self.bars = 0
            return math.nan
        if self.state == IDLE:
            return math.nan
        self.bars += 1
        if self.side * (close - self.level) <= 0.0:
            self.forget()
            self.false_breaks += 1
            return math.nan
        if self.state == BROKEN:
            if self.bars >= self.hold:
                self.state = HELD
            return math.nan
        if self.bars > self.hold + self.patience:
            self.forget()
            return math.nan
        extreme = low if self.side > 0 else high
        if self.side * (extreme - self.level) > self.reach * atr:
            return math.nan
        tested = self.level
        self.forget()
        return tested

    def forget(self) -> None:
        """Watch no level any more."""
        self.state = IDLE
        self.level = math.nan
        self.bars = 0
