"""Whoever should not be there, or says what is no message, is told, counted, and hurts nobody."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
import zmq
from bus_parts import EXECUTOR, GATEWAY, HOST, NOWHERE, bars, failed, progress, run, until
from msgspec.structs import replace
from tradectl_sdk.bus import (
    Address,
    BusKeys,
    Identity,
    PeerChanged,
    PeerLost,
    Stale,
    StreamAddress,
    make_keys,
    zeromq_channel,
    zeromq_listener,
    zeromq_publisher,
    zeromq_subscriber,
)
from tradectl_sdk.bus.codec import CONVERSATIONS, MAXIMUM, VERSION, seal
from tradectl_sdk.bus.greeting import hello_of
from tradectl_sdk.bus.messages.orders import FetchAccount
from tradectl_sdk.bus.messages.wire import Ask, Beat, Data, Item
from tradectl_sdk.bus.zeromq import joining

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tradectl_sdk.bus.ends import ChannelEnd
    from tradectl_sdk.bus.zeromq.listening import Listener

TCP = Address.tcp("127.0.0.1", 0)
STREAM = StreamAddress.tcp("127.0.0.1", 0)
HELLO = hello_of(HOST)
ORDERS = CONVERSATIONS["orders"]
INTENTS = CONVERSATIONS["intents"]
HOST_KEYS, EXECUTOR_KEYS, GATEWAY_KEYS, OTHER_KEYS = make_keys(
    [("host", "sma"), ("executor", "main"), ("gateway", "venue"), ("host", "other")]
)
(STRANGER,) = make_keys([("host", "sma")])


def with_key_of(keys: BusKeys, knows: BusKeys = HOST_KEYS) -> BusKeys:
    """Somebody's pair, together with what the others' keys are."""
    return replace(knows, public=keys.public, secret=keys.secret)


@contextlib.asynccontextmanager
async def executor_with_a_good_host(
    address: Address, keys: BusKeys | None = None, host_keys: BusKeys | None = None
) -> AsyncIterator[tuple[Listener, ChannelEnd]]:
    """An executor whose host works, and still does afterwards, with nothing in between."""
    listener = zeromq_listener(address, EXECUTOR, keys=keys)
    executor = listener.expect("host", HOST.name)
    host = zeromq_channel(listener.address, HOST, "executor", keys=host_keys)
    assert isinstance(await executor.receive(), PeerChanged)
    assert isinstance(await host.receive(), PeerChanged)
    yield listener, executor
    host.send(failed(1))
    executor.send(progress(1))
    assert await executor.receive() == failed(1)
    assert await host.receive() == progress(1)
    await host.close()
    await listener.close()


async def lost_text(end: ChannelEnd) -> str:
    lost = await end.receive()
    assert isinstance(lost, PeerLost)
    return lost.text


@contextlib.contextmanager
def raw(kind: int, address: Address, keys: BusKeys | None = None, to: str = "executor") -> Any:
    """A socket that says whatever it likes."""
    with zmq.Context() as context, context.socket(kind) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        if keys is not None:
            socket.curve_serverkey = keys.public_of(to).encode()
            socket.curve_publickey = keys.public.encode()
            socket.curve_secretkey = keys.secret.encode()
        socket.connect(address.url)
        yield socket


# Keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (with_key_of(STRANGER), "unknown key"),
        (with_key_of(GATEWAY_KEYS), "wrong role"),
        (with_key_of(OTHER_KEYS), ""),
    ],
)
def test_a_key_decides_who_one_is(keys: BusKeys, kind: str) -> None:
    """A stranger's key opens nothing; a member's key does not make one another member."""

    async def main() -> None:
        async with executor_with_a_good_host(TCP, EXECUTOR_KEYS, HOST_KEYS) as (listener, _):
            me = replace(HOST, epoch=9)
            intruder = zeromq_channel(listener.address, me, "executor", keys=keys)
            intruder.send(failed(666))
            text = await lost_text(intruder)
            if kind:
                assert text == "the executor did not accept our key (status 400)"
                assert listener.refusals.counts[kind] >= 1
            else:
                assert text == "the key was that of host/other"
                assert listener.refusals.counts["introduction"] >= 1
            intruder.abandon()

    run(main())


def test_a_role_without_business_here_is_not_let_in() -> None:
    """A gateway that expects an executor only lets no host in, whatever it calls itself."""

    async def main() -> None:
        listener = zeromq_listener(TCP, GATEWAY, keys=GATEWAY_KEYS)
        gateway = listener.expect("executor")
        me = Identity(name="main", role="executor", epoch=9)
        intruder = zeromq_channel(listener.address, me, "gateway", keys=HOST_KEYS)
        assert await lost_text(intruder) == "the gateway did not accept our key (status 400)"
        assert listener.refusals.counts["wrong role"] >= 1
        executor = zeromq_channel(listener.address, EXECUTOR, "gateway", keys=EXECUTOR_KEYS)
        assert isinstance(await gateway.receive(), PeerChanged)
        intruder.abandon()
        await executor.close()
        await listener.close()

    run(main())


def test_whoever_listens_with_another_key_than_the_one_known_is_not_talked_to() -> None:
    impostor_keys = replace(STRANGER, role="executor", name="main", members=HOST_KEYS.members)

    async def main() -> None:
        listener = zeromq_listener(TCP, EXECUTOR, keys=impostor_keys)
        executor = listener.expect("host")
        host = zeromq_channel(listener.address, HOST, "executor", keys=HOST_KEYS)
        host.send(failed(1))
        assert (await lost_text(host)).startswith("the key we have of the executor is not its key")
        assert listener.refusals.counts["handshake"] >= 1
        assert executor.core.waiting == 0
        host.abandon()
        await listener.close()

    run(main())


def test_a_connection_without_a_key_is_refused() -> None:
    async def main() -> None:
        async with executor_with_a_good_host(TCP, EXECUTOR_KEYS, HOST_KEYS) as (listener, _):
            with raw(zmq.DEALER, listener.address) as socket:
                socket.send(seal(replace(HELLO, epoch=9)))
                await until(lambda: listener.refusals.counts["handshake"] >= 1)

    run(main())


class Recorder:
    """A TCP proxy that remembers what went to the server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.heard = bytearray()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._pipe(reader, up, self.heard), self._pipe(up_reader, writer))

    @staticmethod
    async def _pipe(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: bytearray | None = None
    ) -> None:
        while content := await reader.read(65536):
            if note is not None:
                note.extend(content)
            writer.write(content)
        writer.close()


