"""From names to columns: the catalog first, then sources that need no network."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data import Bars, Catalog, resample
from tradectl_sdk.data.bars import PRICE_COLUMNS
from tradectl_sdk.data.mapped import Prepared, release
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.engine import Columns
from tradectl_sdk.errors import DataMissingError, UsageError, did_you_mean

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.plugins import Plugins

LETTING = 8  # pauses of the engine between two times that memory is let go of


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSeries:
    """Bars with what a run must know of where they came from.

    Attributes:
        bars: The bars.
        content_hash: SHA-256 of their values.
        origin: ``catalog``, the name of a data source, or ``memory``.
        gaps: Bars that are missing inside, or None when nobody counted.
        prepared: What the engine reads of them, where a file has it ready.
    """

    bars: Bars
    content_hash: str
    origin: str
    gaps: int | None = None
    prepared: Prepared | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a series to use: open times in ``[start, end)``, ISO 8601 or None."""

    start: str | None = None
    end: str | None = None


def load_series(
    wanted: str | Bars,
    timeframe: str,
    window: Window,
    catalog_root: Path,
    plugins: Plugins | None = None,
) -> LoadedSeries:
    """Load one series by name, or take over bars given as such.

    A series that the catalog lacks at this timeframe is made from a shorter one it has, or
    fetched from an installed data source that works offline.

    Raises:
        DataMissingError: If nobody has it, or the window is empty.
        DataError: If bars given as such are none.
    """
    if isinstance(wanted, Bars):
        wanted.check()
        loaded = LoadedSeries(bars=_cut(wanted, window), content_hash="", origin="memory")
    else:
        loaded = _from_catalog(wanted, timeframe, window, Catalog(catalog_root)) or _from_sources(
            wanted, timeframe, window, catalog_root, plugins
        )
    if not len(loaded.bars):
        name = loaded.bars.instrument.id
        raise DataMissingError(
            f"{name} has no {loaded.bars.timeframe} bars from {window.start or 'its start'} "
            f"to {window.end or 'its end'}",
            hint="the end has to be later than the start"
            if _is_turned_round(window)
            else "tradectl data list shows what there is, and from when to when",
        )
    return loaded if loaded.content_hash else _hashed(loaded)


def load_all(
    data: str | Bars | Sequence[str | Bars],
    timeframe: str,
    window: Window,
    catalog_root: Path,
    plugins: Plugins | None = None,
) -> tuple[LoadedSeries, ...]:
    """Load one series or several; errors as for :func:`load_series`.

    Raises:
        UsageError: If something else was given.
    """
    wanted = series_of(data)
    return tuple(load_series(one, timeframe, window, catalog_root, plugins) for one in wanted)


def series_of(data: str | Bars | Sequence[str | Bars]) -> Sequence[str | Bars]:
    """Return the series that were given, one by one.

    Raises:
        UsageError: If there are none, or something else was given.
    """
    wanted = [data] if isinstance(data, str | Bars) else data
    several = isinstance(wanted, Sequence)
    wrong = [one for one in wanted if not isinstance(one, str | Bars)] if several else [data]
    if wrong:
        raise UsageError(
            f"data was {'with ' * several}a {type(wrong[0]).__name__}, "
            "expected the name of a series, bars, or several",
            hint="Bars.from_frame makes bars of a frame",
        )
    if not wanted:
        raise UsageError(
            "no series was given, expected at least one", hint="tradectl data list shows them"
        )
    return wanted


def _hashed(loaded: LoadedSeries) -> LoadedSeries:
    return replace(loaded, content_hash=content_hash(loaded.bars))


def content_hash(bars: Bars) -> str:
    """SHA-256 over the values of bars and the grid they lie on."""
    instrument = bars.instrument
    grid = f"{instrument.id} {instrument.tick_size} {instrument.lot_size} {bars.timeframe}"
    digest = hashlib.sha256(grid.encode())
    for name in ("time", "open", "high", "low", "close", "volume"):
        digest.update(getattr(bars, name).data)
    return digest.hexdigest()


def to_columns(
    bars: Bars, index: int, prepared: Prepared | None = None, *, drives: bool = True
) -> Columns:
    """Turn bars into columns of the engine, as the run's instrument number ``index``."""
    ready = prepared or Prepared.of(bars)
    columns = Columns(
        instrument=index,
        length=bars.timeframe.nanoseconds,
        time=ready.close_time,
        ticks=tuple(getattr(bars, name) for name in PRICE_COLUMNS),
        lots=bars.volume,
        prices=tuple(ready.floats[name] for name in PRICE_COLUMNS),
        volume=ready.floats["volume"],
        drives=drives,
    )
    release(bars.time)  # the engine reads floats; of the whole numbers only those near a fill
    return columns


