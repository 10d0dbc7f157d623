"""Where a node's shell collects what happened until its core is stepped."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.bus.link import Source


class _Joined:
    """A source that events are taken from, and whether it has said that there are any."""

    __slots__ = ("as_event", "source", "waits")

    def __init__(self, source: Source, as_event: Callable[[Any], Any]) -> None:
        self.source = source
        self.as_event = as_event
        self.waits = False


class Inbox:
    """Events in the order they came, from any task of the loop and from channels and streams.

    Putting never waits, so that sources keep the order in which they had something. What a channel
    or a stream holds stays there until it is taken: a stream may replace it by what is newer.
    """

    def __init__(self) -> None:
        self._events: deque[Any] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._roused = False

    def __len__(self) -> int:
        """Events and sources that wait."""
        return len(self._events)

    def put(self, event: Any) -> None:
        """Add an event."""
        self._events.append(event)
        self._wake()

    def join(self, source: Source, as_event: Callable[[Any], Any]) -> None:
        """Take from a channel or a stream, too, from now on.

        Args:
            source: Nobody else receives from it.
            as_event: Makes an event of what it had.
        """
        joined = _Joined(source, as_event)

        def note() -> None:
            if not joined.waits:
                joined.waits = True
                self.put(joined)

        source.attend(note)

    def take(self) -> list[Any]:
        """Return what there is, oldest first."""
        found: list[Any] = []
        events = self._events
        while events:
            event = events.popleft()
            if not isinstance(event, _Joined):
                found.append(event)
                continue
            event.waits = False
            while (one := event.source.take()) is not None:
                found.append(event.as_event(one))
        self._roused = False
        return found

    def rouse(self) -> None:
        """Let whoever waits look around, though there may be nothing."""
        self._roused = True
        self._wake()

    async def wait(self, seconds: float | None) -> None:
        """Return when there is something, was a rousing, or the time is over."""
        if self._events or self._roused or seconds == 0:
            self._roused = False
            return
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, self._wake)
        try:
            await self._waiter
        finally:
            self._waiter = None
            self._roused = False
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
