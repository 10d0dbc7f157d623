"""From bars to what an exchange tells: trades one after another, and the closes of bars.

A bar becomes trades along the path a backtest walks: open, the extreme nearer to it, the other
one, close, with straight lines in between. Its volume is spread over them evenly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradectl_sdk.data import Bars

CORNERS = 4  # open, both extremes, close


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens in the market.

    Attributes:
        time: UTC nanoseconds.
        place: Which instrument.
        bar: Number of the bar in its series.
        number: Number of the trade in its market, from 1 on; 0 for the close of the bar.
        price: Ticks.
        lots: Quantity.
        side: The taker's: +1 when the price rose, -1 when it fell.
    """

    time: int
    place: int
    bar: int
    number: int = 0
    price: int = 0
    lots: int = 0
    side: int = 1

    @property
    def closes(self) -> bool:
        """Whether it is the close of a bar."""
        return self.number == 0


class Tape:
    """All that happens, in order, from the first bar to the last.

    Args:
        series: One per instrument, of one timeframe.
        shift: Nanoseconds to move all times by.
        prints: Trades per bar.
    """

    def __init__(self, series: Sequence[Bars], shift: int, prints: int) -> None:
        self._series = series
        self._shift = shift
        self._prints = max(prints, CORNERS)
        self.length = series[0].timeframe.nanoseconds

    def after(self, time: int) -> Iterator[Moment]:
        """What happens after a time, at one time the closes first, then by instrument."""
        heads = [
            int(np.searchsorted(one.time + self._shift, time + 1, side="left"))
            for one in self._series
        ]
        while True:
            opens = [
                int(one.time[head]) + self._shift
                for one, head in zip(self._series, heads, strict=True)
                if head < len(one)
            ]
            if not opens:
                return
            now = min(opens)
            due = [
                place
                for place, (one, head) in enumerate(zip(self._series, heads, strict=True))
                if head < len(one) and int(one.time[head]) + self._shift == now
            ]
            prints = [self.prints(place, heads[place]) for place in due]
            yield from sorted(
                (moment for moments in prints for moment in moments),
                key=lambda moment: (moment.time, moment.place),
            )
            for place in due:
                yield Moment(now + self.length, place, heads[place])
                heads[place] += 1

    def prints(self, place: int, bar: int) -> list[Moment]:
        """The trades that make up a bar."""
        bars, count = self._series[place], self._prints
        opened = int(bars.time[bar]) + self._shift
        open_, high, low, close = (
            int(getattr(bars, name)[bar]) for name in ("open", "high", "low", "close")
        )
        prices = path(open_, high, low, close, count)
        volume = int(bars.volume[bar])
        step = self.length // count
        found, before = [], prices[0]
        for at, price in enumerate(prices):
            lots = volume * (at + 1) // count - volume * at // count
            side = 1 if price > before or (price == before and at % 2 == 0) else -1
            number = bar * count + at + 1
            found.append(Moment(opened + at * step, place, bar, number, price, lots, side))
            before = price
        return found


def path(open_: int, high: int, low: int, close: int, count: int) -> list[int]:
    """Prices along a bar; every corner is among them."""
    first, second = (high, low) if high - open_ <= open_ - low else (low, high)
    corners = (open_, first, second, close)
    marks = [at * (count - 1) // (CORNERS - 1) for at in range(CORNERS)]
    return [int(price) for price in np.rint(np.interp(range(count), marks, corners))]
