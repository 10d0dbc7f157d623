"""Amending an order that works or waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderEvent
from tradectl_sdk.engine.columns import (
    O_ACTIVE,
    O_FILLED,
    O_LIMIT,
    O_LOTS,
    O_STATUS,
    O_TRIGGER,
)
from tradectl_sdk.exchange.values import Refused
from tradectl_sdk.paper.book import HELD

if TYPE_CHECKING:
    from tradectl_sdk.exchange.values import Ticket
    from tradectl_sdk.paper.register import Entry, Register

MODIFIED = int(OrderEvent.MODIFIED)


def amend_order(register: Register, entry: Entry, ticket: Ticket, date: int) -> None:
    """Give an order the quantity, prices and group of a ticket that nothing speaks against.

    A smaller quantity keeps the order's place in the queue. A larger one or another price counts
    as placed at ``date`` and goes to its end.
    """
    book, row = entry.book, entry.row
    rows = book.orders.rows
    trigger = ticket.trigger or rows[row, O_TRIGGER]  # a trailing stop keeps the one it has
    held = rows[row, O_STATUS] == HELD
    moved = (ticket.limit, trigger) != (rows[row, O_LIMIT], rows[row, O_TRIGGER])
    more = 0 if held else ticket.lots - rows[row, O_LOTS]
    rows[row, O_LIMIT], rows[row, O_TRIGGER] = ticket.limit, trigger
    if not held:
        rows[row, O_LOTS] += more
        book.booking.expose(row, more)
        book.orders.move(row, MODIFIED)
    if not held and (moved or more > 0):
        book.orders.unlink(row)
        book.orders.link(row)
        rows[row, O_ACTIVE] = max(rows[row, O_ACTIVE], date)
        entry.rank = register.next_rank()
    if ticket.group:
        register.tie(entry, row, ticket.group)
    entry.ticket = ticket
    register.show(entry, date)


def refuse_change(register: Register, entry: Entry, ticket: Ticket) -> Refused | None:
    """Refuse to make another order of an order."""
    before = entry.ticket
    same = ("client_id", "instrument", "side", "type", "parent", "flags", "time_in_force")
    changed = [name for name in same if getattr(before, name) != getattr(ticket, name)]
    if changed:
        return Refused(code="bad_order", text=f"{', '.join(changed)} of an order cannot change")
    if ticket.lots <= entry.book.orders.rows[entry.row, O_FILLED]:
        return Refused(code="bad_quantity", text="more has been filled already")
    if ticket.group and register.working_ids().get(ticket.group) != ticket.instrument:
        return Refused(code="bad_group", text=f"no working order {ticket.group} to be tied to")
    return None
