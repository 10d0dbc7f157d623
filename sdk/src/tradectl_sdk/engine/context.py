"""What a strategy can see and do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderFlag, OrderType, TimeInForce
from tradectl_sdk.engine.changes import Changes
from tradectl_sdk.engine.columns import (
    O_FILLED,
    O_FLAGS,
    O_ID,
    O_INSTRUMENT,
    O_LOTS,
    O_NEXT,
    O_SIDE,
    O_STATUS,
    O_TYPE,
)
from tradectl_sdk.engine.orders import NOBODY

if TYPE_CHECKING:
    from tradectl_sdk.engine.bars import Series, Signal
    from tradectl_sdk.engine.build import Lookup
    from tradectl_sdk.engine.desk import Desk

BUY, SELL = 1, -1
MARKET = int(OrderType.MARKET)
GTC = int(TimeInForce.GTC)
REDUCE_ONLY = int(OrderFlag.REDUCE_ONLY)
CLOSE_POSITION = int(OrderFlag.CLOSE_POSITION)


class Fill:
    """One fill, as ``on_fill`` sees it.

    Attributes:
        instrument: Index of the instrument.
        order: Id of the order.
        side: +1 bought, -1 sold.
        quantity: How much.
        price: At which price.
        fee: What it cost, in the account currency.
        position: Signed quantity held afterwards.
    """

    def __init__(self) -> None:
        self.instrument = 0
        self.order = 0
        self.side = 0
        self.quantity = 0.0
        self.price = 0.0
        self.fee = 0.0
        self.position = 0.0


class OrderUpdate:
    """What happened to an order other than a fill, as ``on_order`` sees it.

    Attributes:
        id: The order.
        instrument: Index of its instrument.
        status: Its OrderStatus afterwards, as an int.
        reason: DenyReason or CloseReason, as an int; 0 for none.
        event: What happened, an OrderEvent as an int. MODIFIED: it was changed as asked for. DENY:
            it was refused (then its status is DENIED), or a change was, and it works on unchanged.
    """

    def __init__(self) -> None:
        self.id = 0
        self.instrument = 0
        self.status = 0
        self.reason = 0
        self.event = 0


class Context:
    """A strategy's window on the market and its own account, and the way it places orders.

    Quantities are in units of the instrument and are rounded down to whole lots; prices must lie
    on the tick grid (:meth:`round_price`). Every order method returns the order's id at once; an
    order the risk gate refuses has an id too, and its reason is in the order list.

    Attributes:
        instrument: Index of the instrument whose event is being handled.
        position: Signed quantity held of that instrument.
    """

    def __init__(self, desk: Desk, lookup: Lookup) -> None:
        self.instrument = 0
        self.position = 0.0
        self._desk = desk
        self._lookup = lookup
        self._account = desk.account
        self._market = desk.market
        self._orders = desk.orders
        self._venue = desk.venue
        self._changes = Changes(desk)

    # What it can see -----------------------------------------------------------------------

    @property
    def time(self) -> int:
        """The present, UTC nanoseconds."""
        return self._desk.time

    @property
    def warming(self) -> bool:
        """Whether the strategy is being warmed up, so that orders are denied."""
        return self._desk.warming

    @property
    def cash(self) -> float:
        """Cash in the account currency."""
        return self._account.cash_float

    @property
    def equity(self) -> float:
        """Cash plus all positions at their last prices, in the account currency."""
        return self._account.equity()

    @property
    def price(self) -> float:
        """Last price of the present instrument."""
        return self._market.price(self.instrument)

    @property
    def open_orders(self) -> int:
        """Number of working orders of the present instrument."""
        return self._orders.open[self.instrument]

    def open_order(self, place: int, instrument: int = -1) -> int:
        """Id of a working order by its place, 0 for the oldest; 0 when there are fewer.

        Orders that worked before a session was started again are among them.

        Args:
            place: How many older ones there are.
            instrument: Index of the instrument; the present one unless given.
        """
        which = self.instrument if instrument == -1 else instrument
        if not 0 <= which < self._market.count:
            return 0
        row = self._orders.first[which]
        while row >= 0 and place > 0:
            row = self._orders.rows[row, O_NEXT]
            place -= 1
        return self._orders.rows[row, O_ID] if row >= 0 and place == 0 else 0

    def position_of(self, instrument: int) -> float:
        """Signed quantity held of any instrument."""
        return self._account.position[instrument]

    def price_of(self, instrument: int) -> float:
        """Last price of any instrument, 0 before its first."""
        return self._market.price(instrument)

    def round_price(self, price: float) -> float:
        """The price on the present instrument's tick grid nearest to a price."""
        return self._market.nearest_price(self.instrument, price)

    def status(self, order: int) -> int:
        """OrderStatus of an order as an int, -1 for an unknown id."""
        row = self._orders.row_of(order)
        return -1 if row == NOBODY else self._orders.rows[row, O_STATUS]

    def filled(self, order: int) -> float:
        """Quantity of an order filled so far."""
        row = self._orders.row_of(order)
        if row == NOBODY:
            return 0.0
        rows = self._orders.rows
        return self._market.to_quantity(rows[row, O_INSTRUMENT], rows[row, O_FILLED])

    def bar(self, timeframe: str, instrument: int = -1) -> Series:
        """Return completed bars of a timeframe; call it in ``on_start`` and keep the result.

        Args:
            timeframe: Such as ``1h``; a multiple of the run's own.
            instrument: Index of the instrument; the present one unless given.

        Raises:
            DataMissingError: If the run has no such bars.
        """
        return self._lookup.bar(timeframe, self.instrument if instrument < 0 else instrument)

    def bar_length(self, instrument: int = -1) -> int:
        """Nanoseconds from open to close of the run's own bars; call it in ``on_start``."""
        return self._lookup.bar_length(self.instrument if instrument < 0 else instrument)

    def signal(self, name: str, instrument: int = -1) -> Signal:
        """Return a prepared column; call it in ``on_start`` and keep the result.

        Raises:
            DataMissingError: If the run was given no such column.
        """
        return self._lookup.signal(name, self.instrument if instrument < 0 else instrument)

    # What it can do ------------------------------------------------------------------------

    def buy(
        self,
        quantity: float,
        limit: float = 0.0,
        stop: float = 0.0,
        take_profit: float = 0.0,
        stop_loss: float = 0.0,
        trail: float = 0.0,
        trail_bps: float = 0.0,
        time_in_force: int = GTC,
        until: int = 0,
        reduce_only: bool = False,
        instrument: int = -1,
    ) -> int:
        """Place a buy order and return its id.

        Args:
            quantity: How much, in units of the instrument.
            limit: Pay at most this price.
            stop: Become active when the price rises to this.
            take_profit: Once filled, sell at this price or better ...
            stop_loss: ... or when the price falls to this, whichever comes first.
            trail: Trail the lowest price by this much (a trailing stop).
            trail_bps: The same in basis points of the price.
            time_in_force: A TimeInForce.
            until: For GTD, the last time it may fill, UTC nanoseconds.
            reduce_only: Only make a short position smaller.
            instrument: Index of the instrument; the present one unless given.
        """
        flags = REDUCE_ONLY if reduce_only else 0
        return self._desk.place(
            BUY,
            float(quantity),
            float(limit),
            float(stop),
            float(take_profit),
            float(stop_loss),
            float(trail),
            float(trail_bps),
            time_in_force,
            until,
            flags,
            self.instrument if instrument == -1 else instrument,
        )

    def sell(
        self,
        quantity: float,
        limit: float = 0.0,
        stop: float = 0.0,
        take_profit: float = 0.0,
        stop_loss: float = 0.0,
        trail: float = 0.0,
        trail_bps: float = 0.0,
        time_in_force: int = GTC,
        until: int = 0,
        reduce_only: bool = False,
        instrument: int = -1,
    ) -> int:
        """Place a sell order and return its id; the mirror image of :meth:`buy`."""
        flags = REDUCE_ONLY if reduce_only else 0
        return self._desk.place(
            SELL,
            float(quantity),
            float(limit),
            float(stop),
            float(take_profit),
            float(stop_loss),
            float(trail),
            float(trail_bps),
            time_in_force,
            until,
            flags,
            self.instrument if instrument == -1 else instrument,
        )

    def close(self, instrument: int = -1) -> int:
        """Close the position with a market order; return its id, or 0 when there is none.

        Calling it again before it has filled returns the same order.
        """
        which = self.instrument if instrument == -1 else instrument
        if not 0 <= which < self._market.count:
            return self._deny(0.0, which)
        held = self._account.position[which]
        if held == 0.0:
            return 0
        rows = self._orders.rows
        row = self._orders.first[which]
        while row >= 0:
            if rows[row, O_FLAGS] & CLOSE_POSITION and self._orders.alive(row):
                return rows[row, O_ID]
            row = rows[row, O_NEXT]
        side = SELL if held > 0.0 else BUY
        flags = REDUCE_ONLY | CLOSE_POSITION
        return self._desk.place(side, abs(held), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, GTC, 0, flags, which)

    def target(self, quantity: float, instrument: int = -1) -> int:
        """Trade at market toward a signed position; return the order's id, or 0 for no need.

        Open market orders count as filled, so calling it every bar does not pile up orders.
        """
        which = self.instrument if instrument == -1 else instrument
        if not 0 <= which < self._market.count or not self._market.countable(which, abs(quantity)):
            return self._deny(quantity, which)
        rows = self._orders.rows
        lots = self._account.lots[which]
        row = self._orders.first[which]
        while row >= 0:
            if rows[row, O_TYPE] == MARKET and self._orders.alive(row):
                lots += rows[row, O_SIDE] * (rows[row, O_LOTS] - rows[row, O_FILLED])
            row = rows[row, O_NEXT]
        wanted = self._market.to_lots(which, abs(quantity))
        change = (wanted if quantity >= 0.0 else -wanted) - lots
        if change == 0:
            return 0
        size = self._market.to_quantity(which, abs(change))
        side = BUY if change > 0 else SELL
        return self._desk.place(side, size, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, GTC, 0, 0, which)

    def _deny(self, quantity: float, instrument: int) -> int:
        """Have an order denied that no instrument or no quantity can be found for."""
        size = float(quantity)
        return self._desk.place(BUY, size, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, GTC, 0, 0, instrument)

    def cancel(self, order: int) -> bool:
        """Cancel a working order; say whether it was working."""
        row = self._orders.row_of(order)
        return row != NOBODY and self._venue.cancel(row, self._desk.time)

    def modify(
        self, order: int, quantity: float = 0.0, limit: float = 0.0, stop: float = 0.0
    ) -> bool:
        """Change a working order, or an exit that waits for its entry; say whether it was done.

        The change passes the risk gate like a new order of what would be left to fill. When it is
        refused, the order works on as it was, and ``on_order`` is told why. Another price or a
        larger quantity costs the order its place among those at the same price; a smaller quantity
        does not. What is asked for as it is already changes nothing.

        Args:
            order: Its id.
            quantity: The whole quantity, what has been filled included; 0 leaves it. The exits of
                a bracket have none of their own: they are as large as what their entry has filled.
            limit: Another limit price, for an order that has one; 0 leaves it.
            stop: Another trigger, for a stop or stop-limit order that has not met it; 0 leaves it.
        """
        return self._changes.make(order, float(quantity), float(limit), float(stop))

    def cancel_all(self, instrument: int = -1) -> int:
        """Cancel all working orders of an instrument; return how many there were."""
        which = self.instrument if instrument == -1 else instrument
        count = 0
        if not 0 <= which < self._market.count:
            return count
        row = self._orders.first[which]
        while row >= 0:
            after = self._orders.rows[row, O_NEXT]
            if self._venue.cancel(row, self._desk.time):
                count += 1
            row = after
        return count

    def one_cancels_other(self, first: int, second: int) -> bool:
        """Tie two working orders of one instrument: what one fills is taken off the other.

        Orders that either is tied to already join in. Returns whether it could be done.
        """
        a, b = self._orders.row_of(first), self._orders.row_of(second)
        rows = self._orders.rows
        if min(a, b) == NOBODY or a == b or rows[a, O_INSTRUMENT] != rows[b, O_INSTRUMENT]:
            return False
        if not (self._orders.alive(a) and self._orders.alive(b)):
            return False
        self._venue.tie(a, b)
        return True
