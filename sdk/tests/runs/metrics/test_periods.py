from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.runs.metrics.drawdown import NANOSECONDS_PER_DAY
from tradectl_sdk.runs.metrics.periods import (
    infer_frequency,
    last_of_each,
    last_of_each_day,
    months,
    trading_days,
)

MONDAY = 19_723  # 2024-01-01
HOUR = 3_600_000_000_000


def on_weekdays(count: int, *excluded: int) -> np.ndarray:
    days = np.arange(MONDAY, MONDAY + count)
    return days[~np.isin((days - MONDAY) % 7, excluded)]


@pytest.mark.parametrize(
    ("days", "periods"),
    [
        (on_weekdays(400), 365),
        (on_weekdays(400, 5, 6), 252),
        (on_weekdays(400, 5), 312),
        (np.arange(0, 700, 7), 52),
        (np.cumsum(np.tile([31, 28, 31, 30], 9)), 12),
        (np.cumsum(np.tile([90, 91, 92, 92], 5)), 4),
        (np.cumsum(np.full(8, 365)), 1),
        (np.arange(0, 200, 10), 36.525),
        (np.arange(0, 600, 3), 121.75),
        (np.arange(0, 600, 2), 182.625),
        (on_weekdays(400, 1, 3, 5, 6)[:-1], 156.7992424242424),
    ],
)
def test_periods_in_a_year_follow_from_the_days(days: np.ndarray, periods: float) -> None:
    frequency = infer_frequency(days)
    assert frequency is not None
    assert frequency.periods_per_year == periods


def test_holidays_and_a_stray_sunday_do_not_turn_a_stock_into_a_currency() -> None:
    days = np.setdiff1d(on_weekdays(400, 5, 6), [MONDAY + 14, MONDAY + 45])
    days = np.union1d(days, [MONDAY + 6])
    frequency = infer_frequency(days)
    assert frequency is not None
    assert frequency.periods_per_year == 252


def test_less_than_a_week_is_said_to_be_an_assumption() -> None:
    frequency = infer_frequency(np.arange(MONDAY, MONDAY + 3))
    assert frequency is not None
    assert (frequency.periods_per_year, "assumed" in frequency.basis) == (252, True)


def test_one_day_tells_nothing() -> None:
    assert infer_frequency(np.array([MONDAY])) is None


def test_the_bar_that_closes_at_midnight_belongs_to_yesterday() -> None:
    midnight = MONDAY * NANOSECONDS_PER_DAY
    days = trading_days(np.array([midnight - HOUR, midnight, midnight + 1]))
    assert days.tolist() == [MONDAY - 1, MONDAY - 1, MONDAY]


def test_a_session_that_closes_in_the_evening_is_named_after_that_evening() -> None:
    midnight = MONDAY * NANOSECONDS_PER_DAY
    times = midnight + HOUR * np.array([-1, 12, 22, 23])
    assert trading_days(times, 22 * 60).tolist() == [MONDAY, MONDAY, MONDAY, MONDAY + 1]


@given(
    st.lists(st.integers(0, 40 * 24), min_size=1, max_size=80).map(sorted),
    st.integers(0, 1439),
)
def test_the_last_points_of_days_are_those_after_which_the_day_changes(
    hours: list[int], session_close: int
) -> None:
    time = MONDAY * NANOSECONDS_PER_DAY + HOUR * np.array(hours)
    labels = trading_days(time, session_close)
    ends, days = last_of_each_day(time, session_close)
    assert ends.tolist() == last_of_each(labels).tolist()
    assert days.tolist() == sorted(set(labels.tolist()))


def test_last_points_and_months() -> None:
    assert last_of_each(np.array([1, 1, 2, 5, 5])).tolist() == [1, 2, 4]
    assert last_of_each(np.array([], dtype=np.int64)).size == 0
    assert months(np.array([MONDAY - 1, MONDAY, MONDAY + 31])).tolist() == [647, 648, 649]
