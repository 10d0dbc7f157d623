"""Classic pivots of the previous calendar period."""

from __future__ import annotations

import math

from tradectl_sdk.indicators import PivotPoints

from tradectl_strategies.levels.choice import nearer

DAY = 86_400_000_000_000  # nanoseconds
MONDAY = 4 * DAY  # the first Monday after 1970-01-01, so that weeks begin on Mondays


class PivotLevels:
    """The pivot, three supports and three resistances of the previous period; see `PivotPoints`.

    Periods are ``days`` calendar days in UTC; 7 makes weeks from Monday on.

    Args:
        days: Days in a period, at least 1.
    """

    def __init__(self, days: int = 7) -> None:
        self.length = days * DAY
        self.points = PivotPoints()
        self.prices = [math.nan] * len(PivotPoints.OUTPUTS)
        self.period = 0
        self.ready = False

    def update(self, time: int, high: float, low: float, close: float) -> None:
        """Take the next bar.

        Args:
            time: When it closed, UTC nanoseconds.
            high: Its highest price.
            low: Its lowest price.
            close: Its last price.
        """
        period = (time - 1 - MONDAY) // self.length  # a bar that closes at midnight is yesterday's
        if period != self.period:
            self.period = period
            self.points.new_session()
            self.points.write(self.prices, 0)
            self.ready = self.points.ready
        self.points.update(high, low, close)

    def beyond(self, price: float, side: int) -> float:
        """Return the next level from a price in a direction (+1 up, -1 down), NaN for none."""
        found = math.nan
        for level in self.prices:
            if side * (level - price) > 0.0:
                found = nearer(found, level, side)
        return found
