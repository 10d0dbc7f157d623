"""The way of an order: intent, gate, journal, venue, and back to the host."""

from __future__ import annotations

import pytest
from floor import SECOND, START, Floor, X, card, place, replayed, setup
from tradectl_sdk.bus.link import PeerChanged
from tradectl_sdk.bus.messages.events import AccountSnapshot, Filled, OrderChanged, Progress
from tradectl_sdk.bus.messages.intents import Cancel, Cursor
from tradectl_sdk.bus.messages.orders import CancelOrder, Submit
from tradectl_sdk.domain.orders import OrderFlag, OrderStatus, OrderType, Pending, TimeInForce
from tradectl_sdk.engine.reasons import CloseReason, DenyReason
from tradectl_sdk.exchange.values import Refused, Unclear
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.setup import Bounds

REDUCE = int(OrderFlag.REDUCE_ONLY)


def test_an_order_is_written_down_in_the_step_that_sends_it():
    floor = Floor().open()
    floor.intend(place(1, limit=9_900))
    kinds = [type(one) for one in floor.records[-2:]]
    assert kinds == [of.Placed, of.Sent]
    assert floor.state.heard == 1
    (ticket,) = floor.tickets
    assert (ticket.side, ticket.lots, ticket.limit, ticket.decided) == (1, 10, 9_900, floor.now)
    assert floor.status(1) == OrderStatus.SUBMITTED


def test_a_message_is_read_with_its_last_command_whatever_that_is():
    floor = Floor().open()
    floor.intend(place(1, limit=9_900), place(2, limit=9_800))
    assert [one.read for one in floor.written(of.Placed)] == [0, 1]
    floor.intend(place(3, limit=9_700), Cancel(number=1))
    assert [one.number for one in floor.written(of.IntentsRead)] == [2]
    assert floor.state.heard == replayed(floor.records).heard == 2


def test_the_venue_s_answers_become_statuses():
    floor = Floor().open()
    floor.intend(*(place(number, limit=9_900) for number in range(1, 5)))
    answers = [None, Refused(code="-2010", text="no"), Unclear(text="504"), None]
    answers[3] = Unclear(text="no route", sent=False)
    for which, outcome in enumerate(answers):
        floor.answer(*([outcome] if outcome else []), which=which)
    assert floor.statuses(1, 2, 3, 4) == [
        OrderStatus.ACCEPTED,
        OrderStatus.REJECTED,
        OrderStatus.UNKNOWN,
        OrderStatus.REJECTED,
    ]
    assert floor.order(2).reason == CloseReason.VENUE_REFUSED
    assert floor.order(2).text == "-2010: no"
    assert floor.order(4).reason == CloseReason.NOT_SENT


def test_a_host_is_told_each_thing_once_and_in_order():
    floor = Floor().open()
    floor.place(place(1, limit=9_900))
    floor.fill(1, 4)
    floor.fill(1, 6)
    assert floor.told == [(1, "ACCEPTED"), (1, "fill"), (1, "fill")]
    last = [one for one in floor.to_host if isinstance(one, Filled)][-1]
    assert (last.position, last.cash, last.status) == (10, floor.state.ledger.cash, 8)
    assert last.at == Cursor(1, 2)
    assert floor.to_host[-1] == Progress(executions=Cursor(1, 2), heard=1)


def test_the_same_intents_again_change_nothing():
    floor = Floor().open()
    floor.place(place(1, limit=9_900), place(2))
    before = floor.state.encoded()
    floor.intents = 0
    floor.intend(place(1, limit=9_900), place(2))
    floor.intend(place(1, limit=9_900), place(2), number=0)
    assert floor.state.encoded() == before
    assert len(floor.tickets) == 2


def test_a_denied_order_never_reaches_the_venue():
    floor = Floor().open()
    floor.intend(place(1, instrument="NO.SUCH"), place(2, lots=0), place(3, -1, flags=REDUCE))
    assert floor.asked(Submit) == []
    assert [floor.order(number).reason for number in (1, 2, 3)] == [
        DenyReason.NO_INSTRUMENT,
        DenyReason.ZERO_LOTS,
        DenyReason.NOTHING_TO_REDUCE,
    ]


