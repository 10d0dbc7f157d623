"""Orders that depend on each other, by the same rules as the simulated venue's booking.

- What one order of a group fills is taken off the others; those with nothing left end.
- An exit gets as many lots as its entry has filled, and is dropped when its entry ends unfilled.
- An entry that is not whole ends when an exit of it begins to fill: nothing would protect the rest.
- The exits of a position that is gone are dropped; left alone they would meet the next one.

Here this is only written down. :mod:`.routing` makes the venue follow, or waits for it where the
venue keeps the ties itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.engine.reasons import CloseReason
from tradectl_sdk.nodes.executor import records as of

if TYPE_CHECKING:
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.state import State

SIBLING_FILLED = int(CloseReason.SIBLING_FILLED)
PARENT_ENDED = int(CloseReason.PARENT_ENDED)
NOTHING_LEFT = int(CloseReason.NOTHING_LEFT)
EXIT_FILLED = int(CloseReason.EXIT_FILLED)


class Groups:
    """Writes down what follows from fills and endings for the orders around."""

    def __init__(self, state: State, recorder: Recorder) -> None:
        self._book = state.book
        self._ledger = state.ledger
        self._recorder = recorder

    def filled(self, order: Order, lots: int, *, late: bool) -> None:
        """Let the orders around follow a fill that has been booked."""
        if lots <= 0:
            return
        if order.group:
            self._shrink_siblings(order, lots)
        if order.parent:
            self._stop_entering(order)
        if not self._book.has_exits:
            return
        self._activate_exits(order, lots, late=late)
        held = self._ledger.position(order.instrument) * order.side
        if 0 <= held < lots:
            self._drop_exits(order.instrument)

    def ended(self, order: Order) -> None:
        """Drop the exits that waited for fills which will not come."""
        if not self._book.has_exits:
            return
        for exit_ in self._book.children(order.key):
            if exit_.waits_for_entry and not exit_.ended and not exit_.ending:
                self.end(exit_, PARENT_ENDED)

    def end(self, order: Order, reason: int) -> None:
        """Want an order to end, unless it is ending already."""
        if not order.ending and not order.ended:
            self._recorder.write(of.Ending(self._recorder.now, order.key, reason))

    def _shrink_siblings(self, order: Order, lots: int) -> None:
        for other in self._book.live(order.instrument):
            if other.key == order.key or other.group != order.group or not other.works:
                continue
            if other.lots - other.filled <= lots:
                self.end(other, SIBLING_FILLED)
            else:
                self._resize(other, other.lots - lots)

    def _stop_entering(self, exit_: Order) -> None:
        entry = self._book.orders.get(exit_.parent)
        if entry is not None and entry.works:
            self.end(entry, EXIT_FILLED)

    def _activate_exits(self, entry: Order, lots: int, *, late: bool) -> None:
        for exit_ in self._book.children(entry.key):
            if exit_.ended or exit_.ending:
                if late and exit_.reason == PARENT_ENDED:
                    self._recorder.notice("unprotected", entry.key, f"{lots} lots without exits")
                continue
            self._resize(exit_, exit_.lots + lots)

    def _drop_exits(self, instrument: str) -> None:
        held = self._ledger.position(instrument)
        for order in self._book.live(instrument):
            if order.parent and held * order.side >= 0 and order.works:
                entry = self._book.orders.get(order.parent)
                if entry is None or not entry.works:
                    self.end(order, NOTHING_LEFT)

    def _resize(self, order: Order, lots: int) -> None:
        self._recorder.write(
            of.Altered(self._recorder.now, order.key, lots, order.limit, order.trigger)
        )
