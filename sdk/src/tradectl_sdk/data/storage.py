"""Parquet through DuckDB: the only place that knows how bars lie on disk.

Numbers are stored delta-encoded (Parquet version 2 pages) without compression: bars of a minute
differ by little, so a million of them take about 12 MB and decode in about 50 ms, faster and
smaller than with a general compressor.
"""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from tradectl_sdk.data.bars import COLUMNS, IntColumn
from tradectl_sdk.data.gaps import GapLedger
from tradectl_sdk.data.hashing import BLOCK
from tradectl_sdk.data.interrupting import interruptible
from tradectl_sdk.domain.money import plain
from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal
    from pathlib import Path

ROW_GROUP = BLOCK  # rows; DuckDB reads one row group per thread
_PARQUET = (
    f"(FORMAT parquet, PARQUET_VERSION v2, COMPRESSION uncompressed, ROW_GROUP_SIZE {ROW_GROUP})"
)
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM read_parquet(?)"  # noqa: S608 - constants only

_INTERRUPTED = "Query interrupted"

Columns = dict[str, IntColumn]


@contextlib.contextmanager
def connect(scratch: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a private in-memory database that never downloads anything.

    Args:
        scratch: Folder for what does not fit into memory; without it nothing is spilled.

    Raises:
        KeyboardInterrupt: If Ctrl-C came during a query, which DuckDB calls an error of its own.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if scratch is not None:
        config["temp_directory"] = str(scratch)
    with duckdb.connect(config=config) as connection, interruptible(connection):
        try:
            yield connection
        except duckdb.InterruptException as error:
            raise KeyboardInterrupt from error
        except RuntimeError as error:
            if str(error) != _INTERRUPTED:
                raise
            raise KeyboardInterrupt from error


def quoted(path: Path | str) -> str:
    """Quote a text for SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def exact(column: str, step: Decimal) -> str:
    """SQL for steps times step as DECIMAL: exact, with the step's own number of places."""
    text = plain(step)
    whole, _, places = text.partition(".")
    width = len(whole) + len(places)
    return f"{column}::DECIMAL(19, 0) * {text}::DECIMAL({width}, {len(places)})"


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write the rows of a query, in its order."""
    connection.execute(f"COPY ({query}) TO {quoted(path)} {_PARQUET}")


def read_columns(
    paths: Sequence[Path], start: int | None = None, end: int | None = None
) -> Columns:
    """Read the bars that opened in ``[start, end)`` into arrays of shape ``(n,)``.

    Args:
        paths: The files of a series, oldest bars first.
        start: Nanoseconds UTC; None for the beginning.
        end: Likewise, exclusive; None for all there is.

    Raises:
        DataError: If a file cannot be read, or times do not increase.
    """
    parts = list(iter_columns(paths, start, end))
    empty = np.empty(0, np.int64)
    return {name: np.concatenate([empty, *(p[name] for p in parts)]) for name in COLUMNS}


def iter_columns(
    paths: Sequence[Path],
    start: int | None = None,
    end: int | None = None,
    *,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> Iterator[Columns]:
    """Read like :func:`read_columns`, one row group at a time, so memory stays flat."""
    reached: int | None = None
    # Opening a database takes longer than reading a row group: whoever has one lends it.
    with connect() if connection is None else contextlib.nullcontext(connection) as database:
        for path in paths:
            for first, last in _row_groups(database, path):
                low = first if start is None else max(start, first)
                high = last if end is None else min(end - 1, last)
                if low > high:
                    continue
                columns = _fetch(database, path, time_range(low, high + 1))
                time = columns["time"]
                if reached is not None and len(time) and time[0] <= reached:
                    raise _unsorted(path)
                reached = int(time[-1]) if len(time) else reached
                yield columns


def relation(paths: Sequence[Path]) -> str:
    """SQL for the bars in some files, in their order."""
    return f"read_parquet([{', '.join(quoted(path) for path in paths)}])"


def read_gaps(connection: duckdb.DuckDBPyConnection, path: Path) -> GapLedger:
    """Read a ledger of gaps."""
    query = 'SELECT "start", "end", bars FROM read_parquet(?)'
    found = connection.execute(query, [str(path)]).fetchnumpy()
    return GapLedger(*(np.asarray(found[name]) for name in ("start", "end", "bars")))


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(connection: duckdb.DuckDBPyConnection, path: Path, condition: str) -> Columns:
    try:
        result = connection.execute(_SELECT + condition, [str(path)]).fetchnumpy()
    except duckdb.Error as error:
        raise unreadable(path, error) from error
    columns: dict[str, Any] = {name: result[name] for name in COLUMNS}
    if any(np.ma.isMaskedArray(c) or c.dtype != np.int64 for c in columns.values()):
        raise DataError(f"{path} was not written by tradectl, expected six int64 columns")
    time = columns["time"]
    if not np.all(time[1:] > time[:-1]):
        raise _unsorted(path)
    return columns


def _unsorted(path: Path) -> DataError:
    return DataError(f"times in {path} were not increasing, expected bars sorted by time")


def unreadable(path: Path, error: duckdb.Error) -> DataError:
    """Say that a Parquet file cannot be read, with the first line of DuckDB's reason."""
    reason = str(error).splitlines()[0]
    return DataError(
        f"{path} could not be read: {reason}",
        hint="the file is damaged or truncated; import it again from its source",
    )


def _row_groups(connection: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[int, int]]:
    try:
        return connection.execute(
            "SELECT CAST(stats_min_value AS BIGINT), CAST(stats_max_value AS BIGINT)"
            " FROM parquet_metadata(?) WHERE path_in_schema = 'time' ORDER BY row_group_id",
            [str(path)],
        ).fetchall()
    except duckdb.Error as error:
        raise unreadable(path, error) from error


def time_range(start: int | None, end: int | None) -> str:
    """SQL condition for bars that opened in ``[start, end)``; empty for all of them."""
    bounds = [("time >= {}", start), ("time < {}", end)]
    conditions = [text.format(int(value)) for text, value in bounds if value is not None]
    return " WHERE " + " AND ".join(conditions) if conditions else ""
