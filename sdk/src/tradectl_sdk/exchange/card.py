"""What an exchange can do, declared once and held to by the conformance checks."""

from __future__ import annotations

from dataclasses import dataclass, field

# At run time, too: a card is written to disk and read again
from tradectl_sdk.domain.orders import OrderType, TimeInForce  # noqa: TC001

SECOND = 1_000_000_000  # nanoseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIds:
    """The form of the order ids that we choose.

    Attributes:
        length: Most characters.
        alphabet: Characters allowed.
        queryable: Whether the venue finds an order by it; without that, an unclear answer can only
            be resolved by time and size, and live trading refuses the venue unless told otherwise.
    """

    length: int = 32
    alphabet: str = "abcdefghijklmnopqrstuvwxyz0123456789"
    queryable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RateBudget:
    """How much may be asked of a venue.

    Attributes:
        weight: Weight that may be spent in any interval.
        interval: Its length in nanoseconds.
        reserved: Share kept for cancels and reconciliation, 0 to 1.
        orders: Whether orders are counted, one each, instead of the weight of requests.
    """

    weight: int
    interval: int
    reserved: float = 0.25
    orders: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The capabilities of one exchange as its adapter offers them.

    Attributes:
        order_types: What can rest at the venue itself; other types are held by the executor.
        times_in_force: Those the venue knows.
        post_only: Whether an order can be refused rather than take.
        reduce_only: Whether the venue itself keeps an order from opening a position.
        groups: ``oco`` and ``bracket``, where the venue ties orders itself.
        amends: Whether an order can be changed without being cancelled.
        client_ids: Form of the ids we choose; None when the venue takes none.
        market_data: Out of ``bars``, ``trades`` and ``quotes``, pushed by the venue.
        account_stream: Whether order reports and trades are pushed; else they are polled.
        closed_orders: Whether orders that have ended can be listed.
        trades_since: Whether own trades can be listed from a time on.
        cancel_all: Whether all orders of an instrument can be cancelled in one request.
        dead_man_switch: Whether the venue cancels all by itself when it does not hear from us.
        request_window: Nanoseconds after its time stamp in which the venue accepts a request.
        processing_timeout: Nanoseconds the venue may go on working on an accepted request.
        rates: The budgets that all requests share; every one of them must have room.
        simulated: Whether no real money can move.
        margin: Whether positions may be short.
    """

    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    post_only: bool = False
    reduce_only: bool = False
    groups: frozenset[str] = frozenset()
    amends: bool = False
    client_ids: ClientIds | None = field(default_factory=ClientIds)
    market_data: frozenset[str] = frozenset({"bars"})
    account_stream: bool = True
    closed_orders: bool = True
    trades_since: bool = True
    cancel_all: bool = False
    dead_man_switch: bool = False
    request_window: int = 5 * SECOND
    processing_timeout: int = 10 * SECOND
    rates: tuple[RateBudget, ...] = (RateBudget(weight=1200, interval=60 * SECOND),)
    simulated: bool = False
    margin: bool = False
