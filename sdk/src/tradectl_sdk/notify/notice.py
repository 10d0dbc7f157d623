"""What people are told about a session."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Level(enum.IntEnum):
    """How urgent a notice is."""

    INFO = 0  # the session does what it is for: started, stopped, filled
    WARNING = 1  # something to look at when there is time
    CRITICAL = 2  # somebody has to look now

    @classmethod
    def parse(cls, word: str) -> Level:
        """Return the level of a word in lower case.

        Raises:
            KeyError: When there is no such level.
        """
        return cls[word.upper()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell.

    Attributes:
        id: Names it for ever, so that it is told once however often it is offered.
        time: When it happened, UTC nanoseconds.
        level: How urgent it is.
        kind: What it is about: ``session``, ``fill``, ``order``, ``switch``, ``node`` or ``data``.
        session: Id of the session.
        strategy: Name of the strategy.
        live: Whether real money is involved.
        title: One line.
        text: More lines, or empty.
    """

    id: str
    time: int
    level: Level
    kind: str
    session: str
    strategy: str
    live: bool
    title: str
    text: str = ""

    @property
    def headline(self) -> str:
        """The title with what it belongs to; LIVE in capitals, as everywhere."""
        mark = "LIVE " if self.live else ""
        return f"{mark}{self.strategy}: {self.title}"


KINDS = ("session", "fill", "order", "switch", "node", "data")
