"""The engine: one readable loop over time.

At each instant, in this order: bars that close now are matched against the orders that rest;
fills and order events are told to the strategy; then the bars are delivered, stream by stream;
what the strategy decides is settled at once where the settings say so; then the account is valued.

Events are therefore in the total order (time, execution before data, stream, sequence). Nothing
depends on hashing, threads or the wall clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import EVENT_OF, OrderEvent
from tradectl_sdk.engine.bars import NEVER, Bar
from tradectl_sdk.engine.buffers import floats, ints
from tradectl_sdk.engine.columns import (
    F_FEE,
    F_INSTRUMENT,
    F_LOTS,
    F_ORDER,
    F_POSITION,
    F_PRICE,
    F_SIDE,
    O_ID,
    O_INSTRUMENT,
    O_REASON,
)
from tradectl_sdk.engine.context import Fill, OrderUpdate
from tradectl_sdk.engine.orders import CHANGE_ENTRY, FILL_ENTRY, STATUSES

if TYPE_CHECKING:
    from tradectl_sdk.engine.bars import Feed
    from tradectl_sdk.engine.context import Context
    from tradectl_sdk.engine.desk import Desk
    from tradectl_sdk.engine.gate import Gate
    from tradectl_sdk.engine.venue import Venue
    from tradectl_sdk.strategy import Strategy

MODIFIED = int(OrderEvent.MODIFIED)
DENY = int(OrderEvent.DENY)
DONE, GROW, PAUSE = 0, 1, 2  # what run() returns
# Bars after which it pauses: a millisecond of compiled code, or a second of very slow code.
STRIDE = 65_536


class Engine:
    """A whole run as one kernel.

    Attributes:
        feed: The data and how far it was read.
        strategies: One per instrument, or a single one that sees all.
        equity: Value of the account at the end of each instant, in the account currency.
        times: The instants, UTC nanoseconds.
        instants: How many there were so far.
        warmup: Instants before orders are accepted.
    """

    def __init__(
        self,
        *,
        feed: Feed,
        strategies: list[Strategy],
        context: Context,
        desk: Desk,
        gate: Gate,
        settle_at_close: bool,
        warmup: int,
        instants: int,
    ) -> None:
        self.feed = feed
        self.strategies = strategies
        self.context = context
        self.desk = desk
        self.equity = floats(instants)
        # One series passes one instant per bar, so its own column serves.
        self.times = feed.time if feed.streams == 1 else ints(instants)
        self.instants = 0
        self.warmup = warmup
        self.bar = Bar()
        self.fill = Fill()
        self.update = OrderUpdate()
        self._gate = gate
        self._event_of = list(EVENT_OF)
        self._shared = len(strategies) == 1
        self._settle_at_close = settle_at_close
        self._following = 0  # the instant after the present one
        self._most_orders = self._most_fills = self._most_news = 0  # see _measure
        self._venue: Venue = desk.venue  # type: ignore[assignment]  # one that also matches
        self._booking = desk.venue.booking
        self._orders = desk.orders
        self._fills = desk.venue.booking.fills
        self._journal = desk.venue.booking.journal
        self._account = desk.account
        self._market = desk.market

    def _measure(self) -> None:
        """See how full the tables may be for whatever happens at one instant to fit into them."""
        orders, fills, journal, limit = self._orders, self._fills, self._journal, self.desk.limit
        self._most_orders = orders.capacity - 3 * limit
        self._most_fills = fills.capacity - 2 * (limit + 3)
        self._most_news = len(journal.entries) // 2 - 6 * (limit + 3) if journal.enabled else NEVER

    def _room(self) -> bool:
        """Whether whatever happens at one instant fits the tables."""
        working = self._orders.working
        return (
            self._orders.count < self._most_orders
            and self._fills.count + 2 * working < self._most_fills
            and self._journal.count + 6 * working < self._most_news
        )

    def _look_at(self, instrument: int) -> None:
        self.context.instrument = instrument
        self.context.position = self._account.position[instrument]

    def _tell(self) -> None:
        """Tell the strategy about fills and order events it has not heard of yet."""
        journal = self._journal
        while journal.told < journal.count:
            kind = journal.entries[2 * journal.told]
            subject = journal.entries[2 * journal.told + 1]
            journal.told += 1
            if kind == FILL_ENTRY:
                self._tell_fill(subject)
            elif kind <= CHANGE_ENTRY:
                code = CHANGE_ENTRY - kind
                self._tell_change(code % STATUSES, subject, code // STATUSES)
            else:
                self.update.event = self._event_of[kind]
                self._tell_update(kind, subject, self._orders.rows[subject, O_REASON])

    def _tell_fill(self, number: int) -> None:
        rows, at, fill, market = self._fills.rows, number, self.fill, self._market
        instrument = rows[at, F_INSTRUMENT]
        fill.instrument = instrument
        fill.order = rows[at, F_ORDER]
        fill.side = rows[at, F_SIDE]
        fill.quantity = market.to_quantity(instrument, rows[at, F_LOTS])
        fill.price = market.to_price(instrument, rows[at, F_PRICE])
        fill.fee = rows[at, F_FEE] / 100_000_000
        fill.position = market.to_quantity(instrument, rows[at, F_POSITION])
        self._look_at(instrument)
        self.strategies[0 if self._shared else instrument].on_fill(self.context, fill)

    def _tell_change(self, status: int, row: int, reason: int) -> None:
        self.update.event = MODIFIED if reason == 0 else DENY
        self._tell_update(status, row, reason)

    def _tell_update(self, status: int, row: int, reason: int) -> None:
        rows, update = self._orders.rows, self.update
        instrument = rows[row, O_INSTRUMENT]
        update.id = rows[row, O_ID]
        update.instrument = instrument
        update.status = status
        update.reason = reason
        self._look_at(instrument)
        self.strategies[0 if self._shared else instrument].on_order(self.context, update)


class SingleEngine(Engine):
    """An engine for one series: the next event needs no search."""

    def run(self) -> int:
        """Run to the end of the data (DONE); to be called again when it returns something else.

        GROW: a table needs more room before it can go on. PAUSE: Python may have a turn.
        """
        feed, desk, account = self.feed, self.desk, self._account
        bar, context, strategy = self.bar, self.context, self.strategies[0]
        observing, warmup = self._gate.observing, self.warmup
        equity, time, open_, high = self.equity, feed.time, feed.open, feed.high
        low, close, volume = feed.low, feed.close, feed.volume
        following, holding = feed.next, account.holding
        first = following[0]
        end = min(first + STRIDE, feed.end[0])
        desk.warming = first < warmup
        if desk.warming:
            end = min(end, warmup)  # so that no bar need ask
        self._check_lengths(first, end)
        self._measure()
        cash, held = account.cash_float, holding[0]
        desk.stirred = True
        for row in range(first, end):
            desk.time = now = time[row]
            if desk.stirred:
                fits = self._begin()
                if not fits:
                    self.instants = row
                    return GROW
            last = close[row]
            bar.time = now
            bar.open = open_[row]
            bar.high = high[row]
            bar.low = low[row]
            bar.close = last
            bar.volume = volume[row]
            following[0] = row + 1
            strategy.on_bar(context, bar)
            if desk.stirred:
                self._end()
                cash, held = account.cash_float, holding[0]
            value = cash + held * last
            equity[row] = value
            if observing:
                self._gate.observe(now, value)
        self.instants = end
        return DONE if end == feed.end[0] else PAUSE

    def _begin(self) -> bool:
        """Do what comes before the next bar is delivered; return False when a table lacks room.

        To be called only when orders work or something has happened since the last call.
        """
        if not self._room():
            return False
        self.desk.placed = 0
        if self._orders.working > 0:
            self._venue.match_bar(0, 0)
        if self._journal.told < self._journal.count:
            self._tell()
        self.context.position = self._account.position[0]
        return True

    def _end(self) -> None:
        """Settle what is due at the close, and say whether the next bar begins with orders."""
        desk, orders, journal = self.desk, self._orders, self._journal
        if self._settle_at_close and orders.working > 0:
            self._venue.settle(0, 0)
            if journal.told < journal.count:
                self._tell()
            self.context.position = self._account.position[0]
        desk.stirred = orders.working > 0 or desk.placed > 0 or journal.told < journal.count

    def _check_lengths(self, first: int, end: int) -> None:
        """Say once that no row is outside any column, so that the loop need not ask."""
        feed = self.feed
        prices = min(len(feed.open), len(feed.high), len(feed.low), len(feed.close))
        if first < 0 or end > min(len(feed.time), len(feed.volume), len(self.equity), prices):
            raise IndexError("the series is longer than its columns")


class ManyEngine(Engine):
    """An engine for several series: the earliest instant first, its streams in order."""

    def run(self) -> int:
        """Run to the end of the data (DONE); GROW and PAUSE are those of :class:`SingleEngine`."""
        feed, desk = self.feed, self.desk
        left = max(STRIDE // feed.streams, 1)
        self._measure()
        following = self._earliest()
        while following != NEVER:
            if left == 0:
                return PAUSE
            left -= 1
            if not self._room():
                return GROW
            now = following
            desk.time = now
            desk.placed = 0
            desk.warming = self.instants < self.warmup
            if self._orders.working > 0:
                self._venue.match(now)
            heard = self._mark(now)
            following = self._following
            if not heard:
                continue  # only a longer bar has ended; no moment of the run's own
            self._tell()
            for stream in range(feed.streams):
                if not feed.heard[stream]:
                    continue
                self._deliver(stream)
            value = self._account.equity()
            self.equity[self.instants] = value
            self.times[self.instants] = now
            self.instants += 1
            if self._gate.observing:
                self._gate.observe(now, value)
        return DONE

    def _earliest(self) -> int:
        """The next instant; NEVER at the end of the data."""
        feed, now = self.feed, NEVER
        for stream in range(feed.streams):
            now = min(now, feed.due[stream])
        return now

    def _mark(self, now: int) -> bool:
        """Make the bars that close now known; return whether any of them is to be delivered.

        On the way it finds the instant that follows, so that one walk over the streams serves both.
        """
        feed = self.feed
        found, following = False, NEVER
        for stream in range(feed.streams):
            heard = False
            if feed.due[stream] == now:
                feed.advance(stream)
                heard = feed.drives[stream]
                found = found or heard
            feed.heard[stream] = heard
            following = min(following, feed.due[stream])
        self._following = following
        return found

    def _deliver(self, stream: int) -> None:
        """Hand the bar of a stream that has just closed to its strategy."""
        feed, bar, context = self.feed, self.bar, self.context
        row, instrument = feed.next[stream] - 1, feed.instrument[stream]
        bar.instrument = instrument
        bar.time = feed.time[row]
        bar.open = feed.open[row]
        bar.high = feed.high[row]
        bar.low = feed.low[row]
        bar.close = feed.close[row]
        bar.volume = feed.volume[row]
        self._look_at(instrument)
        self.strategies[0 if self._shared else instrument].on_bar(context, bar)
        if self._settle_at_close and self._orders.working > 0:
            self._venue.settle(instrument, stream)
            self._tell()
