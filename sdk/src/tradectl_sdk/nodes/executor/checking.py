"""Whether what a host asks for makes sense at all, before anybody judges it.

A host is somebody else's program: nothing it sends is taken on trust.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tradectl_sdk.bus.messages.intents import Place
from tradectl_sdk.domain.orders import OrderFlag, OrderType, TimeInForce
from tradectl_sdk.engine.reasons import DenyReason

if TYPE_CHECKING:
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.state import State

MOST = 2**62
LAST_TIME_IN_FORCE = int(max(TimeInForce))
DATED = {int(TimeInForce.GTD), int(TimeInForce.DAY)}
# Type -> whether it has a limit, a trigger, a trailing distance.
PRICES = {
    int(OrderType.MARKET): (False, False, False),
    int(OrderType.LIMIT): (True, False, False),
    int(OrderType.STOP): (False, True, False),
    int(OrderType.STOP_LIMIT): (True, True, False),
    int(OrderType.TRAILING_STOP): (False, True, True),
}


def malformed(place: Place, state: State, decided: int) -> int:
    """Return the reason against an order that no venue could make sense of, or 0."""
    if place.instrument not in state.ledger.instruments:
        return int(DenyReason.NO_INSTRUMENT)
    if place.side not in {1, -1} or not 0 <= place.time_in_force <= LAST_TIME_IN_FORCE:
        return int(DenyReason.BAD_TERMS)
    if not place.parent and not 0 < place.lots < MOST:
        return int(DenyReason.ZERO_LOTS if place.lots == 0 else DenyReason.BAD_QUANTITY)
    limit, trigger, trail = place.limit, place.trigger, place.trail
    if not (0 <= limit < MOST and 0 <= trigger < MOST and 0 <= trail < MOST):
        return int(DenyReason.BAD_PRICE)
    if PRICES.get(place.type) != (limit > 0, trigger > 0, trail > 0):
        return int(DenyReason.BAD_TERMS)
    if place.time_in_force in DATED:
        return 0 if place.expires > decided else int(DenyReason.NO_EXPIRY)
    return 0 if place.expires == 0 else int(DenyReason.BAD_TERMS)


def as_exit(place: Place) -> Place:
    """Return an exit as what it has to be: it can only make the position of its entry smaller."""
    flags = place.flags | OrderFlag.REDUCE_ONLY | OrderFlag.CHILD
    return place if flags == place.flags else msgspec.structs.replace(place, flags=int(flags))


def as_place(order: Order) -> Place:
    """Return the command that would place an order as it is wanted now."""
    return Place(
        number=order.number,
        instrument=order.instrument,
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        flags=order.flags,
        lots=order.lots,
        limit=order.limit,
        trigger=order.trigger,
        trail=order.trail,
        expires=order.expires,
    )
