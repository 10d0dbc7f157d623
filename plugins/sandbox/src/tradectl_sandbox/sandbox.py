"""A rehearsal exchange to start and to stop, in a program of one's own or by itself."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, Self

from tradectl_sandbox.house import House
from tradectl_sandbox.server import Server

if TYPE_CHECKING:
    from types import TracebackType

    from tradectl_sandbox.faults import Fault, FaultKind
    from tradectl_sandbox.settings import SandboxSettings
    from tradectl_sandbox.tape import Moment

BATCH = 1000  # moments after which others get a turn when the market runs behind


class Sandbox:
    """A running exchange.

    Use it with ``async with``; clients then reach it at :attr:`urls`, and whoever rehearses arms
    faults with :meth:`arm`.

    Attributes:
        house: The exchange without its network.
    """

    def __init__(self, settings: SandboxSettings) -> None:
        self.house = House(settings)
        self._server = Server(self.house)
        self._address = ("", 0)
        self._market: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start it."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        await self.close()

    async def start(self) -> None:
        """Listen, and let the market move if it does so by itself."""
        self._address = await self._server.start()
        if self.house.clock.speed > 0:
            self._market = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop the market, let clients go, and write down where things stand."""
        if self._market is not None:
            self._market.cancel()
            await asyncio.gather(self._market, return_exceptions=True)
        await self._server.close()
        await self.house.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._address[1]

    @property
    def host(self) -> str:
        """Address it listens at, and ``host:port`` made of both."""
        host, port = self._address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://{self.host}"

    @property
    def admin_token(self) -> str:
        """What the control endpoint asks for."""
        return self._server.admin_token

    @property
    def urls(self) -> dict[str, Any]:
        """What a ccxt client of Binance is to be told of addresses; see :meth:`redirect`."""
        return ccxt_urls(self.host)

    def redirect(self, client: Any) -> None:
        """Tell a ccxt client of Binance to come here; nothing else about it changes."""
        _merge(client.urls["api"], self.urls)

    def arm(self, kind: FaultKind | str, **occasion: float | str) -> Fault:
        """Let something go wrong: ``times``, ``seconds`` and ``symbol`` say on which occasion."""
        return self.house.arm(kind, **occasion)

    def step(self, moments: int = 1) -> Moment | None:
        """Let things happen in a market that stands still; return the last one."""
        last = None
        for _ in range(moments):
            last = self.house.step()
        return last

    async def wait(self) -> None:
        """Run until the market ends."""
        if self._market is not None:
            await asyncio.shield(self._market)

    async def _run(self) -> None:
        house = self.house
        while house.next_time is not None:
            pause = house.clock.seconds_until(house.next_time)
            if 0 < pause < math.inf:
                await asyncio.sleep(pause)
            for _ in range(BATCH):
                if house.next_time is None or house.next_time > house.clock.now:
                    break
                house.step()
            await asyncio.sleep(0)


def ccxt_urls(host: str) -> dict[str, Any]:
    """The addresses of an exchange at ``host:port`` by ccxt's names for them."""
    http, websocket = f"http://{host}", f"ws://{host}"
    return {
        "public": f"{http}/api/v3",
        "private": f"{http}/api/v3",
        "sapi": f"{http}/sapi/v1",
        "fapiPublic": f"{http}/fapi/v1",
        "dapiPublic": f"{http}/dapi/v1",
        # ccxt knows a spot stream by this word in its address.
        "ws": {"spot": f"{websocket}/stream/ws", "ws-api": {"spot": f"{websocket}/ws-api/v3"}},
    }


def _merge(known: dict[str, Any], new: dict[str, Any]) -> None:
    for name, value in new.items():
        if isinstance(value, dict):
            _merge(known[name], value)
        else:
            known[name] = value
