"""The exchange's sockets: HTTP, streams of the market, and the websocket API."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web
from tradectl_sdk.errors import UsageError

from tradectl_sandbox.admin import Admin
from tradectl_sandbox.hub import Listener
from tradectl_sandbox.reception import Asked, Reception
from tradectl_sandbox.refusals import Refusal
from tradectl_sandbox.streams import StreamRequests
from tradectl_sandbox.websocket_api import WebsocketApi

if TYPE_CHECKING:
    from tradectl_sandbox.house import House

MOST_BYTES = 1 << 20
HEARTBEAT = 20.0  # seconds


class Server:
    """Listens for clients of one exchange.

    Attributes:
        admin_token: What the control endpoint asks for.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._reception = Reception(house)
        self._admin = Admin(house)
        self.admin_token = self._admin.token
        self._runner: web.AppRunner | None = None

    async def start(self) -> tuple[str, int]:
        """Listen; return the address and port.

        Raises:
            UsageError: If nobody can listen there.
        """
        app = web.Application(client_max_size=MOST_BYTES)
        routes = app.router
        for path in ("/ws", "/ws/{name:.*}", "/stream", "/stream/{name:.*}"):
            routes.add_get(path, self._stream)
        routes.add_get("/ws-api/v3", self._websocket_api)
        routes.add_route("*", "/sandbox/{what:.*}", self._admin.handle)
        routes.add_route("*", "/{path:.*}", self._http)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        settings = self._house.settings
        await self._listen(web.TCPSite(self._runner, settings.host, settings.port))
        host, port = self._runner.addresses[0][:2]
        return str(host), int(port)

    async def _listen(self, site: web.TCPSite) -> None:
        settings = self._house.settings
        try:
            await site.start()
        except OSError as error:
            await self.close()
            await self._house.close()
            number = error.errno or 0  # a loop's own words name the address and the call again
            text = os.strerror(number) if number > 0 else error.strerror
            raise UsageError(
                f"nobody can listen at {settings.host}, port {settings.port}: {text}",
                hint="--port 0 takes any port that is free",
            ) from error

    async def close(self) -> None:
        """Stop listening and let everybody go."""
        await self._house.hub.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # HTTP ------------------------------------------------------------------------------------

    async def _http(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode("utf-8", "replace")
        answer = await self._reception.answer(_asked(request, body))
        if answer.lost:
            if request.transport is not None:
                request.transport.close()
            raise asyncio.CancelledError
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        kind = "text/html" if isinstance(answer.body, str) else "application/json"
        return web.Response(
            text=text, status=answer.status, headers=answer.headers, content_type=kind
        )

    # Websockets ------------------------------------------------------------------------------

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT)
        await socket.prepare(request)
        listener = Listener(
            socket,
            request.transport,
            combined=request.path == "/stream",
            streams=_named_streams(request, set(self._house.listen_keys)),
        )
        await self._house.hub.serve(listener, StreamRequests(listener).react)
        return socket

    async def _websocket_api(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT)
        await socket.prepare(request)
        listener = Listener(socket, request.transport)
        api = WebsocketApi(self._house, self._reception, listener, request.remote or "")
        with contextlib.suppress(Refusal):
            await self._house.hub.serve(listener, api.react)
        return socket


def _asked(request: web.Request, body: str) -> Asked:
    query = request.url.raw_query_string
    pairs = parse_qsl(query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True)
    params = dict(pairs)
    signature = params.pop("signature", "")
    signed = "".join(_without_signature(part) for part in (query, body))
    return Asked(
        method=request.method,
        path=request.path,
        params=params,
        key=request.headers.get("X-MBX-APIKEY", ""),
        signed=signed,
        signature=signature.lower(),
        address=request.remote or "",
    )


def _without_signature(text: str) -> str:
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))


def _named_streams(request: web.Request, listen_keys: set[str]) -> set[str]:
    """Streams that the address itself asks for."""
    named = request.query.get("streams", "").split("/")
    named += request.match_info.get("name", "").split("/")
    return {name for name in named if "@" in name or name in listen_keys}
