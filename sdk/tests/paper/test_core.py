"""What a paper venue takes, refuses, fills and remembers."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from counter import BTC, MINUTE, START, Counter, assume, fills, instrument, open_counter
from tradectl_sdk.domain.orders import OrderFlag, OrderStatus, TimeInForce
from tradectl_sdk.engine import CloseReason, LimitFill, MarketFill
from tradectl_sdk.errors import ExchangeError, NotFoundError, UsageError
from tradectl_sdk.exchange import (
    Absent,
    Accepted,
    OrderRef,
    OrderReport,
    Quote,
    Refused,
    TradeReport,
)
from tradectl_sdk.paper import Matching, MemoryLedger, PaperCore, PaperSettings

REDUCE = OrderFlag.REDUCE_ONLY


def changed(ticket, **terms):
    return msgspec.structs.replace(ticket, **terms)


# Identity ------------------------------------------------------------------------------------


def test_the_same_id_again_is_the_same_order_and_places_nothing():
    counter = open_counter()
    counter.flat(100)
    first = counter.buy(500, client_id="x", limit=90)
    again = counter.buy(700, client_id="x", limit=80)
    assert again.report.venue_id == first.report.venue_id
    assert [report.lots for report in counter.core.open_orders()] == [500]
    counter.cancel("x")
    ended = counter.buy(500, client_id="x", limit=90)
    assert ended.report.status == OrderStatus.CANCELED


def test_an_id_is_free_again_after_its_order_where_the_venue_is_like_that():
    counter = open_counter(ids_are_reusable=True)
    counter.flat(100)
    first = counter.buy(500, client_id="x")
    assert counter.buy(500, client_id="x").report.venue_id == first.report.venue_id
    counter.flat(100)
    second = counter.buy(500, client_id="x")
    assert second.report.venue_id != first.report.venue_id
    assert counter.query("x").venue_id == second.report.venue_id


def test_part_of_a_group_that_is_known_places_nothing():
    counter = open_counter()
    counter.flat(100)
    counter.buy(500, client_id="x", limit=90)
    known, other = counter.submit(
        counter.ticket(1, 500, client_id="x", limit=90), counter.ticket(1, 500, client_id="y")
    )
    assert isinstance(known, Accepted)
    assert other == Refused(code="incomplete_group")
    assert len(counter.core.open_orders()) == 1


def test_orders_are_found_by_either_id_and_in_their_own_market_only():
    counter = open_counter(instrument(), instrument("ETH/USDT"))
    counter.flat(100)
    number = counter.buy(500, client_id="x", limit=90).report.venue_id
    core = counter.core
    assert core.query(OrderRef(instrument=BTC, venue_id=number)).client_id == "x"
    assert core.query(OrderRef(instrument=BTC, venue_id="77")) == Absent()
    assert core.query(OrderRef(instrument=BTC, venue_id="no number")) == Absent()
    assert core.query(OrderRef(instrument=BTC, client_id="y")) == Absent()
    assert core.query(OrderRef(instrument="ETH/USDT.PAPER", client_id="x")) == Absent()


# Dating --------------------------------------------------------------------------------------


def test_an_order_that_comes_before_the_next_bar_is_dated_when_it_was_decided():
    counter = open_counter()
    counter.flat(100)
    ticket = counter.ticket(1, 500)
    counter.now += MINUTE // 2
    counter.submit(ticket)
    counter.now -= MINUTE // 2
    assert fills(counter.bar(101, 103, 99, 102)) == [("c1", 500, 101)]


def test_an_order_that_comes_after_the_next_bar_is_dated_when_it_came():
    counter = open_counter()
    counter.flat(100)
    late = counter.ticket(1, 500)
    counter.flat(101)
    counter.now += MINUTE // 2  # the bar that follows has opened, at a price that is known
    counter.submit(late)
    counter.now -= MINUTE // 2
    assert fills(counter.flat(102)) == []
    assert fills(counter.flat(103)) == [("c1", 500, 103)]
    trade = counter.core.trades(BTC, 0)[0]
    assert trade.time == START + 3 * MINUTE


def test_bars_that_come_again_or_overlap_change_nothing():
    counter = open_counter()
    counter.flat(100)
    counter.buy(500)
    last = counter.core.last_bar(BTC)
    counter.core.bars([last], counter.now)
    counter.core.bars([changed(last, time=last.time + MINUTE // 2)], counter.now)
    assert counter.listen() == []
    assert fills(counter.flat(101)) == [("c1", 500, 101)]


# Groups --------------------------------------------------------------------------------------


def test_a_bracket_waits_fills_and_ends_together():
    counter = open_counter()
    counter.flat(100)
    _, take, loss = counter.bracket(500, take=120, loss=90)
    assert [one.report.status for one in (take, loss)] == [OrderStatus.HELD] * 2
    assert take.report.lots == 500
    events = counter.flat(100)
    assert [(e.client_id, e.status) for e in events if isinstance(e, OrderReport)] == [
        ("c1", OrderStatus.FILLED),
        ("c2", OrderStatus.ACCEPTED),
        ("c3", OrderStatus.ACCEPTED),
    ]
    assert fills(counter.bar(100, 121, 100, 121)) == [("c2", -500, 120)]
    lost = counter.query("c3")
    assert (lost.status, lost.reason) == (OrderStatus.CANCELED, CloseReason.SIBLING_FILLED)
    assert counter.core.open_orders() == []


def test_exits_end_with_an_entry_that_is_cancelled():
    counter = open_counter()
    counter.flat(100)
    counter.bracket(500, take=120, loss=80, limit=90)
    assert isinstance(counter.cancel("c1"), Accepted)
    assert {r.reason for r in counter.core.closed_orders(BTC, 0)} == {
        CloseReason.REQUESTED,
        CloseReason.PARENT_ENDED,
    }


def test_what_one_order_of_a_group_fills_is_taken_off_the_other():
    counter = open_counter(assumptions=assume(volume_share=Decimal("0.5")))
    counter.flat(100)
    counter.buy(1000)
    counter.flat(100)
    first = counter.ticket(-1, 1000, limit=110)
    counter.submit(
        changed(first, group=first.client_id),
        counter.ticket(-1, 1000, trigger=90, group=first.client_id),
    )
    events = counter.bar(100, 115, 100, 112, volume=600)
    assert fills(events) == [("c2", -300, 110)]
    assert [(e.client_id, e.lots) for e in events if isinstance(e, OrderReport)] == [
        ("c2", 1000),
        ("c3", 700),
    ]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"parent": "nobody"}, "bad_parent"),
        ({"group": "nobody"}, "bad_group"),
        ({"client_id": "c1"}, "duplicate_id"),
    ],
)
def test_ties_that_lead_nowhere_are_refused_with_all_that_is_tied(terms, code):
    counter = open_counter()
    counter.flat(100)
    first, second = counter.submit(
        counter.ticket(1, 500, limit=90), counter.ticket(-1, 500, limit=110, **terms)
    )
    assert {first.code, second.code} == {code, "group_refused"}
    assert counter.core.open_orders() == []


def test_exits_of_another_market_are_refused():
    counter = open_counter(instrument(), instrument("ETH/USDT"))
    counter.flat(100)
    entry = counter.ticket(1, 500, limit=90)
    exit_ = counter.ticket(-1, 500, on="ETH/USDT.PAPER", limit=110, parent=entry.client_id)
    assert counter.submit(entry, exit_)[0].code == "bad_group"


# Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"lots": 0}, "bad_quantity"),
        ({"lots": 2**62 + 1}, "too_large"),
        ({"lots": 2**61, "limit": 2**20, "type": 1}, "too_large"),
        ({"side": 2}, "bad_side"),
        ({"type": 9}, "unsupported_type"),
        ({"time_in_force": 9}, "unsupported_time_in_force"),
        ({"limit": 90}, "bad_price"),
        ({"type": 1, "limit": 90, "trigger": 80}, "bad_price"),
        ({"type": 1}, "bad_price"),
        ({"trail": 5}, "bad_price"),
        ({"expires": -1}, "bad_price"),
        ({"client_id": "with blank"}, "bad_client_id"),
        ({"instrument": "DOGE/USDT.PAPER"}, "unknown_instrument"),
        ({"time_in_force": TimeInForce.GTD, "expires": 5}, "bad_time"),
        ({"lots": 1}, "min_notional"),
    ],
)
def test_what_no_venue_could_work_with_is_refused(terms, code):
    counter = open_counter(instrument(min_notional=Decimal("0.1")))
    counter.flat(100)
    outcome = counter.submit(changed(counter.ticket(1, 500), **terms))[0]
    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert counter.core.open_orders() == []


def test_an_order_at_market_needs_a_market():
    counter = open_counter()
    assert counter.buy(500).code == "no_price"
    assert isinstance(counter.buy(500, limit=90), Accepted)


def test_a_trailing_stop_without_a_trigger_trails_from_the_last_price():
    counter = open_counter()
    counter.flat(100)
    counter.buy(500)
    counter.flat(100)
    outcome = counter.sell(500, trail=7)
    assert outcome.report.trigger == 93


def test_a_venue_that_reserves_refuses_what_is_not_covered():
    counter = open_counter(
        instrument(taker_fee=Decimal("0.01")),
        reserves=True,
        assumptions=assume(cash=Decimal("1.0")),
    )
    counter.flat(100)
    assert counter.buy(1000, limit=100).code == "balance"
    assert isinstance(counter.buy(600, limit=100), Accepted)
    assert counter.buy(600, limit=100).code == "balance"
    assert counter.sell(1, limit=200).code == "balance"
    assert counter.balance("USDT") == (Decimal("0.394"), Decimal("0.606"))


def test_orders_that_cancel_each_other_hold_once():
    counter = open_counter(reserves=True, assumptions=assume(cash=Decimal(1)))
    counter.flat(100)
    counter.buy(900)
    counter.flat(100)
    first = counter.ticket(-1, 900, limit=110)
    outcomes = counter.submit(
        changed(first, group=first.client_id),
        counter.ticket(-1, 900, trigger=90, group=first.client_id),
    )
    assert all(isinstance(one, Accepted) for one in outcomes)
    assert counter.balance("BTC") == (Decimal(0), Decimal("0.9"))
    assert counter.sell(1, limit=120).code == "balance"


def test_reduce_only_orders_and_margin_accounts_hold_nothing():
    counter = open_counter(reserves=True, assumptions=assume(margin=True, cash=Decimal(1)))
    counter.flat(100)
    assert isinstance(counter.sell(10**6, limit=110), Accepted)
    assert counter.balance("USDT") == (Decimal(1), Decimal(0))


def test_there_must_be_something_to_trade():
    with pytest.raises(UsageError, match="no instruments"):
        PaperCore([], MemoryLedger())
    counter = open_counter()
    with pytest.raises(NotFoundError, match="DOGE"):
        counter.core.last_price("DOGE")


# Changes -------------------------------------------------------------------------------------


def test_an_order_ends_at_its_owners_wish_once():
    counter = open_counter()
    counter.flat(100)
    counter.buy(500, limit=90, client_id="x")
    ended = counter.cancel("x")
    assert (ended.report.status, ended.report.reason) == (
        OrderStatus.CANCELED,
        CloseReason.REQUESTED,
    )
    assert counter.cancel("x").code == "order_ended"
    assert counter.cancel("y").code == "unknown_order"


def test_a_new_price_goes_to_the_end_of_the_queue_and_a_smaller_size_stays():
    counter = open_counter(assumptions=assume(volume_share=Decimal(1)))
    counter.flat(100)
    tickets = [counter.ticket(1, 600, limit=price) for price in (90, 90, 91)]
    for ticket in tickets:
        counter.submit(ticket)
    smaller = counter.amend("c1", changed(tickets[0], lots=400))
    moved = counter.amend("c3", changed(tickets[2], limit=90))
    assert (smaller.report.lots, moved.report.limit) == (400, 90)
    events = counter.bar(100, 100, 80, 85, volume=1000)
    assert fills(events) == [("c1", 400, 90), ("c2", 600, 90)]
    assert fills(counter.bar(100, 100, 80, 85, volume=1000)) == [("c3", 600, 90)]


def test_a_waiting_exit_can_be_moved():
    counter = open_counter()
    counter.flat(100)
    counter.bracket(500, take=120, loss=80)
    ticket = counter.core.ledger.by_client_id("c2").ticket
    assert isinstance(counter.amend("c2", changed(ticket, limit=110)), Accepted)
    counter.flat(100)
    assert fills(counter.bar(100, 115, 100, 110)) == [("c2", -500, 110)]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"side": -1}, "bad_order"),
        ({"lots": 300}, "bad_quantity"),
        ({"group": "nobody"}, "bad_group"),
        ({"limit": 0}, "bad_price"),
    ],
)
def test_a_change_that_makes_another_order_is_refused(terms, code):
    counter = open_counter(assumptions=assume(volume_share=Decimal("0.5")))
    counter.flat(100)
    ticket = counter.ticket(1, 1000, limit=90)
    counter.submit(ticket)
    counter.bar(100, 100, 80, 85, volume=800)
    assert counter.query("c1").filled == 400
    assert counter.amend("c1", changed(ticket, **terms)).code == code
    assert counter.amend("c9", changed(ticket, client_id="c9")).code == "unknown_order"


def test_an_ended_order_cannot_be_changed():
    counter = open_counter()
    counter.flat(100)
    ticket = counter.ticket(1, 500, limit=90)
    counter.submit(ticket)
    counter.cancel("c1")
    assert counter.amend("c1", changed(ticket, lots=600)).code == "order_ended"


# A venue's own doing -------------------------------------------------------------------------


def test_a_venue_may_fill_a_part_and_end_the_rest():
    counter = open_counter()
    counter.flat(100)
    counter.buy(500, limit=90, client_id="x")
    ref = OrderRef(instrument=BTC, client_id="x")
    assert counter.core.fill(ref, 200, counter.now).report.filled == 200
    ended = counter.core.expire(ref, counter.now).report
    assert (ended.status, ended.filled) == (OrderStatus.EXPIRED, 200)
    assert fills(counter.listen()) == [("x", 200, 100)]
    assert counter.core.expire(ref, counter.now).code == "order_ended"
    assert counter.core.fill(ref, 1, counter.now).code == "order_ended"
    assert counter.balance("BTC")[0] == Decimal("0.2")


def test_a_venue_cannot_fill_what_waits_for_its_entry():
    counter = open_counter()
    counter.flat(100)
    counter.bracket(500, take=120, loss=80)
    ref = OrderRef(instrument=BTC, client_id="c2")
    assert counter.core.fill(ref, 1, counter.now).code == "not_fillable"


# Currencies ----------------------------------------------------------------------------------


def test_coins_bought_in_one_market_are_spent_in_another():
    ethbtc = instrument("ETH/BTC", tick_size=Decimal("0.0001"))
    counter = open_counter(instrument(), ethbtc, balances={"USDT": Decimal(1000)})
    counter.flat(10_000)
    counter.flat(500, on="ETH/BTC.PAPER")
    counter.buy(1000)
    counter.flat(10_000)
    assert counter.balance("BTC")[0] == Decimal(1)
    counter.buy(4000, on="ETH/BTC.PAPER")
    counter.flat(500, on="ETH/BTC.PAPER")
    assert counter.balance("BTC")[0] == Decimal("0.8")
    assert counter.balance("ETH")[0] == Decimal(4)
    assert counter.balance("USDT")[0] == Decimal(900)
    counter.sell(1000)
    counter.flat(10_000)
    sold = counter.query("c3")
    assert (sold.status, sold.filled) == (OrderStatus.PARTIALLY_FILLED, 800)


def test_contracts_are_positions_and_margin_may_be_short():
    counter = open_counter(instrument("SPX", lot_size=Decimal(1)), assumptions=assume(margin=True))
    counter.flat(100, on="SPX.PAPER")
    counter.sell(3, on="SPX.PAPER")
    counter.flat(100, on="SPX.PAPER")
    (position,) = counter.core.positions()
    assert (position.instrument, position.lots) == ("SPX.PAPER", -3)


def test_a_coin_whose_lot_is_no_amount_of_money_is_refused():
    with pytest.raises(UsageError, match="lot_size"):
        open_counter(instrument(lot_size=Decimal("0.0000000015")))


# Trades instead of bars ----------------------------------------------------------------------


def prints(**changes) -> Counter:
    return open_counter(matching=Matching.PRINTS, **changes)


def test_an_order_that_takes_is_filled_at_once_at_the_quote():
    counter = prints()
    counter.print(100)
    assert counter.buy(500).report.status == OrderStatus.FILLED
    counter.core.quote(
        Quote(instrument=BTC, time=counter.now, bid=97, bid_lots=1, ask=103, ask_lots=1)
    )
    counter.buy(500)
    counter.sell(500, limit=90)
    assert fills(counter.told) == [("c1", 500, 100), ("c2", 500, 103), ("c3", -500, 97)]


def test_resting_orders_meet_each_trade_at_their_own_price():
    counter = prints()
    counter.print(100)
    counter.buy(500)
    counter.buy(500, limit=95)
    counter.sell(500, trigger=97)
    assert fills(counter.print(98)) == []
    assert fills(counter.print(90)) == [("c3", -500, 97), ("c2", 500, 95)]
    maker = {one.client_id: one.maker for one in counter.told if isinstance(one, TradeReport)}
    assert maker == {"c1": False, "c2": True, "c3": False}


def test_what_cannot_be_filled_at_once_ends_if_it_was_to():
    counter = prints()
    counter.print(100)
    outcome = counter.buy(500, limit=90, time_in_force=TimeInForce.IOC)
    assert outcome.report.status == OrderStatus.CANCELED
    assert counter.buy(500, limit=90).report.status == OrderStatus.ACCEPTED


def test_a_changed_price_may_take_at_once():
    counter = prints()
    counter.print(100)
    ticket = counter.ticket(1, 500, limit=90)
    counter.submit(ticket)
    assert counter.amend("c1", changed(ticket, limit=110)).report.status == OrderStatus.FILLED


def test_before_the_first_trade_nothing_is_filled():
    counter = prints()
    assert counter.buy(500, limit=90).report.status == OrderStatus.ACCEPTED


# This bar's close ----------------------------------------------------------------------------


def test_an_order_at_the_close_fills_when_it_comes_if_that_bar_is_still_the_last():
    counter = open_counter(assumptions=assume(market_fill=MarketFill.THIS_CLOSE))
    counter.flat(100)
    late = counter.ticket(1, 500)
    assert counter.buy(500).report.status == OrderStatus.FILLED
    counter.flat(110)
    counter.submit(late)
    assert fills(counter.flat(120)) == [("c1", 500, 120)]
    assert fills(counter.told) == [("c2", 500, 100), ("c1", 500, 120)]


# Failure -------------------------------------------------------------------------------------


class Full(MemoryLedger):
    """A ledger whose disk is full from some step on."""

    full = False

    def write(self, changes):
        if self.full:
            raise ExchangeError("no space left on device")
        super().write(changes)


def test_a_venue_that_cannot_write_tells_nothing_and_goes_no_further():
    ledger = Full()
    counter = open_counter(ledger=ledger)
    counter.flat(100)
    counter.buy(500, limit=90, client_id="x")
    ledger.full = True
    with pytest.raises(ExchangeError, match="no space left"):
        counter.buy(500, client_id="y")
    assert counter.listen() == []
    ledger.full = False
    with pytest.raises(ExchangeError, match="stopped when its ledger"):
        counter.flat(101)
    settings = PaperSettings(assumptions=assume())
    again = Counter(PaperCore([instrument()], ledger, settings), now=counter.now)
    assert [report.client_id for report in again.core.open_orders()] == ["x"]


def test_a_ledger_with_orders_of_another_market_is_not_opened_without_it():
    ledger = MemoryLedger()
    counter = open_counter(instrument(), instrument("ETH/USDT"), ledger=ledger)
    counter.flat(100, on="ETH/USDT.PAPER")
    counter.buy(500, on="ETH/USDT.PAPER", limit=90, client_id="x")
    with pytest.raises(UsageError, match="holds a working order on ETH"):
        open_counter(ledger=ledger)
    counter.cancel("x", on="ETH/USDT.PAPER")
    open_counter(ledger=ledger).flat(100)
    assert ledger.state().standings["ETH/USDT.PAPER"].last.close == 100


def test_a_touch_is_enough_where_that_is_assumed():
    counter = prints(assumptions=assume(limit_fill=LimitFill.TOUCH))
    counter.print(100)
    counter.buy(500, limit=95)
    assert fills(counter.print(95)) == [("c1", 500, 95)]
