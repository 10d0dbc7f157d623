"""A straight walk through a bar: open, one extreme, the other, close.

Orders fill in the order the walk meets them; at one price stops come before limits, then the
older order before the newer. Orders that a fill on the way activates take part in the rest of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderType
from tradectl_sdk.engine.bars import NEVER
from tradectl_sdk.engine.columns import (
    O_ACTIVE,
    O_LIMIT,
    O_NEXT,
    O_SIDE,
    O_STATUS,
    O_TRIGGER,
    O_TYPE,
)
from tradectl_sdk.engine.orders import ACCEPTED, NOBODY
from tradectl_sdk.engine.reasons import FillReason

if TYPE_CHECKING:
    from tradectl_sdk.engine.bars import Feed
    from tradectl_sdk.engine.booking import Booking

MARKET = int(OrderType.MARKET)
STOP_LIMIT = int(OrderType.STOP_LIMIT)
TRAILING_STOP = int(OrderType.TRAILING_STOP)
LIMIT_CROSSED = int(FillReason.LIMIT_CROSSED)
LIMIT_TOUCHED = int(FillReason.LIMIT_TOUCHED)
LIMIT_BETTER = int(FillReason.LIMIT_BETTER)
STOP_TRIGGERED = int(FillReason.STOP_TRIGGERED)


class Walk:
    """Fills one bar's orders along its path.

    Attributes:
        here: The price in ticks the walk has come to.
    """

    def __init__(self, feed: Feed, booking: Booking, *, touch: bool) -> None:
        self.here = 0
        self._feed = feed
        self._booking = booking
        self._touch = touch

    def run(self, instrument: int, bar: int, adaptive: bool) -> None:
        """Walk through a bar from its open on, the nearer extreme first if adaptive."""
        feed = self._feed
        first, second = feed.high_ticks[bar], feed.low_ticks[bar]
        self.here = feed.open_ticks[bar]
        if adaptive and self.here - second < first - self.here:
            first, second = second, first
        self._leg(instrument, first)
        self._leg(instrument, second)
        self._leg(instrument, feed.close_ticks[bar])

    def _leg(self, instrument: int, target: int) -> None:
        row = self._nearest(instrument, target)
        while row >= 0:
            self._meet(row, target)
            row = self._nearest(instrument, target)
        self.here = target
        orders = self._booking.orders
        row = orders.first[instrument]
        while row >= 0:
            if (
                orders.rows[row, O_TYPE] == TRAILING_STOP
                and orders.rows[row, O_ACTIVE] <= self._booking.slot.opened
            ):
                self._booking.follow(row, target)
            row = orders.rows[row, O_NEXT]

    def _nearest(self, instrument: int, target: int) -> int:
        """The order the walk to ``target`` meets first, or NOBODY."""
        orders, latest = self._booking.orders, self._booking.slot.opened + 1
        best, distance, resting = NOBODY, NEVER, False
        row = orders.first[instrument]
        while row >= 0:
            if orders.rows[row, O_ACTIVE] <= latest and orders.alive(row):
                gap = self._distance(row, target)
                rests = orders.rests(row)
                if gap < distance or (gap == distance and gap != NEVER and resting and not rests):
                    best, distance, resting = row, gap, rests
            row = orders.rows[row, O_NEXT]
        return best

    def _distance(self, row: int, target: int) -> int:
        """Ticks to where an order fills or triggers on the way to ``target``, or NEVER."""
        rows = self._booking.orders.rows
        side = rows[row, O_SIDE]
        if rows[row, O_TYPE] == MARKET:
            return NEVER
        if self._booking.orders.rests(row):
            limit = rows[row, O_LIMIT]
            gap, beyond = side * (self.here - limit), side * (limit - target)
            if gap < 0:
                return 0
            if beyond > 0 or (self._touch and (beyond == 0 or gap == 0)):
                return gap
            return NEVER
        if rows[row, O_STATUS] > ACCEPTED:
            return NEVER  # a stop that has met its trigger: the rest waits for the next open
        gap = side * (rows[row, O_TRIGGER] - self.here)
        if gap <= 0:
            return 0
        return gap if side * (target - rows[row, O_TRIGGER]) >= 0 else NEVER

    def _meet(self, row: int, target: int) -> None:
        """Let an order fill, or a stop-limit trigger, where the walk to ``target`` meets it."""
        booking, rows = self._booking, self._booking.orders.rows
        side = rows[row, O_SIDE]
        if booking.orders.rests(row):
            limit = rows[row, O_LIMIT]
            at_limit = side * (self.here - limit) >= 0
            if at_limit:
                self.here = limit
                reason = LIMIT_CROSSED if side * (limit - target) > 0 else LIMIT_TOUCHED
            else:
                # A stop-limit that met its trigger in an earlier bar rests like any limit order.
                struck = rows[row, O_TYPE] == STOP_LIMIT and (
                    side * (self.here - rows[row, O_TRIGGER]) >= 0
                )
                reason = STOP_TRIGGERED if struck else LIMIT_BETTER
            filled = booking.execute(row, self.here, at_limit, reason)
            if filled == 0 and booking.orders.alive(row):
                rows[row, O_ACTIVE] = booking.slot.opened + 2  # no volume left: the next bar
        else:
            if side * (rows[row, O_TRIGGER] - self.here) > 0:
                self.here = rows[row, O_TRIGGER]
            if rows[row, O_TYPE] == STOP_LIMIT:
                booking.trigger(row)
                return
            booking.strike(row, self.here, STOP_TRIGGERED)
