"""Bars from an exchange into the catalog: what is missing and nothing twice, and on after a stop.

What is asked for is what lies between ``since`` and ``until`` and is not stored: before the first
bar, after the last, and in the holes that the gap ledger knows. A few stored bars are asked for
again, to see whether the exchange still tells the same. A bar that has not closed is never stored.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from tradectl_sdk.data.bars import COLUMNS, Bars
from tradectl_sdk.data.catalog import nanoseconds
from tradectl_sdk.data.manifest import Provenance
from tradectl_sdk.data.merging import MergeReport, Restatement
from tradectl_sdk.data.spooling import Spool
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import (
    DataMissingError,
    NotFoundError,
    RateLimitedError,
    TransportError,
    UsageError,
    did_you_mean,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tradectl_sdk.data.catalog import Catalog
    from tradectl_sdk.data.manifest import SeriesInfo
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange import BarClosed, Exchange

T = TypeVar("T")

OVERLAP: Final = 10  # stored bars that are asked for again
MERGE: Final = 200_000  # bars that wait before they are merged
JOIN: Final = 500  # bars between two holes below which they are asked for together
TRIES: Final = 6  # times a question is asked whose answer the network lost
SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PullProgress:
    """How far a pull is.

    Attributes:
        bars: How many bars came so far.
        reached: Open time up to which everything was asked for, nanoseconds UTC.
        share: How much of what was to be asked for has been, 0 to 1.
        seconds: How long it has taken.
    """

    bars: int
    reached: int
    share: float
    seconds: float

    @property
    def remaining(self) -> float | None:
        """Seconds it will take, None when nobody can tell yet."""
        return self.seconds * (1 - self.share) / self.share if self.share > 0.01 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReport:
    """What a pull did.

    Attributes:
        instrument: ``SYMBOL.VENUE``.
        timeframe: Length of a bar.
        merged: What became of the bars; None when there were none.
        received: How many came.
        requests: How many questions that took.
        seconds: How long it took.
        resumed: How many bars waited from a pull that was stopped.
    """

    instrument: str
    timeframe: Timeframe
    merged: MergeReport | None
    received: int
    requests: int
    seconds: float
    resumed: int = 0


@dataclass(slots=True)
class _Pull:
    """One pull under way."""

    exchange: Exchange
    catalog: Catalog
    of: Instrument
    frame: Timeframe
    source: str
    restatement: Restatement
    tell: Callable[[PullProgress], None]
    started: float = field(default_factory=time.monotonic)
    waiting: int = 0
    received: int = 0
    requests: int = 0
    added: int = 0
    same: int = 0
    restated: int = 0
    last: MergeReport | None = None

    @property
    def spool(self) -> Spool:
        return Spool(self.catalog, self.of.id, self.frame)


async def pull_bars(
    exchange: Exchange,
    catalog: Catalog,
    *,
    name: str,
    symbol: str,
    timeframe: Timeframe | str,
    since: int | str,
    until: int | str | None = None,
    restatement: Restatement = "refuse",
    tell: Callable[[PullProgress], None] = lambda _: None,
) -> PullReport:
    """Bring a series of the catalog up to what an exchange has.

    A page is on disk before the next one is asked for. When this is cancelled, what came is merged
    first; when it is killed, the next pull of the series does that.

    Args:
        exchange: The adapter, open.
        catalog: Where to store.
        name: What the exchange is called, for the record.
        symbol: ``SYMBOL`` as the exchange has it, or ``SYMBOL.VENUE``.
        timeframe: Length of a bar.
        since: First open time, nanoseconds UTC or ISO 8601.
        until: Open times stay before this; what has closed by now when None.
        restatement: What to do about bars that are stored with other values.
        tell: Told how far it is after each page.

    Raises:
        NotFoundError: If the exchange does not have the instrument.
        DataMissingError: If it has no bars in that time, and none are stored.
        DataError: If a bar is none, or differs from the stored one.
        ExchangeError: If it could not be asked.
    """
    frame = Timeframe.parse(timeframe)
    of = find_instrument(await exchange.instruments(), symbol)
    job = _Pull(exchange, catalog, of, frame, f"exchange {name}", restatement, tell)
    resumed = _merge(job)
    start, end = await _bounds(job, since, until)
    try:
        await _pull(job, _missing(job, start, end))
    finally:  # a cancellation too: what came is kept
        _merge(job)
    if job.last is None and not _stored(job):
        raise DataMissingError(
            f"{name} has no bars of {of.id} {frame} in that time",
            hint="an earlier --since, or another timeframe",
        )
    return PullReport(
        instrument=of.id,
        timeframe=frame,
        merged=_total(job),
        received=job.received,
        requests=job.requests,
        seconds=time.monotonic() - job.started,
        resumed=resumed,
    )


def find_instrument(instruments: Sequence[Instrument], symbol: str) -> Instrument:
    """Return the instrument that is meant by an id or a symbol.

    Raises:
        NotFoundError: If there is none.
    """
    for each in instruments:
        if symbol in {each.id, each.symbol}:
            return each
    near = did_you_mean(symbol, [each.symbol for each in instruments])
    raise NotFoundError(
        f"there is no instrument {symbol!r} among {len(instruments):,}",
        hint=near or "tradectl exchange markets NAME lists them",
    )


def _seconds(time: int) -> str:
    return str(np.datetime64(time, "ns").astype("datetime64[s]"))


async def _bounds(job: _Pull, since: int | str, until: int | str | None) -> tuple[int, int]:
    """Return first open and the end of opens, both on the grid, nothing that runs contained."""
    length, start = job.frame.nanoseconds, nanoseconds(since) or 0
    now = await _patiently(job, job.exchange.venue_time)
    wanted = now if until is None else nanoseconds(until)
    end = now if wanted is None else min(wanted, now)
    start, end = -(-start // length) * length, end // length * length
    if start >= end:
        raise UsageError(
            f"--since was {_seconds(start)}, expected a bar that has closed by {_seconds(end)}",
            hint="give an earlier --since",
        )
    return start, end


def _missing(job: _Pull, start: int, end: int) -> list[tuple[int, int]]:
    """Return the ranges of opens to ask for, in order."""
    info, length = _stored(job), job.frame.nanoseconds
    if info is None:
        return [(start, end)]
    gaps = job.catalog.gaps(info.instrument_id, info.timeframe)
    again = max(info.first, info.last - (OVERLAP - 1) * length)
    ranges = [(start, info.first), *zip(gaps.start.tolist(), gaps.end.tolist(), strict=True)]
    ranges.append((again, end))
    wanted = [(max(low, start), min(high, end)) for low, high in ranges]
    return _joined([(low, high) for low, high in wanted if low < high], JOIN * length)


def _joined(ranges: Sequence[tuple[int, int]], distance: int) -> list[tuple[int, int]]:
    """Join ranges with little between them: one question instead of many."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low - found[-1][1] <= distance:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


