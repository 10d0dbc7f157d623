from __future__ import annotations

import math

import numpy as np
import pytest
from tradectl_sdk.runs.metrics.drawdown import (
    NANOSECONDS_PER_DAY,
    Drawdowns,
    Extremes,
    find_drawdowns,
    max_drawdown,
)


def daily(*levels: float) -> Drawdowns:
    time = np.arange(len(levels), dtype=np.int64) * NANOSECONDS_PER_DAY
    return find_drawdowns(time, np.array(levels, dtype=np.float64))


def test_a_drawdown_lasts_from_its_peak_to_its_recovery() -> None:
    found = daily(100, 90, 80, 95, 100, 99, 101)
    assert found.depths.tolist() == pytest.approx([0.2, 0.01])
    assert found.durations.tolist() == [4, 2]
    assert found.max_drawdown_duration == 4
    assert found.max_drawdown_recovery == 2
    assert found.average_drawdown == pytest.approx(0.105)
    assert found.time_under_water == 1


def test_a_drawdown_still_open_lasts_to_the_end_and_has_no_recovery() -> None:
    found = daily(100, 110, 100, 55, 60)
    assert found.max_drawdown == 0.5
    assert found.max_drawdown_duration == found.longest == 3
    assert math.isnan(found.max_drawdown_recovery)
    assert found.time_under_water == 0.75


def test_the_longest_need_not_be_the_deepest() -> None:
    found = daily(100, 99, 99, 99, 100, 50, 100)
    assert found.longest == 4
    assert found.max_drawdown_duration == 2


def test_a_curve_that_never_falls_has_none() -> None:
    found = daily(100, 100, 101)
    assert (found.max_drawdown, found.longest, found.time_under_water) == (0, 0, 0)
    assert math.isnan(found.average_drawdown)
    assert math.isnan(found.max_drawdown_duration)


def test_more_than_everything_can_be_lost() -> None:
    assert daily(100, -50).max_drawdown == 1.5


def test_pain_and_ulcer_count_the_points_at_a_peak_too() -> None:
    found = daily(100, 90, 100, 100)
    assert found.pain_index == pytest.approx(0.025)
    assert found.ulcer_index == pytest.approx(0.05)


@pytest.mark.parametrize("size", [1, 7, 2_048, 2_049, 9_000, 150_000])
@pytest.mark.parametrize("initial", [0.0, 120.0])
@pytest.mark.parametrize("step", [0.01, 0.1, 5.0], ids=["calm", "wild", "into debt"])
def test_the_deepest_alone_is_the_deepest_of_all(size: int, initial: float, step: float) -> None:
    levels = 100 + np.cumsum(np.random.default_rng(size).normal(0, step, size))
    whole = find_drawdowns(np.arange(size), levels, initial)
    assert max_drawdown(levels, initial) == whole.max_drawdown


def test_the_deepest_of_nothing_is_undefined() -> None:
    assert math.isnan(max_drawdown(np.empty(0)))


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [0, 2_047, 2_048, 2_999])
def test_the_extremes_of_a_curve_tell_whether_all_of_it_is_finite(odd: float, place: int) -> None:
    levels = np.linspace(-5.0, 5.0, 3_000)
    assert Extremes.of(levels).finite
    levels[place] = odd
    assert not Extremes.of(levels).finite
