"""Changing orders: in place where the venue can, by another order where it cannot."""

from __future__ import annotations

import pytest
from floor import Floor, X, card, place, setup
from tradectl_sdk.bus.messages.events import OrderChanged
from tradectl_sdk.bus.messages.intents import Cancel, Modify, Tie
from tradectl_sdk.bus.messages.orders import AmendOrder, CancelOrder, Submit
from tradectl_sdk.domain.orders import OrderFlag, OrderStatus
from tradectl_sdk.engine.reasons import CloseReason, DenyReason
from tradectl_sdk.exchange.values import Accepted, Refused, Unclear
from tradectl_sdk.nodes.executor import records as of


class Most:
    """Allows so many lots in all."""

    reason = int(DenyReason.POSITION)

    def __init__(self, lots: int) -> None:
        self.lots = lots

    def check(self, order, account, market, now):
        room = self.lots - account.open_buys[0] - account.lots[0]
        return order.lots if order.reduces or order.lots <= room else 0

    def observe(self, now, equity):
        """Look away."""


def amending(**changes) -> Floor:
    floor = Floor(setup(card=card(amends=True), **changes)).open()
    floor.place(place(1, limit=9_900))
    return floor


def test_an_order_is_changed_in_place_where_the_venue_can():
    floor = amending()
    floor.fill(1, 3)
    floor.intend(Modify(number=1, lots=20, limit=9_800))
    (request,) = floor.asked(AmendOrder)
    assert (request.ticket.lots, request.ticket.limit) == (20, 9_800)
    assert request.ticket.client_id == floor.order(1).client_id
    floor.answer(kind=AmendOrder)
    order = floor.order(1)
    assert (order.leg_lots, order.leg_limit, order.pending, order.filled) == (20, 9_800, 0, 3)
    assert floor.state.book.open_buys(X) == 17


def test_while_a_change_is_under_way_the_larger_of_both_counts():
    floor = amending()
    floor.intend(Modify(number=1, lots=4))
    assert floor.state.book.open_buys(X) == 10
    floor.answer(kind=AmendOrder)
    assert floor.state.book.open_buys(X) == 4


def test_a_second_change_waits_for_the_first():
    floor = amending()
    floor.intend(Modify(number=1, lots=20))
    floor.intend(Modify(number=1, lots=30))
    assert len(floor.asked(AmendOrder)) == 1
    floor.answer(kind=AmendOrder)
    assert floor.asked(AmendOrder)[-1].ticket.lots == 30


def test_where_the_venue_refuses_the_order_is_sent_anew():
    floor = amending()
    floor.intend(Modify(number=1, limit=9_800))
    floor.answer(Refused(code="no", text="not this"), kind=AmendOrder)
    assert floor.cancels == [floor.tickets[0].client_id]
    floor.cancelled(1)
    assert floor.tickets[-1].limit == 9_800
    assert floor.order(1).earlier == ((floor.tickets[0].client_id, "v1.0"),)
    assert floor.told == [(1, "ACCEPTED")], "for its strategy it is the same order"


def test_an_unclear_change_is_looked_into():
    floor = amending()
    floor.intend(Modify(number=1, limit=9_800))
    floor.answer(Unclear(text="504"), kind=AmendOrder)
    assert floor.order(1).doubted
    floor.report(1, OrderStatus.ACCEPTED, lots=10, limit=9_800)
    assert (floor.order(1).doubted, floor.order(1).leg_limit) == (False, 9_800)
    assert len(floor.asked(AmendOrder)) == 1


def test_a_report_that_shows_the_change_ends_it():
    floor = amending()
    floor.intend(Modify(number=1, limit=9_800))
    floor.report(1, OrderStatus.ACCEPTED, lots=10, limit=9_800)
    assert floor.order(1).pending == 0
    floor.answer(Accepted(), kind=AmendOrder)
    assert len(floor.asked(AmendOrder)) == 1


def test_a_change_is_judged_like_an_order_and_what_is_refused_stays_as_it_was():
    floor = amending(make_rules=lambda: [Most(15)])
    floor.intend(Modify(number=1, lots=15))
    floor.answer(kind=AmendOrder)
    floor.intend(Modify(number=1, lots=16))
    assert floor.order(1).lots == 15
    told = [one for one in floor.to_host if isinstance(one, OrderChanged)][-1]
    assert (told.status, told.reason, told.lots) == (5, DenyReason.POSITION, 15)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lots": 2}, DenyReason.BELOW_FILLED),
        ({"trigger": 5}, DenyReason.BAD_TERMS),
        ({"limit": -5}, DenyReason.BAD_PRICE),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(change, reason):
    floor = amending()
    floor.fill(1, 3)
    floor.intend(Modify(number=1, **change))
    assert floor.asked(AmendOrder) == []
    told = [one for one in floor.to_host if isinstance(one, OrderChanged)][-1]
    assert told.reason == reason


