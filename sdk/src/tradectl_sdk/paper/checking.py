"""What a paper venue refuses, and the code it gives for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderFlag, OrderType, TimeInForce
from tradectl_sdk.engine import DenyReason
from tradectl_sdk.engine.booking import trailed
from tradectl_sdk.exchange import Refused, ticket_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradectl_sdk.exchange import Card, Ticket
    from tradectl_sdk.paper.book import Book

MARKET = int(OrderType.MARKET)
LIMIT = int(OrderType.LIMIT)
STOP_LIMIT = int(OrderType.STOP_LIMIT)
TRAILING_STOP = int(OrderType.TRAILING_STOP)
GTD = int(TimeInForce.GTD)
REDUCE_ONLY = int(OrderFlag.REDUCE_ONLY)
MOST = 2**62  # beyond this no price, quantity or time means anything

CODES = {
    int(DenyReason.TOO_LARGE): ("too_large", "its value is beyond exact arithmetic"),
    int(DenyReason.MIN_NOTIONAL): ("min_notional", "its value is below the instrument's minimum"),
}


def refuse_terms(ticket: Ticket, card: Card) -> Refused | None:
    """Refuse what no venue could work with, and terms that contradict each other."""
    problem = ticket_problem(ticket, card)
    if problem is not None:
        return problem
    superfluous = (
        (ticket.limit and ticket.type not in {LIMIT, STOP_LIMIT})
        or (ticket.trigger and ticket.type in {MARKET, LIMIT})
        or (ticket.trail and ticket.type != TRAILING_STOP)
    )
    if superfluous:
        return Refused(code="bad_price", text="a price that the order's type has no use for")
    if max(ticket.lots, ticket.limit, ticket.trigger, ticket.trail, ticket.expires) > MOST:
        return Refused(code="too_large", text="a number beyond 64 bits")
    if min(ticket.limit, ticket.trigger, ticket.trail, ticket.expires, ticket.decided) < 0:
        return Refused(code="bad_price", text="a number below 0")
    if ticket.time_in_force == GTD and ticket.expires <= ticket.decided:
        return Refused(code="bad_time", text="it expires before it was decided")
    return None


def refuse_ties(tickets: Sequence[Ticket], known: Callable[[str], str]) -> Refused | None:
    """Refuse ties that lead nowhere.

    Args:
        tickets: Orders that came together, in order.
        known: Gives the instrument of an order that works already, by its client id.
    """
    instruments: dict[str, str] = {}
    parent = ""
    for ticket in tickets:
        if ticket.client_id in instruments:
            return Refused(code="duplicate_id", text=f"client id {ticket.client_id} came twice")
        instruments[ticket.client_id] = ticket.instrument
        if ticket.parent and ticket.parent != parent:
            return Refused(code="bad_parent", text="exits come right after their entry, with it")
        parent = ticket.parent or ticket.client_id
        for tied in filter(None, (ticket.group, ticket.parent)):
            if (instruments.get(tied) or known(tied)) != ticket.instrument:
                return Refused(code="bad_group", text=f"no working order {tied} to be tied to")
    return None


def write_request(book: Book, index: int, ticket: Ticket) -> Refused | None:
    """Write a ticket as the request of a book's gate and let the gate judge it."""
    request = book.gate.request
    last = book.market.last(index)
    trigger = ticket.trigger
    if last == 0 and (ticket.type == MARKET or (ticket.type == TRAILING_STOP and trigger == 0)):
        return Refused(code="no_price", text="the instrument has not traded yet")
    if ticket.type == TRAILING_STOP and trigger == 0:
        trigger = trailed(ticket.side, last, ticket.trail, ticket.flags)
    request.instrument = index
    request.side = ticket.side
    request.type = ticket.type
    request.time_in_force = ticket.time_in_force
    request.flags = ticket.flags
    request.lots = ticket.lots
    request.limit = ticket.limit
    request.trigger = trigger
    request.trail = ticket.trail
    request.expires = ticket.expires
    request.group = 0
    request.parent = 0
    request.price = ticket.limit or trigger or last
    reason = book.gate.review(book.gate.approved, ticket.decided)
    if reason == 0:
        return None
    code, text = CODES[reason]
    return Refused(code=code, text=text)
