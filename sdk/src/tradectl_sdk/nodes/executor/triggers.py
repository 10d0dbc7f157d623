"""Orders held here because the venue lacks their kind: stops, trailing stops, and ends in time.

A stop held here meets its trigger when a price that we see does: the best bid or ask, a trade, or
a bar. A bar that opened after the order was placed counts with its extremes, one that was under way
with its close, since nobody knows what of it came before. So where only bars are seen, a stop is
sent when the bar closes that met it, later than a venue would. Trailing stops follow the open of a
whole bar before it is met and its extreme afterwards, as in a backtest, and other prices at once.
None of this happens while data are stale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderType
from tradectl_sdk.engine.bars import NEVER
from tradectl_sdk.engine.booking import trailed
from tradectl_sdk.engine.reasons import CloseReason
from tradectl_sdk.nodes.executor import records as of

if TYPE_CHECKING:
    from tradectl_sdk.exchange.values import BarClosed
    from tradectl_sdk.nodes.executor.groups import Groups
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.executor.state import State

TRAILING_STOP = int(OrderType.TRAILING_STOP)
OUT_OF_TIME = int(CloseReason.EXPIRED)


class Triggers:
    """Watches prices and times for the orders that are held here.

    Attributes:
        dated: When those end whose end in time is brought about here, by key.
    """

    def __init__(self, setup: Setup, state: State, recorder: Recorder, groups: Groups) -> None:
        self._times_in_force = setup.card.times_in_force
        self._next = NEVER
        self._state = state
        self._recorder = recorder
        self._groups = groups
        self.dated: dict[int, int] = {}
        for order in state.book.all_live():
            self.watch(order)

    def watch(self, order: Order) -> None:
        """Take note of an order whose end in time may have to be brought about here."""
        over = order.ended or order.ending
        if order.expires and not over and not self._kept_by_venue(order):
            self.dated[order.key] = order.expires
            self._next = min(self._next, order.expires)

    # Prices ----------------------------------------------------------------------------------

    def _resting(self, instrument: str) -> list[Order]:
        return [one for one in self._state.book.live(instrument) if one.rests_here]

    def bar(self, bar: BarClosed) -> None:
        """Let the orders held for an instrument meet a bar that has closed."""
        for order in self._resting(bar.instrument):
            whole = bar.time - bar.length >= order.decided
            low, high = (bar.low, bar.high) if whole else (bar.close, bar.close)
            worst = high if order.side > 0 else low
            if whole:
                self._follow(order, bar.open)
            if not self._meet(order, worst):
                self._follow(order, low if order.side > 0 else high)

    def price(self, instrument: str, bid: int, ask: int) -> None:
        """Let them meet the best prices, or a trade as both."""
        for order in self._resting(instrument):
            price = ask if order.side > 0 else bid
            if price and not self._meet(order, price):
                self._follow(order, price)

    def _meet(self, order: Order, price: int) -> bool:
        if order.side * (price - order.trigger) < 0:
            return False
        self._recorder.write(of.Triggered(self._recorder.now, order.key, price))
        return True

    def _follow(self, order: Order, best: int) -> None:
        if order.type != TRAILING_STOP:
            return
        level = trailed(order.side, best, order.trail, order.flags)
        tighter = min(order.trigger, level) if order.side > 0 else max(order.trigger, level)
        if tighter != order.trigger:
            self._recorder.write(of.Trailed(self._recorder.now, order.key, tighter))

    # Time ------------------------------------------------------------------------------------

    def expire(self, time: int) -> None:
        """End what is held here, or what the venue cannot end by itself, when its time is over."""
        if time < self._next:
            return
        for key, expires in list(self.dated.items()):
            order = self._state.book.orders.get(key)
            if order is None or order.ended or order.ending or self._kept_by_venue(order):
                del self.dated[key]
            elif expires <= time:
                del self.dated[key]
                self._groups.end(order, OUT_OF_TIME)
        self._next = min(self.dated.values(), default=NEVER)

    def _kept_by_venue(self, order: Order) -> bool:
        """Whether the venue has it and ends it by itself."""
        return order.at_venue and order.time_in_force in self._times_in_force

    def next_time(self, offset: int) -> int | None:
        """When the next order is due by our clock, given how far the venue's is ahead."""
        return None if self._next == NEVER else self._next - offset
