"""What a gateway's core is told besides messages, and what it asks of its shell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    Answered,
    ClockOffset,
    QueryAnswered,
    ToGateway,
)

if TYPE_CHECKING:
    from tradectl_sdk.exchange import Card, Subscription

SECOND = 1_000_000_000  # nanoseconds
EXECUTOR, MARKET, LOG = "executor", "market", "log"  # the ports of a gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRules:
    """How a gateway behaves, whatever the exchange.

    Attributes:
        streams: Market data of the session, in the order in which bars of one instant are told.
        grace: Nanoseconds that bars of one instant are waited for once the first is there.
        silence: Nanoseconds beyond a bar's length without any datum after which a stream is stale;
            0 for never, as when recorded data are replayed at another speed.
        clock_limit: Farthest the venue's clock may be from ours before sending is refused.
        clock_interval: Nanoseconds between two measurements of it.
        most_answers: Answers that are kept, to be given again should their request come again.
    """

    streams: tuple[Subscription, ...]
    grace: int = 2 * SECOND
    silence: int = 30 * SECOND
    clock_limit: int = SECOND
    clock_interval: int = 60 * SECOND
    most_answers: int = 20_000


class MeasureClock(msgspec.Struct, frozen=True):
    """Ask the venue what time it is."""


class ClockUnknown(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's clock could not be asked."""

    text: str


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """Something to ask of the exchange, once.

    Attributes:
        number: What :class:`Performed` refers to; unique in the gateway's life.
        what: The request as the executor made it, or a measurement of our own.
    """

    number: int
    what: ToGateway | MeasureClock


class Performed(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a call, whatever became of it."""

    number: int
    result: Answered | QueryAnswered | AccountFetched | ClockOffset | ClockUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The exchange is connected, and this is what it can do."""

    card: Card


class DataLost(msgspec.Struct, frozen=True, kw_only=True):
    """The stream of market data has ended and is begun anew."""

    text: str


class Wake(msgspec.Struct, frozen=True):
    """The time asked for has come."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A line for the log.

    Attributes:
        level: ``info``, ``warning`` or ``error``.
    """

    level: str
    text: str
