"""The venue's clock, and pages of closed bars."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import ExchangeRefusedError, UnreadableAnswerError

from tradectl_ccxt import convert
from tradectl_ccxt.calls import CALL
from tradectl_ccxt.convert import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange import BarClosed

    from tradectl_ccxt.adapter import CcxtExchange

ROWS: Final = 1000  # bars to ask for; venues that give fewer do so
SECOND: Final = 1_000_000_000


async def venue_time(exchange: CcxtExchange) -> int:
    """Ask the venue's clock, remember how far it is ahead, and sign by it from now on.

    Raises:
        ExchangeError: When it does not tell.
    """
    wall, started = time.time_ns(), time.perf_counter_ns()
    if exchange.public.has.get("fetchTime"):
        milliseconds = await exchange.ask(exchange.public.fetch_time, reserved=True)
        if not milliseconds:
            raise UnreadableAnswerError(f"{exchange.name} told no time")
        venue = int(milliseconds) * MILLISECOND
    else:
        venue = await exchange.ask(lambda: _from_a_header(exchange), reserved=True)
    exchange.clock.add(wall, venue, wall + time.perf_counter_ns() - started)
    best = exchange.clock.best
    for client in (exchange.public, exchange.private):
        # What ccxt subtracts from our clock when it signs
        client.options["timeDifference"] = -(best.offset if best else 0) // MILLISECOND
    return venue


async def _from_a_header(exchange: CcxtExchange) -> int:
    """Take the time from the Date of any answer: whole seconds, so half a second is added."""
    symbol = next(iter(exchange.symbols), None)
    if symbol is None:
        raise ExchangeRefusedError(f"{exchange.name} does not tell the time")
    await exchange.public.fetch_order_book(symbol, 5)
    call = CALL.get()
    text = call.headers.get("date", "") if call else ""
    if not text:
        raise ExchangeRefusedError(f"{exchange.name} does not tell the time")
    return int(parsedate_to_datetime(text).timestamp()) * SECOND + SECOND // 2


async def page(
    exchange: CcxtExchange, of: Instrument, length: int, since: int, until: int
) -> Sequence[BarClosed]:
    """Return one page of closed bars that open in [since, until).

    Venues that give whatever lies in a window of so many bars may have an empty one before others
    that are not: the window moves on until something is in it.

    Raises:
        ExchangeRefusedError: When the venue has no bars of this length.
    """
    frame = timeframe_of(exchange, length)
    start = -(-since // length) * length
    while start < until:
        rows = await exchange.ask(lambda start=start: _candles(exchange, of, frame, start, until))  # type: ignore[misc]
        found = [bar for bar in convert.bars(rows, of, length) if _lies(bar, start, until)]
        if found:
            return await _closed(exchange, found)
        if rows and rows[0][0] * MILLISECOND >= until:
            return ()  # it skipped ahead to where its bars begin
        start += ROWS * length
    return ()


def timeframe_of(exchange: CcxtExchange, length: int) -> str:
    """Return ccxt's word for the length of a bar.

    Raises:
        ExchangeRefusedError: When the venue has none of this length.
    """
    frame = str(Timeframe(length))
    known = exchange.public.timeframes or {}
    if frame not in known or not exchange.public.has.get("fetchOHLCV"):
        raise ExchangeRefusedError(
            f"{exchange.name} has no bars of {frame}",
            venue_code="unknown_timeframe",
            hint=f"it has {', '.join(known)}" if known else "",
        )
    return frame


async def _candles(
    exchange: CcxtExchange, of: Instrument, frame: str, start: int, until: int
) -> Sequence[Sequence[Any]]:
    rows: Sequence[Sequence[Any]] = await exchange.public.fetch_ohlcv(
        of.symbol, frame, start // MILLISECOND, ROWS, {"until": until // MILLISECOND - 1}
    )
    return rows


def _lies(bar: BarClosed, start: int, until: int) -> bool:
    return start <= bar.time - bar.length < until


async def _closed(exchange: CcxtExchange, found: Sequence[BarClosed]) -> Sequence[BarClosed]:
    """Leave out the last bar unless the venue's clock has passed its close."""
    if found[-1].time <= exchange.now() - found[-1].length:
        return found  # long ago; no need to ask
    return found if found[-1].time <= await venue_time(exchange) else found[:-1]
