"""Market data from the gateway to everybody who listens."""

from __future__ import annotations

import msgspec

from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.exchange.values import BarClosed, FeedState, Quote


class Bars(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="bars"):
    """Bars that closed at one instant, in the order of the session's streams.

    Attributes:
        executions: How far the account stream had got before these bars were known.
        late: Whether bars of a later instant were published before these.
    """

    executions: Cursor
    bars: tuple[BarClosed, ...]
    late: bool = False


class Ticks(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="ticks"):
    """Trades of one instrument as columns: little-endian int64 arrays of equal length."""

    executions: Cursor
    instrument: str
    time: bytes
    price: bytes
    lots: bytes
    side: bytes = b""


class Quotes(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="quotes"):
    """The latest best prices; a newer one replaces an older one that was not yet sent."""

    executions: Cursor
    quotes: tuple[Quote, ...]


class Feed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="feed"):
    """Whether data can be trusted."""

    executions: Cursor
    state: FeedState


MarketMessage = Bars | Ticks | Quotes | Feed
