"""The paper venue: orders, bars and prints in; answers, reports and trades out.

No clock, no network, no chance: who calls passes the time, and the same calls give the same
answers. What one call changes is written to the ledger as one step before the call returns, so a
process that dies between two calls, or in the middle of one, leaves a venue that goes on from a
whole step.

An order is dated by the datum it was decided on (``Ticket.decided``) as long as no later bar of its
instrument has been matched; so it meets the bar that it meets in a backtest. One that comes later
is dated when it came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderEvent
from tradectl_sdk.engine import CloseReason
from tradectl_sdk.engine.settings import MarketFill
from tradectl_sdk.errors import ExchangeError, NotFoundError, UsageError
from tradectl_sdk.exchange.values import (
    Absent,
    Accepted,
    Balance,
    BarClosed,
    OrderRef,
    OrderReport,
    Position,
    Refused,
)
from tradectl_sdk.paper.card import paper_card
from tradectl_sdk.paper.changing import amend_order, refuse_change
from tradectl_sdk.paper.checking import refuse_terms, refuse_ties, write_request
from tradectl_sdk.paper.opening import first_balances, make_books
from tradectl_sdk.paper.register import Register
from tradectl_sdk.paper.reserves import held_by_orders, needed
from tradectl_sdk.paper.settings import Matching, PaperSettings
from tradectl_sdk.paper.wallet import Wallet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange.values import (
        AccountEvent,
        CancelOutcome,
        Print,
        QueryOutcome,
        Quote,
        SubmitOutcome,
        Ticket,
        TradeReport,
    )
    from tradectl_sdk.paper.book import Book
    from tradectl_sdk.paper.records import Ledger
    from tradectl_sdk.paper.register import Entry

EXPIRE = int(OrderEvent.EXPIRE)
OUT_OF_TIME = int(CloseReason.EXPIRED)


class PaperCore:
    """A venue with one account.

    Attributes:
        instruments: What trades here, by id.
        settings: What it was made with.
        card: What it can do.
        wallet: What the account holds.
        ledger: What it remembers.

    Raises:
        UsageError: If an instrument cannot be traded here.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        ledger: Ledger,
        settings: PaperSettings | None = None,
    ) -> None:
        if not instruments:
            raise UsageError("there were no instruments, expected at least one to trade on paper")
        self.instruments = {str(one.id): one for one in instruments}
        self.settings = settings or PaperSettings()
        self.card = paper_card(margin=self.settings.assumptions.margin)
        self.ledger = ledger
        state = ledger.state()
        self.wallet = Wallet(
            first_balances(state.balances if state else None, self.settings, instruments)
        )
        self._books, self._places = make_books(instruments, self.wallet, self.settings)
        self._register = Register(ledger, self._books, self._places, self.wallet)
        if state is not None:
            self._register.restore(state)
        self._quotes: dict[str, Quote] = {}
        self._settles = self.settings.assumptions.market_fill is MarketFill.THIS_CLOSE

    # Market data ---------------------------------------------------------------------------

    def bars(self, bars: Sequence[BarClosed], now: int) -> None:
        """Match bars that closed at one instant; those known already change nothing."""
        self._register.check()
        by_book: dict[Book, list[tuple[int, BarClosed]]] = {}
        for bar in bars:
            book, index = self._place(bar.instrument)
            by_book.setdefault(book, []).append((index, bar))
        for book in self._books:
            if book in by_book:
                book.match(by_book[book])
        self._register.conclude(now)

    def print(self, trade: Print, now: int) -> None:
        """Match a trade between others: the price moved to it from the one before."""
        self._register.check()
        book, index = self._place(trade.instrument)
        before = book.market.last(index) or trade.price
        self._step(book, index, before, trade.price, trade.lots, trade.time)
        self._register.conclude(now)

    def quote(self, quote: Quote) -> None:
        """Take note of the best prices: where an order that takes at once is filled."""
        self._quotes[quote.instrument] = quote

    def last_bar(self, instrument: str) -> BarClosed | None:
        """The bar of an instrument that was matched last."""
        book, index = self._place(instrument)
        return book.last_bar(index)

    # Orders --------------------------------------------------------------------------------

    def submit(
        self, tickets: Sequence[Ticket], now: int, *, notes: Sequence[str] = ()
    ) -> list[SubmitOutcome]:
        """Take one order, or orders tied to each other: all of them or none.

        A client id that is known gives what has become of that order, and places nothing.

        Args:
            tickets: The orders; exits come right after their entry.
            now: The venue's time.
            notes: What is kept with each of them, for who speaks to its clients.
        """
        self._register.check()
        known = [self._known(ticket.client_id) for ticket in tickets]
        if any(known):
            return [
                Accepted(report=report) if report else Refused(code="incomplete_group")
                for report in known
            ]
        refused = [self._refuse(ticket) for ticket in tickets]
        if not any(refused) and (against := refuse_ties(tickets, self._register.instrument_of)):
            refused[0] = against
        if not any(refused) and self.settings.reserves:
            refused[0] = self._uncovered(tickets)
        if any(refused):
            other = Refused(code="group_refused", text="another order of its group was refused")
            return [against or other for against in refused]
        return list(self._take(tickets, now, notes or [""] * len(tickets)))

    def cancel(self, order: OrderRef, now: int) -> CancelOutcome:
        """End an order at its owner's wish."""
        entry = self._working(order)
        if isinstance(entry, Refused):
            return entry
        entry.book.prepare(0)
        entry.book.venue.cancel(entry.row, now)
        self._register.conclude(now)
        return Accepted(report=self._answer(entry.number))

    def amend(self, order: OrderRef, ticket: Ticket, now: int) -> CancelOutcome:
        """Change quantity, prices or group of an order; see :func:`.changing.amend_order`."""
        entry = self._working(order)
        if isinstance(entry, Refused):
            return entry
        against = refuse_change(self._register, entry, ticket) or self._refuse(ticket)
        if against is not None:
            return against
        amend_order(self._register, entry, ticket, self._date(ticket, now))
        if self.settings.matching is Matching.PRINTS:
            self._touch(ticket, now)
        self._register.conclude(now)
        return Accepted(report=self._answer(entry.number))

    def fill(self, order: OrderRef, lots: int, now: int) -> CancelOutcome:
        """Fill some lots of a working order at the last price, as a venue may do at any time."""
        entry = self._working(order)
        if isinstance(entry, Refused):
            return entry
        book, index = self._place(entry.ticket.instrument)
        price = book.market.last(index)
        if price == 0 or not book.orders.alive(entry.row):
            return Refused(
                code="not_fillable", text="there is no price, or its entry is not filled"
            )
        book.fill(entry.row, price, lots, now)
        self._register.conclude(now)
        return Accepted(report=self._answer(entry.number))

    def expire(self, order: OrderRef, now: int) -> CancelOutcome:
        """End a working order without anybody's wish, as a venue may do at any time."""
        entry = self._working(order)
        if isinstance(entry, Refused):
            return entry
        entry.book.booking.close(entry.row, EXPIRE, OUT_OF_TIME, now)
        self._register.conclude(now)
        return Accepted(report=self._answer(entry.number))

    # What the venue says -------------------------------------------------------------------

    def told(self) -> list[AccountEvent]:
        """Return what the account stream has to tell since this was asked last."""
        return self._register.told()

    def query(self, order: OrderRef) -> QueryOutcome:
        """Say what has become of an order."""
        if order.venue_id:
            number = int(order.venue_id) if order.venue_id.isdecimal() else 0
            found = self.ledger.by_number(number)
        else:
            found = self.ledger.by_client_id(order.client_id)
        if found is None or found.ticket.instrument != order.instrument:
            return Absent()
        return found.report

    def open_orders(self) -> list[OrderReport]:
        """List all orders that have not ended, by number."""
        return [record.report for record in self.ledger.working()]

    def closed_orders(self, instrument: str, since: int) -> list[OrderReport]:
        """List orders of an instrument that ended since a time, by number."""
        return [record.report for record in self.ledger.ended(instrument, since)]

    def trades(self, instrument: str, since: int) -> list[TradeReport]:
        """List trades of an instrument since a time, oldest first."""
        return [record.report for record in self.ledger.trades(instrument, since, 0, 0)]

    def balances(self) -> list[Balance]:
        """List what the account holds of each currency, and what open orders hold of that."""
        held = held_by_orders(self._books)
        found = []
        for currency, units in sorted(self.wallet.units.items()):
            bound = max(min(held.get(currency, 0), units), 0)
            found.append(Balance(currency=currency, free=units - bound, held=bound))
        return found

    def positions(self) -> list[Position]:
        """List contracts held."""
        found = []
        for name, (book, index) in self._places.items():
            lots = book.account.lots[index]
            if lots and not book.account.is_coin(index):
                found.append(Position(instrument=name, lots=lots))
        return found

    def last_price(self, instrument: str) -> int:
        """Last price of an instrument in ticks, 0 before the first."""
        book, index = self._place(instrument)
        return book.market.last(index)

    def save(self, now: int) -> None:
        """Write what no step has had a reason to write yet, such as the last bar."""
        self._register.save(now)

    # Inside --------------------------------------------------------------------------------

    def _place(self, instrument: str) -> tuple[Book, int]:
        try:
            return self._places[instrument]
        except KeyError:
            raise NotFoundError(
                f"instrument was {instrument!r}, expected one that trades on paper here"
            ) from None

    def _working(self, order: OrderRef) -> Entry | Refused:
        """Find an order that has not ended."""
        self._register.check()
        report = self.query(order)
        if isinstance(report, Absent):
            return Refused(code="unknown_order", text="there is no such order")
        entry = self._register.entry(int(report.venue_id))
        return entry or Refused(code="order_ended", text="the order has ended already")

    def _known(self, client_id: str) -> OrderReport | None:
        found = self.ledger.by_client_id(client_id)
        if found is None or (found.ended and self.settings.ids_are_reusable):
            return None
        return found.report

    def _answer(self, number: int) -> OrderReport:
        found = self.ledger.by_number(number)
        if found is None:
            raise ExchangeError(f"order {number} is not in the ledger, though it was written")
        return found.report

    def _refuse(self, ticket: Ticket) -> Refused | None:
        if ticket.instrument not in self._places:
            return Refused(code="unknown_instrument", text=ticket.instrument)
        book, index = self._places[ticket.instrument]
        return refuse_terms(ticket, self.card) or write_request(book, index, ticket)

    def _uncovered(self, tickets: Sequence[Ticket]) -> Refused | None:
        """Refuse what the free balance does not cover; of a group the largest order counts."""
        if self.settings.assumptions.margin:
            return None
        wanted: dict[tuple[str, str], int] = {}
        for ticket in tickets:
            if not ticket.parent:
                currency, units = needed(*self._place(ticket.instrument), ticket)
                key = (ticket.group or ticket.client_id, currency)
                wanted[key] = max(wanted.get(key, 0), units)
        held = held_by_orders(self._books)
        for _, currency in wanted:
            units = sum(amount for (_, other), amount in wanted.items() if other == currency)
            if units > self.wallet.units.get(currency, 0) - held.get(currency, 0):
                return Refused(code="balance", text=f"not enough {currency} for the order")
        return None

    def _take(self, tickets: Sequence[Ticket], now: int, notes: Sequence[str]) -> list[Accepted]:
        numbers = []
        for book in {id(b): b for b, _ in map(self._ticket_place, tickets)}.values():
            book.prepare(len(tickets))
        for ticket, note in zip(tickets, notes, strict=True):
            book, index = self._ticket_place(ticket)
            write_request(book, index, ticket)
            numbers.append(self._register.take(book, ticket, self._date(ticket, now), note))
        for ticket in tickets:
            if self.settings.matching is Matching.PRINTS:
                self._touch(ticket, now)
            elif self._settles:
                self._settle(ticket)
        self._register.conclude(now)
        return [Accepted(report=self._answer(number)) for number in numbers]

    def _ticket_place(self, ticket: Ticket) -> tuple[Book, int]:
        return self._places[ticket.instrument]

    def _date(self, ticket: Ticket, now: int) -> int:
        """When an order counts as placed."""
        book, index = self._place(ticket.instrument)
        last = book.last_time(index)
        return ticket.decided if ticket.decided >= last else max(now, last)

    def _settle(self, ticket: Ticket) -> None:
        """Fill a market order at the close it was decided on, if that is still the last one."""
        book, index = self._ticket_place(ticket)
        if ticket.decided == book.last_time(index) > 0:
            book.settle(index)

    def _touch(self, ticket: Ticket, now: int) -> None:
        """Let an order take at once what it can: at the quote, else at the last price."""
        book, index = self._ticket_place(ticket)
        price = book.market.last(index)
        quote = self._quotes.get(ticket.instrument)
        if quote is not None:
            price = quote.ask if ticket.side > 0 else quote.bid
        if price > 0:
            lots = book.feed.lots[book.feed.next[index] - 1] if book.last_time(index) else 0
            self._step(book, index, price, price, lots, now)

    def _step(self, book: Book, index: int, before: int, after: int, lots: int, time: int) -> None:
        """Match a move of the price as a bar without length."""
        bar = BarClosed(
            instrument=str(book.instruments[index].id),
            length=0,
            time=max(time, book.last_time(index) + 1),
            open=before,
            high=max(before, after),
            low=min(before, after),
            close=after,
            volume=lots,
        )
        book.match([(index, bar)])
