"""A network between a client and a server, as bad as a test wants it.

A :class:`TcpProxy` passes on what comes, later, slower, in part or not at all. It changes while
connections are open; what is seeded gives the same delays again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

CHUNK = 4096
TO_SERVER, TO_CLIENT = "to_server", "to_client"


@dataclass(slots=True)
class Weather:
    """What the network is like; set attributes at any time.

    Attributes:
        latency: Seconds by which everything is late, each way.
        jitter: Seconds of further delay at most, drawn anew for each piece.
        bandwidth: Bytes per second and direction; 0 for no limit.
        cut_after: Bytes to the client after which a connection is reset; None for never. What is
            left of the piece that reaches the limit still arrives.
        lost: Directions in which nothing arrives any more, and nobody is told: ``to_server``,
            ``to_client``. With both, a connection is half open.
        refuses: Whether new connections are reset at once.
    """

    latency: float = 0.0
    jitter: float = 0.0
    bandwidth: float = 0.0
    cut_after: int | None = None
    lost: frozenset[str] = field(default_factory=frozenset)
    refuses: bool = False


class TcpProxy:
    """Stands between clients and one server on this machine.

    Args:
        host: Where the server is.
        port: Its port.
        seed: Of the jitter.

    Attributes:
        weather: What the network is like.
        port: Where clients connect.
        passed: Bytes passed on so far, by direction.
    """

    def __init__(self, host: str, port: int, *, seed: int = 0) -> None:
        self.weather = Weather()
        self.port = 0
        self.passed = {TO_SERVER: 0, TO_CLIENT: 0}
        self._target = (host, port)
        self._chance = random.Random(seed)  # noqa: S311 - delays, not secrets
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()

    async def __aenter__(self) -> Self:
        """Listen on a free port of this machine."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Break every connection and stop listening."""
        self.reset()
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*(link.ended.wait() for link in list(self._links)))

    @property
    def connections(self) -> int:
        """Open connections."""
        return len(self._links)

    def reset(self) -> None:
        """Break every connection, as a router that forgot them does."""
        for link in list(self._links):
            link.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.weather.refuses:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, far_writer)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as ways:
                link.ways = [
                    ways.create_task(self._pass_on(TO_SERVER, reader, far_writer, link)),
                    ways.create_task(self._pass_on(TO_CLIENT, far_reader, writer, link)),
                ]
        finally:
            link.reset()
            self._links.discard(link)
            link.ended.set()

    async def _pass_on(
        self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: _Link
    ) -> None:
        """Read what comes at once, and let it arrive when the weather allows."""
        loop = asyncio.get_running_loop()
        arrivals: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.create_task(self._arrive(way, arrivals, writer, link))
        free = loop.time()
        try:
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(CHUNK):
                    weather = self.weather
                    if weather.bandwidth:
                        free = max(free, loop.time()) + len(data) / weather.bandwidth
                    late = weather.latency + weather.jitter * self._chance.random()
                    arrivals.put_nowait((max(free, loop.time()) + late, data))
            arrivals.put_nowait((loop.time(), b""))
            await arriving
        finally:
            arriving.cancel()
            await asyncio.gather(arriving, return_exceptions=True)

    async def _arrive(
        self,
        way: str,
        arrivals: asyncio.Queue[tuple[float, bytes]],
        writer: asyncio.StreamWriter,
        link: _Link,
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await arrivals.get()
            if (pause := due - loop.time()) > 0:
                await asyncio.sleep(pause)
            if way in self.weather.lost:
                continue
            with contextlib.suppress(ConnectionError, RuntimeError):
                if not data:
                    if writer.can_write_eof():
                        writer.write_eof()
                    return
                if self._cuts(way, len(data), link):
                    return
                writer.write(data)
                await writer.drain()
                self.passed[way] += len(data)

    def _cuts(self, way: str, size: int, link: _Link) -> bool:
        """Break the connection when enough has arrived over it."""
        limit = self.weather.cut_after
        if way != TO_CLIENT or limit is None:
            return False
        if link.received >= limit:
            link.reset()
            return True
        link.received += size
        return False


class _Link:
    """One connection, both halves of it."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.ways: list[asyncio.Task[None]] = []
        self.received = 0
        self.ended = asyncio.Event()
        self._ends = (near, far)

    def reset(self) -> None:
        """Break it both ways, without a word."""
        for end in self._ends:
            end.transport.abort()
        for way in self.ways:
            way.cancel()
