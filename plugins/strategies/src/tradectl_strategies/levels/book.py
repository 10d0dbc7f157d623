"""A book of price levels with their touches, of fixed size."""

from __future__ import annotations

import math

from tradectl_strategies.levels.choice import nearer


class LevelBook:
    """Keeps the strongest levels: near touches are merged, untouched levels fade and go.

    A level is the mean price of its touches. Its strength is its number of touches, halved when
    it has not been touched for ``half_life`` bars, a third after two of them, and so on; when the
    book is full, a new level takes the place of the weakest. One that has not been touched for
    ``lifetime`` bars no longer counts.

    Args:
        capacity: Levels kept, at least 1.
        half_life: Bars after which an untouched level counts half.
        lifetime: Bars after which an untouched level is forgotten.
    """

    def __init__(self, capacity: int = 32, half_life: int = 100, lifetime: int = 500) -> None:
        self.half_life = half_life
        self.lifetime = lifetime
        self.clock = 0  # bars so far
        self.price = [0.0] * capacity
        self.touches = [0] * capacity  # 0: the slot is free
        self.touched = [0] * capacity  # when last

    def next_bar(self) -> None:
        """Let a bar pass."""
        self.clock += 1

    def touch(self, price: float, tolerance: float) -> int:
        """Add a touch to the nearest level within a tolerance, or start a level; return its slot.

        Args:
            price: Where the price turned.
            tolerance: How far a level may lie from it, in the unit of price.
        """
        slot = self.nearest(price)
        if slot < 0 or abs(self.price[slot] - price) > tolerance:
            slot = self.weakest()
            self.price[slot] = price
            self.touches[slot] = 0
        self.touches[slot] += 1
        self.touched[slot] = self.clock
        self.price[slot] += (price - self.price[slot]) / self.touches[slot]
        return slot

    def nearest(self, price: float) -> int:
        """Return the slot of the level nearest to a price, -1 when there is none."""
        best = -1
        distance = math.inf
        for slot in range(len(self.price)):
            apart = abs(self.price[slot] - price)
            if apart < distance and self.strength(slot) > 0.0:
                best = slot
                distance = apart
        return best

    def weakest(self) -> int:
        """Return the slot of the weakest level, a free one if there is any."""
        best = 0
        least = math.inf
        for slot in range(len(self.price)):
            strength = self.strength(slot)
            if strength < least:
                best = slot
                least = strength
        return best

    def strength(self, slot: int) -> float:
        """Return the touches of a level, faded by the time since the last; 0 when it is gone."""
        age = self.clock - self.touched[slot]
        if age > self.lifetime:
            return 0.0
        return self.touches[slot] / (1.0 + age / self.half_life)

    def beyond(self, price: float, side: int, touches: int = 1) -> float:
        """Return the next level from a price in a direction, NaN for none.

        Args:
            price: Where to look from; a level at this very price does not count.
            side: +1 upwards, -1 downwards.
            touches: How often a level must have been touched.
        """
        found = math.nan
        for slot in range(len(self.price)):
            level = self.price[slot]
            wanted = self.touches[slot] >= touches and side * (level - price) > 0.0
            if wanted and self.strength(slot) > 0.0:
                found = nearer(found, level, side)
        return found
