"""A venue on a socket of this machine, and the adapter that a gateway speaks to it with.

The venue sends bars and takes orders, one line of JSON each; its own clock says when a bar left
and when the order that answers it arrived. It is there to measure the way in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.exchange import (
    Absent,
    Accepted,
    AccountLink,
    Balance,
    BarClosed,
    Exchange,
    FeedState,
    KeyPermissions,
    OrderReport,
    TradeReport,
)
from tradectl_sdk.paper import paper_card

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from decimal import Decimal

    from tradectl_sdk.exchange import Card, OrderRef, Subscription, Ticket

SECOND = 1_000_000_000
NAME = "BENCH.VENUE"
CASH = 1_000_000 * 10**8


def instrument(one: Decimal) -> Instrument:
    """What is traded."""
    return Instrument(symbol="BENCH", venue="VENUE", tick_size=one, lot_size=one)


class Lines(asyncio.Protocol):
    """Reads lines of JSON off a socket, in the turn of the loop in which they came.

    Args:
        hear: Told what a line says and when it came, by the monotonic clock.
        met: Given the way to answer.
    """

    def __init__(
        self,
        hear: Callable[[dict[str, Any], int], None],
        met: Callable[[asyncio.Transport], None],
    ) -> None:
        self._hear = hear
        self._met = met
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._met(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        came = time.monotonic_ns()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._hear(json.loads(line), came)


def line_of(**said: Any) -> bytes:
    """Return what is sent to say something."""
    return json.dumps(said).encode() + b"\n"


class Venue:
    """Sends a bar, waits for what comes back, and sends the next."""

    def __init__(self) -> None:
        self.sent: dict[int, int] = {}  # bar's number -> when it left, monotonic
        self.ordered: dict[int, int] = {}  # bar's number -> when its order arrived
        self.orders = 0
        self._gateway: asyncio.Transport | None = None
        self._joined = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._awaited: tuple[int, asyncio.Future[None]] | None = None

    async def listen(self) -> int:
        """Return the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Lines(self._hear, self._meet), "127.0.0.1", 0
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def joined(self) -> None:
        """Return when a gateway is there."""
        await self._joined.wait()

    def send_bar(self, number: int, price: int) -> None:
        """Send a bar and take the time."""
        if self._gateway is None:
            raise RuntimeError("no gateway is there")
        line = line_of(bar=number, price=price)
        self.sent[number] = time.monotonic_ns()
        self._gateway.write(line)

    async def answered(self, number: int, seconds: float = 2.0) -> None:
        """Return when the order that answers a bar is there, or after some time without one."""
        self._awaited = (number, asyncio.get_running_loop().create_future())
        if number not in self.ordered:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._awaited[1], seconds)

    async def close(self) -> None:
        """Hang up."""
        if self._server is not None:
            self._server.close()

    def _meet(self, gateway: asyncio.Transport) -> None:
        self._gateway = gateway
        self._joined.set()

    def _hear(self, said: dict[str, Any], arrived: int) -> None:
        self.orders += 1
        self.ordered.setdefault(said["decided"], arrived)
        number, waiting = self._awaited or (0, None)
        if waiting is not None and number == said["decided"] and not waiting.done():
            waiting.set_result(None)
        if self._gateway is not None:
            self._gateway.write(line_of(taken=said["id"]))