def test_cancelling_waits_for_the_venue_s_word():
    floor = Floor().open()
    floor.place(place(1, limit=9_900))
    floor.intend(Cancel(number=1))
    assert floor.status(1) == OrderStatus.ACCEPTED
    assert floor.state.book.open_buys(X) == 10
    floor.answer(kind=CancelOrder)
    assert floor.status(1) == OrderStatus.ACCEPTED
    floor.report(1, OrderStatus.CANCELED)
    assert floor.status(1) == OrderStatus.CANCELED
    assert floor.order(1).reason == CloseReason.REQUESTED
    assert floor.state.book.open_buys(X) == 0
    assert len(floor.asked(CancelOrder)) == 1


def test_what_is_told_of_an_order_that_is_to_end_says_so():
    """A host takes an order that works, and is not being cancelled, for one that came back."""
    floor = Floor().open()
    floor.intend(place(1, limit=9_900))
    floor.intend(Cancel(number=1))
    floor.answer()
    accepted = next(one for one in floor.to_host if isinstance(one, OrderChanged))
    assert (accepted.status, accepted.pending) == (OrderStatus.ACCEPTED, Pending.CANCEL)


def test_intents_wait_for_the_data_they_were_decided_on():
    floor = Floor().open()
    floor.intend(place(1), data=Cursor(1, floor.seq + 1))
    floor.intend(place(2))
    assert floor.tickets == []
    floor.bar(10_000)
    assert [one.number for one in floor.written(of.Placed)] == [1, 2]


def test_intents_whose_data_do_not_come_are_judged_as_stale():
    floor = Floor().open()
    floor.place(place(1))
    floor.fill(1, 10)
    late = Cursor(1, floor.seq + 1)
    floor.intend(place(2), place(3, -1, flags=REDUCE), data=late)
    floor.wait(3 * SECOND)
    assert floor.order(2).reason == DenyReason.STALE
    assert floor.status(3) == OrderStatus.SUBMITTED


def test_a_snapshot_shows_what_earlier_lives_of_the_host_left():
    floor = Floor().open()
    floor.place(place(1, limit=9_900), place(2))
    floor.fill(2, 10)
    floor.host(PeerChanged(name="host", role="host", epoch=2))
    snapshot = floor.to_host[-1]
    assert isinstance(snapshot, AccountSnapshot)
    assert [(one.epoch, one.number, one.lots) for one in snapshot.orders] == [(1, 1, 10)]
    assert [(one.instrument, one.lots) for one in snapshot.holdings] == [(X, 10)]
    assert snapshot.recent == ()
    floor.intend(Cancel(number=1, epoch=1), epoch=2, number=1)
    assert floor.order(1).ending == CloseReason.REQUESTED


def test_a_host_that_comes_back_is_told_again_what_it_may_have_missed():
    floor = Floor().open()
    floor.place(place(1))
    floor.fill(1, 10)
    floor.host(PeerChanged(name="host", role="host", epoch=1))
    snapshot = floor.to_host[-1]
    assert [one.trade_id for one in snapshot.recent] == ["t1"]
    assert snapshot.heard == 1


def test_intents_of_another_life_or_strategy_are_not_read():
    floor = Floor().open(host=3)
    floor.intend(place(1), epoch=2)
    floor.intend(place(1), epoch=3, strategy="other")
    assert floor.notices == ["intents", "intents"]
    assert floor.tickets == []


def test_nothing_is_taken_before_the_account_agrees_with_the_venue():
    floor = Floor()
    floor.connect()
    floor.host(PeerChanged(name="host", role="host", epoch=1))
    floor.bar(10_000)
    floor.intend(place(1))
    assert floor.to_host == []
    floor.fetched()
    assert isinstance(floor.to_host[0], AccountSnapshot)
    assert floor.order(1).reason == DenyReason.NOT_RECONCILED


