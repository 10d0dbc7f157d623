"""The exchange behind a library."""

from __future__ import annotations

import asyncio
import contextlib
from ctypes import byref
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.errors import ExchangeError, ExchangeRefusedError, TransportError
from tradectl_sdk.exchange import (
    Absent,
    Accepted,
    AccountLink,
    Balance,
    BarSequence,
    Credentials,
    Exchange,
    FeedState,
    KeyPermissions,
    OrderReport,
    Refused,
    TradeReport,
    Unclear,
    pause,
    ticket_problem,
)

from tradectl_native import convert
from tradectl_native.connection import Connection
from tradectl_native.layouts import (
    TvBalance,
    TvBar,
    TvCard,
    TvEvent,
    TvInstrument,
    TvOrder,
    TvRef,
    TvRights,
    TvTrade,
)
from tradectl_native.library import Code, load

if TYPE_CHECKING:
    import ctypes
    from collections.abc import AsyncIterator, Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange import (
        AccountEvent,
        BarClosed,
        CancelOutcome,
        Card,
        MarketEvent,
        OrderRef,
        QueryOutcome,
        SubmitOutcome,
        Subscription,
        Ticket,
    )

    from tradectl_native.settings import NativeSettings

PAGE: Final = 1000  # bars of a page
PAUSE: Final = 0.2  # seconds before a library that failed to poll is asked again
ORDER, TRADE, LINK, BAR, PRINT, QUOTE, FEED = 1, 2, 3, 4, 5, 6, 7
ACCOUNT: Final = frozenset({ORDER, TRADE, LINK})
YES_NO: Final = {1: True, 0: False}


