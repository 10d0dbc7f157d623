"""A floor to put an executor's core on: a clock to move, peers to speak for, records to look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.link import PeerChanged
from tradectl_sdk.bus.messages.events import Filled, OrderChanged
from tradectl_sdk.bus.messages.intents import Cancel, Cursor, Intents, Modify, Place, Tie
from tradectl_sdk.bus.messages.market import Bars, Quotes
from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    Answered,
    CancelOrder,
    ClockOffset,
    FetchAccount,
    Submit,
)
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.orders import OrderStatus, OrderType, TimeInForce
from tradectl_sdk.exchange.card import Card
from tradectl_sdk.exchange.values import (
    Accepted,
    Balance,
    BarClosed,
    OrderReport,
    Quote,
    Ticket,
    TradeReport,
)
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.core import ExecutorCore
from tradectl_sdk.nodes.executor.setup import Bounds, Setup
from tradectl_sdk.nodes.executor.state import State
from tradectl_sdk.nodes.inputs import Datum, Received, Woken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.nodes.effects import Effects

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
X = "BTC/USDT.TEST"
ALL_TYPES = frozenset(OrderType)
ALL_TIMES = frozenset(TimeInForce)
MONEY = 10**8
CASH = 1_000_000 * MONEY


def instrument(symbol: str = "BTC/USDT", **changes: Any) -> Instrument:
    """A coin on a cent grid, whole coins, without fees."""
    terms: dict[str, Any] = {
        "venue": "TEST",
        "base": symbol.partition("/")[0],
        "quote": "USDT",
        "tick_size": Decimal("0.01"),
        "lot_size": Decimal("0.001"),
    }
    return Instrument(symbol=symbol, **(terms | changes))


def card(**changes: Any) -> Card:
    """A venue that knows every kind of order and keeps no ties."""
    terms: dict[str, Any] = {
        "order_types": ALL_TYPES,
        "times_in_force": ALL_TIMES,
        "reduce_only": True,
    }
    return Card(**(terms | changes))


def setup(**changes: Any) -> Setup:
    terms: dict[str, Any] = {
        "account": "test",
        "strategy": "s",
        "instruments": [instrument()],
        "card": card(),
        "make_rules": tuple,
        "cash": CASH,
        "bounds": Bounds(max_clock_offset=None),
    }
    return Setup(**(terms | changes))


def place(number: int, side: int = 1, lots: int = 10, **terms: Any) -> Place:
    """An order; at market unless it has prices, whose kind follows from them."""
    limit, trigger, trail = (terms.get(name, 0) for name in ("limit", "trigger", "trail"))
    kind = OrderType.MARKET
    if trail:
        kind = OrderType.TRAILING_STOP
    elif trigger:
        kind = OrderType.STOP_LIMIT if limit else OrderType.STOP
    elif limit:
        kind = OrderType.LIMIT
    whole = {"instrument": X, "type": int(kind), **terms}
    return Place(number=number, side=side, lots=lots, **whole)


@dataclass
class Floor:
    """A core with everything around it played by hand.

    Attributes:
        records: All that was written, in order.
        to_host: All that the host was told.
        to_gateway: All that the gateway was asked.
        answers: All that people were answered, by port.
        balances: What the venue says the account holds; it follows the fills while ``honest``.
    """

    setup: Setup = field(default_factory=setup)
    records: list[of.Record] = field(default_factory=list)
    to_host: list[Any] = field(default_factory=list)
    to_gateway: list[Any] = field(default_factory=list)
    answers: list[tuple[str, Any]] = field(default_factory=list)
    now: int = START
    balances: dict[str, int] = field(default_factory=lambda: {"USDT": CASH})
    honest: bool = True
    past: Any = None
    wake: int | None = None
    state: State = field(default_factory=State)

    def __post_init__(self) -> None:
        self.core = ExecutorCore(self.setup, self.state, self.past)
        self._take(self.core.start(self.now))
        self.seq = 0
        self.trades = 0
        self.events = 0
        self.intents = 0

    # The core --------------------------------------------------------------------------------

    def _take(self, effects: Effects) -> None:
        self.records += effects.records
        for one in effects.records if self.honest else ():
            if isinstance(one, of.Booked):
                self._pay(one)
        for port, message in effects.messages:
            if port == "host":
                self.to_host.append(message)
            elif port == "gateway":
                self.to_gateway.append(message)
            else:
                self.answers.append((port, message))
        self.wake = effects.wake

    def _pay(self, fill: of.Booked) -> None:
        one = self.state.ledger.instruments[fill.instrument]
        value = int(one.value_scale * fill.price * fill.lots)
        changes = {
            one.quote: -fill.side * value,
            one.base: int(one.lot_size * fill.lots * MONEY) * fill.side,
        }
        fee = fill.fee_currency or one.quote
        changes[fee] = changes.get(fee, 0) - fill.fee
        for currency, change in changes.items():
            self.balances[currency] = self.balances.get(currency, 0) + change

    def step(self, event: Any) -> None:
        self._take(self.core.step(self.now, event))
        assert self.wake is None or self.wake > self.now, "the core would never sleep"

    def gateway(self, message: Any) -> None:
        self.step(Received("gateway", message))

    def account(self, message: Any) -> None:
        """Something that the gateway tells unasked."""
        self.events += 1
        self.gateway(message)

    def host(self, message: Any) -> None:
        self.step(Received("host", message))

    def control(self, message: Any, port: str = "control") -> Any:
        self.step(Received(port, message))
        return self.answers[-1][1] if self.answers else None

    def wait(self, nanoseconds: int = SECOND) -> None:
        """Let time pass, waking the core whenever it wants to be."""
        end = self.now + nanoseconds
        while self.wake is not None and self.wake <= end:
            self.now = self.wake
            self.step(Woken())
        self.now = end
        self.step(Woken())

    # A session -------------------------------------------------------------------------------

    def connect(self, epoch: int = 1) -> None:
        self.gateway(PeerChanged(name="gateway", role="gateway", epoch=epoch))

    def open(self, *, host: int = 1, price: int = 10_000) -> Floor:
        """Connect the gateway, agree with the venue, greet the host, see a price."""
        self.connect()
        self.gateway(ClockOffset(offset=0, uncertainty=0))
        self.fetched()
        self.host(PeerChanged(name="host", role="host", epoch=host))
        self.bar(price)
        return self

    def fetched(self, **parts: Any) -> None:
        """Answer the latest question for the whole account."""
        request = self.asked(FetchAccount)[-1]
        whole: dict[str, Any] = {
            "open_orders": (),
            "closed_orders": (),
            "trades": (),
            "balances": tuple(Balance(currency=c, free=u) for c, u in self.balances.items()),
            "positions": (),
            "venue_time": self.now,
            "since": request.since,
            "executions": Cursor(1, self.events),
        }
        self.gateway(AccountFetched(request=request.request, **(whole | parts)))

    def bar(self, *prices: int, time: int = 0, length: int = SECOND, name: str = X) -> None:
        """A bar of (open, high, low, close), or of one price."""
        o, h, low, c = prices * 4 if len(prices) == 1 else prices
        self.seq += 1
        bar = BarClosed(
            instrument=name, length=length, time=time or self.now,
            open=o, high=h, low=low, close=c, volume=1000,
        )  # fmt: skip
        self.step(Datum(Cursor(1, self.seq), Bars(executions=Cursor(1, self.events), bars=(bar,))))

    def quote(self, bid: int, ask: int, name: str = X) -> None:
        self.seq += 1
        quote = Quote(instrument=name, time=self.now, bid=bid, bid_lots=1, ask=ask, ask_lots=1)
        message = Quotes(executions=Cursor(1, self.events), quotes=(quote,))
        self.step(Datum(Cursor(1, self.seq), message))

    def intend(
        self, *commands: Place | Cancel | Modify | Tie, epoch: int = 1, **fields: Any
    ) -> None:
        """What the strategy wants, decided on the latest bar."""
        self.intents += 1
        whole: dict[str, Any] = {
            "strategy": "s", "decided": self.now, "data": Cursor(1, self.seq),
            "number": self.intents,
        }  # fmt: skip
        self.host(Intents(epoch=epoch, commands=commands, **(whole | fields)))

    # The venue -------------------------------------------------------------------------------

    def asked(self, kind: type) -> list[Any]:
        return [one for one in self.to_gateway if isinstance(one, kind)]

    @property
    def tickets(self) -> list[Ticket]:
        """Every order that has left, in order."""
        return [ticket for one in self.asked(Submit) for ticket in one.tickets]

    @property
    def cancels(self) -> list[str]:
        return [one.order.client_id for one in self.asked(CancelOrder)]

    def answer(self, *outcomes: Any, kind: type = Submit, which: int = -1) -> None:
        """Answer a request; accept it unless told otherwise."""
        request = self.asked(kind)[which]
        count = len(request.tickets) if isinstance(request, Submit) else 1
        self.gateway(Answered(request=request.request, outcomes=outcomes or (Accepted(),) * count))

    def place(self, *orders: Place, accept: bool = True) -> None:
        """Want orders, and have the venue accept those that leave."""
        before = len(self.asked(Submit))
        self.intend(*orders)
        for which in range(before, len(self.asked(Submit))):
            if accept:
                self.answer(which=which)

    def report(self, number: int, status: OrderStatus, **fields: Any) -> None:
        self.account(self.report_of(number, status, **fields))

    def report_of(self, number: int, status: OrderStatus, **fields: Any) -> OrderReport:
        order = self.order(number)
        whole: dict[str, Any] = {
            "client_id": order.client_id, "venue_id": f"v{order.key}.{order.revision}",
            "lots": order.leg_lots, "filled": order.leg_filled, "time": self.now,
        }  # fmt: skip
        return OrderReport(
            instrument=order.instrument, status=int(status), side=order.side, **(whole | fields)
        )

    def fill(self, number: int, lots: int, price: int = 10_000, **fields: Any) -> TradeReport:
        trade = self.trade_of(number, lots, price, **fields)
        self.account(trade)
        return trade

    def trade_of(self, number: int, lots: int, price: int = 10_000, **fields: Any) -> TradeReport:
        order = self.order(number)
        self.trades += 1
        whole: dict[str, Any] = {
            "trade_id": f"t{self.trades}",
            "client_id": order.client_id,
            "time": self.now,
        }
        whole |= {"instrument": order.instrument, "side": order.side, "lots": lots, "price": price}
        return TradeReport(**(whole | fields))

    def cancelled(self, number: int, **fields: Any) -> None:
        """The venue takes the latest cancel and tells of the order's end."""
        self.answer(kind=CancelOrder)
        self.report(number, OrderStatus.CANCELED, **fields)

    # Looking ---------------------------------------------------------------------------------

    def order(self, number: int, epoch: int = 1) -> Any:
        found = self.state.book.numbered(epoch, number)
        assert found is not None, f"no order {number}"
        return found

    def status(self, number: int) -> OrderStatus:
        return OrderStatus(self.order(number).status)

    def statuses(self, *numbers: int) -> list[OrderStatus]:
        return [self.status(number) for number in numbers]

    @property
    def position(self) -> int:
        return self.state.ledger.position(X)

    def written(self, kind: type) -> list[Any]:
        return [one for one in self.records if isinstance(one, kind)]

    @property
    def notices(self) -> list[str]:
        return [one.what for one in self.written(of.Noticed)]

    @property
    def told(self) -> list[tuple[int, str]]:
        """(number, what) of each event the host was told of orders."""
        return [
            (one.number, OrderStatus(one.status).name if isinstance(one, OrderChanged) else "fill")
            for one in self.to_host
            if isinstance(one, OrderChanged | Filled)
        ]


def replayed(records: Sequence[of.Record]) -> State:
    """The state that records lead to."""
    state = State()
    for record in records:
        state.apply(of.decode(of.encode(record)))
    return state
