"""Levels found on bars made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tradectl_strategies.levels import (
    LevelBook,
    LevelMap,
    PivotLevels,
    SwingLevels,
    VolumeProfile,
    nearer,
)

DAY = 86_400_000_000_000
MONDAY = 1_577_836_800_000_000_000 + 5 * DAY  # 2020-01-06, a Monday
UP, DOWN = 1, -1


@pytest.mark.parametrize(
    ("one", "other", "side", "expected"),
    [
        (1.0, 2.0, UP, 1.0),
        (2.0, 1.0, UP, 1.0),
        (1.0, 2.0, DOWN, 2.0),
        (math.nan, 2.0, UP, 2.0),
        (1.0, math.nan, DOWN, 1.0),
    ],
)
def test_the_nearer_of_two_levels_comes_first_in_its_direction(one, other, side, expected):
    assert nearer(one, other, side) == expected


class TestLevelBook:
    def test_touches_within_the_tolerance_become_one_level_at_their_mean(self):
        book = LevelBook(capacity=4)
        slots = {book.touch(price, 1.0) for price in (100.0, 100.6, 100.5)}
        assert len(slots) == 1
        assert book.beyond(0.0, UP, touches=3) == pytest.approx(100.3666667)

    def test_touches_farther_apart_stay_apart(self):
        book = LevelBook(capacity=4)
        book.touch(100.0, 0.5)
        book.touch(101.0, 0.5)
        assert (book.beyond(0.0, UP), book.beyond(100.0, UP)) == (100.0, 101.0)

    def test_a_level_needs_as_many_touches_as_are_asked_for(self):
        book = LevelBook(capacity=4)
        book.touch(100.0, 0.5)
        assert math.isnan(book.beyond(0.0, UP, touches=2))
        book.touch(100.0, 0.5)
        assert book.beyond(0.0, UP, touches=2) == 100.0

    def test_levels_lie_beyond_a_price_and_never_at_it(self):
        book = LevelBook(capacity=4)
        for price in (90.0, 95.0, 105.0, 110.0):
            book.touch(price, 0.0)
        assert (book.beyond(100.0, UP), book.beyond(100.0, DOWN)) == (105.0, 95.0)
        assert book.beyond(105.0, UP) == 110.0
        assert math.isnan(book.beyond(110.0, UP))

    def test_when_full_the_weakest_level_gives_way(self):
        book = LevelBook(capacity=2)
        for price in (10.0, 10.0, 20.0, 30.0):
            book.touch(price, 0.0)
        assert (book.beyond(0.0, UP), book.beyond(10.0, UP)) == (10.0, 30.0)

    def test_a_level_fades_so_that_a_fresh_one_outlives_it(self):
        book = LevelBook(capacity=2, half_life=10, lifetime=1000)
        book.touch(10.0, 0.0)
        book.touch(10.0, 0.0)
        for _ in range(30):  # its two touches now count half of one
            book.next_bar()
        book.touch(20.0, 0.0)
        book.touch(30.0, 0.0)
        assert (book.beyond(0.0, UP), book.beyond(20.0, UP)) == (20.0, 30.0)

    def test_a_level_nobody_touches_is_forgotten(self):
        book = LevelBook(capacity=2, lifetime=5)
        book.touch(10.0, 0.0)
        for _ in range(5):
            book.next_bar()
        assert book.beyond(0.0, UP) == 10.0
        book.next_bar()
        assert math.isnan(book.beyond(0.0, UP))

    def test_a_touch_that_is_forgotten_no_longer_moves_its_level(self):
        book = LevelBook(capacity=2, lifetime=5)
        book.touch(10.0, 1.0)
        book.next_bar()
        book.touch(11.0, 1.0)
        assert book.beyond(0.0, UP, touches=2) == 10.5
        for _ in range(5):
            book.next_bar()
        assert (book.beyond(0.0, UP), math.isnan(book.beyond(0.0, UP, touches=2))) == (11.0, True)

    def test_of_too_many_touches_the_oldest_are_forgotten(self):
        book = LevelBook(capacity=8, remembered=3)
        for price in (10.0, 20.0, 30.0, 40.0):
            book.touch(price, 0.0)
        assert book.beyond(0.0, UP) == 20.0

    @given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 20)), min_size=1, max_size=60))
    def test_what_it_says_depends_on_no_older_bar(self, touches):
        """A book that began later says the same, once the earlier touches are forgotten."""
        whole, late = (LevelBook(capacity=3, half_life=4, lifetime=12) for _ in range(2))
        bars = 0
        for wait, price in touches:
            for _ in range(wait):
                whole.next_bar()
                late.next_bar()
            bars += wait
            whole.touch(float(price), 1.5)
            if bars > 20:
                late.touch(float(price), 1.5)
            if bars > 20 + 12:
                for at in range(-1, 22):
                    assert repr(whole.beyond(at, UP, 2)) == repr(late.beyond(at, UP, 2))

    def test_a_forgotten_level_does_not_draw_a_touch_to_itself(self):
        book = LevelBook(capacity=1, lifetime=5)
        book.touch(10.0, 1.0)
        for _ in range(6):
            book.next_bar()
        book.touch(10.5, 1.0)
        assert book.beyond(0.0, UP) == 10.5


class TestPivotLevels:
    def test_levels_are_those_of_the_previous_week(self):
        pivots = PivotLevels(7)
        for day, (high, low, close) in enumerate(
            [(110, 100, 105), (120, 108, 118), (119, 90, 100), (105, 99, 101), (103, 98, 102)]
        ):
            pivots.update(MONDAY + (day + 1) * DAY, high, low, close)
            assert not pivots.ready
        pivots.update(MONDAY + 8 * DAY, 104, 101, 103)  # next Monday's bar, at its close
        middle = (120 + 90 + 102) / 3
        assert pivots.beyond(103.9, UP) == pytest.approx(middle)
        assert pivots.beyond(middle, DOWN) == pytest.approx(2 * middle - 120)
        assert pivots.beyond(middle, UP) == pytest.approx(2 * middle - 90)

    def test_a_bar_that_closes_at_midnight_belongs_to_the_day_before(self):
        pivots = PivotLevels(1)
        pivots.update(MONDAY + DAY, 110.0, 100.0, 105.0)  # closes as Tuesday begins
        pivots.update(MONDAY + DAY + 1, 200.0, 190.0, 195.0)
        assert pivots.beyond(0.0, UP) == pytest.approx(100.0 - 2 * 5.0)  # s3 of Monday alone

    def test_the_present_period_has_no_say(self):
        pivots = PivotLevels(7)
        pivots.update(MONDAY + DAY, 110.0, 100.0, 105.0)
        pivots.update(MONDAY + 8 * DAY, 110.0, 100.0, 105.0)
        before = list(pivots.prices)
        pivots.update(MONDAY + 9 * DAY, 500.0, 1.0, 200.0)
        assert pivots.prices == before


class TestSwingLevels:
    HIGHS = (10, 11, 15, 12, 11, 10, 11, 15.2, 12, 11)

    def feed(self, levels, bars):
        for high in bars:
            levels.update(float(high), float(high) - 1.0, 1.0)

    def test_two_swings_near_each_other_are_a_level(self):
        levels = SwingLevels(bars=2, tolerance=0.5, touches=2)
        self.feed(levels, self.HIGHS)
        assert levels.beyond(13.0, UP) == pytest.approx(15.1)

    def test_a_swing_counts_when_it_is_confirmed_and_not_before(self):
        levels = SwingLevels(bars=2, tolerance=0.5, touches=2)
        self.feed(levels, self.HIGHS[:9])
        assert math.isnan(levels.beyond(13.0, UP))
        self.feed(levels, self.HIGHS[9:])
        assert levels.beyond(13.0, UP) == pytest.approx(15.1)

    def test_swings_farther_apart_than_the_tolerance_are_no_level(self):
        levels = SwingLevels(bars=2, tolerance=0.1, touches=2)
        self.feed(levels, self.HIGHS)
        assert math.isnan(levels.beyond(13.0, UP))

    def test_a_level_is_gone_when_too_few_of_its_swings_are_remembered(self):
        levels = SwingLevels(bars=2, tolerance=0.5, touches=2, lifetime=10)
        self.feed(levels, self.HIGHS)  # its first swing was confirmed by the fifth bar
        self.feed(levels, [11.0] * 5)
        assert levels.beyond(13.0, UP) == pytest.approx(15.1)
        self.feed(levels, [11.0])
        assert math.isnan(levels.beyond(13.0, UP))

    def test_without_a_range_only_equal_swings_are_one_level(self):
        levels = SwingLevels(bars=1, tolerance=9.0, touches=2)
        for high in (1.0, 2.0, 1.0, 2.0, 1.0):
            levels.update(high, high, math.nan)
        assert levels.beyond(1.5, UP) == 2.0


# Where it holds the value area's share to the last lot, rounding must not ask for one bin more.
EXACTLY_THE_AREA = [
    (2, 1, 3), (1, 0, 10), (2, 2, 10), (2, 0, 7), (1, 1, 1), (3, 1, 0), (1, 0, 0), (1, 0, 10),
    (1, 2, 0), (3, 0, 2), (2, 0, 0), (2, 2, 2), (1, 0, 0), (3, 0, 2), (1, 0, 3), (2, 1, 1),
    (1, 2, 10), (1, 1, 2), (2, 1, 0), (1, 2, 3),
]  # fmt: skip


class TestVolumeProfile:
    def test_the_point_of_control_is_where_most_volume_traded(self):
        profile = VolumeProfile(window=4, bins=10)
        for high, low, volume in ((10, 9, 5.0), (20, 19, 50.0), (15, 14, 5.0), (20, 19, 50.0)):
            profile.update(high, low, volume)
        assert profile.value == pytest.approx(19.5, abs=profile.height)
        assert profile.lower <= profile.value <= profile.upper

    def test_it_is_ready_after_its_window(self):
        profile = VolumeProfile(window=3, bins=5)
        values = [profile.update(10.0 + k, 9.0 + k, 1.0) for k in range(3)]
        assert [math.isnan(value) for value in values] == [True, True, False]

    def test_without_volume_it_is_never_ready(self):
        profile = VolumeProfile(window=2, bins=5)
        for _ in range(5):
            profile.update(10.0, 9.0, 0.0)
        assert not profile.ready
        assert math.isnan(profile.beyond(0.0, UP))

    def test_what_left_the_window_no_longer_counts(self):
        profile = VolumeProfile(window=3, bins=10)
        profile.update(11.0, 10.0, 1000.0)
        for _ in range(3):
            profile.update(21.0, 20.0, 1.0)
        assert profile.lower > 11.0

    def test_a_price_that_does_not_move_is_a_profile_of_one_bin(self):
        profile = VolumeProfile(window=3, bins=8)
        for _ in range(7):
            profile.update(10.0, 10.0, 2.0)
        assert profile.lower <= 10.0 <= profile.upper
        assert profile.upper - profile.lower < 1e-4

    @given(
        st.lists(st.tuples(st.integers(1, 90), st.integers(0, 9), st.integers(0, 90)), min_size=20),
        st.integers(0, 12),
    )
    @example(EXACTLY_THE_AREA, 2)
    def test_what_it_says_depends_on_no_older_bar(self, bars, start):
        """One that began later says the same after a window: the grid is the window's own."""
        whole, late = (VolumeProfile(window=7, bins=12) for _ in range(2))
        for number, (low, height, volume) in enumerate(bars):
            bar = (low / 3, (low + height) / 3, float(volume))
            whole.update(bar[1], bar[0], bar[2])
            if number >= start:
                late.update(bar[1], bar[0], bar[2])
            if number >= start + 7 and sum(one[2] for one in bars[number - 6 : number + 1]):
                assert (whole.origin, whole.height) == (late.origin, late.height)
                assert (whole.lower, whole.upper) == (late.lower, late.upper)
                for at in (0.0, 10.0, 20.0, 40.0):
                    assert repr(whole.beyond(at, UP)) == repr(late.beyond(at, UP))

    def test_a_node_is_a_full_bin_between_emptier_ones(self):
        profile = VolumeProfile(window=40, bins=40, area=0.1)
        for k in range(40):
            low = 100.0 + k
            profile.update(low + 0.2, low, {10: 50.0, 30: 40.0}.get(k, 1.0))
        assert profile.value == pytest.approx(110.1, abs=profile.height)
        assert profile.beyond(120.0, UP) == pytest.approx(130.1, abs=profile.height)
        assert math.isnan(profile.beyond(132.0, UP))

    @given(
        st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9), st.integers(0, 90)), max_size=60)
    )
    def test_its_bins_hold_the_volume_of_the_window_and_the_area_its_share(self, bars):
        profile = VolumeProfile(window=7, bins=12, area=0.7)
        for low, height, volume in bars:
            profile.update(float(low + height), float(low), float(volume))
            held = sum(v for _, _, v in bars[max(0, profile.bars - 7) : profile.bars])
            assert min(profile.bins) > -1e-9
            if profile.bars < 7:
                assert sum(profile.bins) == pytest.approx(held)
        window = bars[-7:]
        assert sum(profile.bins) == pytest.approx(sum(v for _, _, v in window), abs=1e-9)
        if len(bars) >= 7 and sum(profile.bins) > 1:
            edges = profile.origin + profile.height * np.arange(len(profile.bins))
            middle = edges + profile.height / 2
            inside = np.array(profile.bins)[(middle > profile.lower) & (middle < profile.upper)]
            assert inside.sum() >= 0.7 * sum(profile.bins) - 1e-9


def test_a_map_answers_with_the_nearest_of_its_sources():
    swings = SwingLevels(bars=1, touches=1)
    swings.book.touch(104.0, 0.0)
    swings.book.touch(90.0, 0.0)
    pivots = PivotLevels(1)
    pivots.prices = [103.0, 97.0, 120.0, 80.0, 130.0, 70.0, 140.0]
    both = LevelMap(pivots, swings, None)
    assert (both.beyond(100.0, UP), both.beyond(103.0, UP)) == (103.0, 104.0)
    assert (both.beyond(100.0, DOWN), both.beyond(97.0, DOWN)) == (97.0, 90.0)
    assert LevelMap(None, swings, None).beyond(100.0, UP) == 104.0
    assert math.isnan(LevelMap(None, None, None).beyond(100.0, UP))
