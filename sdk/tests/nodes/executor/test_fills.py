"""A fill is a fact: booked once, whatever came before it, and in whatever currency it was paid."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from floor import CASH, MONEY, SECOND, Floor, X, card, instrument, place, replayed, setup
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.bus.messages.events import Filled
from tradectl_sdk.bus.messages.intents import Cancel, Modify
from tradectl_sdk.bus.messages.orders import CancelOrder
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.exchange.values import Accepted
from tradectl_sdk.nodes.executor import records as of

fees = st.sampled_from([("", 70), ("USDT", 30), ("BTC", 123), ("BNB", 5), ("", -20)])


@st.composite
def news(draw):
    """Everything that a venue could tell of three orders, in any order, some of it twice."""
    floor = Floor(setup(margin=True)).open()
    floor.intend(
        *(place(number, side, 20, limit=9_000) for number, side in ((1, 1), (2, -1), (3, 1)))
    )
    told = []
    for number in (1, 2, 3):
        filled = 0
        for lots in draw(st.lists(st.integers(1, 6), max_size=3)):
            currency, fee = draw(fees)
            filled += lots
            price = draw(st.integers(9_000, 9_100))
            told.append(floor.trade_of(number, lots, price, fee=fee, fee_currency=currency))
        order = floor.order(number)
        told.append(floor.report_of(number, OrderStatus.ACCEPTED, filled=0))
        if draw(st.booleans()):
            told.append(floor.report_of(number, OrderStatus.CANCELED, filled=filled))
        told.append(msgspec.structs.replace(told[-1], venue_id=f"v{order.key}.0"))
    again = draw(st.lists(st.sampled_from(told), max_size=6))
    return told, draw(st.permutations(told + again))


def outcome(told):
    floor = Floor(setup(margin=True)).open()
    floor.intend(
        *(place(number, side, 20, limit=9_000) for number, side in ((1, 1), (2, -1), (3, 1)))
    )
    for event in told:
        floor.account(event)
    ledger = floor.state.ledger
    assert replayed(floor.records).encoded() == floor.state.encoded()
    return ledger.kept()[:5], [one.filled for one in floor.state.book.orders.values()], floor


@settings(max_examples=150, deadline=None)
@given(news())
def test_any_order_of_news_gives_the_same_position_cash_and_fees(both):
    told, shuffled = both
    straight, filled, _ = outcome(told)
    mixed, also_filled, floor = outcome(shuffled)
    assert (straight, filled) == (mixed, also_filled)
    trades = {one.trade_id: one for one in told if hasattr(one, "trade_id")}
    assert floor.state.ledger.lots[X] == sum(one.side * one.lots for one in trades.values())
    fills = [one for one in floor.to_host if isinstance(one, Filled)]
    assert sorted(one.trade_id for one in fills) == sorted(trades)


def test_a_known_trade_with_other_content_is_kept_as_an_anomaly_and_changes_nothing():
    floor = Floor().open()
    floor.place(place(1))
    trade = floor.fill(1, 4)
    before = floor.state.encoded()
    floor.account(trade)
    assert floor.notices == []
    floor.account(msgspec.structs.replace(trade, lots=5))
    assert floor.notices == ["trade"]
    assert floor.state.encoded() == before


def test_trade_ids_are_told_apart_by_instrument():
    other = instrument("ETH/USDT")
    floor = Floor(setup(instruments=[instrument(), other])).open()
    floor.bar(500, name=str(other.id))
    floor.place(place(1), place(2, instrument=str(other.id)))
    floor.fill(1, 10, trade_id="7")
    floor.fill(2, 10, trade_id="7")
    assert floor.statuses(1, 2) == [OrderStatus.FILLED] * 2


def test_a_fill_that_comes_before_the_answer_counts_and_the_answer_changes_nothing():
    floor = Floor().open()
    floor.intend(place(1))
    floor.fill(1, 4)
    floor.answer(Accepted(report=floor.report_of(1, OrderStatus.ACCEPTED, filled=0)))
    assert floor.status(1) == OrderStatus.PARTIALLY_FILLED
    assert floor.position == 4


def test_a_fill_after_the_end_is_booked_and_marked():
    floor = Floor().open()
    floor.place(place(1, limit=9_900))
    floor.intend(Cancel(number=1))
    floor.cancelled(1)
    floor.fill(1, 3)
    assert floor.status(1) == OrderStatus.CANCELED
    assert floor.position == 3
    (booked,) = floor.written(of.Booked)
    assert booked.late
    floor.fill(1, 7)
    assert floor.status(1) == OrderStatus.FILLED


def test_more_than_was_wanted_is_booked_and_marked():
    floor = Floor().open()
    floor.place(place(1))
    floor.fill(1, 12)
    assert floor.position == 12
    assert floor.notices == ["overfill"]


def test_a_trade_that_knows_only_the_venue_s_id_finds_its_order_once_that_is_known():
    floor = Floor().open()
    floor.intend(place(1))
    floor.fill(1, 10, client_id="", venue_id="v1.0")
    assert floor.position == 0
    assert len(floor.state.orphans) == 1
    floor.report(1, OrderStatus.ACCEPTED)
    assert floor.position == 10
    assert floor.state.orphans == {}


@pytest.mark.parametrize(
    ("currency", "fee", "cash", "position"),
    [
        ("", 3, -3, 10),
        ("USDT", -2, 2, 10),
        ("BTC", 1, 0, 9),  # not all of it can be delivered any more
        ("BTC", 100_000, 0, 9),
        ("BTC", 100_001, 0, 8),
        ("BNB", 999, 0, 10),
    ],
)
def test_fees_are_exact_in_whatever_currency(currency, fee, cash, position):
    floor = Floor().open()
    floor.place(place(1))
    floor.fill(1, 10, fee=fee, fee_currency=currency)
    ledger = floor.state.ledger
    assert ledger.cash == CASH - 1 * MONEY + cash
    assert floor.position == position
    assert ledger.lots[X] == 10
    expected = Fraction(10 * 100_000 - (fee if currency == "BTC" else 0))
    assert ledger.expected("BTC", "USDT") == expected
    assert ledger.other_fees == ({"BNB": fee} if currency == "BNB" else {})


def test_a_fee_in_the_base_currency_is_told_at_what_it_was_worth():
    floor = Floor().open()
    floor.place(place(1))
    floor.fill(1, 10, fee=150_000, fee_currency="BTC")
    told = [one for one in floor.to_host if isinstance(one, Filled)][-1]
    assert (told.fee, told.position) == (150_000 * 100, 8)  # 0.0015 BTC at 100


def test_many_small_fees_in_the_base_currency_do_not_round_one_by_one():
    floor = Floor(setup(instruments=[instrument(lot_size=Decimal("0.00001"))])).open()
    floor.place(place(1, lots=1000))
    for _ in range(1000):
        floor.fill(1, 1, fee=1, fee_currency="BTC")
    assert floor.position == 999  # 1000 units are exactly one lot


def test_fills_that_are_announced_and_not_listed_are_inferred_once():
    floor = Floor().open()
    floor.place(place(1, limit=9_900))
    floor.report(1, OrderStatus.PARTIALLY_FILLED, filled=6)
    floor.wait(3 * SECOND)
    listed = {"open_orders": (floor.report_of(1, OrderStatus.PARTIALLY_FILLED, filled=6),)}
    floor.fetched(**listed)
    assert floor.position == 0
    floor.wait(3 * SECOND)
    floor.fetched(**listed)
    (booked,) = floor.written(of.Booked)
    assert (booked.trade_id, booked.price) == (f"inferred:{floor.order(1).client_id}:6", 9_900)
    assert floor.position == 6
    assert floor.notices == ["inferred"]


def test_fills_that_were_announced_keep_their_room_though_their_order_has_ended():
    """Else another order could be let through, and both together would exceed a limit."""
    floor = Floor().open()
    floor.place(place(1, lots=10, limit=9_900))
    assert floor.order(1).exposure == 10
    floor.report(1, OrderStatus.CANCELED, filled=6)
    assert (floor.position, floor.order(1).exposure) == (0, 6)
    floor.fill(1, 6)
    assert (floor.position, floor.order(1).exposure) == (6, 0)


def test_the_venue_s_own_trade_takes_the_place_of_an_inferred_one():
    floor = Floor().open()
    floor.place(place(1, limit=9_900))
    floor.report(1, OrderStatus.PARTIALLY_FILLED, filled=6)
    for _ in range(2):
        floor.wait(3 * SECOND)
        floor.fetched(open_orders=(floor.report_of(1, OrderStatus.PARTIALLY_FILLED, filled=6),))
    floor.fill(1, 4, 9_800, fee=5)
    floor.fill(1, 2, 9_700, fee=5)
    assert floor.position == 6
    assert floor.order(1).filled == 6
    assert floor.state.ledger.cash == CASH - (4 * 9_800 + 2 * 9_700) * 1000 - 10
    floor.fill(1, 1, 9_700)
    assert floor.position == 7
    assert replayed(floor.records).encoded() == floor.state.encoded()


def test_a_replaced_order_waits_for_the_fills_that_its_end_announced():
    floor = Floor(setup(card=card(amends=False))).open()
    floor.place(place(1, limit=9_900))
    floor.intend(Modify(number=1, limit=9_800))
    floor.answer(kind=CancelOrder)
    floor.report(1, OrderStatus.CANCELED, filled=4)
    assert len(floor.tickets) == 1
    floor.fill(1, 4, client_id=floor.tickets[0].client_id)
    assert [(one.lots, one.limit) for one in floor.tickets] == [(10, 9_900), (6, 9_800)]
    assert floor.tickets[0].client_id != floor.tickets[1].client_id
    floor.answer()
    floor.fill(1, 6)
    assert floor.status(1) == OrderStatus.FILLED
