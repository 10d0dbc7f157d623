"""How a series gets into the catalog: staged beside it, checked, then made visible in one step.

1. take the catalog's lock; sweep what a crashed writer left behind;
2. write every file of the new version into a staging folder;
3. read the bars back in chunks: hash them, find their gaps, hold them to the stored rules;
4. move the files in under names that contain their own hash;
5. replace the manifest (the only step that readers see), then delete what it no longer names.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data import storage
from tradectl_sdk.data.bars import COLUMNS, PRICE_COLUMNS, Bars
from tradectl_sdk.data.gaps import GapLedger, find_gaps, grid_offset, no_gaps
from tradectl_sdk.data.hashing import BLOCK, Block, hash_blocks, hash_columns
from tradectl_sdk.data.locking import writer_lock
from tradectl_sdk.data.manifest import MANIFEST, Part, Provenance, SeriesInfo
from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from tradectl_sdk.data.bars import IntColumn
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.domain.timeframe import Timeframe

STAGING = ".staging"
NON_POSITIVE = "non_positive"  # the one stored rule that can be declared genuine

EMPTY_REPAIRS = (
    "SELECT 0::BIGINT AS row, '' AS rule, '' AS \"column\", '' AS before, '' AS after WHERE false"
)


@contextlib.contextmanager
def staging(root: Path) -> Iterator[Path]:
    """Lock the catalog and lend an empty folder on its file system; nothing in it survives."""
    root.mkdir(parents=True, exist_ok=True)
    with writer_lock(root / ".lock"):
        shutil.rmtree(root / STAGING, ignore_errors=True)
        folder = root / STAGING / secrets.token_hex(4)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(root / STAGING, ignore_errors=True)


def stage_bars(connection: duckdb.DuckDBPyConnection, bars: Bars, folder: Path) -> None:
    """Write bars from memory into a staging folder, with an empty record of repairs."""
    connection.register("staged_bars", {name: getattr(bars, name) for name in COLUMNS})
    query = f"SELECT {', '.join(COLUMNS)} FROM staged_bars"  # noqa: S608 - constants only
    storage.write_parquet(connection, query, folder / "bars.parquet")
    storage.write_parquet(connection, EMPTY_REPAIRS, folder / "repairs.parquet")


def publish(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    target: Path,
    instrument: Instrument,
    frame: Timeframe,
    provenance: Provenance,
    *,
    after: Kept | None = None,
) -> SeriesInfo:
    """Turn the staged ``bars.parquet`` and ``repairs.parquet`` into the series at ``target``.

    Args:
        connection: An open database.
        folder: The staging folder.
        target: The folder of the series.
        instrument: What was traded.
        frame: Length of a bar.
        provenance: Where the bars came from.
        after: What stays of the series as it is, in front of the staged bars.

    Raises:
        DataError: If a staged bar breaks a rule; then nothing has changed.
    """
    kept = after or Kept()
    bars = folder / "bars.parquet"
    part = check_staged(connection, bars, frame, provenance.accepted)
    if kept.parts and part.first <= kept.last:
        raise DataError("the new bars began before the last one that stays, expected them after")
    columns = storage.iter_columns([bars], connection=connection)
    times = (each["time"] for each in columns)
    gaps = kept.gaps.joined(find_gaps(chain([kept.end], times), instrument, frame))
    blocks = (*kept.blocks, *hash_blocks(kept.columns(connection, target, bars)))
    connection.register("gap_ledger", {"start": gaps.start, "end": gaps.end, "bars": gaps.bars})
    storage.write_parquet(connection, "SELECT * FROM gap_ledger", folder / "gaps.parquet")
    hashes = {role: storage.file_hash(folder / f"{role}.parquet") for role in _BESIDE}
    parts = (*kept.parts, part)
    info = SeriesInfo(
        instrument=instrument,
        timeframe=frame,
        rows=kept.rows + part.rows,
        first=parts[0].first,
        last=part.last,
        columns_hash=hash_columns(blocks),
        blocks=blocks,
        parts=parts,
        files={role: _name(role, hashes[role]) for role in _BESIDE},
        hashes=hashes,
        gaps=len(gaps),
        missing=gaps.missing,
        provenance=provenance,
    )
    _move_in(folder, target, info)
    return info


@dataclass(frozen=True, slots=True)
class Kept:
    """The first files of a series, which stay when later bars are written.

    Attributes:
        parts: The files, oldest bars first.
        blocks: Hashes of the blocks that lie in them whole.
        rest: Open time of the first bar that lies in no such block; None where there is none.
        gaps: The gaps that end in them.
    """

    parts: tuple[Part, ...] = ()
    blocks: tuple[Block, ...] = ()
    rest: int | None = None
    gaps: GapLedger = field(default_factory=no_gaps)

    @classmethod
    def of(cls, info: SeriesInfo, count: int, gaps: GapLedger) -> Kept:
        """Keep so many files of a series with this ledger of gaps."""
        parts = info.parts[:count]
        if not parts:
            return cls()
        whole, over = divmod(sum(part.rows for part in parts), BLOCK)
        rest = info.blocks[whole].first if over else None
        return cls(parts, info.blocks[:whole], rest, gaps.until(parts[-1].last))

    @property
    def rows(self) -> int:
        """Number of bars."""
        return sum(part.rows for part in self.parts)

    @property
    def last(self) -> int:
        """Open time of the last bar."""
        return self.parts[-1].last

    @property
    def end(self) -> IntColumn:
        """The open time of the last bar as an array of shape ``(1,)``, or an empty one."""
        return np.array([part.last for part in self.parts[-1:]], np.int64)

    def columns(
        self, connection: duckdb.DuckDBPyConnection, folder: Path, staged: Path
    ) -> Iterator[storage.Columns]:
        """Read the bars that lie in no whole block, then the staged ones."""
        if self.rest is not None:
            paths = [folder / part.file for part in self.parts]
            yield from storage.iter_columns(paths, self.rest, connection=connection)
        yield from storage.iter_columns([staged], connection=connection)


_BESIDE = ("gaps", "repairs")  # what is told of the bars, each in a file of its own


def _name(role: str, digest: str) -> str:
    return f"{role}-{digest[:16]}.parquet"


def _move_in(folder: Path, target: Path, info: SeriesInfo) -> None:
    target.mkdir(parents=True, exist_ok=True)
    manifest = folder / MANIFEST
    manifest.write_text(info.to_json(), encoding="utf-8")
    names = info.files | {"bars": info.parts[-1].file}
    for path in (manifest, *(folder / f"{role}.parquet" for role in names)):
        _flush(path)
    for role, name in names.items():
        (folder / f"{role}.parquet").replace(target / name)
    manifest.replace(target / MANIFEST)
    _flush(target)
    for path in target.iterdir():
        if path.name != MANIFEST and path.name not in info.named:
            path.unlink()


def _flush(path: Path) -> None:
    """Ask the operating system to put a file, or a folder's entries, on disk."""
    if os.name == "nt" and path.is_dir():  # pragma: no cover - folders cannot be opened there
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_staged(
    connection: duckdb.DuckDBPyConnection, path: Path, frame: Timeframe, accepted: tuple[str, ...]
) -> Part:
    """Hold bars that are about to be stored to the rules, and say what their file holds.

    Raises:
        DataError: If a bar breaks a rule, or there is none.
    """
    rows, first, last = 0, 0, 0
    for columns in storage.iter_columns([path], connection=connection):
        problem = broken_rule(columns, frame, accepted, rows)
        if problem:
            raise DataError(problem)
        first = first if rows else int(columns["time"][0])
        last = int(columns["time"][-1])
        rows += len(columns["time"])
    if not rows:
        raise DataError("the series had no bars, expected at least one")
    digest = storage.file_hash(path)
    return Part(file=_name("bars", digest), hash=digest, rows=rows, first=first, last=last)


