"""Swing highs and lows, clustered into levels."""

from __future__ import annotations

from tradectl_sdk.indicators import SwingPoints

from tradectl_strategies.levels.book import LevelBook


class SwingLevels:
    """Levels where the price has turned before, each turn known only when it was confirmed.

    A swing within ``tolerance`` average true ranges of a level is another touch of it. A level
    counts from its ``touches``-th touch on.

    Args:
        bars: Bars that confirm a swing on either side.
        tolerance: How far from a level a swing still belongs to it, in average true ranges.
        touches: Touches that make a level.
        capacity: Levels kept.
        lifetime: Bars after which a swing is forgotten.
    """

    def __init__(
        self,
        bars: int = 5,
        tolerance: float = 0.5,
        touches: int = 2,
        capacity: int = 32,
        lifetime: int = 500,
    ) -> None:
        self.swings = SwingPoints(bars)
        self.tolerance = tolerance
        self.touches = touches
        self.book = LevelBook(capacity, max(lifetime // 4, 1), lifetime)

    def update(self, high: float, low: float, atr: float) -> None:
        """Take the next bar with the average true range known at its close, NaN for none."""
        self.book.next_bar()
        self.swings.update(high, low)
        reach = self.tolerance * atr if atr > 0.0 else 0.0
        if self.swings.new_high:
            self.book.touch(self.swings.high, reach)
        if self.swings.new_low:
            self.book.touch(self.swings.low, reach)

    def beyond(self, price: float, side: int) -> float:
        """Return the next level from a price in a direction (+1 up, -1 down), NaN for none."""
        return self.book.beyond(price, side, self.touches)
