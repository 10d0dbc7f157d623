"""Letting go of what has ended, so that memory stays as small as what is going on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.nodes.executor import records as of

if TYPE_CHECKING:
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.setup import Bounds
    from tradectl_sdk.nodes.executor.state import State

BATCH = 256
SECOND = 1_000_000_000


class Forgetting:
    """Moves orders that have ended, and old trade ids, out of memory; the journal keeps them."""

    def __init__(self, state: State, recorder: Recorder, bounds: Bounds) -> None:
        self._state = state
        self._recorder = recorder
        self._bounds = bounds
        self._next = 0
        self._crowd = bounds.most_ended + BATCH
        self._flood = bounds.most_trades + BATCH

    def tidy(self) -> None:
        """Let go of a batch when there is one, at most once a second while there is room."""
        book, trades, now = self._state.book, self._state.trades, self._recorder.now
        if now < self._next and book.ended <= self._crowd and len(trades) <= self._flood:
            return
        self._next = now + SECOND
        orders = self._orders(book.ended - self._bounds.most_ended)
        count = self._trades(len(trades) - self._bounds.most_trades)
        if orders or count:
            self._recorder.write(of.Forgot(now, orders, count))

    def _orders(self, surplus: int) -> tuple[Order, ...]:
        """Return the orders to let go: the oldest that are too many, or have ended long ago."""
        before = self._recorder.now - self._bounds.keep_ended
        found: list[Order] = []
        for order in self._state.book.orders.values():
            if len(found) >= max(surplus, 0) and order.created > before:
                break
            old = len(found) < surplus or order.closed <= before
            if order.ended and old and not self._is_needed(order):
                found.append(order)  # nobody changes it any more once it has left memory
            if len(found) >= 4 * BATCH:
                break
        return tuple(found)

    def _is_needed(self, order: Order) -> bool:
        """Whether an order that has ended still means something to one that has not."""
        if not order.settled:
            return True
        book = self._state.book
        return book.has_exits and any(not one.ended for one in book.children(order.key))

    def _trades(self, surplus: int) -> int:
        if surplus > 0:
            return surplus
        before = self._recorder.now - self._bounds.keep_trades
        count = 0
        for _, at in self._state.trades.values():
            if at > before or count >= 4 * BATCH:
                break
            count += 1
        return count
