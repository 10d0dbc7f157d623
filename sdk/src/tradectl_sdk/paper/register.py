"""The venue's own list of orders: numbers, what was told of each, and what the ledger must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import structs

from tradectl_sdk.engine.columns import (
    F_FEE,
    F_LIQUIDITY,
    F_LOTS,
    F_ORDER,
    F_PRICE,
    F_REASON,
    F_REFERENCE,
    F_SIDE,
    F_TIME,
    O_ACTIVE,
    O_FILLED,
    O_LIMIT,
    O_LOTS,
    O_PARENT,
    O_STATUS,
)
from tradectl_sdk.engine.orders import ACCEPTED, CHANGE_ENTRY, FILL_ENTRY, FILLED, PARTIALLY_FILLED
from tradectl_sdk.errors import ExchangeError, UsageError
from tradectl_sdk.exchange.values import TradeReport
from tradectl_sdk.paper.checking import TRAILING_STOP
from tradectl_sdk.paper.records import (
    TERMINAL,
    Changes,
    OrderRecord,
    Standing,
    TradeRecord,
    VenueState,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.exchange.values import AccountEvent, Ticket
    from tradectl_sdk.paper.book import Book
    from tradectl_sdk.paper.records import Ledger
    from tradectl_sdk.paper.wallet import Wallet


@dataclass(slots=True)
class Entry:
    """An order that has not ended.

    Attributes:
        number: The venue's number of it.
        ticket: As it came, or as it was amended last.
        book: Where it is.
        rank: Its place in the queue.
        note: What the venue's front wants to be reminded of with it.
        told: Lots filled as far as trades were told.
        shown: Status, lots, filled and limit as told last; a trailing trigger moves unsaid.
        stored: Its fields as the ledger has them.
    """

    number: int
    ticket: Ticket
    book: Book
    rank: int
    note: str = ""
    told: int = 0
    shown: tuple[int, ...] = ()
    stored: tuple[int, ...] = ()

    @property
    def row(self) -> int:
        """Its row of the order table, as long as that is not tidied up."""
        return self.book.row_of(self.number)


class Register:
    """Turns what happened in the books into reports, and keeps the ledger at their side."""

    def __init__(
        self,
        ledger: Ledger,
        books: Sequence[Book],
        places: Mapping[str, tuple[Book, int]],
        wallet: Wallet,
    ) -> None:
        self._ledger = ledger
        self._books = books
        self._places = places
        self._wallet = wallet
        self._state = VenueState(balances={})
        self._orders = self._trades = self._rank = 0
        self._entries: dict[int, Entry] = {}
        self._ids: dict[str, int] = {}
        self._events: list[AccountEvent] = []
        self._dirty: set[int] = set()  # orders that may differ from the ledger
        self._stirred: set[str] = set()  # instruments where one order may have changed others
        self._broken = False

    # Orders --------------------------------------------------------------------------------

    def entry(self, number: int) -> Entry | None:
        """Find an order that has not ended."""
        return self._entries.get(number)

    def instrument_of(self, client_id: str) -> str:
        """Instrument of an order that has not ended, empty when there is none of that id."""
        number = self._ids.get(client_id)
        return "" if number is None else self._entries[number].ticket.instrument

    def take(self, book: Book, ticket: Ticket, date: int, note: str) -> int:
        """Take the order that the book's gate has approved, and return its number."""
        self._orders += 1
        entry = Entry(self._orders, ticket, book, self.next_rank(), note)
        self._entries[entry.number] = entry
        self._ids[ticket.client_id] = entry.number
        if ticket.parent:
            book.gate.request.parent = book.row_of(self._ids[ticket.parent]) + 1
        row = book.submit(entry.number, date)
        if ticket.group:
            self.tie(entry, row, ticket.group)
        self.show(entry, date)
        return entry.number

    def tie(self, entry: Entry, row: int, group: str) -> None:
        """Put an order into the group that a client id names."""
        entry.book.join(row, entry.book.row_of(self._ids[group]))
        self._stirred.add(entry.ticket.instrument)

    def next_rank(self) -> int:
        """Give out the last place in the queues."""
        self._rank += 1
        return self._rank

    def show(self, entry: Entry, now: int) -> None:
        """Tell how an order stands."""
        self._dirty.add(entry.number)
        record = self._record(entry, now)
        entry.shown = _shown(record.row)
        self._events.append(record.report)

    # Ends of steps -------------------------------------------------------------------------

    def told(self) -> list[AccountEvent]:
        """Return the events since this was asked last."""
        events, self._events = self._events, []
        return events

    def check(self) -> None:
        """Refuse to go on after a step that may not have become durable.

        Raises:
            ExchangeError: After such a step.
        """
        if self._broken:
            raise ExchangeError(
                "the paper venue stopped when its ledger could not be written",
                hint="mend the disk and start again; the ledger holds every step before that",
            )

    def conclude(self, now: int) -> None:
        """End a step: tell what happened, and write it down when anything did."""
        if self._dirty or any(book.journal.count for book in self._books):
            self.save(now)

    def save(self, now: int) -> None:
        """Tell what happened and write down how everything stands.

        Raises:
            ExchangeError: If the ledger could not be written; the venue is of no use then.
        """
        trades: list[TradeRecord] = []
        for book in self._books:
            trades += self._read_journal(book, now)
            book.drain()
        orders = self._changed(now)
        changes = Changes(orders=tuple(orders), trades=tuple(trades), state=self._standing(now))
        try:
            self._ledger.write(changes)
        except ExchangeError:
            self._broken = True
            self._events.clear()  # nobody may act on what will not be remembered
            raise
        self._dirty.clear()
        self._stirred.clear()

    def _read_journal(self, book: Book, now: int) -> list[TradeRecord]:
        trades = []
        entries = book.journal.entries
        for at in range(book.journal.count):
            kind, subject = entries[2 * at], entries[2 * at + 1]
            if kind == FILL_ENTRY:
                trades.append(self._tell_fill(book, subject, now))
            else:
                self._tell_status(book, subject, kind, now)
        return trades

    def _tell_fill(self, book: Book, at: int, now: int) -> TradeRecord:
        fill = book.booking.fills.rows
        row = fill[at, F_ORDER] - 1
        entry = self._entries[book.numbers[row]]
        self._trades += 1
        report = TradeReport(
            trade_id=str(self._trades),
            instrument=entry.ticket.instrument,
            client_id=entry.ticket.client_id,
            venue_id=str(entry.number),
            side=fill[at, F_SIDE],
            lots=fill[at, F_LOTS],
            price=fill[at, F_PRICE],
            fee=fill[at, F_FEE],
            maker=fill[at, F_LIQUIDITY] == 1,
            time=fill[at, F_TIME],
            reason=fill[at, F_REASON],
            reference=fill[at, F_REFERENCE],
        )
        self._events.append(report)
        self._stirred.add(entry.ticket.instrument)
        entry.told += report.lots
        rows = book.orders.rows
        whole = rows[row, O_STATUS] == FILLED and entry.told == rows[row, O_FILLED]
        self._report(entry, FILLED if whole else PARTIALLY_FILLED, now)
        return TradeRecord(number=self._trades, order=entry.number, known=now, report=report)

    def _tell_status(self, book: Book, row: int, kind: int, now: int) -> None:
        entry = self._entries[book.numbers[row]]
        changed = kind <= CHANGE_ENTRY
        status = CHANGE_ENTRY - kind if changed else kind
        if (
            status == ACCEPTED and not changed
        ):  # an exit whose entry has begun to fill joins the queue
            entry.rank = self.next_rank()
        self._report(entry, status, now)

    def _report(self, entry: Entry, status: int, now: int) -> None:
        """Tell of a status that an order had on its way through the step."""
        self._dirty.add(entry.number)
        report = self._record(entry, now).report
        reason = report.reason if status in TERMINAL else 0
        self._events.append(
            structs.replace(report, status=status, filled=entry.told, reason=reason)
        )

    def _changed(self, now: int) -> list[OrderRecord]:
        """Find what differs from the ledger, tell of new quantities, and let go of what ended."""
        changed = []
        for entry in [one for one in self._entries.values() if self._may_differ(one)]:
            record = self._record(entry, now)
            fields = (*record.row, record.active, record.rank)
            if fields == entry.stored:
                continue
            changed.append(record)
            entry.stored = fields
            shown = _shown(record.row)
            if shown != entry.shown and not record.ended and shown[0] == entry.shown[0]:
                self._events.append(record.report)
            entry.shown = shown
            if record.ended:
                del self._entries[entry.number]
                del self._ids[entry.ticket.client_id]
        return changed

    def _may_differ(self, entry: Entry) -> bool:
        """Whether a step can have changed an order: trailing stops move with every bar."""
        ticket = entry.ticket
        return (
            entry.number in self._dirty
            or ticket.type == TRAILING_STOP
            or ticket.instrument in self._stirred
        )

    def _record(self, entry: Entry, now: int) -> OrderRecord:
        row = entry.row
        return OrderRecord(
            number=entry.number,
            ticket=entry.ticket,
            row=entry.book.stored_row(row),
            active=entry.book.orders.rows[row, O_ACTIVE],
            rank=entry.rank,
            time=now,
            note=entry.note,
        )

    def _standing(self, now: int) -> VenueState:
        standings = dict(self._state.standings)
        for name, (book, index) in self._places.items():
            standings[name] = Standing(
                last=book.last_bar(index),
                taken=book.taken(index),
                lots=0 if book.account.is_coin(index) else book.account.lots[index],
            )
        self._state = VenueState(
            orders=self._orders,
            trades=self._trades,
            rank=self._rank,
            time=max(now, self._state.time),
            balances=dict(self._wallet.units),
            standings=standings,
        )
        return self._state

    # The beginning -------------------------------------------------------------------------

    def restore(self, state: VenueState) -> None:
        """Go on from the ledger.

        Raises:
            UsageError: If an order works on an instrument that does not trade here now.
        """
        self._state = state
        self._orders, self._trades, self._rank = state.orders, state.trades, state.rank
        for name, standing in state.standings.items():
            if name in self._places:
                _restore_standing(*self._places[name], standing)
        working = {record.number: record for record in self._ledger.working()}
        for record in working.values():
            self._check_place(record)
        for book in self._books:
            self._restore_book(book, working)

    def _check_place(self, record: OrderRecord) -> None:
        name = record.ticket.instrument
        if name not in self._places:
            raise UsageError(
                f"the ledger holds a working order on {name}, which does not trade on paper here",
                hint="name the instrument, too, or use another ledger",
            )

    def _restore_book(self, book: Book, working: Mapping[int, OrderRecord]) -> None:
        own = {n: r for n, r in working.items() if self._places[r.ticket.instrument][0] is book}
        parents = {record.row[O_PARENT] for record in own.values()} - set(own) - {0}
        found = [self._ledger.by_number(number) for number in parents]
        records = sorted([*own.values(), *filter(None, found)], key=lambda one: one.number)
        book.restore(records, [self._places[one.ticket.instrument][1] for one in records])
        for record in own.values():
            self._entries[record.number] = Entry(
                record.number,
                record.ticket,
                book,
                record.rank,
                record.note,
                told=record.row[O_FILLED],
                shown=_shown(record.row),
            )
            self._ids[record.ticket.client_id] = record.number


def _shown(row: Sequence[int]) -> tuple[int, ...]:
    return (row[O_STATUS], row[O_LOTS], row[O_FILLED], row[O_LIMIT])


def _restore_standing(book: Book, index: int, standing: Standing) -> None:
    if standing.last is not None:
        book.restore_bar(index, standing.last, standing.taken)
    if not book.account.is_coin(index):
        book.account.lots[index] = standing.lots
