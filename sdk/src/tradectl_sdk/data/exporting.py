"""Writing a series for other programs: exact decimals, ISO 8601 times, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradectl_sdk.data import storage
from tradectl_sdk.data.bars import PRICE_COLUMNS
from tradectl_sdk.data.catalog import nanoseconds
from tradectl_sdk.errors import DataMissingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from tradectl_sdk.data.catalog import Catalog, Moment
    from tradectl_sdk.data.manifest import SeriesInfo
    from tradectl_sdk.domain.timeframe import Timeframe

_CSV = "strftime(make_timestamp_ns(time), '%Y-%m-%dT%H:%M:%SZ')"
_TYPED = "make_timestamp_ns(time)::TIMESTAMP AT TIME ZONE 'UTC'"


def export_bars(
    catalog: Catalog,
    instrument: str,
    timeframe: Timeframe | str,
    path: Path | str,
    start: Moment | None = None,
    end: Moment | None = None,
) -> int:
    """Write the bars that opened in ``[start, end)`` to a file; returns how many.

    The suffix says how: ``.csv``, ``.csv.gz``, ``.tsv``, ``.parquet`` or ``.feather``. Columns are
    time (UTC, when the bar opened), open, high, low, close and volume. An existing file is
    replaced, in one step.

    Raises:
        DataMissingError: If the catalog does not have the series, or no bar opened then.
        UsageError: If the suffix is unknown, or the folder is not there or not writable.
    """
    path = Path(path)
    suffix = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
    if suffix not in {".csv", ".csv.gz", ".tsv", ".parquet", ".feather"}:
        raise UsageError(
            f"{path.name} had suffix {suffix!r}, expected .csv, .csv.gz, .tsv, .parquet or .feather"
        )
    if not os.access(path.parent, os.W_OK):
        raise UsageError(
            f"{path} cannot be written: {path.parent} is no folder to write to",
            hint="name a folder that is there and that you may write to",
        )
    info = catalog.info(instrument, timeframe)
    stored = catalog.bars_files(info)
    moment = _CSV if suffix in {".csv", ".csv.gz", ".tsv"} else _TYPED
    where = storage.time_range(nanoseconds(start), nanoseconds(end))
    query = _query(info, stored, moment, where)
    part = path.with_name(f".{path.name}.part")
    try:
        with storage.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            rows = _write(connection, query, part, suffix)
        if not rows:
            raise DataMissingError(
                f"{instrument} {timeframe} had no bars from {start or 'its start'} "
                f"to {end or 'its end'}"
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return rows


def _query(info: SeriesInfo, stored: Sequence[Path], moment: str, where: str) -> str:
    cells = [f"{storage.exact(c, info.instrument.tick_size)} AS {c}" for c in PRICE_COLUMNS]
    cells.append(f"{storage.exact('volume', info.instrument.lot_size)} AS volume")
    rows = f"(SELECT * FROM {storage.relation(stored)}{where})"  # noqa: S608
    return f"SELECT {moment} AS time, {', '.join(cells)} FROM {rows}"  # noqa: S608


def _write(connection: duckdb.DuckDBPyConnection, query: str, path: Path, suffix: str) -> int:
    if suffix == ".feather":
        return _write_feather(connection, query, path)
    options = {
        ".csv": "FORMAT csv, HEADER",
        ".csv.gz": "FORMAT csv, HEADER, COMPRESSION gzip",
        ".tsv": "FORMAT csv, HEADER, DELIMITER '\t'",
        ".parquet": "FORMAT parquet, COMPRESSION zstd",
    }[suffix]
    copied = connection.execute(f"COPY ({query}) TO {storage.quoted(path)} ({options})").fetchone()
    return int(copied[0]) if copied else 0


def _write_feather(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    try:
        from pyarrow import ipc
    except ImportError as error:
        raise UsageError(
            f"writing {path.name} needs pyarrow, which is not installed",
            hint='pip install "tradectl-sdk[feather]"',
        ) from error
    batches: Any = connection.sql(query).to_arrow_reader(storage.ROW_GROUP)
    rows = 0
    with ipc.new_file(str(path), batches.schema) as sink:
        for batch in batches:
            sink.write_batch(batch)
            rows += batch.num_rows
    return rows