class Letting:
    """Lets go of what was read of mapped series while a run passes over them.

    Called at every pause of the engine; acts at some of them, for it costs as much as thousands
    of bars.
    """

    def __init__(self, series: Sequence[LoadedSeries]) -> None:
        self._times = [one.bars.time for one in series]
        self._pauses = 0

    def __call__(self) -> None:
        """Take note of a pause."""
        self._pauses += 1
        if self._pauses % LETTING == 0:
            self.go()

    def go(self) -> None:
        """Let go of all that was read; reading it again brings it back."""
        for time in self._times:
            release(time)


class Resampling:
    """Answers ``ctx.bar``: longer series of the run's own instruments."""

    def __init__(self, series: Sequence[LoadedSeries]) -> None:
        self._series = series

    def __call__(self, instrument: int, timeframe: Timeframe) -> Columns:
        """Return completed bars at a longer timeframe."""
        longer = resample(self._series[instrument].bars, timeframe)
        return to_columns(longer, instrument, drives=False)


def with_fees(
    instrument: Instrument, maker: Decimal | None, taker: Decimal | None, default: Decimal
) -> Instrument:
    """Give an instrument the fees of the settings; a default where nobody names any."""
    unnamed = instrument.maker_fee == 0 and instrument.taker_fee == 0
    own_maker = default if unnamed else instrument.maker_fee
    own_taker = default if unnamed else instrument.taker_fee
    return replace(
        instrument,
        maker_fee=own_maker if maker is None else maker,
        taker_fee=own_taker if taker is None else taker,
    )


def _from_catalog(
    wanted: str, timeframe: str, window: Window, catalog: Catalog
) -> LoadedSeries | None:
    frame = Timeframe.parse(timeframe)
    lengths = sorted(frame for instrument, frame in catalog.names() if instrument == wanted)
    fitting = [one for one in lengths if frame.nanoseconds % one.nanoseconds == 0]
    if not fitting:
        return None
    stored = fitting[-1]
    info = catalog.info(wanted, stored)
    bars, prepared = catalog.prepared(wanted, stored, window.start, window.end)
    if stored != frame:
        bars, prepared = resample(bars, frame), None
    whole = stored == frame and window == Window()
    known = info.content_hash if whole else ""
    return LoadedSeries(
        bars=bars, content_hash=known, origin="catalog", gaps=info.missing, prepared=prepared
    )


def _from_sources(
    wanted: str, timeframe: str, window: Window, root: Path, plugins: Plugins | None
) -> LoadedSeries:
    if plugins is None:
        from tradectl_sdk.plugins import Plugins

        plugins = Plugins.discover().load()
    offered: dict[str, str] = {}
    for name, provided in plugins.data_sources().items():
        if "offline" not in provided.spec.capabilities:
            continue
        source = provided.load()()
        for descriptor in source.series():
            offered[descriptor.instrument] = name
            if descriptor.instrument == wanted:
                bars = source.fetch(wanted, descriptor.timeframe)
                if descriptor.timeframe != timeframe:
                    bars = resample(bars, timeframe)
                return LoadedSeries(bars=_cut(bars, window), content_hash="", origin=name)
    known = sorted({*offered, *(instrument for instrument, _ in Catalog(root).names())})
    if wanted in known:
        raise DataMissingError(
            f"there is no data for {wanted} at {timeframe}, only at longer timeframes",
            hint="tradectl data list shows them; --timeframe takes a multiple of one",
        )
    raise DataMissingError(
        f"there is no data for {wanted} at {timeframe}",
        hint=did_you_mean(wanted, known)
        or f"there is {', '.join(known) or 'nothing yet'}; tradectl data import FILE adds to it",
    )


def _is_turned_round(window: Window) -> bool:
    from tradectl_sdk.data.catalog import nanoseconds

    start, end = nanoseconds(window.start), nanoseconds(window.end)
    return start is not None and end is not None and end <= start


def _cut(bars: Bars, window: Window) -> Bars:
    def place(moment: str | None, otherwise: int) -> int:
        if moment is None:
            return otherwise
        from tradectl_sdk.data.catalog import nanoseconds

        return int(np.searchsorted(bars.time, nanoseconds(moment) or 0))

    return bars.rows(place(window.start, 0), place(window.end, len(bars)))
