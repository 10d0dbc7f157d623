"""Rules that several cases share."""

from __future__ import annotations

import math

from tradectl_sdk.indicators import SMA


class Crossing:
    """Tells when a price crosses its simple moving average."""

    def __init__(self, window: int) -> None:
        self.average = SMA(window)
        self.last_price = math.nan
        self.last_average = math.nan

    def update(self, price: float) -> int:
        """Return +1 when it has just crossed from at or below to above, -1 mirrored, else 0."""
        average, crossed = self.average.update(price), 0
        if self.last_price <= self.last_average and price > average:
            crossed = 1
        elif self.last_price >= self.last_average and price < average:
            crossed = -1
        self.last_price, self.last_average = price, average
        return crossed
