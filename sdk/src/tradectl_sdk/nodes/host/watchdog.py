"""Notices a handler that does not return, from a thread of its own."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Watchdog:
    """Watches one thread while it says it is at work.

    Args:
        seconds: How long a piece of work may take.
        bark: Told, in the watchdog's thread and once, how long it took so far and where it hangs.
    """

    def __init__(self, seconds: float, bark: Callable[[float, str], None]) -> None:
        self._seconds = seconds
        self._bark = bark
        self._watched = threading.get_ident()
        self._since: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def __enter__(self) -> None:
        """A piece of work begins, in the thread that made the watchdog."""
        self._since = time.monotonic()

    def __exit__(self, *_: object) -> None:
        """It has ended."""
        self._since = None

    def close(self) -> None:
        """Watch no more."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._seconds / 4):
            since = self._since
            lasted = 0.0 if since is None else time.monotonic() - since
            if lasted > self._seconds:
                frame = sys._current_frames().get(self._watched)  # noqa: SLF001 - the way to see another thread
                self._bark(lasted, "".join(traceback.format_stack(frame)))
                return