@pytest.mark.parametrize("amends", [True, False])
def test_an_order_cut_to_what_is_filled_has_been_filled(amends):
    floor = Floor(setup(card=card(amends=amends), make_rules=lambda: [Most(10)])).open()
    floor.place(place(1, limit=9_900))
    floor.fill(1, 3)
    floor.intend(Modify(number=1, lots=3))
    assert floor.cancels == [floor.tickets[0].client_id]
    assert floor.asked(AmendOrder) == []
    assert floor.state.book.open_buys(X) == 7, "the venue may still fill the rest"
    floor.cancelled(1)
    assert OrderStatus(floor.order(1).status) is OrderStatus.FILLED
    assert (floor.order(1).lots, floor.order(1).filled) == (3, 3)
    assert floor.state.book.open_buys(X) == 0
    told = [one for one in floor.to_host if isinstance(one, OrderChanged)][-1]
    assert (told.status, told.lots, told.reason) == (OrderStatus.FILLED, 3, 0)


def test_a_fill_on_the_way_of_an_order_that_was_cut_counts():
    floor = amending()
    floor.fill(1, 3)
    floor.intend(Modify(number=1, lots=3))
    floor.fill(1, 2)
    floor.cancelled(1)
    assert floor.state.ledger.position(X) == 5
    assert OrderStatus(floor.order(1).status) is OrderStatus.FILLED


def test_what_cannot_be_changed_is_left_alone():
    floor = amending()
    floor.intend(Modify(number=9, lots=5), Modify(number=1), Modify(number=1, lots=10))
    floor.intend(Cancel(number=1), Modify(number=1, lots=5))
    assert floor.asked(AmendOrder) == []
    assert floor.written(of.Altered) == []


def test_a_reduce_only_order_may_be_changed_whatever_the_rules_say():
    floor = Floor(setup(card=card(amends=True), make_rules=lambda: [Most(10)])).open()
    floor.place(place(1))
    floor.fill(1, 10)
    floor.place(place(2, -1, trigger=9_000, flags=int(OrderFlag.REDUCE_ONLY)))
    floor.intend(Modify(number=2, trigger=9_500))
    assert floor.asked(AmendOrder)[-1].ticket.trigger == 9_500


def test_an_exit_gets_another_price_and_stays_as_large_as_its_entry_has_become():
    """The host may not have heard of the latest fill when it names a quantity, or say anything."""
    floor = Floor(setup(card=card(amends=True))).open()
    floor.intend(place(1, limit=9_900), place(2, -1, trigger=9_000, parent=1))
    floor.answer()
    floor.fill(1, 6)
    floor.intend(Modify(number=2, lots=2, trigger=9_500))
    order = floor.order(2)
    assert (order.lots, order.trigger) == (6, 9_500)
    floor.intend(Modify(number=2, lots=3, trigger=9_500))
    assert order.lots == 6
    floor.fill(1, 4)
    assert order.lots == 10


def test_cancelling_while_it_is_being_replaced_cancels():
    floor = Floor(setup(card=card(amends=False))).open()
    floor.place(place(1, limit=9_900))
    floor.intend(Modify(number=1, limit=9_800))
    floor.intend(Cancel(number=1))
    floor.cancelled(1)
    assert floor.status(1) == OrderStatus.CANCELED
    assert floor.order(1).reason == CloseReason.REQUESTED
    assert len(floor.tickets) == 1


def test_a_replaced_order_that_the_venue_still_shows_is_cancelled_again():
    floor = Floor(setup(card=card(amends=False))).open()
    floor.place(place(1, limit=9_900))
    before = floor.report_of(1, OrderStatus.ACCEPTED)
    floor.intend(Modify(number=1, limit=9_800))
    floor.cancelled(1)
    floor.account(before)
    assert floor.notices == ["replaced"]
    assert floor.cancels == [before.client_id] * 2


def test_orders_that_cannot_be_tied_are_left_alone():
    floor = Floor().open()
    floor.place(place(1), place(2, limit=9_000))
    floor.fill(1, 10)
    floor.intend(Tie(first=1, second=2), Tie(first=2, second=2), Tie(first=2, second=9))
    assert floor.written(of.Tied) == []


def test_three_orders_tied_two_by_two_are_one_group():
    floor = Floor().open()
    floor.place(*(place(number, limit=9_000) for number in (1, 2, 3, 4)))
    floor.intend(Tie(first=1, second=2), Tie(first=3, second=4), Tie(first=2, second=3))
    assert {floor.order(number).group for number in (1, 2, 3, 4)} == {1}
    floor.fill(4, 10)
    assert len(floor.cancels) == 3


def test_tied_orders_are_sent_as_one_where_the_venue_keeps_ties():
    floor = Floor(setup(card=card(groups=frozenset({"oco"})))).open()
    floor.intend(place(1, limit=9_000), place(2, trigger=11_000), Tie(first=1, second=2))
    (request,) = floor.asked(Submit)
    assert {one.group for one in request.tickets} == {request.tickets[0].client_id}
    floor.answer()
    floor.fill(1, 4)
    assert floor.order(2).lots == 6
    floor.report(2, OrderStatus.ACCEPTED, lots=6)
    floor.fill(1, 6)
    floor.report(2, OrderStatus.CANCELED, reason=int(CloseReason.SIBLING_FILLED))
    assert floor.asked(CancelOrder) == []
    assert floor.order(2).reason == CloseReason.SIBLING_FILLED
