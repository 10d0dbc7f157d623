"""Market data and the account as streams that say when they cannot be trusted.

ccxt tells of data and, at times, of a broken connection. It does not tell that nothing came for a
minute, that a bar or a trade was left out, or when a candle has closed. That is found out here.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import TradectlError
from tradectl_sdk.exchange import AccountLink, OrderReport, TradeReport, pause

from tradectl_ccxt import convert
from tradectl_ccxt.calls import CALL, Call
from tradectl_ccxt.failures import words
from tradectl_ccxt.feeds import BarFeed, Feed, QuoteFeed, TradeFeed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from tradectl_sdk.exchange import AccountEvent, MarketEvent, Subscription

    from tradectl_ccxt.adapter import CcxtExchange

    Queue = asyncio.Queue[Any]

LONGEST_PAUSE = 30.0  # seconds between two reconnections
SETTLE = 10.0  # seconds a private stream may take to stand
REMEMBERED = 10_000  # ids of own trades that are compared with new ones
FEEDS: dict[str, type[Feed]] = {"bars": BarFeed, "trades": TradeFeed, "quotes": QuoteFeed}


async def market_data(
    exchange: CcxtExchange, wanted: Sequence[Subscription]
) -> AsyncIterator[MarketEvent]:
    """Yield market data until the adapter is closed, each subscription reconnecting by itself."""
    queue: Queue = asyncio.Queue()
    feeds = [FEEDS[each.kind](exchange, each, queue.put_nowait) for each in wanted]
    tasks = [asyncio.create_task(_keep(exchange, feed)) for feed in feeds]
    async for event in _until_closed(exchange, queue, tasks):
        yield event


async def _keep(exchange: CcxtExchange, feed: Feed) -> None:
    """Run a feed again and again, saying when it cannot be trusted."""
    wait = exchange.settings.reconnect_seconds
    while not exchange.closed.is_set():
        try:
            await feed.run()
        except Exception as error:  # noqa: BLE001 - ccxt raises anything; the feed must go on
            text = _text(exchange, error)
        else:
            text = "the stream ended"
        wait = exchange.settings.reconnect_seconds if feed.lived else min(2 * wait, LONGEST_PAUSE)
        feed.broken(text)
        await _hang_up(exchange.public)
        await pause(wait, exchange.closed)


async def account_events(exchange: CcxtExchange) -> AsyncIterator[AccountEvent]:
    """Yield orders, trades and the state of the link until the adapter is closed."""
    queue: Queue = asyncio.Queue()
    task = asyncio.create_task(_keep_account(exchange, queue.put_nowait))
    async for event in _until_closed(exchange, queue, [task]):
        yield event


async def _keep_account(exchange: CcxtExchange, tell: Callable[[AccountEvent], None]) -> None:
    if not exchange.card.account_stream:
        tell(AccountLink(up=True, text="the account is polled"))
        await exchange.closed.wait()
        return
    wait, seen = exchange.settings.reconnect_seconds, dict[str, None]()
    while not exchange.closed.is_set():
        stood = False
        try:
            async with _watching(exchange, tell, seen) as watchers:
                await _stands(exchange, watchers)
                stood = True
                tell(AccountLink(up=True))
                done, _ = await asyncio.wait(watchers, return_when=asyncio.FIRST_COMPLETED)
                error = next(iter(done)).exception()
                text = _text(exchange, error) if error else "the stream ended"
        except Exception as error:  # noqa: BLE001 - ccxt raises anything; the link must be tried
            text = _text(exchange, error)
        wait = exchange.settings.reconnect_seconds if stood else min(2 * wait, LONGEST_PAUSE)
        if not exchange.closed.is_set():
            tell(AccountLink(up=False, text=text))
        await _hang_up(exchange.private)
        await pause(wait, exchange.closed)


@contextlib.asynccontextmanager
async def _watching(
    exchange: CcxtExchange, tell: Callable[[AccountEvent], None], seen: dict[str, None]
) -> AsyncIterator[set[asyncio.Task[None]]]:
    """Watch orders and own trades while the block runs."""
    await exchange.venue_time()  # what subscribes is signed, and it may have been long
    if exchange.dialect.authenticates:
        await asyncio.wait_for(
            _called(lambda: exchange.private.authenticate({"type": exchange.settings.market})),
            SETTLE,
        )
    watchers = {
        asyncio.create_task(_called(lambda: _watch_orders(exchange, tell))),
        asyncio.create_task(_called(lambda: _watch_trades(exchange, tell, seen))),
    }
    try:
        yield watchers
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)


async def _stands(exchange: CcxtExchange, watchers: set[asyncio.Task[None]]) -> None:
    """Wait until every connection of the private client stands.

    Raises:
        TimeoutError: When that takes too long.
        Exception: What a watcher raised.
    """
    async with asyncio.timeout(SETTLE):
        while True:
            await asyncio.sleep(0)
            for watcher in watchers:
                if watcher.done():
                    watcher.result()
            clients = list((exchange.private.clients or {}).values())
            if clients and all(c.connected.done() and not c.closed() for c in clients):
                return
            await asyncio.sleep(0.02)


async def _watch_orders(exchange: CcxtExchange, tell: Callable[[AccountEvent], None]) -> None:
    while True:
        for row in await exchange.private.watch_orders():
            if (report := _order(exchange, row)) is not None:
                tell(report)


async def _watch_trades(
    exchange: CcxtExchange, tell: Callable[[AccountEvent], None], seen: dict[str, None]
) -> None:
    while True:
        for row in await exchange.private.watch_my_trades():
            report = _trade(exchange, row)
            if report is not None and report.trade_id not in seen:
                seen[report.trade_id] = None
                while len(seen) > REMEMBERED:
                    del seen[next(iter(seen))]
                tell(report)


def _order(exchange: CcxtExchange, row: dict[str, Any]) -> OrderReport | None:
    of = exchange.symbols.get(str(row.get("symbol")))
    return None if of is None else convert.order_report(row, of, exchange.dialect.prefix)


def _trade(exchange: CcxtExchange, row: dict[str, Any]) -> TradeReport | None:
    of = exchange.symbols.get(str(row.get("symbol")))
    return None if of is None else convert.trade_report(row, of, exchange.dialect.prefix)


async def _called(what: Callable[[], Awaitable[Any]]) -> Any:
    """Run a call that may send requests, with the reserved share: without streams all is blind."""
    token = CALL.set(Call(reserved=True))
    try:
        return await what()
    finally:
        CALL.reset(token)


async def _until_closed(
    exchange: CcxtExchange, queue: Queue, tasks: Sequence[asyncio.Task[None]]
) -> AsyncIterator[Any]:
    """Yield what comes into a queue until the adapter is closed, then end the tasks."""
    stop = asyncio.ensure_future(exchange.closed.wait())
    step: asyncio.Future[Any] | None = None
    try:
        while not exchange.closed.is_set():
            step = asyncio.ensure_future(queue.get())
            await asyncio.wait({step, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not step.done():
                return
            yield step.result()
    finally:
        for task in (stop, *tasks, *([step] if step else [])):
            task.cancel()
        await asyncio.gather(stop, *tasks, return_exceptions=True)


async def _hang_up(client: Any) -> None:
    """Drop the streams of a client, so that the next one starts on fresh connections."""
    with contextlib.suppress(Exception):
        await client.close_ws_clients()


def _text(exchange: CcxtExchange, error: BaseException) -> str:
    if isinstance(error, TradectlError):
        return error.message
    return f"{type(error).__name__}: {words(error, exchange.redact)}"
