"""Bars in the order they must be told: none missing, none twice, none before it has closed.

Streams repeat bars, skip them when the connection breaks, and show a bar while it is still
changing. What arrives goes through here, and what a stream left out is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tradectl_sdk.exchange.values import BarClosed


class BarSequence:
    """The closed bars of one series.

    Args:
        length: Nanoseconds from open to close.
        last: When the latest bar that was told had closed; None before the first.
    """

    def __init__(self, length: int, last: int | None = None) -> None:
        self.length = length
        self.last = last

    def missing(self, bar: BarClosed) -> tuple[int, int] | None:
        """Return ``[since, until)`` of the opens to ask for before a bar may be told, or None."""
        return self.missing_until(bar.time - self.length)

    def missing_until(self, until: int) -> tuple[int, int] | None:
        """Return ``[since, until)`` of the opens that lie between the last bar and a time."""
        if self.last is None or until <= self.last:
            return None
        return self.last, until // self.length * self.length

    def take(self, bars: Iterable[BarClosed]) -> Sequence[BarClosed]:
        """Return those of some bars that are new, oldest first, and remember them."""
        fresh = []
        for bar in sorted(bars, key=lambda bar: bar.time):
            if self.last is None or bar.time > self.last:
                self.last = bar.time
                fresh.append(bar)
        return fresh
