"""The catalog: series of bars on disk, found by instrument and timeframe.

Layout, readable by anything that knows Parquet and hive partitions::

    ROOT/venue=BINANCE/instrument=BTC%2FUSDT/kind=bars/timeframe=1m/
        manifest.json               definition, rows, hashes, provenance
        bars-<hash>.parquet         time, open, high, low, close, volume as int64
        gaps-<hash>.parquet         the gap ledger
        repairs-<hash>.parquet      every change made on import

A reader trusts only what the manifest names, and replacing the manifest is the one step that
makes a new version visible; until then nothing of it is. A ``columns-<hash>.npy`` beside them is
a cache (see :mod:`tradectl_sdk.data.mapped`) and may be deleted at any time.

DuckDB is imported when a Parquet file is read or written, which a cached read does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import numpy as np

from tradectl_sdk.data.bars import Bars
from tradectl_sdk.data.gaps import GapLedger
from tradectl_sdk.data.manifest import MANIFEST, Provenance, SeriesInfo, read_manifest
from tradectl_sdk.data.mapped import between, load_mapped, mapped_path, store_mapped
from tradectl_sdk.domain.instrument import InstrumentId, parse_instrument_id
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import DataError, DataMissingError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from tradectl_sdk.data.bars import IntColumn
    from tradectl_sdk.data.verifying import VerifyReport
    from tradectl_sdk.domain.instrument import Instrument

Moment = int | str | datetime


@dataclass(frozen=True, slots=True)
class Repair:
    """One change made on import: ``row`` counts data rows of the source from 1."""

    row: int
    rule: str
    column: str
    before: str
    after: str


class Catalog:
    """Series of bars under one folder.

    Args:
        root: The folder; made on the first write.
        cache: Keep a memory-mapped copy of every series that is read whole, four times the size
            of its Parquet file, so that the next read takes milliseconds.
    """

    def __init__(self, root: Path | str, *, cache: bool = True) -> None:
        self.root = Path(root)
        self.cache = cache

    def folder(self, instrument: InstrumentId | str, timeframe: Timeframe | str) -> Path:
        """Where a series lies, whether or not it exists."""
        symbol, venue = parse_instrument_id(instrument)
        return self.root.joinpath(
            f"venue={_safe(venue)}",
            f"instrument={_safe(symbol)}",
            "kind=bars",
            f"timeframe={Timeframe.parse(timeframe)}",
        )

    def list_series(self) -> list[SeriesInfo]:
        """Every series, sorted by instrument, then by timeframe."""
        return [self.info(*name) for name in self.names()]

    def names(self) -> list[tuple[InstrumentId, Timeframe]]:
        """Instrument and timeframe of every series, damaged ones too, sorted likewise."""
        pattern = "venue=*/instrument=*/kind=bars/timeframe=*/" + MANIFEST
        found = []
        for path in self.root.glob(pattern):
            venue, symbol, _, frame = (
                unquote(part.partition("=")[2]) for part in path.relative_to(self.root).parts[:-1]
            )
            found.append((InstrumentId(f"{symbol}.{venue}"), Timeframe.parse(frame)))
        return sorted(found)

    def info(self, instrument: InstrumentId | str, timeframe: Timeframe | str) -> SeriesInfo:
        """What is known about one series.

        Raises:
            DataMissingError: If the catalog does not have it.
        """
        manifest = self.folder(instrument, timeframe) / MANIFEST
        if not manifest.is_file():
            raise self._missing(str(instrument), Timeframe.parse(timeframe))
        return read_manifest(manifest)

    def bars(
        self,
        instrument: InstrumentId | str,
        timeframe: Timeframe | str,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> Bars:
        """Read the bars that opened in ``[start, end)``.

        Args:
            instrument: ``SYMBOL.VENUE``.
            timeframe: Length of a bar, such as ``1m``.
            start: Nanoseconds UTC, ISO 8601 text or a datetime; None for the beginning.
            end: Likewise, exclusive; None for all there is.

        Raises:
            DataMissingError: If the catalog does not have the series.
            DataError: If its file is damaged.
        """
        path, info = self._open(instrument, timeframe)
        columns = self._columns(path, info, nanoseconds(start), nanoseconds(end))
        return Bars(instrument=info.instrument, timeframe=info.timeframe, **columns)

    def _columns(
        self, path: Path, info: SeriesInfo, start: int | None, end: int | None
    ) -> dict[str, IntColumn]:
        """Read a series through the memory-mapped copy, or make one when all of it is read."""
        copy = mapped_path(path.parent, info)
        if self.cache and (columns := load_mapped(copy, info.rows)) is not None:
            return between(columns, start, end)
        from tradectl_sdk.data.storage import read_columns

        columns = read_columns(path, start, end)
        if self.cache and len(columns["time"]) == info.rows:
            store_mapped(copy, columns)
        return columns

    def iter_bars(
        self,
        instrument: InstrumentId | str,
        timeframe: Timeframe | str,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        chunk: int = 122_880,
    ) -> Iterator[Bars]:
        """Read like :meth:`bars`, in pieces of at most ``chunk`` bars and with flat memory."""
        if chunk < 1:
            raise UsageError(f"chunk was {chunk}, expected at least 1")
        from tradectl_sdk.data import storage

        path, info = self._open(instrument, timeframe)
        for columns in storage.iter_columns(path, nanoseconds(start), nanoseconds(end)):
            bars = Bars(instrument=info.instrument, timeframe=info.timeframe, **columns)
            for first in range(0, len(bars), chunk):
                yield bars.rows(first, first + chunk)

    def gaps(self, instrument: InstrumentId | str, timeframe: Timeframe | str) -> GapLedger:
        """Read the gap ledger of a series."""
        info = self.info(instrument, timeframe)
        path = self.folder(instrument, timeframe) / info.files["gaps"]
        from tradectl_sdk.data import storage

        with storage.connect() as connection:
            found = connection.execute(
                'SELECT "start", "end", bars FROM read_parquet(?)', [str(path)]
            ).fetchnumpy()
        return GapLedger(*(np.asarray(found[name]) for name in ("start", "end", "bars")))

    def repairs(self, instrument: InstrumentId | str, timeframe: Timeframe | str) -> list[Repair]:
        """Read every change that was made when a series was imported."""
        info = self.info(instrument, timeframe)
        path = self.folder(instrument, timeframe) / info.files["repairs"]
        from tradectl_sdk.data import storage

        with storage.connect() as connection:
            found = connection.execute(
                'SELECT row, rule, "column", before, after FROM read_parquet(?)', [str(path)]
            ).fetchall()
        return [Repair(*values) for values in found]

    def write(
        self, bars: Bars, *, provenance: Provenance | None = None, replace: bool = False
    ) -> SeriesInfo:
        """Store bars from memory, whole or not at all.

        Args:
            bars: At least one bar; they are held to the rules of stored bars.
            provenance: Where they came from.
            replace: Allow to replace a series with other contents.

        Raises:
            DataError: If a bar breaks a rule, or the series exists and differs.
        """
        from tradectl_sdk.data import storage
        from tradectl_sdk.data.writing import stage_bars, staging

        origin = provenance or Provenance(source="memory")
        with staging(self.root) as folder, storage.connect() as connection:
            stage_bars(connection, bars, folder)
            return self.publish(
                connection, folder, bars.instrument, bars.timeframe, origin, replace=replace
            )

    def append(self, bars: Bars, *, provenance: Provenance | None = None) -> SeriesInfo:
        """Add newer bars to a series, whole or not at all; one that is not there yet is begun.

        Bars that are stored already may be among them, but only as they are stored.

        Args:
            bars: At least one bar, on the grid of the stored ones.
            provenance: Where they came from.

        Returns:
            The series as it is now; where every bar was stored already, as it was.

        Raises:
            DataError: If a bar breaks a rule, lies before the series or between its bars, or
                differs from the stored one.
        """
        from tradectl_sdk.data import storage
        from tradectl_sdk.data.writing import stage_bars, staging

        origin = provenance or Provenance(source="memory")
        with staging(self.root) as folder, storage.connect(folder / "spill") as connection:
            stage_bars(connection, bars, folder)
            info, _ = self.publish_more(connection, folder, bars.instrument, bars.timeframe, origin)
            return info

    def publish_more(
        self,
        connection: DuckDBPyConnection,
        folder: Path,
        instrument: Instrument,
        timeframe: Timeframe,
        provenance: Provenance,
    ) -> tuple[SeriesInfo, int]:
        """Make staged bars visible behind those of a series; return it and how many are new.

        Raises:
            DataError: As for :meth:`append`.
        """
        from tradectl_sdk.data.appending import check_grid, join_stored, joined
        from tradectl_sdk.data.writing import publish

        target = self.folder(instrument.id, timeframe)
        if not (target / MANIFEST).exists():
            info = publish(connection, folder, target, instrument, timeframe, provenance)
            return info, info.rows
        info = self.info(instrument.id, timeframe)
        check_grid(info, instrument)
        self.bars_file(info)
        added = join_stored(connection, folder, target, info)
        if not added:
            return info, 0
        origin = joined(info.provenance, provenance)
        return publish(connection, folder, target, info.instrument, timeframe, origin), added

    def publish(
        self,
        connection: DuckDBPyConnection,
        folder: Path,
        instrument: Instrument,
        timeframe: Timeframe,
        provenance: Provenance,
        *,
        replace: bool,
    ) -> SeriesInfo:
        """Make a staged series visible; the importer's last step.

        Raises:
            DataError: If a bar breaks a rule, or the series exists and ``replace`` is off.
        """
        from tradectl_sdk.data.writing import publish

        target = self.folder(instrument.id, timeframe)
        if (target / MANIFEST).exists() and not replace:
            raise DataError(
                f"{instrument.id} {timeframe} was already in the catalog",
                hint="--append adds newer bars to it, --replace puts the new ones in its place",
            )
        return publish(connection, folder, target, instrument, timeframe, provenance)

    def remove(self, instrument: InstrumentId | str, timeframe: Timeframe | str) -> None:
        """Delete a series.

        Raises:
            DataMissingError: If the catalog does not have it.
        """
        from tradectl_sdk.data.writing import delete

        target = self.folder(instrument, timeframe)
        if not target.exists():
            raise self._missing(str(instrument), Timeframe.parse(timeframe))
        delete(self.root, target)

    def verify(self, instrument: InstrumentId | str, timeframe: Timeframe | str) -> VerifyReport:
        """Read a series back and hold it to its hashes and to the rules of stored bars.

        Raises:
            DataMissingError: If the catalog does not have it.
        """
        from tradectl_sdk.data.verifying import verify_series

        name = f"{instrument} {Timeframe.parse(timeframe)}"
        folder = self.folder(instrument, timeframe)
        if not (folder / MANIFEST).is_file():
            raise self._missing(str(instrument), Timeframe.parse(timeframe))
        return verify_series(folder, name)

    def bars_file(self, info: SeriesInfo) -> Path:
        """The Parquet file that holds a series.

        Raises:
            DataError: If it is lost.
        """
        path = self.folder(info.instrument_id, info.timeframe) / info.files["bars"]
        if not path.is_file():
            raise DataError(f"{path} was missing", hint="import the series again")
        return path

    def _open(
        self, instrument: InstrumentId | str, timeframe: Timeframe | str
    ) -> tuple[Path, SeriesInfo]:
        info = self.info(instrument, timeframe)
        path = self.folder(instrument, timeframe) / info.files["bars"]
        if not path.is_file():  # a writer may have replaced it between these two steps
            info = self.info(instrument, timeframe)
        return self.bars_file(info), info

    def _missing(self, instrument: str, timeframe: Timeframe) -> DataMissingError:
        known = self.list_series()
        frames = [str(info.timeframe) for info in known if info.instrument_id == instrument]
        if frames:
            hint = f"it is there as {', '.join(frames)}"
        else:
            guess = did_you_mean(instrument, {info.instrument_id for info in known})
            hint = guess or "tradectl data list shows what is there"
        return DataMissingError(f"{instrument} {timeframe} was not in the catalog", hint=hint)


def _safe(name: str) -> str:
    """Make a symbol a folder name that no file system reads as a path."""
    encoded = quote(name, safe=" -_+=@()")
    return encoded.replace(".", "%2E") if encoded.startswith(".") else encoded


def nanoseconds(moment: Moment | None) -> int | None:
    """Turn a moment as people write it into nanoseconds UTC; without offset it means UTC."""
    if moment is None or isinstance(moment, int):
        return moment
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError as error:
            raise UsageError(
                f"time was {moment!r}, expected ISO 8601 such as 2024-01-31"
            ) from error
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
