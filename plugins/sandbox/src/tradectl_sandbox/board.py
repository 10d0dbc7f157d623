"""The public side of one market: trades, book, bars, and what its streams say of them."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from tradectl_sandbox import book
from tradectl_sandbox.clock import MILLISECOND
from tradectl_sandbox.klines import Klines

if TYPE_CHECKING:
    from tradectl_sdk.data import Bars

    from tradectl_sandbox.klines import Event
    from tradectl_sandbox.listing import Listing
    from tradectl_sandbox.tape import Moment

KEPT = 1000  # latest trades that can be asked for
UPDATES = 10  # numbers a book's change takes up


class Board:
    """What everybody sees of one market.

    Attributes:
        listing: The symbol.
        klines: Its bars.
        last: Its latest trade.
        shift: Nanoseconds by which its bars were moved.
        skipped: Changes of the book that streams are still to leave out.
    """

    def __init__(self, listing: Listing, bars: Bars, shift: int) -> None:
        self.listing = listing
        self.klines = Klines(listing, bars, shift)
        self.last: Moment | None = None
        self.skipped = 0
        self.shift = shift
        self._trades: deque[Moment] = deque(maxlen=KEPT)
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._unit = max(int(bars.volume.mean()) // 100, 1)

    # What happens ----------------------------------------------------------------------------

    def trade(self, moment: Moment) -> dict[str, Event]:
        """Take a trade; return what makes what streams say of it, by the end of their names."""
        self.last = moment
        self._trades.append(moment)
        self.klines.trade(moment)
        update = self._change_book(moment)
        said: dict[str, Event] = {
            "trade": partial(self._trade_event, moment),
            "aggTrade": partial(self._agg_event, moment),
            "bookTicker": partial(self._ticker_event, moment),
        }
        if self.skipped > 0:
            self.skipped -= 1
        else:
            said |= dict.fromkeys(("depth", "depth@100ms", "depth@1000ms"), lambda: update)
        return said | self.klines.events(moment.time // MILLISECOND)

    def close(self, moment: Moment) -> dict[str, Event]:
        """Take the close of a bar; return what makes what streams say of it."""
        self.klines.close(moment)
        return self.klines.events(moment.time // MILLISECOND)

    def _change_book(self, moment: Moment) -> dict[str, Any]:
        bids, asks = self._sides(moment.price, moment.number)
        listing = self.listing
        event = {
            "e": "depthUpdate",
            "E": moment.time // MILLISECOND,
            "s": listing.name,
            "U": moment.number * UPDATES,
            "u": moment.number * UPDATES + UPDATES - 1,
            "b": self._levels(book.changes(self._bids, bids)),
            "a": self._levels(book.changes(self._asks, asks)),
        }
        self._bids, self._asks = bids, asks
        return event

    def _sides(self, price: int, number: int) -> tuple[dict[int, int], dict[int, int]]:
        return (
            book.side(price, number, -1, self._unit),
            book.side(price, number, +1, self._unit),
        )

    def _levels(self, levels: list[tuple[int, int]]) -> list[list[str]]:
        listing = self.listing
        return [[listing.price(ticks), listing.quantity(lots)] for ticks, lots in levels]

    # What can be asked -----------------------------------------------------------------------

    def depth(self, limit: int) -> dict[str, Any]:
        """Return the book as ``depth`` does."""
        number = self.last.number if self.last else 0
        bids = sorted(self._bids.items(), reverse=True)[:limit]
        asks = sorted(self._asks.items())[:limit]
        return {
            "lastUpdateId": number * UPDATES + UPDATES - 1,
            "bids": self._levels(bids),
            "asks": self._levels(asks),
        }

    def trades(self, limit: int) -> list[dict[str, Any]]:
        """Return the latest trades, oldest first."""
        return [
            {
                "id": one.number,
                "price": self.listing.price(one.price),
                "qty": self.listing.quantity(one.lots),
                "quoteQty": f"{self.listing.value(one.price, one.lots):.8f}",
                "time": one.time // MILLISECOND,
                "isBuyerMaker": one.side < 0,
                "isBestMatch": True,
            }
            for one in list(self._trades)[-limit:]
        ]

    def agg_trades(self, limit: int, first: int, start: int, end: int) -> list[dict[str, Any]]:
        """Return trades as ``aggTrades`` does; bounds of 0 are none."""
        found = [
            one
            for one in self._trades
            if one.number >= first
            and one.time // MILLISECOND >= start
            and (not end or one.time // MILLISECOND <= end)
        ]
        chosen = found[:limit] if first or start else found[-limit:]
        return [self._agg(one) | {"M": True} for one in chosen]

    def book_ticker(self) -> dict[str, Any]:
        """Return best prices as ``ticker/bookTicker`` does."""
        bid, ask = book.quote(self.last.price) if self.last else (0, 0)
        return {
            "symbol": self.listing.name,
            "bidPrice": self.listing.price(bid),
            "bidQty": self.listing.quantity(self._bids.get(bid, 0)),
            "askPrice": self.listing.price(ask),
            "askQty": self.listing.quantity(self._asks.get(ask, 0)),
        }

    def price_ticker(self) -> dict[str, Any]:
        """Return the last price as ``ticker/price`` does."""
        price = self.last.price if self.last else 0
        return {"symbol": self.listing.name, "price": self.listing.price(price)}

    # Events ----------------------------------------------------------------------------------

    def _trade_event(self, moment: Moment) -> dict[str, Any]:
        time = moment.time // MILLISECOND
        return {
            "e": "trade",
            "E": time,
            "s": self.listing.name,
            "t": moment.number,
            "p": self.listing.price(moment.price),
            "q": self.listing.quantity(moment.lots),
            "T": time,
            "m": moment.side < 0,
            "M": True,
        }

    def _agg(self, moment: Moment) -> dict[str, Any]:
        return {
            "a": moment.number,
            "p": self.listing.price(moment.price),
            "q": self.listing.quantity(moment.lots),
            "f": moment.number,
            "l": moment.number,
            "T": moment.time // MILLISECOND,
            "m": moment.side < 0,
        }

    def _agg_event(self, moment: Moment) -> dict[str, Any]:
        time = moment.time // MILLISECOND
        head = {"e": "aggTrade", "E": time, "s": self.listing.name}
        return head | self._agg(moment) | {"M": True}

    def _ticker_event(self, moment: Moment) -> dict[str, Any]:
        ticker = self.book_ticker()
        return {
            "u": moment.number * UPDATES + UPDATES - 1,
            "s": ticker["symbol"],
            "b": ticker["bidPrice"],
            "B": ticker["bidQty"],
            "a": ticker["askPrice"],
            "A": ticker["askQty"],
        }
