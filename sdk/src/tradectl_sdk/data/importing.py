"""Importing foreign files: read as text, checked, mended only on request, stored whole or not.

The steps, all inside one DuckDB database that spills to disk, so files may exceed memory:

1. ``raw``: the chosen columns as text, with row numbers in file order;
2. ``work``: the same as numbers, times as nanoseconds UTC;
3. every rule of :mod:`tradectl_sdk.data.rules`, then the timeframe and the price grid;
4. ticks and lots, sorted by time, published by :mod:`tradectl_sdk.data.writing`.
"""

# ruff: noqa: S608 - statements are built from constants, numbers and quoted names only
from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tradectl_sdk.data import grid, storage
from tradectl_sdk.data.bars import COLUMNS, VALUE_COLUMNS
from tradectl_sdk.data.cadence import check_cadence
from tradectl_sdk.data.columns import choose_columns
from tradectl_sdk.data.defining import fit_grid, infer_instrument
from tradectl_sdk.data.findings import check_accepted, raise_refused, run_rules
from tradectl_sdk.data.gaps import DAY
from tradectl_sdk.data.loading import ImportOptions, Job, load_raw, load_work, settle_times
from tradectl_sdk.data.manifest import Provenance, SeriesInfo
from tradectl_sdk.data.merging import MergeReport
from tradectl_sdk.data.rules import Rule, rules
from tradectl_sdk.data.source import open_source
from tradectl_sdk.data.writing import EMPTY_REPAIRS, staging
from tradectl_sdk.domain.instrument import Instrument, parse_instrument_id
from tradectl_sdk.domain.money import as_decimal
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tradectl_sdk.data.catalog import Catalog
    from tradectl_sdk.data.merging import Restatement


