"""A server that answers as Binance does, or as a test says: wrong, late, broken, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web
from tradectl_ccxt.adapter import CcxtExchange
from tradectl_ccxt.settings import VenueSettings
from tradectl_sdk.exchange import Credentials

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

KEY, SECRET = "the-public-half-of-a-key", "the-other-half-that-signs"
INSTRUMENT = "BTC/USDT.BINANCE"
MARKET: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "isSpotTradingAllowed": True,
    "isMarginTradingAllowed": False,
    "permissionSets": [["SPOT"]],
    "orderTypes": ["LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"],
    "filters": [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "0.01",
            "maxPrice": "1000000",
            "tickSize": "0.01",
        },
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
        {"filterType": "NOTIONAL", "minNotional": "5.0"},
    ],
}
ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "clientOrderId": "mine",
    "price": "100.00",
    "origQty": "0.00100",
    "executedQty": "0.00000",
    "cummulativeQuoteQty": "0.0",
    "status": "NEW",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
    "time": 1_700_000_000_000,
    "updateTime": 1_700_000_000_500,
    "fills": [],
}


class Reply(Exception):  # noqa: N818 - what a route is told to do, no error
    """How a route answers."""

    def __init__(
        self,
        body: Any = None,
        status: int = 200,
        headers: dict[str, str] | None = None,
        *,
        reset: bool = False,
        hang: bool = False,
    ) -> None:
        super().__init__()
        self.body, self.status, self.headers = body, status, headers or {}
        self.reset, self.hang = reset, hang


def error(code: int, text: str = "no", status: int = 400, **headers: str) -> Reply:
    return Reply(
        {"code": code, "msg": text}, status, {k.replace("_", "-"): v for k, v in headers.items()}
    )


class FakeBinance:
    """The server; ``answers`` maps method and last part of the path to replies; the last stays."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], list[Reply]] = defaultdict(list)
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.offset = 0  # milliseconds its clock is ahead
        self.streams: dict[str, list[Any]] = {}
        self.sockets: list[web.WebSocketResponse] = []
        self.subscribed: list[str] = []
        self.url = ""

    def script(self, method: str, path: str, *replies: Reply) -> None:
        self.answers[method, path] = list(replies)

    def count(self, method: str, path: str) -> int:
        return sum(1 for m, p, _ in self.requests if (m, p) == (method, path))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.rsplit("/", 1)[-1]
        parameters = dict(request.query) | {k: str(v) for k, v in (await request.post()).items()}
        self.requests.append((request.method, path, parameters))
        scripted = self.answers[request.method, path]
        if scripted:
            return await self._reply(request, scripted.pop(0) if len(scripted) > 1 else scripted[0])
        return web.json_response(self._default(path))

    async def _reply(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        if reply.hang:
            await asyncio.sleep(30)
        if reply.reset:
            assert request.transport is not None
            request.transport.abort()
            raise ConnectionResetError
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        kind = "text/html" if text.startswith("<") else "application/json"
        return web.Response(
            text=text, status=reply.status, headers=reply.headers, content_type=kind
        )

    def _default(self, path: str) -> Any:
        now = int(time.time() * 1000) + self.offset
        return {
            "time": {"serverTime": now},
            "exchangeInfo": {"serverTime": now, "symbols": [MARKET]},
            "order": ORDER,
            "openOrders": [ORDER],
            "allOrders": [],
            "myTrades": [],
            "klines": [],
            "account": {"balances": [{"asset": "USDT", "free": "12.5", "locked": "0.5"}]},
            "apiRestrictions": {
                "enableWithdrawals": False,
                "ipRestrict": True,
                "enableSpotAndMarginTrading": True,
            },
        }.get(path, {})

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type != WSMsgType.TEXT:
                break
            asked = json.loads(message.data)
            if asked["method"] == "SUBSCRIBE":
                self.subscribed += asked["params"]
                await socket.send_json({"result": None, "id": asked["id"]})
                for name in asked["params"]:
                    for event in self.streams.get(name, []):
                        await socket.send_json(event)
            else:
                self.subscribed.append("account")
                result = {"subscriptionId": 0}
                await socket.send_json({"id": asked["id"], "status": 200, "result": result})
        return socket

    async def push(self, event: Any) -> None:
        for socket in self.sockets:
            if not socket.closed:
                await socket.send_json(event)

    async def cut(self) -> None:
        for socket in self.sockets:
            await socket.close()
        self.sockets.clear()

    def settings(self, **changes: Any) -> VenueSettings:
        stream = self.url.replace("http", "ws", 1) + "/ws"
        urls = {
            "public": f"{self.url}/api/v3",
            "private": f"{self.url}/api/v3",
            "sapi": f"{self.url}/sapi/v1",
            "ws": {"spot": f"{stream}/stream", "ws-api": {"spot": f"{stream}/api"}},
        }
        usual: dict[str, Any] = {"timeout_seconds": 20.0, "reconnect_seconds": 0.02}
        return VenueSettings(urls=urls, **(usual | changes))


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[FakeBinance]:
    fake = FakeBinance()
    app = web.Application()
    app.router.add_get("/ws/{rest:.*}", fake.socket)
    app.router.add_route("*", "/{rest:.*}", fake.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def connected(**settings: Any) -> AsyncIterator[tuple[FakeBinance, CcxtExchange]]:
    """Lend a server and an adapter that is open."""
    async with running() as fake:
        keys = Credentials.of({"api_key": KEY, "secret": SECRET})
        exchange = CcxtExchange("binance", fake.settings(**settings), keys)
        await exchange.open()
        fake.requests.clear()
        try:
            yield fake, exchange
        finally:
            await exchange.close()


def play(act: Callable[..., Any], **settings: Any) -> None:
    """Run a test's coroutine with a server and an adapter, and a deadline."""

    async def run() -> None:
        async with connected(**settings) as (fake, exchange):
            await act(fake, exchange)

    asyncio.run(asyncio.wait_for(run(), 60))