def test_an_order_that_only_a_cancellation_stands_in_the_way_of_waits_for_its_end():
    class Cash:
        """Refuses to have more than ten lots open."""

        reason = int(DenyReason.CASH)

        def check(self, order, account, market, now):
            return order.lots if account.open_buys[0] + order.lots <= 10 else 0

        def observe(self, now, equity):
            """Look away."""

    floor = Floor(setup(make_rules=lambda: [Cash()])).open()
    floor.place(place(1, limit=9_900))
    floor.intend(Cancel(number=1), place(2, limit=9_800), place(3, lots=11, limit=9_800))
    assert floor.order(3).reason == DenyReason.CASH
    assert floor.status(2) == OrderStatus.NEW
    assert len(floor.tickets) == 1
    floor.cancelled(1)
    assert floor.status(2) == OrderStatus.SUBMITTED
    assert floor.tickets[-1].limit == 9_800


def test_orders_of_one_instant_see_each_other():
    class Most:
        """Refuses to have more than ten lots open."""

        reason = int(DenyReason.POSITION)

        def check(self, order, account, market, now):
            return order.lots if account.open_buys[0] + order.lots <= 10 else 0

        def observe(self, now, equity):
            """Look away."""

    floor = Floor(setup(make_rules=lambda: [Most()])).open()
    floor.intend(place(1, lots=6, limit=9_900), place(2, lots=6, limit=9_900))
    assert floor.order(2).reason == DenyReason.POSITION
    floor.intend(place(3, lots=4, limit=9_900), data=Cursor(1, floor.seq + 1))
    floor.intend(place(4, lots=4, limit=9_900), data=Cursor(1, floor.seq + 1))
    floor.bar(10_000)
    assert floor.order(4).reason == DenyReason.POSITION


def test_an_order_does_not_wait_for_a_cancellation_for_ever():
    class Cash:
        reason = int(DenyReason.CASH)

        def check(self, order, account, market, now):
            return order.lots if account.open_buys[0] == 0 else 0

        def observe(self, now, equity):
            """Look away."""

    bounds = Bounds(max_clock_offset=None, parked_wait=SECOND)
    floor = Floor(setup(make_rules=lambda: [Cash()], bounds=bounds)).open()
    floor.place(place(1, limit=9_900))
    floor.intend(Cancel(number=1), place(2, limit=9_800))
    floor.wait(2 * SECOND)
    assert floor.order(2).reason == DenyReason.CASH


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"type": OrderType.LIMIT}, DenyReason.BAD_TERMS),
        ({"type": OrderType.MARKET, "limit": 5}, DenyReason.BAD_TERMS),
        ({"side": 3}, DenyReason.BAD_TERMS),
        ({"time_in_force": 9}, DenyReason.BAD_TERMS),
        ({"limit": -1}, DenyReason.BAD_PRICE),
        ({"lots": -1}, DenyReason.BAD_QUANTITY),
        ({"time_in_force": TimeInForce.GTD, "limit": 5}, DenyReason.NO_EXPIRY),
        ({"limit": 5, "expires": START * 2}, DenyReason.BAD_TERMS),
    ],
)
def test_what_makes_no_sense_is_denied(terms, reason):
    floor = Floor().open()
    floor.intend(place(**({"number": 1} | terms)))
    assert floor.order(1).reason == reason


def test_what_the_venue_cannot_do_and_nobody_can_do_for_it_is_denied():
    rules = card(times_in_force=frozenset({TimeInForce.GTC}))
    floor = Floor(setup(card=rules)).open()
    floor.intend(place(1, time_in_force=int(TimeInForce.FOK)))
    assert floor.order(1).reason == DenyReason.UNSUPPORTED


def test_a_refused_exit_keeps_its_entry_away():
    class NoStops:
        reason = int(DenyReason.CUSTOM)

        def check(self, order, account, market, now):
            return 0 if order.type == OrderType.STOP else order.lots

        def observe(self, now, equity):
            """Look away."""

    floor = Floor(setup(make_rules=lambda: [NoStops()])).open()
    floor.intend(place(1), place(2, -1, trigger=9_000, parent=1))
    assert [floor.order(number).reason for number in (1, 2)] == [DenyReason.EXIT_REFUSED] * 2
    assert floor.tickets == []


