"""Approved orders from the executor to the gateway, and the venue's answers on the way back.

Every request has a number that the gateway remembers: the same number again is answered from
memory, so a request may be repeated on the bus though an order is never repeated at the venue.

What the venue tells unasked is the *account stream*: OrderReport, TradeReport and AccountLink, and
nothing else. The gateway counts these from 1 in each of its lives, whether an executor listens or
not; that count is what ``executions`` means wherever it is found.
"""

from __future__ import annotations

import msgspec

from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.exchange.values import (
    Absent,
    Accepted,
    AccountLink,
    Balance,
    OrderRef,
    OrderReport,
    Position,
    Refused,
    Ticket,
    TradeReport,
    Unclear,
)


class Submit(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="submit"):
    """Send orders whose intent is on disk.

    Attributes:
        epoch: The executor's life; a gateway that has met a later one refuses.
    """

    request: int
    epoch: int
    tickets: tuple[Ticket, ...]


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="cancel"):
    """Cancel at the venue."""

    request: int
    epoch: int
    order: OrderRef


class AmendOrder(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="amend"):
    """Change at the venue."""

    request: int
    epoch: int
    order: OrderRef
    ticket: Ticket


class QueryOrder(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="query"):
    """Ask the venue for one order."""

    request: int
    epoch: int
    order: OrderRef


class FetchAccount(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="fetch"):
    """Ask the venue for open orders, ended orders, trades and balances.

    Attributes:
        since: Ended orders and trades from this time on.
    """

    request: int
    epoch: int
    instruments: tuple[str, ...]
    since: int


ToGateway = Submit | CancelOrder | AmendOrder | QueryOrder | FetchAccount


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="answered"):
    """The venue's answer to a submit (one outcome per ticket), cancel or amend."""

    request: int
    outcomes: tuple[Accepted | Refused | Unclear, ...]


class QueryAnswered(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="queried"):
    """What the venue said of one order. ``failed`` is not evidence of anything.

    Attributes:
        venue_time: The venue's clock when it answered, 0 when unknown.
    """

    request: int
    order: OrderRef
    result: OrderReport | Absent | None = None
    failed: str = ""
    venue_time: int = 0


class AccountFetched(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="fetched"):
    """The account as the venue shows it. A part is None when asking for it failed.

    Attributes:
        executions: How far the account stream had got before this; an executor that starts
            counts on from here.
    """

    request: int
    venue_time: int
    since: int
    open_orders: tuple[OrderReport, ...] | None = None
    closed_orders: tuple[OrderReport, ...] | None = None
    trades: tuple[TradeReport, ...] | None = None
    balances: tuple[Balance, ...] | None = None
    positions: tuple[Position, ...] | None = None
    failures: tuple[str, ...] = ()
    executions: Cursor = Cursor(0, 0)


class ClockOffset(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="clock"):
    """How far the venue's clock is ahead of ours, nanoseconds, and half the round trip."""

    offset: int
    uncertainty: int


FromGateway = (
    Answered
    | QueryAnswered
    | AccountFetched
    | OrderReport
    | TradeReport
    | AccountLink
    | ClockOffset
)
