"""One subscription each: closed bars, trades without holes, quotes that do not go back."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.exchange import BarSequence, FeedState

from tradectl_ccxt import convert, history
from tradectl_ccxt.calls import CALL, Call
from tradectl_ccxt.convert import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from tradectl_sdk.exchange import BarClosed, MarketEvent, Print, Subscription

    from tradectl_ccxt.adapter import CcxtExchange

    Tell = Callable[[MarketEvent], None]

SECOND: Final = 1_000_000_000
REMEMBERED: Final = 10_000  # ids of trades that are compared with new ones
BACKFILL: Final = 1000  # trades asked for to fill a hole
WAITING_PAUSE: Final = 0.05  # seconds before a bar that is late is asked for again


class Feed:
    """What all kinds share.

    Args:
        exchange: The adapter.
        wanted: The subscription.
        tell: Takes events.
    """

    def __init__(self, exchange: CcxtExchange, wanted: Subscription, tell: Tell) -> None:
        self.exchange = exchange
        self.of = exchange.known(wanted.instrument)
        self.wanted = wanted
        self.tell = tell
        self.lived = False
        self._live: bool | None = None
        self._inbox: asyncio.Queue[Any]
        self._reader: asyncio.Task[None]

    async def run(self) -> None:
        """Tell of data until something breaks.

        Raises:
            Exception: Whatever broke.
        """
        raise NotImplementedError

    def broken(self, text: str) -> None:
        """Say that data cannot be trusted."""
        self.lived = False
        if self._live is not False:
            self._live = False
            self.tell(FeedState(instrument=self.of.id, live=False, text=text))

    def whole(self) -> None:
        """Say that data can be trusted, once."""
        self.lived = True
        if self._live is not True:
            self._live = True
            self.tell(FeedState(instrument=self.of.id, live=True))

    @contextlib.asynccontextmanager
    async def watching(self, watch: Callable[[], Awaitable[Any]]) -> AsyncIterator[None]:
        """Read a stream of ccxt while the block runs.

        The reader is a task of its own that does nothing but read: ccxt wakes whoever waits at that
        moment, so what arrives while nobody waits would be heard only with the next message.
        """
        self._inbox = asyncio.Queue()
        self._reader = asyncio.create_task(self._read(watch))
        try:
            yield
        finally:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self, watch: Callable[[], Awaitable[Any]]) -> None:
        token = CALL.set(Call())
        try:
            while True:
                self._inbox.put_nowait(await watch())
        finally:
            CALL.reset(token)

    async def heard(self, seconds: float) -> Any:
        """Wait for what a stream says; None when nothing came for so long.

        Raises:
            Exception: What the stream raised.
        """
        getting = asyncio.ensure_future(self._inbox.get())
        await asyncio.wait(
            {getting, self._reader}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if getting.done():
            return getting.result()
        getting.cancel()
        if self._reader.done():
            self._reader.result()
        return None

    async def heard_in_time(self) -> Any:
        """Wait for what a stream says.

        Raises:
            TimeoutError: When it was silent for too long: a half-open connection says nothing.
        """
        silence = self.exchange.settings.silence_seconds
        found = await self.heard(silence)
        if found is None:
            raise TimeoutError(f"nothing came for {silence:g} s")
        return found

    async def stands(self) -> None:
        """Wait until the connections stand, so that nothing falls between asking and hearing.

        Raises:
            TimeoutError: When that takes too long.
        """
        async with asyncio.timeout(self.exchange.settings.timeout_seconds):
            while self._inbox.empty() and not self._reader.done():
                clients = list((self.exchange.public.clients or {}).values())
                if clients and all(each.connected.done() for each in clients):
                    return
                await asyncio.sleep(WAITING_PAUSE)


class BarFeed(Feed):
    """Closed bars, each once and none left out.

    A candle has closed when a later one begins, or when its time is over and nothing came. Unless
    the venue's last update of a candle is known to be its final state, the bar is asked for then.
    """

    def __init__(self, exchange: CcxtExchange, wanted: Subscription, tell: Tell) -> None:
        super().__init__(exchange, wanted, tell)
        self.bars = BarSequence(wanted.length)
        self.frame = history.timeframe_of(exchange, wanted.length)
        self._candles: OrderedDict[int, Sequence[Any]] = OrderedDict()
        self._heard = 0.0

    async def run(self) -> None:
        """Tell of bars."""
        if self.bars.last is None:  # the first bar is the one that runs now
            now = await self.exchange.venue_time()
            self.bars.last = now // self.bars.length * self.bars.length
        self._candles.clear()
        self._heard = asyncio.get_running_loop().time()
        if self.exchange.public.has.get("watchOHLCV"):
            async with self.watching(self._watch):
                await self.stands()
                await self._tell_on(self.heard)
        else:
            await self._tell_on(_nothing_but_time)

    async def _tell_on(self, heard: Callable[[float], Awaitable[Any]]) -> None:
        await self._catch_up()
        self.whole()
        while True:
            rows = await heard(max(self._until_due(), WAITING_PAUSE))
            if rows is None:
                await self._catch_up()
                self._refuse_silence()
            else:
                self._heard = asyncio.get_running_loop().time()
                await self._take(rows)

    async def _watch(self) -> Sequence[Sequence[Any]]:
        client, symbol = self.exchange.public, self.of.symbol
        rows: Sequence[Sequence[Any]] = await client.watch_ohlcv(symbol, self.frame)
        # What it returns leaves out candles that closed while others arrived; its cache has all
        return list((client.ohlcvs.get(symbol) or {}).get(self.frame) or rows)

    def _until_due(self) -> float:
        """Return seconds until the running bar should have arrived."""
        last = self.bars.last or 0
        left = (last + self.bars.length - self.exchange.now()) / SECOND
        return left + self.exchange.settings.grace_seconds

    def _refuse_silence(self) -> None:
        if not self.exchange.public.has.get("watchOHLCV"):
            return
        silent = asyncio.get_running_loop().time() - self._heard
        limit = max(self.exchange.settings.silence_seconds, 2 * self.bars.length / SECOND)
        if silent > limit:
            raise TimeoutError(f"nothing came for {silent:.0f} s")

    async def _take(self, rows: Sequence[Sequence[Any]]) -> None:
        """Note the candles of an update, and tell of those that have closed by it."""
        told = (self.bars.last or 0) // MILLISECOND
        self._candles.update({int(row[0]): list(row) for row in rows if row[0] >= told})
        if not self._candles:
            return
        newest = max(self._candles)
        closed = [self._candles.pop(at) for at in sorted(self._candles) if at < newest]
        if not closed:
            return
        if self.exchange.dialect.final_candles:
            found = list(convert.bars(closed, self.of, self.bars.length))
            if self._can_be_trusted(found, newest * MILLISECOND):
                self._tell(found)
                return
        await self._catch_up(newest * MILLISECOND)

    def _can_be_trusted(self, found: Sequence[BarClosed], newest: int) -> bool:
        """Say whether the last states of candles are their final ones: nothing was left out."""
        ends = bool(found) and found[-1].time == newest
        return ends and self.bars.missing(found[0]) is None and _joined(found)

    async def _catch_up(self, until: int | None = None) -> None:
        """Ask for the bars that have closed since the last one that was told."""
        until = self.exchange.now() if until is None else until
        while hole := self.bars.missing_until(until):
            page = await self.exchange.history(self.of.id, self.bars.length, *hole)
            if not page:
                return
            before = self.bars.last
            self._tell(page)
            if self.bars.last == before:
                return

    def _tell(self, found: Iterable[BarClosed]) -> None:
        for bar in self.bars.take(found):
            self.tell(bar)


class TradeFeed(Feed):
    """Trades between others, each once and in order; holes are filled, or told."""

    def __init__(self, exchange: CcxtExchange, wanted: Subscription, tell: Tell) -> None:
        super().__init__(exchange, wanted, tell)
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._last_id, self._last_time = 0, 0

    async def run(self) -> None:
        """Tell of trades."""
        async with self.watching(lambda: self.exchange.public.watch_trades(self.of.symbol)):
            while True:
                await self._take(await self.heard_in_time())

    async def _take(self, rows: Sequence[Any]) -> None:
        found = [convert.print_(row, self.of) for row in rows]
        if self._hole_before(found):
            self.broken("trades were left out")
            since = self._last_time // MILLISECOND
            missing = await self.exchange.ask(
                lambda: self.exchange.public.fetch_trades(self.of.symbol, since, BACKFILL)
            )
            found += [convert.print_(row, self.of) for row in missing]
            found.sort(key=_number)
        whole = not self._hole_before(found)
        self._tell_new(found)
        if whole:
            self.whole()

    def _hole_before(self, found: Sequence[Print]) -> bool:
        """Say whether ids are left out, at venues that leave out none."""
        if not self.exchange.dialect.consecutive_trades or not self._last_id:
            return False
        new = sorted(n for n in map(_number, found) if n > self._last_id)
        return bool(new) and new[0] != self._last_id + 1

    def _tell_new(self, found: Iterable[Print]) -> None:
        if self._live is None:
            self.whole()
        for trade in found:
            if (trade.id and trade.id in self._seen) or trade.time < self._last_time:
                continue
            self._seen[trade.id] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            self._last_id = max(self._last_id, _number(trade))
            self._last_time = trade.time
            self.tell(trade)


class QuoteFeed(Feed):
    """The best prices; one that is older than the last is left out."""

    def __init__(self, exchange: CcxtExchange, wanted: Subscription, tell: Tell) -> None:
        super().__init__(exchange, wanted, tell)
        self._last_time = 0

    async def run(self) -> None:
        """Tell of quotes."""
        async with self.watching(self._watch):
            while True:
                row = await self.heard_in_time()
                found = convert.quote(row, self.of, self.exchange.now()) if row else None
                if found is not None and found.time >= self._last_time:
                    self.whole()
                    self._last_time = found.time
                    self.tell(found)

    async def _watch(self) -> Any:
        client, symbol = self.exchange.public, self.of.symbol
        if client.has.get("watchBidsAsks"):
            rows = await client.watch_bids_asks([symbol])
            return rows.get(symbol) or {}
        return await client.watch_ticker(symbol)


async def _nothing_but_time(seconds: float) -> None:
    """Wait where there is no stream; bars are asked for as they fall due."""
    await asyncio.sleep(seconds)


def _joined(found: Sequence[BarClosed]) -> bool:
    pairs = itertools.pairwise(found)
    return all(later.time - earlier.time == later.length for earlier, later in pairs)


def _number(trade: Print) -> int:
    return int(trade.id) if trade.id.isdigit() else 0
