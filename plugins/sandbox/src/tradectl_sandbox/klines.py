"""Bars as clients ask for them: of any length, the unfinished one included."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sandbox.clock import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tradectl_sdk.data import Bars

    from tradectl_sandbox.listing import Listing
    from tradectl_sandbox.tape import Moment

    Event = Callable[[], dict[str, Any]]

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
INTERVALS = {
    text: int(text[:-1]) * _UNITS[text[-1]]
    for text in (
        *("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h"),
        *("1d", "3d", "1w"),
    )
}  # milliseconds
_MONDAY = 4 * _UNITS["d"]  # the first one after the epoch


@dataclass(slots=True)
class Kline:
    """A bar in the making; times are milliseconds, prices ticks, ``value`` is ticks times lots."""

    opened: int
    open: int
    high: int
    low: int
    close: int
    lots: int
    value: int
    first: int
    last: int

    def add(self, other: Kline) -> None:
        """Let another bar, or a trade, follow in the same one."""
        self.high, self.low = max(self.high, other.high), min(self.low, other.low)
        self.close = other.close
        self.lots += other.lots
        self.value += other.value
        self.last = other.last


class Klines:
    """The bars of one symbol, in the length they are stored in and all multiples of it.

    Attributes:
        intervals: Names of the lengths there are.
    """

    def __init__(self, listing: Listing, bars: Bars, shift: int) -> None:
        self._listing = listing
        self._bars = bars
        self._shift = shift
        self._base = bars.timeframe.nanoseconds // MILLISECOND
        self.intervals = [n for n, length in INTERVALS.items() if length % self._base == 0]
        self._closed = 0  # bars that have closed
        self._forming: Kline | None = None  # the stored length's bar that has not

    def start(self, closed: int) -> None:
        """Say how many bars have closed before anything happens."""
        self._closed = closed

    def trade(self, moment: Moment) -> None:
        """Take a trade."""
        piece = _of_trade(moment)
        piece.opened = self._open_time(moment.bar)
        if self._forming is None or self._forming.opened != piece.opened:
            self._forming = piece
        else:
            self._forming.add(piece)

    def close(self, moment: Moment) -> None:
        """Take the close of a bar: what the trades said of it gives way to the bar itself."""
        self._closed = moment.bar + 1
        self._forming = None

    def events(self, now: int) -> dict[str, Event]:
        """What streams of bars say now, by the end of their names; made when somebody listens."""
        return {f"kline_{name}": partial(self._event, name, now) for name in self.intervals}

    def page(self, interval: str, start: int, end: int, limit: int) -> list[list[Any]]:
        """Return bars as ``klines`` does.

        Args:
            interval: One of :attr:`intervals`.
            start: Open time of the first one at the earliest; 0 for the latest bars.
            end: Open time of the last one at the latest; 0 for none.
            limit: How many at most.
        """
        length = INTERVALS[interval]
        per = length // self._base
        if start:
            first = self._bar_at(_floor(start + length - 1, length))
        elif end:
            first = max(self._bar_at(_floor(end, length)) - per * limit, 0)
        else:
            first = max(self._closed - per * (limit + 1), 0)
        found: list[Kline] = []
        for piece in self._pieces(first):
            opened = _floor(piece.opened, length)
            if (start and opened < start) or (end and opened > end):
                continue
            if found and found[-1].opened == opened:
                found[-1].add(piece)
                continue
            if start and len(found) == limit:
                break
            piece.opened = opened
            found.append(piece)
        return [self._row(one, length) for one in found[-limit:]]

    def _pieces(self, first: int) -> Iterator[Kline]:
        """Stored bars from a number on, then the one in the making."""
        for at in range(first, self._closed):
            yield self._stored(at)
        if self._forming is not None:
            yield replace(self._forming)

    def _stored(self, at: int) -> Kline:
        bars = self._bars
        high, low, close = int(bars.high[at]), int(bars.low[at]), int(bars.close[at])
        lots = int(bars.volume[at])
        middle = (high + low + close) // 3
        return Kline(
            self._open_time(at), int(bars.open[at]), high, low, close, lots, middle * lots, at, at
        )

    def _event(self, name: str, now: int) -> dict[str, Any]:
        """The latest bar of a length, finished or not, as its stream says it."""
        length = INTERVALS[name]
        kline, listing = self._latest(length), self._listing
        return {
            "e": "kline",
            "E": now,
            "s": listing.name,
            "k": {
                "t": kline.opened,
                "T": kline.opened + length - 1,
                "s": listing.name,
                "i": name,
                "f": kline.first,
                "L": kline.last,
                "o": listing.price(kline.open),
                "c": listing.price(kline.close),
                "h": listing.price(kline.high),
                "l": listing.price(kline.low),
                "v": listing.quantity(kline.lots),
                "n": kline.last - kline.first + 1,
                "x": now >= kline.opened + length,
                "q": self._value(kline),
                "V": listing.quantity(kline.lots // 2),
                "Q": self._value(kline, 2),
                "B": "0",
            },
        }

    def _latest(self, length: int) -> Kline:
        """The bar of a length that the latest stored bar belongs to."""
        newest = self._forming.opened if self._forming else self._open_time(self._closed - 1)
        opened = _floor(newest, length)
        found: Kline | None = None
        for piece in self._pieces(max(self._bar_at(opened), 0)):
            if found is None:
                found = piece
                found.opened = opened
            else:
                found.add(piece)
        if found is None:
            raise ValueError("no bar has begun yet")
        return found

    def _row(self, kline: Kline, length: int) -> list[Any]:
        price, quantity = self._listing.price, self._listing.quantity
        return [
            kline.opened,
            price(kline.open),
            price(kline.high),
            price(kline.low),
            price(kline.close),
            quantity(kline.lots),
            kline.opened + length - 1,
            self._value(kline),
            kline.last - kline.first + 1,
            quantity(kline.lots // 2),
            self._value(kline, 2),
            "0",
        ]

    def _value(self, kline: Kline, part: int = 1) -> str:
        instrument = self._listing.instrument
        return f"{kline.value * instrument.tick_size * instrument.lot_size / part:.8f}"

    def _open_time(self, bar: int) -> int:
        return (int(self._bars.time[bar]) + self._shift) // MILLISECOND

    def _bar_at(self, opened: int) -> int:
        """Number of the first stored bar that opens at or after a time."""
        return int(np.searchsorted(self._bars.time, opened * MILLISECOND - self._shift))


def _of_trade(moment: Moment) -> Kline:
    price, lots = moment.price, moment.lots
    number = moment.number
    time = moment.time // MILLISECOND
    return Kline(time, price, price, price, price, lots, price * lots, number, number)


def _floor(time: int, length: int) -> int:
    offset = _MONDAY if length % _UNITS["w"] == 0 else 0
    return (time - offset) // length * length + offset
