"""Taking what is heard of a venue elsewhere into the tables that a simulated venue would keep.

What a venue tells is a fact: a fill is booked whatever the order's status, and the account is what
the teller says it is. What it tells of an order that still works may be older than what has been
asked for since; the caller knows, and says so (``stale``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderEvent, OrderStatus, OrderType, Pending
from tradectl_sdk.engine.columns import (
    F_BAR,
    F_FEE,
    F_INSTRUMENT,
    F_KNOWN,
    F_LIQUIDITY,
    F_LOTS,
    F_ORDER,
    F_POSITION,
    F_PRICE,
    F_REASON,
    F_REFERENCE,
    F_SIDE,
    F_TIME,
    O_CLOSED,
    O_FEES,
    O_FILLED,
    O_ID,
    O_LIMIT,
    O_LOTS,
    O_REASON,
    O_STATUS,
    O_TRAIL,
    O_TRIGGER,
    O_TYPE,
    O_VALUE,
)
from tradectl_sdk.engine.orders import FILL_ENTRY, NOBODY
from tradectl_sdk.engine.reasons import CloseReason

if TYPE_CHECKING:
    from tradectl_sdk.engine.booking import Booking
    from tradectl_sdk.engine.gate import OrderRequest
    from tradectl_sdk.engine.live_tables import LiveFills

SUBMIT = int(OrderEvent.SUBMIT)
ACCEPT = int(OrderEvent.ACCEPT)
FILL = int(OrderEvent.FILL)
HELD = int(OrderStatus.HELD)
DENIED = int(OrderStatus.DENIED)
SUBMITTED = int(OrderStatus.SUBMITTED)
UNKNOWN = int(OrderStatus.UNKNOWN)
ACCEPTED = int(OrderStatus.ACCEPTED)
TRIGGERED = int(OrderStatus.TRIGGERED)
PARTIALLY_FILLED = int(OrderStatus.PARTIALLY_FILLED)
FILLED = int(OrderStatus.FILLED)
CANCELED = int(OrderStatus.CANCELED)
UNHEARD = int(CloseReason.UNHEARD)
TRAILING_STOP = int(OrderType.TRAILING_STOP)
CANCEL_PENDING = int(Pending.CANCEL)


class Hearsay:
    """Keeps the tables of orders, fills and the account as the venue tells."""

    def __init__(self, booking: Booking) -> None:
        self._booking = booking
        self._orders = booking.orders
        self._journal = booking.journal
        self._account = booking.account
        self._fills: LiveFills = booking.fills  # type: ignore[assignment]

    def filled(
        self,
        order: int,
        *,
        instrument: int,
        side: int,
        lots: int,
        price: int,
        fee: int,
        maker: bool,
        time: int,
        known: int,
        bar: int,
        reason: int,
        reference: int,
        position: int,
        cash: int,
        status: int,
    ) -> None:
        """Book a fill, once; ``order`` is 0 when it is nobody's here.

        Args:
            order: Id of the order.
            instrument: Index of the instrument.
            side: +1 bought, -1 sold.
            lots: How many.
            price: Ticks.
            fee: Money units.
            maker: Whether the order was resting.
            time: When it happened.
            known: When it is told.
            bar: Number of the bar of its series that is told next.
            reason: FillReason, 0 for none.
            reference: Ticks before slippage, 0 for none.
            position: Lots held afterwards.
            cash: Money units held afterwards.
            status: Status of the order afterwards.
        """
        account = self._account
        value = self._booking.market.value(instrument, price, lots)
        account.apply(instrument, side, lots, value, fee)
        account.hold(instrument, position)
        account.own(cash)
        row = self._fills.add()
        out = self._fills.rows
        out[row, F_TIME] = time
        out[row, F_KNOWN] = known
        out[row, F_ORDER] = order
        out[row, F_INSTRUMENT] = instrument
        out[row, F_SIDE] = side
        out[row, F_LOTS] = lots
        out[row, F_PRICE] = price
        out[row, F_REFERENCE] = reference
        out[row, F_FEE] = fee
        out[row, F_LIQUIDITY] = 1 if maker else 0
        out[row, F_REASON] = reason
        out[row, F_POSITION] = position
        out[row, F_BAR] = bar
        self._journal.note(FILL_ENTRY, row)
        at = self._orders.row_of(order)
        if at != NOBODY:
            self._progress(at, lots, value, fee, time, status)

    def _progress(self, row: int, lots: int, value: int, fee: int, time: int, status: int) -> None:
        """Move an order on after a fill."""
        orders = self._orders
        rows = orders.rows
        if rows[row, O_STATUS] == HELD:
            self._activate(row, lots)
        working = orders.alive(row)
        rows[row, O_FILLED] += lots
        rows[row, O_FEES] += fee
        rows[row, O_VALUE] += value
        if not working:  # late: it had ended here
            orders.move(row, FILL)
        elif status == FILLED:
            self._booking.expose(row, -lots)
            self._leave(row)
            rows[row, O_STATUS] = FILLED
            rows[row, O_LOTS] = rows[row, O_FILLED]  # a sibling's fill may have made it smaller
        else:
            self._booking.expose(row, -lots)
            rows[row, O_STATUS] = PARTIALLY_FILLED
        if rows[row, O_STATUS] == FILLED:
            rows[row, O_CLOSED] = time

    def changed(
        self,
        order: int,
        *,
        status: int,
        pending: int,
        lots: int,
        limit: int,
        trigger: int,
        trail: int,
        reason: int,
        time: int,
        stale: bool,
    ) -> None:
        """Take over what an order has become, other than by a fill.

        Args:
            order: Its id.
            status: OrderStatus.
            pending: Pending bits.
            lots: Its whole quantity.
            limit: Limit price in ticks, 0 for none.
            trigger: Trigger price in ticks, 0 for none.
            trail: Trailing distance, 0 for none or when it was not told.
            reason: DenyReason or CloseReason, 0 for none.
            time: When.
            stale: Whether this was said before something was read that we asked for since.
        """
        row = self._orders.row_of(order)
        if row == NOBODY:
            return
        self._orders.rows[row, O_TRAIL] = trail or self._orders.rows[row, O_TRAIL]
        current = self._orders.rows[row, O_STATUS]
        if OrderStatus(status).terminal:
            if not OrderStatus(current).terminal:
                self._end(row, status, reason, time)
                self._terms(row, lots, limit, trigger)
        elif stale or status == HELD:
            return
        elif current == HELD:
            self._activate(row, lots)
            self._journal.note(ACCEPTED, row)
        elif self._orders.alive(row):
            self._amend(row, status, lots, limit, trigger, reason)
        elif current not in {FILLED, DENIED} and not pending & CANCEL_PENDING:
            self._return(row, status, lots, limit, trigger)

    def adopt(self, request: OrderRequest, *, filled: int, status: int, created: int) -> int:
        """Take over a working or held order of an earlier life, and return its id in this one."""
        orders = self._orders
        row = orders.add(request, created)
        orders.rows[row, O_FILLED] = filled
        orders.rows[row, O_STATUS] = status
        if status != HELD:
            orders.link(row)
            self._booking.expose(row, request.lots - filled)
        self._journal.note(status, row)
        return orders.rows[row, O_ID]

    def lose(self, order: int, time: int) -> None:
        """End an order of which nothing is to be found any more, whatever has become of it."""
        row = self._orders.row_of(order)
        if row != NOBODY and not OrderStatus(self._orders.rows[row, O_STATUS]).terminal:
            self._end(row, CANCELED, UNHEARD, time)

    @property
    def open_orders(self) -> list[int]:
        """Ids of all orders that work or are held, as far as is known here."""
        orders = self._orders
        rows = orders.rows
        return [
            rows[row, O_ID]
            for row in range(orders.count)
            if orders.alive(row) or rows[row, O_STATUS] == HELD
        ]

    def _end(self, row: int, status: int, reason: int, time: int) -> None:
        """End an order, and what depends on it."""
        rows = self._orders.rows
        if self._orders.alive(row):
            self._leave(row)
        rows[row, O_STATUS] = status
        rows[row, O_REASON] = reason
        rows[row, O_CLOSED] = time
        self._journal.note(status, row)
        self._booking.abandon_children(row, time)

    def _terms(self, row: int, lots: int, limit: int, trigger: int) -> None:
        rows = self._orders.rows
        rows[row, O_LOTS] = lots
        rows[row, O_LIMIT] = limit or rows[row, O_LIMIT]
        rows[row, O_TRIGGER] = trigger or rows[row, O_TRIGGER]

    def _leave(self, row: int) -> None:
        """Take a working order out of its list, and what it might still trade out of account."""
        rows = self._orders.rows
        self._orders.unlink(row)
        self._booking.expose(row, rows[row, O_FILLED] - rows[row, O_LOTS])

    def _activate(self, row: int, lots: int) -> None:
        """Let a held exit work, since its entry has filled."""
        self._orders.rows[row, O_LOTS] = lots
        self._orders.move(row, SUBMIT)
        self._orders.move(row, ACCEPT)
        self._orders.link(row)
        self._booking.expose(row, lots)

    def _amend(
        self, row: int, status: int, lots: int, limit: int, trigger: int, reason: int
    ) -> None:
        rows = self._orders.rows
        former = rows[row, O_LIMIT], rows[row, O_TRIGGER]
        self._booking.expose(row, lots - rows[row, O_LOTS])
        self._terms(row, lots, limit, trigger)
        if reason:
            rows[row, O_REASON] = reason
        before = rows[row, O_STATUS]
        rows[row, O_STATUS] = status
        news = {TRIGGERED, UNKNOWN} if before != UNKNOWN else {TRIGGERED, ACCEPTED}
        if status != before and status in news:
            self._journal.note(status, row)
        elif rows[row, O_TYPE] != TRAILING_STOP and former != (
            rows[row, O_LIMIT],
            rows[row, O_TRIGGER],
        ):
            self._journal.change(status, row)  # not as it was asked for

    def _return(self, row: int, status: int, lots: int, limit: int, trigger: int) -> None:
        """Let an order work again that was thought to be over."""
        rows = self._orders.rows
        rows[row, O_STATUS], rows[row, O_REASON], rows[row, O_CLOSED] = status, 0, 0
        self._terms(row, lots, limit, trigger)
        self._orders.link(row)
        self._booking.expose(row, lots - rows[row, O_FILLED])
        self._journal.note(status, row)