def broken_rule(
    columns: storage.Columns, frame: Timeframe, accepted: tuple[str, ...] = (), before: int = 0
) -> str:
    """Name the first stored bar that breaks a rule, or return an empty string.

    Args:
        columns: Bars sorted by time, arrays of shape ``(n,)``.
        frame: Their timeframe; bars open at its multiples.
        accepted: ``non_positive`` allows prices of zero and less.
        before: How many bars came before these, for the message.
    """
    low, high = columns["low"], columns["high"]
    checks = [
        (grid_offset(columns["time"], frame) != 0, f"time was not a multiple of {frame}"),
        (low > high, "high was below low"),
        (columns["volume"] < 0, "volume was negative"),
    ]
    for name in PRICE_COLUMNS:
        outside = (columns[name] < low) | (columns[name] > high)
        checks.append((outside, f"{name} was outside of low and high"))
    if NON_POSITIVE not in accepted:
        checks.append((low <= 0, "low was zero or negative"))
    for broken, what in checks:
        if broken.any():
            return f"bar {before + int(np.argmax(broken)) + 1}: {what}"
    return ""


def delete(root: Path, target: Path) -> None:
    """Remove a series: first from sight (its manifest), then its files and empty folders."""
    with writer_lock(root / ".lock"):
        (target / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        for folder in target.parents:
            if folder == root or any(folder.iterdir()):
                return
            folder.rmdir()
