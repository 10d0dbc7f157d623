"""Largest and smallest value of a sliding window.

The ring buffer is used in rounds of ``window`` values. At the end of a round each slot is replaced
by the extreme of itself and all later slots; during the next round the window consists of the new
values so far, whose extreme is carried along, and of what is left of the old round, whose extreme
stands in the next slot. About two comparisons per value whatever the window (van Herk 1992; Gil
and Werman 1993), fewer than a monotonic deque needs, and no data-dependent inner loop.
"""

from __future__ import annotations

import math
from typing import SupportsIndex

from tradectl_sdk.indicators.base import Indicator, whole_number


class RollingMax(Indicator):
    """Largest of the last ``window`` values, in their unit; ready after ``window`` values.

    NaN as long as a NaN is in the window.

    Args:
        window: Number of values looked at, at least 1.

    Raises:
        UsageError: The window is no whole number of at least 1.
    """

    def __init__(self, window: SupportsIndex) -> None:
        self.window = whole_number(window, "window")
        self.ring = [0.0] * self.window
        self.slot = 0
        self.newest = -math.inf
        self.value = math.nan
        self.ready = False

    def update(self, x: float) -> float:
        """Take the next value and return the largest, NaN until ready."""
        if not self.ready and x != x:  # noqa: PLR0124 - NaN is not counted
            return self.value
        slot = self.slot
        ring = self.ring
        newest = self.newest
        if x > newest or x != x:  # noqa: PLR0124 - a NaN stays until it leaves the window
            newest = x
        ring[slot] = x
        slot += 1
        if slot == self.window:
            self.end_round()
            self.value = newest
            return newest
        self.slot = slot
        self.newest = newest
        if self.ready:
            older = ring[slot]
            if older > newest or older != older:  # noqa: PLR0124
                newest = older
            self.value = newest
            return newest
        return self.value

    def end_round(self) -> None:
        """Replace each slot by the largest of itself and all later ones."""
        ring = self.ring
        largest = -math.inf
        for k in range(self.window - 1, -1, -1):
            x = ring[k]
            if x > largest or x != x:  # noqa: PLR0124
                largest = x
            ring[k] = largest
        self.slot = 0
        self.newest = -math.inf
        self.ready = True


class RollingMin(Indicator):
    """Smallest of the last ``window`` values, in their unit; ready after ``window`` values.

    NaN as long as a NaN is in the window.

    Args:
        window: Number of values looked at, at least 1.

    Raises:
        UsageError: The window is no whole number of at least 1.
    """

    def __init__(self, window: SupportsIndex) -> None:
        self.window = whole_number(window, "window")
        self.ring = [0.0] * self.window
        self.slot = 0
        self.newest = math.inf
        self.value = math.nan
        self.ready = False

    def update(self, x: float) -> float:
        """Take the next value and return the smallest, NaN until ready."""
        if not self.ready and x != x:  # noqa: PLR0124 - NaN is not counted
            return self.value
        slot = self.slot
        ring = self.ring
        newest = self.newest
        if x < newest or x != x:  # noqa: PLR0124 - a NaN stays until it leaves the window
            newest = x
        ring[slot] = x
        slot += 1
        if slot == self.window:
            self.end_round()
            self.value = newest
            return newest
        self.slot = slot
        self.newest = newest
        if self.ready:
            older = ring[slot]
            if older < newest or older != older:  # noqa: PLR0124
                newest = older
            self.value = newest
            return newest
        return self.value

    def end_round(self) -> None:
        """Replace each slot by the smallest of itself and all later ones."""
        ring = self.ring
        smallest = math.inf
        for k in range(self.window - 1, -1, -1):
            x = ring[k]
            if x < smallest or x != x:  # noqa: PLR0124
                smallest = x
            ring[k] = smallest
        self.slot = 0
        self.newest = math.inf
        self.ready = True
