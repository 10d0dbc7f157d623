"""A venue with a ledger of its own behind a network that loses, delays and repeats, all by seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from floor import CASH, SECOND, Floor, X, place, setup
from tradectl_sdk.bus.link import PeerChanged
from tradectl_sdk.bus.messages.intents import Cancel, Cursor, Modify, Tie
from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    AmendOrder,
    Answered,
    CancelOrder,
    ClockOffset,
    FetchAccount,
    QueryAnswered,
    QueryOrder,
    Submit,
)
from tradectl_sdk.domain.orders import OrderFlag, OrderStatus
from tradectl_sdk.exchange.values import (
    Absent,
    Accepted,
    AccountLink,
    Balance,
    OrderReport,
    Refused,
    Ticket,
    TradeReport,
    Unclear,
)
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.core import ExecutorCore
from tradectl_sdk.nodes.executor.state import State

if TYPE_CHECKING:
    from tradectl_sdk.nodes.executor.setup import Setup

PRICE = 10_000
CHILD = int(OrderFlag.REDUCE_ONLY | OrderFlag.CHILD)
OPEN = {OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED}


@dataclass
class Resting:
    """An order as the venue has it."""

    ticket: Ticket
    venue_id: str
    lots: int
    limit: int
    trigger: int
    created: int
    filled: int = 0
    status: OrderStatus = OrderStatus.ACCEPTED
    changed: int = 0

    @property
    def open(self) -> bool:
        return self.status in OPEN

    def report(self) -> OrderReport:
        return OrderReport(
            instrument=X, client_id=self.ticket.client_id, venue_id=self.venue_id,
            status=int(self.status), side=self.ticket.side, type=self.ticket.type,
            lots=self.lots, filled=self.filled, limit=self.limit, trigger=self.trigger,
            time=self.changed,
        )  # fmt: skip


@dataclass
class Venue:
    """What really happened."""

    orders: dict[str, Resting] = field(default_factory=dict)
    trades: list[TradeReport] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    fee: int = 7

    def submit(self, ticket: Ticket, now: int) -> OrderReport:
        if ticket.client_id in self.orders:
            self.twice.append(ticket.client_id)
        order = Resting(
            ticket, f"v{len(self.orders) + 1}", ticket.lots, ticket.limit, ticket.trigger, now,
            changed=now,
        )  # fmt: skip
        self.orders[ticket.client_id] = order
        return order.report()

    def fill(self, order: Resting, lots: int, now: int) -> TradeReport:
        lots = min(lots, order.lots - order.filled)
        order.filled += lots
        done = order.filled == order.lots
        order.status = OrderStatus.FILLED if done else OrderStatus.PARTIALLY_FILLED
        order.changed = now
        trade = TradeReport(
            trade_id=f"t{len(self.trades) + 1}", instrument=X,
            client_id=order.ticket.client_id if len(self.trades) % 2 else "",
            venue_id=order.venue_id, side=order.ticket.side, lots=lots, price=PRICE,
            fee=self.fee, time=now,
        )  # fmt: skip
        self.trades.append(trade)
        return trade

    @property
    def position(self) -> int:
        return sum(one.side * one.lots for one in self.trades)

    @property
    def working(self) -> list[Resting]:
        return [one for one in self.orders.values() if one.open]


class Written:
    """What a journal of these records would still know."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def trade(self, instrument: str, trade_id: str) -> int | None:
        for one in reversed(self.records):
            if isinstance(one, of.Booked) and (one.instrument, one.trade_id) == (
                instrument,
                trade_id,
            ):
                return one.digest
        return None

    def order(self, instrument: str, client_id: str, venue_id: str) -> Any:
        for record in reversed(self.records):
            for order in record.orders if isinstance(record, of.Forgot) else ():
                for names in (*order.earlier, (order.client_id, order.venue_id)):
                    if client_id and names[0] == client_id:
                        return order
                    if venue_id and names[1] == venue_id:
                        return order
        return None


