"""Market data as the engine reads it, and as a strategy sees it."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.engine.buffers import Floats, floats, ints, view_floats, view_ints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEVER = 2**63 - 1  # a time no event has


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Columns:
    """One series ready for the engine; all arrays have shape (n_bars,) and do not change any more.

    Attributes:
        instrument: Index of its instrument in the run.
        length: Nanoseconds from a bar's open to its close.
        time: When each bar closed, UTC nanoseconds, strictly rising.
        ticks: Open, high, low and close in ticks, int64.
        lots: Traded lots, int64.
        prices: Open, high, low and close as float64.
        volume: Traded quantity as float64.
        drives: Whether its bars are matched and delivered, or only looked at.
    """

    instrument: int
    length: int
    time: NDArray[np.int64]
    ticks: tuple[NDArray[np.int64], ...]
    lots: NDArray[np.int64]
    prices: tuple[NDArray[np.float64], ...]
    volume: NDArray[np.float64]
    drives: bool = True

    @property
    def flat(self) -> tuple[NDArray[Any], ...]:
        """All columns in the order of the feed's."""
        return (self.time, *self.prices, self.volume, *self.ticks, self.lots)


def one_bar(instrument: int, ticks: int, price: float) -> Columns:
    """A series of a single bar whose four prices are the same."""
    column, lots = np.array([ticks], np.int64), np.ones(1, np.int64)
    return Columns(
        instrument=instrument,
        length=1,
        time=np.ones(1, np.int64),
        ticks=(column,) * 4,
        lots=lots,
        prices=(np.array([price]),) * 4,
        volume=lots.astype(np.float64),
    )


# A sweep runs over the same series again and again; joining them would take longer than the run.
_last: dict[tuple[int, ...], tuple[NDArray[Any], ...]] = {}


def _joined(streams: Sequence[Columns]) -> tuple[NDArray[Any], ...]:
    """Return the columns of several series, one after another, read-only.

    Those of the last call are kept until one of its series is gone.
    """
    key = tuple(id(one) for one in streams)
    found = _last.get(key)
    if found is None:
        found = tuple(
            np.concatenate(parts) for parts in zip(*(s.flat for s in streams), strict=True)
        )
        for whole in found:
            whole.flags.writeable = False
        _last.clear()
        _last[key] = found
        for one in streams:
            weakref.finalize(one, _last.pop, key, None)
    return found


_FEED_COLUMNS = (
    *("time", "open", "high", "low", "close", "volume"),
    *("open_ticks", "high_ticks", "low_ticks", "close_ticks", "lots"),
)


class Feed:
    """All series of a run, one after another in flat columns, and how far each was read.

    A *stream* is one series: an instrument at one timeframe. Streams are ordered so that at one
    instant longer timeframes are known before the bars that drive the strategy.

    Attributes:
        time: When each bar is known, its close, in UTC nanoseconds.
        start: First row of each stream.
        end: Row after the last of each stream.
        next: Row of the next bar of each stream.
        due: Time of the next bar of each stream, NEVER when there is none.
        length: Nanoseconds from a bar's open to its close, per stream.
        instrument: Index of the instrument of each stream.
        drives: Whether a stream's bars are matched and delivered; others are only looked at.
    """

    ONE_IS_KNOWN = True  # the lists of a run with one instrument

    def __init__(self) -> None:
        self.time = ints(0)
        self.open = self.high = self.low = self.close = self.volume = floats(0)
        self.open_ticks = self.high_ticks = self.low_ticks = self.close_ticks = ints(0)
        self.lots = ints(0)
        self.streams = 0
        self.start: list[int] = []
        self.end: list[int] = []
        self.length: list[int] = []
        self.instrument: list[int] = []
        self.drives: list[bool] = []
        self.heard: list[bool] = []  # streams with a bar to deliver now
        self.next: list[int] = []
        self.due: list[int] = []

    def load(self, streams: Sequence[Columns]) -> None:
        """Take over the series of a run; call it once, in plain Python."""
        # One series needs no copy, and it is the usual case.
        joined = streams[0].flat if len(streams) == 1 else _joined(streams)
        for name, whole in zip(_FEED_COLUMNS, joined, strict=True):
            setattr(self, name, (view_floats if whole.dtype.kind == "f" else view_ints)(whole))
        row = 0
        for columns in streams:
            self.start.append(row)
            row += len(columns.time)
            self.end.append(row)
            self.length.append(columns.length)
            self.instrument.append(columns.instrument)
            self.drives.append(columns.drives)
            self.due.append(int(columns.time[0]) if len(columns.time) else NEVER)
        self.streams = len(streams)
        self.heard = [False] * self.streams
        self.next = list(self.start)

    def advance(self, stream: int) -> None:
        """Move a stream to its next bar."""
        row = self.next[stream] + 1
        self.next[stream] = row
        self.due[stream] = self.time[row] if row < self.end[stream] else NEVER


class Bar:
    """The bar that has just closed; its attributes mean nothing after the handler.

    Attributes:
        instrument: Index of its instrument in the run; 0 when there is only one.
        time: When it closed, UTC nanoseconds.
        open: First price.
        high: Highest price.
        low: Lowest price.
        close: Last price.
        volume: Traded quantity.
    """

    SCRATCH = True  # columns that no handler reads are never loaded

    def __init__(self) -> None:
        self.instrument = 0
        self.time = 0
        self.open = 0.0
        self.high = 0.0
        self.low = 0.0
        self.close = 0.0
        self.volume = 0.0


class Series:
    """Completed bars of another timeframe or instrument, as far as they are known now.

    Made by ``ctx.bar("1h")`` in ``on_start``. Reading a price before the first bar has closed is
    an error; ask :attr:`count` first.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._stream = 0
        self._start = 0

    def bind(self, stream: int) -> None:
        """Say which stream this is, once all are known; plain Python."""
        self._stream = stream
        self._start = self._feed.start[stream]

    @property
    def count(self) -> int:
        """Number of bars completed so far; it grows when a new one has closed."""
        return self._feed.next[self._stream] - self._start

    def _row(self) -> int:
        row = self._feed.next[self._stream] - 1
        if row < self._start:
            raise IndexError("no bar of this series has closed yet")
        return row

    @property
    def time(self) -> int:
        """When the last completed bar closed, UTC nanoseconds."""
        return self._feed.time[self._row()]

    @property
    def open(self) -> float:
        """First price of the last completed bar."""
        return self._feed.open[self._row()]

    @property
    def high(self) -> float:
        """Highest price of the last completed bar."""
        return self._feed.high[self._row()]

    @property
    def low(self) -> float:
        """Lowest price of the last completed bar."""
        return self._feed.low[self._row()]

    @property
    def close(self) -> float:
        """Last price of the last completed bar."""
        return self._feed.close[self._row()]

    @property
    def volume(self) -> float:
        """Traded quantity of the last completed bar."""
        return self._feed.volume[self._row()]


class Signal:
    """A column prepared before the run, such as a model's predictions; one value per bar.

    Made by ``ctx.signal("name")`` in ``on_start``. The value beside a bar must have been known
    when that bar closed.
    """

    def __init__(self, values: Floats, feed: Feed) -> None:
        self._values = values
        self._feed = feed
        self._stream = 0
        self._start = 0

    def bind(self, stream: int) -> None:
        """Say which stream the values stand beside, once all are known; plain Python."""
        self._stream = stream
        self._start = self._feed.start[stream]

    @property
    def value(self) -> float:
        """The value beside the bar that has just closed."""
        return self._values[self._feed.next[self._stream] - 1 - self._start]
