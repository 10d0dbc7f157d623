"""What the executor makes of market data that are not its business, of empty ones, and of gaps."""

from __future__ import annotations

import struct

import pytest
from floor import START, Floor, X, place
from test_triggers import plain
from tradectl_sdk.bus.messages.intents import Cursor, Intents
from tradectl_sdk.bus.messages.market import Feed, Quotes, Ticks
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine.reasons import DenyReason
from tradectl_sdk.exchange.values import FeedState, Quote
from tradectl_sdk.nodes.executor.setup import Bounds
from tradectl_sdk.nodes.executor.watching import Waiting
from tradectl_sdk.nodes.inputs import Datum, Missed

NO_EVENT = Cursor(1, 0)
STRANGE = "ETH/USDT.TEST"


def quote(instrument: str, bid: int) -> Quote:
    return Quote(instrument=instrument, time=START, bid=bid, bid_lots=1, ask=bid, ask_lots=1)


def ticks(instrument: str, *prices: int) -> Ticks:
    count = len(prices)
    time, price, lots = (
        struct.pack(f"<{count}q", *one) for one in ([START] * count, prices, [1] * count)
    )
    return Ticks(executions=NO_EVENT, instrument=instrument, time=time, price=price, lots=lots)


def with_a_stop(trigger: int = 10_500) -> Floor:
    floor = plain()
    floor.intend(place(1, trigger=trigger))
    return floor


def test_quotes_and_trades_of_what_is_not_traded_here_touch_nothing():
    floor = with_a_stop()
    before = floor.state.encoded()
    both = Quotes(executions=NO_EVENT, quotes=(quote(STRANGE, 10_500), quote(X, 10_001)))
    floor.step(Datum(Cursor(1, 20), both))
    floor.step(Datum(Cursor(1, 21), ticks(STRANGE, 10_500)))
    floor.step(Datum(Cursor(1, 22), ticks(X)))
    assert floor.tickets == []
    assert floor.state.encoded() == before
    assert floor.core.data == Cursor(1, 22), "it has been read, all the same"
    both = Quotes(executions=NO_EVENT, quotes=(quote(STRANGE, 1), quote(X, 10_500)))
    floor.step(Datum(Cursor(1, 23), both))
    assert len(floor.tickets) == 1


@pytest.mark.parametrize("prices", [(10_499, 10_501, 10_400), (10_500,)])
def test_any_trade_of_several_may_meet_a_trigger(prices):
    floor = with_a_stop()
    floor.step(Datum(Cursor(1, 20), ticks(X, *prices)))
    assert len(floor.tickets) == 1


def test_a_feed_that_calls_itself_dead_triggers_nothing_though_it_goes_on_talking():
    floor = with_a_stop()
    dead = Feed(executions=NO_EVENT, state=FeedState(live=False, instrument=X))
    floor.step(Datum(Cursor(1, 31), dead))
    floor.step(Datum(Cursor(1, 32), Quotes(executions=NO_EVENT, quotes=(quote(X, 10_600),))))
    assert floor.tickets == [], "the feed has said itself that it is dead"
    alive = Feed(executions=NO_EVENT, state=FeedState(live=True, instrument=X))
    floor.step(Datum(Cursor(1, 33), alive))
    floor.step(Datum(Cursor(1, 34), Quotes(executions=NO_EVENT, quotes=(quote(X, 10_600),))))
    assert len(floor.tickets) == 1


def test_after_a_gap_the_next_price_makes_an_instrument_fresh_again():
    floor = Floor().open()
    floor.step(Missed(Cursor(1, 30)))
    floor.fetched()
    floor.seq = 30
    floor.intend(place(1))
    assert floor.order(1).reason == DenyReason.STALE
    floor.step(Datum(Cursor(1, 31), ticks(X, 10_000)))
    floor.seq = 31
    floor.intend(place(2))
    assert floor.status(2) == OrderStatus.SUBMITTED


def test_intents_wait_for_the_data_they_were_made_from_but_neither_long_nor_in_any_number():
    def intents(seq: int) -> Intents:
        return Intents(strategy="s", epoch=1, decided=START, data=Cursor(1, seq), commands=())

    waiting = Waiting(Bounds(intents_wait=100, most_waiting=2))
    assert waiting.ready(0, Cursor(1, 9)) is None
    assert waiting.next_deadline is None
    first, second, third = intents(5), intents(5), intents(6)
    waiting.add(0, first)
    waiting.add(10, second)
    assert waiting.ready(99, Cursor(1, 4)) is None
    assert waiting.next_deadline == 100
    assert waiting.ready(100, Cursor(1, 4)) == (first, True), "it has waited long enough"
    assert waiting.ready(101, Cursor(1, 5)) == (second, False)
    for one in (third, third, third):
        waiting.add(200, one)
    assert waiting.ready(201, Cursor(1, 5)) == (third, True), "too many wait"
    assert waiting.ready(201, Cursor(1, 5)) is None
    waiting.clear()
    assert len(waiting) == 0