class Storm:
    """A session in bad weather.

    Args:
        seed: Decides everything.
        made: What the executor is told.
    """

    def __init__(self, seed: int, made: Setup | None = None) -> None:
        self.random = random.Random(seed)  # noqa: S311 - weather, not secrets
        self.venue = Venue()
        self.calm = False
        self.past = Written()
        self.floor = Floor(made or setup(), past=self.past)
        self.past.records = self.floor.records
        self.floor.balances["BTC"] = 10**12
        self.wire: list[Any] = []  # on its way from the venue to the gateway, in any order
        self.queue: list[Any] = []  # from the gateway to the executor, in order
        self.requests: list[Any] = []
        self.seen = 0
        self.gateway_epoch = 1
        self.told = 0
        self.host = 1
        self.number = 0
        self.floor.open()
        self.collect()

    # The gateway -----------------------------------------------------------------------------

    def collect(self) -> None:
        self.requests += self.floor.to_gateway[self.seen :]
        self.seen = len(self.floor.to_gateway)

    def chance(self, probability: float) -> bool:
        return not self.calm and self.random.random() < probability

    def perform(self) -> None:
        if not self.requests:
            return
        request = self.requests.pop(0)
        now = self.floor.now
        if isinstance(request, Submit):
            self.queue.append(Answered(request=request.request, outcomes=tuple(
                self.submit(ticket, now) for ticket in request.tickets)))  # fmt: skip
        elif isinstance(request, CancelOrder):
            self.queue.append(Answered(request=request.request, outcomes=(self.cancel(request),)))
        elif isinstance(request, AmendOrder):
            self.queue.append(Answered(request=request.request, outcomes=(self.amend(request),)))
        elif isinstance(request, QueryOrder):
            self.queue.append(self.query(request))
        elif isinstance(request, FetchAccount):
            self.queue.append(self.fetch(request))

    def submit(self, ticket: Ticket, now: int) -> Any:
        if self.chance(0.04):
            return Unclear(text="timed out before the venue had it")
        if self.chance(0.04):
            return Refused(code="no", text="refused")
        if self.chance(0.02):
            return Unclear(text="no route", sent=False)
        report = self.venue.submit(ticket, now)
        self.wire.append(report)
        if self.chance(0.05):
            return Unclear(text="timed out after the venue had it")
        return Accepted(report=report if self.random.random() < 0.5 else None)

    def find(self, order: Any) -> Resting | None:
        found = self.venue.orders.get(order.client_id)
        if found is None and order.venue_id:
            found = next(
                (o for o in self.venue.orders.values() if o.venue_id == order.venue_id), None
            )
        return found

    def cancel(self, request: CancelOrder) -> Any:
        if self.chance(0.1):
            return Unclear(text="lost", sent=self.random.random() < 0.5)
        order = self.find(request.order)
        if order is None or not order.open:
            return Refused(code="unknown", text="no such order works")
        order.status = OrderStatus.CANCELED
        order.changed = self.floor.now
        if not self.chance(0.2):
            self.wire.append(order.report())
        return Unclear(text="lost") if self.chance(0.1) else Accepted()

    def amend(self, request: AmendOrder) -> Any:
        order, ticket = self.find(request.order), request.ticket
        if self.chance(0.1):
            return Unclear(text="lost")
        if order is None or not order.open or ticket.lots <= order.filled or self.chance(0.1):
            return Refused(code="no", text="cannot be changed")
        order.lots, order.limit, order.trigger = ticket.lots, ticket.limit, ticket.trigger
        order.changed = self.floor.now
        self.wire.append(order.report())
        return Accepted()

    def query(self, request: QueryOrder) -> QueryAnswered:
        if self.chance(0.3):
            return QueryAnswered(request=request.request, order=request.order, failed="503")
        order = self.find(request.order)
        hidden = order is not None and self.chance(0.3) and self.floor.now - order.created < SECOND
        result = Absent() if order is None or hidden else order.report()
        return QueryAnswered(
            request=request.request, order=request.order, result=result, venue_time=self.floor.now
        )

    def fetch(self, request: FetchAccount) -> AccountFetched:
        venue, since = self.venue, request.since
        closed = [o for o in venue.orders.values() if not o.open and o.changed >= since]
        shown = [
            one
            for one in venue.working
            if not (self.chance(0.3) and self.floor.now - one.created < 5 * SECOND)
        ]
        cash = CASH - sum(o.side * o.lots * o.price * 1000 + o.fee for o in venue.trades)
        return AccountFetched(
            request=request.request,
            venue_time=self.floor.now,
            since=since,
            open_orders=None if self.chance(0.2) else tuple(o.report() for o in shown),
            closed_orders=None if self.chance(0.1) else tuple(o.report() for o in closed),
            trades=None if self.chance(0.1) else tuple(t for t in venue.trades if t.time >= since),
            balances=(
                Balance(currency="USDT", free=cash),
                Balance(currency="BTC", free=venue.position * 100_000 + 10**12),
            ),
            positions=(),
            executions=Cursor(self.gateway_epoch, self.told),
        )

    def carry(self) -> None:
        """Let something that the venue told arrive at the gateway."""
        if not self.wire:
            return
        event = self.wire.pop(0 if self.calm else self.random.randrange(len(self.wire)))
        if self.chance(0.05):
            return  # the private stream lost it
        self.tell(event)
        if self.chance(0.1):
            self.tell(event)

    def tell(self, event: Any) -> None:
        self.told += 1
        self.queue.append(event)

    def deliver(self) -> None:
        if self.queue:
            self.floor.gateway(self.queue.pop(0))
            self.collect()

    # What happens ----------------------------------------------------------------------------

    def act(self) -> None:
        """Let one thing happen."""
        actions = [
            (10, self.deliver), (9, self.perform), (8, self.carry), (4, self.intend),
            (4, self.match), (1.5, self.pass_time), (1, self.bar),
            (0.1, self.link), (0.15, self.crash), (0.06, self.restart_gateway),
        ]  # fmt: skip
        weights, choices = zip(*actions, strict=True)
        self.random.choices(choices, weights)[0]()
        self.collect()

    def match(self) -> None:
        if self.venue.working:
            order = self.random.choice(self.venue.working)
            trade = self.venue.fill(order, self.random.randint(1, 8), self.floor.now)
            self.wire.append(trade)
            self.wire.append(order.report())

    def bar(self) -> None:
        self.floor.bar(PRICE + self.random.choice([0, 0, -60, 60]))

    def pass_time(self) -> None:
        self.floor.wait(
            self.random.choice([SECOND // 100, SECOND // 10, SECOND, 5 * SECOND, 20 * SECOND])
        )

    def link(self) -> None:
        self.tell(AccountLink(up=False, text="cut"))
        self.tell(AccountLink(up=True))

    def crash(self) -> None:
        """Kill the executor: what was written survives, what was on its way may not."""
        if self.random.random() < 0.5:
            self.requests.clear()
        floor = self.floor
        self.queue = []
        state = State()
        for record in floor.records:
            state.apply(of.decode(of.encode(record)))
        assert state.encoded() == floor.state.encoded()
        floor.state = state
        floor.core = ExecutorCore(floor.setup, state, self.past)
        floor._take(floor.core.start(floor.now))
        floor.connect(self.gateway_epoch)
        floor.gateway(ClockOffset(offset=0, uncertainty=0))
        floor.host(PeerChanged(name="host", role="host", epoch=self.host))
        floor.bar(PRICE)

    def restart_gateway(self) -> None:
        self.gateway_epoch += 1
        self.told = 0
        self.requests.clear()
        self.queue.clear()
        self.floor.connect(self.gateway_epoch)

    def intend(self) -> None:
        roll = self.random.random()
        known = self.number
        some = self.random.randint(1, max(known, 1))
        if roll < 0.45:
            self.place()
        elif roll < 0.6:
            self.bracket()
        elif roll < 0.8 and known:
            self.wish(Cancel(number=some))
        elif roll < 0.9 and known:
            self.wish(Modify(number=some, lots=self.random.randint(1, 20)))
        elif known:
            self.wish(Tie(first=some, second=self.random.randint(1, known)))

    def wish(self, *commands: Any) -> None:
        self.floor.intend(*commands, epoch=self.host)

    def place(self) -> None:
        self.number += 1
        prices: dict[str, int] = {"limit": PRICE} if self.random.random() < 0.7 else {}
        side = self.random.choice([1, -1])
        self.wish(place(self.number, side, self.random.randint(1, 10), **prices))

    def bracket(self) -> None:
        first = self.number + 1
        self.number += 3
        side = self.random.choice([1, -1])
        ties = {"parent": first, "group": first + 1, "flags": CHILD}
        self.wish(
            place(first, side, self.random.randint(2, 10), limit=PRICE),
            place(first + 1, -side, 0, limit=PRICE + side * 50, **ties),
            place(first + 2, -side, 0, trigger=PRICE - side * 50, **ties),
        )

    # Afterwards ------------------------------------------------------------------------------

    def heal(self) -> None:
        """Let the weather clear, and everything arrive."""
        self.calm = True
        calm_since = self.floor.now
        for _ in range(400):
            while self.wire or self.queue or self.requests:
                self.carry()
                self.perform()
                self.deliver()
                self.collect()
            self.floor.wait(SECOND)
            self.collect()
            if calm_since + 70 * SECOND < self.floor.now and self.at_rest:
                return

    @property
    def at_rest(self) -> bool:
        """Whether nothing is under way and nothing is doubted."""
        parts = self.floor.core.parts
        quiet = not (self.wire or self.queue or self.requests or parts.router.requests)
        book = self.floor.state.book
        settled = all(one.settled for one in book.orders.values())
        busy = any(one.pending or one.ending or one.doubted for one in book.all_live())
        return (
            quiet
            and settled
            and not busy
            and not parts.prober.doubts
            and not self.floor.state.orphans
            and parts.standing.agreed
        )
