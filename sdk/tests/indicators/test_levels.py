"""Pivot points by hand, swing points by brute force, and none before its time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.indicators import Donchian, PivotPoints, SwingPoints, compute, compute_outputs

HIGHS = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=70)


def swing_highs(high: list[float], n: int) -> dict[int, int]:
    """Return the bar of each swing high by the bar that confirms it, straight from the words."""
    found = {}
    for i in range(n, len(high) - n):
        before, after = high[i - n : i], high[i + 1 : i + n + 1]
        if high[i] > max(before) and high[i] >= max(after):
            found[i + n] = i
    return found


@given(high=HIGHS, n=st.integers(1, 6))
def test_swings_equal_brute_force_and_are_never_confirmed_early(high: list[float], n: int) -> None:
    """A low series is the mirror image of the highs, so both sides are held to the same words."""
    want = swing_highs(high, n)
    swings = SwingPoints(n)
    last: int | None = None
    for i, price in enumerate(high):
        swings.update(price, -price)
        last = want.get(i, last)
        assert swings.new_high is swings.new_low is (i in want)
        if last is None:
            assert math.isnan(swings.high)
            assert math.isnan(swings.low)
            assert swings.high_age == swings.low_age == 0
            assert not swings.ready
        else:
            assert swings.high == high[last] == -swings.low
            assert swings.high_age == swings.low_age == i - last >= n
            assert swings.ready


def test_value_is_the_latest_swing_of_either_kind() -> None:
    price = [1.0, 2.0, 5.0, 3.0, 2.0, 4.0, 6.0, 5.0]
    got = compute(SwingPoints(1), price, price)
    np.testing.assert_array_equal(got[:6], [math.nan] * 3 + [5.0, 5.0, 2.0])
    assert got[7] == 6.0


def test_the_first_bar_of_a_flat_top_is_the_swing() -> None:
    high = [1.0, 2.0, 7.0, 7.0, 7.0, 3.0, 2.0, 1.0]
    got = compute_outputs(SwingPoints(2), high, [0.0] * 8)
    assert got["high_age"].tolist() == [0.0, 0.0, 0.0, 0.0, 2.0, 3.0, 4.0, 5.0]


def test_pivots_come_from_the_session_before() -> None:
    pivots = PivotPoints()
    for bar in ((11.0, 8.0, 10.0), (12.0, 9.0, 9.0)):
        assert math.isnan(pivots.update(*bar))
    pivots.new_session()
    assert pivots.update(100.0, 50.0, 75.0) == pytest.approx(29.0 / 3.0)  # H 12, L 8, C 9
    third = 1.0 / 3.0
    levels = [pivots.r1, pivots.s1, pivots.r2, pivots.s2, pivots.r3, pivots.s3]
    want = [11 + third, 7 + third, 13 + 2 * third, 5 + 2 * third, 15 + third, 3 + third]
    assert levels == pytest.approx(want)
    assert pivots.update(200.0, 40.0, 60.0) == pytest.approx(29.0 / 3.0)


def test_a_session_without_bars_changes_no_level() -> None:
    pivots = PivotPoints()
    pivots.new_session()
    assert not pivots.ready
    pivots.update(12.0, 8.0, 10.0)
    pivots.new_session()
    pivots.new_session()
    assert pivots.value == 10.0


def test_pivots_of_sessions_of_a_known_length_equal_those_called_by_hand() -> None:
    rng = np.random.default_rng(2)
    close = rng.normal(100.0, 5.0, 50)
    high, low = close + rng.random(50), close - rng.random(50)
    by_hand = PivotPoints()
    want = []
    for i, row in enumerate(zip(high, low, close, strict=True)):
        if i % 8 == 0:
            by_hand.new_session()
        by_hand.update(*row)
        want.append(by_hand.s3)
    np.testing.assert_array_equal(compute_outputs(PivotPoints(8), high, low, close)["s3"], want)


def test_the_present_bar_is_inside_the_donchian_channel() -> None:
    high, low = [3.0, 5.0, 4.0, 9.0], [1.0, 2.0, 0.5, 6.0]
    got = compute_outputs(Donchian(2), high, low)
    assert got["upper"].tolist()[1:] == [5.0, 5.0, 9.0]
    assert got["lower"].tolist()[1:] == [1.0, 0.5, 0.5]
    assert got["value"].tolist()[1:] == [3.0, 2.75, 4.75]
