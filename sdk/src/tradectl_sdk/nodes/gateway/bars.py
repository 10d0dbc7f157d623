"""Bars that close at one instant travel together, in the order of the session's streams.

A venue sends them one by one, in any order. They are held until all streams have been heard, until
a bar of a later instant shows that the instant is over, or until a grace has passed. What comes
after that is told by itself and marked as late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.bus.messages.market import Bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.exchange import BarClosed, Subscription

    Stream = tuple[str, int]  # instrument and length

_NOWHERE = Cursor(0, 0)


class BarGroups:
    """Collects bars into groups of one instant.

    Args:
        streams: The session's streams; those that are not of bars are left out.
        grace: Nanoseconds to wait for the rest of a group.
    """

    def __init__(self, streams: Sequence[Subscription], grace: int) -> None:
        bars = [(one.instrument, one.length) for one in streams if one.kind == "bars"]
        self._places = {stream: place for place, stream in enumerate(bars)}
        self._heard = dict.fromkeys(bars, 0)
        self._grace = grace
        self._held: dict[int, list[BarClosed]] = {}
        self._deadline: int | None = None
        self._told = 0

    @property
    def deadline(self) -> int | None:
        """When what is held has waited long enough, or None."""
        return self._deadline

    @property
    def held(self) -> int:
        """How many bars wait for others."""
        return sum(map(len, self._held.values()))

    def knows(self, bar: BarClosed) -> bool:
        """Whether the session asked for bars of this stream."""
        return (bar.instrument, bar.length) in self._places

    def is_news(self, bar: BarClosed) -> bool:
        """Whether nothing as new has been heard of the bar's stream; a venue may repeat itself."""
        return bar.time > self._heard[bar.instrument, bar.length]

    def add(self, now: int, bar: BarClosed) -> list[Bars]:
        """Take a bar that is known and news; return the groups that are complete with it."""
        self._heard[bar.instrument, bar.length] = bar.time
        if bar.time <= self._told:
            return [Bars(executions=_NOWHERE, bars=(bar,), late=True)]
        self._held.setdefault(bar.time, []).append(bar)
        if self._deadline is None:
            self._deadline = now + self._grace
        latest, slowest = max(self._held), min(self._heard.values())
        return self._release(now, [t for t in self._held if t < latest or t <= slowest])

    def expire(self, now: int) -> list[Bars]:
        """Return what has waited long enough."""
        if self._deadline is None or now < self._deadline:
            return []
        return self._release(now, list(self._held))

    def _release(self, now: int, times: list[int]) -> list[Bars]:
        groups = [self._group(time) for time in sorted(times)]
        if not self._held:
            self._deadline = None
        elif groups:
            self._deadline = now + self._grace  # of the bars that began to wait just now
        return groups

    def _group(self, time: int) -> Bars:
        bars = sorted(
            self._held.pop(time), key=lambda bar: self._places[bar.instrument, bar.length]
        )
        self._told = time
        return Bars(executions=_NOWHERE, bars=tuple(bars))
