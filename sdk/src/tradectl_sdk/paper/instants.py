"""Bars of one instant, gathered from a source that sends them one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.exchange import BarClosed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.exchange import MarketEvent, Subscription

DAY = 86_400_000_000_000  # nanoseconds
WEEK = 7 * DAY
MONDAY = 4 * DAY  # the first one after the epoch


class Instants:
    """Holds a bar back until the others that close with it are there.

    Which ones those are follows from the grid that bars lie on. When one does not come, because
    nothing was traded, a later bar or the caller's patience ends the waiting.

    Args:
        wanted: What the source was asked for.
    """

    def __init__(self, wanted: Sequence[Subscription]) -> None:
        self._streams = [(one.instrument, one.length) for one in wanted if one.kind == "bars"]
        self._held: dict[int, list[BarClosed]] = {}
        self._finest: dict[str, int] = {}
        for instrument, length in self._streams:
            self._finest[instrument] = min(length, self._finest.get(instrument, length))

    @property
    def held(self) -> bool:
        """Whether a bar waits for others."""
        return bool(self._held)

    def is_finest(self, bar: BarClosed) -> bool:
        """Whether a bar is of the shortest length wanted of its instrument."""
        return bar.length == self._finest.get(bar.instrument)

    def take(self, event: MarketEvent | None) -> list[list[MarketEvent]]:
        """Take an event and return the groups that are complete now.

        Args:
            event: The next event; None when waiting has been long enough.
        """
        if isinstance(event, BarClosed):
            self._held.setdefault(event.time, []).append(event)
            latest = max(self._held)
            return self._release([t for t in self._held if t < latest or self._is_whole(t)])
        groups = self._release(list(self._held))
        return groups if event is None else [*groups, [event]]

    def _is_whole(self, time: int) -> bool:
        here = {(bar.instrument, bar.length) for bar in self._held[time]}
        return all(stream in here for stream in self._streams if _closes_at(stream[1], time))

    def _release(self, times: list[int]) -> list[list[MarketEvent]]:
        return [self._in_order(self._held.pop(time)) for time in sorted(times)]

    def _in_order(self, bars: list[BarClosed]) -> list[MarketEvent]:
        places = {stream: place for place, stream in enumerate(self._streams)}
        last = len(places)
        bars.sort(key=lambda bar: places.get((bar.instrument, bar.length), last))
        return [*bars]


def _closes_at(length: int, time: int) -> bool:
    offset = MONDAY if length % WEEK == 0 else 0
    return (time - offset) % length == 0
