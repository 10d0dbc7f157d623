"""Bars that close at one instant travel together, in the order of the session's streams.

A venue sends them one by one, in any order. They are held until every stream that has a bar at that
instant has been heard, until a bar of a later instant shows that the instant is over, or until a
grace has passed. What comes after that is told by itself and marked as late.
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
DAY = 86_400_000_000_000  # nanoseconds
WEEK, MONDAY = 7 * DAY, 4 * DAY  # bars of weeks begin on Mondays; 1970-01-01 was a Thursday


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
        latest = max(self._held)
        return self._release(now, [t for t in self._held if t < latest or self._is_complete(t)])

    def _is_complete(self, time: int) -> bool:
        """Whether every stream has been heard that has a bar closing at a time."""
        return not any(
            heard < time and _closes_at(length, heard, time)
            for (_, length), heard in self._heard.items()
        )

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


def _closes_at(length: int, heard: int, time: int) -> bool:
    """Whether a stream has a bar that closes at a time, or has one overdue.

    Args:
        length: Nanoseconds a bar lasts.
        heard: When its last bar closed, 0 when there was none.
        time: The time asked about.
    """
    if heard:
        return heard + length <= time
    return (time - (MONDAY if length % WEEK == 0 else 0)) % length == 0
