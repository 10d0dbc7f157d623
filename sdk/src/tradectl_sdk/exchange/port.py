"""The port that an exchange adapter fills; it runs inside the gateway and nowhere else.

An adapter translates: it keeps no orders, decides nothing, retries no order, and never guesses.
All methods may be called concurrently from one event loop. Where a venue fails, an
:class:`~tradectl_sdk.errors.ExchangeError` is raised, except by :meth:`Exchange.submit` and
:meth:`Exchange.cancel`, whose three outcomes are values because each means something else.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange.card import Card
    from tradectl_sdk.exchange.values import (
        AccountEvent,
        Balance,
        BarClosed,
        CancelOutcome,
        KeyPermissions,
        MarketEvent,
        OrderRef,
        OrderReport,
        Position,
        QueryOutcome,
        SubmitOutcome,
        Ticket,
        TradeReport,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Market data that is wanted.

    Attributes:
        instrument: ``SYMBOL.VENUE``.
        kind: ``bars``, ``trades`` or ``quotes``.
        length: Nanoseconds a bar lasts; 0 for other kinds.
    """

    instrument: str
    kind: str = "bars"
    length: int = 0


class Exchange(abc.ABC):
    """One account at one venue, or its public side when there are no keys."""

    @property
    @abc.abstractmethod
    def card(self) -> Card:
        """What it can do."""

    @abc.abstractmethod
    async def open(self) -> None:
        """Connect and load what everything else needs; call it once, first."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Disconnect; orders stay as they are."""

    # Reference and market data -------------------------------------------------------------

    @abc.abstractmethod
    async def instruments(self) -> Sequence[Instrument]:
        """List what can be traded, with grid, fees and least order value."""

    @abc.abstractmethod
    async def venue_time(self) -> int:
        """Ask the venue's clock, UTC nanoseconds."""

    @abc.abstractmethod
    async def history(
        self, instrument: str, length: int, since: int, until: int
    ) -> Sequence[BarClosed]:
        """Return one page of closed bars that open in [since, until), oldest first.

        A page may hold fewer bars than asked for; an empty one means there are none at all.
        """

    @abc.abstractmethod
    def market_data(self, wanted: Sequence[Subscription]) -> AsyncIterator[MarketEvent]:
        """Yield market data until closed, reconnecting by itself.

        Whenever continuity is in doubt, a ``FeedState`` with ``live=False`` comes before the next
        datum, and one with ``live=True`` once data are gapless again. At the beginning data are
        live with the first datum, unless said otherwise.
        """

    # The account ---------------------------------------------------------------------------

    @abc.abstractmethod
    def account_events(self) -> AsyncIterator[AccountEvent]:
        """Yield order reports and trades as the venue tells of them, and the link's state."""

    @abc.abstractmethod
    async def submit(self, tickets: Sequence[Ticket]) -> Sequence[SubmitOutcome]:
        """Send one order, or a group whose ties the card says the venue keeps itself.

        Sent once, never repeated, whatever happens; returns one outcome per ticket.
        """

    @abc.abstractmethod
    async def cancel(self, order: OrderRef) -> CancelOutcome:
        """Ask for an order's end. Accepted means the request; the report tells of the end."""

    async def amend(self, order: OrderRef, ticket: Ticket) -> CancelOutcome:
        """Change quantity and prices of an order, where the card says it can."""
        raise NotImplementedError

    @abc.abstractmethod
    async def query(self, order: OrderRef) -> QueryOutcome:
        """Ask for one order."""

    @abc.abstractmethod
    async def open_orders(self) -> Sequence[OrderReport]:
        """List all working orders of the account."""

    @abc.abstractmethod
    async def closed_orders(self, instrument: str, since: int) -> Sequence[OrderReport]:
        """List orders of an instrument that have ended since a time."""

    @abc.abstractmethod
    async def trades(self, instrument: str, since: int) -> Sequence[TradeReport]:
        """List own trades of an instrument since a time, oldest first."""

    @abc.abstractmethod
    async def balances(self) -> Sequence[Balance]:
        """List what the account holds."""

    async def positions(self) -> Sequence[Position]:
        """List contracts held; a spot account has none."""
        return ()

    @abc.abstractmethod
    async def permissions(self) -> KeyPermissions:
        """Say what the key may do."""
