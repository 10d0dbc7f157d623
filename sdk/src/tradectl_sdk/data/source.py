"""Foreign files as one SQL relation of text: CSV and its cousins, Parquet, Feather.

Everything is read as text first, so that a bad cell can be quoted as it stands in the file;
DuckDB streams it, so a file may be larger than memory.
"""

# ruff: noqa: S608 - statements are built from constants, numbers and quoted names only
from __future__ import annotations

import csv
import gzip
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import duckdb

from tradectl_sdk.data.storage import quoted
from tradectl_sdk.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Format = Literal["csv", "parquet", "feather"]
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".feather": "feather", ".arrow": "feather",
}  # fmt: skip
_SAMPLE = 65_536  # characters looked at to find delimiter and header
_STARTS_LIKE_DATA = re.compile(r"\s*[-+]?\.?\d")


@dataclass(frozen=True, slots=True)
class Source:
    """A file opened for reading.

    Attributes:
        path: The file.
        names: Its column names, in order.
        relation: SQL that yields its rows in their order.
        first_line: Line of the first data row in a text file; 0 for binary formats.
    """

    path: Path
    names: tuple[str, ...]
    relation: str
    first_line: int

    def line_of(self, row: int) -> int:
        """Line of a data row in a text file, 0 for binary formats."""
        return row + self.first_line - 1 if self.first_line else 0


def open_source(
    connection: duckdb.DuckDBPyConnection, path: Path, names: Sequence[str] = ()
) -> Source:
    """Open a file; the suffix, before any ``.gz``, says what it is.

    Args:
        connection: The database that will read it.
        path: The file.
        names: Column names of a file without header.

    Raises:
        DataError: If it is missing, empty, damaged, or of no known format.
    """
    if not path.is_file():
        raise DataError(f"{path} was not there, expected a file")
    if path.stat().st_size == 0:
        raise DataError(f"{path} was empty, expected a header and rows")
    match _format(path):
        case "csv":
            return _open_csv(path, tuple(names))
        case "parquet":
            return _open_table(connection, path, f"read_parquet({quoted(path)})")
        case "feather":
            connection.register("feather_source", _read_feather(path))
            return _open_table(connection, path, "feather_source")


def _format(path: Path) -> Format:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    known = _SUFFIXES.get(suffixes[-1]) if suffixes else None
    if known is None:
        raise UsageError(
            f"{path.name} was of an unknown format, expected {', '.join(_SUFFIXES)}",
            hint="text may be compressed with gzip (.csv.gz)",
        )
    return known


def _open_table(connection: duckdb.DuckDBPyConnection, path: Path, relation: str) -> Source:
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    except duckdb.Error as error:
        raise DataError(
            f"{path} could not be read: {str(error).splitlines()[0]}",
            hint="the file is damaged, truncated or not what its suffix says",
        ) from error
    return Source(path, tuple(row[0] for row in described), relation, 0)


def _read_feather(path: Path) -> object:
    try:
        from pyarrow import ArrowInvalid, feather
    except ImportError as error:
        raise UsageError(
            f"reading {path.name} needs pyarrow, which is not installed",
            hint='pip install "tradectl-sdk[feather]"',
        ) from error
    try:
        table: object = feather.read_table(path, memory_map=True)
    except (ArrowInvalid, OSError) as error:
        raise DataError(
            f"{path} could not be read: {error}", hint="the file is damaged or truncated"
        ) from error
    return table


def _open_csv(path: Path, names: tuple[str, ...]) -> Source:
    lines = _first_lines(path)
    delimiter = _delimiter(lines)
    skipped = next((i for i, line in enumerate(lines) if line.strip()), 0)
    cells = next(csv.reader([lines[skipped]], delimiter=delimiter))
    has_header = not any(_STARTS_LIKE_DATA.match(cell) for cell in cells)
    if not has_header and not names:
        raise DataError(
            f"{path} had no header: its first line was {lines[skipped][:80]!r}",
            hint="name its columns in order: --columns time,open,high,low,close,volume",
        )
    if names and len(names) != len(cells):
        raise UsageError(f"{len(names)} column names were given, {path.name} has {len(cells)}")
    header = names or tuple(cell.strip() for cell in cells)
    if len(set(header)) != len(header):
        raise DataError(f"{path} had two columns of one name: {', '.join(header)}")
    first = skipped + int(has_header)
    return Source(path, header, _csv_relation(path, header, delimiter, first), first + 1)


def _csv_relation(path: Path, names: tuple[str, ...], delimiter: str, skip: int) -> str:
    columns = ", ".join(f"{quoted(name or 'column_0')}: 'VARCHAR'" for name in names)
    return (
        f"read_csv({quoted(path)}, auto_detect=false, columns={{{columns}}}, header=false,"
        f" skip={skip}, delim={quoted(delimiter)}, quote='\"', escape='\"', nullstr='',"
        " strict_mode=true, null_padding=false)"
    )


def _first_lines(path: Path) -> list[str]:
    opener = gzip.open if path.suffix.lower() == ".gz" else io.open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline=None) as file:
            text = str(file.read(_SAMPLE))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} could not be read as text: {error}",
            hint="expected UTF-8, plain or compressed with gzip",
        ) from error
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        raise DataError(f"{path} was empty, expected a header and rows")
    return lines


def _delimiter(lines: list[str]) -> str:
    """The candidate that splits the first lines into the most, equally many, cells."""
    head = [line for line in lines if line.strip()][:20]
    head = head[:-1] if len(head) > 2 else head  # the last one may be cut off

    def cells(delimiter: str) -> int:
        counts = {len(row) for row in csv.reader(head, delimiter=delimiter)}
        return counts.pop() if len(counts) == 1 else 0

    best = max(",\t;|", key=cells)
    return best if cells(best) > 1 else ","
