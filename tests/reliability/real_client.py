"""An executor and a gateway that trade at the rehearsal exchange with ccxt's own client.

Between client and exchange stands a proxy, so that the network is as bad as a test wants. The test
itself plays the strategy's host.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from tradectl_ccxt.adapter import CcxtExchange
from tradectl_ccxt.settings import VenueSettings
from tradectl_sandbox import ApiKey, Sandbox, SandboxSettings, ccxt_urls
from tradectl_sdk.bus import Identity, in_process_pair, in_process_stream
from tradectl_sdk.bus.messages.events import Filled, OrderChanged
from tradectl_sdk.bus.messages.intents import Cancel, Command, Cursor, Intents, Place
from tradectl_sdk.data import Bars
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.orders import OrderType
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.exchange import Credentials, Subscription
from tradectl_sdk.nodes.executor import Bounds, Executor, Journal, JournalView, Setup
from tradectl_sdk.nodes.gateway import Gateway, GatewayRules
from tradectl_sdk.testing import TcpProxy
from tradectl_sdk.testing.tcp_proxy import Weather

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from tradectl_sdk.exchange import Card

SECOND = 1_000_000_000
QUICK = SECOND // 5
COIN = Instrument(
    symbol="BTC/USDT",
    venue="BINANCE",
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.00001"),
    maker_fee=Decimal(0),
    taker_fee=Decimal(0),
    min_notional=Decimal(5),
)
NAME = str(COIN.id)
PRICE, FAR, LOTS = 10_000, 5_000, 100_000  # ticks, ticks below every trade, lots
TIMEOUT = 0.4  # seconds after which the client gives a request up
SECRET = "sandbox-secret"  # noqa: S105 - of an exchange that holds nothing


class QuickVenue(CcxtExchange):
    """The adapter of a venue that is known to be through with a request at once."""

    @property
    def card(self) -> Card:
        return replace(super().card, request_window=QUICK, processing_timeout=QUICK)


def _market() -> Bars:
    """Seconds in which a price stands still."""
    count = 600
    price = np.full(count, PRICE, np.int64)
    return Bars(
        instrument=replace(COIN, venue="SANDBOX"),
        timeframe=Timeframe(SECOND),
        time=1_700_000_040 * SECOND + SECOND * np.arange(count, dtype=np.int64),
        open=price,
        high=price,
        low=price,
        close=price,
        volume=np.full(count, 10**9, np.int64),
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What venue and journal say of each other.

    Attributes:
        orders: Orders at the venue.
        lost: Client ids that only one of both knows as an order that was taken.
        doubled: Client ids that the venue has more than once.
        unclear: Orders that nobody knows the fate of.
        positions: What is held, by the executor and by the venue.
        fills: Trades, by the executor and by the venue.
        damage: What is wrong with the journal.
    """

    orders: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unclear: tuple[str, ...]
    positions: tuple[Decimal, Decimal]
    fills: tuple[int, int]
    damage: str

    @property
    def is_clean(self) -> bool:
        """Whether nothing is lost, doubled, unclear or different."""
        same = self.positions[0] == self.positions[1] and self.fills[0] == self.fills[1]
        return same and not (self.lost or self.doubled or self.unclear or self.damage)


