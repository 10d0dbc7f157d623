"""Market data from series that are there already, played at any speed."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import ExchangeError, NotFoundError, UsageError
from tradectl_sdk.exchange import BarClosed, Exchange, FeedState, KeyPermissions, until_closed
from tradectl_sdk.paper.card import paper_card

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from tradectl_sdk.data import Bars
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange import (
        AccountEvent,
        Balance,
        Card,
        MarketEvent,
        OrderRef,
        OrderReport,
        Subscription,
        Ticket,
        TradeReport,
    )

PAGE = 1000  # bars per page of history
WEEK = 7 * 86_400_000_000_000  # nanoseconds


def check_speed(speed: float) -> None:
    """See that a replay can be played at a speed.

    Raises:
        UsageError: If it cannot.
    """
    if not 0.0 <= speed < math.inf:
        raise UsageError(
            f"speed was {speed}, expected 0 for no waiting or times the pace of the market"
        )


class Replay(Exchange):
    """The public side of an exchange whose market is a recording.

    Its clock is the recording's: what has not closed yet is not known, whoever asks. All listeners
    hear one market; a listener that comes later hears it from then on.

    Args:
        series: What is played, one per instrument and timeframe.
        start: Where it begins, UTC nanoseconds; earlier bars are history. The first bar's open
            unless given.
        speed: Market time per time on the wall; 0 for as fast as listeners listen.
        pace: Awaited before each instant with its time; whoever must have finished with the
            instant before can keep the next one back.

    Attributes:
        now: Time in the market, UTC nanoseconds.
        finished: Set when the last bar has been told.
    """

    def __init__(
        self,
        series: Sequence[Bars],
        *,
        start: int = 0,
        speed: float = 0.0,
        pace: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        if not series or any(len(one) == 0 for one in series):
            raise UsageError("there was nothing to replay, expected at least one bar per series")
        check_speed(speed)
        self._series = {(str(one.instrument.id), one.timeframe.nanoseconds): one for one in series}
        self._speed = speed
        self._pace = pace
        self.now = start or min(int(one.time[0]) for one in series)
        self.finished = asyncio.Event()
        self._closed = asyncio.Event()

    @property
    def card(self) -> Card:
        """Bars only, and no account."""
        return paper_card(margin=False)

    def clock(self) -> int:
        """Time in the market, UTC nanoseconds."""
        return self.now

    async def open(self) -> None:
        """Do nothing: everything is there."""

    async def close(self) -> None:
        """End every stream."""
        self._closed.set()

    async def instruments(self) -> Sequence[Instrument]:
        """List what is played."""
        found = {str(one.instrument.id): one.instrument for one in self._series.values()}
        return list(found.values())

    async def venue_time(self) -> int:
        """Tell the time in the market."""
        return self.now

    async def history(
        self, instrument: str, length: int, since: int, until: int
    ) -> Sequence[BarClosed]:
        """Return a page of bars that have closed by now."""
        bars = self._find(instrument, length)
        first = int(np.searchsorted(bars.time, since))
        most = min(until, self.now - length + 1)
        last = min(int(np.searchsorted(bars.time, most)), first + PAGE)
        return [_closed(bars, at) for at in range(first, last)]

    def market_data(self, wanted: Sequence[Subscription]) -> AsyncIterator[MarketEvent]:
        """Play the bars that were asked for, instant by instant, from now on."""
        return until_closed(self._play(wanted), self._closed)

    async def _play(self, wanted: Sequence[Subscription]) -> AsyncIterator[MarketEvent]:
        others = [one.kind for one in wanted if one.kind != "bars"]
        if others:
            raise UsageError(f"a replay has bars, but {others[0]} were asked for")
        series = [self._find(one.instrument, one.length) for one in wanted]
        yield FeedState(live=True, text="replay")
        for time, bars in _instants(series, self.now):
            await self._wait_for(time)
            self.now = max(self.now, time)
            for bar in bars:
                yield bar
        self.finished.set()
        await self._closed.wait()

    async def _wait_for(self, time: int) -> None:
        if self._pace is not None:
            await self._pace(time)
        pause = (time - self.now) / 1e9 / self._speed if self._speed else 0.0
        await asyncio.sleep(max(pause, 0.0))

    def _find(self, instrument: str, length: int) -> Bars:
        found = self._series.get((instrument, length))
        if found is None:
            known = ", ".join(f"{name} {Timeframe(size)}" for name, size in sorted(self._series))
            raise NotFoundError(
                f"no {Timeframe(length)} bars of {instrument} are replayed",
                hint=f"there are {known}",
            )
        return found

    # There is no account -------------------------------------------------------------------

    async def account_events(self) -> AsyncIterator[AccountEvent]:
        """Refuse."""
        _refuse()
        yield

    async def submit(self, tickets: Sequence[Ticket]) -> NoReturn:
        """Refuse."""
        _refuse(tickets)

    async def cancel(self, order: OrderRef) -> NoReturn:
        """Refuse."""
        _refuse(order)

    async def query(self, order: OrderRef) -> NoReturn:
        """Refuse."""
        _refuse(order)

    async def open_orders(self) -> Sequence[OrderReport]:
        """Refuse."""
        _refuse()

    async def closed_orders(self, instrument: str, since: int) -> Sequence[OrderReport]:
        """Refuse."""
        _refuse(instrument, since)

    async def trades(self, instrument: str, since: int) -> Sequence[TradeReport]:
        """Refuse."""
        _refuse(instrument, since)

    async def balances(self) -> Sequence[Balance]:
        """Refuse."""
        _refuse()

    async def permissions(self) -> KeyPermissions:
        """Say that there is nothing a key could do."""
        return KeyPermissions(trade=False, withdraw=False)


def _refuse(*_asked: object) -> NoReturn:
    raise ExchangeError(
        "a replay has market data and no account", hint="trade on paper in front of it"
    )


def _instants(series: Sequence[Bars], after: int) -> Iterator[tuple[int, list[BarClosed]]]:
    """Bars that close after a time, by the instant they close at, in the order of the series."""
    closes = [one.close_time for one in series]
    heads = [int(np.searchsorted(column, after, side="right")) for column in closes]
    while True:
        due = [
            int(column[head])
            for column, head in zip(closes, heads, strict=True)
            if head < len(column)
        ]
        if not due:
            return
        time, bars = min(due), []
        for at, (one, column) in enumerate(zip(series, closes, strict=True)):
            if heads[at] < len(column) and column[heads[at]] == time:
                bars.append(_closed(one, heads[at]))
                heads[at] += 1
        yield time, bars


def _closed(bars: Bars, at: int) -> BarClosed:
    length = bars.timeframe.nanoseconds
    return BarClosed(
        instrument=str(bars.instrument.id),
        length=length,
        time=int(bars.time[at]) + length,
        open=int(bars.open[at]),
        high=int(bars.high[at]),
        low=int(bars.low[at]),
        close=int(bars.close[at]),
        volume=int(bars.volume[at]),
    )