def test_records_lead_to_the_state_they_came_from():
    floor = Floor().open()
    take = place(2, -1, limit=11_000, parent=1, group=2)
    floor.place(place(1), take, place(3, -1, trigger=9_000, parent=1, group=2))
    floor.fill(1, 3)
    floor.intend(Cancel(number=1))
    assert replayed(floor.records).encoded() == floor.state.encoded()
    assert isinstance(floor.to_host[-1], Progress | OrderChanged)


@pytest.mark.parametrize(
    "terms", [{"trigger": 9_000, "time_in_force": int(TimeInForce.FOK)}, {"trigger": -5}]
)
def test_an_exit_that_nobody_could_have_keeps_its_entry_away(terms):
    floor = Floor(setup(card=card(times_in_force=frozenset({TimeInForce.GTC})))).open()
    floor.intend(place(1), place(2, -1, parent=1, **terms))
    assert [floor.order(number).reason for number in (1, 2)] == [DenyReason.EXIT_REFUSED] * 2
    assert floor.tickets == []


def test_an_exit_of_no_entry_or_of_one_that_has_ended_is_denied():
    floor = Floor().open()
    floor.intend(place(1, -1, trigger=9_000, parent=77))
    floor.place(place(2, limit=9_000), accept=False)
    floor.answer(Refused(code="no", text="no"))
    floor.intend(place(3, -1, trigger=9_000, parent=2))
    assert floor.order(1).reason == DenyReason.BAD_TERMS
    assert floor.order(3).reason == floor.order(2).reason == CloseReason.VENUE_REFUSED
    assert floor.status(3) == OrderStatus.DENIED
    assert len(floor.tickets) == 1


def test_news_that_make_no_sense_are_kept_for_people_and_change_nothing_else():
    floor = Floor().open()
    floor.place(place(1))
    before = floor.order(1).status
    floor.report(1, OrderStatus.UNKNOWN)
    assert floor.order(1).status == before
    floor.fill(1, 4, instrument="ETH/USDT.TEST")
    assert (floor.position, floor.state.orphans) == (0, {})
    floor.fill(1, 4, side=-1)
    assert floor.position == -4  # a fact, whatever was wanted
    assert floor.notices == ["status", "side"]


@pytest.mark.parametrize(
    ("terms", "status", "reason"),
    [
        ({"time_in_force": int(TimeInForce.IOC)}, OrderStatus.CANCELED, CloseReason.NOT_AT_ONCE),
        ({"time_in_force": int(TimeInForce.FOK)}, OrderStatus.CANCELED, CloseReason.NOT_WHOLE),
        ({}, OrderStatus.CANCELED, CloseReason.VENUE_ENDED),
        ({}, OrderStatus.EXPIRED, CloseReason.EXPIRED),
        ({}, OrderStatus.REJECTED, CloseReason.VENUE_REFUSED),
    ],
)
def test_an_end_that_the_venue_gives_no_reason_for_has_one(terms, status, reason):
    floor = Floor().open()
    floor.place(place(1, limit=9_000, **terms), accept=False)
    floor.report(1, status)
    assert (floor.status(1), floor.order(1).reason) == (status, reason)


def test_a_middle_serves_for_a_price_until_something_has_traded_and_the_past_never_does():
    floor = Floor()
    prices = floor.state.ledger.prices
    floor.quote(9_000, 9_010)
    assert prices.last(0) == 9_005
    floor.bar(9_500, time=floor.now)
    floor.quote(9_000, 9_010)
    floor.bar(8_000, time=floor.now - SECOND)
    assert prices.last(0) == 9_500


def test_an_earlier_life_of_the_host_that_comes_back_is_noticed_and_trades_nothing():
    floor = Floor().open(host=2)
    floor.host(PeerChanged(name="host", role="host", epoch=1))
    floor.intend(place(1), epoch=1)
    assert floor.notices == ["host", "intents"]
    assert floor.state.host_epoch == 2
    assert floor.tickets == []
