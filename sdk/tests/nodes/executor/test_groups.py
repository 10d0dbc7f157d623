"""Orders that depend on each other end up as they do at the simulated venue."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from floor import Floor, X, card, place, setup
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.bus.messages.events import OrderChanged
from tradectl_sdk.bus.messages.intents import Cancel, Tie
from tradectl_sdk.bus.messages.orders import AmendOrder, CancelOrder, Submit
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.orders import OrderFlag, OrderStatus, OrderType
from tradectl_sdk.engine import CloseReason
from tradectl_sdk.engine.account import Account
from tradectl_sdk.engine.bars import NEVER, Feed, one_bar
from tradectl_sdk.engine.booking import Booking, Fills
from tradectl_sdk.engine.columns import O_FILLED, O_ID, O_LOTS, O_REASON, O_STATUS
from tradectl_sdk.engine.costs import BasisPoints, ShareOfValue
from tradectl_sdk.engine.gate import Gate, chain
from tradectl_sdk.engine.market import Market
from tradectl_sdk.engine.orders import Journal, Orders
from tradectl_sdk.engine.venue import Venue
from tradectl_sdk.engine.walk import Walk
from tradectl_sdk.exchange.values import Refused
from tradectl_sdk.nodes.executor import records as of

PRICE = 10_000
CHILD = int(OrderFlag.REDUCE_ONLY | OrderFlag.CHILD)
NOTHING_LEFT = int(CloseReason.NOTHING_LEFT)
GRID = {"venue": "TEST", "tick_size": Decimal("0.01"), "lot_size": Decimal("0.001")}


class Engine:
    """The simulated venue's booking, filled by hand."""

    def __init__(self) -> None:
        instrument = Instrument(symbol="BTC/USDT", base="BTC", quote="USDT", **GRID)
        feed = Feed()
        feed.load([one_bar(0, PRICE, 100.0)])
        feed.advance(0)
        market = Market([instrument], feed)
        self.account = Account(market, 10**15, margin=True)
        self.orders = Orders(1, 500)
        self.booking = Booking(
            feed=feed, orders=self.orders, fills=Fills(500), account=self.account, market=market,
            journal=Journal(5000, enabled=True), fees=ShareOfValue([instrument]),
            slippage=BasisPoints(0),
        )  # fmt: skip
        self.gate = Gate(chain(()), self.account, market, observing=False)
        walk = Walk(feed, self.booking, touch=True)
        self.venue = Venue(
            feed, self.booking, walk, market_fill=0, touch=True, path=0, share_millionths=0,
            exits_in_entry_bar=True,
        )  # fmt: skip
        self.booking.slot.left = NEVER

    def place(self, one: Any) -> None:
        approved = self.gate.approved
        request = approved.request
        for name in ("side", "type", "flags", "lots", "limit", "trigger", "group", "parent"):
            setattr(request, name, getattr(one, name))
        request.instrument = 0
        approved.lots = one.lots
        self.venue.submit(approved, 1)

    def fill(self, number: int, lots: int) -> int:
        if not self.orders.alive(number - 1):
            return 0
        self.booking.slot.left = lots
        return self.booking.execute(number - 1, PRICE, True, 1)

    def ended(self, number: int) -> bool:
        return not self.orders.alive(number - 1)

    def tie(self, first: int, second: int) -> None:
        if self.orders.alive(first - 1) and self.orders.alive(second - 1) and first != second:
            self.venue.tie(first - 1, second - 1)

    def look(self) -> list[tuple[int, ...]]:
        rows = self.orders.rows
        return [
            tuple(rows[row, column] for column in (O_ID, O_STATUS, O_LOTS, O_FILLED, O_REASON))
            for row in range(self.orders.count)
        ]


@dataclass
class Obedient:
    """A floor whose venue does at once whatever it is asked."""

    floor: Floor
    done: int = 0
    statuses: list[str] = field(default_factory=list)

    def obey(self) -> None:
        while self.done < len(self.floor.to_gateway):
            request = self.floor.to_gateway[self.done]
            self.done += 1
            if isinstance(request, Submit | AmendOrder | CancelOrder):
                kind = type(request)
                which = self.floor.asked(kind).index(request)
                self.floor.answer(kind=kind, which=which)
            if isinstance(request, CancelOrder):
                key, _ = self.floor.state.book.find(X, request.order.client_id, "")
                number = self.floor.state.book.orders[key].number
                self.floor.report(number, OrderStatus.CANCELED)

    def look(self) -> list[tuple[int, ...]]:
        return [
            (one.number, one.shown, one.lots, one.filled, one.reason)
            for one in self.floor.state.book.orders.values()
        ]


