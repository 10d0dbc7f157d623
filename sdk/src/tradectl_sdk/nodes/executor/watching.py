"""Market data on their way into the executor, and the intents that wait for them."""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.bus.messages.market import Bars, Feed, Quotes, Ticks

if TYPE_CHECKING:
    from tradectl_sdk.bus.messages.intents import Intents
    from tradectl_sdk.bus.messages.market import MarketMessage
    from tradectl_sdk.exchange.values import FeedState
    from tradectl_sdk.nodes.executor.gatekeeper import Gatekeeper
    from tradectl_sdk.nodes.executor.setup import Bounds
    from tradectl_sdk.nodes.executor.standing import Standing
    from tradectl_sdk.nodes.executor.state import State
    from tradectl_sdk.nodes.executor.triggers import Triggers


class Watcher:
    """Keeps prices and staleness up to date.

    Attributes:
        at: How far market data were read.
    """

    def __init__(
        self, state: State, standing: Standing, gatekeeper: Gatekeeper, triggers: Triggers
    ) -> None:
        self.at = Cursor(0, 0)
        self._prices = state.ledger.prices
        self._standing = standing
        self._gatekeeper = gatekeeper
        self._triggers = triggers
        self._gapped: dict[str, None] = {}

    def missed(self, found: Cursor) -> None:
        """Messages are missing: what we know of prices is old until the next of each."""
        self._gapped = dict.fromkeys(self._prices.index)
        self._standing.stale.update(self._gapped)
        self.at = max(self.at, found)

    def read(self, at: Cursor, message: MarketMessage) -> None:
        """Take note of a message of the market stream."""
        self.at = max(self.at, at)  # after a gap the latest of a topic may be from before it
        if isinstance(message, Bars):
            self._bars(message)
        elif isinstance(message, Quotes):
            for quote in message.quotes:
                if quote.instrument in self._prices.index:
                    self._prices.quote(quote)
                    self._fresh(quote.instrument)
                    self._meet(quote.instrument, quote.bid, quote.ask)
        elif isinstance(message, Ticks):
            self._ticks(message)
        elif isinstance(message, Feed):
            self._feed(message.state)

    def _bars(self, message: Bars) -> None:
        known = [bar for bar in message.bars if bar.instrument in self._prices.index]
        for bar in known:
            self._prices.bar(bar)
            self._fresh(bar.instrument)
        for bar in known:
            if self._standing.trusts(bar.instrument):
                self._triggers.bar(bar)
        if known and not message.late:
            self._gatekeeper.observe(known[0].time)

    def _ticks(self, message: Ticks) -> None:
        place = self._prices.index.get(message.instrument)
        if place is None or not message.price:
            return
        prices = struct.unpack(f"<{len(message.price) // 8}q", message.price)
        (time,) = struct.unpack("<q", message.time[-8:])
        self._prices.trade(place, prices[-1], time)
        self._fresh(message.instrument)
        for price in dict.fromkeys((min(prices), max(prices), prices[-1])):
            self._meet(message.instrument, price, price)

    def _meet(self, instrument: str, bid: int, ask: int) -> None:
        if self._standing.trusts(instrument):
            self._triggers.price(instrument, bid, ask)

    def _fresh(self, instrument: str) -> None:
        if instrument in self._gapped:
            del self._gapped[instrument]
            self._standing.stale.pop(instrument, None)

    def _feed(self, state: FeedState) -> None:
        self._gapped.pop(state.instrument, None)
        if state.instrument:
            if state.live:
                self._standing.stale.pop(state.instrument, None)
            else:
                self._standing.stale[state.instrument] = None
        else:
            self._standing.feed_live = state.live
            if state.live:
                self._standing.stale.clear()


class Waiting:
    """Intents whose host had read further in market data than we have.

    Attributes:
        queue: Until when they wait at most, and what they are.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self.queue: deque[tuple[int, Intents]] = deque()

    def add(self, now: int, intents: Intents) -> None:
        """Let intents wait; those that came later wait behind them."""
        self.queue.append((now + self._bounds.intents_wait, intents))

    def ready(self, now: int, at: Cursor) -> tuple[Intents, bool] | None:
        """Return the next intents that can be judged, and whether our data are behind theirs."""
        if not self.queue:
            return None
        deadline, intents = self.queue[0]
        behind = intents.data > at
        if behind and deadline > now and len(self.queue) <= self._bounds.most_waiting:
            return None
        self.queue.popleft()
        return intents, behind

    @property
    def next_deadline(self) -> int | None:
        """When the first of them is judged at the latest."""
        return self.queue[0][0] if self.queue else None

    def clear(self) -> None:
        """Forget them: their host is in another life."""
        self.queue.clear()

    def __len__(self) -> int:
        return len(self.queue)
