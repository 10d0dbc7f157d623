"""Nodes in processes of their own that are stopped, continued and killed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bus_parts import EXECUTOR, GATEWAY, HOST, failed, progress, run, ticks, until
from msgspec.structs import replace
from peer_process import CHANNEL, STREAM
from tradectl_sdk.bus import (
    Address,
    Gap,
    PeerBack,
    PeerChanged,
    PeerLost,
    Stale,
    StreamAddress,
    zeromq_channel,
    zeromq_listener,
    zeromq_publisher,
    zeromq_subscriber,
)
from tradectl_sdk.errors import ChannelFullError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tradectl_sdk.bus.ends import ChannelEnd, SubscriberEnd

SCRIPT = Path(__file__).with_name("peer_process.py")


class Peer:
    """A process that runs a node, and the lines it printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.lines.append(line.decode().strip())

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reading

    def numbers(self) -> list[int]:
        return [int(line.split()[1]) for line in self.lines if line.startswith("got")]


@contextlib.asynccontextmanager
async def peer(what: str, folder: Path, epoch: int) -> AsyncIterator[Peer]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), what, str(folder), str(epoch), stdout=asyncio.subprocess.PIPE
    )
    found = Peer(process)
    try:
        yield found
    finally:
        await found.kill()


async def read_until(end: ChannelEnd, kind: type, note: Callable[[Any], None]) -> Any:
    """Read messages until an event of a kind comes."""
    while True:
        what = await end.receive()
        if isinstance(what, kind):
            return what
        note(what)


async def messages(end: ChannelEnd, count: int) -> list[Any]:
    """Read messages; on a busy machine a peer that lives may be lost and back in between."""
    found: list[Any] = []
    while len(found) < count:
        what = await end.receive()
        if not isinstance(what, PeerLost | PeerBack):
            found.append(what)
    return found


def test_a_host_that_is_killed_and_comes_back_is_heard_once_and_whole(sockets: Path) -> None:
    async def main() -> None:
        listener = zeromq_listener(Address.local(sockets, "executor"), EXECUTOR, limits=CHANNEL)
        executor = listener.expect("host")
        for epoch in (1, 2, 3):
            async with peer("host", sockets, epoch):
                note: list[Any] = []
                changed = await read_until(executor, PeerChanged, note.append)
                assert changed.epoch == epoch
                assert all(isinstance(one, PeerLost | PeerBack) or int(one.text) for one in note)
                texts = [one.text for one in await messages(executor, 100)]
                assert texts == [str(number) for number in range(100)]
        lost = await read_until(executor, PeerLost, lambda _: None)
        assert lost.text == "host sma: nothing was heard for 0.3 s"
        await listener.close()

    run(main())


def test_an_executor_that_is_killed_and_comes_back_starts_anew(sockets: Path) -> None:
    async def main() -> None:
        host = zeromq_channel(Address.local(sockets, "executor"), HOST, "executor", limits=CHANNEL)
        for epoch in (1, 2):
            async with peer("executor", sockets, epoch):
                changed = await read_until(host, PeerChanged, lambda _: None)
                assert changed.epoch == epoch
                for number in range(50):
                    host.send(failed(number))
                assert await messages(host, 50) == [progress(n) for n in range(50)]
        await read_until(host, PeerLost, lambda _: None)
        await host.close()

    run(main())


def test_a_host_that_is_stopped_loses_nothing_and_stops_who_tells_it_too_much(
    sockets: Path,
) -> None:
    """What does not fit is not accepted; what was accepted arrives, in order, once."""

    async def main() -> None:
        listener = zeromq_listener(Address.local(sockets, "executor"), EXECUTOR, limits=CHANNEL)
        executor = listener.expect("host")
        intents: list[int] = []

        def note(what: Any) -> None:
            if not isinstance(what, PeerLost | PeerBack):
                intents.append(int(what.text))

        async with peer("host", sockets, 1) as host:
            await read_until(executor, PeerChanged, note)
            executor.send(progress(1))
            await until(lambda: host.numbers() == [1])
            await until(lambda: executor.core.room == CHANNEL.window)  # we know that it was read
            host.signal(signal.SIGSTOP)
            told = 1
            with contextlib.suppress(ChannelFullError):
                while True:
                    executor.send(progress(told + 1))
                    told += 1
            assert told == CHANNEL.window + 1
            await read_until(executor, PeerLost, note)
            with pytest.raises(ChannelFullError):
                executor.send(progress(told + 1))
            host.signal(signal.SIGCONT)
            back = await read_until(executor, PeerBack, note)
            assert back.epoch == 1
            await until(lambda: len(host.numbers()) == told)
            assert host.numbers() == list(range(1, told + 1))
            for one in await messages(executor, 500):
                note(one)
            assert intents == list(range(len(intents)))
        await listener.close()

    run(main())


