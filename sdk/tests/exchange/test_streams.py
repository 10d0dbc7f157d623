from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.exchange import pause, until_closed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Numbers:
    """Counts, then waits for ever; remembers that it was closed."""

    def __init__(self) -> None:
        self.closed = False
        self.waiting = asyncio.Event()

    async def stream(self, count: int) -> AsyncIterator[int]:
        try:
            for number in range(count):
                yield number
            self.waiting.set()
            await asyncio.sleep(3600)
        finally:
            self.closed = True


def test_a_stream_ends_in_the_middle_of_waiting_and_is_closed() -> None:
    async def read() -> list[int]:
        closed, numbers = asyncio.Event(), Numbers()

        async def close() -> None:
            await numbers.waiting.wait()
            closed.set()

        closing = asyncio.create_task(close())
        heard = [number async for number in until_closed(numbers.stream(3), closed)]
        await closing
        assert numbers.closed
        return heard

    assert asyncio.run(asyncio.wait_for(read(), 60)) == [0, 1, 2]


def test_a_stream_that_ends_by_itself_ends() -> None:
    async def two() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def read() -> list[int]:
        return [number async for number in until_closed(two(), asyncio.Event())]

    assert asyncio.run(read()) == [1, 2]


def test_silence_is_a_broken_connection() -> None:
    async def read() -> None:
        async for _ in until_closed(Numbers().stream(1), asyncio.Event(), silence=0.05):
            pass

    with pytest.raises(TimeoutError, match=r"nothing came for 0\.05 s"):
        asyncio.run(asyncio.wait_for(read(), 60))


def test_what_a_stream_raises_is_raised() -> None:
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise ConnectionResetError("cut")

    async def read() -> None:
        async for _ in until_closed(broken(), asyncio.Event()):
            pass

    with pytest.raises(ConnectionResetError, match="cut"):
        asyncio.run(read())


def test_a_pause_ends_early_when_it_is_closed() -> None:
    async def wait() -> None:
        closed = asyncio.Event()
        closed.set()
        await pause(3600, closed)
        await pause(0.01, asyncio.Event())

    asyncio.run(asyncio.wait_for(wait(), 60))
