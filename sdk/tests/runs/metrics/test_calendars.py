"""Periods in a year of the calendars that markets keep, counted from their rules."""

from __future__ import annotations

import numpy as np
import pytest
from dateutil.easter import easter
from tradectl_sdk.runs.metrics import Sample, compute_metrics
from tradectl_sdk.runs.metrics.drawdown import NANOSECONDS_PER_DAY
from tradectl_sdk.runs.metrics.periods import infer_frequency

HOUR = NANOSECONDS_PER_DAY // 24
YEARS = range(2010, 2020)
FIRST, END = np.datetime64("2010-01-01"), np.datetime64("2020-01-01")
EVERY_DAY = np.arange(FIRST, END)
WEEKDAYS = EVERY_DAY[np.is_busday(EVERY_DAY)]


def nth(year: int, month: int, weekday: str, number: int) -> np.datetime64:
    """The first, second, ... such weekday of a month; the last one for -1."""
    begin = np.datetime64(f"{year}-{month:02}") + (number < 0)
    day = np.busday_offset(begin.astype("M8[D]"), 0, roll="forward", weekmask=weekday)
    return np.busday_offset(day, number - (number > 0), weekmask=weekday)


def observed(day: np.datetime64) -> np.datetime64:
    """A holiday of Saturday is kept on Friday, one of Sunday on Monday."""
    return day + {5: -1, 6: 1}.get((day.astype(int) + 3) % 7, 0)


def new_york() -> np.ndarray:
    """The trading days of the New York Stock Exchange by its rules, two closures left aside."""
    closed = []
    for year in YEARS:
        new_year = np.datetime64(f"{year}-01-01")
        if (new_year.astype(int) + 3) % 7 != 5:  # that Friday is the old year's last day of trading
            closed.append(observed(new_year))
        closed += [nth(year, 1, "Mon", 3), nth(year, 2, "Mon", 3), nth(year, 5, "Mon", -1)]
        closed += [nth(year, 9, "Mon", 1), nth(year, 11, "Thu", 4)]
        closed += [observed(np.datetime64(f"{year}-{day}")) for day in ("07-04", "12-25")]
        closed.append(np.datetime64(easter(year)) - 2)
    return np.setdiff1d(WEEKDAYS, np.array(closed))


def shanghai() -> np.ndarray:
    """Ten years with about as many holidays as Shanghai has, most of them in two weeks."""
    weeks = [np.datetime64(f"{year}-{day}") for year in YEARS for day in ("02-05", "10-01")]
    closed = np.add.outer(np.array(weeks), np.arange(8)).ravel()
    single = ("01-01", "01-02", "04-05", "05-01", "05-02", "06-10", "09-15", "12-31")
    days = [np.datetime64(f"{year}-{day}") for year in YEARS for day in single]
    return np.setdiff1d(WEEKDAYS, np.concatenate([closed, np.array(days)]))


def currencies() -> np.ndarray:
    """Weekdays but Christmas and New Year."""
    days = [np.datetime64(f"{year}-{day}") for year in YEARS for day in ("01-01", "12-25")]
    return np.setdiff1d(WEEKDAYS, np.array(days))


def kept(days: np.ndarray, share: float) -> np.ndarray:
    return days[np.random.default_rng(5).random(days.size) < share]


def periods(days: np.ndarray) -> float:
    found = infer_frequency(days.astype(np.int64))
    assert found is not None
    return found.periods_per_year


def test_new_york_is_open_as_often_as_it_was() -> None:
    """252 days a year and 251 in 2017; the two days of Sandy and that of 2018 were no holidays."""
    counted = np.unique(new_york().astype("M8[Y]"), return_counts=True)[1]
    assert counted.tolist() == [252, 252, 252, 252, 252, 252, 252, 251, 252, 252]


@pytest.mark.parametrize(
    ("days", "usual", "a_year"),
    [
        (new_york(), 252, 251.9),
        (shanghai(), 252, 243),
        (currencies(), 252, 259.5),
        (EVERY_DAY, 365, 365.2),
        (WEEKDAYS[::5], 52, 52.2),
    ],
)
def test_calendars_have_their_usual_number_that_is_near_what_they_have(
    days: np.ndarray, usual: float, a_year: float
) -> None:
    assert days.size / 10 == pytest.approx(a_year, abs=1.5)
    assert periods(days) == usual
    assert abs(np.sqrt(usual / (days.size / 10)) - 1) < 0.02, "what a ratio is off by"


def test_any_quarter_of_any_calendar_has_the_usual_number() -> None:
    """Holidays come together: a series of a few months may miss a tenth of its days at once."""
    usual = ((new_york(), 252), (shanghai(), 252), (currencies(), 252), (EVERY_DAY, 365))
    for days, number in usual:
        for first in range(0, days.size - 65, 13):
            assert periods(days[first : first + 65]) == number


@pytest.mark.parametrize("share", [0.9, 0.75, 0.6])
@pytest.mark.parametrize("days", [new_york(), EVERY_DAY, WEEKDAYS[::5]])
def test_where_more_is_missing_a_year_has_the_returns_it_has(
    days: np.ndarray, share: float
) -> None:
    some = kept(days, share)
    average = (some[-1] - some[0]).astype(int) / (some.size - 1)
    assert periods(some) == pytest.approx(365.25 / average, rel=1e-12)
    found = infer_frequency(some.astype(np.int64))
    assert found is not None
    assert found.basis.endswith(f"equity every {average:.1f} days on average")
    assert "some are missing" in found.basis or share < 0.7


def test_what_a_year_moves_does_not_depend_on_the_days_that_are_missing() -> None:
    """A random walk that is looked at less often is as volatile a year, and as good."""
    days = new_york()
    price = 100 * np.exp(np.random.default_rng(2).normal(0.0006, 0.01, days.size).cumsum())
    found = []
    for share in (1.0, 0.75, 0.6):
        looked = np.random.default_rng(7).random(days.size) < share
        time = days[looked].astype(np.int64) * NANOSECONDS_PER_DAY + 21 * HOUR
        report = compute_metrics(Sample(time=time, equity=price[looked], initial_equity=100.0))
        found.append((report.values["annual_volatility"], report.values["sharpe_ratio"]))
    whole, *parts = found
    assert whole[0] == pytest.approx(0.01 * np.sqrt(252), rel=0.03)
    for part in parts:
        assert part == pytest.approx(whole, rel=0.05)


def equity_at(time: np.ndarray, session_close: int = 0) -> object:
    curve = 100 + np.arange(time.size) % 7
    sample = Sample(
        time=time, equity=curve.astype(float), initial_equity=100.0, session_close=session_close
    )
    return compute_metrics(sample).conventions["periods_per_year"]


def test_hourly_bars_have_the_periods_of_their_days() -> None:
    def hours(days: np.ndarray, at: np.ndarray) -> np.ndarray:
        midnight = days[:500].astype(np.int64) * NANOSECONDS_PER_DAY
        return np.add.outer(midnight, (at * HOUR).astype(np.int64)).ravel()

    assert equity_at(hours(new_york(), np.arange(15.5, 22))) == 252
    assert equity_at(hours(EVERY_DAY, np.arange(1, 25))) == 365
    always = hours(EVERY_DAY, np.arange(1, 25))
    at = (always // HOUR - 1 + 72) % 168  # the hour of the week that a bar opened in, from Monday
    open_ = always[(at < 4 * 24 + 22) | (at >= 6 * 24 + 22)]
    assert equity_at(open_, session_close=22 * 60) == 252
    assert equity_at(open_) == 312, "by midnight a week has a short Sunday, and so six returns"
