"""The engine's venue for all instruments of one quote currency, running for ever.

A backtest's tables only grow. Here they are drained after each step, and orders that have ended are
taken out once there are many. Rows and the engine's ids change then; what stays is the number that
the paper venue gives an order.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.domain.records import ORDER_FIELDS
from tradectl_sdk.engine import Columns, FillReason, Market, ShareOfValue
from tradectl_sdk.engine.booking import Booking, Fills
from tradectl_sdk.engine.buffers import doubled, table
from tradectl_sdk.engine.columns import (
    O_ACTIVE,
    O_FILLED,
    O_GROUP,
    O_ID,
    O_INSTRUMENT,
    O_LOTS,
    O_NEXT,
    O_PARENT,
    O_STATUS,
    ORDER_WIDTH,
)
from tradectl_sdk.engine.costs import BasisPoints
from tradectl_sdk.engine.gate import Gate, chain
from tradectl_sdk.engine.orders import NOBODY, Journal, Orders
from tradectl_sdk.engine.settings import BarPath, LimitFill, MarketFill
from tradectl_sdk.engine.streaming import StreamBar, StreamingFeed
from tradectl_sdk.engine.venue import Venue
from tradectl_sdk.engine.walk import Walk
from tradectl_sdk.exchange.values import BarClosed
from tradectl_sdk.paper.wallet import WalletAccount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import FeeModel
    from tradectl_sdk.paper.records import OrderRecord
    from tradectl_sdk.paper.settings import PaperSettings
    from tradectl_sdk.paper.wallet import Wallet

HELD = int(OrderStatus.HELD)
MARKET_OPEN = int(FillReason.MARKET_OPEN)
_BARS_KEPT = 4
_EVENTS_AN_ORDER = 6  # that one step can make of one order, at most; see Engine
_SPARE = 16


class Book:
    """Working orders of some instruments, and what they are matched with.

    Attributes:
        instruments: What trades here; an index means its place in it.
        feed: The bars.
        market: Grid and last prices.
        account: The window on the wallet.
        orders: The order table.
        booking: Where fills are booked.
        venue: What matches.
        fees: What fills cost.
        gate: Where an order is written and checked on its way in.
        numbers: The paper venue's number of each row.
    """

    def __init__(
        self, instruments: Sequence[Instrument], wallet: Wallet, settings: PaperSettings
    ) -> None:
        assume = settings.assumptions
        self.instruments = list(instruments)
        self.feed = StreamingFeed(_BARS_KEPT)
        self.feed.load([_no_bars(index) for index in range(len(instruments))])
        self.market = Market(instruments, self.feed)
        self.account = WalletAccount(
            self.market, wallet, instruments, currency=instruments[0].quote, margin=assume.margin
        )
        room = 2 * settings.table_rows
        self.orders = Orders(len(instruments), room)
        self.journal = Journal(_EVENTS_AN_ORDER * room, enabled=True)
        self.fees: FeeModel = (settings.fees or ShareOfValue)(instruments)
        self.booking = Booking(
            feed=self.feed,
            orders=self.orders,
            fills=Fills(2 * room),
            account=self.account,
            market=self.market,
            journal=self.journal,
            fees=self.fees,
            slippage=settings.slippage(instruments)
            if settings.slippage
            else BasisPoints(assume.slippage_bps),
        )
        touch = assume.limit_fill is LimitFill.TOUCH
        self.venue = Venue(
            self.feed,
            self.booking,
            Walk(self.feed, self.booking, touch=touch),
            market_fill=list(MarketFill).index(assume.market_fill),
            touch=touch,
            path=list(BarPath).index(assume.bar_path),
            share_millionths=math.ceil(assume.volume_share * 1_000_000),
            exits_in_entry_bar=assume.exits_in_entry_bar,
        )
        self.gate = Gate(chain(()), self.account, self.market, observing=False)
        self.numbers: list[int] = []
        self._most_rows = settings.table_rows

    # Data ----------------------------------------------------------------------------------

    def last_time(self, index: int) -> int:
        """When the latest bar of an instrument closed, 0 before the first."""
        row = self.feed.next[index] - 1
        return self.feed.time[row] if row >= self.feed.start[index] else 0

    def match(self, bars: Sequence[tuple[int, BarClosed]]) -> None:
        """Match the bars of one instant, in the order of the instruments, and keep them."""
        self._make_room()
        known = [pair for pair in sorted(bars, key=_index) if self._is_next(*pair)]
        for index, bar in known:
            self.feed.length[index] = bar.length
            self.feed.append(index, self._stream_bar(index, bar))
        for index, _ in known:
            if self.orders.open[index] > 0:
                self.venue.match_open(index, index)
        for index, _ in known:
            if self.orders.open[index] > 0:
                self.venue.match_inside(index, index)
        for index, _ in known:
            self.feed.advance(index)

    def restore_bar(self, index: int, bar: BarClosed, taken: int) -> None:
        """Take over the bar that was matched last, and what our fills took of it."""
        self.feed.length[index] = bar.length
        self.feed.append(index, self._stream_bar(index, bar))
        self.booking.met[index] = self.feed.next[index]
        self.booking.taken[index] = taken
        self.feed.advance(index)

    def last_bar(self, index: int) -> BarClosed | None:
        """The bar of an instrument that was matched last."""
        feed, row = self.feed, self.feed.next[index] - 1
        if row < feed.start[index]:
            return None
        return BarClosed(
            instrument=str(self.instruments[index].id),
            length=feed.length[index],
            time=feed.time[row],
            open=feed.open_ticks[row],
            high=feed.high_ticks[row],
            low=feed.low_ticks[row],
            close=feed.close_ticks[row],
            volume=feed.lots[row],
        )

    def taken(self, index: int) -> int:
        """Lots of the latest bar that our fills took."""
        row = self.feed.next[index] - 1
        return self.booking.taken[index] if self.booking.met[index] == row else 0

    def _is_next(self, index: int, bar: BarClosed) -> bool:
        """Whether a bar begins after all that was matched; what comes again changes nothing."""
        last = self.last_time(index)
        return bar.time > last and bar.time - bar.length >= last

    def _stream_bar(self, index: int, bar: BarClosed) -> StreamBar:
        ticks = (bar.open, bar.high, bar.low, bar.close)
        to_price = self.market.to_price
        return StreamBar(
            time=bar.time,
            ticks=ticks,
            lots=bar.volume,
            prices=(
                to_price(index, bar.open),
                to_price(index, bar.high),
                to_price(index, bar.low),
                to_price(index, bar.close),
            ),
            volume=self.market.to_quantity(index, bar.volume),
        )

    # Orders --------------------------------------------------------------------------------

    def submit(self, number: int, now: int) -> int:
        """Take the order that the gate has approved and return its row."""
        row = self.venue.submit(self.gate.approved, now)
        self.numbers.append(number)
        return row

    def settle(self, index: int) -> None:
        """Fill market orders at the close of the latest bar."""
        self._make_room()
        if self.orders.open[index] > 0:
            self.venue.settle(index, index)

    def fill(self, row: int, price: int, lots: int, now: int) -> None:
        """Fill some lots of an order at a price, whatever the data say."""
        self._make_room()
        slot = self.booking.slot
        slot.left, slot.time, slot.known, slot.opened = lots, now, now, now
        slot.inside, slot.open = False, price
        slot.row = self.feed.next[self.orders.rows[row, O_INSTRUMENT]] - 1
        self.booking.execute(row, price, False, MARKET_OPEN)

    def prepare(self, orders: int) -> None:
        """Make room for so many more orders; rows may change."""
        if self.orders.count > self._most_rows:
            self._compact()
        self._make_room(orders)

    def row_of(self, number: int) -> int:
        """Row of an order by the paper venue's number, NOBODY when it is not in the table."""
        row = bisect_left(self.numbers, number)
        found = row < len(self.numbers) and self.numbers[row] == number
        return row if found else NOBODY

    def join(self, row: int, first: int) -> None:
        """Put an order into the group of another one, or make it the first of a new one."""
        rows = self.orders.rows
        if rows[first, O_GROUP] == 0:
            rows[first, O_GROUP] = rows[first, O_ID]
        if row != first:
            self.orders.join(row, rows[first, O_GROUP])

    def drain(self) -> None:
        """Forget the events and fills that have been told."""
        self.journal.count = self.journal.told = 0
        self.booking.fills.count = 0

    def _make_room(self, orders: int = 0) -> None:
        most = self.orders.working + orders + _SPARE
        while self.orders.count + orders >= self.orders.capacity:
            self.orders.rows = doubled(self.orders.rows)
        while self.booking.fills.count + 2 * most >= self.booking.fills.capacity:
            self.booking.fills.rows = doubled(self.booking.fills.rows)
        while self.journal.count + _EVENTS_AN_ORDER * most >= len(self.journal.entries) // 2:
            self.journal.entries = doubled(self.journal.entries)

    # Taking ended orders out ---------------------------------------------------------------

    def _compact(self) -> None:
        """Keep working and held orders, and the entries that held or working exits belong to."""
        rows = np.asarray(self.orders.rows)
        queues = [self._queue(index) for index in range(self.market.count)]
        live = [row for row in range(self.orders.count) if self._lives(row)]
        parents = {int(rows[row, O_PARENT]) - 1 for row in live if rows[row, O_PARENT] > 0}
        kept = sorted(parents.union(live))
        self._most_rows = max(self._most_rows, 2 * len(kept))
        self._refill(
            [tuple(rows[row].tolist()) for row in kept], [self.numbers[row] for row in kept]
        )
        place = {row: at for at, row in enumerate(kept)}
        for queue in queues:
            for row in queue:
                self.orders.link(place[row])

    def _lives(self, row: int) -> bool:
        return self.orders.rows[row, O_STATUS] == HELD or self.orders.alive(row)

    def _queue(self, index: int) -> list[int]:
        """Rows of an instrument's working orders, the oldest first."""
        queue, row = [], self.orders.first[index]
        while row >= 0:
            queue.append(row)
            row = self.orders.rows[row, O_NEXT]
        return queue

    def _refill(self, rows: Sequence[tuple[int, ...]], numbers: Sequence[int]) -> None:
        """Fill an empty table with rows that know each other by their ids; nothing is linked."""
        orders, count = self.orders, self.market.count
        orders.rows = table(max(orders.capacity, 2 * len(rows)), ORDER_WIDTH)
        orders.count, orders.working = len(rows), 0
        orders.open = [0] * count
        orders.first, orders.last = [NOBODY] * count, [NOBODY] * count
        ids = {row[O_ID]: at + 1 for at, row in enumerate(rows)}
        groups: dict[int, int] = {}
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                orders.rows[at, column] = value
            orders.rows[at, O_ID] = at + 1
            orders.rows[at, O_PARENT] = ids.get(row[O_PARENT], 0)
            if row[O_GROUP] > 0:  # its first order may be gone: the oldest that is left names it
                orders.rows[at, O_GROUP] = groups.setdefault(row[O_GROUP], at + 1)
            orders.rows[at, O_NEXT] = NOBODY
        self.numbers = list(numbers)

    # To and from the ledger ----------------------------------------------------------------

    def stored_row(self, row: int) -> tuple[int, ...]:
        """Fields of an order, naming orders by their lasting numbers."""
        values = np.asarray(self.orders.rows)[row, : len(ORDER_FIELDS)].tolist()
        for column in (O_ID, O_PARENT, O_GROUP):
            values[column] = self.numbers[values[column] - 1] if values[column] > 0 else 0
        return tuple(values)

    def restore(self, records: Sequence[OrderRecord], indexes: Sequence[int]) -> None:
        """Fill the empty table with orders from the ledger, given by number."""
        width = ORDER_WIDTH - len(ORDER_FIELDS)
        rows = []
        for record, index in zip(records, indexes, strict=True):
            fields = [*record.row, *(0,) * width]
            fields[O_INSTRUMENT], fields[O_ACTIVE] = index, record.active
            rows.append(tuple(fields))
        self._refill(rows, [record.number for record in records])
        for row in sorted(range(len(records)), key=lambda at: records[at].rank):
            if self.orders.alive(row):
                self.orders.link(row)
                left = self.orders.rows[row, O_LOTS] - self.orders.rows[row, O_FILLED]
                self.booking.expose(row, left)


def _index(pair: tuple[int, BarClosed]) -> int:
    return pair[0]


def _no_bars(index: int) -> Columns:
    none, nothing = np.zeros(0, np.int64), np.zeros(0)
    return Columns(
        instrument=index,
        length=1,
        time=none,
        ticks=(none,) * 4,
        lots=none,
        prices=(nothing,) * 4,
        volume=nothing,
    )
