"""Reading a stream until the adapter is closed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

T = TypeVar("T")


async def until_closed(
    events: AsyncIterator[T], closed: asyncio.Event, *, silence: float | None = None
) -> AsyncIterator[T]:
    """Yield what a stream yields, and end when an event is set, even in the middle of waiting.

    Args:
        events: The stream; it is closed at the end.
        closed: Ends it.
        silence: Seconds without anything after which the stream counts as broken.

    Raises:
        TimeoutError: When it was silent for too long; a connection that is half open says nothing.
    """
    stop = asyncio.ensure_future(closed.wait())
    step: asyncio.Future[T] | None = None
    try:
        while not closed.is_set():
            step = asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait(
                {step, stop}, timeout=silence, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                raise TimeoutError(f"nothing came for {silence:g} s")
            if step not in done:
                return
            try:
                item = step.result()
            except StopAsyncIteration:
                return
            yield item
    finally:
        stop.cancel()
        if step is not None and not step.done():
            step.cancel()
            await asyncio.gather(step, return_exceptions=True)
        with contextlib.suppress(RuntimeError):
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()


async def pause(seconds: float, closed: asyncio.Event) -> None:
    """Wait, but not longer than until an event is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(closed.wait(), seconds)
