"""The engine in a session: the backtest's parts, fed one instant at a time, with a venue elsewhere.

Only three parts are other than in a backtest. The clock is told the time. The venue sends what it
is given through an :class:`Outlet`, and the tables that a simulated venue would keep follow what
is heard of the real one (:mod:`.hearsay`). And the loop over time is turned from outside: one
:meth:`LiveEngine.turn` per instant does what one round of the backtest's loop does.

What a strategy did counts at once, as in a backtest: an order it placed is working, one it
cancelled is gone. When the venue says otherwise, that comes back as an event.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Protocol

from tradectl_sdk.domain.orders import OrderEvent
from tradectl_sdk.engine.columns import O_ID, O_LIMIT, O_LOTS, O_PARENT, O_REASON, O_TRIGGER
from tradectl_sdk.engine.desk import Desk
from tradectl_sdk.engine.engine import ManyEngine
from tradectl_sdk.engine.hearsay import Hearsay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.engine.booking import Booking
    from tradectl_sdk.engine.gate import ApprovedOrder, OrderRequest
    from tradectl_sdk.engine.live_tables import LiveFills, LiveJournal, LiveOrders

SUBMIT = int(OrderEvent.SUBMIT)
HOLD = int(OrderEvent.HOLD)


class Outlet(Protocol):
    """Where what a strategy wants goes, order by order, as it wants it."""

    def place(self, order: int, request: OrderRequest, lots: int) -> None:
        """An order that has passed the gate; the request is only lent."""

    def deny(self, order: int, request: OrderRequest, reason: int, now: int) -> None:
        """An order that has not passed the gate; the request is only lent."""

    def cancel(self, order: int) -> None:
        """An order is not wanted any more."""

    def modify(self, order: int, lots: int, limit: int, trigger: int) -> None:
        """An order is to have this whole quantity and these prices; 0 for a price it lacks."""

    def tie(self, first: int, second: int) -> None:
        """Two orders are to cancel each other."""


class LiveVenue:
    """A venue that is somewhere else, behind the calls of the simulated one.

    Attributes:
        booking: The tables of what is known of it here.
        orders: Its orders.
        outlet: Where intents go.
    """

    def __init__(self, booking: Booking, outlet: Outlet) -> None:
        self.booking = booking
        self.orders = booking.orders
        self.outlet = outlet

    def submit(self, approved: ApprovedOrder, now: int) -> int:
        """Take an approved order and return its row."""
        orders = self.orders
        row = orders.add(approved.request, now)
        rows = orders.rows
        if rows[row, O_PARENT] > 0:
            rows[row, O_LOTS] = 0  # grows with its parent's fills
            orders.move(row, HOLD)
        else:
            rows[row, O_LOTS] = approved.lots
            rows[row, O_REASON] = approved.request.reason
            orders.move(row, SUBMIT)
            orders.link(row)
            self.booking.expose(row, approved.lots)
        self.outlet.place(rows[row, O_ID], approved.request, approved.lots)
        return row

    def cancel(self, row: int, now: int) -> bool:
        """Cancel an order; say whether it was working or held."""
        if not self.booking.cancel(row, now):
            return False
        self.outlet.cancel(self.orders.rows[row, O_ID])
        return True

    def modify(self, row: int, approved: ApprovedOrder, now: int) -> None:
        """Give an order the terms that were approved."""
        rows = self.orders.rows
        self.booking.modify(row, approved, now)
        order, lots = rows[row, O_ID], rows[row, O_LOTS]
        self.outlet.modify(order, lots, rows[row, O_LIMIT], rows[row, O_TRIGGER])

    def tie(self, first: int, second: int) -> None:
        """Let two working orders of one instrument cancel each other."""
        rows = self.orders.rows
        self.orders.tie(first, second)
        self.outlet.tie(rows[first, O_ID], rows[second, O_ID])


class LiveDesk(Desk):
    """A desk that tells the outlet what it denies."""

    venue: LiveVenue

    def _deny(self, request: OrderRequest, reason: int) -> int:
        order = super()._deny(request, reason)
        self.venue.outlet.deny(order, request, reason, self.time)
        return order


class LiveEngine(ManyEngine):
    """An engine that is turned from outside.

    Attributes:
        value: Value of the account at the end of the latest instant, in the account currency.
        catching_up: Whether bars are late, so that orders are denied.
    """

    desk: LiveDesk
    value = 0.0
    catching_up = False
    _orders: LiveOrders
    _fills: LiveFills
    _journal: LiveJournal

    @functools.cached_property
    def hearsay(self) -> Hearsay:
        """Takes what is heard of the venue into the tables."""
        return Hearsay(self.desk.venue.booking)

    def bars_told(self, instrument: int) -> int:
        """Bars of an instrument's own series that have been handed over."""
        stream = self.feed.streams - self._market.count + instrument
        return self.feed.next[stream] - self.feed.start[stream]

    def turn(self, now: int, streams: Sequence[int]) -> None:
        """Tell what was heard, hand over the bars that have just closed, and value the account.

        Args:
            now: When they closed; the clock never goes back, whatever bars come late.
            streams: Those whose next bar it is, already in the feed, in their order.

        Raises:
            Exception: Whatever the strategy raises.
        """
        alone = self.feed.streams == 1
        self._begin(max(now, self.desk.time))
        if alone:
            self._tell()  # as in the loop for one series: before the bar is known
        driving = self._know(streams)
        if not driving:
            return
        if not alone:
            self._tell()
        self._tidy()
        for stream in driving:
            self._deliver(stream)
        self.value = self._account.equity()
        self.instants += 1
        if self._gate.observing:
            self._gate.observe(now, self.value)

    def hear(self, now: int) -> None:
        """Tell the strategy what was heard, between two instants.

        Raises:
            Exception: Whatever the strategy raises.
        """
        self._begin(max(now, self.desk.time))
        self._tell()
        self._tidy()

    def stop(self) -> None:
        """Let strategies look back; orders are denied from now on.

        Raises:
            Exception: Whatever a strategy raises.
        """
        self.desk.ended = True
        for number, strategy in enumerate(self.strategies):
            self._look_at(number)
            strategy.on_stop(self.context)

    def _begin(self, now: int) -> None:
        desk = self.desk
        desk.time = now
        desk.placed = 0
        desk.warming = self.catching_up or self.instants < self.warmup

    def _know(self, streams: Sequence[int]) -> list[int]:
        """Make the bars that close now known; return the streams that strategies hear."""
        for stream in streams:
            self.feed.advance(stream)
        return [stream for stream in streams if self.feed.drives[stream]]

    def _tidy(self) -> None:
        self._orders.tidy()
        self._fills.tidy()
        self._journal.tidy()
