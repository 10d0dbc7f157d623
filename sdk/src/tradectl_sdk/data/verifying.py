"""Reading a stored series back and holding it to its hashes and to the rules of stored bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data import storage
from tradectl_sdk.data.bars import VALUE_COLUMNS, Bars
from tradectl_sdk.data.hashing import hash_blocks, hash_columns
from tradectl_sdk.data.manifest import MANIFEST, SeriesInfo, read_manifest
from tradectl_sdk.data.mapped import load_mapped, mapped_path
from tradectl_sdk.data.writing import broken_rule
from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a verification found.

    Attributes:
        series: The series looked at, as ``SYMBOL.VENUE TIMEFRAME``.
        rows: Bars that were read back.
        problems: One sentence per finding; empty when all is well.
    """

    series: str
    rows: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def verify_series(folder: Path, name: str) -> VerifyReport:
    """Look for anything that changed since a series was written; the first finding ends it.

    Args:
        folder: The folder of the series, with its manifest.
        name: What to call it in the report.
    """
    try:
        info = read_manifest(folder / MANIFEST)
        _verify_files(folder, info)
        _verify_bars([folder / part.file for part in info.parts], info)
        _verify_copy(mapped_path(folder, info), info)
    except DataError as error:
        return VerifyReport(name, 0, (error.message,))
    return VerifyReport(name, info.rows, ())


def _verify_files(folder: Path, info: SeriesInfo) -> None:
    for name, digest in info.named.items():
        path = folder / name
        if not path.is_file():
            raise DataError(f"{path} was missing")
        if storage.file_hash(path) != digest:
            raise DataError(f"{path} was changed since it was written: its hash does not fit")


def _verify_bars(paths: Sequence[Path], info: SeriesInfo) -> None:
    rows, blocks = 0, tuple(hash_blocks(storage.iter_columns(paths)))
    for columns in storage.iter_columns(paths):
        problem = broken_rule(columns, info.timeframe, info.provenance.accepted, rows)
        if problem:
            raise DataError(problem)
        rows += len(columns["time"])
    if rows != info.rows:
        raise DataError(f"{paths[0].parent} had {rows} bars, expected {info.rows}")
    if blocks != info.blocks or hash_columns(blocks) != info.columns_hash:
        raise DataError(f"{paths[0].parent} had other values than its manifest says")


def _verify_copy(path: Path, info: SeriesInfo) -> None:
    if path.exists() and not _copy_fits(path, info):
        raise DataError(f"{path} did not hold the series' values", hint="delete it")


def _copy_fits(path: Path, info: SeriesInfo) -> bool:
    """Whether a mapped copy holds the values of a series and what follows from them."""
    found = load_mapped(path, info.rows)
    if found is None:
        return False
    columns, prepared = found
    if tuple(hash_blocks([columns])) != info.blocks:
        return False
    bars = Bars(instrument=info.instrument, timeframe=info.timeframe, **columns)
    for row in range(0, info.rows, storage.ROW_GROUP):
        part = bars.rows(row, row + storage.ROW_GROUP)
        ready = prepared.rows(row, row + storage.ROW_GROUP)
        same = (np.array_equal(part.floats(name), ready.floats[name]) for name in VALUE_COLUMNS)
        if not (np.array_equal(part.close_time, ready.close_time) and all(same)):
            return False
    return True
