"""What open orders hold of a cash account's balances.

A buy order holds its remaining value at its limit, trigger or last price in the quote currency, and
the taker fee on it; a sell order holds its remaining quantity in the base currency. Of orders that
cancel each other only the largest counts; orders that only reduce, and exits that wait for their
entry, hold nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tradectl_sdk.engine.columns import (
    O_FILLED,
    O_FLAGS,
    O_GROUP,
    O_LIMIT,
    O_LOTS,
    O_NEXT,
    O_SIDE,
    O_TRIGGER,
)
from tradectl_sdk.paper.checking import REDUCE_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl_sdk.exchange.values import Ticket
    from tradectl_sdk.paper.book import Book


def held_by_orders(books: Iterable[Book]) -> dict[str, int]:
    """Money units of each currency that working orders hold."""
    held: dict[str, int] = defaultdict(int)
    for book in books:
        if book.account.margin:
            continue
        for index in range(book.market.count):
            _add_book(book, index, held)
    return held


def needed(book: Book, index: int, ticket: Ticket) -> tuple[str, int]:
    """Currency and money units that an order would hold."""
    price = ticket.limit or ticket.trigger or book.market.last(index)
    return _needs(book, index, ticket.side, ticket.lots, price)


def _add_book(book: Book, index: int, held: dict[str, int]) -> None:
    groups: dict[tuple[int, str], int] = {}
    rows, row = book.orders.rows, book.orders.first[index]
    while row >= 0:
        if not rows[row, O_FLAGS] & REDUCE_ONLY:
            price = rows[row, O_LIMIT] or rows[row, O_TRIGGER] or book.market.last(index)
            left = rows[row, O_LOTS] - rows[row, O_FILLED]
            currency, units = _needs(book, index, rows[row, O_SIDE], left, price)
            group = rows[row, O_GROUP]
            if group > 0:
                before = groups.get((group, currency), 0)
                groups[group, currency] = max(before, units)
                units = max(units - before, 0)
            held[currency] += units
        row = rows[row, O_NEXT]


def _needs(book: Book, index: int, side: int, lots: int, price: int) -> tuple[str, int]:
    instrument = book.instruments[index]
    if side > 0:
        value = book.market.value(index, price, lots)
        fee = max(book.fees.fee(index, lots, value, False, 0), 0)
        return instrument.quote, value + fee
    return instrument.base, book.account.coins(index, lots)
