"""The gap ledger: which bars a calendar expects and a series does not have.

Gaps are recorded, never filled. What counts as missing depends on the instrument's calendar:

- ``24/7``: every multiple of the timeframe;
- ``weekdays`` with daily bars: Monday to Friday; public holidays therefore appear in the ledger;
- ``weekdays`` within the day: only holes inside one trading day, since the hours of the session
  are not known; a trading day ends at the instrument's ``session_close``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.timeframe import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl_sdk.data.bars import IntColumn
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.domain.timeframe import Timeframe

DAY = 86_400 * SECOND
WEEK = 7 * DAY
MONDAY = 4 * DAY  # 1970-01-05, the first Monday after the epoch


@dataclass(frozen=True, slots=True, eq=False)
class GapLedger:
    """Missing intervals, oldest first; all arrays of shape ``(n,)``.

    Attributes:
        start: Open time of the first missing bar, nanoseconds UTC.
        end: Open time of the bar that ends the gap, nanoseconds UTC.
        bars: How many bars are missing.
    """

    start: IntColumn
    end: IntColumn
    bars: IntColumn

    def __len__(self) -> int:
        """Number of gaps."""
        return len(self.start)

    @property
    def missing(self) -> int:
        """Number of bars missing in all gaps together."""
        return int(self.bars.sum())

    def until(self, last: int) -> GapLedger:
        """The gaps that ended with a bar at ``last`` or before."""
        kept = self.end <= last
        return GapLedger(self.start[kept], self.end[kept], self.bars[kept])

    def joined(self, later: GapLedger) -> GapLedger:
        """These gaps and later ones."""
        return _concatenate([self, later])


def no_gaps() -> GapLedger:
    """A ledger with nothing in it."""
    return _concatenate([])


def find_gaps(times: Iterable[IntColumn], instrument: Instrument, frame: Timeframe) -> GapLedger:
    """Find the gaps in sorted open times that come in chunks.

    Args:
        times: Chunks of shape ``(n,)``, each continuing the one before.
        instrument: Its calendar and session close decide what is expected.
        frame: The bars' timeframe.
    """
    found: list[GapLedger] = []
    previous = np.empty(0, np.int64)
    for chunk in times:
        joined = np.concatenate((previous, chunk))
        found.append(_gaps_between(joined[:-1], joined[1:], instrument, frame))
        previous = joined[-1:]
    return _concatenate(found)


def _gaps_between(
    before: IntColumn, after: IntColumn, instrument: Instrument, frame: Timeframe
) -> GapLedger:
    step = frame.nanoseconds
    wide = np.flatnonzero(after - before > step)
    start, end = before[wide] + step, after[wide]
    if instrument.calendar == "24/7" or step > DAY:
        missing = (end - start + step - 1) // step
    elif step == DAY:
        missing = weekdays_before(end // DAY) - weekdays_before(start // DAY)
    else:
        shift = instrument.session_close * 60 * SECOND
        same_day = (before[wide] - shift) // DAY == (end - shift) // DAY
        missing = np.where(same_day, (end - start) // step, 0)
    real = missing > 0
    return GapLedger(start[real], end[real], missing[real])


def weekdays_before(day: IntColumn) -> IntColumn:
    """Count Mondays to Fridays from Monday 1969-12-29 up to a day, exclusive.

    Args:
        day: Days since 1970-01-01 (a Thursday), shape ``(n,)``.
    """
    weeks, weekday = np.divmod(day + 3, 7)
    counted: IntColumn = 5 * weeks + np.minimum(weekday, 5)
    return counted


def grid_offset(times: IntColumn, frame: Timeframe) -> IntColumn:
    """How far each time lies behind the start of its bar, in nanoseconds, shape ``(n,)``."""
    origin = MONDAY if frame.nanoseconds % WEEK == 0 else 0
    offset: IntColumn = (times - origin) % frame.nanoseconds
    return offset


def _concatenate(parts: list[GapLedger]) -> GapLedger:
    empty = np.empty(0, np.int64)
    columns = ([part.start, part.end, part.bars] for part in parts)
    joined = [np.concatenate((empty, *column)) for column in zip(*columns, strict=True)]
    return GapLedger(*(joined or [empty, empty, empty]))
