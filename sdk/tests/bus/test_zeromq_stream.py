"""Streams over ZeroMQ, with real sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from bus_parts import EXECUTOR, GATEWAY, HOST, bars, quotes, run, ticks, until
from msgspec.structs import replace
from tradectl_sdk.bus import (
    BusKeys,
    Fresh,
    Gap,
    Stale,
    StreamAddress,
    StreamLimits,
    make_keys,
    zeromq_publisher,
    zeromq_subscriber,
)
from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.bus.window import MILLISECOND
from tradectl_sdk.errors import BusError, ChannelClosedError

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk.bus.ends import SubscriberEnd

    Place = tuple[StreamAddress, BusKeys | None, BusKeys | None]

QUICK = StreamLimits(heartbeat=50 * MILLISECOND, ask=20 * MILLISECOND)


@pytest.fixture(params=["ipc", "tcp"])
def place(request: pytest.FixtureRequest, sockets: Path) -> Place:
    """An address, and the keys of a host and the gateway there."""
    if request.param == "ipc":
        return StreamAddress.local(sockets / "s", "market"), None, None
    host, gateway = make_keys([("host", HOST.name), ("gateway", GATEWAY.name)])
    return StreamAddress.tcp("127.0.0.1", 0), host, gateway


async def read(end: SubscriberEnd, count: int) -> list[Any]:
    return [await end.receive() for _ in range(count)]


def test_a_stream_reaches_everybody_whole_and_in_order(place: Place) -> None:
    address, host_keys, gateway_keys = place

    async def main() -> None:
        publisher = zeromq_publisher(address, GATEWAY, keys=gateway_keys)
        listeners = [zeromq_subscriber(publisher.address, HOST, keys=host_keys) for _ in range(3)]
        for listener in listeners:
            await until(lambda one=listener: one.core.joined)  # type: ignore[misc]
        for number in range(1, 501):
            assert publisher.publish(bars(number)) == Cursor(7, number)
        for listener in listeners:
            found = await read(listener, 500)
            assert found == [(Cursor(7, number), bars(number)) for number in range(1, 501)]
            await listener.close()
        await publisher.close()

    run(main())


def test_a_listener_that_was_first_hears_from_the_first_message_on(place: Place) -> None:
    address, host_keys, gateway_keys = place

    async def main() -> None:
        first = zeromq_publisher(address, GATEWAY, keys=gateway_keys)
        await first.close()
        listener = zeromq_subscriber(first.address, HOST, keys=host_keys)
        await asyncio.sleep(0.2)
        publisher = zeromq_publisher(first.address, GATEWAY, keys=gateway_keys)
        publisher.publish(quotes(10))
        assert await listener.receive() == (Cursor(7, 1), quotes(10))
        publisher.publish(bars(2))
        assert await listener.receive() == (Cursor(7, 2), bars(2))
        await listener.close()
        await publisher.close()

    run(main())


def test_a_publisher_in_another_life_is_a_gap_and_goes_on(place: Place) -> None:
    address, host_keys, gateway_keys = place

    async def main() -> None:
        publisher = zeromq_publisher(address, GATEWAY, keys=gateway_keys)
        listener = zeromq_subscriber(publisher.address, HOST, keys=host_keys)
        await until(lambda: listener.core.joined)
        publisher.publish(bars(1))
        assert await listener.receive() == (Cursor(7, 1), bars(1))
        await publisher.close()
        later = replace(GATEWAY, epoch=8)
        again = zeromq_publisher(publisher.address, later, keys=gateway_keys)
        again.publish(quotes(5))
        found = [one for one in await read(listener, 2) if not isinstance(one, Stale | Fresh)]
        assert found[0] == Gap(expected=Cursor(7, 2), found=Cursor(8, 1))
        again.publish(bars(2))
        assert (await listener.receive())[0] in {Cursor(8, 1), Cursor(8, 2)}
        await listener.close()
        await again.close()

    run(main())


def test_silence_of_the_publisher_is_stale(sockets: Path) -> None:
    address = StreamAddress.local(sockets / "s", "market")

    async def main() -> None:
        publisher = zeromq_publisher(address, GATEWAY, limits=QUICK)
        listener = zeromq_subscriber(address, HOST, limits=QUICK)
        publisher.publish(bars(1))
        await until(lambda: listener.core.joined)
        await asyncio.sleep(0.5)
        assert not listener.core.stale
        await publisher.close()
        stale = await listener.receive()
        while not isinstance(stale, Stale):
            stale = await listener.receive()
        assert stale.text == "nothing was heard for 0 s"
        await listener.close()
        with pytest.raises(ChannelClosedError):
            await listener.receive()

    run(main())


def test_a_listener_that_stops_reading_slows_nobody_and_misses_nothing_in_silence(
    sockets: Path,
) -> None:
    """The other one gets everything; this one gets all that the ring holds, or is told of a gap."""
    address = StreamAddress.local(sockets / "s", "market")
    limits = StreamLimits(ring=500, stale=60_000 * MILLISECOND)  # a slow machine may be late

    async def main() -> None:
        publisher = zeromq_publisher(address, GATEWAY, limits=limits)
        stalled = zeromq_subscriber(address, HOST, limits=limits)
        brisk = zeromq_subscriber(address, EXECUTOR, limits=limits)
        for one in (stalled, brisk):
            await until(lambda one=one: one.core.joined)  # type: ignore[misc]
        loop = asyncio.get_running_loop()
        live = stalled._on_closed.__self__._live.socket  # type: ignore[union-attr]
        loop.remove_reader(live.FD)
        count = 8000
        for number in range(1, count + 1):
            publisher.publish(ticks(number, 512))
            if not number % 50:  # as fast as the brisk one can, and no faster
                await until(lambda: brisk.core.at.seq >= number - 200)  # noqa: B023
        found = await read(brisk, count)
        assert [cursor.seq for cursor, _ in found] == list(range(1, count + 1))
        assert publisher.outlet.let_go >= 1
        loop.add_reader(live.FD, stalled._on_closed.__self__._live._drain)  # type: ignore[union-attr]
        place, gaps = 0, 0
        while place < count:
            what = await stalled.receive()
            if isinstance(what, Gap):
                assert what.expected == Cursor(7, place + 1)
                place, gaps = what.found.seq, gaps + 1
            elif isinstance(what, tuple):
                assert what[0].seq == place + 1
                place = what[0].seq
        assert gaps >= 1
        for one in (stalled, brisk):
            await one.close()
        await publisher.close()

    run(main())


def test_an_address_that_is_taken_is_not_taken_away(sockets: Path) -> None:
    address = StreamAddress.local(sockets, "market")

    async def main() -> None:
        publisher = zeromq_publisher(address, GATEWAY)
        with pytest.raises(BusError, match="another process does already"):
            zeromq_publisher(address, GATEWAY)
        listener = zeromq_subscriber(address, HOST)
        await until(lambda: listener.core.joined)
        publisher.publish(bars(1))
        assert await listener.receive() == (Cursor(7, 1), bars(1))
        await listener.close()
        await publisher.close()

    run(main())


def test_a_subscriber_without_the_gateways_key_is_not_made() -> None:
    (keys,) = make_keys([("host", "sma")])

    async def main() -> None:
        with pytest.raises(BusError, match="0 keys were of a gateway, expected one"):
            zeromq_subscriber(StreamAddress.tcp("127.0.0.1", 1), HOST, keys=keys)

    run(main())


def test_only_a_gateway_publishes_and_only_with_its_own_keys() -> None:
    address = StreamAddress.tcp("127.0.0.1", 0)
    host, gateway = make_keys([("host", "sma"), ("gateway", "other")])

    async def main() -> None:
        with pytest.raises(BusError, match="a host was to publish, expected a gateway"):
            zeromq_publisher(address, HOST, keys=host)
        with pytest.raises(BusError, match="keys were those of gateway 'other'"):
            zeromq_publisher(address, GATEWAY, keys=gateway)
        for call in (zeromq_publisher, zeromq_subscriber):
            with pytest.raises(BusError, match="to be used without keys"):
                call(address, GATEWAY)

    run(main())
