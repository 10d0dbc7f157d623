"""What a host is told, made from records and the order they changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.events import Filled, OpenOrder, OrderChanged
from tradectl_sdk.nodes.executor.order import CANCELLING

if TYPE_CHECKING:
    from tradectl_sdk.nodes.executor.ledger import Ledger
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.records import Booked

HostEvent = OrderChanged | Filled


def order_changed(
    order: Order, time: int, shown: int, *, reason: int | None = None
) -> OrderChanged:
    """Say where an order stands; one that is to end counts as being cancelled until it has."""
    return OrderChanged(
        epoch=order.epoch,
        number=order.number,
        instrument=order.instrument,
        status=shown,
        pending=order.pending | (CANCELLING if order.ending else 0),
        lots=order.lots,
        limit=order.limit,
        trigger=order.trigger,
        reason=order.reason if reason is None else reason,
        text=order.text,
        time=time,
        trail=order.trail,
    )


def filled(booked: Booked, order: Order | None, ledger: Ledger) -> Filled:
    """Tell of a fill and of what is held after it."""
    worth = ledger.fee_worth(booked.instrument, booked.price, booked.fee, booked.fee_currency)
    return Filled(
        epoch=order.epoch if order else 0,
        number=order.number if order else 0,
        trade_id=booked.trade_id,
        instrument=booked.instrument,
        side=booked.side,
        lots=booked.lots,
        price=booked.price,
        fee=worth,
        maker=booked.maker,
        time=booked.venue_time,
        reason=booked.reason,
        reference=booked.reference,
        position=ledger.position(booked.instrument),
        cash=ledger.cash,
        status=order.shown if order else 0,
    )


def open_order(order: Order, group: int, parent: int) -> OpenOrder:
    """Describe an order that has not ended; group and parent are numbers of its own host."""
    return OpenOrder(
        epoch=order.epoch,
        number=order.number,
        instrument=order.instrument,
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        flags=order.flags,
        lots=order.lots,
        filled=order.filled,
        limit=order.limit,
        trigger=order.trigger,
        trail=order.trail,
        expires=order.expires,
        status=order.shown,
        pending=order.pending,
        group=group,
        parent=parent,
        created=order.decided,
    )
