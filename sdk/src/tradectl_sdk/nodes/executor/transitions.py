"""What each record does to the order it is about.

Statuses move by the one table in :mod:`tradectl_sdk.domain.orders`; a pair the table does not know
never gets here, since who writes records asks :func:`follows` first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sdk.domain.orders import ILLEGAL, OrderEvent, OrderStatus, next_status
from tradectl_sdk.engine.reasons import CloseReason
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.order import (
    CANCELLING,
    ENDED,
    HELD,
    MODIFYING,
    NATIVE_GROUP,
    NEW,
    Order,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SUBMIT = int(OrderEvent.SUBMIT)
FILL = int(OrderEvent.FILL)
MODIFIED = int(OrderEvent.MODIFIED)
SHRINKING = {FILL, MODIFIED}  # what may leave nothing to be filled
NOT_FOUND = int(OrderEvent.NOT_FOUND)
FILLED = int(OrderStatus.FILLED)
CANCELED = int(OrderStatus.CANCELED)
REQUESTED = int(CloseReason.REQUESTED)


def follows(order: Order, event: int) -> int:
    """Return the status an event would lead an order to, ILLEGAL when it may not happen."""
    if event in SHRINKING:
        return next_status(order.status, event, remaining=order.unfilled)
    return next_status(order.status, event)


def order_of(record: of.Placed) -> Order:
    """Return the order that a record says was placed.

    Fields are given by place: looking so many names up takes five times as long.
    """
    order = Order(
        record.key,
        record.epoch,
        record.number,
        record.instrument,
        record.side,
        record.type,
        record.time_in_force,
        record.flags,
        record.lots,
        record.limit,
        record.trigger,
        record.trail,
        record.expires,
        record.group,
        record.parent,
        record.decided,
        record.time,
        record.asked,
        NEW,
        0,
        record.reason,
    )
    order.native, order.local = record.native, record.local
    order.parked, order.filled = record.parked, record.filled
    return order


def move(order: Order, record: of.Moved) -> None:
    """Let an event happen to an order."""
    status = follows(order, record.event)
    if status == ILLEGAL:
        raise RuntimeError(f"event {record.event} of order {order.key} in status {order.status}")
    if status == CANCELED and order.ending == REQUESTED and order.filled and not order.remaining:
        # It was cut to what is filled; the venue calls the end of its rest a cancel.
        status = FILLED
    order.status = status
    order.parked = 0
    order.heard = max(order.heard, record.venue_time)
    if record.reason and status != FILLED:
        order.reason = record.reason
    if record.text:
        order.text = record.text
    _close(order, record.time)
    if ENDED[status]:
        order.soft = record.event == NOT_FOUND


def _close(order: Order, time: int) -> None:
    """Let go of what was under way, if an order has just ended."""
    if not ENDED[order.status] or order.closed:
        return
    order.closed = time
    order.pending = 0
    order.replacing = False
    order.doubted = False


def _send(order: Order, record: of.Sent) -> None:
    order.status = next_status(order.status, SUBMIT)
    order.parked = 0
    order.client_id, order.venue_id = record.client_id, ""
    order.leg_type, order.leg_lots = record.type, record.lots
    order.leg_limit, order.leg_trigger = record.limit, record.trigger
    order.leg_filled = 0 if order.revision else order.filled  # one taken over brings some along
    order.leg_seen = 0
    order.sent, order.sent_venue = record.time, record.venue_time


def _see(order: Order, record: of.Seen) -> None:
    order.venue_id = record.venue_id or order.venue_id
    order.leg_seen = max(order.leg_seen, record.filled)
    order.heard = max(order.heard, record.venue_time)
    if record.lots:
        order.leg_lots = record.lots
    if record.limit:
        order.leg_limit = record.limit
    if record.trigger:
        order.leg_trigger = record.trigger
    order.doubted = False


def book(order: Order, record: of.Booked) -> None:
    """Let a fill happen to an order; in a status without a cell for it, the status stays."""
    new = record.lots - record.replaced
    order.filled += new
    if record.revision == order.revision:
        order.leg_filled += new
    else:
        order.owed = max(order.owed - new, 0)
    order.heard = max(order.heard, record.venue_time)
    if record.inferred:
        order.inferred = (*order.inferred, (record.lots, record.price))
    elif record.replaced:
        order.inferred = _less(order.inferred, record.replaced)
    status = follows(order, FILL)
    if status != ILLEGAL:
        order.status = status
    elif order.remaining == 0:
        order.status = FILLED  # held for another revision, and filled by an earlier one
    _close(order, record.time)


def _less(inferred: tuple[tuple[int, int], ...], lots: int) -> tuple[tuple[int, int], ...]:
    """Take lots off the oldest inferred fill; who replaces one never takes more than it holds."""
    (held, price), *rest = inferred
    return ((held - lots, price), *rest) if held > lots else tuple(rest)


def _alter(order: Order, record: of.Altered) -> None:
    order.lots, order.limit, order.trigger = record.lots, record.limit, record.trigger
    status = follows(order, MODIFIED)
    if status != ILLEGAL:
        order.status = status
    _close(order, record.time)


def _end(order: Order, record: of.Ending) -> None:
    order.ending = record.reason


def _ask(order: Order, record: of.Asked) -> None:
    order.pending |= record.pending
    order.replacing = record.replacing
    if record.pending & MODIFYING:
        order.asked_lots = record.lots
        order.asked_limit, order.asked_trigger = record.limit, record.trigger


def _clear(order: Order, record: of.Cleared) -> None:
    order.pending &= ~record.pending
    if record.pending & CANCELLING:
        order.replacing = False
    if record.amended:
        order.leg_lots = order.asked_lots
        order.leg_limit, order.leg_trigger = order.asked_limit, order.asked_trigger
    if record.refused:
        order.unamendable = True


def _doubt(order: Order, _record: of.Doubted) -> None:
    order.pending = 0
    order.replacing = False
    order.doubted = True


def _replace(order: Order, _record: of.Replaced) -> None:
    order.earlier = (*order.earlier, (order.client_id, order.venue_id))
    order.revision += 1
    order.status = HELD  # the former revision was cancelled; the next begins
    order.client_id = order.venue_id = ""
    order.pending = 0
    order.replacing = False
    order.unamendable = order.doubted = False
    order.owed += max(order.leg_seen - order.leg_filled, 0)
    order.leg_lots = order.leg_filled = order.leg_seen = 0


def _revive(order: Order, record: of.Revived) -> None:
    order.status = record.status
    order.closed = 0
    order.reason = 0
    order.soft = False


def _unpark(order: Order, _record: of.Unparked) -> None:
    order.parked = 0


def _trigger(order: Order, _record: of.Triggered) -> None:
    order.triggered = True


def _trail(order: Order, record: of.Trailed) -> None:
    order.trigger = record.trigger


def _tie(order: Order, record: of.Tied) -> None:
    order.group = record.group
    if record.native:
        order.native |= NATIVE_GROUP
    else:
        order.native &= ~NATIVE_GROUP


# Beside these, a fill changes the ledger, too, so that State applies it with :func:`book`.
ON_ORDER: dict[type, Callable[[Order, Any], None]] = {
    of.Moved: move,
    of.Sent: _send,
    of.Seen: _see,
    of.Altered: _alter,
    of.Ending: _end,
    of.Asked: _ask,
    of.Cleared: _clear,
    of.Doubted: _doubt,
    of.Replaced: _replace,
    of.Revived: _revive,
    of.Unparked: _unpark,
    of.Triggered: _trigger,
    of.Trailed: _trail,
    of.Tied: _tie,
}
