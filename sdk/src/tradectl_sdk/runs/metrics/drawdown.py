"""Drawdowns of an equity curve: how deep, how long, how often.

A drawdown is the fraction lost since the highest level so far: 0 at a peak, 0.2 after losing a
fifth, 1 when all is gone, more than 1 only for an account in debt. It is a positive number
everywhere in tradectl. Depths are taken at the curve's full resolution, so a loss inside the day
counts although the day ended well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tradectl_sdk.runs.metrics.moments import Floats, mean

Integers = npt.NDArray[np.int64]

NANOSECONDS_PER_DAY = 86_400_000_000_000


@dataclass(frozen=True, eq=False)
class Drawdowns:
    """The drawdown at every point of a curve, and the k episodes it falls into.

    An episode runs from the first point below a peak to the point that reaches it again.

    Attributes:
        time: UTC nanoseconds of each point, shape (n,).
        depth: Fraction lost since the highest level so far, shape (n,).
        starts: Index of the first point under water of each episode, shape (k,).
        ends: Index of the point that recovered, or n for an episode still open, shape (k,).
        depths: Deepest drawdown of each episode, shape (k,).
    """

    time: Integers
    depth: Floats
    starts: Integers
    ends: Integers
    depths: Floats

    @cached_property
    def max_drawdown(self) -> float:
        """Deepest drawdown; 0 for a curve that never fell, NaN for an empty one."""
        if not self.depth.size:
            return math.nan
        return float(self.depths.max()) if self.depths.size else 0.0

    @property
    def average_drawdown(self) -> float:
        """Mean of the episodes' deepest drawdowns; NaN when there was none."""
        return mean(self.depths)

    @cached_property
    def pain_index(self) -> float:
        """Mean drawdown over all points, peaks included (Becker 2006)."""
        return mean(self.depth)

    @cached_property
    def ulcer_index(self) -> float:
        """Root mean square drawdown over all points (Martin and McCann 1989)."""
        # Not a dot product: a long one is split among threads, and its sum depends on how many.
        return math.sqrt(mean(np.square(self.depth)))

    @property
    def durations(self) -> Floats:
        """Days from each peak to its recovery, or to the last point if it never came; (k,)."""
        last = np.minimum(self.ends, self.time.size - 1)
        # The peak before the first point is the initial level, taken to stand at that point.
        peaks = np.maximum(self.starts - 1, 0)
        spans: Floats = (self.time[last] - self.time[peaks]) / NANOSECONDS_PER_DAY
        return spans

    @property
    def longest(self) -> float:
        """Days of the longest episode; 0 when there was none, NaN for an empty curve."""
        if not self.depth.size:
            return math.nan
        return float(self.durations.max()) if self.depths.size else 0.0

    @property
    def max_drawdown_duration(self) -> float:
        """Days from peak to recovery, or to the end, of the deepest episode; NaN without one."""
        return float(self.durations[self._deepest]) if self.depths.size else math.nan

    @property
    def max_drawdown_recovery(self) -> float:
        """Days from the lowest point of the deepest episode to its recovery; NaN without one."""
        if not self.depths.size or self.ends[self._deepest] == self.time.size:
            return math.nan
        start, end = int(self.starts[self._deepest]), int(self.ends[self._deepest])
        trough = start + int(self.depth[start:end].argmax())
        return float(self.time[end] - self.time[trough]) / NANOSECONDS_PER_DAY

    @property
    def time_under_water(self) -> float:
        """Share of the whole span spent below an earlier peak; NaN for a span of no length."""
        if self.time.size < 2 or self.time[-1] <= self.time[0]:
            return math.nan
        span = float(self.time[-1] - self.time[0]) / NANOSECONDS_PER_DAY
        return float(self.durations.sum()) / span

    @property
    def _deepest(self) -> int:
        return int(self.depths.argmax())


def find_drawdowns(time: Integers, levels: Floats, initial: float = 0.0) -> Drawdowns:
    """Find every drawdown of a curve.

    Args:
        time: UTC nanoseconds, not decreasing, shape (n,).
        levels: Equity, shape (n,).
        initial: Level before the first point. Without it the first point must be positive.

    Returns:
        The drawdowns; one array of the curve's length is made, that of the depths.
    """
    depth: Floats = np.maximum.accumulate(levels)
    np.maximum(depth, initial, out=depth)
    # A quotient of different floats never rounds to 1, so a depth is 0 at a peak and only there.
    np.divide(levels, depth, out=depth)
    np.subtract(1.0, depth, out=depth)
    under = np.zeros(levels.size + 2, dtype=np.int8)
    np.greater(depth, 0.0, out=under[1:-1].view(np.bool_))
    edges = np.flatnonzero(under[1:] != under[:-1]).astype(np.int64)
    starts, ends = edges[::2], edges[1::2]
    depths = np.maximum.reduceat(depth, starts) if starts.size else np.empty(0)
    return Drawdowns(time=time, depth=depth, starts=starts, ends=ends, depths=depths)
