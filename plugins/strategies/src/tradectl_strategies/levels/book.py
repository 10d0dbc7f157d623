"""A book of price levels with their touches, of fixed size."""

from __future__ import annotations

import math

from tradectl_strategies.levels.choice import nearer


class LevelBook:
    """Keeps the strongest levels of the touches of a stretch of bars; near touches are merged.

    A level is the mean price of its touches. Its strength is its number of touches, halved when
    it has not been touched for ``half_life`` bars, a third after two of them, and so on; when the
    book is full, a new level takes the place of the weakest.

    A touch is forgotten after ``lifetime`` bars, and the levels are then those that the touches
    left would have made: what the book says depends on no older bar.

    Args:
        capacity: Levels kept, at least 1.
        half_life: Bars after which an untouched level counts half.
        lifetime: Bars after which a touch is forgotten.
        remembered: Touches remembered at most; the oldest go first.
    """

    def __init__(
        self, capacity: int = 32, half_life: int = 100, lifetime: int = 500, remembered: int = 256
    ) -> None:
        self.half_life = half_life
        self.lifetime = lifetime
        self.clock = 0  # bars so far
        self.price = [0.0] * capacity
        self.touches = [0] * capacity  # 0: the slot is free
        self.touched = [0] * capacity  # when last
        self.turns = [0.0] * remembered  # a ring: where the price turned,
        self.reaches = [0.0] * remembered  # how far a level might lie from there,
        self.times = [0] * remembered  # and when
        self.oldest = 0
        self.count = 0

    def next_bar(self) -> None:
        """Let a bar pass."""
        self.clock += 1
        gone = 0
        while self.count > 0 and self.clock - self.times[self.oldest] > self.lifetime:
            self.drop_oldest()
            gone += 1
        if gone > 0:
            self.make_again()

    def touch(self, price: float, tolerance: float) -> int:
        """Add a touch to the nearest level within a tolerance, or start a level; return its slot.

        Args:
            price: Where the price turned.
            tolerance: How far a level may lie from it, in the unit of price.
        """
        if self.count == len(self.times):
            self.drop_oldest()
            self.make_again()
        place = (self.oldest + self.count) % len(self.times)
        self.turns[place] = price
        self.reaches[place] = tolerance
        self.times[place] = self.clock
        self.count += 1
        return self.add(place)

    def drop_oldest(self) -> None:
        """Forget the oldest touch."""
        self.oldest = (self.oldest + 1) % len(self.times)
        self.count -= 1

    def make_again(self) -> None:
        """Make the levels of the touches that are remembered."""
        for slot in range(len(self.price)):
            self.price[slot] = 0.0
            self.touches[slot] = 0
            self.touched[slot] = 0
        for number in range(self.count):
            self.add((self.oldest + number) % len(self.times))

    def add(self, place: int) -> int:
        """Let a remembered touch, newer than all that were added, make or move a level."""
        price = self.turns[place]
        now = self.times[place]
        slot = self.nearest(price)
        if slot < 0 or abs(self.price[slot] - price) > self.reaches[place]:
            slot = self.weakest(now)
            self.price[slot] = price
            self.touches[slot] = 0
        self.touches[slot] += 1
        self.touched[slot] = now
        self.price[slot] += (price - self.price[slot]) / self.touches[slot]
        return slot

    def nearest(self, price: float) -> int:
        """Return the slot of the level nearest to a price, -1 when there is none."""
        best = -1
        distance = math.inf
        for slot in range(len(self.price)):
            if self.touches[slot] > 0:
                apart = abs(self.price[slot] - price)
                if apart < distance:
                    best = slot
                    distance = apart
        return best

    def weakest(self, now: int) -> int:
        """Return the slot of the level that is weakest at a bar, a free one if there is any."""
        best = 0
        least = math.inf
        for slot in range(len(self.price)):
            strength = self.strength(slot, now)
            if strength < least:
                best = slot
                least = strength
        return best

    def strength(self, slot: int, now: int) -> float:
        """Return the touches of a level, faded by the time since the last; 0 when it is free."""
        if self.touches[slot] == 0:
            return 0.0
        return self.touches[slot] / (1.0 + (now - self.touched[slot]) / self.half_life)

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
            known = self.touches[slot] > 0 and self.touches[slot] >= touches
            if known and side * (level - price) > 0.0:
                found = nearer(found, level, side)
        return found
