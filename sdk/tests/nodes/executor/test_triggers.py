"""Orders of kinds that the venue lacks are held here until the market meets them."""

from __future__ import annotations

import struct

import pytest
from floor import SECOND, START, Floor, X, card, place, setup
from tradectl_sdk.bus.link import Fresh, Stale
from tradectl_sdk.bus.messages.events import OrderChanged
from tradectl_sdk.bus.messages.intents import Cancel, Cursor, Modify
from tradectl_sdk.bus.messages.market import Feed, Ticks
from tradectl_sdk.bus.messages.orders import CancelOrder
from tradectl_sdk.domain.orders import OrderFlag, OrderStatus, OrderType, TimeInForce
from tradectl_sdk.engine.reasons import CloseReason, DenyReason
from tradectl_sdk.exchange.values import FeedState
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.inputs import Datum, Missed, Received

PLAIN = {
    "order_types": frozenset({OrderType.MARKET, OrderType.LIMIT}),
    "times_in_force": frozenset({TimeInForce.GTC}),
}


def plain(**changes) -> Floor:
    """A floor before a venue that knows market and limit orders good till cancelled."""
    return Floor(setup(card=card(**PLAIN), margin=True, **changes)).open()


def next_bar(floor: Floor, *prices: int) -> None:
    """A bar that opened after everything before it."""
    floor.now += 2 * SECOND
    floor.bar(*prices)


def test_a_stop_waits_here_counts_as_working_and_is_sent_at_market():
    floor = plain()
    floor.intend(place(1, trigger=10_500))
    assert floor.tickets == []
    assert floor.status(1) == OrderStatus.HELD
    assert floor.told == [(1, "ACCEPTED")]
    assert floor.written(of.Placed)[0].local
    assert floor.state.book.open_buys(X) == 10
    next_bar(floor, 10_000, 10_499, 9_900, 10_400)
    assert floor.tickets == []
    next_bar(floor, 10_000, 10_500, 9_900, 10_400)
    (ticket,) = floor.tickets
    assert (ticket.type, ticket.trigger, ticket.limit) == (OrderType.MARKET, 0, 0)
    assert floor.told[1:] == [(1, "TRIGGERED")]
    floor.answer()
    floor.fill(1, 10, 10_510)
    assert floor.told[2:] == [(1, "fill")]


def test_a_stop_limit_becomes_a_limit_order():
    floor = plain()
    floor.intend(place(1, -1, trigger=9_500, limit=9_400))
    next_bar(floor, 10_000, 10_000, 9_400, 9_600)
    (ticket,) = floor.tickets
    assert (ticket.type, ticket.limit, ticket.trigger) == (OrderType.LIMIT, 9_400, 0)


def test_of_a_bar_that_was_under_way_only_the_close_counts():
    floor = plain()
    floor.intend(place(1, trigger=10_500))
    floor.now += SECOND // 2
    floor.bar(10_000, 10_900, 9_900, 10_400)
    assert floor.tickets == []
    floor.bar(10_000, 10_900, 9_900, 10_500)
    assert len(floor.tickets) == 1


@pytest.mark.parametrize(
    ("side", "trigger", "met"), [(1, 10_500, (10_499, 10_500)), (-1, 9_500, (9_500, 9_501))]
)
def test_quotes_meet_a_stop_at_once(side, trigger, met):
    floor = plain()
    floor.intend(place(1, side, trigger=trigger))
    floor.quote(9_900, 10_100)
    assert floor.tickets == []
    floor.quote(*met)
    assert len(floor.tickets) == 1


def test_trades_of_others_meet_it_too():
    floor = plain()
    floor.intend(place(1, trigger=10_500))
    columns = [struct.pack("<3q", *values) for values in ((START,) * 3, (1, 10_500, 2), (1, 1, 1))]
    ticks = Ticks(
        executions=Cursor(1, 0), instrument=X, time=columns[0], price=columns[1], lots=columns[2]
    )
    floor.step(Datum(Cursor(1, 99), ticks))
    assert len(floor.tickets) == 1


def test_a_trailing_stop_follows_and_only_ever_tightens():
    floor = plain()
    floor.intend(place(1, -1, trigger=9_800, trail=200))
    next_bar(floor, 10_000, 10_300, 9_900, 10_200)
    assert floor.order(1).trigger == 10_100
    next_bar(floor, 10_200, 10_250, 10_150, 10_200)
    assert floor.order(1).trigger == 10_100
    assert floor.tickets == []
    next_bar(floor, 10_200, 10_200, 10_100, 10_150)
    assert len(floor.tickets) == 1
    assert len(floor.written(of.Trailed)) == 1


def test_a_trailing_stop_follows_the_open_of_a_whole_bar_before_it_meets_the_rest():
    floor = plain()
    floor.intend(place(1, -1, trigger=9_800, trail=200))
    next_bar(floor, 10_500, 10_600, 10_300, 10_550)
    assert floor.order(1).trigger == 10_300
    assert len(floor.tickets) == 1


def test_a_host_is_told_of_a_trailing_stop_how_far_it_trails_and_where_it_stands():
    floor = plain()
    floor.intend(place(1, -1, trigger=9_800, trail=200))
    next_bar(floor, 10_000, 10_300, 9_900, 10_200)
    floor.intend(Modify(number=1, lots=4, trigger=9_800))
    (*_, told) = (one for one in floor.to_host if isinstance(one, OrderChanged))
    assert (told.lots, told.trigger, told.trail) == (4, 10_100, 200)


def test_a_change_of_its_size_does_not_loosen_a_trailing_stop_that_has_followed():
    floor = plain()
    floor.intend(place(1, -1, trigger=9_800, trail=200))
    next_bar(floor, 10_000, 10_300, 9_900, 10_200)
    floor.intend(Modify(number=1, lots=4, trigger=9_800))
    assert (floor.order(1).lots, floor.order(1).trigger) == (4, 10_100)


