"""What metrics need of a run's instants alone: the same for all trials of a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.errors import DataError
from tradectl_sdk.runs.metrics.periods import (
    infer_frequency,
    last_of_each,
    last_of_each_day,
    months,
)
from tradectl_sdk.runs.metrics.pieces import pieces

if TYPE_CHECKING:
    from tradectl_sdk.runs.metrics.drawdown import Integers
    from tradectl_sdk.runs.metrics.periods import Frequency


@dataclass(frozen=True, eq=False)
class Instants:
    """The times of an equity curve, and where its days and months end.

    Attributes:
        time: UTC nanoseconds, not decreasing, shape (n,), n at least 1.
        session_close: Minutes after midnight UTC at which a trading day ends.

    Raises:
        DataError: If there is no time, or one goes back.
    """

    time: Integers
    session_close: int = 0

    def __post_init__(self) -> None:
        """Check what every metric relies on."""
        if not self.time.size:
            raise DataError("the equity curve is empty, expected at least one point")
        for part in pieces(self.time.size - 1):
            earlier = self.time[part]
            later = self.time[part.start + 1 : part.stop + 1]
            if (later < earlier).any():
                row = part.start + int(np.flatnonzero(later < earlier)[0]) + 1
                raise DataError(f"time of the equity curve went back at row {row}")

    @cached_property
    def _days(self) -> tuple[Integers, Integers]:
        return last_of_each_day(self.time, self.session_close)

    @property
    def day_ends(self) -> Integers:
        """Index of each day's last point, shape (d,)."""
        return self._days[0]

    @property
    def days(self) -> Integers:
        """Each day, counted from 1970, shape (d,)."""
        return self._days[1]

    @cached_property
    def month_ends(self) -> Integers:
        """Index of the last point of each calendar month, shape (m,)."""
        ends, days = self._days
        return ends[last_of_each(months(days))]

    @cached_property
    def frequency(self) -> Frequency | None:
        """Periods in a year as the times show them; None for fewer than two days."""
        return infer_frequency(self._days[1])
