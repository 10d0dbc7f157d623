"""One line that says how far long work is, on a terminal; nothing anywhere else."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

from tradectl.figures import plural
from tradectl.layout import clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tradectl.session import Session

PAUSE = 0.1  # seconds between two updates; more often is no use to eyes
_ERASE = "\r\x1b[K"


class ProgressLine:
    """A line on standard error that is written over until the work is done.

    Args:
        session: Says whether anything may be shown.
        stream: Where to; standard error when left out.
    """

    def __init__(self, session: Session, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._shown = not (session.options.json or session.options.quiet) and self._stream.isatty()
        self._next = 0.0
        self._dirty = False

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._dirty:
            self._stream.write(_ERASE)
            self._stream.flush()

    def say(self, text: str) -> None:
        """Show a text instead of the last one, unless that was a moment ago."""
        now = time.monotonic()
        if not self._shown or now < self._next:
            return
        self._next = now + PAUSE
        self._dirty = True
        self._stream.write(_ERASE + clean(text))
        self._stream.flush()

    def counting(self, what: str) -> Callable[[int, int], None]:
        """Return what is told how many are done, of how many, and says how long the rest takes."""
        started = time.monotonic()

        def tell(done: int, total: int) -> None:
            left = (time.monotonic() - started) / done * (total - done)
            self.say(f"{done:,} of {plural(total, what)}, {duration(left)} left")

        return tell


def duration(seconds: float) -> str:
    """Write a length of time as ``m:ss`` or ``h:mm:ss``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
