"""What a host writes down of a session, in the order in which its strategy met it.

A session is one sequence of frames. Each life of the host opens with :class:`Began`; then come the
account it found, its warm-up, and, instant by instant, what was heard of the account, the bars,
what the strategy wanted, and what the account was worth. With the backtest's own engine that is
enough to replay the session. It is no journal of orders: that is the executor's, who alone knows
what reached the venue.

Fields are added with a default, never removed or renamed.
"""

from __future__ import annotations

import msgspec

from tradectl_sdk.bus.messages.events import AccountSnapshot, Filled, OrderChanged
from tradectl_sdk.bus.messages.intents import Cursor, Intents
from tradectl_sdk.exchange.values import BarClosed


class Began(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="began"):
    """A life of the host begins.

    Attributes:
        session: Name of the session.
        mode: ``paper`` or ``live``.
        strategy: Name of the strategy instance.
        epoch: Life of the host.
        time: When, by our clock, UTC nanoseconds.
        identity: Everything the run depends on, as in the identity of a backtest, as JSON.
        warmup: Instants before orders are accepted, as far as the settings say.
        version: Of tradectl.
    """

    session: str
    mode: str
    strategy: str
    epoch: int
    time: int
    identity: bytes
    warmup: int = 0
    version: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="found"):
    """The account as the executor showed it, at the start of a life or after the executor's."""

    snapshot: AccountSnapshot
    time: int


class Warmed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="warmed"):
    """Bars of one instant before the session, fed to the strategy with orders denied.

    Attributes:
        forecasts: As of :class:`Saw`.
    """

    bars: tuple[BarClosed, ...]
    forecasts: tuple[tuple[float, ...], ...] = ()


class Heard(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="heard"):
    """Something became of an order."""

    event: OrderChanged | Filled
    time: int


class Saw(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="saw"):
    """Bars of one instant were handed to the strategy.

    Attributes:
        at: Their place in the market stream.
        time: When, by our clock.
        late: Whether they fill a gap; orders were denied then.
        forecasts: Of each bar, what stands beside it of each signal, in the session's order; NaN
            where there is no forecast, and nothing beside a bar that was passed over.
    """

    at: Cursor
    bars: tuple[BarClosed, ...]
    time: int
    late: bool = False
    forecasts: tuple[tuple[float, ...], ...] = ()


class Denied(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="denied"):
    """The host's own gate refused an order.

    Attributes:
        reason: DenyReason.
        time: Of the instant.
    """

    number: int
    instrument: str
    side: int
    type: int
    time_in_force: int
    flags: int
    lots: int
    limit: int
    trigger: int
    trail: int
    expires: int
    reason: int
    time: int


class Decided(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="decided"):
    """What the strategy wanted, as it was sent."""

    intents: Intents
    time: int


class Valued(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="valued"):
    """The end of an instant.

    Attributes:
        at: The instant.
        equity: Value of the account in its currency.
        cash: Money units.
    """

    at: int
    equity: float
    cash: int


class Noticed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="noticed"):
    """Something that explains differences later.

    Attributes:
        what: ``gap``, ``stale``, ``fresh``, ``mended``, ``executor lost``, ``executor back``,
            ``executor changed``, ``switch`` or ``models late``.
        text: More of it.
    """

    what: str
    time: int
    text: str = ""


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="failed"):
    """The strategy raised, or the host could not go on."""

    time: int
    text: str
    traceback: str = ""


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="ended"):
    """The host stopped in good order."""

    time: int


Frame = Began | Found | Warmed | Heard | Saw | Denied | Decided | Valued | Noticed | Failed | Ended
