"""Channels and streams between nodes of one process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from bus_parts import EXECUTOR, GATEWAY, HOST, NOWHERE, bars, failed, progress, quotes, run
from tradectl_sdk.bus import (
    Gap,
    Identity,
    PeerChanged,
    PeerLost,
    StreamLimits,
    in_process_pair,
    in_process_stream,
)
from tradectl_sdk.bus.messages.control import AskStatus
from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.bus.messages.market import Feed
from tradectl_sdk.bus.window import MILLISECOND
from tradectl_sdk.errors import BusError, ChannelClosedError, FrameError
from tradectl_sdk.exchange.values import FeedState

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

both = pytest.mark.parametrize("through_codec", [False, True], ids=["as is", "through the codec"])


@both
def test_a_channel_begins_with_the_peer_and_keeps_the_order(through_codec: bool) -> None:
    async def main() -> None:
        host, executor = in_process_pair(HOST, EXECUTOR, through_codec=through_codec)
        for number in range(1000):
            host.send(failed(number))
        assert await executor.receive() == PeerChanged(name="sma", role="host", epoch=3)
        assert [await executor.receive() for _ in range(1000)] == [failed(n) for n in range(1000)]
        executor.send(progress(2))
        assert await host.receive() == PeerChanged(name="main", role="executor", epoch=5)
        assert await host.receive() == progress(2)

    run(main())


@both
def test_what_was_sent_before_closing_arrives_before_the_good_bye(through_codec: bool) -> None:
    async def main() -> None:
        host, executor = in_process_pair(HOST, EXECUTOR, through_codec=through_codec)
        host.send(failed(1))
        await host.close()
        await executor.receive()
        assert await executor.receive() == failed(1)
        lost = await executor.receive()
        assert isinstance(lost, PeerLost)
        assert lost.text == "host sma: said good-bye"
        with pytest.raises(ChannelClosedError):
            host.send(failed(2))
        assert isinstance(await host.receive(), PeerChanged)
        with pytest.raises(ChannelClosedError):
            await host.receive()

    run(main())


@both
def test_a_message_of_another_conversation_is_not_sent(through_codec: bool) -> None:
    async def main() -> None:
        host, _ = in_process_pair(HOST, EXECUTOR, through_codec=through_codec)
        with pytest.raises(FrameError, match="was a AskStatus, expected one of Intents, "):
            host.send(AskStatus())

    run(main())


def test_roles_that_have_nothing_to_say_to_each_other_are_not_joined() -> None:
    async def main() -> None:
        other = Identity(name="other", role="host", epoch=1)
        with pytest.raises(FrameError, match="a host has nothing to say to a host"):
            in_process_pair(HOST, other)

    run(main())


@both
def test_a_stream_reaches_everybody_in_order(through_codec: bool) -> None:
    async def main() -> None:
        stream = in_process_stream(GATEWAY, through_codec=through_codec)
        listeners = [stream.subscribe(HOST), stream.subscribe(EXECUTOR)]
        await asyncio.sleep(0)
        sent = [bars(n) for n in range(100)]
        places = [stream.publish(one) for one in sent]
        assert places == [Cursor(7, n) for n in range(1, 101)]
        for listener in listeners:
            assert [await listener.receive() for _ in sent] == list(zip(places, sent, strict=True))

    run(main())


@both
def test_a_late_listener_begins_with_the_latest_of_each_topic(through_codec: bool) -> None:
    async def main() -> None:
        stream = in_process_stream(GATEWAY, through_codec=through_codec)
        feed = Feed(executions=NOWHERE, state=FeedState(live=True))
        for message in (quotes(10), bars(1), feed, quotes(20)):
            stream.publish(message)
        listener = stream.subscribe(HOST)
        assert await listener.receive() == (Cursor(7, 3), feed)
        assert await listener.receive() == (Cursor(7, 4), quotes(20))
        stream.publish(quotes(30))
        assert await listener.receive() == (Cursor(7, 5), quotes(30))

    run(main())


@both
def test_an_unread_quote_gives_way_to_a_newer_one_and_bars_to_nothing(through_codec: bool) -> None:
    quote, bar = quotes(1), bars(1)

    async def main() -> None:
        stream = in_process_stream(GATEWAY, through_codec=through_codec)
        listener = stream.subscribe(HOST)
        await asyncio.sleep(0.01)
        for message in (quote, bar, quote, bar, quote):
            stream.publish(message)
        await asyncio.sleep(0.01)
        read = [await listener.receive() for _ in range(3)]
        assert not any(isinstance(one, Gap) for one in read)
        assert read == [(Cursor(7, 2), bar), (Cursor(7, 4), bar), (Cursor(7, 5), quote)]

    run(main())


def test_only_a_gateway_publishes() -> None:
    async def main() -> None:
        with pytest.raises(BusError, match="a host was to publish, expected a gateway"):
            in_process_stream(HOST)

    run(main())


def test_whoever_waits_is_told_when_the_end_is_closed() -> None:
    async def main() -> None:
        listener = in_process_stream(GATEWAY).subscribe(HOST)
        waiting = asyncio.create_task(_receive(listener.receive))
        await asyncio.sleep(0)
        await listener.close()
        with pytest.raises(ChannelClosedError):
            await waiting

    run(main())


async def _receive(receive: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return await receive()


def test_a_stream_that_is_closed_or_left_sends_nothing_more() -> None:
    async def main() -> None:
        stream = in_process_stream(GATEWAY)
        listeners = [stream.subscribe(HOST), stream.subscribe(EXECUTOR)]
        await asyncio.sleep(0.01)
        await listeners[0].close()
        await listeners[0].close()
        stream.publish(bars(1))
        assert await listeners[1].receive() == (Cursor(7, 1), bars(1))
        await stream.close()
        stream.publish(bars(2))
        await asyncio.sleep(0.01)
        assert listeners[1].core.waiting == 0

    run(main())


def test_an_idle_stream_pulses_so_that_nobody_takes_it_for_dead() -> None:
    limits = StreamLimits(heartbeat=10 * MILLISECOND)

    async def main() -> None:
        stream = in_process_stream(GATEWAY, limits=limits)
        listener = stream.subscribe(HOST)
        await asyncio.sleep(0.3)
        assert not listener.core.stale
        assert listener.core.waiting == 0

    run(main())
