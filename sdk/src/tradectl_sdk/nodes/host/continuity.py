"""Whether market data can be trusted, and fetching what is missing of them.

A hole between two bars is ordinary by itself: a market may rest, or trade nothing for a minute. It
is looked into only where something went wrong in between: messages of the stream were lost, the
gateway lost its connection, or the host has just started. Then the gateway is asked for the bars
that opened in the hole, page by page, until it has none; without an answer the host cannot go on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.control import FetchBars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.exchange.values import BarClosed


@dataclass(slots=True)
class Hole:
    """Bars that may be missing of one instrument.

    Attributes:
        since: Open times from here on are missing ...
        until: ... and before here.
        found: What has been fetched so far.
        done: Whether that is all.
    """

    instrument: str
    length: int
    since: int
    until: int
    found: list[BarClosed] = field(default_factory=list)
    done: bool = False

    @property
    def request(self) -> FetchBars:
        """What to ask for next."""
        return FetchBars(
            instrument=self.instrument, length=self.length, since=self.since, until=self.until
        )

    def take(self, page: Sequence[BarClosed]) -> None:
        """Take in an answer; an empty one says that there is nothing more."""
        fitting = [
            bar
            for bar in page
            if bar.instrument == self.instrument
            and bar.length == self.length
            and self.since <= bar.time - bar.length < self.until
        ]
        fitting.sort(key=lambda bar: bar.time)
        self.found += fitting
        if fitting:
            self.since = fitting[-1].time
        self.done = not fitting or self.since >= self.until


class Continuity:
    """Keeps apart what is known to be gapless and what is not.

    Args:
        instruments: The session's instruments.
        lengths: Nanoseconds of a bar of each.

    Attributes:
        stale: Instruments whose data are not to be trusted now.
        arriving: Instruments of which something may be missing before what arrives next.
        doubted: Instruments whose data may have a hole since the last bar that was handed over.
    """

    def __init__(self, instruments: Sequence[str], lengths: Sequence[int]) -> None:
        self._lengths = dict(zip(instruments, lengths, strict=True))
        self.stale: set[str] = set()
        self.arriving: set[str] = set(instruments)
        self.doubted: set[str] = set()

    def distrust(self, instrument: str = "") -> bool:
        """Data of an instrument, or of all, are stale until further notice; say if that is news."""
        meant = self._meant(instrument)
        news = not self.stale.issuperset(meant)
        self.stale.update(meant)
        return news

    def trust(self, instrument: str = "") -> bool:
        """Data flow again; what was missed in between is in doubt. Say if that is news."""
        meant = self._meant(instrument)
        news = not self.stale.isdisjoint(meant)
        self.stale.difference_update(meant)
        self.arriving.update(meant)
        return news

    def doubt(self) -> None:
        """Something of the stream is missing."""
        self.arriving.update(self._lengths)

    def arrive(self) -> set[str]:
        """Bars have arrived; return the instruments of which some before them may be missing.

        They are in doubt once it is these bars' turn, and not before: what waits ahead of them has
        no hole, and would be taken for proof that there is none.
        """
        arriving, self.arriving = self.arriving, set()
        return arriving

    def holes(self, now: int, last: Sequence[int], closing: Sequence[str]) -> list[Hole]:
        """Return what is to be fetched before the bars that close now are handed over.

        Args:
            now: When they closed.
            last: When the latest bar of each instrument before them closed, 0 for none.
            closing: Instruments whose bars close now; without a hole they are beyond doubt.
        """
        if not self.doubted:
            return []
        holes = []
        for (instrument, length), closed in zip(self._lengths.items(), last, strict=True):
            if instrument not in self.doubted or instrument in self.stale:
                continue
            if 0 < closed < now - length:
                holes.append(Hole(instrument, length, closed, now - length))
        self.doubted.difference_update(closing)
        self.doubted.update(hole.instrument for hole in holes)
        return holes

    def mended(self, holes: Sequence[Hole]) -> None:
        """These holes are known to hold what was fetched, and nothing else."""
        self.doubted.difference_update(hole.instrument for hole in holes)

    def _meant(self, instrument: str) -> Sequence[str]:
        return tuple(self._lengths) if not instrument else (instrument,)
