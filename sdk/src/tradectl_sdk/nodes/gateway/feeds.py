"""Which streams can be trusted: one that has fallen silent is stale until it is heard again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.exchange import FeedState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.exchange import Subscription


class Feeds:
    """Watches the session's streams for silence.

    A bar stream speaks once a bar, so it is silent after twice its length and the given time.

    Args:
        streams: What the session listens to.
        silence: Nanoseconds of silence beyond what is natural; 0 for no watch.
    """

    def __init__(self, streams: Sequence[Subscription], silence: int) -> None:
        self._patience: dict[str, int] = {}
        if silence:
            for one in streams:
                natural = 2 * one.length if one.kind == "bars" else 0
                known = self._patience.get(one.instrument, 0)
                self._patience[one.instrument] = max(known, natural + silence)
        self._due: dict[str, int] = {}
        self._stale: set[str] = set()

    @property
    def stale(self) -> frozenset[str]:
        """Instruments that have fallen silent."""
        return frozenset(self._stale)

    @property
    def deadline(self) -> int | None:
        """When the next stream would count as silent, or None."""
        waiting = [due for name, due in self._due.items() if name not in self._stale]
        return min(waiting, default=None)

    def start(self, now: int) -> None:
        """Begin to listen to all streams."""
        self._due = {name: now + patience for name, patience in self._patience.items()}

    def heard(self, now: int, instrument: str) -> FeedState | None:
        """Take note of a datum; return the news that the instrument is alive again."""
        if instrument not in self._patience:
            return None
        self._due[instrument] = now + self._patience[instrument]
        if instrument not in self._stale:
            return None
        self._stale.remove(instrument)
        return FeedState(instrument=instrument, live=True, text="data flow again")

    def expire(self, now: int) -> list[FeedState]:
        """Return the news of the instruments that have fallen silent by now."""
        silent = [name for name, due in self._due.items() if due <= now and name not in self._stale]
        self._stale.update(silent)
        return [
            FeedState(
                instrument=name,
                live=False,
                text=f"nothing was heard for {self._patience[name] / 1e9:g} s",
            )
            for name in silent
        ]
