"""Turning a match into facts: the fill, the account, the order, its siblings and its children."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderEvent, OrderFlag, OrderStatus, TimeInForce
from tradectl_sdk.engine.bars import NEVER
from tradectl_sdk.engine.buffers import table
from tradectl_sdk.engine.columns import (
    F_BAR,
    F_FEE,
    F_ID,
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
    FILL_WIDTH,
    O_ACTIVE,
    O_CLOSED,
    O_FEES,
    O_FILLED,
    O_FLAGS,
    O_GROUP,
    O_ID,
    O_INSTRUMENT,
    O_LIMIT,
    O_LOTS,
    O_NEXT,
    O_PARENT,
    O_REASON,
    O_SIDE,
    O_STATUS,
    O_TIF,
    O_TRAIL,
    O_TRIGGER,
    O_VALUE,
)
from tradectl_sdk.engine.orders import FILL_ENTRY
from tradectl_sdk.engine.reasons import CloseReason
from tradectl_sdk.engine.slot import Slot

if TYPE_CHECKING:
    from tradectl_sdk.engine.account import Account
    from tradectl_sdk.engine.bars import Feed
    from tradectl_sdk.engine.costs import FeeModel, SlippageModel
    from tradectl_sdk.engine.gate import ApprovedOrder
    from tradectl_sdk.engine.market import Market
    from tradectl_sdk.engine.orders import Journal, Orders

SUBMIT = int(OrderEvent.SUBMIT)
ACCEPT = int(OrderEvent.ACCEPT)
REJECT = int(OrderEvent.REJECT)
FILL = int(OrderEvent.FILL)
CANCEL = int(OrderEvent.CANCELED)
TRIGGER = int(OrderEvent.TRIGGER)
MODIFIED = int(OrderEvent.MODIFIED)
HELD = int(OrderStatus.HELD)
PARTIALLY_FILLED = int(OrderStatus.PARTIALLY_FILLED)
FILLED = int(OrderStatus.FILLED)
REDUCE_ONLY = int(OrderFlag.REDUCE_ONLY)
TRAIL_BPS = int(OrderFlag.TRAIL_BPS)
FOK = int(TimeInForce.FOK)
NOT_WHOLE = int(CloseReason.NOT_WHOLE)
REQUESTED = int(CloseReason.REQUESTED)
SIBLING_FILLED = int(CloseReason.SIBLING_FILLED)
PARENT_ENDED = int(CloseReason.PARENT_ENDED)
CASH_AT_FILL = int(CloseReason.CASH_AT_FILL)
NOTHING_LEFT = int(CloseReason.NOTHING_LEFT)
EXIT_FILLED = int(CloseReason.EXIT_FILLED)
TOO_LARGE_AT_FILL = int(CloseReason.TOO_LARGE_AT_FILL)


def trailed(side: int, ticks: int, trail: int, flags: int) -> int:
    """Trigger of a trailing stop whose best price so far is ``ticks``; at least one tick."""
    distance = trail
    if flags & TRAIL_BPS:
        # Whole and rest by themselves: their products with a trail below 10^6 fit 64 bits.
        distance = ticks // 1_000_000 * trail + (ticks % 1_000_000 * trail + 500_000) // 1_000_000
    return max(ticks + side * distance, 1)


class Fills:
    """Every fill of a run, an int64 row each; see :mod:`.columns`."""

    def __init__(self, capacity: int) -> None:
        self.rows = table(capacity, FILL_WIDTH)
        self.count = 0

    @property
    def capacity(self) -> int:
        """Rows there is room for."""
        return len(self.rows)


class Booking:
    """Applies fills and endings to every table they concern."""

    ONE_IS_KNOWN = True  # the lists of a run with one instrument

    def __init__(
        self,
        *,
        feed: Feed,
        orders: Orders,
        fills: Fills,
        account: Account,
        market: Market,
        journal: Journal,
        fees: FeeModel,
        slippage: SlippageModel,
    ) -> None:
        self.slot = Slot()
        self.orders = orders
        self.fills = fills
        self.account = account
        self.market = market
        self.journal = journal
        self.taken = [0] * market.count  # lots of the bar each instrument was last matched on
        self.met = [-1] * market.count  # row of that bar
        self._feed = feed
        self._fees = fees
        self._slippage = slippage

    def expose(self, row: int, lots: int) -> None:
        """Add lots (or take them off, when negative) to what open orders may still trade."""
        rows = self.orders.rows
        if rows[row, O_FLAGS] & REDUCE_ONLY:
            return
        instrument = rows[row, O_INSTRUMENT]
        if rows[row, O_SIDE] > 0:
            self.account.open_buys[instrument] += lots
        else:
            self.account.open_sells[instrument] += lots

    def close(self, row: int, event: int, reason: int, now: int) -> None:
        """End a working order before it is filled whole, and what depends on it."""
        rows = self.orders.rows
        self.orders.unlink(row)
        self.expose(row, rows[row, O_FILLED] - rows[row, O_LOTS])
        status = self.orders.finish(row, event, reason, now)
        self.journal.note(status, row)
        self.abandon_children(row, now)

    def cancel(self, row: int, now: int) -> bool:
        """End an order at the strategy's wish; say whether it was working or held."""
        if self.orders.rows[row, O_STATUS] == HELD:
            self.journal.note(self.orders.finish(row, CANCEL, REQUESTED, now), row)
            return True
        if not self.orders.alive(row):
            return False
        self.close(row, CANCEL, REQUESTED, now)
        return True

    def modify(self, row: int, approved: ApprovedOrder, now: int) -> None:
        """Give an order the terms that were approved.

        Another price, or a larger quantity, makes it the youngest order of its instrument, as at
        venues: it first meets a bar that opens from now on. A smaller quantity keeps its place.
        """
        rows, request = self.orders.rows, approved.request
        former, filled = rows[row, O_LOTS], rows[row, O_FILLED]
        lots = former if rows[row, O_PARENT] > 0 else filled + approved.lots
        moves = request.limit != rows[row, O_LIMIT] or request.trigger != rows[row, O_TRIGGER]
        rows[row, O_LOTS] = lots
        rows[row, O_LIMIT] = request.limit
        rows[row, O_TRIGGER] = request.trigger
        if request.reason != 0:
            rows[row, O_REASON] = request.reason  # of the rule that made it smaller
        self.expose(row, lots - former)
        if (moves or lots > former) and rows[row, O_STATUS] != HELD:
            self.orders.unlink(row)
            self.orders.link(row)
            rows[row, O_ACTIVE] = now
        status = self.orders.move(row, MODIFIED)
        if status == PARTIALLY_FILLED and lots == filled:
            status = FILLED  # nothing is left to fill
            rows[row, O_STATUS] = FILLED
            rows[row, O_CLOSED] = now
            self.orders.unlink(row)
        self.journal.change(status, row)

    def trigger(self, row: int) -> None:
        """Turn a stop-limit into a limit order, or a stop without volume into a market order."""
        self.journal.note(self.orders.move(row, TRIGGER), row)

    def follow(self, row: int, best: int) -> None:
        """Let a trailing stop follow the best price seen; its trigger only ever tightens."""
        rows = self.orders.rows
        side, trigger = rows[row, O_SIDE], rows[row, O_TRIGGER]
        level = trailed(side, best, rows[row, O_TRAIL], rows[row, O_FLAGS])
        rows[row, O_TRIGGER] = min(trigger, level) if side > 0 else max(trigger, level)

    def strike(self, row: int, reference: int, reason: int) -> None:
        """Fill a stop that has met its trigger; what is left is a market order from now on."""
        if self.execute(row, reference, False, reason) == 0 and self.orders.alive(row):
            self.trigger(row)

    def execute(self, row: int, reference: int, maker: bool, reason: int) -> int:
        """Fill as much of an order as the bar allows, and return the lots filled.

        Args:
            row: Row of the order.
            reference: The price in ticks before slippage.
            maker: Whether the order was resting; taking fills slip.
            reason: FillReason.
        """
        rows, slot, market = self.orders.rows, self.slot, self.market
        instrument, side = rows[row, O_INSTRUMENT], rows[row, O_SIDE]
        lots = self._fillable(row)
        if lots <= 0:
            return 0
        price = dearest = reference
        if not maker:
            slip = self._slippage.slip(instrument, reference, lots, self._feed.lots[slot.row])
            if slip != 0:
                low, high = self._feed.low_ticks[slot.row], self._feed.high_ticks[slot.row]
                price = min(max(price + side * slip, low), high)
                limit = rows[row, O_LIMIT]
                if limit > 0:  # slippage may take the gain over the limit, but never pass it
                    price = min(price, limit) if side > 0 else max(price, limit)
                dearest = max(price, reference)
        if market.is_plain(instrument, dearest, rows[row, O_LOTS]):
            value = market.plain_value(instrument, price, lots)
        elif market.fits(instrument, dearest, rows[row, O_LOTS]):
            value = market.value(instrument, price, lots)
        else:
            return self._turn_away(row, TOO_LARGE_AT_FILL)
        fee = self._fees.fee(instrument, lots, value, maker, rows[row, O_FILLED])
        account = self.account
        if not account.bears(side, value, fee):
            return self._turn_away(row, TOO_LARGE_AT_FILL)
        if side > 0 and not account.margin and value + fee > account.cash:
            return self._turn_away(row, CASH_AT_FILL)
        account.apply(instrument, side, lots, value, fee)
        if slot.left != NEVER:
            slot.left -= lots
            self.taken[instrument] += lots
        self._record(row, lots, price, reference, fee, maker, reason)
        self._progress(row, lots, value, fee)
        return lots

    def _turn_away(self, row: int, reason: int) -> int:
        """End an order that the account cannot bear; return the lots filled, which are none."""
        # A venue rejects before the first fill; afterwards it can only cancel the rest.
        event = CANCEL if self.orders.rows[row, O_FILLED] > 0 else REJECT
        self.close(row, event, reason, self.slot.known)
        return 0

    def _fillable(self, row: int) -> int:
        """Lots of an order that position and volume allow; ends it where they rule it out."""
        rows, slot = self.orders.rows, self.slot
        wanted = rows[row, O_LOTS] - rows[row, O_FILLED]
        lots = min(wanted, slot.left)
        # A cash account has nothing to deliver beyond what it holds, whatever was approved when.
        covered = rows[row, O_SIDE] < 0 and not self.account.margin
        if covered or rows[row, O_FLAGS] & REDUCE_ONLY:
            held = -self.account.lots[rows[row, O_INSTRUMENT]] * rows[row, O_SIDE]
            if held <= 0:
                self.close(row, CANCEL, NOTHING_LEFT, slot.known)
                return 0
            lots = min(lots, held)
        if lots < wanted and rows[row, O_TIF] == FOK:
            self.close(row, CANCEL, NOT_WHOLE, slot.known)
            return 0
        return lots

    def _record(
        self, row: int, lots: int, price: int, reference: int, fee: int, maker: bool, reason: int
    ) -> None:
        order, slot, fills = self.orders.rows, self.slot, self.fills
        out, at = fills.rows, fills.count
        instrument = order[row, O_INSTRUMENT]
        fills.count += 1
        out[at, F_ID] = fills.count
        out[at, F_TIME] = slot.time
        out[at, F_KNOWN] = slot.known
        out[at, F_ORDER] = order[row, O_ID]
        out[at, F_INSTRUMENT] = instrument
        out[at, F_SIDE] = order[row, O_SIDE]
        out[at, F_LOTS] = lots
        out[at, F_PRICE] = price
        out[at, F_REFERENCE] = reference
        out[at, F_FEE] = fee
        out[at, F_LIQUIDITY] = 1 if maker else 0
        out[at, F_REASON] = reason
        out[at, F_POSITION] = self.account.lots[instrument]
        out[at, F_BAR] = slot.bar
        self.journal.note(FILL_ENTRY, fills.count - 1)

    def _progress(self, row: int, lots: int, value: int, fee: int) -> None:
        """Move the order on after a fill, then its siblings and children."""
        rows = self.orders.rows
        instrument = rows[row, O_INSTRUMENT]
        rows[row, O_FILLED] += lots
        rows[row, O_FEES] += fee
        rows[row, O_VALUE] += value
        self.expose(row, -lots)
        filled = self.orders.move(row, FILL) == FILLED
        if rows[row, O_GROUP] > 0:
            self._shrink_siblings(row, lots)
        if rows[row, O_PARENT] > 0:
            self._stop_entering(row)
        self._activate_children(row, lots)
        if filled:
            rows[row, O_CLOSED] = self.slot.time
            self.orders.unlink(row)  # after its children were linked: whoever walks meets them
        if self.orders.open[instrument] > 0:
            held = self.account.lots[instrument] * rows[row, O_SIDE]
            if 0 <= held < lots:
                self._drop_exits(instrument)

    def _shrink_siblings(self, row: int, lots: int) -> None:
        """Take what one order of a group has filled off the others."""
        rows = self.orders.rows
        group = rows[row, O_GROUP]
        other = self.orders.first[rows[row, O_INSTRUMENT]]
        while other >= 0:
            after = rows[other, O_NEXT]
            if other != row and rows[other, O_GROUP] == group:
                left = rows[other, O_LOTS] - rows[other, O_FILLED]
                if left <= lots:
                    self.close(other, CANCEL, SIBLING_FILLED, self.slot.known)
                else:
                    rows[other, O_LOTS] -= lots
                    self.expose(other, -lots)
            other = after

    def _stop_entering(self, row: int) -> None:
        """Cancel what is left of an entry whose exit has begun: nothing would protect it."""
        parent = self.orders.row_of(self.orders.rows[row, O_PARENT])
        if self.orders.alive(parent):
            self.close(parent, CANCEL, EXIT_FILLED, self.slot.known)

    def _drop_exits(self, instrument: int) -> None:
        """Cancel the exits of a position that is gone; left alone they would meet the next one."""
        rows, held = self.orders.rows, self.account.lots[instrument]
        row = self.orders.first[instrument]
        while row >= 0:
            after = rows[row, O_NEXT]
            parent = rows[row, O_PARENT]
            if parent > 0 and held * rows[row, O_SIDE] >= 0 and self.orders.alive(row):
                entering = self.orders.alive(self.orders.row_of(parent))
                if not entering:
                    self.close(row, CANCEL, NOTHING_LEFT, self.slot.known)
            row = after

    def _activate_children(self, row: int, lots: int) -> None:
        """Give the orders that depend on this one as many lots as it has filled."""
        rows, slot = self.orders.rows, self.slot
        parent = rows[row, O_ID]
        child = row + 1
        while child < self.orders.count and rows[child, O_PARENT] == parent:
            if rows[child, O_STATUS] == HELD or self.orders.alive(child):
                rows[child, O_LOTS] += lots
            if rows[child, O_STATUS] == HELD:
                self.orders.move(child, SUBMIT)
                self.journal.note(self.orders.move(child, ACCEPT), child)
                self.orders.link(child)
                # An entry inside the bar leaves its exits to the rest of the bar; see Venue.
                rows[child, O_ACTIVE] = slot.opened + 1 if slot.inside else slot.opened
            child += 1

    def abandon_children(self, row: int, now: int) -> None:
        """End the orders that waited for a fill which will not come."""
        rows = self.orders.rows
        parent = rows[row, O_ID]
        child = row + 1
        while child < self.orders.count and rows[child, O_PARENT] == parent:
            if rows[child, O_STATUS] == HELD:
                status = self.orders.finish(child, CANCEL, PARENT_ENDED, now)
                self.journal.note(status, child)
            child += 1
