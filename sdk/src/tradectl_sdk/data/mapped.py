"""A memory-mapped copy of a series' columns, so that the next run starts without decoding.

The Parquet files are the truth; this is a cache beside them, named by the hash of what the numbers
mean, so it can never belong to other data. It holds what the engine reads as well: when each bar
closed, and prices and volume as floats. It is written whole or not at all, ignored when its shape
does not fit the manifest, checked by ``verify``, and swept when the series is replaced. Processes
that read the same series share its pages, and a page that was read can be let go of. It takes 96
bytes a bar, eight times the Parquet files.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data.bars import COLUMNS, VALUE_COLUMNS, Bars

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tradectl_sdk.data.bars import ColumnName, FloatColumn, IntColumn
    from tradectl_sdk.data.manifest import SeriesInfo

Columns = dict[str, "IntColumn"]
_TYPE = np.dtype("<i8")
_HEIGHT = len(COLUMNS) + 1 + len(VALUE_COLUMNS)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What is computed of bars before a run, ready in a file; arrays of shape ``(n,)``.

    Attributes:
        close_time: As :attr:`Bars.close_time`.
        floats: As :meth:`Bars.floats`, by column.
    """

    close_time: IntColumn
    floats: dict[ColumnName, FloatColumn]

    @classmethod
    def of(cls, bars: Bars) -> Prepared:
        """Compute it, in ordinary memory."""
        return cls(bars.close_time, {name: bars.floats(name) for name in VALUE_COLUMNS})

    def rows(self, start: int, stop: int) -> Prepared:
        """Those of bars ``start`` to ``stop`` (exclusive), without copying."""
        part = slice(start, stop)
        floats = {name: column[part] for name, column in self.floats.items()}
        return Prepared(self.close_time[part], floats)


def mapped_path(folder: Path, info: SeriesInfo) -> Path:
    """Where the copy of a series lies, whether or not it exists."""
    return folder / f"columns-{info.content_hash[:32]}.npy"


def load_mapped(path: Path, rows: int) -> tuple[Columns, Prepared] | None:
    """Map a copy into memory, read-only; None when there is none that fits.

    Returns:
        Column name to array of shape ``(rows,)``, and what was computed of them.
    """
    try:
        table = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if table.dtype != _TYPE or table.shape != (_HEIGHT, rows) or not table.flags.c_contiguous:
        return None
    lines = [np.asarray(line) for line in table]
    columns = dict(zip(COLUMNS, lines, strict=False))
    closed, *floats = lines[len(COLUMNS) :]
    values = (line.view("<f8") for line in floats)
    return columns, Prepared(closed, dict(zip(VALUE_COLUMNS, values, strict=True)))


def release(column: IntColumn) -> None:
    """Let go of the memory that reading a mapped column took; touching it reads it again.

    Whoever has made other columns of it needs its pages rarely. The whole copy it belongs to is
    released; a column in ordinary memory is left alone.
    """
    base: object = column
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def store_mapped(path: Path, info: SeriesInfo, chunks: Iterable[Columns]) -> None:
    """Write a copy if the folder can be written to; a catalog may be read-only.

    Args:
        path: Where it goes.
        info: The series.
        chunks: Its columns, piece by piece; only one piece is in memory at a time.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    header = {"descr": _TYPE.str, "fortran_order": False, "shape": (_HEIGHT, info.rows)}
    try:
        with part.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            begin, row = file.tell(), 0
            for columns in chunks:
                for place, line in enumerate(_lines(columns, info)):
                    file.seek(begin + (place * info.rows + row) * _TYPE.itemsize)
                    file.write(np.ascontiguousarray(line).view(_TYPE).data)
                row += len(columns["time"])
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _lines(columns: Columns, info: SeriesInfo) -> list[IntColumn | FloatColumn]:
    """The lines of the table for some bars, in its order."""
    bars = Bars(instrument=info.instrument, timeframe=info.timeframe, **columns)
    ready = Prepared.of(bars)
    return [*(columns[name] for name in COLUMNS), ready.close_time, *ready.floats.values()]


def place(time: IntColumn, start: int | None, end: int | None) -> tuple[int, int]:
    """The first bar that opened in ``[start, end)`` and the one after the last."""
    first = 0 if start is None else int(np.searchsorted(time, start))
    last = len(time) if end is None else int(np.searchsorted(time, end))
    return first, max(first, last)
