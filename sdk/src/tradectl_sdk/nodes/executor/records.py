"""What an executor writes down: facts, each of which changes its state in one way.

Records are arrays in MessagePack, beginning with their tag. Rules for change: a field is appended
with a default, never removed, moved or given another type; a test decodes the bytes of every
released version. Times are UTC nanoseconds, prices ticks, quantities lots, money 10^-8 units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tradectl_sdk.exchange.values import TradeReport  # noqa: TC001 - msgspec reads annotations
from tradectl_sdk.nodes.executor.order import Order  # noqa: TC001 - msgspec reads annotations
from tradectl_sdk.nodes.executor.order_records import (
    Altered,
    Asked,
    Booked,
    Cleared,
    Doubted,
    Ending,
    Moved,
    Placed,
    Replaced,
    Revived,
    Seen,
    Sent,
    Tied,
    Trailed,
    Triggered,
    Unparked,
)
from tradectl_sdk.nodes.executor.order_records import Record as _Base

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Altered",
    "Asked",
    "Booked",
    "Checkpointed",
    "Cleared",
    "Compared",
    "Doubted",
    "Ending",
    "Failed",
    "Forgot",
    "Funded",
    "HostMet",
    "IntentsRead",
    "Moved",
    "Noticed",
    "Orphaned",
    "Placed",
    "Proven",
    "Recalled",
    "Record",
    "Repaired",
    "Replaced",
    "Revived",
    "RulesNoted",
    "Seen",
    "Sent",
    "Shifted",
    "Started",
    "Switched",
    "Terms",
    "Tied",
    "Trailed",
    "Triggered",
    "Unparked",
    "decode",
    "encode",
]


class Terms(msgspec.Struct, frozen=True, array_like=True):
    """An instrument as this journal's numbers are to be read; exact numbers as text."""

    symbol: str
    venue: str
    base: str
    quote: str
    tick_size: str
    lot_size: str
    multiplier: str
    min_notional: str = "0"


class Started(_Base, frozen=True, tag="start"):
    """A life of the executor begins."""

    epoch: int
    account: str
    strategy: str
    margin: bool
    instruments: tuple[Terms, ...]


class HostMet(_Base, frozen=True, tag="host"):
    """A life of the strategy's host begins; orders of earlier ones stay."""

    epoch: int


class IntentsRead(_Base, frozen=True, tag="read"):
    """The host's message of this number has been dealt with."""

    number: int


class Switched(_Base, frozen=True, tag="switch"):
    """The kill switch moved."""

    state: str
    by: str
    text: str
    flatten: bool = False


class Proven(_Base, frozen=True, tag="proof"):
    """The venue showed that nothing of ours works any more, after a halt."""


class Failed(_Base, frozen=True, tag="failed"):
    """The strategy raised, or hangs."""

    epoch: int
    text: str
    traceback: str


class Noticed(_Base, frozen=True, tag="note"):
    """Something that should not happen, and changes nothing: kept for people to read."""

    what: str
    key: int = 0
    text: str = ""


class Orphaned(_Base, frozen=True, tag="orphan"):
    """A trade whose order is not known yet, or is not ours."""

    trade: TradeReport


class Funded(_Base, frozen=True, tag="fund"):
    """What the account is taken to hold of a currency beside what we traded.

    Attributes:
        units: Balance that is not explained by cash and positions.
        cash: Cash from now on, in the currency of the account; None leaves it.
    """

    currency: str
    units: int
    cash: int | None = None


class Shifted(_Base, frozen=True, tag="shift"):
    """A position was taken over from the venue."""

    instrument: str
    lots: int


class Compared(_Base, frozen=True, tag="compare"):
    """The account was compared with the venue.

    Attributes:
        differences: One sentence each; none when the two agree.
        applied: Whether what differed was taken over.
    """

    venue_time: int
    differences: tuple[str, ...] = ()
    applied: bool = False


class RulesNoted(_Base, frozen=True, tag="rules"):
    """What rules remember, as far as it changed: rule -> name -> value."""

    values: dict[str, dict[str, int | float | bool | str]]


class Forgot(_Base, frozen=True, tag="forget"):
    """Orders that have ended, and trade ids, leave memory; the journal keeps them.

    Attributes:
        orders: The orders as they ended.
        trades: How many of the oldest trade ids are dropped.
    """

    orders: tuple[Order, ...]
    trades: int = 0


class Recalled(_Base, frozen=True, tag="recall"):
    """An order that had left memory is needed again."""

    order: Order


class Checkpointed(_Base, frozen=True, tag="checkpoint"):
    """The state after record ``seq`` was kept whole; its digest ties it into the chain."""

    seq: int
    digest: bytes


class Repaired(_Base, frozen=True, tag="repair"):
    """What came after record ``seq`` was damaged and has been set aside on a person's word."""

    seq: int
    text: str


Record = (
    Started
    | HostMet
    | IntentsRead
    | Placed
    | Sent
    | Moved
    | Seen
    | Booked
    | Altered
    | Ending
    | Asked
    | Cleared
    | Doubted
    | Replaced
    | Revived
    | Unparked
    | Triggered
    | Trailed
    | Tied
    | Switched
    | Proven
    | Failed
    | Noticed
    | Orphaned
    | Funded
    | Shifted
    | Compared
    | RulesNoted
    | Forgot
    | Recalled
    | Checkpointed
    | Repaired
)

_DECODER = msgspec.msgpack.Decoder(Record)
# Returns a record's bytes.
encode: Callable[[Record], bytes] = msgspec.msgpack.Encoder().encode


def decode(body: bytes) -> Record:
    """Return the record that bytes hold.

    Raises:
        msgspec.DecodeError: If they hold none.
    """
    found: Record = _DECODER.decode(body)
    return found