class BenchExchange(Exchange):
    """The gateway's side of the socket; fills whatever the venue has taken.

    Attributes:
        read: When a bar had come, by its number, up to the last one that is measured.
    """

    def __init__(self, port: int, one: Decimal, length: int, last: int = 0) -> None:
        self._last = last
        self.read: dict[int, int] = {}
        self._port = port
        self._instrument = instrument(one)
        self._length = length
        self._bars: asyncio.Queue[BarClosed] = asyncio.Queue()
        self._account: asyncio.Queue[Any] = asyncio.Queue()
        self._taken: dict[str, asyncio.Future[None]] = {}
        self._price = 100
        self._lots = 0
        self._cash = CASH
        self._trades: deque[TradeReport] = deque(maxlen=2000)
        self._filled = 0
        self._known: dict[str, OrderReport] = {}
        self._venue: asyncio.Transport | None = None

    @property
    def card(self) -> Card:
        return paper_card(margin=False)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: Lines(self._hear, self._meet), "127.0.0.1", self._port)

    async def close(self) -> None:
        if self._venue is not None:
            self._venue.close()

    def _meet(self, venue: asyncio.Transport) -> None:
        self._venue = venue

    def _hear(self, said: dict[str, Any], came: int) -> None:
        if "taken" in said:
            self._taken.pop(said["taken"]).set_result(None)
            return
        if said["bar"] <= self._last:
            self.read[said["bar"]] = came
        price = self._price = said["price"]
        self._bars.put_nowait(
            BarClosed(
                instrument=NAME, length=self._length, time=said["bar"] * self._length,
                open=price, high=price, low=price, close=price, volume=1_000_000,
            )
        )  # fmt: skip

    async def instruments(self) -> Sequence[Instrument]:
        return (self._instrument,)

    async def venue_time(self) -> int:
        return time.time_ns()

    async def history(
        self, instrument: str, length: int, since: int, until: int
    ) -> Sequence[BarClosed]:
        return ()

    async def market_data(self, wanted: Sequence[Subscription]) -> AsyncIterator[Any]:
        yield FeedState(live=True)
        while True:
            yield await self._bars.get()

    async def account_events(self) -> AsyncIterator[Any]:
        yield AccountLink(up=True)
        while True:
            yield await self._account.get()

    async def submit(self, tickets: Sequence[Ticket]) -> Sequence[Any]:
        return [await self._send(ticket) for ticket in tickets]

    async def _send(self, ticket: Ticket) -> Accepted:
        answer = asyncio.get_running_loop().create_future()
        self._taken[ticket.client_id] = answer
        assert self._venue is not None  # noqa: S101 - it was opened
        self._venue.write(line_of(id=ticket.client_id, decided=ticket.decided // self._length))
        await answer
        self._fill(ticket)
        return Accepted(report=self._known[ticket.client_id])

    def _fill(self, ticket: Ticket) -> None:
        self._filled += 1
        trade = TradeReport(
            trade_id=str(self._filled), instrument=NAME, client_id=ticket.client_id,
            side=ticket.side, lots=ticket.lots, price=self._price, time=time.time_ns(),
        )  # fmt: skip
        self._lots += ticket.side * ticket.lots
        self._cash -= ticket.side * ticket.lots * self._price * 10**8
        self._trades.append(trade)
        report = OrderReport(
            instrument=NAME, client_id=ticket.client_id, status=int(OrderStatus.FILLED),
            side=ticket.side, type=ticket.type, lots=ticket.lots, filled=ticket.lots,
            time=trade.time,
        )  # fmt: skip
        self._known[ticket.client_id] = report
        if len(self._known) > 2000:
            del self._known[next(iter(self._known))]
        self._account.put_nowait(trade)
        self._account.put_nowait(report)

    async def cancel(self, order: OrderRef) -> Any:
        return Accepted()

    async def query(self, order: OrderRef) -> Any:
        return self._known.get(order.client_id, Absent())

    async def open_orders(self) -> Sequence[OrderReport]:
        return ()

    async def closed_orders(self, instrument: str, since: int) -> Sequence[OrderReport]:
        return [one for one in self._known.values() if one.time >= since]

    async def trades(self, instrument: str, since: int) -> Sequence[TradeReport]:
        return [one for one in self._trades if one.time >= since]

    async def balances(self) -> Sequence[Balance]:
        return (Balance(currency="USD", free=self._cash),)

    async def permissions(self) -> KeyPermissions:
        return KeyPermissions(trade=True, withdraw=False)
