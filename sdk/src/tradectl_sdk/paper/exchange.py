"""Paper trading as an exchange: market data from another one, the account on paper.

Whatever a datum does to the account is told before the datum itself: :meth:`market_data` waits
until every listener of :meth:`account_events` has taken what came before it. Bars that close at one
instant are matched together before the first of them is passed on, as a backtest does it.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

from tradectl_sdk.errors import ExchangeError
from tradectl_sdk.exchange import (
    AccountLink,
    BarClosed,
    Exchange,
    KeyPermissions,
    Print,
    Quote,
    Subscription,
    Unclear,
    until_closed,
)
from tradectl_sdk.paper.card import paper_card
from tradectl_sdk.paper.core import PaperCore
from tradectl_sdk.paper.instants import Instants
from tradectl_sdk.paper.settings import Matching, PaperSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange import (
        AccountEvent,
        Balance,
        CancelOutcome,
        Card,
        MarketEvent,
        OrderRef,
        OrderReport,
        Position,
        QueryOutcome,
        SubmitOutcome,
        Ticket,
        TradeReport,
    )
    from tradectl_sdk.paper.records import Ledger

T = TypeVar("T")
GRACE = 1.0  # seconds to wait for the other bars of an instant


class PaperExchange(Exchange):
    """A paper account in front of a source of market data.

    Args:
        source: Where market data come from; its account is never touched.
        ledger: Where the account is kept.
        settings: What is assumed of the venue.
        instruments: What may be traded; everything the source knows unless given.
        clock: The venue's clock, UTC nanoseconds; of a replay, its own. The wall's unless given.
        grace: Seconds to wait for the other bars of an instant.

    Attributes:
        core: The venue, once it is open.
    """

    def __init__(
        self,
        source: Exchange,
        ledger: Ledger,
        settings: PaperSettings | None = None,
        *,
        instruments: Sequence[str] = (),
        clock: Callable[[], int] = time.time_ns,
        grace: float = GRACE,
    ) -> None:
        self._source = source
        self._ledger = ledger
        self._settings = settings or PaperSettings()
        self._names = tuple(instruments)
        self._clock = clock
        self._grace = grace
        self._core: PaperCore | None = None
        self._closed = asyncio.Event()
        self._listeners: list[asyncio.Queue[AccountEvent]] = []

    @property
    def core(self) -> PaperCore:
        """The venue.

        Raises:
            ExchangeError: Before it was opened, and after it was closed.
        """
        if self._core is None or self._closed.is_set():
            raise ExchangeError("the paper exchange was not open", hint="await open() first")
        return self._core

    @property
    def card(self) -> Card:
        """What the paper venue can do, with the source's market data."""
        return paper_card(
            margin=self._settings.assumptions.margin, market_data=self._source.card.market_data
        )

    async def open(self) -> None:
        """Connect to the source, read the ledger, and match what was missed."""
        await self._source.open()
        known = {str(one.id): one for one in await self._source.instruments()}
        missing = [name for name in self._names if name not in known]
        if missing:
            raise ExchangeError(f"the exchange does not know {', '.join(missing)}")
        wanted = [known[name] for name in self._names] or list(known.values())
        self._core = PaperCore(wanted, self._ledger, self._settings)
        if self._settings.matching is Matching.BARS:
            await self._catch_up()

    async def close(self) -> None:
        """Write down where things stand and disconnect; orders stay as they are."""
        if self._core is not None and not self._closed.is_set():
            self._core.save(self._now())
        self._closed.set()
        await self._source.close()

    # Market data -----------------------------------------------------------------------------

    async def instruments(self) -> Sequence[Instrument]:
        """List what can be traded on paper."""
        return list(self.core.instruments.values())

    async def venue_time(self) -> int:
        """Tell the venue's time."""
        _ = self.core
        return self._now()

    async def history(
        self, instrument: str, length: int, since: int, until: int
    ) -> Sequence[BarClosed]:
        """Ask the source."""
        _ = self.core
        return await self._source.history(instrument, length, since, until)

    def market_data(self, wanted: Sequence[Subscription]) -> AsyncIterator[MarketEvent]:
        """Pass the source's data on, each datum after what it did to the account."""
        return until_closed(self._data(wanted), self._closed)

    async def _data(self, wanted: Sequence[Subscription]) -> AsyncIterator[MarketEvent]:
        instants = Instants(wanted)
        events: asyncio.Queue[MarketEvent | _End] = asyncio.Queue(maxsize=1)
        reader = asyncio.create_task(_read(self._source.market_data(wanted), events))
        try:
            ended = False
            while not ended:
                event = await _next(events, self._grace if instants.held else None)
                ended = isinstance(event, _End)
                for group in instants.take(None if isinstance(event, _End) else event):
                    await self._meet(group, instants)
                    for one in group:
                        yield one
            await reader
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _meet(self, group: Sequence[MarketEvent], instants: Instants) -> None:
        """Let data that came together do to the account what they do, and tell that first."""
        core, matching = self.core, self._settings.matching
        bars = [one for one in group if isinstance(one, BarClosed) and instants.is_finest(one)]
        known = [bar for bar in bars if bar.instrument in core.instruments]
        if known and matching is Matching.BARS:
            core.bars(known, max(self._now(), known[0].time))
        for one in group:
            if isinstance(one, Print) and matching is Matching.PRINTS:
                core.print(one, self._now())
            elif isinstance(one, Quote):
                core.quote(one)
        self._tell()
        for listener in self._listeners:
            await listener.join()

    async def _catch_up(self) -> None:
        """Match the bars that closed since the last one in the ledger, if any order waits."""
        core = self.core
        waiting = {report.instrument for report in core.open_orders()}
        missed: list[BarClosed] = []
        for name in sorted(waiting):
            last = core.last_bar(name)
            if last is not None:
                missed += await self._since(last)
        for when in sorted({bar.time for bar in missed}):
            core.bars([bar for bar in missed if bar.time == when], when)
        core.told()  # whoever starts asks for the account

    async def _since(self, last: BarClosed) -> list[BarClosed]:
        found: list[BarClosed] = []
        since, until = last.time, self._now()
        while page := await self._source.history(last.instrument, last.length, since, until):
            found += page
            since = page[-1].time
        return [bar for bar in found if bar.time <= until]

    # The account -----------------------------------------------------------------------------

    def account_events(self) -> AsyncIterator[AccountEvent]:
        """Tell what becomes of orders, from now on."""
        return until_closed(self._events(), self._closed)

    async def _events(self) -> AsyncIterator[AccountEvent]:
        queue: asyncio.Queue[AccountEvent] = asyncio.Queue()
        queue.put_nowait(AccountLink(up=True, text="paper"))
        self._listeners.append(queue)
        try:
            while True:
                event = await queue.get()
                try:
                    yield event
                finally:
                    queue.task_done()  # whoever asks for the next one has dealt with this one
        finally:
            self._listeners.remove(queue)
            while not queue.empty():  # nobody is to wait for a listener that has gone
                queue.get_nowait()
                queue.task_done()

    async def submit(self, tickets: Sequence[Ticket]) -> Sequence[SubmitOutcome]:
        """Take orders; they are in the ledger before this returns."""
        outcomes = self._attempt(lambda core: core.submit(tickets, self._now()))
        return [outcomes] * len(tickets) if isinstance(outcomes, Unclear) else outcomes

    async def cancel(self, order: OrderRef) -> CancelOutcome:
        """End an order."""
        return self._attempt(lambda core: core.cancel(order, self._now()))

    async def amend(self, order: OrderRef, ticket: Ticket) -> CancelOutcome:
        """Change quantity, prices or group of an order."""
        return self._attempt(lambda core: core.amend(order, ticket, self._now()))

    def _attempt(self, change: Callable[[PaperCore], T]) -> T | Unclear:
        """Change the account and tell of it; say what is known when that fails."""
        try:
            core = self.core
        except ExchangeError as error:
            return Unclear(text=error.message, sent=False)
        try:
            outcome = change(core)
        except ExchangeError as error:
            return Unclear(text=error.message)
        self._tell()
        return outcome

    async def query(self, order: OrderRef) -> QueryOutcome:
        """Say what has become of an order."""
        return self.core.query(order)

    async def open_orders(self) -> Sequence[OrderReport]:
        """List orders that have not ended, also exits that wait for their entry."""
        return self.core.open_orders()

    async def closed_orders(self, instrument: str, since: int) -> Sequence[OrderReport]:
        """List orders of an instrument that ended since a time."""
        return self.core.closed_orders(instrument, since)

    async def trades(self, instrument: str, since: int) -> Sequence[TradeReport]:
        """List trades of an instrument that became known since a time."""
        return self.core.trades(instrument, since)

    async def balances(self) -> Sequence[Balance]:
        """List what the account holds."""
        return self.core.balances()

    async def positions(self) -> Sequence[Position]:
        """List contracts held."""
        return self.core.positions()

    async def permissions(self) -> KeyPermissions:
        """Paper money can be traded and never withdrawn."""
        return KeyPermissions(trade=True, withdraw=False)

    # Inside ----------------------------------------------------------------------------------

    def _now(self) -> int:
        return self._clock()

    def _tell(self) -> None:
        for event in self.core.told():
            for listener in self._listeners:
                listener.put_nowait(event)


class _End:
    """The source has nothing more, or failed."""


async def _read(
    source: AsyncIterator[MarketEvent], into: asyncio.Queue[MarketEvent | _End]
) -> None:
    """Put what a source tells into a queue and, at its end, raise what it raised."""
    failure: Exception | None = None
    try:
        async for event in source:
            await into.put(event)
    except Exception as error:  # noqa: BLE001 - raised below, once everything before it was read
        failure = error
    await into.put(_End())
    if failure is not None:
        raise failure


async def _next(
    events: asyncio.Queue[MarketEvent | _End], seconds: float | None
) -> MarketEvent | _End | None:
    """The next datum; None when it does not come in time."""
    try:
        return await asyncio.wait_for(events.get(), seconds)
    except TimeoutError:
        return None
