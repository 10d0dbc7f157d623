"""The clock of a node: it shows the time of day, but no correction of it moves it."""

from __future__ import annotations

import time


class NodeClock:
    """Nanoseconds since 1970 as they were at the start, counted on steadily from there.

    When somebody sets the machine's clock, intervals stay what they are and nothing goes back.
    """

    def __init__(self) -> None:
        self._anchor = time.time_ns() - time.monotonic_ns()

    def now(self) -> int:
        """Return the time; never less than before."""
        return self._anchor + time.monotonic_ns()
