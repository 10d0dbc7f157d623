"""What a paper venue remembers, as it goes to the ledger and comes back from it."""

from __future__ import annotations

from typing import Protocol

import msgspec

from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine.columns import (
    O_CREATED,
    O_FILLED,
    O_LIMIT,
    O_LOTS,
    O_REASON,
    O_STATUS,
    O_TRIGGER,
    O_VALUE,
)
from tradectl_sdk.exchange.values import BarClosed, OrderReport, Ticket, TradeReport

TERMINAL = frozenset(int(status) for status in OrderStatus if status.terminal)


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An order with all that is needed to go on matching it.

    Attributes:
        number: The venue's number of it, counted from 1 for ever.
        ticket: As it came.
        row: Its row of the order table; order, group and parent are the venue's numbers.
        active: From when on it may be filled.
        rank: Its place in the queue: a smaller one came earlier.
        time: When it changed last, on the venue's clock.
        note: What the venue's front wants to be reminded of with it.
    """

    number: int
    ticket: Ticket
    row: tuple[int, ...]
    active: int
    rank: int
    time: int
    note: str = ""

    @property
    def created(self) -> int:
        """When it counts as placed, UTC nanoseconds."""
        return self.row[O_CREATED]

    @property
    def value(self) -> int:
        """Money units of the quote currency traded so far."""
        return self.row[O_VALUE]

    @property
    def ended(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.row[O_STATUS] in TERMINAL

    @property
    def report(self) -> OrderReport:
        """What the venue says of it. An exit that waits for its entry is HELD, in full size."""
        row, ticket = self.row, self.ticket
        return OrderReport(
            instrument=ticket.instrument,
            client_id=ticket.client_id,
            venue_id=str(self.number),
            status=row[O_STATUS],
            side=ticket.side,
            type=ticket.type,
            lots=row[O_LOTS] or ticket.lots,
            filled=row[O_FILLED],
            limit=row[O_LIMIT],
            trigger=row[O_TRIGGER],
            reason=row[O_REASON],
            time=self.time,
        )


class TradeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A fill and the order it belongs to.

    Attributes:
        number: Counted from 1 for ever.
        order: The venue's number of its order.
        known: When the venue could tell of it; the fill itself may be dated at the bar's open.
    """

    number: int
    order: int
    known: int
    report: TradeReport


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where an instrument stands.

    Attributes:
        last: The bar matched last.
        taken: Lots of its volume that our fills took.
        lots: Signed position, for instruments that are contracts.
    """

    last: BarClosed | None = None
    taken: int = 0
    lots: int = 0


class VenueState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a paper venue that is not one order or trade.

    Attributes:
        orders: Orders so far.
        trades: Trades so far.
        rank: Places in queues given out so far.
        time: The latest time the venue has heard of.
        balances: Money units by currency.
        standings: By instrument.
    """

    orders: int = 0
    trades: int = 0
    rank: int = 0
    time: int = 0
    balances: dict[str, int]
    standings: dict[str, Standing] = {}


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What one step changed; it becomes durable as a whole or not at all."""

    orders: tuple[OrderRecord, ...]
    trades: tuple[TradeRecord, ...]
    state: VenueState


class Ledger(Protocol):
    """Where a paper venue keeps what must outlive it."""

    def state(self) -> VenueState | None:
        """Return the latest state, None when the ledger is new."""

    def write(self, changes: Changes) -> None:
        """Make a step durable.

        Raises:
            ExchangeError: If it could not be; nothing of it was kept.
        """

    def working(self) -> list[OrderRecord]:
        """Return the orders that have not ended, by number."""

    def by_number(self, number: int) -> OrderRecord | None:
        """Find an order by the venue's number."""

    def by_client_id(self, client_id: str) -> OrderRecord | None:
        """Find the newest order of a client id."""

    def ended(self, instrument: str, since: int) -> list[OrderRecord]:
        """Return the orders of an instrument that ended since a time, by number."""

    def orders(self, instrument: str, first: int, most: int) -> list[OrderRecord]:
        """Return at most so many orders of an instrument from a number on; see :meth:`trades`."""

    def trades(self, instrument: str, since: int, first: int, most: int) -> list[TradeRecord]:
        """Return trades of an instrument, oldest first.

        Args:
            instrument: ``SYMBOL.VENUE``.
            since: Known from this time on.
            first: From this number on; 0 for the ``most`` newest ones.
            most: How many at most; 0 for all.
        """