def test_a_connection_that_is_played_again_says_nothing() -> None:
    """Everything that an authenticated host sent, byte for byte, on a connection of another."""

    async def main() -> None:
        listener = zeromq_listener(TCP, EXECUTOR, keys=EXECUTOR_KEYS)
        executor = listener.expect("host")
        port = int(listener.address.url.rpartition(":")[2])
        recorder = Recorder(port)
        proxy = await asyncio.start_server(recorder, "127.0.0.1", 0)
        through = Address.tcp("127.0.0.1", proxy.sockets[0].getsockname()[1])
        host = zeromq_channel(through, HOST, "executor", keys=HOST_KEYS)
        host.send(failed(1))
        assert isinstance(await executor.receive(), PeerChanged)
        assert await executor.receive() == failed(1)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bytes(recorder.heard))
        await until(lambda: listener.refusals.counts["handshake"] >= 1)
        assert executor.core.waiting == 0
        assert executor.core.duplicates == 0
        host.send(failed(2))
        assert await executor.receive() == failed(2)
        writer.close()
        await host.close()
        await listener.close()
        proxy.close()

    run(main())


def test_a_key_on_a_connection_that_is_not_encrypted_is_none(sockets: Path) -> None:
    """A listener that asks for keys takes no plain password for one."""

    async def main() -> None:
        async with executor_with_a_good_host(TCP, EXECUTOR_KEYS, HOST_KEYS) as (listener, _):
            door = listener._door
            assert door is not None
            assert door._judge("127.0.0.1", b"PLAIN", [b"host", b"secret"]) == ""
            assert listener.refusals.counts["no key"] == 1

    run(main())


