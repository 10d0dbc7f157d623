"""Why an order was filled, denied or closed: stable codes with a sentence each."""

from __future__ import annotations

import enum


class _Explained(enum.IntEnum):
    summary: str

    def __new__(cls, value: int, summary: str) -> _Explained:
        member = int.__new__(cls, value)
        member._value_ = value
        member.summary = summary
        return member


class FillReason(_Explained):
    """Why this price, now."""

    MARKET_OPEN = 1, "market order: the open of the first bar after the decision"
    MARKET_CLOSE = 2, "market order: the close of the bar, as market_fill says"
    LIMIT_OPEN = 3, "the bar opened beyond the limit: the better opening price"
    LIMIT_CROSSED = 4, "the price went through the limit: the limit price"
    LIMIT_TOUCHED = 5, "the price touched the limit, as limit_fill says: the limit price"
    STOP_OPEN = 6, "the bar opened beyond the trigger: the worse opening price"
    STOP_TRIGGERED = 7, "the price reached the trigger: the trigger price"
    STOP_REST = 8, "what the volume left of a triggered stop: the open of the next bar"
    LIMIT_BETTER = 9, "the price was better than the limit once the order could fill: that price"


class DenyReason(_Explained):
    """Why the risk gate refused an order; the order never reached the venue."""

    WARMING = 1, "the strategy is still warming up"
    ENDED = 2, "the run has no more data"
    BAD_QUANTITY = 3, "the quantity is not a finite number above zero"
    ZERO_LOTS = 4, "the quantity is less than one lot"
    BAD_PRICE = 5, "a price is not a finite number above zero"
    OFF_TICK = 6, "a price lies between two ticks; ctx.round_price puts it on the grid"
    NO_INSTRUMENT = 7, "there is no instrument of that index"
    NO_PRICE = 8, "the instrument has not traded yet"
    TOO_MANY_ORDERS = 9, "the strategy placed more orders at one instant than allowed"
    TOO_LARGE = 10, "its value, or the account with it, would not fit exact arithmetic"
    NOTHING_TO_REDUCE = 11, "a reduce-only order would open or increase a position"
    NO_EXPIRY = 12, "an order good till a date needs one in the future"
    BAD_BRACKET = 13, "take profit and stop loss are on the wrong sides of the entry"
    BAD_TERMS = 14, "time in force, expiry and prices do not go together"
    EXIT_REFUSED = 15, "an exit of its bracket would be refused, and without it nothing protects it"
    NOT_WORKING = 16, "the order that was to be changed has ended"
    NOT_CHANGEABLE = 17, "the order has no such price, or no quantity of its own, to change"
    BELOW_FILLED = 18, "more than that has been filled already"
    CASH = 20, "cash, less what open orders may need, does not cover it"
    SHORT = 21, "a cash account cannot sell what it does not hold"
    MARGIN = 22, "equity does not cover the margin needed"
    ORDER_SIZE = 23, "the quantity is above the limit per order"
    NOTIONAL = 24, "the value is above the limit per order"
    MIN_NOTIONAL = 25, "the value is below the venue's minimum"
    POSITION = 26, "the position could grow above its limit"
    ORDER_RATE = 27, "more orders in the interval than allowed"
    COLLAR = 28, "the price is too far from the last one"
    DAILY_LOSS = 29, "today's loss reached its limit; only reducing orders pass"
    CUSTOM = 30, "a rule from a plugin refused it"
    STALE = 40, "market data were stale or behind; only reducing orders pass"
    HALTED = 41, "the kill switch is at halted; nothing passes until a person releases it"
    REDUCING = 42, "the kill switch is at reducing; only reducing orders pass"
    UNKNOWN_ORDER = 43, "the fate of another order of the instrument is unknown; only reducing pass"
    CLOCK = 44, "our clock and the venue's are too far apart, or their distance is not known"
    NOT_RECONCILED = 45, "our account has not been found to agree with the venue's"
    UNSUPPORTED = 46, "the venue lacks this order type or time in force, and it cannot be held here"


class CloseReason(_Explained):
    """Why an accepted order ended without being filled whole."""

    REQUESTED = 101, "the strategy cancelled it"
    EXPIRED = 102, "its time in force ran out"
    NOT_AT_ONCE = 103, "what could not be filled at once was cancelled (IOC)"
    NOT_WHOLE = 104, "it could not be filled at once in full (FOK)"
    SIBLING_FILLED = 105, "another order of its group was filled"
    PARENT_ENDED = 106, "the order it depended on ended unfilled"
    CASH_AT_FILL = 107, "the venue: cash did not cover the price it would have filled at"
    NOTHING_LEFT = 108, "there was no position left to reduce"
    EXIT_FILLED = 109, "an exit of its bracket was filled before it was filled whole"
    TOO_LARGE_AT_FILL = (
        110,
        "the venue: its value, or the account, would not fit exact arithmetic",
    )
    UNHEARD = (
        119,
        "it ended while nobody could tell the strategy; the account holds what came of it",
    )
    VENUE_REFUSED = 120, "the venue refused it; its words are kept with the order"
    NOT_SENT = 121, "it could not be sent; certainly nothing reached the venue"
    NEVER_ARRIVED = 122, "proven never to have reached the venue"
    VANISHED = 123, "the venue had it and, asked in every way, knows nothing of it any more"
    SWITCH = 124, "the kill switch cancelled it"
    VENUE_ENDED = 125, "the venue ended it of its own accord"


REASONS: dict[int, _Explained] = {
    int(member): member for kind in (DenyReason, CloseReason) for member in kind
}
