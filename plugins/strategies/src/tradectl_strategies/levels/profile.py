"""Volume by price over a rolling window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from tradectl_sdk.indicators import Indicator

from tradectl_strategies.levels.choice import nearer

if TYPE_CHECKING:
    from collections.abc import MutableSequence

ROUNDING = 1e-9  # shares of the volume that tell no two bins apart
FLAT = 1e-6  # height of a bin, as a share of the price, where the price did not move at all


class VolumeProfile(Indicator):
    """Volume traded at each price in the last ``window`` bars.

    ``value`` is the point of control, the middle of the bin with most volume; ``upper`` and
    ``lower`` are the edges of the value area: from the point of control it takes in the fuller
    neighbour, bin by bin, until it holds ``area`` of all volume (Steidlmayer's market profile,
    by volume instead of time). A *node* is a bin fuller than its neighbours that holds at least
    ``node`` of the volume at the point of control.

    A bar's volume is shared equally among the bins between its low and its high. The grid depends
    on the window's range alone and is laid anew when that makes it another one: no older bar has a
    say in any level. Ready after ``window`` bars, with the first volume.

    Args:
        window: Bars looked at, at least 1.
        bins: Bins at most, those beside the lowest and the highest price among them, at least 5.
        area: Share of the volume in the value area.
        node: Least share of the point of control's volume that makes a node.
    """

    OUTPUTS: ClassVar[tuple[str, ...]] = ("value", "upper", "lower")

    def __init__(
        self, window: int = 120, bins: int = 40, area: float = 0.7, node: float = 0.5
    ) -> None:
        self.window = window
        self.area = area
        self.node = node
        self.highs = [0.0] * window
        self.lows = [0.0] * window
        self.volumes = [0.0] * window
        self.slot = 0
        self.bars = 0
        self.slack = 0.0  # volumes as near to each other are equal but for rounding
        self.low = math.inf  # of the window
        self.high = -math.inf
        self.bins = [0.0] * bins
        self.origin = math.inf  # lower edge of the first bin; no bar lies on this grid yet
        self.height = 1.0  # of a bin, in the unit of price
        self.value = math.nan
        self.upper = math.nan
        self.lower = math.nan
        self.ready = False

    def update(self, high: float, low: float, volume: float) -> float:
        """Take the next bar and return the point of control, NaN until ready."""
        slot = self.slot
        leaving = self.bars == self.window
        at_edge = leaving and (self.highs[slot] >= self.high or self.lows[slot] <= self.low)
        if leaving:
            self.spread(slot, -1.0)
        else:
            self.bars += 1
        self.highs[slot] = high
        self.lows[slot] = low
        self.volumes[slot] = volume
        self.slot = (slot + 1) % self.window
        self.low = min(self.low, low)
        self.high = max(self.high, high)
        if at_edge:
            self.find_range()
        if self.fit_grid():
            self.fill()
        else:
            self.spread(slot, 1.0)
        self.measure()
        return self.value

    def find_range(self) -> None:
        """Find the lowest and the highest price of the window."""
        self.low = math.inf
        self.high = -math.inf
        for k in range(self.bars):
            self.low = min(self.low, self.lows[k])
            self.high = max(self.high, self.highs[k])

    def fit_grid(self) -> bool:
        """Choose the grid for the range; return whether it is another one.

        A spare bin lies on either side, so that each bin with volume has two neighbours.
        """
        least = (self.high - self.low) / (len(self.bins) - 4)
        height = rung(max(least, FLAT * abs(self.low), 1e-12))
        origin = (math.floor(self.low / height) - 1.0) * height
        same = height == self.height and origin == self.origin
        self.height = height
        self.origin = origin
        return not same

    def fill(self) -> None:
        """Fill the bins with what the window holds."""
        for b in range(len(self.bins)):
            self.bins[b] = 0.0
        for k in range(self.bars):
            self.spread(k, 1.0)

    def spread(self, slot: int, sign: float) -> None:
        """Share a remembered bar's volume among its bins; take it back with ``sign`` -1."""
        first = self.bin_of(self.lows[slot])
        last = self.bin_of(self.highs[slot])
        share = sign * self.volumes[slot] / (last - first + 1)
        for b in range(first, last + 1):
            self.bins[b] += share

    def bin_of(self, price: float) -> int:
        """Return the bin a price on the grid falls into."""
        place = int((price - self.origin) / self.height)
        return min(max(place, 0), len(self.bins) - 1)

    def measure(self) -> None:
        """Find the point of control and the value area around it."""
        total = 0.0
        for b in range(len(self.bins)):
            total += self.bins[b]
        self.slack = ROUNDING * total
        control = 0
        for b in range(1, len(self.bins)):
            if self.bins[b] > self.bins[control] + self.slack:
                control = b
        if self.bars < self.window or total <= 0.0:
            return
        first = control
        last = control
        held = self.bins[control]
        enough = self.area * total - self.slack
        while held < enough and (first > 0 or last < len(self.bins) - 1):
            above = self.bins[last + 1] if last < len(self.bins) - 1 else -1.0
            below = self.bins[first - 1] if first > 0 else -1.0
            if above >= below - self.slack:
                last += 1
                held += above
            else:
                first -= 1
                held += below
        self.value = self.middle(control)
        self.upper = self.origin + self.height * (last + 1)
        self.lower = self.origin + self.height * first
        self.ready = True

    def middle(self, place: int) -> float:
        """Return the price in the middle of a bin."""
        return self.origin + self.height * (place + 0.5)

    def beyond(self, price: float, side: int) -> float:
        """Return the next edge of the value area or node from a price in a direction.

        Args:
            price: Where to look from; a level at this very price does not count.
            side: +1 upwards, -1 downwards.
        """
        found = math.nan
        if not self.ready:
            return found
        if side * (self.upper - price) > 0.0:
            found = nearer(found, self.upper, side)
        if side * (self.lower - price) > 0.0:
            found = nearer(found, self.lower, side)
        least = self.node * self.bins[self.bin_of(self.value)]
        for b in range(1, len(self.bins) - 1):
            volume = self.bins[b]
            full = volume >= least - self.slack
            above_left = volume > self.bins[b - 1] + self.slack
            peak = full and above_left and volume >= self.bins[b + 1] - self.slack
            if peak and side * (self.middle(b) - price) > 0.0:
                found = nearer(found, self.middle(b), side)
        return found

    def write(self, out: MutableSequence[float], at: int) -> None:
        """Store the outputs, in the order of ``OUTPUTS``, in ``out`` from index ``at`` on."""
        out[at] = self.value
        out[at + 1] = self.upper
        out[at + 2] = self.lower


def rung(least: float) -> float:
    """Return the lowest height of a fixed ladder, eight rungs to the double, that is enough."""
    power = 1.0
    while power < least:
        power *= 2.0
    while power * 0.5 >= least:
        power *= 0.5
    step = power * 0.0625
    height = power * 0.5 + step
    while height < least:
        height += step
    return height
