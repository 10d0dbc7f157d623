"""Channels over ZeroMQ, with real sockets."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from bus_parts import EXECUTOR, GATEWAY, HOST, OPERATOR, failed, progress, run, until
from msgspec.structs import replace
from tradectl_sdk.bus import (
    Address,
    BusKeys,
    ChannelLimits,
    Identity,
    PeerBack,
    PeerChanged,
    PeerLost,
    make_keys,
    zeromq_channel,
    zeromq_listener,
)
from tradectl_sdk.bus.messages.control import AskStatus, Done
from tradectl_sdk.bus.window import MILLISECOND
from tradectl_sdk.bus.zeromq import listening
from tradectl_sdk.errors import BusError, ChannelFullError, FrameError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tradectl_sdk.bus.ends import ChannelEnd

    Place = tuple[Address, BusKeys | None, BusKeys | None]

QUICK = ChannelLimits(heartbeat=50 * MILLISECOND, resend=20 * MILLISECOND)


@pytest.fixture(params=["ipc", "tcp"])
def place(request: pytest.FixtureRequest, sockets: Path) -> Place:
    """An address, and the keys of the host and the executor there."""
    if request.param == "ipc":
        return Address.local(sockets / "s", "executor"), None, None
    host, executor = make_keys([("host", HOST.name), ("executor", EXECUTOR.name)])
    return Address.tcp("127.0.0.1", 0), host, executor


async def texts(end: ChannelEnd, count: int) -> list[str]:
    return [(await end.receive()).text for _ in range(count)]


def test_two_nodes_talk_and_say_good_bye(place: Place) -> None:
    address, host_keys, executor_keys = place

    async def main() -> None:
        listener = zeromq_listener(address, EXECUTOR, keys=executor_keys)
        executor = listener.expect("host")
        host = zeromq_channel(listener.address, HOST, "executor", keys=host_keys)
        for number in range(3000):
            host.send(failed(number))
        assert await executor.receive() == PeerChanged(name="sma", role="host", epoch=3)
        assert await texts(executor, 3000) == [str(number) for number in range(3000)]
        assert await host.receive() == PeerChanged(name="main", role="executor", epoch=5)
        executor.send(progress(1))
        assert await host.receive() == progress(1)
        await host.close()
        lost = await executor.receive()
        assert isinstance(lost, PeerLost)
        assert lost.text == "host sma: said good-bye"
        await listener.close()
        assert not listener.refusals.counts

    run(main())


def test_whoever_comes_first_is_served_when_the_other_comes(place: Place) -> None:
    """Nothing has to be started in a certain order."""
    address, host_keys, executor_keys = place

    async def main() -> None:
        first = zeromq_listener(address, EXECUTOR, keys=executor_keys)
        address_again = first.address
        await first.close()
        host = zeromq_channel(address_again, HOST, "executor", keys=host_keys)
        host.send(failed(1))
        await asyncio.sleep(0.2)
        listener = zeromq_listener(address_again, EXECUTOR, keys=executor_keys)
        executor = listener.expect("host", HOST.name)
        assert isinstance(await executor.receive(), PeerChanged)
        assert await executor.receive() == failed(1)
        await host.close()
        await listener.close()

    run(main())


def test_a_node_comes_back_in_another_life_and_is_told_apart(place: Place) -> None:
    address, host_keys, executor_keys = place

    async def main() -> None:
        listener = zeromq_listener(address, EXECUTOR, keys=executor_keys)
        executor = listener.expect("host")
        host = zeromq_channel(listener.address, HOST, "executor", keys=host_keys)
        host.send(failed(1))
        assert isinstance(await executor.receive(), PeerChanged)
        assert await executor.receive() == failed(1)
        await until(lambda: len(host.core._outbox) == 0)  # it could say good-bye, and does not
        host.abandon()
        later = replace(HOST, epoch=4)
        again = zeromq_channel(listener.address, later, "executor", keys=host_keys)
        again.send(failed(2))
        assert await executor.receive() == PeerChanged(name="sma", role="host", epoch=4)
        assert await executor.receive() == failed(2)
        await again.close()
        await listener.close()

    run(main())


def test_an_earlier_life_is_turned_away_and_disturbs_nobody(place: Place) -> None:
    address, host_keys, executor_keys = place

    async def main() -> None:
        listener = zeromq_listener(address, EXECUTOR, keys=executor_keys)
        executor = listener.expect("host")
        host = zeromq_channel(listener.address, HOST, "executor", keys=host_keys)
        assert isinstance(await executor.receive(), PeerChanged)
        assert isinstance(await host.receive(), PeerChanged)
        earlier = replace(HOST, epoch=2)
        ghost = zeromq_channel(listener.address, earlier, "executor", keys=host_keys)
        ghost.send(failed(666))
        lost = await ghost.receive()
        assert isinstance(lost, PeerLost)
        assert lost.text == "life was 2, expected 3 or later"
        host.send(failed(1))
        assert await executor.receive() == failed(1)
        for end in (ghost, host):
            await end.close()
        await listener.close()

    run(main())


def test_a_peer_that_does_not_read_stops_the_sender_and_nothing_is_lost(place: Place) -> None:
    address, host_keys, executor_keys = place
    limits = ChannelLimits(window=100)

    async def main() -> None:
        listener = zeromq_listener(address, EXECUTOR, keys=executor_keys, limits=limits)
        executor = listener.expect("host")
        host = zeromq_channel(listener.address, HOST, "executor", keys=host_keys, limits=limits)
        assert isinstance(await host.receive(), PeerChanged)
        for number in range(100):
            host.send(failed(number))
            await asyncio.sleep(0)
        with pytest.raises(ChannelFullError, match="100 messages"):
            host.send(failed(666))
        assert isinstance(await executor.receive(), PeerChanged)
        assert await texts(executor, 100) == [str(number) for number in range(100)]
        await until(lambda: host.core._outbox.taken > 50)
        host.send(failed(100))
        assert await texts(executor, 1) == ["100"]
        await host.close()
        await listener.close()

    run(main())


def test_silence_is_told_and_so_is_the_end_of_it(sockets: Path) -> None:
    address = Address.local(sockets / "s", "executor")

    async def main() -> None:
        listener = zeromq_listener(address, EXECUTOR, limits=QUICK)
        executor = listener.expect("host")
        host = zeromq_channel(address, HOST, "executor", limits=QUICK)
        assert isinstance(await executor.receive(), PeerChanged)
        host._alarm.stop()  # it neither beats nor answers
        host._post = lambda _: None
        lost = await executor.receive()
        assert isinstance(lost, PeerLost)
        assert lost.text == "host sma: nothing was heard for 0.15 s"
        del host._post
        host._post = host._on_closed.__self__.post  # type: ignore[union-attr]
        host._tick()
        assert await executor.receive() == PeerBack(name="sma", role="host", epoch=3)
        await host.close()
        await listener.close()

    run(main())


def test_operators_come_unasked_one_after_the_other(sockets: Path) -> None:
    address = Address.local(sockets / "s", "control")

    async def main() -> None:
        listener = zeromq_listener(address, GATEWAY, accepts=["operator"])
        for name in ("ann", "bob"):
            me = replace(OPERATOR, name=name)
            operator = zeromq_channel(address, me, "gateway")
            operator.send(AskStatus())
            channel = await listener.accept()
            assert await channel.receive() == PeerChanged(name=name, role="operator", epoch=1)
            assert await channel.receive() == AskStatus()
            channel.send(Done())
            assert isinstance(await operator.receive(), PeerChanged)
            assert await operator.receive() == Done()
            await operator.close()
            assert isinstance(await channel.receive(), PeerLost)
            await channel.close()
        await listener.close()

    run(main())


def test_there_is_room_for_so_many_and_the_lost_make_room(
    sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MOST_SEATS", 2)
    address = Address.local(sockets / "s", "control")

    def come(name: str) -> ChannelEnd:
        return zeromq_channel(address, replace(OPERATOR, name=name), "gateway")

    async def main() -> None:
        listener = zeromq_listener(address, GATEWAY, accepts=["operator"])
        ann = come("ann")
        seat_of_ann = await listener.accept()
        assert isinstance(await seat_of_ann.receive(), PeerChanged)
        bob = come("bob")
        await listener.accept()
        cid = come("cid")
        turned_away = await cid.receive()
        assert isinstance(turned_away, PeerLost)
        assert turned_away.text == "2 seats are taken, expected a free one"
        cid.abandon()  # who would go on knocking, and be the one to get the seat
        await ann.close()
        assert isinstance(await seat_of_ann.receive(), PeerLost)  # else dan may be there before
        dan = come("dan")
        while not isinstance(await dan.receive(), PeerChanged):
            pass  # a last knock of cid was still on its way, and keeps the seat until it is lost
        for end in (bob, dan):
            end.abandon()
        await listener.close()

    run(main())


@pytest.mark.parametrize(
    ("me", "text"),
    [
        (replace(HOST, session="other"), "session was 'other', expected ''"),
        (replace(HOST, epoch=0), "life was 0, expected 1 or more"),
        (replace(OPERATOR, epoch=9), "nobody of that role and name is expected"),
    ],
)
def test_who_has_no_business_here_is_told_why(
    me: Identity, text: str, sockets: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = Address.local(sockets / "s", "executor")

    async def main() -> None:
        listener = zeromq_listener(address, EXECUTOR)
        executor = listener.expect("host")
        stranger = zeromq_channel(address, me, "executor")
        lost = await stranger.receive()
        assert isinstance(lost, PeerLost)
        assert lost.text == text
        assert listener.refusals.counts["introduction"] >= 1
        assert executor.core.waiting == 0
        stranger.abandon()
        await listener.close()

    with caplog.at_level(logging.ERROR, logger="tradectl.bus"):
        run(main())
    assert f"turned away: {text}" in caplog.text


def test_tcp_without_keys_is_refused_on_both_sides() -> None:
    address = Address.tcp("127.0.0.1", 0)
    calls: list[Callable[[], object]] = [
        lambda: zeromq_listener(address, EXECUTOR),
        lambda: zeromq_channel(address, HOST, "executor"),
    ]

    async def main() -> None:
        for call in calls:
            with pytest.raises(BusError, match="to be used without keys, expected keys"):
                call()

    run(main())


def test_an_address_that_is_taken_is_named() -> None:
    (host,) = make_keys([("executor", EXECUTOR.name)])

    async def main() -> None:
        listener = zeromq_listener(Address.tcp("127.0.0.1", 0), EXECUTOR, keys=host)
        with pytest.raises(BusError, match="cannot be listened on: Address already in use"):
            zeromq_listener(listener.address, EXECUTOR, keys=host)
        await listener.close()

    run(main())


def test_nobody_takes_the_place_of_who_listens_in_a_folder(sockets: Path) -> None:
    """A socket's path could be bound anew by anybody, and its holder would hear no more."""
    address = Address.local(sockets, "executor")

    async def main() -> None:
        listener = zeromq_listener(address, EXECUTOR)
        with pytest.raises(BusError, match="another process does already"):
            zeromq_listener(address, EXECUTOR)
        executor = listener.expect("host")
        host = zeromq_channel(address, HOST, "executor")
        assert isinstance(await executor.receive(), PeerChanged)
        await host.close()
        await listener.close()
        again = zeromq_listener(address, EXECUTOR)
        await again.close()

    run(main())


def test_keys_of_another_node_and_roles_without_business_are_refused(sockets: Path) -> None:
    host, _ = make_keys([("host", "sma"), ("executor", "main")])

    async def main() -> None:
        with pytest.raises(BusError, match="keys were those of host 'sma', expected executor"):
            zeromq_listener(Address.tcp("127.0.0.1", 0), EXECUTOR, keys=host)
        with pytest.raises(FrameError, match="a gateway has nothing to say to a gateway"):
            zeromq_listener(Address.local(sockets, "x"), GATEWAY, accepts=["gateway"])
        with pytest.raises(FrameError, match="a host has nothing to say to a host"):
            zeromq_channel(Address.local(sockets, "x"), HOST, "host")

    run(main())
