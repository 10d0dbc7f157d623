"""Bars that come one at a time for ever, in memory that stays what it was.

A :class:`StreamingFeed` stands where the engine expects a feed. Its columns keep the latest bars of
each stream and forget older ones, yet rows are numbered on for ever: a row that was handed out is
never given to another bar, ``Series.count`` counts on, and the engine above needs no change. This
is plain Python; what runs compiled reads its data from a plain feed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.engine.bars import NEVER, Feed
from tradectl_sdk.engine.buffers import view_floats, view_ints
from tradectl_sdk.engine.build import build
from tradectl_sdk.engine.engine import ManyEngine
from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.engine.bars import Columns
    from tradectl_sdk.engine.build import Plan

ROOM = 256  # bars kept per stream unless told otherwise
STREAM = 40  # bits of a row that count the bars of one stream


class StreamBar:
    """One bar on its way into a feed.

    Attributes:
        time: When it closed, UTC nanoseconds.
        ticks: Open, high, low and close in ticks.
        lots: Traded lots.
        prices: Open, high, low and close.
        volume: Traded quantity.
    """

    __slots__ = ("lots", "prices", "ticks", "time", "volume")

    def __init__(
        self,
        *,
        time: int,
        ticks: tuple[int, int, int, int],
        lots: int,
        prices: tuple[float, float, float, float],
        volume: float,
    ) -> None:
        self.time = time
        self.ticks = ticks
        self.lots = lots
        self.prices = prices
        self.volume = volume


class Ring:
    """A column that remembers the latest rows of each stream, under their lasting numbers."""

    __slots__ = ("_bits", "_mask", "_memory")

    def __init__(self, memory: Any, bits: int) -> None:
        self._memory = memory
        self._bits = bits
        self._mask = (1 << bits) - 1

    def __len__(self) -> int:
        """Bars remembered, of all streams together."""
        return len(self._memory)

    def __getitem__(self, row: int) -> Any:
        return self._memory[(row >> STREAM) << self._bits | row & self._mask]

    def __setitem__(self, row: int, value: Any) -> None:
        self._memory[(row >> STREAM) << self._bits | row & self._mask] = value


class StreamingFeed(Feed):
    """A feed that grows at its end and forgets at its beginning.

    Attributes:
        room: Bars remembered per stream; a power of two.
    """

    def __init__(self, room: int = ROOM) -> None:
        super().__init__()
        self.room = _power_of_two(room)

    def load(self, streams: Sequence[Columns]) -> None:
        """Set the streams up; bars they hold already are history that the engine still reads."""
        longest = max((len(one.time) for one in streams), default=0)
        self.room = _power_of_two(max(self.room, longest + 1))
        bits = self.room.bit_length() - 1
        self._columns = [
            Ring(_memory(parts, self.room), bits)
            for parts in zip(*(one.flat for one in streams), strict=True)
        ]
        (self.time, self.open, self.high, self.low, self.close, self.volume, *integers) = (
            self._columns  # type: ignore[assignment]  # a ring is read as a column is
        )
        self.open_ticks, self.high_ticks, self.low_ticks, self.close_ticks, self.lots = integers  # type: ignore[assignment]
        self.streams = len(streams)
        self.start = [stream << STREAM for stream in range(self.streams)]
        self.next = list(self.start)
        self.end = [s + len(one.time) for s, one in zip(self.start, streams, strict=True)]
        self.due = [int(one.time[0]) if len(one.time) else NEVER for one in streams]
        self.length = [one.length for one in streams]
        self.instrument = [one.instrument for one in streams]
        self.drives = [one.drives for one in streams]
        self.heard = [False] * self.streams

    def append(self, stream: int, bar: StreamBar) -> None:
        """Add the bar that closed after all others of its stream.

        Raises:
            UsageError: If it did not, or if so many wait to be read that one would be forgotten.
        """
        row = self.end[stream]
        if row > self.start[stream] and bar.time <= self.time[row - 1]:
            raise UsageError(
                f"a bar closed at {bar.time}, expected after the one before, {self.time[row - 1]}"
            )
        if row - self.next[stream] >= self.room - 1:
            raise UsageError(
                f"{self.room - 1} bars wait to be read, expected fewer than {self.room - 1}",
                hint="run the engine before more bars are appended, or give the feed more room",
            )
        values = (bar.time, *bar.prices, bar.volume, *bar.ticks, bar.lots)
        for column, value in zip(self._columns, values, strict=True):
            column[row] = value
        self.end[stream] = row + 1
        if row == self.next[stream]:
            self.due[stream] = bar.time


def streaming_engine(plan: Plan, *, room: int = ROOM, history: int = ROOM) -> ManyEngine:
    """Make an engine whose feed grows; call ``run`` after bars were appended, again and again.

    Args:
        plan: As for a backtest; bars its columns hold are read first.
        room: Bars remembered per stream, at least.
        history: Instants whose equity is remembered, at least.
    """
    engine = build(plan, StreamingFeed(room))
    if not isinstance(engine, ManyEngine):
        raise TypeError("a growing feed needs an engine that looks for its next bar")
    size = _power_of_two(history)
    bits = size.bit_length() - 1
    engine.equity = Ring(view_floats(np.zeros(size)), bits)  # type: ignore[assignment]
    engine.times = Ring(view_ints(np.zeros(size, np.int64)), bits)  # type: ignore[assignment]
    return engine


def _power_of_two(least: int) -> int:
    return 1 << max(least - 1, 1).bit_length()


def _memory(parts: Sequence[NDArray[Any]], room: int) -> Any:
    """One column of all streams, ``room`` values each."""
    whole = np.zeros((len(parts), room), parts[0].dtype)
    for stream, part in enumerate(parts):
        whole[stream, : len(part)] = part
    flat = whole.reshape(-1)
    return view_floats(flat) if flat.dtype.kind == "f" else view_ints(flat)
