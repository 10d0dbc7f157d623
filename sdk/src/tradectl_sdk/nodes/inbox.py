"""Where a node's shell collects what happened until its core is stepped."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any


class Inbox:
    """Events in the order they came, from any task of the loop.

    Putting never waits, so two tasks that each pass on one source keep the order in which the
    sources had something.
    """

    def __init__(self) -> None:
        self._events: deque[Any] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Any) -> None:
        """Add an event."""
        self._events.append(event)
        self._filled.set()

    def take(self) -> list[Any]:
        """Return what there is, oldest first."""
        events = list(self._events)
        self._events.clear()
        self._filled.clear()
        return events

    def rouse(self) -> None:
        """Let whoever waits look around, though there may be nothing."""
        self._filled.set()

    async def wait(self, seconds: float | None) -> None:
        """Return when there is something, was a rousing, or the time is over."""
        if self._events or seconds == 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._filled.wait()
        except TimeoutError:
            pass
        else:
            self._filled.clear()
