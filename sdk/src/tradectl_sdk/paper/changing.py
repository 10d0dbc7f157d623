"""Amending an order that works or waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine.columns import O_FILLED, O_LIMIT, O_LOTS, O_STATUS, O_TRIGGER
from tradectl_sdk.exchange import Refused

if TYPE_CHECKING:
    from tradectl_sdk.exchange import Ticket
    from tradectl_sdk.paper.register import Entry, Register

HELD = int(OrderStatus.HELD)
SAME = ("client_id", "instrument", "side", "type", "parent", "flags", "time_in_force", "expires")


def amend_order(register: Register, entry: Entry, ticket: Ticket, date: int) -> None:
    """Give an order the quantity, prices and group of a ticket that nothing speaks against.

    The ticket is what the book's gate approved last. The engine says what a change costs: a smaller
    quantity keeps the order's place in the queue, a larger one or another price counts as placed at
    ``date``. An exit is as large as what its entry has filled, whatever the ticket says.
    """
    book, row = entry.book, entry.row
    rows, approved = book.orders.rows, book.gate.approved
    request = approved.request
    request.trigger = ticket.trigger or rows[row, O_TRIGGER]  # a trailing stop keeps what it has
    approved.lots = ticket.lots - rows[row, O_FILLED]
    moves = (request.limit, request.trigger) != (rows[row, O_LIMIT], rows[row, O_TRIGGER])
    grows = not ticket.parent and ticket.lots > rows[row, O_LOTS]
    if (moves or grows) and rows[row, O_STATUS] != HELD:
        entry.rank = register.next_rank()
    book.venue.modify(row, approved, date)
    group = entry.ticket.group
    if ticket.group not in {"", group}:
        register.tie(entry, row, ticket.group)
        group = ticket.group
    entry.ticket = structs.replace(ticket, group=group)


def refuse_change(register: Register, entry: Entry, ticket: Ticket) -> Refused | None:
    """Refuse to make another order of an order."""
    before = entry.ticket
    changed = [name for name in SAME if getattr(before, name) != getattr(ticket, name)]
    if changed:
        return Refused(code="bad_order", text=f"{', '.join(changed)} of an order cannot change")
    if ticket.lots < entry.book.orders.rows[entry.row, O_FILLED]:
        return Refused(code="bad_quantity", text="more has been filled already")
    ties = ticket.group not in {"", before.group}
    if ties and register.instrument_of(ticket.group) != ticket.instrument:
        return Refused(code="bad_group", text=f"no working order {ticket.group} to be tied to")
    return None