class NativeExchange(Exchange):
    """A venue whose interface is a shared library.

    The library is loaded when it is first needed, and runs with all rights of the process that does
    so: in a session, the gateway and nothing else. If it crashes, the gateway crashes with it, and
    is started again and reconciled as after any other crash.

    Args:
        settings: Which library.
        credentials: Keys; None for public data only.
    """

    def __init__(self, settings: NativeSettings, credentials: Credentials | None) -> None:
        self._settings = settings
        self._keys = credentials or Credentials()
        self._library: ctypes.CDLL | None = None
        self._card: Card | None = None
        self._connection: Connection | None = None
        self._ids: dict[str, Instrument] = {}
        self._symbols: dict[str, Instrument] = {}
        self._closed = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._market: list[asyncio.Queue[TvEvent]] = []
        self._account: list[asyncio.Queue[TvEvent]] = []

    def __repr__(self) -> str:
        """Return the library's path."""
        return f"NativeExchange({str(self._settings.library)!r})"

    @property
    def card(self) -> Card:
        """What the library says; it is loaded for that.

        Raises:
            PluginError: If it is not the library that was pinned.
        """
        if self._card is None:
            found = TvCard()
            if self._loaded().tv_describe(byref(found)) != Code.OK:
                raise ExchangeRefusedError(f"{self._settings.library} does not describe itself")
            self._card = convert.card(found)
        return self._card

    def _loaded(self) -> ctypes.CDLL:
        if self._library is None:
            self._library = load(self._settings.library, self._settings.sha256)
        return self._library

    async def open(self) -> None:
        """Connect and load the instruments."""
        self._connection = Connection(self._loaded(), self._settings, self._keys)
        await self._connection.open()
        rows = await self._connection.items(TvInstrument, "tv_instruments")
        found = [convert.instrument(row, self._settings.venue) for row in rows]
        self._ids = {each.id: each for each in found}
        self._symbols = {each.symbol: each for each in found}

    async def close(self) -> None:
        """End streams and disconnect."""
        self._closed.set()
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()

    # Reference and market data -------------------------------------------------------------

    async def instruments(self) -> Sequence[Instrument]:
        """List what can be traded."""
        return tuple(self._ids.values())

    async def venue_time(self) -> int:
        """Ask the venue's clock."""
        return await self._open.time()

    async def history(
        self, instrument: str, length: int, since: int, until: int
    ) -> Sequence[BarClosed]:
        """Return one page of closed bars."""
        of = self._known(instrument)
        symbol = of.symbol.encode()
        rows = await self._open.items(TvBar, "tv_history", symbol, length, since, until, more=False)
        return [convert.bar(row, of) for row in rows]

    async def market_data(self, wanted: Sequence[Subscription]) -> AsyncIterator[MarketEvent]:
        """Yield market data; bars each once and none left out."""
        series = {w.instrument: BarSequence(w.length) for w in wanted if w.kind == "bars"}
        async with self._heard(self._market) as queue:
            for each in wanted:
                symbol = self._known(each.instrument).symbol.encode()
                kind = convert.KINDS.index(each.kind)
                await self._open.ask("tv_subscribe", symbol, kind, each.length)
            while (event := await self._next(queue)) is not None:
                try:
                    found = await self._market_event(event, series)
                except ExchangeError as error:  # bars were left out, and cannot be asked for now
                    yield FeedState(live=False, text=error.message)
                    found = await self._patiently(series)
                for told in found:
                    yield told

    async def _patiently(self, series: dict[str, BarSequence]) -> list[MarketEvent]:
        """Ask for what was left out until there is an answer."""
        while not self._closed.is_set():
            await pause(PAUSE, self._closed)
            with contextlib.suppress(ExchangeError):
                return [*await self._missed(series), FeedState(live=True)]
        return []

    async def _market_event(
        self, event: TvEvent, series: dict[str, BarSequence]
    ) -> list[MarketEvent]:
        match event.kind:
            case 7:
                live = bool(event.value)
                missed = await self._missed(series) if live else []
                return [*missed, FeedState(live=live, text=convert.text(event.text))]
            case 4:
                return await self._bar(event.of.bar, series)
            case 5:
                return [convert.print_(event.of.print, self._of(event.of.print.symbol))]
            case 6:
                return [convert.quote(event.of.quote, self._of(event.of.quote.symbol))]
        return []

    async def _bar(self, row: TvBar, series: dict[str, BarSequence]) -> list[MarketEvent]:
        of = self._of(row.symbol)
        bars = series.get(of.id)
        if bars is None:
            return []
        found = convert.bar(row, of)
        told: list[MarketEvent] = []
        if hole := bars.missing(found):
            told += bars.take(await self.history(of.id, bars.length, *hole))
        return [*told, *bars.take([found])]

    async def _missed(self, series: dict[str, BarSequence]) -> list[MarketEvent]:
        """Ask for the bars that closed while nothing was heard."""
        told: list[MarketEvent] = []
        now = await self.venue_time()
        for instrument, bars in series.items():
            while hole := bars.missing_until(now):
                page = bars.take(await self.history(instrument, bars.length, *hole))
                if not page:
                    break
                told += page
        return told

    # The account ---------------------------------------------------------------------------

    async def account_events(self) -> AsyncIterator[AccountEvent]:
        """Yield orders, trades and the state of the link."""
        async with self._heard(self._account) as queue:
            await self._open.ask("tv_listen")
            while (event := await self._next(queue)) is not None:
                if event.kind == LINK:
                    yield AccountLink(up=bool(event.value), text=convert.text(event.text))
                elif event.kind == ORDER:
                    yield convert.order_report(event.of.order, self._of(event.of.order.symbol))
                else:
                    yield convert.trade_report(event.of.trade, self._of(event.of.trade.symbol))

    async def submit(self, tickets: Sequence[Ticket]) -> Sequence[SubmitOutcome]:
        """Send orders, each once."""
        return [await self._submit(ticket) for ticket in tickets]

    async def _submit(self, ticket: Ticket) -> SubmitOutcome:
        of = self._ids.get(ticket.instrument)
        if of is None:
            return Refused(code="unknown_symbol", text=f"there is no {ticket.instrument}")
        if problem := ticket_problem(ticket, self.card):
            return problem
        return await self._changed("tv_submit", convert.ticket(ticket, of.symbol), of)

    async def cancel(self, order: OrderRef) -> CancelOutcome:
        """Ask for an order's end."""
        of = self._ids.get(order.instrument)
        if of is None:
            return Refused(code="unknown_symbol", text=f"there is no {order.instrument}")
        return await self._changed("tv_cancel", _ref(order, of), of)

    async def _changed(self, name: str, argument: Any, of: Instrument) -> SubmitOutcome:
        if self._connection is None:
            return Unclear(text="the exchange has not been opened", sent=False)
        row = TvOrder()
        problem = await self._connection.order(name, argument, row)
        if problem is not None:
            return problem
        try:
            return Accepted(report=convert.order_report(row, of))
        except ExchangeError:
            return Accepted()  # it was taken; a question tells the rest

    async def query(self, order: OrderRef) -> QueryOutcome:
        """Ask for one order."""
        of, row = self._known(order.instrument), TvOrder()
        code = await self._open.ask("tv_query", byref(_ref(order, of)), byref(row))
        return Absent() if code == Code.ABSENT else convert.order_report(row, of)

    async def open_orders(self) -> Sequence[OrderReport]:
        """List all working orders."""
        rows = await self._open.items(TvOrder, "tv_open_orders")
        return [convert.order_report(row, self._of(row.symbol)) for row in rows]

    async def closed_orders(self, instrument: str, since: int) -> Sequence[OrderReport]:
        """List orders that have ended since a time."""
        of = self._known(instrument)
        rows = await self._open.items(TvOrder, "tv_closed_orders", of.symbol.encode(), since)
        return [convert.order_report(row, of) for row in rows]

    async def trades(self, instrument: str, since: int) -> Sequence[TradeReport]:
        """List own trades since a time, oldest first."""
        of = self._known(instrument)
        rows = await self._open.items(TvTrade, "tv_trades", of.symbol.encode(), since)
        return [convert.trade_report(row, of) for row in rows]

    async def balances(self) -> Sequence[Balance]:
        """List what the account holds."""
        rows = await self._open.items(TvBalance, "tv_balances")
        return [
            Balance(currency=convert.text(row.currency), free=row.free, held=row.held)
            for row in rows
        ]

    async def permissions(self) -> KeyPermissions:
        """Say what the key may do."""
        found = TvRights()
        await self._open.ask("tv_permissions", byref(found))
        return KeyPermissions(
            trade=YES_NO.get(found.trade),
            withdraw=YES_NO.get(found.withdraw),
            restricted_by_address=YES_NO.get(found.restricted_by_address),
        )

    # Inside --------------------------------------------------------------------------------

    @property
    def _open(self) -> Connection:
        if self._connection is None:
            raise TransportError("the exchange has not been opened")
        return self._connection

    def _known(self, instrument: str) -> Instrument:
        if instrument not in self._ids:
            raise ExchangeRefusedError(f"there is no {instrument}", venue_code="unknown_symbol")
        return self._ids[instrument]

    def _of(self, symbol: bytes) -> Instrument:
        return self._known(f"{convert.text(symbol)}.{self._settings.venue}")

    @contextlib.asynccontextmanager
    async def _heard(
        self, listeners: list[asyncio.Queue[TvEvent]]
    ) -> AsyncIterator[asyncio.Queue[TvEvent]]:
        """Listen to events while the block runs."""
        queue: asyncio.Queue[TvEvent] = asyncio.Queue()
        listeners.append(queue)
        if self._poller is None:
            self._poller = asyncio.create_task(self._poll())
        try:
            yield queue
        finally:
            listeners.remove(queue)

    async def _poll(self) -> None:
        """Take events out of the library and hand them to whoever listens."""
        down = False
        while not self._closed.is_set():
            try:
                events = await self._open.poll()
            except ExchangeError as error:
                if not down:
                    self._hand_out(_states(0, error.message))
                down = True
                await pause(PAUSE, self._closed)
                continue
            self._hand_out([*(_states(1, "") if down else ()), *events])
            down = False

    def _hand_out(self, events: Sequence[TvEvent]) -> None:
        for event in events:
            for queue in self._account if event.kind in ACCOUNT else self._market:
                queue.put_nowait(event)

    async def _next(self, queue: asyncio.Queue[TvEvent]) -> TvEvent | None:
        """Wait for an event; None when the adapter was closed."""
        getting = asyncio.ensure_future(queue.get())
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait({getting, closing}, return_when=asyncio.FIRST_COMPLETED)
            return getting.result() if getting.done() else None
        finally:
            getting.cancel()
            closing.cancel()


def _states(value: int, text: str) -> list[TvEvent]:
    """Return what is to be told when events cannot be taken out, or can again."""
    words = text.encode()[:90].decode(errors="ignore").encode()
    return [TvEvent(kind=kind, value=value, text=words) for kind in (LINK, FEED)]


def _ref(order: OrderRef, of: Instrument) -> TvRef:
    return TvRef(
        symbol=convert.raw(of.symbol, 48),
        client_id=convert.raw(order.client_id, 64),
        venue_id=convert.raw(order.venue_id, 64),
    )
