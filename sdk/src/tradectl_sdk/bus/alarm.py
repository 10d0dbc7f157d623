"""One timer of the event loop for whatever has a time at which it wants to be called."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

Clock = "Callable[[], int]"


class Alarm:
    """Calls a function when it is due.

    An earlier time takes effect at once; a later one is noticed when the earlier one rings, so that
    a time that moves with every message costs nothing.

    Args:
        loop: Event loop whose timer is used.
        act: What to call.
    """

    __slots__ = ("_act", "_due", "_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
        self._loop = loop
        self._act = act
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0

    def set(self, due: int) -> None:
        """Ring at a time of :func:`time.monotonic_ns`, if nothing rings before."""
        if self._handle is not None:
            if due >= self._due:
                return
            self._handle.cancel()
        self._due = due
        delay = max(0, due - time.monotonic_ns()) / 1e9
        self._handle = self._loop.call_later(delay, self._ring)

    def stop(self) -> None:
        """Never ring again."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _ring(self) -> None:
        self._handle = None
        self._act()
