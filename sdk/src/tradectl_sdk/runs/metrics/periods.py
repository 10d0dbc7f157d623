"""From an equity curve of any resolution to daily returns and a number of periods in a year.

Conventions, the same for every run and printed with it:

- Ratios are taken from *daily* returns: the last equity of each trading day. A curve with one
  point a day or fewer is used as it is. Intraday returns would make the ratios depend on the bar
  length and on the intraday autocorrelation.
- A point at the very end of a day belongs to that day: bars are known at their close, and the bar
  that closes at midnight is yesterday's last.
- The number of periods in a year follows from the timestamps: 365 for daily data on all seven days
  of the week, 312 on six, 252 on five, 52, 12, 4 or 1 for weekly to yearly data, and as many as
  there are on average for others, such as bars of three days, and where more is missing than
  holidays: a ratio is annualised by the returns that a year has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradectl_sdk.runs.metrics.drawdown import NANOSECONDS_PER_DAY, Integers

DAYS_PER_YEAR = 365.25
_NANOSECONDS_PER_MINUTE = 60_000_000_000
_NOON = 720  # minutes after midnight
_WEEK = 7
# Distinct weekdays seen -> trading days in a year.
_TRADING_DAYS = {7: 365.0, 6: 312.0, 5: 252.0}
# A weekday counts when at least this share of the days fall on it: holidays' shortened sessions
# and a stray Sunday bar do not turn a stock into a currency.
_WEEKDAY_SHARE = 0.05
# What may be missing before a year's usual number is none of this series: a share, for calendars
# with more holidays (242 days in Shanghai), and some at once, as in a short series over a holiday.
_MISSING_SHARE = 0.05
_MISSING_DAYS = 10
# Median distance in days, from and to -> periods in a year, what they are.
_REGULAR = (
    (6, 8, 52.0, "weekly"),
    (27, 32, 12.0, "monthly"),
    (88, 93, 4.0, "quarterly"),
    (360, 371, 1.0, "yearly"),
)


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often the equity is sampled, and how that was found out.

    Attributes:
        periods_per_year: Sampling periods in a year.
        basis: The reason in words, for the report.
    """

    periods_per_year: float
    basis: str


def trading_days(time: Integers, session_close: int = 0) -> Integers:
    """Number each point's trading day, counted from 1970-01-01; shape (n,).

    Args:
        time: UTC nanoseconds, shape (n,).
        session_close: Minutes after midnight UTC at which a trading day ends. The day is named
            after the date on which most of it lies.
    """
    days: Integers = (time - (_close_shift(session_close) + 1)) // NANOSECONDS_PER_DAY
    return days


def _close_shift(session_close: int) -> int:
    """Nanoseconds from the midnight that ends a day's date to the close of that day."""
    minutes = session_close if session_close <= _NOON else session_close - 2 * _NOON
    return minutes * _NANOSECONDS_PER_MINUTE


def last_of_each_day(time: Integers, session_close: int = 0) -> tuple[Integers, Integers]:
    """Find the last point of every trading day that has one.

    Args:
        time: UTC nanoseconds, not decreasing, shape (n,), n at least 1.
        session_close: As for ``trading_days``.

    Returns:
        Indices of the points and numbers of their days, shape (d,) each.
    """
    first, last = (int(day) for day in trading_days(time[[0, -1]], session_close))
    days = np.arange(first, last + 1)
    # Looking up where each day ends touches far fewer points than labelling every one.
    closes = (days + 1) * NANOSECONDS_PER_DAY + _close_shift(session_close)
    ends = np.searchsorted(time, closes, side="right") - 1
    kept = np.diff(ends, prepend=-1) > 0
    return ends[kept], days[kept]


def last_of_each(labels: Integers) -> Integers:
    """Index of the last point of each run of equal labels; labels must not decrease."""
    if not labels.size:
        return np.empty(0, dtype=np.int64)
    changes = np.flatnonzero(labels[1:] != labels[:-1])
    return np.append(changes, labels.size - 1).astype(np.int64)


def months(days: Integers) -> Integers:
    """Number each day's calendar month, counted from January 1970; shape (n,)."""
    numbers: Integers = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
    return numbers


def infer_frequency(days: Integers) -> Frequency | None:
    """Find the periods in a year from the days on which there is equity.

    Args:
        days: Day numbers, increasing, one per sampled point, shape (n,).

    Returns:
        The frequency, or None for fewer than two days.
    """
    if days.size < 2:
        return None
    gaps = np.diff(days)
    typical = float(np.median(gaps))
    usual = next(
        (
            Frequency(periods, f"{name} equity")
            for low, high, periods, name in _REGULAR
            if low <= typical <= high
        ),
        _daily_frequency(days) if typical < 2 else None,
    )
    if usual is not None and not _lacks(days, usual.periods_per_year):
        return usual
    average = float(gaps.mean())
    found = f"equity every {average:.1f} days on average"
    if usual is not None:
        found = f"{usual.basis}, of which some are missing: {found}"
    return Frequency(DAYS_PER_YEAR / average, found)


def _lacks(days: Integers, periods: float) -> bool:
    """Whether more is missing than what a calendar leaves out."""
    expected = float(days[-1] - days[0]) / DAYS_PER_YEAR * periods
    at_once = _MISSING_DAYS * periods / _TRADING_DAYS[5]
    return expected - (days.size - 1) > _MISSING_SHARE * expected + max(at_once, 1.0)


def _daily_frequency(days: Integers) -> Frequency:
    counts = np.bincount(days % _WEEK, minlength=_WEEK)
    seen = int(np.count_nonzero(counts >= _WEEKDAY_SHARE * days.size))
    if days[-1] - days[0] < _WEEK:
        # Too short to see a whole week: five days unless it ran through without a break.
        consecutive = int(days[-1] - days[0]) + 1 == days.size and seen > 5
        periods = _TRADING_DAYS[7 if consecutive else 5]
        return Frequency(periods, f"daily equity of less than a week, {periods:.0f} assumed")
    return Frequency(
        _TRADING_DAYS.get(seen, _TRADING_DAYS[5]), f"daily equity on {seen} days of the week"
    )