lots = st.integers(1, 8)
which = st.integers(0, 13)  # counted from the newest order backwards, and round again
fills = st.tuples(st.just("fill"), which, lots)
actions = st.one_of(
    st.tuples(st.just("order"), st.sampled_from([1, -1]), st.integers(1, 20)),
    st.tuples(
        st.just("bracket"),
        st.sampled_from([1, -1]),
        st.integers(2, 20),
        st.sampled_from(["both", "both", "one"]),
    ),
    fills,
    fills,
    fills,
    st.tuples(st.just("cancel"), which),
    st.tuples(st.just("tie"), which, which),
)


def orders_of(action: Any, number: int) -> list[Any]:
    """The orders an action places, with numbers from ``number`` on."""
    side, size = action[1], action[2]
    entry = place(number, side, size, limit=PRICE)
    if action[0] == "order":
        return [entry]
    both = action[3] == "both"
    ties = {"parent": number, "group": number + 1 if both else 0, "flags": CHILD}
    take = place(number + 1, -side, size, limit=PRICE + side * 100, **ties)
    loss = place(number + 1 + both, -side, size, trigger=PRICE - side * 100, **ties)
    return [entry, take, loss] if both else [entry, loss]


@settings(max_examples=300, deadline=None)
@given(st.lists(actions, max_size=30), st.booleans(), st.booleans())
def test_groups_end_up_as_the_simulated_venue_has_them(script, amends, knows_stops):
    compare(script, amends=amends, knows_stops=knows_stops)


BRACKET = ("bracket", 1, 5, "both")


@pytest.mark.parametrize("amends", [True, False])
@pytest.mark.parametrize(
    "script",
    [
        [BRACKET, ("fill", 2, 5), ("order", -1, 5), ("fill", 0, 5)],  # closed by another order
        [BRACKET, ("fill", 2, 5), ("order", -1, 8), ("fill", 0, 8)],  # and turned
        [BRACKET, ("fill", 2, 5), ("order", -1, 8), ("fill", 0, 3), ("fill", 1, 2)],
        [BRACKET, ("fill", 2, 2), ("fill", 0, 1), ("fill", 1, 1)],
        [("order", -1, 1), BRACKET, ("fill", 2, 1), ("fill", 3, 1), ("fill", 0, 1)],  # flat again
        [("order", -1, 1), BRACKET, ("fill", 2, 1), ("fill", 3, 1), ("fill", 1, 1)],
        [BRACKET, BRACKET, ("tie", 5, 2), ("fill", 2, 2), ("fill", 0, 2), ("fill", 5, 3)],
    ],
)
def test_exits_go_with_their_position(script, amends):
    compare(script, amends=amends, knows_stops=True)


def compare(script: list[Any], *, amends: bool, knows_stops: bool) -> None:
    """Do the same with the engine's venue and with an executor, and compare after each step."""
    kinds = frozenset(OrderType) if knows_stops else frozenset({0, 1})
    venue = card(amends=amends, order_types=kinds, margin=True)
    floor = Floor(setup(card=venue, margin=True)).open(price=PRICE)
    engine, obedient = Engine(), Obedient(floor)
    count = 0
    for action in script:
        if action[0] in {"order", "bracket"}:
            wanted = orders_of(action, count + 1)
            count += len(wanted)
            for one in wanted:
                engine.place(one)
            floor.intend(*wanted)
            obedient.obey()
            assert_same(engine, obedient)
            continue
        if count == 0:
            continue
        one = count - action[1] % count
        if action[0] == "fill":
            order = floor.order(one)
            if order.rests_here:  # held here: the market is what fills it
                floor.quote(order.trigger, order.trigger)
                obedient.obey()
            size = engine.fill(one, action[2])
            if size:
                floor.fill(one, size)
            elif engine.ended(one) and not floor.order(one).ended:  # nothing left to reduce
                floor.report(one, OrderStatus.CANCELED, reason=NOTHING_LEFT)
        elif action[0] == "cancel":
            engine.booking.cancel(one - 1, 1)
            floor.intend(Cancel(number=one))
        else:
            other = count - action[2] % count
            engine.tie(one, other)
            floor.intend(Tie(first=one, second=other))
        obedient.obey()
        assert_same(engine, obedient)
    assert floor.position == engine.account.lots[0]
    assert floor.state.ledger.cash - 10**14 == engine.account.cash - 10**15


def assert_same(engine: Engine, obedient: Obedient) -> None:
    for theirs, ours in zip(engine.look(), obedient.look(), strict=True):
        number, status, *rest = theirs
        shown = ours[1]
        if shown == OrderStatus.TRIGGERED:
            shown = OrderStatus.ACCEPTED  # sent because its trigger was met here
        assert (number, status, *rest) == (ours[0], shown, *ours[2:])


