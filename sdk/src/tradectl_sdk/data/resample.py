"""Longer bars from shorter ones: completed bars only, nothing filled in.

A longer bar starts at a whole multiple of its timeframe (weeks on Mondays) and is made of the
shorter bars that open inside it. It is complete when the data cover it from its start to its
end; only the first and the last can be incomplete, since a hole in the middle is a fact about
the market or a gap in the ledger, not a bar that is still forming. Aggregating in two steps
therefore gives the same bars as in one, but for the ends of sparse data: where the only evidence
that the first or the last bar is whole was an incomplete bar that the first step left out, the
second step leaves that bar out as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data.bars import Bars
from tradectl_sdk.data.gaps import DAY, MONDAY, WEEK, grid_offset
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tradectl_sdk.data.bars import IntColumn


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """Longer bars with what they were made from.

    Attributes:
        bars: All of them, complete or not.
        complete: Whether each is covered from start to end, shape ``(n,)``.
        parts: How many shorter bars went into each, shape ``(n,)``.
    """

    bars: Bars
    complete: NDArray[np.bool_]
    parts: IntColumn

    def completed(self) -> Bars:
        """Only the bars that can no longer change."""
        kept = np.flatnonzero(self.complete)
        return (
            self.bars.rows(int(kept[0]), int(kept[-1]) + 1) if len(kept) else self.bars.rows(0, 0)
        )


def resample(bars: Bars, timeframe: Timeframe | str) -> Bars:
    """Aggregate bars into completed bars of a longer timeframe.

    Args:
        bars: Shorter bars.
        timeframe: A whole multiple of theirs.

    Raises:
        UsageError: If it is not a multiple.
    """
    return aggregate(bars, timeframe).completed()


def aggregate(bars: Bars, timeframe: Timeframe | str) -> Resampled:
    """Aggregate bars into longer ones and say which of them are complete.

    Raises:
        UsageError: If the timeframe is not a whole multiple of the bars' own.
    """
    frame = Timeframe.parse(timeframe)
    _check_multiple(bars.timeframe, frame)
    start = bars.time - grid_offset(bars.time, frame)
    edges = np.flatnonzero(np.diff(start, prepend=start[:1] - 1))
    if not len(edges):
        return Resampled(replace(bars, timeframe=frame), np.empty(0, np.bool_), bars.time)
    last = np.append(edges[1:], len(bars)) - 1
    longer = Bars(
        instrument=bars.instrument,
        timeframe=frame,
        time=start[edges],
        open=bars.open[edges],
        high=np.maximum.reduceat(bars.high, edges),
        low=np.minimum.reduceat(bars.low, edges),
        close=bars.close[last],
        volume=np.add.reduceat(bars.volume, edges),
    )
    complete = np.ones(len(longer), np.bool_)
    complete[0] &= bars.time[0] == start[0]
    complete[-1] &= bars.close_time[-1] >= _last_moment(longer)
    return Resampled(longer, complete, last - edges + 1)


def _check_multiple(short: Timeframe, long: Timeframe) -> None:
    step = short.nanoseconds
    weeks_fit = long.nanoseconds % WEEK or MONDAY % step == 0
    if long.nanoseconds % step or not weeks_fit:
        raise UsageError(f"timeframe was {long}, expected a whole multiple of {short}")


def _last_moment(longer: Bars) -> int:
    """When nothing more can be added to the last bar; weeks of weekdays end on Friday night."""
    end = int(longer.close_time[-1])
    is_week = longer.timeframe.nanoseconds % WEEK == 0
    weekend = 2 * DAY if is_week and longer.instrument.calendar == "weekdays" else 0
    return end - weekend