def test_what_knows_no_keys_is_named_and_a_node_that_comes_there_later_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ZeroMQ itself gives an address up for good when it finds somebody like that there."""
    monkeypatch.setattr(joining, "_REJOIN", 0.1)

    async def main() -> None:
        with zmq.Context() as context, context.socket(zmq.ROUTER) as server:
            port = server.bind_to_random_port("tcp://127.0.0.1")
            address = Address.tcp("127.0.0.1", port)
            host = zeromq_channel(address, HOST, "executor", keys=HOST_KEYS)
            text = await lost_text(host)
        assert text.endswith(f"what listens at {address.url} is no executor of ours")
        listener = zeromq_listener(address, EXECUTOR, keys=EXECUTOR_KEYS)
        executor = listener.expect("host")
        assert isinstance(await executor.receive(), PeerChanged)
        await host.close()
        await listener.close()

    run(main())


# Frames ------------------------------------------------------------------------------------

NONSENSE = {
    "noise": b"\x00\x01\x02",
    "nothing": b"",
    "cut off": seal(HELLO)[:-3],
    "of another version": bytes((0xB7, 0, VERSION + 1, VERSION + 1)) + seal(HELLO)[4:],
    "of an unknown conversation": bytes((0xB7, 77, VERSION, VERSION)) + seal(HELLO)[4:],
    "too large": seal(HELLO) + bytes(MAXIMUM),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_what_is_no_frame_is_counted_and_answered_and_disturbs_nobody(
    name: str, sockets: Path
) -> None:
    async def main() -> None:
        address = Address.local(sockets / "s", "executor")
        async with executor_with_a_good_host(address) as (listener, executor):
            with raw(zmq.DEALER, address) as socket:
                socket.send(NONSENSE[name])
                await until(lambda: listener.refusals.counts["frame"] == 1)
                await until(lambda: socket.poll(0) != 0)
                assert b"refused" in socket.recv()
            assert executor.core.waiting == 0

    run(main())


def test_several_frames_at_once_are_refused(sockets: Path) -> None:
    async def main() -> None:
        address = Address.local(sockets / "s", "executor")
        async with executor_with_a_good_host(address) as (listener, _):
            with raw(zmq.DEALER, address) as socket:
                socket.send_multipart([seal(HELLO), seal(HELLO), b""])
                await until(lambda: listener.refusals.counts["frame"] == 1)

    run(main())


def test_whoever_says_good_bye_is_not_missed(sockets: Path) -> None:
    async def main() -> None:
        address = Address.local(sockets / "s", "executor")
        async with executor_with_a_good_host(address) as (listener, _):
            executor = listener.expect("host", "polite")
            host = zeromq_channel(address, replace(HOST, name="polite"), "executor")
            assert isinstance(await executor.receive(), PeerChanged)
            assert isinstance(await host.receive(), PeerChanged)
            await host.close()
            assert await lost_text(executor) == "host polite: said good-bye"
            with raw(zmq.DEALER, address) as socket:
                socket.send(b"nonsense")
                await until(lambda: listener.refusals.counts["frame"] == 1)
            await asyncio.sleep(0.1)
            assert not listener.refusals.counts["broken"]

    run(main())


def test_whoever_says_no_hello_is_asked_who_it_is(sockets: Path) -> None:
    async def main() -> None:
        address = Address.local(sockets / "s", "executor")
        async with executor_with_a_good_host(address):
            with raw(zmq.DEALER, address) as socket:
                socket.send(seal(Beat(HOST.epoch, EXECUTOR.epoch, 0, 0)))
                await until(lambda: socket.poll(0) != 0)
                assert b"who" in socket.recv()

    run(main())


def order() -> FetchAccount:
    return FetchAccount(request=1, epoch=5, instruments=(), since=0)


BODIES: dict[str, Callable[[], tuple[Data, int]]] = {
    "an order": lambda: (
        Data(9, EXECUTOR.epoch, 1, 0, 0, ORDERS.encode(order())),
        ORDERS.number,
    ),
    "an order called an intent": lambda: (
        Data(9, EXECUTOR.epoch, 1, 0, 0, ORDERS.encode(order())),
        INTENTS.number,
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_host_that_sends_an_order_is_cut_off(name: str, sockets: Path) -> None:
    """It has a seat and the right to speak, but not for this."""

    async def main() -> None:
        address = Address.local(sockets / "s", "executor")
        async with executor_with_a_good_host(address) as (listener, _):
            executor = listener.expect("host", "bad")
            with raw(zmq.DEALER, address) as socket:
                socket.send(seal(replace(HELLO, name="bad", epoch=9)))
                assert isinstance(await executor.receive(), PeerChanged)
                data, number = BODIES[name]()
                socket.send(seal(data, number))
                text = await lost_text(executor)
                assert text.startswith("host bad: was ")
                assert executor.core.refused == 1
                socket.send(seal(replace(data, body=INTENTS.encode(failed(1))), INTENTS.number))
                await asyncio.sleep(0.1)
                assert executor.core.waiting == 0

    run(main())


def test_a_frame_that_is_sent_again_is_read_once(sockets: Path) -> None:
    async def main() -> None:
        address = Address.local(sockets / "s", "executor")
        async with executor_with_a_good_host(address) as (listener, _):
            executor = listener.expect("host", "other")
            with raw(zmq.DEALER, address) as socket:
                socket.send(seal(replace(HELLO, name="other", epoch=9)))
                assert isinstance(await executor.receive(), PeerChanged)
                body = Data(9, EXECUTOR.epoch, 1, 0, 0, INTENTS.encode(failed(1)))
                for _ in range(5):
                    socket.send(seal(body, INTENTS.number))
                await until(lambda: executor.core.duplicates == 4)
                assert await executor.receive() == failed(1)
                assert executor.core.waiting == 0

    run(main())


def test_a_node_that_becomes_another_one_is_turned_away(sockets: Path) -> None:
    async def main() -> None:
        address = Address.local(sockets / "s", "executor")
        async with executor_with_a_good_host(address) as (listener, _):
            listener.expect("host", "other")
            with raw(zmq.DEALER, address) as socket:
                socket.send(seal(replace(HELLO, name="other", epoch=9)))
                socket.send(seal(replace(HELLO, epoch=10)))
                await until(lambda: listener.refusals.counts["introduction"] == 1)

    run(main())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"version": VERSION + 3, "least": VERSION + 2}, "messages were of version"),
        ({"fingerprint": "0" * 64}, "had the fingerprint '000000000000'"),
    ],
)
def test_a_node_with_other_messages_is_told_which(
    change: dict[str, Any], text: str, sockets: Path
) -> None:
    async def main() -> None:
        address = Address.local(sockets / "s", "executor")
        async with executor_with_a_good_host(address) as (listener, _):
            with raw(zmq.DEALER, address) as socket:
                socket.send(seal(replace(HELLO, epoch=9, **change)))
                await until(lambda: socket.poll(0) != 0)
                assert text.encode() in socket.recv()
            assert listener.refusals.counts["introduction"] == 1

    run(main())


def test_a_listener_that_answers_nonsense_is_noted_and_not_believed(sockets: Path) -> None:
    async def main() -> None:
        with zmq.Context() as context, context.socket(zmq.ROUTER) as server:
            server.setsockopt(zmq.LINGER, 0)
            address = Address.local(sockets, "executor")
            server.bind(address.url)
            host = zeromq_channel(address, HOST, "executor")
            await until(lambda: server.poll(0) != 0)
            route, _ = server.recv_multipart()
            server.send_multipart([route, b"nonsense"])
            wire = host._on_closed.__self__  # type: ignore[union-attr]
            await until(lambda: wire._refusals.counts["frame"] == 1)
            assert host.core.waiting == 0
            host.abandon()

    run(main())


# Streams -----------------------------------------------------------------------------------


def test_a_subscriber_cannot_publish_and_strangers_cannot_ask(sockets: Path) -> None:
    address = StreamAddress.local(sockets / "s", "market")

    async def main() -> None:
        publisher = zeromq_publisher(address, GATEWAY)
        listener = zeromq_subscriber(address, HOST)
        await until(lambda: listener.core.joined)
        with raw(zmq.XSUB, address.live) as socket:
            socket.send(b"\x01")
            socket.send(seal(Item(99, 0, 1, 0, "", CONVERSATIONS["market"].encode(bars(666))), 5))
            await until(lambda: publisher.refusals.counts["upstream"] == 1)
        with raw(zmq.DEALER, address.snapshot) as socket:
            socket.send(b"nonsense")
            socket.send(seal(HELLO))
            await until(lambda: publisher.refusals.counts["frame"] == 2)
            ask = Ask(request=1, hello=replace(HELLO, session="other"), after=NOWHERE)
            socket.send(seal(ask))
            await until(lambda: socket.poll(0) != 0)
            assert b"session was 'other'" in socket.recv()
        publisher.publish(bars(1))
        assert (await listener.receive())[1] == bars(1)
        await listener.close()
        await publisher.close()

    run(main())


@pytest.mark.parametrize("keys", [with_key_of(STRANGER), None], ids=["unknown key", "impostor"])
def test_a_stream_of_somebody_else_is_stale_and_says_nothing(keys: BusKeys | None) -> None:
    """A subscriber whose key nobody knows; a publisher whose key is not the gateway's."""
    impostor = replace(STRANGER, role="gateway", name="venue", members=HOST_KEYS.members)

    async def main() -> None:
        publisher = zeromq_publisher(STREAM, GATEWAY, keys=GATEWAY_KEYS if keys else impostor)
        listener = zeromq_subscriber(publisher.address, HOST, keys=keys or HOST_KEYS)
        stale = await listener.receive()
        assert isinstance(stale, Stale)
        assert "key" in stale.text
        publisher.publish(bars(666))
        await asyncio.sleep(0.2)
        assert listener.core.waiting == 0
        await listener.close()
        await publisher.close()

    run(main())


@pytest.mark.parametrize(
    "frame",
    [b"nonsense", seal(Data(1, 1, 1, 0, 0, INTENTS.encode(failed(1))), INTENTS.number)],
    ids=["nonsense", "another conversation"],
)
def test_a_publisher_of_nonsense_is_stale(frame: bytes, sockets: Path) -> None:
    address = StreamAddress.local(sockets, "market")

    async def main() -> None:
        with zmq.Context() as context, context.socket(zmq.XPUB) as server:
            server.setsockopt(zmq.LINGER, 0)
            server.bind(address.live.url)
            listener = zeromq_subscriber(address, HOST)
            await until(lambda: server.poll(0) != 0)
            server.recv()
            server.send(frame)
            assert isinstance(await listener.receive(), Stale)
            await listener.close()

    run(main())
