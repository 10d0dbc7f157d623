"""An ear at a websocket."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rehearsing import Client
    from tradectl_sandbox import Sandbox


class Ear:
    """Hears everything that is said.

    Attributes:
        heard: Messages, in order; events of the account without their wrapping.
        over: Set when the connection is.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.heard: list[Any] = []
        self.over = asyncio.Event()
        self._socket = socket
        self._news = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def of(cls, client: Client, path: str) -> AsyncIterator[Ear]:
        """Listen at a path of the exchange."""
        address = client.url.replace("http", "ws", 1) + path
        async with client._session.ws_connect(address) as socket:
            ear = cls(socket)
            listening = asyncio.create_task(ear._listen())
            await asyncio.sleep(0.05)
            yield ear
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    said = json.loads(message.data)
                    event = said.get("event", said) if isinstance(said, dict) else said
                    self.heard.append(event)
                    self._news.set()
        finally:
            self.over.set()

    async def say(self, message: Any) -> None:
        """Say something."""
        text = message if isinstance(message, str) else json.dumps(message)
        await self._socket.send_str(text)

    async def ask(self, method: str, params: Any, number: int = 1) -> Any:
        """Say something and return the answer."""
        await self.say({"id": number, "method": method, "params": params})
        return await self.until(lambda said: said.get("id") == number)

    async def until(self, meant: Callable[[Any], bool]) -> Any:
        """Return the first message that is meant, waiting for it."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for one in self.heard:
                if meant(one):
                    return one
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), 0.5)
            except TimeoutError:
                continue
        raise AssertionError(f"never heard, only {self.heard}")


def signed(client: Client, **params: Any) -> dict[str, Any]:
    """Parameters of the websocket API with their signature."""
    given = {"apiKey": client.key, "timestamp": int(time.time() * 1000)} | params
    text = "&".join(f"{name}={given[name]}" for name in sorted(given))
    signature = hmac.new(client.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return given | {"signature": signature}


@asynccontextmanager
async def account_events(box: Sandbox, client: Client) -> AsyncIterator[Ear]:
    """Listen to the account."""
    async with Ear.of(client, "/ws-api/v3") as ear:
        answer = await ear.ask("userDataStream.subscribe.signature", signed(client))
        assert answer["result"] == {"subscriptionId": 0}
        yield ear
