"""A small market, an exchange for it, and two clients: the real one, and one that says anything."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
import numpy as np
from tradectl_sandbox import Sandbox, SandboxSettings
from tradectl_sandbox.sources import coin
from tradectl_sdk.data import Bars
from tradectl_sdk.domain.timeframe import Timeframe
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

MINUTE = 60_000_000_000
START = 1_700_000_040_000_000_000
SYMBOL, NAME = "BTC/USDT", "BTCUSDT"
FEE = Decimal("0.001")


def series(
    closes: Sequence[int] = (10_000,) * 50, symbol: str = SYMBOL, volume: int = 1_200_000
) -> Bars:
    """Minutes that begin where the one before ended; prices in hundredths."""
    from dataclasses import replace

    close = np.array(closes, np.int64)
    open_ = np.r_[close[:1], close[:-1]]
    return Bars(
        instrument=replace(coin(symbol), maker_fee=FEE, taker_fee=FEE),
        timeframe=Timeframe(MINUTE),
        time=START + MINUTE * np.arange(len(close), dtype=np.int64),
        open=open_,
        high=np.maximum(open_, close),
        low=np.minimum(open_, close),
        close=close,
        volume=np.full(len(close), volume, np.int64),
    )


def settings(*ones: Bars, **changes: Any) -> SandboxSettings:
    """A market that stands still until it is told to move."""
    given = {"series": ones or (series(),), "history": 10, "speed": 0.0, "as_recorded": True}
    return SandboxSettings(**(given | changes))


@asynccontextmanager
async def exchange(*ones: Bars, **changes: Any) -> AsyncIterator[Sandbox]:
    """An exchange whose first trade has happened."""
    async with Sandbox(settings(*ones, **changes)) as box:
        box.step()
        yield box


class Client:
    """Signs what it is told to ask, and shows the answer as it is."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url
        self.key, self.secret = "sandbox", "sandbox-secret"

    async def ask(
        self, method: str, path: str, *, signed: bool = True, **params: Any
    ) -> tuple[int, Any, dict[str, str]]:
        """Return status, body and headers."""
        if signed:
            params.setdefault("timestamp", int(time.time() * 1000))
        query = urlencode(params)
        if signed:
            signature = hmac.new(self.secret.encode(), query.encode(), hashlib.sha256)
            query += f"&signature={signature.hexdigest()}"
        headers = {"X-MBX-APIKEY": self.key} if self.key else {}
        address = f"{self.url}{path}?{query}" if query else f"{self.url}{path}"
        exact = URL(address, encoded=True)  # what was signed is what is sent
        async with self._session.request(method, exact, headers=headers) as response:
            text = await response.text()
            kind = response.content_type
            body = await response.json() if kind == "application/json" else text
            return response.status, body, dict(response.headers)

    async def place(self, **params: Any) -> Any:
        """Place an order; the usual terms unless told otherwise; return the body."""
        usual = {"symbol": NAME, "side": "BUY", "type": "MARKET", "quantity": "1"}
        given = {k: v for k, v in (usual | params).items() if v is not None}
        return (await self.ask("POST", "/api/v3/order", **given))[1]

    async def get(self, path: str, **params: Any) -> Any:
        """Ask for something of the account; return the body."""
        return (await self.ask("GET", f"/api/v3/{path}", **params))[1]


@asynccontextmanager
async def rehearsal(*ones: Bars, **changes: Any) -> AsyncIterator[tuple[Sandbox, Client]]:
    """An exchange and a client that says anything."""
    async with exchange(*ones, **changes) as box, aiohttp.ClientSession() as session:
        yield box, Client(session, box.url)


@asynccontextmanager
async def ccxt_client(box: Sandbox) -> AsyncIterator[Any]:
    """The real client, told nothing but where the exchange is and what its key is."""
    import ccxt.pro

    client = ccxt.pro.binance({"apiKey": "sandbox", "secret": "sandbox-secret"})
    box.redirect(client)
    try:
        yield client
    finally:
        await client.close()


def run(coroutine: Any, seconds: float = 40.0) -> Any:
    """Run a test's coroutine, but not for ever."""
    return asyncio.run(asyncio.wait_for(coroutine, seconds))
