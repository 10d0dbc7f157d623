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
from tradectl_sdk.runs.metrics.pieces import pieces, sums

Integers = npt.NDArray[np.int64]

NANOSECONDS_PER_DAY = 86_400_000_000_000
_STRETCH = 2048  # points looked at together


@dataclass(frozen=True, eq=False)
class Drawdowns:
    """The k episodes that the drawdown of a curve falls into, and what it is on the whole.

    An episode runs from the first point below a peak to the point that reaches it again.

    Attributes:
        time: UTC nanoseconds of each point, shape (n,).
        levels: The curve, shape (n,).
        initial: Level before the first point.
        starts: Index of the first point under water of each episode, shape (k,).
        ends: Index of the point that recovered, or n for an episode still open, shape (k,).
        depths: Deepest drawdown of each episode, shape (k,).
        sums: Sum of all points' drawdowns, and of their squares.
    """

    time: Integers
    levels: Floats
    initial: float
    starts: Integers
    ends: Integers
    depths: Floats
    sums: Floats

    @property
    def depth(self) -> Floats:
        """Fraction lost since the highest level so far at every point, shape (n,)."""
        return _depth(self.levels, self.initial)

    @cached_property
    def max_drawdown(self) -> float:
        """Deepest drawdown; 0 for a curve that never fell, NaN for an empty one."""
        if not self.levels.size:
            return math.nan
        return float(self.depths.max()) if self.depths.size else 0.0

    @property
    def average_drawdown(self) -> float:
        """Mean of the episodes' deepest drawdowns; NaN when there was none."""
        return mean(self.depths)

    @cached_property
    def pain_index(self) -> float:
        """Mean drawdown over all points, peaks included (Becker 2006)."""
        return self._mean(self.sums[0])

    @cached_property
    def ulcer_index(self) -> float:
        """Root mean square drawdown over all points (Martin and McCann 1989)."""
        return math.sqrt(self._mean(self.sums[1]))

    def _mean(self, total: float) -> float:
        return float(total / self.levels.size) if self.levels.size else math.nan

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
        if not self.levels.size:
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
        peak = float(self.levels[start - 1]) if start else self.initial
        trough = _deepest_point(self.levels, start, end, peak)
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
        The drawdowns; no array of the curve's length is made on the way.
    """
    sweep = _Sweep(levels, initial)
    total = sums(levels.size, sweep.take)
    return Drawdowns(time, levels, initial, *sweep.episodes(), total)


@dataclass(frozen=True, slots=True, eq=False)
class Extremes:
    """The lowest and the highest of each stretch of a curve, in order: one look says much of it.

    Attributes:
        levels: The curve, shape (n,).
        lowest: Of each stretch, NaN where it holds one, shape (m,); the last one may be shorter.
        highest: Likewise.
    """

    levels: Floats
    lowest: Floats
    highest: Floats

    @classmethod
    def of(cls, levels: Floats) -> Extremes:
        """Look at a curve."""
        starts = np.arange(0, levels.size, _STRETCH)
        return cls(levels, np.minimum.reduceat(levels, starts), np.maximum.reduceat(levels, starts))

    @property
    def finite(self) -> bool:
        """Whether every point is a finite number."""
        low = np.minimum.reduce(self.lowest, initial=0.0)
        return math.isfinite(low) and math.isfinite(np.maximum.reduce(self.highest, initial=0.0))

    def max_drawdown(self, initial: float = 0.0) -> float:
        """Deepest drawdown alone, as :attr:`Drawdowns.max_drawdown`, for who needs no episodes.

        Looks at every point of those stretches only that may hold the deepest one: where all is
        above zero, nothing is deeper than a stretch's lowest point below the highest so far at its
        end, and something is as deep as below the highest before it. Rounding keeps that order.
        """
        if not self.levels.size:
            return math.nan
        lowest = self.lowest
        peaks = np.maximum.accumulate(np.concatenate(([initial], self.highest)))
        if not (initial > 0 and np.minimum.reduce(lowest) > 0):
            return float(_depth(self.levels, initial).max())
        known = max(1.0 - float(np.minimum.reduce(lowest / peaks[:-1])), 0.0)
        left = lowest / peaks[1:]
        if 1.0 - float(np.minimum.reduce(left)) <= known:
            return known
        most = 1.0 - left
        doubtful = np.flatnonzero(most > known)
        for number in doubtful[np.argsort(-most[doubtful])]:
            if most[number] <= known:
                break
            stretch = self.levels[number * _STRETCH : (number + 1) * _STRETCH]
            known = max(known, float(_depth(stretch, float(peaks[number])).max()))
        return known


def max_drawdown(levels: Floats, initial: float = 0.0) -> float:
    """Deepest drawdown of a curve; see :meth:`Extremes.max_drawdown`."""
    return Extremes.of(levels).max_drawdown(initial)


def _depth(levels: Floats, peak: float) -> Floats:
    """Fraction lost at each point since the highest level, that of the past included."""
    depth: Floats = np.maximum.accumulate(levels)
    np.maximum(depth, peak, out=depth)
    # A quotient of different floats never rounds to 1, so a depth is 0 at a peak and only there.
    np.divide(levels, depth, out=depth)
    np.subtract(1.0, depth, out=depth)
    return depth


def _deepest_point(levels: Floats, start: int, end: int, peak: float) -> int:
    """The first of the lowest points of an episode."""
    place, deepest = start, -math.inf
    for part in pieces(end - start):
        depth = 1.0 - levels[start + part.start : start + part.stop] / peak
        at = int(depth.argmax())
        if depth[at] > deepest:
            place, deepest = start + part.start + at, float(depth[at])
    return place


class _Sweep:
    """Goes over a curve in pieces and remembers its episodes."""

    def __init__(self, levels: Floats, initial: float) -> None:
        self._levels = levels
        self._peak = initial
        self._deepest = 0.0  # of the episode that is open; 0 when none is
        self._starts: list[Integers] = []
        self._ends: list[Integers] = []
        self._depths: list[Floats] = []

    def take(self, part: slice) -> tuple[Floats, Floats]:
        """Go over the next piece; returns the drawdown of each of its points, and its square."""
        levels = self._levels[part]
        depth = _depth(levels, self._peak)
        self._peak = max(self._peak, float(levels.max(initial=-math.inf)))
        open_before = self._deepest > 0
        under = np.zeros(levels.size + 1, dtype=np.bool_)
        under[0] = open_before
        np.greater(depth, 0.0, out=under[1:])
        edges = np.flatnonzero(under[1:] != under[:-1]).astype(np.int64)
        starts, ends = (edges[1::2], edges[::2]) if open_before else (edges[::2], edges[1::2])
        self._starts.append(starts + part.start)
        self._ends.append(ends + part.start)
        self._note_depths(depth, starts, open_before=open_before, open_after=bool(under[-1]))
        # Not a dot product: a long one is split among threads, and its sum depends on how many.
        return depth, np.square(depth)

    def _note_depths(
        self, depth: Floats, starts: Integers, *, open_before: bool, open_after: bool
    ) -> None:
        """Add the deepest points of the episodes that ended; keep that of the one still open."""
        begins = np.concatenate(([0], starts)) if open_before else starts
        if not begins.size:
            return
        depths = np.maximum.reduceat(depth, begins)
        if open_before:
            depths[0] = max(depths[0], self._deepest)
        self._deepest = float(depths[-1]) if open_after else 0.0
        self._depths.append(depths[:-1] if open_after else depths)

    def episodes(self) -> tuple[Integers, Integers, Floats]:
        """Starts, ends and depths of all episodes, the one still open at the end included."""
        if self._deepest > 0:
            self._ends.append(np.array([self._levels.size]))
            self._depths.append(np.array([self._deepest]))
        none = np.empty(0, np.int64)
        return (
            np.concatenate([none, *self._starts]),
            np.concatenate([none, *self._ends]),
            np.concatenate([np.empty(0), *self._depths]),
        )
