"""Bounces, breaks, false breaks and retests on bars made by hand."""

from __future__ import annotations

import math

import pytest
from tradectl_strategies.signals import BROKEN, HELD, IDLE, Retest, bounces

UP, DOWN = 1, -1


@pytest.mark.parametrize(
    ("high", "low", "close", "expected"),
    [
        (102.0, 100.1, 101.8, True),  # touched within reach, closed far away
        (102.0, 99.8, 101.8, True),  # pierced it a little
        (102.0, 100.6, 101.8, False),  # never came near
        (102.0, 99.0, 101.8, False),  # went through
        (102.0, 100.1, 100.3, False),  # touched, but was not turned away
        (100.2, 99.6, 99.9, False),  # closed on the wrong side
        (100.1, 100.1, 100.1, False),  # no range, no rejection
    ],
)
def test_a_bounce_off_support_touches_and_closes_away(high, low, close, expected):
    assert bounces(UP, 100.0, 0.5, high, low, close, 0.6) is expected


def test_a_bounce_off_resistance_is_the_mirror_image():
    assert bounces(DOWN, 100.0, 0.5, 99.9, 98.0, 98.2, 0.6)
    assert not bounces(DOWN, 100.0, 0.5, 99.9, 98.0, 99.7, 0.6)


def test_without_a_level_nothing_bounces():
    assert not bounces(UP, float("nan"), 0.5, 102.0, 100.1, 101.8, 0.6)


def watcher(side=UP, **changes):
    settings = {"margin": 0.5, "reach": 0.3, "hold": 2, "patience": 3, "volume": 1.0}
    return Retest(side, **(settings | changes))


def feed(retest, *bars, level=100.0, volume=2.0):
    """Feed (high, low, close) and return whether each was a retest; ATR is 1."""
    found = [retest.update(level, *map(float, bar), volume, 1.0) for bar in bars]
    return [not math.isnan(one) for one in found]


BREAK = (101.2, 99.5, 101.0)
AWAY = (102.5, 101.2, 102.0)
TEST = (101.5, 100.2, 101.0)


def test_a_break_that_holds_and_is_tested_is_a_signal_once():
    retest = watcher()
    far = float("nan")  # nothing ahead any more
    assert feed(retest, BREAK) == [False]
    assert retest.state == BROKEN
    assert feed(retest, AWAY, AWAY, level=far) == [False, False]
    assert retest.state == HELD
    assert feed(retest, TEST, TEST, level=far) == [True, False]


def test_what_is_over_is_forgotten_and_the_level_was_told():
    retest = watcher(hold=0)
    feed(retest, BREAK)
    assert retest.level == 100.0
    assert retest.update(math.nan, *TEST, 2.0, 1.0) == 100.0
    assert (retest.state, math.isnan(retest.level), retest.bars) == (IDLE, True, 0)


def test_a_close_too_near_to_the_level_is_no_break():
    retest = watcher()
    feed(retest, (100.6, 99.5, 100.4))
    assert retest.state == IDLE


def test_a_break_without_volume_is_no_break():
    retest = watcher()
    feed(retest, BREAK, volume=0.9)
    assert retest.state == IDLE
    feed(watcher(volume=0.0), BREAK, volume=0.0)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_break_that_falls_back_is_false_and_gives_no_signal(after):
    retest = watcher()
    feed(retest, BREAK)
    bars = [AWAY] * after + [(101.0, 99.0, 99.5), TEST, AWAY, TEST]
    assert not any(feed(retest, *bars, level=float("nan")))
    assert (retest.state, retest.false_breaks) == (IDLE, 1)


def test_coming_back_before_it_has_held_is_no_retest():
    retest = watcher()
    feed(retest, BREAK)
    assert feed(retest, TEST, TEST, level=float("nan")) == [False, False]
    assert feed(retest, TEST, level=float("nan")) == [True]


def test_a_retest_that_comes_too_late_is_none():
    retest = watcher(patience=1)
    feed(retest, BREAK)
    far = float("nan")
    assert feed(retest, AWAY, AWAY, AWAY, TEST, level=far) == [False] * 4
    assert retest.state == IDLE


def test_a_new_break_replaces_the_old_one():
    retest = watcher()
    feed(retest, BREAK)
    feed(retest, (106.2, 104.0, 106.0), level=105.0)
    assert (retest.level, retest.bars) == (105.0, 0)


def test_with_nothing_to_prove_the_next_bar_may_be_the_retest():
    retest = watcher(hold=0)
    assert feed(retest, BREAK) == [False]
    assert feed(retest, TEST, level=float("nan")) == [True]


def test_a_break_of_support_is_the_mirror_image():
    retest = watcher(DOWN)
    far = float("nan")
    feed(retest, (100.5, 98.8, 99.0))
    assert feed(retest, (98.8, 97.5, 98.0), (98.8, 97.5, 98.0), level=far) == [False, False]
    assert feed(retest, (99.8, 98.5, 99.0), level=far) == [True]
