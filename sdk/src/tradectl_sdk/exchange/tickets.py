"""What an adapter refuses before it sends anything: tickets that no venue could take as meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tradectl_sdk.domain.orders import OrderFlag, OrderType, TimeInForce
from tradectl_sdk.exchange.values import Refused

if TYPE_CHECKING:
    from tradectl_sdk.exchange.card import Card
    from tradectl_sdk.exchange.values import Ticket

_LIMITED: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_TRIGGERED: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_REDUCING: Final = OrderFlag.REDUCE_ONLY | OrderFlag.CLOSE_POSITION


def ticket_problem(ticket: Ticket, card: Card) -> Refused | None:
    """Return why a ticket cannot be sent as it stands; None when it can.

    Nothing is rounded, replaced or left out to make it fit: an order is sent as it was approved, or
    not at all.

    Args:
        ticket: The order.
        card: What the venue can do.
    """
    if ticket.side not in {1, -1}:
        return Refused(code="bad_side", text=f"side was {ticket.side!r}, expected 1 or -1")
    if not _is_count(ticket.lots):
        return Refused(
            code="bad_quantity", text=f"lots was {ticket.lots!r}, expected a whole number above 0"
        )
    return (
        _type_problem(ticket, card)
        or _price_problem(ticket)
        or _id_problem(ticket.client_id, card)
        or _flag_problem(ticket, card)
    )


def _type_problem(ticket: Ticket, card: Card) -> Refused | None:
    if ticket.type not in card.order_types:
        known = _names(card.order_types)
        text = f"type was {_name(OrderType, ticket.type)}, expected one of {known}"
        return Refused(code="unsupported_type", text=text)
    if ticket.time_in_force not in card.times_in_force:
        known = _names(card.times_in_force)
        text = f"time in force was {_name(TimeInForce, ticket.time_in_force)}, expected {known}"
        return Refused(code="unsupported_time_in_force", text=text)
    if ticket.time_in_force == TimeInForce.GTD and ticket.expires <= 0:
        return Refused(code="bad_time", text="GTD without a date, expected one in expires")
    return None


def _price_problem(ticket: Ticket) -> Refused | None:
    needed = {
        "limit": ticket.type in _LIMITED,
        "trigger": ticket.type in _TRIGGERED,
        "trail": ticket.type == OrderType.TRAILING_STOP,
    }
    for name, wanted in needed.items():
        price = getattr(ticket, name)
        if wanted and not _is_count(price):
            return Refused(
                code="bad_price", text=f"{name} was {price!r}, expected a whole number above 0"
            )
    return None


def _id_problem(client_id: str, card: Card) -> Refused | None:
    form = card.client_ids
    if form is None or (0 < len(client_id) <= form.length and set(client_id) <= set(form.alphabet)):
        return None
    text = f"client id was {client_id!r}, expected 1 to {form.length} of {form.alphabet}"
    return Refused(code="bad_client_id", text=text)


def _flag_problem(ticket: Ticket, card: Card) -> Refused | None:
    # A spot account cannot be made to go short, so the flag says nothing new there
    if ticket.flags & _REDUCING and card.margin and not card.reduce_only:
        return Refused(code="unsupported_flag", text="the venue has no reduce-only orders")
    if (ticket.group or ticket.parent) and not card.groups:
        return Refused(code="unsupported_group", text="the venue ties no orders to each other")
    return None


def _is_count(number: object) -> bool:
    return type(number) is int and number > 0


def _names(members: frozenset[OrderType] | frozenset[TimeInForce]) -> str:
    return ", ".join(member.name for member in sorted(members))


def _name(kind: type[OrderType | TimeInForce], number: int) -> str:
    known = {int(member): member.name for member in kind}
    return known.get(number, str(number))
