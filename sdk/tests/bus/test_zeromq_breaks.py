"""Connections that break: either side says who was on them, and misses nobody who took leave."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
import zmq
from bus_parts import GATEWAY, HOST, NOWHERE, bars, run, until
from msgspec.structs import replace
from test_intruders import HELLO, executor_with_a_good_host, lost_text, raw
from tradectl_sdk.bus import (
    Address,
    PeerChanged,
    Stale,
    StreamAddress,
    zeromq_channel,
    zeromq_publisher,
    zeromq_subscriber,
)
from tradectl_sdk.bus.codec import seal
from tradectl_sdk.bus.messages.wire import Ask
from tradectl_sdk.bus.zeromq import joining
from tradectl_sdk.bus.zeromq.sockets import WIRE_MAXIMUM

if TYPE_CHECKING:
    from pathlib import Path


@contextlib.contextmanager
def bound(kind: int, address: Address) -> Any:
    """A socket that listens and says whatever it likes."""
    with zmq.Context() as context, context.socket(kind) as server:
        server.setsockopt(zmq.LINGER, 0)
        server.bind(address.url)
        yield server


ASK = Ask(request=1, hello=replace(HELLO, name="bad"), after=NOWHERE)
HUGE = b"\xff" * (WIRE_MAXIMUM + 1)  # a zero would be an XSUB's word for leaving
CUT_OFF = "was cut off: it sent a frame of more than 2 MiB, or what is no frame"


def test_a_listener_that_sends_what_is_far_too_large_is_named_and_gone_to_again(
    sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "_GRACE", 0.1)
    address = Address.local(sockets, "executor")

    async def main() -> None:
        with bound(zmq.ROUTER, address) as server:
            host = zeromq_channel(address, HOST, "executor")
            await until(lambda: server.poll(0) != 0)
            route, _ = server.recv_multipart()
            server.send_multipart([route, HUGE])
            assert await lost_text(host) == f"the executor {CUT_OFF}"
            await until(lambda: server.poll(0) != 0 and server.recv_multipart()[0] != route)
            host.abandon()

    run(main())


def test_a_listener_that_only_went_away_is_not_said_to_have_sent_anything(sockets: Path) -> None:
    address = Address.local(sockets, "executor")

    async def main() -> None:
        host = zeromq_channel(address, HOST, "executor")
        for _ in range(2):
            with bound(zmq.ROUTER, address) as server:
                await until(lambda server=server: server.poll(0) != 0)
            await asyncio.sleep(joining._GRACE + 0.2)
        wire = host._on_closed.__self__  # type: ignore[union-attr]
        assert not wire._refusals.counts["broken"]
        host.abandon()

    run(main())


@pytest.mark.parametrize("name", ["", "bad"])
def test_what_is_far_too_large_breaks_the_connection_before_it_is_read_and_is_named(
    name: str, sockets: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        address = Address.local(sockets / "s", "executor")
        async with executor_with_a_good_host(address) as (listener, _):
            with raw(zmq.DEALER, address) as socket:
                if name:
                    bad = listener.expect("host", name)
                    socket.send(seal(replace(HELLO, name=name, epoch=9)))
                    assert isinstance(await bad.receive(), PeerChanged)
                monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
                socket.send(HUGE)
                await until(lambda: monitor.poll(0) != 0)
                socket.disable_monitor()
                monitor.close()
            await until(lambda: listener.refusals.counts["broken"] == 1)
            assert not listener.refusals.counts["frame"]
        who = f"host {name!r}" if name else "a stranger"
        assert f"{who} was cut off or broke off without a farewell" in caplog.text
        assert "a frame of more than 2 MiB" in caplog.text

    run(main())


# Streams --------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["live", "snapshot"])
def test_a_publisher_that_sends_what_is_far_too_large_is_named_and_stale(
    where: str, sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "_GRACE", 0.1)
    address = StreamAddress.local(sockets, "market")

    async def main() -> None:
        with bound(zmq.XPUB, address.live) as live, bound(zmq.ROUTER, address.snapshot) as answers:
            listener = zeromq_subscriber(address, HOST)
            await until(lambda: live.poll(0) != 0 and answers.poll(0) != 0)
            if where == "live":
                live.send(HUGE)
            else:
                answers.send_multipart([answers.recv_multipart()[0], HUGE])
            stale = await listener.receive()
            assert isinstance(stale, Stale)
            assert stale.text == f"the gateway {CUT_OFF}"
            await listener.close()

    run(main())


@pytest.mark.parametrize(
    ("kind", "word", "who"),
    [
        (zmq.XSUB, b"\x01", "a subscriber"),
        (zmq.DEALER, seal(ASK), "host 'bad'"),
    ],
    ids=["live", "snapshot"],
)
def test_a_subscriber_that_sends_what_is_far_too_large_is_named_and_hurts_nobody(
    kind: int, word: bytes, who: str, sockets: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = StreamAddress.local(sockets / "s", "market")

    async def main() -> None:
        publisher = zeromq_publisher(address, GATEWAY)
        listener = zeromq_subscriber(address, HOST)
        await until(lambda: listener.core.joined)
        with raw(kind, address.live if kind == zmq.XSUB else address.snapshot) as socket:
            on = publisher._listening if kind == zmq.XSUB else publisher._asking
            before = list(on._names.values()).count(who)
            socket.send(word)  # which is lost, too, if the connection ends before it is read
            await until(lambda: list(on._names.values()).count(who) > before)
            socket.send(HUGE)
            await until(lambda: publisher.refusals.counts["broken"] > 0)
        assert f"{who} was cut off or broke off without a farewell" in caplog.text
        assert await said(publisher, listener) == bars(1)
        await listener.close()
        await publisher.close()

    run(main())


def test_subscribers_that_leave_are_not_missed(sockets: Path) -> None:
    address = StreamAddress.local(sockets / "s", "market")

    async def main() -> None:
        publisher = zeromq_publisher(address, GATEWAY)
        names = ["one", "two", "three"]
        listeners = [zeromq_subscriber(address, replace(HOST, name=name)) for name in names]
        await until(lambda: all(one.core.joined for one in listeners))
        for one in listeners[:2]:
            await one.close()
        await until(lambda: len(publisher._listening._names) == len(publisher._asking._names) == 1)
        assert await said(publisher, listeners[2]) == bars(1)
        assert not publisher.refusals.counts
        await listeners[2].close()
        await publisher.close()

    run(main())


async def said(publisher: Any, listener: Any) -> Any:
    """What a listener hears of something that is published."""
    publisher.publish(bars(1))
    return (await listener.receive())[1]
