from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.data import Bars, resample
from tradectl_sdk.data.resample import aggregate
from tradectl_sdk.data.walk import random_walk
from tradectl_sdk.errors import UsageError

WALK = random_walk(3 * 24 * 60 * 7, seed=5)
MINUTE = 60 * 10**9
HOUR = 60 * MINUTE


def with_holes(keep: list[int]) -> Bars:
    """The walk's bars at some positions, counted from its fourth day."""
    kept = np.array(sorted(keep)) + 3 * 1440
    columns = {name: getattr(WALK, name)[kept] for name in
               ("time", "open", "high", "low", "close", "volume")}  # fmt: skip
    return replace(WALK, **columns)


FRAMES = st.sampled_from(
    [("5m", "1h"), ("3m", "15m"), ("15m", "4h"), ("1h", "1d"), ("30m", "1h"), ("1d", "1w")]
)


@settings(deadline=None, max_examples=50)
@given(st.sets(st.integers(0, 3000), max_size=200), FRAMES, st.integers(0, 1440))
def test_aggregating_twice_equals_aggregating_once(
    keep: set[int], frames: tuple[str, str], tail: int
) -> None:
    bars = with_holes([*range(-1440 - tail, 0), *keep, *range(3001, 3001 + 1440 + tail)])
    assert resample(resample(bars, frames[0]), frames[1]) == resample(bars, frames[1])


@settings(deadline=None, max_examples=50)
@given(st.sets(st.integers(0, 3000), min_size=1, max_size=200), FRAMES)
def test_two_steps_over_sparse_data_may_only_leave_out_a_bar_at_either_end(
    keep: set[int], frames: tuple[str, str]
) -> None:
    bars = with_holes(list(keep))
    once, twice = resample(bars, frames[1]), resample(resample(bars, frames[0]), frames[1])
    if not len(twice):
        assert len(once) <= 2
        return
    first = int(np.searchsorted(once.time, twice.time[0]))
    assert first <= 1
    assert len(once) - len(twice) - first <= 1
    assert once.rows(first, first + len(twice)) == twice


@settings(deadline=None, max_examples=30)
@given(st.sets(st.integers(0, 3000), min_size=1, max_size=200), st.sampled_from(["7m", "1h", "1d"]))
def test_a_longer_bar_holds_what_its_parts_held(keep: set[int], frame: str) -> None:
    bars = with_holes(list(keep))
    longer = aggregate(bars, frame)
    assert longer.parts.sum() == len(bars)
    assert longer.bars.volume.sum() == bars.volume.sum()
    for i in range(len(longer.bars)):
        start, end = int(longer.bars.time[i]), int(longer.bars.close_time[i])
        part = (bars.time >= start) & (bars.time < end)
        assert longer.bars.open[i] == bars.open[part][0]
        assert longer.bars.high[i] == bars.high[part].max()
        assert longer.bars.low[i] == bars.low[part].min()
        assert longer.bars.close[i] == bars.close[part][-1]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 3000), st.integers(1, 3000))
def test_more_data_never_changes_a_completed_bar(shorter: int, longer: int) -> None:
    shorter, longer = sorted((shorter, longer))
    early = resample(WALK.rows(0, shorter), "1h")
    assert resample(WALK.rows(0, longer), "1h").rows(0, len(early)) == early


def test_only_the_first_and_the_last_bar_can_be_incomplete() -> None:
    longer = aggregate(WALK.rows(30, 200), "1h")
    assert list(longer.complete) == [False, True, True, False]
    assert list(longer.parts) == [30, 60, 60, 20]
    assert list(longer.completed().time - WALK.time[0]) == [HOUR, 2 * HOUR]


def test_a_bar_is_complete_with_its_last_minute() -> None:
    assert len(resample(WALK.rows(0, 59), "1h")) == 0
    assert len(resample(WALK.rows(0, 60), "1h")) == 1


def test_weeks_start_on_monday_and_end_on_friday_where_weekends_are_quiet() -> None:
    days = resample(WALK, "1d")  # starts on Wednesday 2020-01-01
    weeks = resample(days, "1w")
    assert [str(np.datetime64(int(t), "ns"))[:10] for t in weeks.time] == [
        "2020-01-06",
        "2020-01-13",
    ]
    weekday = (days.time // (24 * HOUR) + 3) % 7 < 5
    quiet = replace(
        days,
        instrument=replace(days.instrument, calendar="weekdays"),
        **{
            c: getattr(days, c)[weekday] for c in ("time", "open", "high", "low", "close", "volume")
        },
    )
    assert len(resample(quiet.rows(3, 8), "1w")) == 1  # Monday to Friday
    assert len(resample(quiet.rows(3, 7), "1w")) == 0  # Monday to Thursday


@pytest.mark.parametrize("frame", ["90s", "30s"])
def test_what_is_no_multiple_is_refused(frame: str) -> None:
    with pytest.raises(UsageError, match="whole multiple of 1m"):
        resample(WALK, frame)


def test_no_bars_give_no_bars() -> None:
    empty = resample(WALK.rows(0, 0), "1h")
    assert (len(empty), str(empty.timeframe)) == (0, "1h")
