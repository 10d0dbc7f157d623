"""A ledger that lives as long as its process: for tests and simulations."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tradectl_sdk.paper.records import Changes, OrderRecord, TradeRecord, VenueState

Row = TypeVar("Row")


class MemoryLedger:
    """Keeps everything in dictionaries; several venues may be started from it in turn."""

    def __init__(self) -> None:
        self._state: VenueState | None = None
        self._orders: dict[int, OrderRecord] = {}
        self._working: set[int] = set()
        self._clients: dict[str, int] = {}
        self._trades: list[TradeRecord] = []

    def state(self) -> VenueState | None:
        """Return the latest state, None when the ledger is new."""
        return self._state

    def write(self, changes: Changes) -> None:
        """Keep a step."""
        for order in changes.orders:
            self._orders[order.number] = order
            self._clients[order.ticket.client_id] = max(
                order.number, self._clients.get(order.ticket.client_id, 0)
            )
            (self._working.discard if order.ended else self._working.add)(order.number)
        self._trades.extend(changes.trades)
        self._state = changes.state

    def working(self) -> list[OrderRecord]:
        """Return the orders that have not ended, by number."""
        return [self._orders[number] for number in sorted(self._working)]

    def by_number(self, number: int) -> OrderRecord | None:
        """Find an order by the venue's number."""
        return self._orders.get(number)

    def by_client_id(self, client_id: str) -> OrderRecord | None:
        """Find the newest order of a client id."""
        return self._orders.get(self._clients.get(client_id, 0))

    def ended(self, instrument: str, since: int) -> list[OrderRecord]:
        """Return the orders of an instrument that ended since a time, by number."""
        return [
            order
            for order in self._orders.values()
            if order.ended and order.ticket.instrument == instrument and order.time >= since
        ]

    def orders(self, instrument: str, first: int, most: int) -> list[OrderRecord]:
        """Return at most so many orders of an instrument from a number on, or the newest."""
        found = [
            order
            for order in self._orders.values()
            if order.ticket.instrument == instrument and order.number >= first
        ]
        return _page(found, first, most)

    def trades(self, instrument: str, since: int, first: int, most: int) -> list[TradeRecord]:
        """Return trades of an instrument, oldest first."""
        found = [
            trade
            for trade in self._trades
            if trade.report.instrument == instrument
            and trade.known >= since
            and trade.number >= first
        ]
        return _page(found, first, most)


def _page(rows: list[Row], first: int, most: int) -> list[Row]:
    if most <= 0:
        return rows
    return rows[:most] if first > 0 else rows[-most:]
