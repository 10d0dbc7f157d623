from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.data.gaps import find_gaps, grid_offset, weekdays_before
from tradectl_sdk.domain.timeframe import Timeframe

if TYPE_CHECKING:
    from tradectl_sdk.domain.instrument import Instrument

MINUTE = 60 * 10**9


def times(*stamps: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(stamps, "datetime64[ns]").astype(np.int64)


@given(st.sets(st.integers(0, 200), min_size=1), st.integers(1, 7))
def test_every_missing_minute_is_counted_however_the_times_are_cut(
    kept: set[int], size: int
) -> None:
    from decimal import Decimal

    from tradectl_sdk.domain.instrument import Instrument

    spot = Instrument(symbol="X", venue="T", tick_size=Decimal(1), lot_size=Decimal(1))
    minutes = np.array(sorted(kept), np.int64)
    chunks = np.array_split(minutes * MINUTE, size)
    gaps = find_gaps(chunks, spot, Timeframe.parse("1m"))
    missing = [m for a, b in zip(gaps.start, gaps.end, strict=True)
               for m in range(int(a) // MINUTE, int(b) // MINUTE)]  # fmt: skip
    assert set(missing) == set(range(min(kept), max(kept) + 1)) - kept
    assert gaps.missing == len(missing)


def test_weekends_are_no_gaps_but_holidays_are(instrument: Instrument) -> None:
    stock = replace(instrument, calendar="weekdays")
    days = times("2024-12-20", "2024-12-23", "2024-12-24", "2024-12-27", "2024-12-30")
    gaps = find_gaps([days], stock, Timeframe.parse("1d"))
    assert (list(gaps.start), list(gaps.end)) == (
        list(times("2024-12-25")),
        list(times("2024-12-27")),
    )
    assert gaps.missing == 2


def test_nights_are_no_gaps_where_the_session_is_not_known(instrument: Instrument) -> None:
    stock = replace(instrument, calendar="weekdays")
    hours = times("2024-12-23T20:00", "2024-12-24T14:00", "2024-12-24T17:00")
    gaps = find_gaps([hours], stock, Timeframe.parse("1h"))
    assert (len(gaps), gaps.missing) == (1, 2)
    assert find_gaps([hours], instrument, Timeframe.parse("1h")).missing == 17 + 2


def test_a_trading_day_may_end_before_midnight(instrument: Instrument) -> None:
    future = replace(instrument, calendar="weekdays", session_close=22 * 60)
    hours = times("2024-12-23T21:00", "2024-12-23T23:00")
    assert find_gaps([hours], future, Timeframe.parse("1h")).missing == 0
    other = replace(future, session_close=0)
    assert find_gaps([hours], other, Timeframe.parse("1h")).missing == 1


@pytest.mark.parametrize("chunks", [[], [np.empty(0, np.int64)], [times("2024-01-01")]])
def test_fewer_than_two_bars_have_no_gaps(
    instrument: Instrument, chunks: list[np.ndarray[tuple[int], np.dtype[np.int64]]]
) -> None:
    assert len(find_gaps(chunks, instrument, Timeframe.parse("1d"))) == 0


def test_weeks_start_on_monday() -> None:
    mondays = times("1969-12-29", "1970-01-05", "2024-01-01")
    assert not grid_offset(mondays, Timeframe.parse("1w")).any()
    assert grid_offset(mondays + 1, Timeframe.parse("1w")).all()


def test_weekdays_are_counted_before_the_epoch_too() -> None:
    days = np.arange(-3000, 3000)
    weekday = np.array([(np.datetime64(int(d), "D").item().weekday() < 5) for d in days])
    assert np.array_equal(np.diff(weekdays_before(days)), weekday[:-1])