def test_a_native_bracket_is_sent_as_one_and_left_to_the_venue():
    floor = Floor(setup(card=card(groups=frozenset({"bracket", "oco"})))).open()
    floor.intend(*orders_of(("bracket", 1, 5, "both"), 1))
    (request,) = floor.asked(Submit)
    entry, take, loss = request.tickets
    assert [one.parent for one in (take, loss)] == [entry.client_id] * 2
    assert [one.group for one in (entry, take, loss)] == ["", take.client_id, take.client_id]
    assert [one.lots for one in (take, loss)] == [5, 5]
    floor.answer()
    floor.fill(1, 3)
    assert [floor.order(number).lots for number in (2, 3)] == [3, 3]
    floor.fill(2, 3)
    assert floor.order(1).ending == CloseReason.EXIT_FILLED
    assert floor.order(3).ending == CloseReason.SIBLING_FILLED
    assert floor.asked(CancelOrder) == []
    floor.report(1, OrderStatus.CANCELED, reason=int(CloseReason.EXIT_FILLED))
    floor.report(3, OrderStatus.CANCELED, reason=int(CloseReason.SIBLING_FILLED))
    assert floor.statuses(1, 2, 3) == [
        OrderStatus.CANCELED,
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
    ]
    assert [one.lots for one in floor.asked(AmendOrder)] == []


def test_a_venue_that_forgets_a_tie_is_told():
    floor = Floor(setup(card=card(groups=frozenset({"oco"})))).open()
    floor.place(
        place(1, limit=9_000),
        place(2, limit=9_100),
    )
    floor.intend(place(3, limit=9_000), place(4, limit=9_100), Tie(first=3, second=4))
    assert [len(one.tickets) for one in floor.asked(Submit)] == [1, 1, 2]
    floor.answer()
    floor.fill(3, 10)
    assert floor.cancels == []
    floor.wait(5 * 10**9)
    assert floor.cancels == [floor.order(4).client_id]


def test_a_host_is_told_how_large_an_order_is_that_its_sibling_has_made_smaller():
    floor = Floor().open()
    floor.place(place(1, limit=9_000), place(2, limit=9_100))
    floor.intend(Tie(first=1, second=2))
    floor.fill(1, 4)
    told = [one for one in floor.to_host if isinstance(one, OrderChanged) and one.number == 2]
    assert (told[-1].lots, told[-1].status) == (6, OrderStatus.ACCEPTED)


def test_a_tie_of_orders_that_work_is_offered_to_a_venue_that_could_keep_it():
    venue = card(groups=frozenset({"oco"}), amends=True)
    floor = Floor(setup(card=venue)).open()
    floor.place(place(1, limit=9_000), place(2, limit=9_100))
    floor.intend(Tie(first=1, second=2))
    first, second = floor.asked(AmendOrder)
    assert {first.ticket.group, second.ticket.group} == {floor.order(1).client_id}
    floor.answer(kind=AmendOrder, which=0)
    floor.answer(Refused(code="no", text=""), kind=AmendOrder, which=1)
    assert [floor.order(number).native for number in (1, 2)] == [2, 0]
    floor.fill(1, 10)
    assert floor.cancels == [floor.order(2).client_id]


def test_a_late_fill_of_an_entry_leaves_nothing_unsaid():
    floor = Floor().open()
    floor.place(*orders_of(("bracket", 1, 5, "one"), 1))
    floor.intend(Cancel(number=1))
    floor.cancelled(1)
    assert floor.status(2) == OrderStatus.CANCELED
    floor.fill(1, 2)
    assert floor.position == 2
    assert floor.notices == ["late", "unprotected"]


def test_exits_of_an_entry_whose_announced_fills_are_still_to_come_are_kept():
    floor = Floor().open()
    floor.place(*orders_of(("bracket", 1, 5, "one"), 1))
    floor.intend(Cancel(number=1))
    floor.answer(kind=CancelOrder)
    floor.report(1, OrderStatus.CANCELED, filled=2)
    assert floor.status(2) == OrderStatus.HELD
    floor.fill(1, 2)
    assert floor.status(2) == OrderStatus.SUBMITTED
    assert floor.order(2).lots == 2


@pytest.mark.parametrize("amends", [True, False])
def test_an_exit_grows_in_place_where_the_venue_can_and_is_sent_anew_where_it_cannot(amends):
    floor = Floor(setup(card=card(amends=amends))).open()
    obedient = Obedient(floor)
    floor.intend(*orders_of(("bracket", 1, 5, "one"), 1))
    obedient.obey()
    floor.fill(1, 2)
    obedient.obey()
    floor.fill(1, 3)
    obedient.obey()
    sent = [one.lots for one in floor.tickets if one.side < 0]
    assert sent == ([2] if amends else [2, 5])
    assert len({one.client_id for one in floor.tickets}) == len(floor.tickets)
    assert floor.order(2).leg_lots == 5
    assert len(floor.written(of.Replaced)) == (0 if amends else 1)
