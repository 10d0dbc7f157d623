"""A memory-mapped copy of a series' columns, so that the next run starts without decoding.

The Parquet file is the truth; this is a cache beside it, named by the hash of the values it holds,
so it can never belong to other data. It is written whole or not at all, ignored when its shape
does not fit the manifest, checked by ``verify``, and swept when the series is replaced. Processes
that read the same series share its pages. It takes 48 bytes a bar, four times the Parquet file.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import secrets
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data.bars import COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk.data.bars import IntColumn
    from tradectl_sdk.data.manifest import SeriesInfo

Columns = dict[str, "IntColumn"]
_TYPE = np.dtype("<i8")


def mapped_path(folder: Path, info: SeriesInfo) -> Path:
    """Where the copy of a series lies, whether or not it exists."""
    return folder / f"columns-{info.columns_hash[:32]}.npy"


def load_mapped(path: Path, rows: int) -> Columns | None:
    """Map a copy into memory, read-only; None when there is none that fits.

    Returns:
        Column name to array of shape ``(rows,)``.
    """
    try:
        table = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if table.dtype != _TYPE or table.shape != (len(COLUMNS), rows) or not table.flags.c_contiguous:
        return None
    return {name: np.asarray(table[i]) for i, name in enumerate(COLUMNS)}


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


def store_mapped(path: Path, columns: Columns) -> None:
    """Write a copy if the folder can be written to; a catalog may be read-only."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    header = {
        "descr": _TYPE.str,
        "fortran_order": False,
        "shape": (len(COLUMNS), len(columns["time"])),
    }
    try:
        with part.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for name in COLUMNS:
                file.write(np.ascontiguousarray(columns[name], _TYPE).data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def between(columns: Columns, start: int | None, end: int | None) -> Columns:
    """The bars that opened in ``[start, end)``, without copying."""
    time = columns["time"]
    first = 0 if start is None else int(np.searchsorted(time, start))
    last = len(time) if end is None else int(np.searchsorted(time, end))
    return {name: column[first:last] for name, column in columns.items()}