def places(peer: Peer) -> list[tuple[int, int]]:
    """What a subscriber read: (first, last) of each message, and of each gap with its length."""
    found = []
    for line in peer.lines:
        word, *numbers = line.split()
        if word == "got":
            found.append((int(numbers[0]), int(numbers[0])))
        elif word == "Gap":
            found.append((int(numbers[0]), int(numbers[1])))
    return found


def test_a_subscriber_that_is_stopped_knows_exactly_what_it_missed(sockets: Path) -> None:
    address = StreamAddress.local(sockets, "market")

    async def main() -> None:
        publisher = zeromq_publisher(address, GATEWAY, limits=STREAM)
        brisk = zeromq_subscriber(address, EXECUTOR, limits=STREAM)
        await until(lambda: brisk.core.joined)
        seen: list[int] = []
        reading = asyncio.create_task(everything(brisk, seen))
        async with peer("subscriber", sockets, 1) as slow:
            number = 0

            async def publish(count: int) -> None:
                nonlocal number
                for _ in range(count):
                    number += 1
                    publisher.publish(ticks(number, 4096))
                    if not number % 10:
                        await asyncio.sleep(0.001)
                        await until(lambda: brisk.core.at.seq >= number - 200)  # noqa: B023

            while not places(slow):
                await publish(10)
            first = places(slow)[0][0]
            slow.signal(signal.SIGSTOP)
            await publish(8000)
            slow.signal(signal.SIGCONT)
            await publish(100)
            await until(lambda: places(slow)[-1][1] == number)
            at = first - 1
            for start, end in places(slow):
                assert start == at + 1
                at = end
            assert any(line.startswith("Gap") for line in slow.lines)
            assert "Stale" in slow.lines
            await until(lambda: slow.lines.count("Fresh") == slow.lines.count("Stale"))
            await until(lambda: len(seen) == number)
        assert seen == list(range(1, number + 1))
        reading.cancel()
        await brisk.close()
        await publisher.close()

    run(main())


async def everything(end: SubscriberEnd, seen: list[int]) -> None:
    """Note the place of every message, with no gap among them."""
    while True:
        what = await end.receive()
        assert not isinstance(what, Gap)
        if isinstance(what, tuple):
            seen.append(what[0].seq)


def test_a_publisher_that_is_killed_is_stale_and_in_its_next_life_a_gap(sockets: Path) -> None:
    address = StreamAddress.local(sockets, "market")

    async def main() -> None:
        listener = zeromq_subscriber(address, HOST, limits=STREAM)
        read: list[Any] = []
        async with peer("publisher", sockets, 1):
            while len(read) < 100:
                read.append(await listener.receive())
        while not isinstance(read[-1], Stale):
            read.append(await listener.receive())
        async with peer("publisher", sockets, 2):
            while not isinstance(read[-1], Gap):
                read.append(await listener.receive())
            assert read[-1].expected.epoch == 1
            assert read[-1].found.epoch == 2
            place = read[-1].found.seq
            for _ in range(100):
                what = await listener.receive()
                if isinstance(what, tuple):
                    assert what[0].seq == place + 1
                    place = what[0].seq
        await listener.close()

    run(main())


def test_a_publisher_that_is_stopped_is_stale_until_it_goes_on(sockets: Path) -> None:
    address = StreamAddress.local(sockets, "market")

    async def main() -> None:
        listener = zeromq_subscriber(address, replace(HOST, epoch=9), limits=STREAM)
        async with peer("publisher", sockets, 1) as publisher:
            while not isinstance(await listener.receive(), tuple):
                pass  # what was said before it came is a gap
            publisher.signal(signal.SIGSTOP)
            while not listener.core.stale:
                await listener.receive()
            publisher.signal(signal.SIGCONT)
            while listener.core.stale:
                what = await listener.receive()
                assert not isinstance(what, Gap)
        await listener.close()

    run(main())