async def _pull(job: _Pull, ranges: Sequence[tuple[int, int]]) -> None:
    total, done = sum(high - low for low, high in ranges), 0
    for low, high in ranges:
        at = low
        while at < high and (page := await _page(job, at, high)):
            _check_page(job, page, at, high)
            job.spool.add(_bars(job, page))
            job.received += len(page)
            job.waiting += len(page)
            at = page[-1].time
            _report(job, at, (done + at - low) / total)
            if job.waiting >= MERGE:
                _merge(job)
        done += high - low
        _report(job, high, done / total)


async def _page(job: _Pull, since: int, until: int) -> Sequence[BarClosed]:
    length = job.frame.nanoseconds
    return await _patiently(job, lambda: job.exchange.history(job.of.id, length, since, until))


async def _patiently(job: _Pull, ask: Callable[[], Awaitable[T]]) -> T:
    """Ask; wait when it is too much, and ask again when the network lost the answer."""
    tries = 0
    while True:
        job.requests += 1
        try:
            return await ask()
        except RateLimitedError as error:
            await asyncio.sleep(max(error.retry_after, SECOND // 20) / SECOND)
        except TransportError:
            tries += 1
            if tries == TRIES:
                raise
            await asyncio.sleep(min(0.1 * 2**tries, 5.0))


def _check_page(job: _Pull, page: Sequence[BarClosed], since: int, until: int) -> None:
    """Refuse a page that an adapter must not give: it would put holes or doubles on disk."""
    from tradectl_sdk.errors import DataError

    length = job.frame.nanoseconds
    rising = all(earlier.time < later.time for earlier, later in pairwise(page))
    inside = since <= page[0].time - length and page[-1].time <= until
    if not (rising and inside and all(bar.length == length for bar in page)):
        raise DataError(
            f"{job.source} gave bars of {job.of.id} that are out of order or out of bounds",
            hint="tradectl plugin check tells what its adapter does wrong",
        )


def _bars(job: _Pull, page: Sequence[BarClosed]) -> Bars:
    rows = np.array(
        [(b.time - b.length, b.open, b.high, b.low, b.close, b.volume) for b in page], np.int64
    )
    columns = {name: np.ascontiguousarray(rows[:, i]) for i, name in enumerate(COLUMNS)}
    return Bars(instrument=job.of, timeframe=job.frame, **columns)


def _merge(job: _Pull) -> int:
    """Bring what waits on disk into the series; returns how many bars that were."""
    bars = job.spool.bars()
    if bars is None:
        return 0
    provenance = Provenance(source=job.source)
    report = job.catalog.merge(bars, provenance=provenance, restatement=job.restatement)
    job.spool.clear()
    job.waiting = 0
    job.added += report.added
    job.same += report.same
    job.restated += report.restated
    job.last = report
    return len(bars)


def _total(job: _Pull) -> MergeReport | None:
    if job.last is None:
        return None
    return MergeReport(
        series=job.last.series, added=job.added, same=job.same, restated=job.restated
    )


def _stored(job: _Pull) -> SeriesInfo | None:
    try:
        return job.catalog.info(job.of.id, job.frame)
    except DataMissingError:
        return None


def _report(job: _Pull, reached: int, share: float) -> None:
    seconds = time.monotonic() - job.started
    job.tell(PullProgress(bars=job.received, reached=reached, share=share, seconds=seconds))
