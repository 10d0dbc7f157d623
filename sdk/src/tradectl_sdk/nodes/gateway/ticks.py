"""Trades and quotes between two settlings of the gateway: columns of ticks, newest quotes only."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.market import Quotes, Ticks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.bus.messages.intents import Cursor
    from tradectl_sdk.exchange import Print, Quote

_COLUMNS = 4


class Tape:
    """Collects what is to be told at the next settling."""

    def __init__(self) -> None:
        self._prints: dict[str, tuple[array[int], ...]] = {}
        self._quotes: dict[str, Quote] = {}

    def add_print(self, trade: Print) -> None:
        """Take a trade."""
        columns = self._prints.get(trade.instrument)
        if columns is None:
            columns = tuple(array("q") for _ in range(_COLUMNS))
            self._prints[trade.instrument] = columns
        for column, value in zip(
            columns, (trade.time, trade.price, trade.lots, trade.side), strict=True
        ):
            column.append(value)

    def add_quote(self, quote: Quote) -> None:
        """Take the latest prices; they replace those that were not told yet."""
        self._quotes[quote.instrument] = quote

    def take(self, executions: Cursor) -> Iterator[Ticks | Quotes]:
        """Yield what was collected, and forget it."""
        for instrument, columns in self._prints.items():
            time, price, lots, side = map(_little_endian, columns)
            yield Ticks(
                executions=executions,
                instrument=instrument,
                time=time,
                price=price,
                lots=lots,
                side=side,
            )
        if self._quotes:
            yield Quotes(executions=executions, quotes=tuple(self._quotes.values()))
        self._prints.clear()
        self._quotes.clear()


def _little_endian(column: array[int]) -> bytes:
    if sys.byteorder == "big":  # pragma: no cover - no such machine at hand
        column.byteswap()
    return column.tobytes()
