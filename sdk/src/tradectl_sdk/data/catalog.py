"""The catalog: series of bars on disk, found by instrument and timeframe.

Layout, readable by anything that knows Parquet and hive partitions::

    ROOT/venue=BINANCE/instrument=BTC%2FUSDT/kind=bars/timeframe=1m/
        manifest.json               definition, rows, hashes, provenance
        bars-<hash>.parquet         time, open, high, low, close, volume as int64; newer bars
                                    than these may follow in further files
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

from tradectl_sdk.data.bars import Bars
from tradectl_sdk.data.manifest import MANIFEST, Provenance, SeriesInfo, read_manifest
from tradectl_sdk.data.mapped import load_mapped, mapped_path, place, store_mapped
from tradectl_sdk.domain.instrument import InstrumentId, parse_instrument_id
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import DataError, DataMissingError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from duckdb import DuckDBPyConnection

    from tradectl_sdk.data.bars import IntColumn
    from tradectl_sdk.data.gaps import GapLedger
    from tradectl_sdk.data.mapped import Prepared
    from tradectl_sdk.data.merging import MergeReport, Restatement
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
        cache: Keep a memory-mapped copy of every series that is read whole, eight times the size
            of its Parquet files, so that the next read takes milliseconds.
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
        return self.prepared(instrument, timeframe, start, end)[0]

    def prepared(
        self,
        instrument: InstrumentId | str,
        timeframe: Timeframe | str,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> tuple[Bars, Prepared | None]:
        """Read like :meth:`bars`, with what a run needs of them where a copy on disk has it."""
        paths, info = self._open(instrument, timeframe)
        since, until = nanoseconds(start), nanoseconds(end)
        found = self._mapped(paths, info, whole=start is None and end is None)
        if found is None:
            from tradectl_sdk.data.storage import read_columns

            columns = read_columns(paths, since, until)
            return Bars(instrument=info.instrument, timeframe=info.timeframe, **columns), None
        first, last = place(found[0]["time"], since, until)
        bars = Bars(instrument=info.instrument, timeframe=info.timeframe, **found[0])
        return bars.rows(first, last), found[1].rows(first, last)

    def _mapped(
        self, paths: Sequence[Path], info: SeriesInfo, *, whole: bool
    ) -> tuple[dict[str, IntColumn], Prepared] | None:
        """Map the copy of a series; make it first when all of the series is read."""
        if not self.cache:
            return None
        copy = mapped_path(paths[0].parent, info)
        found = load_mapped(copy, info.rows)
        if found is not None or not whole:
            return found
        from tradectl_sdk.data.storage import iter_columns

        store_mapped(copy, info, iter_columns(paths))
        return load_mapped(copy, info.rows)

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

        paths, info = self._open(instrument, timeframe)
        for columns in storage.iter_columns(paths, nanoseconds(start), nanoseconds(end)):
            bars = Bars(instrument=info.instrument, timeframe=info.timeframe, **columns)
            for first in range(0, len(bars), chunk):
                yield bars.rows(first, first + chunk)

    def gaps(self, instrument: InstrumentId | str, timeframe: Timeframe | str) -> GapLedger:
        """Read the gap ledger of a series."""
        info = self.info(instrument, timeframe)
        path = self.folder(instrument, timeframe) / info.files["gaps"]
        from tradectl_sdk.data import storage

        with storage.connect() as connection:
            return storage.read_gaps(connection, path)

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

    def merge(
        self,
        bars: Bars,
        *,
        provenance: Provenance | None = None,
        restatement: Restatement = "refuse",
    ) -> MergeReport:
        """Add bars to a series, whole or not at all; one that is not there yet is begun.

        They may come before, between and after those that are stored, and among them may be some
        that are stored already. Newer bars leave the files of older ones alone.

        Args:
            bars: At least one bar, times rising; they are held to the rules of stored bars.
            provenance: Where they came from; added to what is known of the series.
            restatement: What to do about bars that are stored with other values.

        Raises:
            DataError: If a bar breaks a rule, the grids do not fit, or a bar differs from the
                stored one and ``restatement`` is ``refuse``; nothing was changed then.
        """
        from tradectl_sdk.data import storage
        from tradectl_sdk.data.writing import stage_bars, staging

        origin = provenance or Provenance(source="memory")
        with staging(self.root) as folder, storage.connect(folder / "spill") as connection:
            stage_bars(connection, bars, folder)
            return self.publish_merged(
                connection, folder, bars.instrument, bars.timeframe, origin, restatement
            )

    def publish_merged(
        self,
        connection: DuckDBPyConnection,
        folder: Path,
        instrument: Instrument,
        timeframe: Timeframe,
        provenance: Provenance,
        restatement: Restatement,
    ) -> MergeReport:
        """Make staged bars visible among those of a series.

        Raises:
            DataError: As for :meth:`merge`.
        """
        from tradectl_sdk.data.merging import MergeReport, merge_staged
        from tradectl_sdk.data.writing import publish

        target = self.folder(instrument.id, timeframe)
        if not (target / MANIFEST).exists():
            info = publish(connection, folder, target, instrument, timeframe, provenance)
            return MergeReport(series=info, added=info.rows, same=0, restated=0)
        info = self.info(instrument.id, timeframe)
        self.bars_files(info)
        return merge_staged(connection, folder, target, info, instrument, provenance, restatement)

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

    def bars_files(self, info: SeriesInfo) -> list[Path]:
        """The Parquet files that hold a series, oldest bars first.

        Raises:
            DataError: If one is lost.
        """
        folder = self.folder(info.instrument_id, info.timeframe)
        paths = [folder / part.file for part in info.parts]
        for path in paths:
            if not path.is_file():
                raise DataError(f"{path} was missing", hint="import the series again")
        return paths

    def _open(
        self, instrument: InstrumentId | str, timeframe: Timeframe | str
    ) -> tuple[list[Path], SeriesInfo]:
        info = self.info(instrument, timeframe)
        folder = self.folder(instrument, timeframe)
        if not all((folder / part.file).is_file() for part in info.parts):
            info = self.info(instrument, timeframe)  # a writer may have replaced it meanwhile
        return self.bars_files(info), info

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
                f"time was {moment!r}, expected ISO 8601 such as 2024-01-31",
                hint="a time of day and an offset may follow, as in 2024-01-31T09:30+01:00",
            ) from error
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
