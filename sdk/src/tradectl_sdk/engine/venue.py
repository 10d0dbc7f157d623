"""The simulated venue: what rests there, what fills, and at which price.

Within a bar three things are told apart. At the *open* market orders fill, and whatever the open
has jumped over; trailing stops follow it. *Inside* the bar stops and limits fill in the order the
path setting says. At its *end* trailing stops follow the bar's extreme. An order first meets a bar
that opened at or after it was placed, so nothing is ever filled at a price that was already known.
An order whose time runs out inside a bar fills at its open or not at all. A stop that has met its
trigger stays triggered: what the bar's volume could not fill follows at the next open.

Inside the bar, by path:

- worst case: stops before limits; a stop that protects a position opened inside the same bar may
  fill in it, a take profit may not, and an entry that the price passes on its way to the stop fills
  before it; a triggered stop-limit that does not fill at once rests until the next bar;
- open-high-low-close, or adaptive (the extreme nearer to the open comes first): orders fill in the
  order a straight walk along these points meets them; see :mod:`.walk`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderEvent, OrderType, TimeInForce
from tradectl_sdk.engine.bars import NEVER
from tradectl_sdk.engine.columns import (
    O_ACTIVE,
    O_EXPIRES,
    O_FILLED,
    O_ID,
    O_LIMIT,
    O_LOTS,
    O_NEXT,
    O_PARENT,
    O_REASON,
    O_SIDE,
    O_STATUS,
    O_TIF,
    O_TRIGGER,
    O_TYPE,
)
from tradectl_sdk.engine.orders import ACCEPTED
from tradectl_sdk.engine.reasons import CloseReason, FillReason
from tradectl_sdk.kernel.hints import soon

if TYPE_CHECKING:
    from tradectl_sdk.engine.bars import Feed
    from tradectl_sdk.engine.booking import Booking
    from tradectl_sdk.engine.gate import ApprovedOrder
    from tradectl_sdk.engine.walk import Walk

NEXT_OPEN, THIS_CLOSE, NEXT_CLOSE = 0, 1, 2  # settings.MarketFill
WORST_CASE, ADAPTIVE, OHLC = 0, 1, 2  # settings.BarPath

MARKET = int(OrderType.MARKET)
LIMIT = int(OrderType.LIMIT)
STOP_LIMIT = int(OrderType.STOP_LIMIT)
TRAILING_STOP = int(OrderType.TRAILING_STOP)
IOC = int(TimeInForce.IOC)
FOK = int(TimeInForce.FOK)
SUBMIT = int(OrderEvent.SUBMIT)
ACCEPT = int(OrderEvent.ACCEPT)
CANCEL = int(OrderEvent.CANCELED)
EXPIRE = int(OrderEvent.EXPIRE)
HOLD = int(OrderEvent.HOLD)
OUT_OF_TIME = int(CloseReason.EXPIRED)
NOT_AT_ONCE = int(CloseReason.NOT_AT_ONCE)
NOT_WHOLE = int(CloseReason.NOT_WHOLE)
MARKET_OPEN = int(FillReason.MARKET_OPEN)
MARKET_CLOSE = int(FillReason.MARKET_CLOSE)
LIMIT_OPEN = int(FillReason.LIMIT_OPEN)
LIMIT_CROSSED = int(FillReason.LIMIT_CROSSED)
LIMIT_TOUCHED = int(FillReason.LIMIT_TOUCHED)
LIMIT_BETTER = int(FillReason.LIMIT_BETTER)
STOP_OPEN = int(FillReason.STOP_OPEN)
STOP_TRIGGERED = int(FillReason.STOP_TRIGGERED)
STOP_REST = int(FillReason.STOP_REST)

SOON = 96  # bars that are fetched ahead: twelve cache lines


class Venue:
    """Matches working orders against bars.

    Attributes:
        booking: Where fills are booked; its tables are the venue's.
    """

    def __init__(
        self,
        feed: Feed,
        booking: Booking,
        walk: Walk,
        *,
        market_fill: int,
        touch: bool,
        path: int,
        share_millionths: int,
        exits_in_entry_bar: bool,
    ) -> None:
        self.booking = booking
        self.orders = booking.orders
        self._feed = feed
        self._walk = walk
        self._market_fill = market_fill
        self._touch = touch
        self._path = path
        self._share = share_millionths
        self._exits_in_entry_bar = exits_in_entry_bar

    def submit(self, approved: ApprovedOrder, now: int) -> int:
        """Take an approved order and return its row."""
        self._expect_fills(approved.request.instrument)
        orders = self.orders
        row = orders.add(approved.request, now)
        rows = orders.rows
        rows[row, O_LOTS] = approved.lots
        if rows[row, O_PARENT] > 0:
            rows[row, O_LOTS] = 0  # grows with its parent's fills
            orders.move(row, HOLD)
            return row
        orders.move(row, SUBMIT)
        orders.move(row, ACCEPT)
        rows[row, O_REASON] = approved.request.reason  # of the rule that made it smaller, if any
        orders.link(row)
        self.booking.expose(row, approved.lots)
        return row

    def _expect_fills(self, instrument: int) -> None:
        """Have what fills read fetched from memory while their orders are still looked at.

        Bars without orders leave these columns alone, so nothing else would bring them near; and
        who trades now tends to trade again soon.
        """
        feed = self._feed
        row = feed.next[feed.streams - len(self.orders.open) + instrument]
        soon(feed.open_ticks, row, SOON)
        if self._share > 0:
            soon(feed.lots, row, SOON)

    def cancel(self, row: int, now: int) -> bool:
        """Cancel an order; say whether it was working or held."""
        return self.booking.cancel(row, now)

    def modify(self, row: int, approved: ApprovedOrder, now: int) -> None:
        """Give an order the terms that were approved."""
        self.booking.modify(row, approved, now)

    def tie(self, first: int, second: int) -> None:
        """Let two working orders of one instrument cancel each other."""
        self.orders.tie(first, second)

    def match(self, now: int) -> None:
        """Match the bars that close now against the orders that rest, all opens first.

        So what is sold inside one bar pays for nothing at the open of another.
        """
        feed, open_ = self._feed, self.orders.open
        driving = feed.streams - len(open_)  # the last streams, one for each instrument in order
        for instrument in range(len(open_)):
            if open_[instrument] > 0 and feed.due[driving + instrument] == now:
                self.match_open(instrument, driving + instrument)
        if self.orders.working == 0:
            return
        for instrument in range(len(open_)):
            if open_[instrument] > 0 and feed.due[driving + instrument] == now:
                self.match_inside(instrument, driving + instrument)

    def match_bar(self, instrument: int, stream: int) -> None:
        """Match the next bar of the only stream, which is about to be delivered."""
        self.match_open(instrument, stream)
        if self.orders.open[instrument] > 0:  # seldom: a market order has filled
            self._pass_through(instrument, self._feed.next[stream])

    def match_open(self, instrument: int, stream: int) -> None:
        """Match the open of the next bar of a stream."""
        self._slot_of_next(stream, inside=False)
        self._at_open(instrument, self.booking.slot.open)

    def match_inside(self, instrument: int, stream: int) -> None:
        """Match the rest of the next bar of a stream, whose open was matched before."""
        self._slot_of_next(stream, inside=True)
        self._pass_through(instrument, self._feed.next[stream])

    def _slot_of_next(self, stream: int, inside: bool) -> None:
        slot, bar = self.booking.slot, self._feed.next[stream]
        slot.open = self._feed.open_ticks[bar]
        self._open_slot(stream, bar, inside)
        slot.left = self._left(stream, bar) if self._share > 0 else NEVER

    def _pass_through(self, instrument: int, bar: int) -> None:
        slot = self.booking.slot
        slot.inside = True
        slot.time = slot.known
        if self._path == WORST_CASE:
            self._worst_case(instrument)
        else:
            self._walk.run(instrument, bar, self._path == ADAPTIVE)
        if self._market_fill == NEXT_CLOSE:
            self._at_close(instrument, self._feed.close_ticks[bar])
        self._end(instrument)

    def settle(self, instrument: int, stream: int) -> None:
        """Fill market orders decided on the bar just delivered at its close (this_close)."""
        feed, slot = self._feed, self.booking.slot
        bar = feed.next[stream] - 1
        self._open_slot(stream, bar, inside=True)
        slot.left = self._left(stream, bar) if self._share > 0 else NEVER
        self._at_close(instrument, feed.close_ticks[bar])

    def _open_slot(self, stream: int, bar: int, inside: bool) -> None:
        feed, slot = self._feed, self.booking.slot
        slot.row = bar
        slot.known = feed.time[bar]
        slot.opened = slot.known - feed.length[stream]
        slot.time = slot.known if inside else slot.opened
        slot.inside = inside
        slot.bar = bar - feed.start[stream]

    def _left(self, stream: int, bar: int) -> int:
        """Lots of a bar's volume that our fills may still take."""
        feed, booking = self._feed, self.booking
        whole, rest = feed.lots[bar] // 1_000_000, feed.lots[bar] % 1_000_000
        share = whole * self._share + rest * self._share // 1_000_000
        instrument = feed.instrument[stream]
        if booking.met[instrument] != bar:
            booking.met[instrument] = bar
            booking.taken[instrument] = 0
        return share - booking.taken[instrument]

    def _eligible(self, row: int) -> bool:
        """Whether an order met this bar from its open on and is still working."""
        rows = self.orders.rows
        return rows[row, O_ACTIVE] <= self.booking.slot.opened and self.orders.alive(row)

    def _at_open(self, instrument: int, open_: int) -> None:
        rows, slot = self.orders.rows, self.booking.slot
        at_close = self._market_fill == NEXT_CLOSE
        row = self.orders.first[instrument]
        while row >= 0:
            expires = rows[row, O_EXPIRES]
            if 0 < expires <= slot.opened:
                self._expire(row)
            if self._eligible(row) and not (at_close and rows[row, O_TYPE] == MARKET):
                self._open_order(row, open_)
                if rows[row, O_TIF] == IOC and self.orders.alive(row):
                    self.booking.close(row, CANCEL, NOT_AT_ONCE, slot.known)
                elif rows[row, O_TIF] == FOK and self.orders.alive(row):
                    self.booking.close(row, CANCEL, NOT_WHOLE, slot.known)
            if 0 < expires < slot.known:
                self._expire(row)  # nobody knows which prices of the bar came before
            row = rows[row, O_NEXT]

    def _expire(self, row: int) -> None:
        if self.orders.alive(row):
            self.booking.close(row, EXPIRE, OUT_OF_TIME, self.orders.rows[row, O_EXPIRES])

    def _open_order(self, row: int, open_: int) -> None:
        """Fill an order at the open if the open lets it."""
        rows, booking = self.orders.rows, self.booking
        kind, side = rows[row, O_TYPE], rows[row, O_SIDE]
        if kind == MARKET:
            booking.execute(row, open_, False, MARKET_OPEN)
            return
        if not self.orders.rests(row):
            if rows[row, O_STATUS] > ACCEPTED:
                booking.execute(row, open_, False, STOP_REST)
                return
            if side * (open_ - rows[row, O_TRIGGER]) < 0:
                if kind == TRAILING_STOP:
                    booking.follow(row, open_)  # it comes first, whatever the bar does later
                return
            if kind != STOP_LIMIT:
                booking.strike(row, open_, STOP_OPEN)
                return
            booking.trigger(row)
        if side * (rows[row, O_LIMIT] - open_) > 0:
            booking.execute(row, open_, False, LIMIT_OPEN)

    def _worst_case(self, instrument: int) -> None:
        slot = self.booking.slot
        self._stops(instrument, slot.opened)
        self._limits(instrument)
        if self._exits_in_entry_bar:
            self._stops(instrument, slot.opened + 1)

    def _stops(self, instrument: int, stamp: int) -> None:
        """Fill the stops the bar reaches among those active since ``stamp`` or, later, at it."""
        rows, slot = self.orders.rows, self.booking.slot
        row = self.orders.first[instrument]
        while row >= 0:
            active = rows[row, O_ACTIVE]
            meets = active == stamp or (stamp == slot.opened and active < stamp)
            if (
                meets and rows[row, O_TYPE] > LIMIT and rows[row, O_STATUS] == ACCEPTED
            ):  # one that has met its trigger before had its turn at the open
                price = self._stop_price(rows[row, O_SIDE], rows[row, O_TRIGGER])
                if price > 0 and rows[row, O_PARENT] > 0:
                    self._enter_on_the_way(row)
                if price > 0 and self.orders.alive(row):
                    self._hit(row, price)
            row = rows[row, O_NEXT]

    def _hit(self, row: int, price: int) -> None:
        """Let a stop fill where the bar reaches it, or a stop-limit trigger there."""
        rows, booking = self.orders.rows, self.booking
        if rows[row, O_TYPE] != STOP_LIMIT:
            booking.strike(row, price, STOP_TRIGGERED)
            return
        booking.trigger(row)
        rows[row, O_ACTIVE] = booking.slot.opened + 2
        beyond = rows[row, O_SIDE] * (rows[row, O_LIMIT] - price)
        if beyond > 0 or (beyond == 0 and self._touch):
            booking.execute(row, price, False, STOP_TRIGGERED)

    def _enter_on_the_way(self, row: int) -> None:
        """Fill what is left of an entry that the price passes before its stop loss."""
        rows = self.orders.rows
        entry = self.orders.row_of(rows[row, O_PARENT])
        if entry < 0 or not self._eligible(entry) or not self.orders.rests(entry):
            return
        if rows[entry, O_SIDE] * (rows[entry, O_LIMIT] - rows[row, O_TRIGGER]) > 0:
            self._limit(entry)

    def _stop_price(self, side: int, trigger: int) -> int:
        """Where a stop fills inside the bar, or 0; one already passed fills where it opened."""
        slot = self.booking.slot
        low, high = self._feed.low_ticks[slot.row], self._feed.high_ticks[slot.row]
        if low <= trigger <= high:
            return trigger
        passed = trigger < low if side > 0 else trigger > high
        return slot.open if passed else 0

    def _limits(self, instrument: int) -> None:
        rows = self.orders.rows
        row = self.orders.first[instrument]
        while row >= 0:
            if self._eligible(row) and self.orders.rests(row):
                if rows[row, O_FILLED] > 0:
                    self._exit_first(row)
                if self.orders.alive(row):
                    self._limit(row)
            row = rows[row, O_NEXT]

    def _exit_first(self, row: int) -> None:
        """Let a take profit fill before its entry goes on: it may not gain by this bar's fills."""
        rows = self.orders.rows
        child = row + 1
        while child < self.orders.count and rows[child, O_PARENT] == rows[row, O_ID]:
            if self._eligible(child) and self.orders.rests(child):
                self._limit(child)
            child += 1

    def _limit(self, row: int) -> None:
        """Fill an order that waits at its limit if the bar goes through it."""
        rows, booking = self.orders.rows, self.booking
        low, high = self._feed.low_ticks[booking.slot.row], self._feed.high_ticks[booking.slot.row]
        limit, buys = rows[row, O_LIMIT], rows[row, O_SIDE] > 0
        beyond = limit - low if buys else high - limit
        worst = high if buys else low
        if beyond > 0 and (limit > worst if buys else limit < worst):
            # Marketable all bar long, yet not filled whole at the open.
            booking.execute(row, worst, False, LIMIT_BETTER)
        elif beyond > 0:
            booking.execute(row, limit, True, LIMIT_CROSSED)
        elif beyond == 0 and self._touch:
            booking.execute(row, limit, True, LIMIT_TOUCHED)

    def _at_close(self, instrument: int, close: int) -> None:
        rows = self.orders.rows
        row = self.orders.first[instrument]
        while row >= 0:
            if rows[row, O_TYPE] == MARKET and self.orders.alive(row):
                self.booking.execute(row, close, False, MARKET_CLOSE)
                if self.orders.alive(row) and rows[row, O_TIF] == IOC:
                    self.booking.close(row, CANCEL, NOT_AT_ONCE, self.booking.slot.known)
            row = rows[row, O_NEXT]

    def _end(self, instrument: int) -> None:
        """Let trailing stops follow the bar, wake what was put off inside it, end what is due."""
        rows, slot = self.orders.rows, self.booking.slot
        low, high = self._feed.low_ticks[slot.row], self._feed.high_ticks[slot.row]
        row = self.orders.first[instrument]
        while row >= 0:
            if rows[row, O_ACTIVE] > slot.opened and rows[row, O_ACTIVE] <= slot.opened + 2:
                rows[row, O_ACTIVE] = slot.opened
            if rows[row, O_TYPE] == TRAILING_STOP and self._eligible(row):
                self.booking.follow(row, low if rows[row, O_SIDE] > 0 else high)
            if 0 < rows[row, O_EXPIRES] <= slot.known:
                self._expire(row)
            row = rows[row, O_NEXT]
