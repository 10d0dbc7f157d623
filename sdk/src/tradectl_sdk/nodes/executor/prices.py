"""Last prices of live instruments, as rules read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.engine.bars import Feed
from tradectl_sdk.engine.market import Market

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange.values import BarClosed, Quote


class Prices(Market):
    """The market as far as the stream of market data has told.

    Attributes:
        index: Place of each instrument by its id.
        bid: Best bid per instrument in ticks, 0 when unknown.
        ask: Best ask.
        time: Time of the latest datum, UTC nanoseconds.
    """

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        super().__init__(instruments, Feed())
        self.index = {str(one.id): place for place, one in enumerate(instruments)}
        self.bid = [0] * self.count
        self.ask = [0] * self.count
        self.time = 0
        self._last = [0] * self.count
        self._last_time = [0] * self.count
        self._traded = [False] * self.count

    def last(self, instrument: int) -> int:
        """Last price in ticks that is known, 0 before the first."""
        return self._last[instrument]

    def known(self) -> dict[str, int]:
        """Return the last price in ticks of every instrument of which there is one, by its id."""
        return {name: self._last[at] for name, at in self.index.items() if self._last[at]}

    def price(self, instrument: int) -> float:
        """Last price that is known, 0 before the first."""
        return self.to_price(instrument, self._last[instrument])

    def trade(self, place: int, ticks: int, time: int) -> None:
        """Take note of a trade between others, or of the close of a bar."""
        self.time = max(self.time, time)
        if time >= self._last_time[place]:
            self._last[place], self._last_time[place] = ticks, time
            self._traded[place] = True

    def bar(self, bar: BarClosed) -> None:
        """Take note of a bar."""
        self.trade(self.index[bar.instrument], bar.close, bar.time)

    def quote(self, quote: Quote) -> None:
        """Take note of the best prices; their middle serves until something has traded."""
        place = self.index[quote.instrument]
        self.time = max(self.time, quote.time)
        self.bid[place], self.ask[place] = quote.bid, quote.ask
        if not self._traded[place] and quote.bid > 0 and quote.ask > 0:
            self._last[place] = (quote.bid + quote.ask) // 2
