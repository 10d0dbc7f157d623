"""Changing an order that works or waits: what may be changed, and what the gate says of it.

A change is reviewed as an order of what would be left to fill, with what the order has reserved set
free meanwhile. One that only asks for less is not put to the rules: they only ever take away.
Either all of a change is made or nothing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine.columns import (
    O_EXPIRES,
    O_FILLED,
    O_FLAGS,
    O_GROUP,
    O_ID,
    O_INSTRUMENT,
    O_LIMIT,
    O_LOTS,
    O_PARENT,
    O_SIDE,
    O_STATUS,
    O_TIF,
    O_TRAIL,
    O_TRIGGER,
    O_TYPE,
)
from tradectl_sdk.engine.desk import CHILD, LIMIT, REDUCE_ONLY, STOP, STOP_LIMIT
from tradectl_sdk.engine.market import MOST_LOTS, OFF_GRID
from tradectl_sdk.engine.orders import ACCEPTED, NOBODY
from tradectl_sdk.engine.reasons import DenyReason

if TYPE_CHECKING:
    from tradectl_sdk.engine.desk import Desk

HELD = int(OrderStatus.HELD)
ENDED = int(DenyReason.ENDED)
BAD_QUANTITY = int(DenyReason.BAD_QUANTITY)
ZERO_LOTS = int(DenyReason.ZERO_LOTS)
BAD_PRICE = int(DenyReason.BAD_PRICE)
OFF_TICK = int(DenyReason.OFF_TICK)
NOTHING_TO_REDUCE = int(DenyReason.NOTHING_TO_REDUCE)
NOT_WORKING = int(DenyReason.NOT_WORKING)
NOT_CHANGEABLE = int(DenyReason.NOT_CHANGEABLE)
BELOW_FILLED = int(DenyReason.BELOW_FILLED)


class Changes:
    """Changes orders for ``Context.modify``, which documents the arguments."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._gate = desk.gate
        self._venue = desk.venue
        self._booking = desk.venue.booking
        self._orders = desk.orders
        self._account = desk.account
        self._market = desk.market

    def make(self, order: int, quantity: float, limit: float, stop: float) -> bool:
        """Change an order as asked, or have the reason against it told; say which it was.

        Raises:
            RuntimeError: If the strategy asks for more at one instant than it may.
        """
        row = self._orders.row_of(order)
        if row == NOBODY:
            return False
        self._desk.count()
        reason = self._describe(row, quantity, limit, stop)
        if reason == 0 and not self._differs(row):
            return True
        if reason == 0:
            reason = self._review(row)
        if reason != 0:
            self._booking.journal.refuse(self._orders.rows[row, O_STATUS], row, reason)
            return False
        self._venue.modify(row, self._gate.approved, self._desk.time)
        return True

    def _describe(self, row: int, quantity: float, limit: float, stop: float) -> int:
        """Write the order as it would be into the request; return a reason against it, or 0."""
        rows, request = self._orders.rows, self._gate.request
        request.instrument = rows[row, O_INSTRUMENT]
        request.side = rows[row, O_SIDE]
        request.type = rows[row, O_TYPE]
        request.time_in_force = rows[row, O_TIF]
        request.flags = rows[row, O_FLAGS]
        request.lots = rows[row, O_LOTS]
        request.limit = rows[row, O_LIMIT]
        request.trigger = rows[row, O_TRIGGER]
        request.trail = rows[row, O_TRAIL]
        request.expires = rows[row, O_EXPIRES]
        request.group = rows[row, O_GROUP]
        request.parent = rows[row, O_PARENT]
        request.reason = 0
        if self._desk.ended:
            return ENDED
        if rows[row, O_STATUS] != HELD and not self._orders.alive(row):
            return NOT_WORKING
        reason = self._resize(row, quantity) if quantity != 0.0 else 0
        if reason == 0 and (limit != 0.0 or stop != 0.0):
            reason = self._reprice(row, limit, stop)
        request.price = self._price(request.instrument, request.limit, request.trigger)
        return reason

    def _resize(self, row: int, quantity: float) -> int:
        rows, request, market = self._orders.rows, self._gate.request, self._market
        if request.flags & CHILD:  # whether or not its entry is still known here
            return NOT_CHANGEABLE  # an exit is as large as its entry has become
        instrument = request.instrument
        lots = quantity * market.lot_down[instrument] / market.lot_up[instrument]
        if not (0.0 < lots < MOST_LOTS):
            return BAD_QUANTITY
        request.lots = market.to_lots(instrument, quantity)
        if request.lots == 0:
            return ZERO_LOTS
        filled = rows[row, O_FILLED]
        if request.lots < filled:
            return BELOW_FILLED
        if request.flags & REDUCE_ONLY and request.lots > rows[row, O_LOTS]:
            held = -self._account.lots[instrument] * request.side
            if held <= 0:
                return NOTHING_TO_REDUCE
            request.lots = max(min(request.lots, filled + held), rows[row, O_LOTS])
        return 0

    def _reprice(self, row: int, limit: float, stop: float) -> int:
        rows, request = self._orders.rows, self._gate.request
        kind = request.type
        if limit != 0.0:
            if kind != LIMIT and kind != STOP_LIMIT:  # noqa: PLR1714 - compiled code knows no sets
                return NOT_CHANGEABLE
            request.limit = self._desk.ticks_of(request.instrument, limit)
        if stop != 0.0:
            waits = rows[row, O_STATUS] <= ACCEPTED
            if not waits or (kind != STOP and kind != STOP_LIMIT):  # noqa: PLR1714
                return NOT_CHANGEABLE
            request.trigger = self._desk.ticks_of(request.instrument, stop)
        worst = min(request.limit, request.trigger)
        if worst < 0:
            return BAD_PRICE if worst < OFF_GRID else OFF_TICK
        return self._check_bracket(row)

    def _check_bracket(self, row: int) -> int:
        """Hold an entry and the exits that wait for it to their sides of each other."""
        rows, request = self._orders.rows, self._gate.request
        if rows[row, O_STATUS] == HELD:
            entry = self._orders.row_of(request.parent)
            if entry == NOBODY:
                return 0
            price = self._price(request.instrument, rows[entry, O_LIMIT], rows[entry, O_TRIGGER])
            return self._desk.check_exits(-request.side, price, request.limit, request.trigger)
        price = self._price(request.instrument, request.limit, request.trigger)
        child = row + 1
        while child < self._orders.count and rows[child, O_PARENT] == rows[row, O_ID]:
            if rows[child, O_STATUS] == HELD:
                take, loss = rows[child, O_LIMIT], rows[child, O_TRIGGER]
                reason = self._desk.check_exits(request.side, price, take, loss)
                if reason != 0:
                    return reason
            child += 1
        return 0

    def _price(self, instrument: int, limit: int, trigger: int) -> int:
        """The price in ticks at which rules value an order: limit, else trigger, else last."""
        if limit > 0:
            return limit
        return trigger if trigger > 0 else self._market.last(instrument)

    def _differs(self, row: int) -> bool:
        return self._gate.request.lots != self._orders.rows[row, O_LOTS] or self._moves(row)

    def _moves(self, row: int) -> bool:
        """Whether a price is another one."""
        rows, request = self._orders.rows, self._gate.request
        return request.limit != rows[row, O_LIMIT] or request.trigger != rows[row, O_TRIGGER]

    def _review(self, row: int) -> int:
        """Have the gate look at what would be left to fill; return the reason against it, or 0."""
        rows, request, approved = self._orders.rows, self._gate.request, self._gate.approved
        before = rows[row, O_LOTS] - rows[row, O_FILLED]
        whole = request.lots
        request.lots = whole - rows[row, O_FILLED]
        if whole <= rows[row, O_LOTS] and not self._moves(row):
            return self._gate.lessen(approved)
        if request.parent > 0:
            request.lots += self._to_come(request.parent)
        self._booking.expose(row, -before)
        reason = self._gate.review(approved, self._desk.time)
        self._booking.expose(row, before)
        if reason == 0 and request.flags & CHILD and approved.lots < request.lots:
            return request.reason  # an exit for a part would leave the rest unprotected
        return reason

    def _to_come(self, parent: int) -> int:
        """Lots that an exit will still get from its entry."""
        rows, entry = self._orders.rows, self._orders.row_of(parent)
        if entry == NOBODY or not self._orders.alive(entry):
            return 0
        return rows[entry, O_LOTS] - rows[entry, O_FILLED]