class RealClient:
    """One session of executor and gateway."""

    def __init__(self, path: Path, box: Sandbox, proxy: TcpProxy, clock_interval: int) -> None:
        self.box, self.proxy, self.path = box, proxy, path
        settings = VenueSettings(
            urls=ccxt_urls(f"127.0.0.1:{proxy.port}"),
            timeout_seconds=TIMEOUT,
            reconnect_seconds=0.1,  # long enough to be seen
        )
        keys = Credentials.of({"api_key": "sandbox", "secret": SECRET})
        exchange = QuickVenue("binance", settings, keys)
        of_gateway, of_executor, of_host = (
            Identity(name=role, role=role, epoch=1, session="s")
            for role in ("gateway", "executor", "host")
        )
        up, down = in_process_pair(of_gateway, of_executor)
        questions, _ = in_process_pair(of_gateway, of_host)
        intents, self.host = in_process_pair(of_executor, of_host)
        market = in_process_stream(of_gateway)
        self.gateway = Gateway(
            exchange,
            up,
            market,
            questions,
            epoch=1,
            rules=GatewayRules(
                streams=(Subscription(instrument=NAME, length=SECOND),),
                clock_interval=clock_interval,
            ),
            key="sandbox",
        )
        self.executor = Executor(
            _setup(exchange.card),
            Journal(path),
            gateway=down,
            host=intents,
            market=market.subscribe(of_executor),
            epoch=1,
        )
        self.states: dict[int, list[int]] = {}  # number of an order -> what was told of it
        self.number = 0
        self.said = 0  # messages to the executor
        self.tasks: list[asyncio.Task[None]] = []

    async def listen(self) -> None:
        """Note what the executor says."""
        while True:
            message = await self.host.receive()
            if isinstance(message, OrderChanged | Filled):
                self.states.setdefault(message.number, []).append(message.status)

    def buy(self, *, limit: int = 2 * PRICE) -> int:
        """Want something, and return the order's number."""
        self.number += 1
        place = Place(
            number=self.number,
            instrument=NAME,
            side=1,
            type=int(OrderType.LIMIT),
            lots=LOTS,
            limit=limit,
        )
        self._want(place)
        return self.number

    def cancel(self, order: int) -> None:
        """Want an order to end."""
        self._want(Cancel(number=order))

    def _want(self, command: Command) -> None:
        self.said += 1
        self.host.send(
            Intents(
                strategy="s",
                epoch=1,
                decided=self.box.house.clock.now,
                data=Cursor(0, 0),
                commands=(command,),
                number=self.said,
            )
        )

    async def until(self, what: Callable[[], bool], seconds: float = 120) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(seconds):
            while not what():
                await asyncio.sleep(0.02)
                for task in self.tasks:
                    if task.done():
                        task.result()  # a node that ended ends the test

    @property
    def at_rest(self) -> bool:
        """Whether executor and gateway are ready, agree with the venue, and wait for nothing."""
        status, gateway = self.executor.status(), self.gateway.status()
        return (
            (status.state, status.busy, status.data) == ("ready", 0, gateway.data)
            and (gateway.state, gateway.busy) == ("ready", 0)
            and (gateway.figures["account stream"], gateway.figures["stale"]) == ("up", "none")
        )

    async def settle(self) -> None:
        """Let the network be fine again, and the session find out what has happened."""
        self.proxy.weather = Weather()
        self.proxy.reset()
        self.box.house.faults.clear()
        await self.until(lambda: not self.at_rest)
        await self.until(lambda: self.at_rest and not self.doubted)
        with contextlib.suppress(TimeoutError):  # whoever asks will say what is not clean
            await self.until(lambda: self.compare().is_clean, seconds=60)

    @property
    def doubted(self) -> list[str]:
        """Orders whose fate is open, as the journal has them."""
        return [one.client_id for one in self._rows() if one.status in {"unknown", "submitted"}]

    def venue_has(self) -> int:
        """How many orders the venue has taken."""
        return len(self._taken())

    def compare(self) -> Found:
        """Compare the venue with the journal."""
        taken, core = self._taken(), self.box.house.core
        ours = {one.client_id: one for one in self._rows() if one.client_id}
        arrived = {name for name, one in ours.items() if one.status != "rejected"}
        with JournalView(self.path) as view:
            damage, held, fills = view.check(), view.positions(), len(list(view.fills()))
        balances = {one.currency: one.free + one.held for one in core.balances()}
        return Found(
            orders=len(taken),
            lost=tuple(sorted(arrived ^ set(taken))),
            doubled=tuple(name for name, count in Counter(taken).items() if count > 1),
            unclear=tuple(self.doubted),
            positions=(
                held.get(NAME, Decimal(0)),
                Decimal(balances.get("BTC", 0)).scaleb(-8).normalize(),
            ),
            fills=(fills, len(core.trades(_SOLD_AT, 0))),
            damage=damage,
        )

    def _taken(self) -> list[str]:
        core = self.box.house.core
        orders = [*core.open_orders(), *core.closed_orders(_SOLD_AT, 0)]
        return [cast("str", one.client_id) for one in orders]

    def _rows(self) -> Iterator[Any]:
        with JournalView(self.path) as view:
            yield from view.orders()


_SOLD_AT = "BTC/USDT.SANDBOX"  # the same by the venue's own name


def _setup(card: Card) -> Setup:
    return Setup(
        account="main",
        strategy="s",
        instruments=[COIN],
        card=card,
        make_rules=tuple,
        bounds=Bounds(
            clock_margin=SECOND // 10,
            reconcile_every=SECOND // 2,
            confirm_after=SECOND // 5,
            settle=SECOND // 5,
            query_first=SECOND // 20,
            query_longest=SECOND // 2,
        ),
    )


@asynccontextmanager
async def real_client(
    path: Path, key: ApiKey | None = None, *, clock_interval: int = 60 * SECOND
) -> AsyncIterator[RealClient]:
    """Run a session whose executor has agreed with the venue."""
    keys = (key or ApiKey(),)
    market = SandboxSettings(series=[_market()], history=100, prints_per_bar=4, keys=keys)
    async with Sandbox(market) as box, TcpProxy("127.0.0.1", box.port) as proxy:
        scene = RealClient(path, box, proxy, clock_interval)
        nodes = [scene.gateway.run(), scene.executor.run(), scene.listen()]
        scene.tasks = [asyncio.create_task(node) for node in nodes]
        try:
            await scene.until(lambda: scene.at_rest and scene.gateway.latest_bar > 0)
            yield scene
        finally:
            scene.executor.stop()
            await asyncio.wait([scene.tasks[1]], timeout=60)
            scene.gateway.stop()
            await asyncio.wait([scene.tasks[0]], timeout=60)
            for task in scene.tasks:
                task.cancel()
            await asyncio.gather(*scene.tasks, return_exceptions=True)