_How = Literal["new", "replace", "append"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did.

    Attributes:
        merged: What became of the bars in the series.
        rows_read: Data rows of the source.
        repaired: Rule to number of cells or rows changed; each is recorded in the catalog.
        accepted: Rules whose findings were declared genuine.
        assumptions: Everything inferred rather than given, as sentences.
    """

    merged: MergeReport
    rows_read: int
    repaired: dict[str, int]
    accepted: tuple[str, ...]
    assumptions: tuple[str, ...]

    @property
    def series(self) -> SeriesInfo:
        """The stored series."""
        return self.merged.series


def import_bars(
    catalog: Catalog,
    path: Path | str,
    *,
    instrument: Instrument | str,
    timeframe: Timeframe | str | None = None,
    mapping: Mapping[str, str] | None = None,
    names: Sequence[str] = (),
    timezone: str | None = None,
    time_format: str | None = None,
    stamp: Literal["open", "close"] = "open",
    decimal: Literal[".", ","] = ".",
    price_scale: Decimal | str = Decimal(1),
    tick_size: Decimal | str | None = None,
    lot_size: Decimal | str | None = None,
    calendar: Literal["24/7", "weekdays"] | None = None,
    adjust: bool = False,
    repair: bool = False,
    accept: Collection[str] = (),
    replace: bool = False,
    append: bool = False,
    restatement: Restatement = "refuse",
    now: int | None = None,
) -> ImportReport:
    """Import bars from CSV, TSV (plain or gzip), Parquet or Feather.

    Args:
        catalog: Where to store them.
        path: The file.
        instrument: A definition, or ``SYMBOL.VENUE`` to infer tick, lot and calendar.
        timeframe: Length of a bar; inferred from the times when None.
        mapping: Role (time, open, high, low, close, volume, adj_close) to column name.
        names: Column names of a file without header, in order.
        timezone: Zone of times without offset; UTC when None, with a note.
        time_format: ``strptime`` format of the times; found out when None.
        stamp: Whether bars carry the time of their open or of their close.
        decimal: Decimal mark of a text file.
        price_scale: What one unit of the file's prices is worth, ``0.00001`` for points.
        tick_size: Price grid, when ``instrument`` is only an id.
        lot_size: Volume grid, likewise.
        calendar: When bars are expected, likewise.
        adjust: Scale each bar by adj_close / close.
        repair: Mend what can be mended, recording each change.
        accept: Rules whose findings are genuine: non_positive, spike, level_shift, timeframe.
        replace: Replace the series if it exists.
        append: Add the bars to it if it exists. Its definition is the one that is stored.
        restatement: What to do then about bars that are stored with other values.
        now: Nanoseconds UTC after which bars lie in the future; a day from now when None.

    Raises:
        ImportRefusedError: If bars break rules; nothing was stored.
        DataError: If the file cannot be read, or the series exists.
        UsageError: If the options make no sense.
    """
    if isinstance(instrument, Instrument) and (tick_size or lot_size or calendar):
        raise UsageError("tick size, lot size and calendar were given beside a full instrument")
    if replace and append:
        raise UsageError("replace and append were both given, expected one of them")
    options = ImportOptions(
        timeframe=None if timeframe is None else Timeframe.parse(timeframe),
        mapping=mapping or {},
        names=names,
        timezone=timezone,
        time_format=time_format,
        stamp=stamp,
        decimal=decimal,
        price_scale=as_decimal(price_scale, "price scale"),
        tick_size=as_decimal(tick_size, "tick size") if tick_size else None,
        lot_size=as_decimal(lot_size, "lot size") if lot_size else None,
        calendar=calendar,
        adjust=adjust,
        repair=repair,
        accept=accept,
        restatement=restatement,
    )
    parse_instrument_id(instrument if isinstance(instrument, str) else instrument.id)
    latest = time.time_ns() + DAY if now is None else now
    how: _How = "append" if append else "replace" if replace else "new"
    return _import(catalog, Path(path), instrument, options, latest, how)


def _import(
    catalog: Catalog,
    path: Path,
    instrument: Instrument | str,
    options: ImportOptions,
    latest: int,
    how: _How,
) -> ImportReport:
    with staging(catalog.root) as folder, storage.connect(folder / "spill") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        source = open_source(connection, path, options.names)
        columns = choose_columns(source.names, options.mapping, source=path.name)
        job = Job(connection=connection, source=source, columns=columns, options=options)
        job.notes.extend(columns.notes)
        rows = load_raw(job)
        load_work(job)
        frame = settle_times(job)
        applied = _run_rules(job, frame, latest)
        if how == "append":
            instrument = _stored_definition(catalog, instrument, frame, options)
        if isinstance(instrument, str):
            instrument = infer_instrument(job, instrument, frame)
        applied += (fit_grid(job, instrument),)
        raise_refused(source, job.outcome, applied)
        _stage(job, folder, instrument)
        origin = _provenance(job)
        if how == "append":
            merged = catalog.publish_merged(
                connection, folder, instrument, frame, origin, options.restatement
            )
        else:
            series = catalog.publish(
                connection, folder, instrument, frame, origin, replace=how == "replace"
            )
            merged = MergeReport(series=series, added=series.rows, same=0, restated=0)
    return ImportReport(
        merged=merged,
        rows_read=rows,
        repaired=job.outcome.repaired,
        accepted=tuple(job.outcome.accepted),
        assumptions=tuple(job.notes),
    )


def _stored_definition(
    catalog: Catalog, instrument: Instrument | str, frame: Timeframe, options: ImportOptions
) -> Instrument | str:
    """Return what is stored of an instrument known by its id, so that new bars fit its grid."""
    known = isinstance(instrument, str) and (instrument, frame) in catalog.names()
    if not known:
        return instrument
    if options.tick_size or options.lot_size or options.calendar:
        raise UsageError(
            "tick size, lot size or calendar was given, expected none: the series has its own"
        )
    return catalog.info(instrument, frame).instrument  # type: ignore[arg-type]


def _provenance(job: Job) -> Provenance:
    return Provenance(
        source=job.source.path.name,
        source_hash=storage.file_hash(job.source.path),
        assumptions=tuple(job.notes),
        repairs=job.outcome.repaired,
        accepted=tuple(job.outcome.accepted),
    )


def _run_rules(job: Job, frame: Timeframe, now: int) -> tuple[Rule, ...]:
    applied = rules(frame, now)
    check_accepted(job.options.accept, applied)
    job.connection.execute(f"CREATE TEMP TABLE repairs AS {EMPTY_REPAIRS}")
    run_rules(
        job.connection,
        applied,
        job.source,
        job.outcome,
        repair=job.options.repair,
        accept=job.options.accept,
    )
    finding = check_cadence(job.connection, frame)
    if finding and "timeframe" in job.options.accept:
        job.outcome.accepted.append("timeframe")
    elif finding:
        job.outcome.refused.append(finding)
    left = job.connection.execute("SELECT count(*) FROM work").fetchone()
    if not left or not left[0]:
        raise_refused(job.source, job.outcome, applied)
        raise DataError(f"{job.source.path} had no bar left after repairs")
    return applied


def _stage(job: Job, folder: Path, instrument: Instrument) -> None:
    """Write ticks and lots sorted by time, and the record of repairs."""
    cells = ["time"] + [
        f"{grid.steps(c, instrument.lot_size if c == 'volume' else instrument.tick_size)}::BIGINT"
        f" AS {c}"
        for c in VALUE_COLUMNS
    ]
    query = f"SELECT {', '.join(cells)} FROM work ORDER BY {COLUMNS[0]}"
    storage.write_parquet(job.connection, query, folder / "bars.parquet")
    recorded = 'SELECT row, rule, "column", before, after FROM repairs ORDER BY row, rule, "column"'
    storage.write_parquet(job.connection, recorded, folder / "repairs.parquet")