def test_nothing_is_triggered_by_data_that_cannot_be_trusted():
    floor = plain()
    floor.intend(place(1, trigger=10_500))
    floor.step(Datum(Cursor(1, 50), Feed(executions=Cursor(1, 0), state=FeedState(live=False))))
    next_bar(floor, 10_600)
    assert floor.tickets == []
    floor.step(Datum(Cursor(1, 51), Feed(executions=Cursor(1, 0), state=FeedState(live=True))))
    next_bar(floor, 10_600)
    assert len(floor.tickets) == 1


@pytest.mark.parametrize("how", ["feed", "instrument", "gap", "stream"])
def test_stale_data_keep_risk_away_and_let_what_reduces_pass(how):
    floor = Floor().open()
    floor.place(place(1))
    floor.fill(1, 10)
    if how == "gap":
        floor.step(Missed(Cursor(1, 40)))
        floor.fetched()
    elif how == "stream":
        floor.step(Received("market", Stale(text="silent")))
    else:
        state = FeedState(live=False, instrument=X if how == "instrument" else "")
        floor.step(Datum(Cursor(1, 40), Feed(executions=Cursor(1, 0), state=state)))
    floor.seq = 40
    floor.intend(place(2), place(3, -1, 4, flags=int(OrderFlag.REDUCE_ONLY)), data=Cursor(1, 0))
    assert floor.order(2).reason == DenyReason.STALE
    assert floor.status(3) == OrderStatus.SUBMITTED
    if how == "stream":
        floor.step(Received("market", Fresh()))
    elif how != "gap":
        state = FeedState(live=True, instrument=X if how == "instrument" else "")
        floor.step(Datum(Cursor(1, 41), Feed(executions=Cursor(1, 0), state=state)))
    floor.seq = 42
    floor.bar(10_000)
    floor.intend(place(4))
    assert floor.status(4) == OrderStatus.SUBMITTED


def test_good_till_a_date_is_kept_here_where_the_venue_does_not_know_it():
    floor = plain()
    gtd = int(TimeInForce.GTD)
    until = floor.now + 5 * SECOND
    floor.intend(
        place(1, limit=9_000, time_in_force=gtd, expires=until),
        place(2, trigger=10_500, time_in_force=gtd, expires=until),
    )
    floor.answer()
    assert [one.time_in_force for one in floor.tickets] == [TimeInForce.GTC]
    floor.wait(6 * SECOND)
    assert floor.status(2) == OrderStatus.CANCELED
    floor.cancelled(1)
    assert [floor.order(number).reason for number in (1, 2)] == [CloseReason.EXPIRED] * 2


def test_a_venue_that_ends_orders_in_time_is_left_to_do_it():
    floor = Floor().open()
    gtd = int(TimeInForce.GTD)
    floor.place(place(1, limit=9_000, time_in_force=gtd, expires=floor.now + SECOND))
    assert floor.tickets[-1].expires == floor.now + SECOND
    floor.wait(5 * SECOND)
    assert floor.cancels == []
    floor.report(1, OrderStatus.EXPIRED)
    assert floor.order(1).reason == CloseReason.EXPIRED


def test_an_order_that_waits_here_is_cancelled_without_asking_anybody():
    floor = plain()
    floor.intend(place(1, trigger=10_500))
    floor.intend(Cancel(number=1))
    assert floor.status(1) == OrderStatus.CANCELED
    assert floor.to_gateway[-1:] != [CancelOrder]
    assert floor.asked(CancelOrder) == []


def test_what_is_held_here_is_sent_once_that_is_possible():
    floor = plain()
    floor.intend(place(1, trigger=10_500))
    floor.connect(2)
    next_bar(floor, 10_600)
    assert floor.tickets == []
    floor.fetched(executions=Cursor(2, 0))
    assert len(floor.tickets) == 1


def test_it_survives_a_restart():
    floor = plain()
    floor.intend(place(1, trigger=10_500))
    after = Floor(floor.setup, state=floor.state, now=floor.now).open()
    next_bar(after, 10_600)
    assert len(after.tickets) == 1


def test_where_the_venue_cannot_keep_a_stop_from_opening_a_position_we_do():
    floor = Floor(setup(card=card(reduce_only=False))).open()
    floor.place(place(1, lots=10))
    floor.fill(1, 10)
    floor.place(place(2, -1, 10, trigger=9_500, flags=int(OrderFlag.REDUCE_ONLY)))
    assert not floor.tickets[-1].flags & OrderFlag.REDUCE_ONLY
    floor.place(place(3, -1, 4))
    floor.fill(3, 4)
    floor.cancelled(2)
    floor.answer()
    assert (floor.tickets[-1].lots, floor.tickets[-1].trigger) == (6, 9_500)
    floor.place(place(4, -1, 6))
    floor.fill(4, 6)
    floor.cancelled(2)
    assert floor.status(2) == OrderStatus.HELD, "nothing to reduce, until there is again"
    assert floor.position == 0


def test_a_market_order_with_nothing_left_to_reduce_ends():
    floor = Floor(setup(card=card(reduce_only=False))).open()
    floor.place(place(1, lots=10))
    floor.fill(1, 10)
    floor.connect(2)
    floor.fetched(executions=Cursor(2, 0))
    floor.place(place(2, -1, 10))
    floor.intend(place(3, -1, 10, flags=int(OrderFlag.REDUCE_ONLY)))
    floor.fill(2, 10)
    floor.report(3, OrderStatus.CANCELED)
    assert floor.position == 0
    assert floor.order(3).ended
