"""The network that a test puts between a client and a server."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tradectl_sdk.testing import TcpProxy
from tradectl_sdk.testing.tcp_proxy import TO_CLIENT, TO_SERVER


@asynccontextmanager
async def echo():
    """A server that sends back what it gets, and a proxy in front of it."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            heard.append(data)
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with TcpProxy("127.0.0.1", port) as proxy:
        yield proxy, heard
    server.close()


async def connect(proxy: TcpProxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


def run(coroutine: Any) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def test_in_good_weather_everything_arrives():
    async def trial() -> tuple[bytes, dict[str, int]]:
        async with echo() as (proxy, _):
            reader, writer = await connect(proxy)
            writer.write(b"x" * 100_000)
            writer.write_eof()
            data = await reader.read(-1)
            writer.close()
            return data, proxy.passed

    data, passed = run(trial())
    assert data == b"x" * 100_000
    assert passed == {TO_SERVER: 100_000, TO_CLIENT: 100_000}


@pytest.mark.parametrize(("terms", "least"), [({"latency": 0.1}, 0.2), ({"bandwidth": 1e5}, 0.1)])
def test_what_is_late_or_slow_takes_its_time(terms, least):
    async def trial() -> float:
        async with echo() as (proxy, _):
            for name, value in terms.items():
                setattr(proxy.weather, name, value)
            reader, writer = await connect(proxy)
            loop = asyncio.get_running_loop()
            begun = loop.time()
            writer.write(b"x" * 5000)
            await reader.readexactly(5000)
            writer.close()
            return loop.time() - begun

    assert run(trial()) >= least * 0.9


def test_a_reset_breaks_what_is_open_and_lets_others_in():
    async def trial() -> tuple[bytes, int]:
        async with echo() as (proxy, _):
            reader, writer = await connect(proxy)
            writer.write(b"one")
            await reader.readexactly(3)
            proxy.reset()
            with contextlib.suppress(ConnectionError):
                assert await reader.read(3) == b""
            writer.close()
            again, other = await connect(proxy)
            other.write(b"new")
            answer = await again.readexactly(3)
            other.close()
            return answer, proxy.connections

    assert run(trial()) == (b"new", 1)


@pytest.mark.parametrize("way", [TO_SERVER, TO_CLIENT])
def test_a_way_that_is_cut_loses_everything_in_silence(way):
    async def trial() -> list[bytes]:
        async with echo() as (proxy, heard):
            reader, writer = await connect(proxy)
            writer.write(b"one")
            await reader.readexactly(3)
            proxy.weather.lost = frozenset({way})
            writer.write(b"two")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(3), 0.2)
            assert not writer.is_closing()
            writer.close()
            return heard

    heard = run(trial())
    assert heard == ([b"one"] if way == TO_SERVER else [b"one", b"two"])


def test_a_connection_is_cut_after_so_many_bytes():
    async def trial() -> int:
        async with echo() as (proxy, _):
            proxy.weather.cut_after = 6000
            reader, writer = await connect(proxy)
            writer.write(b"x" * 50_000)
            received = 0
            try:
                while data := await reader.read(4096):
                    received += len(data)
            except ConnectionError:
                pass
            writer.close()
            return received

    assert 1 <= run(trial()) < 6000 + 4096 + 1


def test_nobody_is_let_in_where_that_was_said():
    async def trial() -> bytes:
        async with echo() as (proxy, _):
            proxy.weather.refuses = True
            reader, writer = await connect(proxy)
            try:
                return await reader.read(1)
            except ConnectionError:
                return b""
            finally:
                writer.close()

    assert run(trial()) == b""


def test_where_there_is_no_server_a_client_is_cut_off():
    async def trial() -> bytes:
        async with TcpProxy("127.0.0.1", 1) as proxy:
            reader, writer = await connect(proxy)
            try:
                return await reader.read(1)
            except ConnectionError:
                return b""
            finally:
                writer.close()

    assert run(trial()) == b""
