"""An exchange that does what a test tells it to, and a gateway core with what it said."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.link import PeerChanged
from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.bus.messages.orders import CancelOrder, Submit
from tradectl_sdk.domain.orders import OrderStatus, OrderType, TimeInForce
from tradectl_sdk.errors import ExchangeError
from tradectl_sdk.exchange import (
    Absent,
    Accepted,
    AccountLink,
    BarClosed,
    Card,
    Exchange,
    FeedState,
    KeyPermissions,
    OrderRef,
    OrderReport,
    Subscription,
    Ticket,
    TradeReport,
)
from tradectl_sdk.nodes.gateway import GatewayCore, GatewayRules, Note, Opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
BTC, ETH = "BTC/USDT.X", "ETH/USDT.X"
CARD = Card(
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT}),
    times_in_force=frozenset({TimeInForce.GTC}),
)
SIMULATED = Card(order_types=CARD.order_types, times_in_force=CARD.times_in_force, simulated=True)


def minutes(*instruments: str) -> tuple[Subscription, ...]:
    return tuple(Subscription(instrument=name, length=MINUTE) for name in instruments)


def bar(instrument: str, minute: int, close: int = 100) -> BarClosed:
    return BarClosed(
        instrument=instrument,
        length=MINUTE,
        time=minute * MINUTE,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=10,
    )


def ticket(client_id: str = "a", instrument: str = BTC, lots: int = 5) -> Ticket:
    return Ticket(client_id=client_id, instrument=instrument, side=1, type=0, lots=lots, decided=0)


def submit(request: int = 1, epoch: int = 1, *ids: str) -> Submit:
    return Submit(request=request, epoch=epoch, tickets=tuple(map(ticket, ids or ("a",))))


def cancel(request: int = 1, epoch: int = 1) -> CancelOrder:
    return CancelOrder(request=request, epoch=epoch, order=OrderRef(instrument=BTC, client_id="a"))


def report(client_id: str = "a", status: int = OrderStatus.ACCEPTED) -> OrderReport:
    return OrderReport(instrument=BTC, client_id=client_id, status=int(status), side=1, lots=5)


def trade(number: int = 1) -> TradeReport:
    return TradeReport(trade_id=str(number), instrument=BTC, side=1, lots=1, price=100)


class Bench:
    """A core that is stepped by hand, and everything it said and asked."""

    def __init__(self, *streams: Subscription, card: Card = CARD, **rules: Any) -> None:
        self.now = 1_000 * SECOND
        self.core = GatewayCore(7, GatewayRules(streams=streams or minutes(BTC), **rules))
        self.messages: list[tuple[str, Any]] = []
        self.calls: list[Any] = []
        self.wake: int | None = None
        self._card = card

    def open(self, *, live: bool = True) -> Bench:
        """Open the exchange, which says that its data are live unless that is left open."""
        self.step(Opened(card=self._card))
        if live:
            before = len(self.messages)
            self.step(FeedState(live=True))
            del self.messages[before:]
        return self

    def meet(self, epoch: int = 1) -> Bench:
        self.step(PeerChanged(name="executor", role="executor", epoch=epoch))
        return self

    def step(self, *events: Any) -> Bench:
        for event in events:
            effects = self.core.step(self.now, event)
            self.messages += effects.messages
            self.calls += effects.calls
            self.wake = effects.wake
        self.messages += self.core.settle().messages
        return self

    def wait(self, nanoseconds: int) -> Bench:
        from tradectl_sdk.nodes.gateway import Wake

        self.now += nanoseconds
        return self.step(Wake())

    def forget(self) -> Bench:
        self.messages.clear()
        self.calls.clear()
        return self

    def said(self, port: str = "executor") -> list[Any]:
        return [message for where, message in self.messages if where == port]

    def notes(self) -> list[str]:
        return [note.text for note in self.said("log") if isinstance(note, Note)]


def cursor(seq: int) -> Cursor:
    return Cursor(7, seq)


class ScriptedExchange(Exchange):
    """Every method answers what ``answers`` has for its name: a value, an error, or a function."""

    def __init__(self, card: Card = CARD, **answers: Any) -> None:
        self._card = card
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self.answers: dict[str, Any] = {
            "submit": lambda tickets: tuple(Accepted() for _ in tickets),
            "cancel": Accepted(),
            "amend": Accepted(),
            "query": Absent(),
            "open_orders": (),
            "closed_orders": (),
            "trades": (),
            "balances": (),
            "positions": (),
            "venue_time": 5,
            "history": (),
            "instruments": (),
            "open": None,
            "permissions": KeyPermissions(trade=True, withdraw=False),
            **answers,
        }
        self.account: asyncio.Queue[Any] = asyncio.Queue()
        self.data: asyncio.Queue[Any] = asyncio.Queue()
        self.closed = False

    @property
    def card(self) -> Card:
        return self._card

    async def _answer(self, name: str, *arguments: Any) -> Any:
        self.asked.append((name, arguments))
        answer = self.answers[name]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if callable(answer):
            answer = answer(*arguments)
        if isinstance(answer, asyncio.Future) or asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def open(self) -> None:
        await self._answer("open")

    async def close(self) -> None:
        self.closed = True

    async def instruments(self) -> Any:
        return await self._answer("instruments")

    async def venue_time(self) -> int:
        return int(await self._answer("venue_time"))

    async def history(self, instrument: str, length: int, since: int, until: int) -> Any:
        return await self._answer("history", instrument, length, since, until)

    async def market_data(self, wanted: Sequence[Subscription]) -> AsyncIterator[Any]:
        self.asked.append(("market_data", (wanted,)))
        async for event in _drain(self.data):
            yield event

    async def account_events(self) -> AsyncIterator[Any]:
        async for event in _drain(self.account):
            yield event

    async def submit(self, tickets: Sequence[Ticket]) -> Any:
        return await self._answer("submit", tickets)

    async def cancel(self, order: OrderRef) -> Any:
        return await self._answer("cancel", order)

    async def amend(self, order: OrderRef, ticket: Ticket) -> Any:
        return await self._answer("amend", order, ticket)

    async def query(self, order: OrderRef) -> Any:
        return await self._answer("query", order)

    async def open_orders(self) -> Any:
        return await self._answer("open_orders")

    async def closed_orders(self, instrument: str, since: int) -> Any:
        return await self._answer("closed_orders", instrument, since)

    async def trades(self, instrument: str, since: int) -> Any:
        return await self._answer("trades", instrument, since)

    async def balances(self) -> Any:
        return await self._answer("balances")

    async def positions(self) -> Any:
        return await self._answer("positions")

    async def permissions(self) -> Any:
        return await self._answer("permissions")


async def _drain(queue: asyncio.Queue[Any]) -> AsyncIterator[Any]:
    while True:
        event = await queue.get()
        if isinstance(event, Exception):
            raise event
        if event is StopAsyncIteration:
            return
        yield event


UP = AccountLink(up=True)
BROKEN = ExchangeError("the venue said 503")
