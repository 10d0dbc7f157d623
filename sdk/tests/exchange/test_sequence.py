from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.exchange import BarClosed, BarSequence

MINUTE = 60_000_000_000


def bar(index: int) -> BarClosed:
    prices = {"open": 1, "high": 1, "low": 1, "close": 1, "volume": 0}
    return BarClosed(instrument="A.B", length=MINUTE, time=index * MINUTE, **prices)


def times(bars: object) -> list[int]:
    return [each.time // MINUTE for each in bars]  # type: ignore[attr-defined]


def test_each_bar_is_taken_once_and_in_order() -> None:
    bars = BarSequence(MINUTE)

    assert times(bars.take([bar(3), bar(2), bar(3)])) == [2, 3]
    assert times(bars.take([bar(3)])) == []
    assert times(bars.take([bar(4)])) == [4]


def test_a_hole_is_named_by_the_opens_that_are_missing() -> None:
    bars = BarSequence(MINUTE, last=5 * MINUTE)

    assert bars.missing(bar(6)) is None
    assert bars.missing(bar(9)) == (5 * MINUTE, 8 * MINUTE)
    assert bars.missing(bar(4)) is None
    assert bars.missing_until(7 * MINUTE + 1) == (5 * MINUTE, 7 * MINUTE)


def test_before_the_first_bar_nothing_is_missing() -> None:
    assert BarSequence(MINUTE).missing(bar(9)) is None


@given(st.lists(st.integers(1, 30), max_size=80))
def test_asking_for_what_is_missing_leaves_no_hole_whatever_arrives(order: list[int]) -> None:
    bars, told = BarSequence(MINUTE), list[int]()
    for index in order:
        if hole := bars.missing(bar(index)):
            asked = range(hole[0] // MINUTE + 1, hole[1] // MINUTE + 1)
            told += times(bars.take(bar(each) for each in asked))
        told += times(bars.take([bar(index)]))

    assert told == list(range(told[0], told[-1] + 1)) if told else not order
