"""What is said between us and an exchange, as immutable values that also travel on the bus.

Prices are ticks, quantities lots, money 10^-8 of a currency, times UTC nanoseconds: the adapter
converts at the border. Instruments are named by their id, orders by our client id and, once known,
the venue's own id.

Three answers to a request are told apart and must never be mixed up: the venue took it, the venue
definitely did not take it, and nobody knows. The last is :class:`Unclear`; a time-out, a 5xx, a
broken connection or an answer that cannot be read after something was sent is always that.
"""

from __future__ import annotations

import msgspec


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """An order on its way to a venue; made from an approved order only.

    Attributes:
        client_id: Our id for it, derived from the intent and never from the attempt.
        instrument: ``SYMBOL.VENUE``.
        side: +1 buy, -1 sell.
        type: OrderType.
        time_in_force: TimeInForce.
        flags: OrderFlag bits.
        lots: Quantity.
        limit: Limit price in ticks, 0 for none.
        trigger: Trigger price in ticks, 0 for none.
        trail: Trailing distance as in the order table, 0 for none.
        expires: Last time it may fill, 0 for never.
        decided: Time of the market data the decision rests on.
        group: Client id of the first of the orders that cancel each other, empty for none.
        parent: Client id of the order whose fills activate it, empty for none.
    """

    client_id: str
    instrument: str
    side: int
    type: int
    time_in_force: int = 0
    flags: int = 0
    lots: int
    limit: int = 0
    trigger: int = 0
    trail: int = 0
    expires: int = 0
    decided: int
    group: str = ""
    parent: str = ""


class OrderRef(msgspec.Struct, frozen=True, kw_only=True):
    """Which order is meant: by our id, by the venue's, or by both."""

    instrument: str
    client_id: str = ""
    venue_id: str = ""


class OrderReport(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="order"):
    """What a venue says of an order.

    Attributes:
        status: OrderStatus, one of ACCEPTED and later, or HELD for an exit that the venue keeps
            until its entry fills; it is ACCEPTED then.
        lots: Its whole quantity.
        filled: Lots filled so far.
        reason: CloseReason or 0 where the venue's reason has no code of ours.
        text: The venue's own words, without secrets.
        time: The venue's time of the latest change.
    """

    instrument: str
    client_id: str = ""
    venue_id: str = ""
    status: int
    side: int
    type: int = 0
    lots: int
    filled: int = 0
    limit: int = 0
    trigger: int = 0
    reason: int = 0
    text: str = ""
    time: int = 0


class TradeReport(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="trade"):
    """A fill: a fact, named by the venue's trade id.

    Attributes:
        fee: 10^-8 units of ``fee_currency``; negative for a rebate.
        fee_currency: Empty for the quote currency of the instrument.
        reason: FillReason of a simulated venue, 0 elsewhere.
        reference: Price in ticks before slippage of a simulated venue, 0 elsewhere.
    """

    trade_id: str
    instrument: str
    client_id: str = ""
    venue_id: str = ""
    side: int
    lots: int
    price: int
    fee: int = 0
    fee_currency: str = ""
    maker: bool = False
    time: int = 0
    reason: int = 0
    reference: int = 0


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="accepted"):
    """The venue has it; what has become of it so far, where it says so."""

    report: OrderReport | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="refused"):
    """The venue has definitely not taken it; only codes documented to mean that become this."""

    code: str
    text: str = ""


class Unclear(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="unclear"):
    """Nobody knows whether the venue has it.

    Attributes:
        sent: Whether anything may have left this machine; False only when that is certain.
    """

    text: str
    sent: bool = True


class Absent(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="absent"):
    """The venue answered, and knows no such order. A failed question is never this."""


SubmitOutcome = Accepted | Refused | Unclear
CancelOutcome = Accepted | Refused | Unclear
QueryOutcome = OrderReport | Absent


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds of one currency, in 10^-8 units of it."""

    currency: str
    free: int
    held: int = 0

    @property
    def total(self) -> int:
        """Free and held together."""
        return self.free + self.held


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What a margin account holds of one contract, in signed lots."""

    instrument: str
    lots: int
    average_price: int = 0


class KeyPermissions(msgspec.Struct, frozen=True, kw_only=True):
    """What an API key may do; None where the venue does not tell."""

    trade: bool | None = None
    withdraw: bool | None = None
    restricted_by_address: bool | None = None


# Market data --------------------------------------------------------------------------------


class BarClosed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="bar"):
    """A bar that will not change any more.

    Attributes:
        length: Nanoseconds from open to close.
        time: When it closed.
    """

    instrument: str
    length: int
    time: int
    open: int
    high: int
    low: int
    close: int
    volume: int


class Print(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="print"):
    """A trade between others; ``side`` is the taker's."""

    instrument: str
    time: int
    price: int
    lots: int
    side: int = 0
    id: str = ""


class Quote(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="quote"):
    """The best prices on both sides."""

    instrument: str
    time: int
    bid: int
    bid_lots: int
    ask: int
    ask_lots: int


class FeedState(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="feed"):
    """Whether data of an instrument can be trusted; empty instrument for all.

    Attributes:
        live: False from a gap, a silence or a disconnect until data flow again, gapless.
        text: What happened.
    """

    instrument: str = ""
    live: bool
    text: str = ""


class AccountLink(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="link"):
    """Whether the private stream is connected; what happened while it was not is unknown."""

    up: bool
    text: str = ""


MarketEvent = BarClosed | Print | Quote | FeedState
AccountEvent = OrderReport | TradeReport | AccountLink
