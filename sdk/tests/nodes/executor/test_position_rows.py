from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from floor import X, instrument
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.nodes.executor.position_rows import AverageEntry, average_entries, position_row
from tradectl_sdk.nodes.executor.records import Booked

COIN = instrument()


def booked(lots: int, price: int, key: int = 1, **more: Any) -> Booked:
    side = 1 if lots > 0 else -1
    return Booked(0, key, 0, X, "t", 0, side, abs(lots), price, 0, "", False, 0, **more)


def entry(*fills: tuple[int, int]) -> AverageEntry:
    made = AverageEntry()
    for lots, price in fills:
        made.fill(lots, price)
    return made


@pytest.mark.parametrize(
    ("fills", "lots", "price"),
    [
        ([], 0, 0),
        ([(10, 100)], 10, 100),
        ([(10, 100), (30, 104)], 40, 103),
        ([(10, 100), (30, 104), (-39, 999)], 1, 103),
        ([(10, 100), (-10, 120)], 0, 0),
        ([(10, 100), (-10, 120), (4, 90)], 4, 90),
        ([(10, 100), (-15, 120)], -5, 120),
        ([(-10, 100), (-10, 90), (5, 80)], -15, 95),
        ([(-10, 100), (11, 90)], 1, 90),
    ],
)
def test_what_adds_moves_the_average_and_what_reduces_does_not(
    fills: list[tuple[int, int]], lots: int, price: int
) -> None:
    found = entry(*fills)
    assert (found.lots, found.price) == (lots, price)


@given(st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 1000)), max_size=30))
def test_gain_of_what_is_held_and_what_was_closed_is_all_the_gain(
    fills: list[tuple[int, int]],
) -> None:
    """Cash of all fills and the position at any price is realised and unrealised profit."""
    made, realised = AverageEntry(), Fraction(0)
    for lots, price in fills:
        held, paid = made.lots, made.price
        closed = min(abs(held), abs(lots)) if held * lots < 0 else 0
        realised += (closed if held > 0 else -closed) * (price - paid)
        made.fill(lots, price)
    cash = -sum(lots * price for lots, price in fills)
    assert cash + made.lots * 777 == realised + made.lots * (777 - made.price)


def test_what_was_inferred_counts_as_never_booked_once_the_venue_has_told() -> None:
    told = [booked(10, 98), booked(5, 101, key=2)]
    before = [booked(10, 98), booked(5, 100, key=2, inferred=True)]
    assert average_entries(before)[X].price == Fraction(10 * 98 + 5 * 100, 15)
    after = [*before, booked(5, 101, key=2, replaced=5, replaced_price=100)]
    found, plain = average_entries(after)[X], average_entries(told)[X]
    assert (found.lots, found.price) == (plain.lots, plain.price)


def test_the_oldest_of_what_was_inferred_is_replaced_first_piece_by_piece() -> None:
    found = average_entries(
        [
            booked(4, 100, inferred=True),
            booked(6, 110, inferred=True),
            booked(3, 90, replaced=3, replaced_price=100),
            booked(1, 91, replaced=1, replaced_price=100),
            booked(6, 111, replaced=2, replaced_price=110),
        ]
    )
    assert found[X].lots == 3 + 1 + 4 + 6
    assert found[X].price == Fraction(3 * 90 + 91 + 4 * 110 + 6 * 111, 14)


def test_a_position_is_valued_at_the_last_price() -> None:
    found = position_row(COIN, -1500, -1500, entry((-500, 10_001), (-1000, 10_003)), 9_900)
    assert (found.quantity, found.currency) == (Decimal("-1.5"), "USDT")
    assert found.entry == Decimal("100.0233")
    assert (found.last, found.value) == (Decimal(99), Decimal("-148.5"))
    assert found.unrealised == Decimal("1.53495")


def test_what_is_not_known_is_not_made_up() -> None:
    closed_market = position_row(COIN, 10, 10, entry((10, 10_000)), None)
    assert (closed_market.entry, closed_market.value, closed_market.unrealised) == (100, None, None)
    taken_over = position_row(COIN, 30, 30, entry((10, 10_000)), 10_100)
    assert (taken_over.entry, taken_over.unrealised) == (None, None)
    assert taken_over.value == Decimal("3.03")
    assert position_row(COIN, 30, 30, None, 10_100).entry is None


def test_a_fee_in_coins_leaves_the_entry_as_it_is() -> None:
    found = position_row(COIN, 9, 10, entry((10, 10_000)), 10_100)
    assert (found.quantity, found.entry) == (Decimal("0.009"), 100)
    assert found.unrealised == Decimal("0.009")
