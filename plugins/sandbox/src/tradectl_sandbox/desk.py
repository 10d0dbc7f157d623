"""The account's side of the exchange: orders placed, cancelled and asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sdk.exchange import OrderRef, Refused

from tradectl_sandbox import book, refusals, reports
from tradectl_sandbox.listing import MOST_ORDERS
from tradectl_sandbox.refusals import NO_CANCEL, NO_ORDER, filter_failure, rejected
from tradectl_sandbox.terms import Market, Terms, client_id_of, read_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.exchange import Ticket
    from tradectl_sdk.paper import OrderRecord, PaperCore

    from tradectl_sandbox.clock import Clock
    from tradectl_sandbox.listing import Listing, Listings

WORDS = {
    "balance": "Account has insufficient balance for requested action.",
    "no_price": "Market is closed.",
    "min_notional": "Filter failure: NOTIONAL",
}
PAGE, MOST = 500, 1000


class Desk:
    """Speaks Binance to its clients and the engine's words to the paper venue."""

    def __init__(self, core: PaperCore, listings: Listings, clock: Clock) -> None:
        self._core = core
        self._listings = listings
        self._clock = clock
        self._made_up = 0

    # New orders ------------------------------------------------------------------------------

    def place(self, params: Mapping[str, str]) -> OrderRecord:
        """Take a new order.

        Raises:
            Refusal: If it is not taken.
        """
        listing = self.open_market(params)
        client_id = client_id_of(params, "newClientOrderId", self.make_id())
        ticket, terms = read_order(
            listing, params, self.market(listing), client_id, self._clock.now
        )
        self.check_room(listing, [ticket])
        (order,) = self.submit(listing, [(ticket, terms)])
        return order

    def try_place(self, params: Mapping[str, str]) -> None:
        """Check a new order and leave it at that.

        Raises:
            Refusal: If it would not be taken.
        """
        listing = self.open_market(params)
        read_order(listing, params, self.market(listing), "test", self._clock.now)

    def submit(self, listing: Listing, orders: Sequence[tuple[Ticket, Terms]]) -> list[OrderRecord]:
        """Hand orders to the venue, all of them or none.

        Raises:
            Refusal: If it does not take them.
        """
        tickets = [ticket for ticket, _ in orders]
        notes = [terms.note() for _, terms in orders]
        for outcome in self._core.submit(tickets, self._clock.now, notes=notes):
            if isinstance(outcome, Refused):
                word = WORDS.get(outcome.code, outcome.text)
                raise (
                    filter_failure("NOTIONAL") if outcome.code == "min_notional" else rejected(word)
                )
        return [self.by_id(listing, ticket.client_id) for ticket in tickets]

    def check_room(self, listing: Listing, tickets: Sequence[Ticket]) -> None:
        """Refuse an order with the id of one that works, and one too many.

        Raises:
            Refusal: In both cases.
        """
        working = self._working(listing)
        if {one.ticket.client_id for one in working} & {one.client_id for one in tickets}:
            raise rejected("Duplicate order sent.")
        if len(working) + len(tickets) > MOST_ORDERS:
            raise filter_failure("MAX_NUM_ORDERS")

    def market(self, listing: Listing) -> Market:
        """Prices that orders are judged by."""
        last = self._core.last_price(str(listing.instrument.id))
        bid, ask = book.quote(last) if last else (0, 0)
        return Market(last=last, bid=bid, ask=ask)

    def next_number(self) -> int:
        """Number that the next order will get."""
        state = self._core.ledger.state()
        return state.orders + 1 if state else 1

    def open_market(self, params: Mapping[str, str]) -> Listing:
        """Find a symbol that can be traded now.

        Raises:
            Refusal: If there is none, or it is closed.
        """
        listing = self._listings.named(params.get("symbol", ""))
        if listing.status != "TRADING":
            raise refusals.MARKET_CLOSED
        return listing

    def make_id(self) -> str:
        """Make a client id up."""
        self._made_up += 1
        return f"sandbox-{self._clock.wall:x}-{self._made_up}"

    # Cancellations ---------------------------------------------------------------------------

    def cancel(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Cancel an order; its order list goes with it.

        Raises:
            Refusal: If there is none that works.
        """
        listing, order = self.to_cancel(params)
        client_id = client_id_of(params, "newClientOrderId", self.make_id())
        self.end(listing, order)
        ended = self.by_number(listing, order.number)
        return reports.cancelled_body(listing, ended, client_id)

    def to_cancel(self, params: Mapping[str, str]) -> tuple[Listing, OrderRecord]:
        """Find the order that is to be cancelled.

        Raises:
            Refusal: If there is none that works.
        """
        listing = self._listings.named(params.get("symbol", ""))
        try:
            order = self.find(listing, params, "orderId", "origClientOrderId")
        except refusals.Refusal as error:
            raise NO_CANCEL if error.code == NO_ORDER.code else error from None
        if order.ended:
            raise NO_CANCEL
        return listing, order

    def end(self, listing: Listing, order: OrderRecord) -> None:
        """End an order and the others of its list."""
        number = Terms.read(order.note).list
        for one in [order] if number < 0 else self.of_list(listing, number):
            ref = OrderRef(instrument=str(listing.instrument.id), venue_id=str(one.number))
            self._core.cancel(ref, self._clock.now)

    def cancel_all(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """Cancel all orders of a symbol.

        Raises:
            Refusal: If there is none.
        """
        listing = self._listings.named(params.get("symbol", ""))
        working = self._working(listing)
        if not working:
            raise NO_CANCEL
        client_id, bodies = self.make_id(), []
        for order in working:
            self.end(listing, order)
            ended = self.by_number(listing, order.number)
            bodies.append(reports.cancelled_body(listing, ended, client_id))
        return bodies

    # Questions -------------------------------------------------------------------------------

    def find(
        self, listing: Listing, params: Mapping[str, str], by_number: str, by_id: str
    ) -> OrderRecord:
        """Find the order that is meant.

        Raises:
            Refusal: If there is no such order.
        """
        if params.get(by_number, "").isdecimal():
            return self.by_number(listing, int(params[by_number]))
        if not params.get(by_id):
            raise refusals.Refusal(
                -1102, f"Param '{by_id}' or '{by_number}' must be sent, but both were empty/null!"
            )
        return self.by_id(listing, params[by_id])

    def by_number(self, listing: Listing, number: int) -> OrderRecord:
        """Find an order by the exchange's number."""
        return _own(listing, self._core.ledger.by_number(number))

    def by_id(self, listing: Listing, client_id: str) -> OrderRecord:
        """Find the newest order of a client id."""
        return _own(listing, self._core.ledger.by_client_id(client_id))

    def of_list(self, listing: Listing, number: int) -> list[OrderRecord]:
        """Both orders of a list: it has the number of the first, the second comes next."""
        return [self.by_number(listing, number), self.by_number(listing, number + 1)]

    def open_orders(self, symbol: str) -> list[tuple[Listing, OrderRecord]]:
        """List working orders, of one symbol or of all."""
        wanted = self._listings.named(symbol) if symbol else None
        found = [
            (self._listings.of(order.ticket.instrument), order)
            for order in self._core.ledger.working()
        ]
        return [one for one in found if wanted is None or one[0] is wanted]

    def orders(self, listing: Listing, params: Mapping[str, str]) -> list[OrderRecord]:
        """List orders of a symbol as ``allOrders`` does."""
        first, start, end, limit = page_of(params, "orderId")
        most = 0 if start or end else limit
        found = self._core.ledger.orders(str(listing.instrument.id), first, most)
        kept = [o for o in found if _within(o.created, start, end)]
        return kept[:limit] if first or start else kept[-limit:]

    def trades(self, listing: Listing, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """List own trades of a symbol as ``myTrades`` does."""
        first, start, end, limit = page_of(params, "fromId")
        order = int(params.get("orderId") or 0)
        most = 0 if start or end or order else limit
        found = self._core.ledger.trades(str(listing.instrument.id), 0, first, most)
        kept = [
            one for one in found if _within(one.report.time, start, end) and order in {0, one.order}
        ]
        chosen = kept[:limit] if first or start else kept[-limit:]
        return [reports.trade_body(listing, one) for one in chosen]

    def placed(self, listing: Listing, order: OrderRecord, kind: str) -> dict[str, Any]:
        """Describe a new order in as many words as its client asked for."""
        trades = self._core.ledger.trades(str(listing.instrument.id), 0, 0, 50)
        own = [one for one in trades if one.order == order.number]
        return reports.placed_body(listing, order, own, kind)

    def _working(self, listing: Listing) -> list[OrderRecord]:
        return [order for _, order in self.open_orders(listing.name)]


def page_of(params: Mapping[str, str], first: str) -> tuple[int, int, int, int]:
    """First number, start and end in milliseconds, and limit; 0 for none of them."""
    names = (first, "startTime", "endTime")
    values = [int(params[name]) if params.get(name, "").isdecimal() else 0 for name in names]
    limit = int(params["limit"]) if params.get("limit", "").isdecimal() else PAGE
    return values[0], values[1], values[2], max(1, min(limit, MOST))


def _within(time: int, start: int, end: int) -> bool:
    milliseconds = time // 1_000_000
    return milliseconds >= start and (not end or milliseconds <= end)


def _own(listing: Listing, order: OrderRecord | None) -> OrderRecord:
    if order is None or order.ticket.instrument != str(listing.instrument.id):
        raise NO_ORDER
    return order
