"""One account, or the public side, of an exchange that ccxt knows."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, TypeVar

from tradectl_sdk.domain.orders import OrderType
from tradectl_sdk.errors import (
    ClockSkewError,
    ExchangeRefusedError,
    TradectlError,
    TransportError,
)
from tradectl_sdk.exchange import (
    Card,
    ClockEstimate,
    Credentials,
    Exchange,
    RateLimiter,
)

from tradectl_ccxt import account, history, streams
from tradectl_ccxt.calls import CALL, Call, Turnstile
from tradectl_ccxt.client import budgets_of, check_client, make_client
from tradectl_ccxt.dialects import GENERIC, Dialect, dialect_of
from tradectl_ccxt.failures import question_error
from tradectl_ccxt.markets import instruments_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange import (
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
        Subscription,
        Ticket,
        TradeReport,
    )

    from tradectl_ccxt.settings import VenueSettings

T = TypeVar("T")
MILLISECOND: Final = 1_000_000  # nanoseconds


class CcxtExchange(Exchange):
    """An exchange through ccxt.

    Market data and account have clients of their own, so that opening the one anew does not cut the
    other; both take their turn in one budget.

    Args:
        name: ccxt's name of the exchange.
        settings: What is set for it.
        credentials: Keys; None for public data only.
    """

    def __init__(self, name: str, settings: VenueSettings, credentials: Credentials | None) -> None:
        self.name = name
        self.settings = settings
        self.dialect: Dialect = dialect_of(name)
        self.clock = ClockEstimate()
        self.closed = asyncio.Event()
        self.symbols: dict[str, Instrument] = {}
        self._keys = credentials or Credentials()
        self._ids: dict[str, Instrument] = {}
        self.turnstile = Turnstile(RateLimiter(()))
        self.public = make_client(name, self.dialect, settings, None, self.turnstile)
        self.private = make_client(name, self.dialect, settings, self._keys, self.turnstile)
        self._budgets = budgets_of(self.public, self.dialect)
        self.turnstile.budget(RateLimiter(self._budgets))

    def __repr__(self) -> str:
        """Return the name alone: clients of ccxt hold keys."""
        return f"CcxtExchange({self.name!r})"

    @property
    def card(self) -> Card:
        """What ccxt's description of the exchange and our table of dialects say."""
        has, dialect = self.public.has, self.dialect
        types = set(dialect.order_types)
        if dialect is GENERIC and not self._counts_market_orders_in_money():
            types.add(OrderType.MARKET)
        data = {
            "bars": has.get("fetchOHLCV"),
            "trades": has.get("watchTrades"),
            "quotes": has.get("watchBidsAsks") or has.get("watchTicker"),
        }
        return Card(
            order_types=frozenset(types),
            times_in_force=dialect.times_in_force,
            reduce_only=self.settings.market == "swap",
            client_ids=dialect.client_ids,
            market_data=frozenset(kind for kind, offered in data.items() if offered),
            account_stream=bool(has.get("watchOrders") and has.get("watchMyTrades")),
            closed_orders=bool(has.get("fetchOrders") or has.get("fetchClosedOrders")),
            trades_since=bool(has.get("fetchMyTrades")),
            cancel_all=bool(has.get("cancelAllOrders")),
            dead_man_switch=bool(has.get("cancelAllOrdersAfter")),
            request_window=dialect.request_window,
            processing_timeout=dialect.processing,
            rates=self._budgets,
            margin=self.settings.market == "swap",
        )

    def _counts_market_orders_in_money(self) -> bool:
        return "createMarketBuyOrderRequiresPrice" in str(self.public.options)

    async def open(self) -> None:
        """Measure the clock and load the markets.

        Raises:
            ExchangeError: When the exchange does not answer.
        """
        check_client(self.public)
        check_client(self.private)
        if self.public.has.get("fetchTime"):
            await self.venue_time()
        await self.ask(self.public.load_markets)
        self.private.set_markets(self.public.markets, self.public.currencies)
        found = dict(instruments_of(self.public, self.settings.market))
        self.symbols = found
        self._ids = {instrument.id: instrument for instrument in found.values()}

    async def close(self) -> None:
        """Close connections and end streams; closing again does nothing."""
        if self.closed.is_set():
            return
        self.closed.set()
        for client in (self.public, self.private):
            client.timeout_on_exit = 0
            await client.close()

    # What the parts of the adapter share ---------------------------------------------------

    def redact(self, text: str) -> str:
        """Hide keys in words that others wrote."""
        return self._keys.redact(text)

    def now(self) -> int:
        """Return the venue's time as far as we know it, nanoseconds."""
        best = self.clock.best
        return time.time_ns() + (best.offset if best else 0)

    def known(self, instrument: str) -> Instrument:
        """Return an instrument by its id.

        Raises:
            ExchangeRefusedError: When the exchange has none of this id.
        """
        if instrument not in self._ids:
            raise ExchangeRefusedError(
                f"{self.name} has no {instrument}",
                venue_code="unknown_symbol",
                hint=f"tradectl exchange markets {self.name}",
            )
        return self._ids[instrument]

    async def ask(self, question: Callable[[], Awaitable[T]], *, reserved: bool = False) -> T:
        """Ask a question of a client of ccxt; once more when the venue's clock was set meanwhile.

        Args:
            question: Calls it.
            reserved: Whether it may use the share kept for cancels and reconciliation.

        Raises:
            ExchangeError: When there is no answer, or the answer is no.
            CredentialError: When the keys were refused.
        """
        try:
            return await self._ask(question, reserved=reserved)
        except ClockSkewError:
            await self.venue_time()
        return await self._ask(question, reserved=reserved)

    async def _ask(self, question: Callable[[], Awaitable[T]], *, reserved: bool) -> T:
        if self.closed.is_set():
            raise TransportError(f"the connection to {self.name} has been closed")
        call = Call(reserved=reserved)
        token = CALL.set(call)
        try:
            return await question()
        except TradectlError:
            raise
        except Exception as error:  # noqa: BLE001 - ccxt raises anything while it reads an answer
            failure = question_error(error, call, self.dialect, self.name, self.redact)
        finally:
            CALL.reset(token)
        raise failure  # out here, so that what ccxt said, signature and all, is not its context

    # The port ----------------------------------------------------------------------------

    async def instruments(self) -> Sequence[Instrument]:
        """List what can be traded."""
        return tuple(self._ids.values())

    async def venue_time(self) -> int:
        """Ask the venue's clock, and let requests be signed by it."""
        return await history.venue_time(self)

    async def history(
        self, instrument: str, length: int, since: int, until: int
    ) -> Sequence[BarClosed]:
        """Return one page of closed bars."""
        return await history.page(self, self.known(instrument), length, since, until)

    def market_data(self, wanted: Sequence[Subscription]) -> AsyncIterator[MarketEvent]:
        """Yield bars, trades and quotes until closed."""
        return streams.market_data(self, wanted)

    def account_events(self) -> AsyncIterator[AccountEvent]:
        """Yield orders and trades as the venue tells of them."""
        return streams.account_events(self)

    async def submit(self, tickets: Sequence[Ticket]) -> Sequence[SubmitOutcome]:
        """Send orders, each once."""
        return [await account.submit(self, ticket) for ticket in tickets]

    async def cancel(self, order: OrderRef) -> CancelOutcome:
        """Ask for an order's end."""
        return await account.cancel(self, order)

    async def query(self, order: OrderRef) -> QueryOutcome:
        """Ask for one order."""
        return await account.query(self, order)

    async def open_orders(self) -> Sequence[OrderReport]:
        """List all working orders."""
        return await account.open_orders(self)

    async def closed_orders(self, instrument: str, since: int) -> Sequence[OrderReport]:
        """List orders that have ended since a time."""
        return await account.closed_orders(self, self.known(instrument), since)

    async def trades(self, instrument: str, since: int) -> Sequence[TradeReport]:
        """List own trades since a time, oldest first."""
        return await account.trades(self, self.known(instrument), since)

    async def balances(self) -> Sequence[Balance]:
        """List what the account holds."""
        return await account.balances(self)

    async def positions(self) -> Sequence[Position]:
        """List contracts held."""
        return await account.positions(self)

    async def permissions(self) -> KeyPermissions:
        """Say what the key may do, where the venue tells."""
        return await account.permissions(self)
