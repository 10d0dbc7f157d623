"""The order desk: from what a strategy asks for, through the gate, to the venue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderEvent, OrderFlag, OrderType, TimeInForce
from tradectl_sdk.engine.bars import NEVER
from tradectl_sdk.engine.booking import trailed
from tradectl_sdk.engine.columns import O_ID
from tradectl_sdk.engine.market import MOST_LOTS, OFF_GRID
from tradectl_sdk.engine.reasons import DenyReason

if TYPE_CHECKING:
    from tradectl_sdk.engine.account import Account
    from tradectl_sdk.engine.gate import ApprovedOrder, Gate, OrderRequest
    from tradectl_sdk.engine.market import Market
    from tradectl_sdk.engine.port import VenuePort

MARKET = int(OrderType.MARKET)
LIMIT = int(OrderType.LIMIT)
STOP = int(OrderType.STOP)
STOP_LIMIT = int(OrderType.STOP_LIMIT)
TRAILING_STOP = int(OrderType.TRAILING_STOP)
GTC = int(TimeInForce.GTC)
GTD = int(TimeInForce.GTD)
DAY = int(TimeInForce.DAY)
REDUCE_ONLY = int(OrderFlag.REDUCE_ONLY)
TRAIL_BPS = int(OrderFlag.TRAIL_BPS)
CHILD = int(OrderFlag.CHILD)
DENY = int(OrderEvent.DENY)
WARMING = int(DenyReason.WARMING)
ENDED = int(DenyReason.ENDED)
BAD_QUANTITY = int(DenyReason.BAD_QUANTITY)
ZERO_LOTS = int(DenyReason.ZERO_LOTS)
BAD_PRICE = int(DenyReason.BAD_PRICE)
OFF_TICK = int(DenyReason.OFF_TICK)
NO_INSTRUMENT = int(DenyReason.NO_INSTRUMENT)
NO_PRICE = int(DenyReason.NO_PRICE)
NOTHING_TO_REDUCE = int(DenyReason.NOTHING_TO_REDUCE)
NO_EXPIRY = int(DenyReason.NO_EXPIRY)
BAD_BRACKET = int(DenyReason.BAD_BRACKET)
BAD_TERMS = int(DenyReason.BAD_TERMS)
EXIT_REFUSED = int(DenyReason.EXIT_REFUSED)
DAY_LENGTH = 86_400_000_000_000  # nanoseconds
FRIDAY = 4


class Desk:
    """Places orders.

    Attributes:
        time: The present, UTC nanoseconds; 0 before the first event.
        warming: Whether orders are denied because the strategy is being warmed up.
        ended: Whether orders are denied because no data will follow.
        placed: Orders placed, and changes asked for, at this instant.
        stirred: Whether there is more to do at this instant, or before the next, than to let the
            strategy see its bar: set when an order is placed or a change asked for.
        limit: How many of them there may be at one instant before the run is stopped.
        gate: What decides on orders.
    """

    ONE_IS_KNOWN = True  # the lists of a run with one instrument

    def __init__(
        self,
        *,
        gate: Gate,
        venue: VenuePort,
        account: Account,
        market: Market,
        order_limit: int,
        day_ends: list[int],
        weekdays: list[bool],
    ) -> None:
        self.time = 0
        self.warming = False
        self.ended = False
        self.placed = 0
        self.stirred = False
        self.limit = order_limit
        self.venue = venue
        self.account = account
        self.market = market
        self.orders = venue.orders
        self.gate = gate
        self._day_ends = day_ends  # nanoseconds after midnight UTC, per instrument
        self._weekdays = weekdays  # whether Saturday and Sunday are no trading days

    def place(
        self,
        side: int,
        quantity: float,
        limit: float,
        stop: float,
        take_profit: float,
        stop_loss: float,
        trail: float,
        trail_bps: float,
        time_in_force: int,
        until: int,
        flags: int,
        instrument: int,
    ) -> int:
        """Place an order for ``Context``, which documents the arguments; return its id.

        Raises:
            RuntimeError: If the strategy places more orders at one instant than it may.
        """
        self.count()
        request = self.gate.request
        request.side = side
        request.flags = flags
        known = GTC <= time_in_force <= DAY
        request.time_in_force = time_in_force if known else GTC
        request.group = 0
        request.parent = 0
        reason = self._describe(instrument, quantity, limit, stop, trail, trail_bps)
        if reason == 0 and not known:
            reason = BAD_TERMS
        if reason == 0:
            reason = self._date(instrument, time_in_force, until)
        take, loss = 0, 0
        if reason == 0 and (take_profit != 0.0 or stop_loss != 0.0):
            take, loss = (
                self.ticks_of(instrument, take_profit),
                self.ticks_of(instrument, stop_loss),
            )
            reason = self.check_exits(side, request.price, take, loss)
        if reason == 0 and flags & REDUCE_ONLY:
            reason = self._reduce(instrument)
        if reason != 0:
            return self._deny(request, reason)
        reason = self.gate.review(self.gate.approved, self.time)
        if reason != 0:
            return self._deny(request, reason)
        if take > 0 or loss > 0:
            return self._bracket(take, loss)
        return self._submit(self.gate.approved)

    def count(self) -> None:
        """Count one order more, or one change more, at this instant.

        Raises:
            RuntimeError: If it is one more than there may be.
        """
        self.placed += 1
        self.stirred = True
        if self.placed > self.limit:
            raise RuntimeError(
                "too many orders at one instant; max_orders_per_instant sets how many"
            )

    def _describe(
        self,
        instrument: int,
        quantity: float,
        limit: float,
        stop: float,
        trail: float,
        trail_bps: float,
    ) -> int:
        """Write what is asked for onto the request's grid; return a reason against it, or 0."""
        request = self.gate.request
        request.instrument = 0
        request.lots, request.limit, request.trigger, request.trail = 0, 0, 0, 0
        request.expires, request.price = 0, 0
        if not 0 <= instrument < self.market.count:
            return NO_INSTRUMENT
        request.instrument = instrument
        if self.ended:
            return ENDED
        if self.warming:
            return WARMING
        reason = self._size(instrument, quantity)
        if reason != 0:
            return reason
        if trail != 0.0 or trail_bps != 0.0:
            if limit != 0.0 or stop != 0.0 or (trail != 0.0 and trail_bps != 0.0):
                return BAD_TERMS
            return self._trailing(instrument, trail, trail_bps)
        return self._price(instrument, limit, stop)

    def _size(self, instrument: int, quantity: float) -> int:
        request, market = self.gate.request, self.market
        request.price = market.last(instrument)
        if request.price == 0:
            return NO_PRICE
        lots = quantity * market.lot_down[instrument] / market.lot_up[instrument]
        if not (0.0 < lots < MOST_LOTS):
            return BAD_QUANTITY
        request.lots = market.to_lots(instrument, quantity)
        return ZERO_LOTS if request.lots == 0 else 0

    def _price(self, instrument: int, limit: float, stop: float) -> int:
        request = self.gate.request
        request.type = MARKET
        if stop != 0.0:
            request.type = STOP
            request.trigger = self.ticks_of(instrument, stop)
            request.price = request.trigger
        if limit != 0.0:
            request.type = STOP_LIMIT if request.type == STOP else LIMIT
            request.limit = self.ticks_of(instrument, limit)
            request.price = request.limit
        worst = min(request.limit, request.trigger)
        if worst < 0:  # the order list shows no price rather than one that makes no sense
            request.limit, request.trigger = max(request.limit, 0), max(request.trigger, 0)
            return BAD_PRICE if worst < OFF_GRID else OFF_TICK
        return 0

    def ticks_of(self, instrument: int, price: float) -> int:
        """Ticks of a price; 0 for none, OFF_GRID between ticks, less than that for nonsense."""
        if price == 0.0:
            return 0
        ticks = price * self.market.tick_down[instrument] / self.market.tick_up[instrument]
        if not (0.0 < ticks < MOST_LOTS):
            return OFF_GRID - 1
        return self.market.to_ticks(instrument, price)

    def _trailing(self, instrument: int, trail: float, trail_bps: float) -> int:
        request = self.gate.request
        request.type = TRAILING_STOP
        if trail_bps != 0.0:
            if not (0.0 < trail_bps < 10_000.0):
                return BAD_PRICE
            request.flags |= TRAIL_BPS
            request.trail = math.floor(trail_bps * 100.0 + 0.5)
        else:
            distance = self.ticks_of(instrument, trail)
            if distance < 0:
                return BAD_PRICE if distance < OFF_GRID else OFF_TICK
            request.trail = distance
        request.trigger = trailed(request.side, request.price, request.trail, request.flags)
        request.price = request.trigger
        return 0

    def _date(self, instrument: int, time_in_force: int, until: int) -> int:
        request = self.gate.request
        if time_in_force == GTD:
            if not self.time < until < NEVER:
                return NO_EXPIRY
            request.expires = until
        elif until != 0:
            return BAD_TERMS
        elif time_in_force == DAY:
            request.expires = self._day_end(instrument)
        return 0

    def _day_end(self, instrument: int) -> int:
        """When the present trading day ends; one decided at its end is for the next."""
        offset = self._day_ends[instrument]
        end = ((self.time - offset) // DAY_LENGTH + 1) * DAY_LENGTH + offset
        weekday = ((end - 1) // DAY_LENGTH + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
        if self._weekdays[instrument] and weekday > FRIDAY:
            end += (7 - weekday) * DAY_LENGTH
        return end

    def check_exits(self, side: int, entry: int, take: int, loss: int) -> int:
        """Hold exits to the grid and to their sides of the entry; return a reason, or 0."""
        if min(take, loss) < 0:
            return BAD_PRICE if min(take, loss) < OFF_GRID else OFF_TICK
        if take > 0 and side * (take - entry) <= 0:
            return BAD_BRACKET
        if loss > 0 and side * (entry - loss) <= 0:
            return BAD_BRACKET
        return 0

    def _reduce(self, instrument: int) -> int:
        request = self.gate.request
        held = -self.account.lots[instrument] * request.side
        if held <= 0:
            return NOTHING_TO_REDUCE
        request.lots = min(request.lots, held)
        return 0

    def _submit(self, approved: ApprovedOrder) -> int:
        return self.orders.rows[self.venue.submit(approved, self.time), O_ID]

    def _deny(self, request: OrderRequest, reason: int) -> int:
        row = self.orders.add(request, self.time)
        status = self.orders.finish(row, DENY, reason, self.time)
        self.venue.booking.journal.note(status, row)
        return self.orders.rows[row, O_ID]

    def _bracket(self, take: int, loss: int) -> int:
        """Submit an approved entry with its exits, or deny it when an exit would be refused.

        The exits wait for the entry to fill; they are reduce-only and cancel each other.
        """
        gate = self.gate
        both = take > 0 and loss > 0
        against_take = self._review_exit(gate.take, LIMIT, take, both)
        against_loss = self._review_exit(gate.loss, STOP, loss, both)
        if against_take != 0 or against_loss != 0:
            order = self._deny(gate.request, EXIT_REFUSED)
            if against_take != 0:
                self._deny(gate.take.request, against_take)
            if against_loss != 0:
                self._deny(gate.loss.request, against_loss)
            return order
        order = self._submit(gate.approved)
        if take > 0:
            self._submit(gate.take)
        if loss > 0:
            self._submit(gate.loss)
        return order

    def _review_exit(self, approved: ApprovedOrder, kind: int, ticks: int, grouped: bool) -> int:
        """Have an exit of the approved entry reviewed; return the reason against it, or 0."""
        if ticks == 0:
            return 0
        entry, request = self.gate.request, approved.request
        request.instrument = entry.instrument
        request.side = -entry.side
        request.type = kind
        request.time_in_force = GTC
        request.flags = REDUCE_ONLY | CHILD
        request.lots = self.gate.approved.lots
        request.limit = ticks if kind == LIMIT else 0
        request.trigger = ticks if kind == STOP else 0
        request.price = ticks
        request.parent = self.orders.upcoming  # the id the entry will get
        request.group = request.parent + 1 if grouped else 0  # and that of the first exit
        reason = self.gate.review(approved, self.time)
        # An exit for a part of the position would leave the rest of it unprotected.
        return request.reason if reason == 0 and approved.lots < request.lots else reason
