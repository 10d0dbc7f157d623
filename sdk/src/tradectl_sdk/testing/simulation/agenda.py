"""Virtual time: what is to happen, in one order for one seed."""

from __future__ import annotations

import hashlib
import heapq
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

MILLISECOND = 1_000_000  # nanoseconds
SECOND = 1_000 * MILLISECOND
EPOCH = 1_700_000_000 * SECOND  # when every simulation begins, UTC nanoseconds


class Agenda:
    """Calls what is due, in order of time; at one instant the seed decides.

    Attributes:
        now: The time, UTC nanoseconds.
        done: How many things have happened.
    """

    def __init__(self, chance: Random) -> None:
        self.now = EPOCH
        self.done = 0
        self._chance = chance
        self._count = 0
        self._due: list[tuple[int, float, int, Callable[[], None]]] = []

    def at(self, time: int, action: Callable[[], None]) -> None:
        """Let something happen at a time, not before the present."""
        self._count += 1
        entry = (max(time, self.now), self._chance.random(), self._count, action)
        heapq.heappush(self._due, entry)

    def after(self, delay: int, action: Callable[[], None]) -> None:
        """Let something happen after a while."""
        self.at(self.now + delay, action)

    def run(self, until: int) -> None:
        """Let everything happen that is due up to a time, which becomes the present."""
        while self._due and self._due[0][0] <= until:
            self.now, _, _, action = heapq.heappop(self._due)
            self.done += 1
            action()
        self.now = until


class Trace:
    """What happened, as a hash that tells two runs apart, and as lines for people.

    Attributes:
        lines: The latest lines, oldest first.
    """

    def __init__(self, agenda: Agenda, keep: int = 400) -> None:
        self.lines: list[str] = []
        self._agenda = agenda
        self._keep = keep
        self._hash = hashlib.blake2b(digest_size=16)

    def note(self, who: str, what: str, *values: Any) -> None:
        """Add a line."""
        seconds = (self._agenda.now - EPOCH) / SECOND
        line = f"{seconds:12.6f} {who} {what} {' '.join(map(str, values))}".rstrip()
        self._hash.update(line.encode() + b"\n")
        self.lines.append(line)
        if len(self.lines) > 2 * self._keep:
            del self.lines[: -self._keep]

    @property
    def digest(self) -> str:
        """Equal for two runs in which the same happened."""
        return self._hash.hexdigest()
