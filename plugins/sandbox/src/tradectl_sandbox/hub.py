"""Who listens to what, and getting it to them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tradectl_sandbox.faults import FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from tradectl_sandbox.faults import Faults

MOST_WAITING = 10_000  # messages after which a client that does not read is cut off


@dataclass(slots=True, eq=False)
class Listener:
    """One websocket.

    Attributes:
        socket: The connection.
        transport: What carries it.
        streams: Names of what it listens to.
        combined: Whether messages are wrapped with their stream's name.
        subscriptions: Account streams it listens to by the websocket API, by their numbers.
    """

    socket: web.WebSocketResponse
    transport: asyncio.WriteTransport | None = None
    streams: set[str] = field(default_factory=set)
    combined: bool = False
    subscriptions: list[int] = field(default_factory=list)
    queue: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))


class Hub:
    """All websockets."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._listeners: set[Listener] = set()
        self._subscriptions = 0

    @property
    def count(self) -> int:
        """Open websockets."""
        return len(self._listeners)

    async def serve(self, listener: Listener, react: Callable[[str], Any]) -> None:
        """Write to a websocket what it listens to, and let something react to what it says."""
        from aiohttp import WSMsgType

        self._listeners.add(listener)
        writer = asyncio.create_task(_write(listener))
        try:
            async for message in listener.socket:
                if message.type is WSMsgType.TEXT:
                    answer = await react(message.data)
                    if answer is not None:
                        self.say(listener, answer)
        finally:
            self._listeners.discard(listener)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def say(self, listener: Listener, message: Any) -> None:
        """Send a message to one websocket."""
        try:
            listener.queue.put_nowait(json.dumps(message, separators=(",", ":")))
        except asyncio.QueueFull:
            self._cut(listener)

    def subscribe_account(self, listener: Listener) -> int:
        """Let a websocket listen to the account; return the number of that subscription."""
        self._subscriptions += 1
        listener.subscriptions.append(self._subscriptions - 1)
        return self._subscriptions - 1

    def publish(self, stream: str, make: Callable[[], dict[str, Any]]) -> None:
        """Tell everybody who listens to a stream; nothing is made when nobody does."""
        wanted = [one for one in self._listeners if stream in one.streams]
        if not wanted or self._silent():
            return
        event = make()
        for listener in wanted:
            wrapped = {"stream": stream, "data": event} if listener.combined else event
            self.say(listener, wrapped)

    def tell_account(self, event: dict[str, Any], listen_keys: set[str]) -> None:
        """Tell everybody who listens to the account."""
        if self._silent():
            return
        for listener in list(self._listeners):
            for number in listener.subscriptions:
                self.say(listener, {"subscriptionId": number, "event": event})
            for key in listener.streams & listen_keys:
                self.say(listener, {"stream": key, "data": event} if listener.combined else event)

    def drop(self) -> int:
        """Cut every connection; return how many there were."""
        listeners = list(self._listeners)
        for listener in listeners:
            self._cut(listener)
        return len(listeners)

    async def close(self) -> None:
        """Say good-bye to everybody."""
        for listener in list(self._listeners):
            with contextlib.suppress(ConnectionError):
                await listener.socket.close(code=1001, message=b"going away")

    def _silent(self) -> bool:
        return self._faults.lasting(FaultKind.SILENT_STREAMS) is not None

    def _cut(self, listener: Listener) -> None:
        """Break a connection without a word, as a network does."""
        self._listeners.discard(listener)
        if listener.transport is not None:
            listener.transport.abort()


async def _write(listener: Listener) -> None:
    with contextlib.suppress(ConnectionError, RuntimeError):
        while True:
            await listener.socket.send_str(await listener.queue.get())
