"""Adding newer bars to a stored series: what overlaps must agree, and all is visible at once."""

# ruff: noqa: S608 - statements are built from constants and quoted paths only
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data import storage
from tradectl_sdk.data.bars import COLUMNS, VALUE_COLUMNS
from tradectl_sdk.domain.money import plain
from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from tradectl_sdk.data.manifest import Provenance, SeriesInfo
    from tradectl_sdk.domain.instrument import Instrument

_NAMES = ", ".join(COLUMNS)
_REPLACE = "--replace puts a whole new series in its place"


def check_grid(info: SeriesInfo, instrument: Instrument) -> None:
    """Refuse bars whose ticks and lots mean something else than the stored ones.

    Raises:
        DataError: If the grids differ.
    """
    for what in ("tick_size", "lot_size"):
        stored, given = getattr(info.instrument, what), getattr(instrument, what)
        if stored != given:
            raise DataError(
                f"{what.replace('_', ' ')} of the new bars was {plain(given)}, "
                f"expected {plain(stored)} as stored",
                hint=_REPLACE,
            )


def join_stored(
    connection: duckdb.DuckDBPyConnection, folder: Path, stored: Path, info: SeriesInfo
) -> int:
    """Put the stored bars before those staged in a folder; return how many bars are new.

    Args:
        connection: An open database.
        folder: Holds ``bars.parquet`` and ``repairs.parquet`` of the new bars.
        stored: Folder of the series.
        info: What is known of it.

    Raises:
        DataError: If the new bars begin before the series, or differ where the two overlap.
    """
    for role in ("bars", "repairs"):
        (folder / f"{role}.parquet").replace(folder / f"new-{role}.parquet")
    held = f"read_parquet({storage.quoted(stored / info.files['bars'])})"
    new = f"read_parquet({storage.quoted(folder / 'new-bars.parquet')})"
    _check_overlap(connection, held, new, info)
    later = f"SELECT {_NAMES} FROM {new} WHERE time > {info.last}"
    query = f"SELECT {_NAMES} FROM {held} UNION ALL {later}"
    storage.write_parquet(connection, query, folder / "bars.parquet")
    repairs = [
        f'SELECT row, rule, "column", before, after FROM read_parquet({storage.quoted(path)})'
        for path in (stored / info.files["repairs"], folder / "new-repairs.parquet")
    ]
    storage.write_parquet(connection, " UNION ALL ".join(repairs), folder / "repairs.parquet")
    return _one(connection, f"SELECT count(*) FROM ({later})") or 0


def joined(stored: Provenance, new: Provenance) -> Provenance:
    """Say where a series came from whose parts came from two places."""
    sources = dict.fromkeys((*stored.source.split(", "), new.source))
    names = dict.fromkeys((*stored.repairs, *new.repairs))
    return replace(
        new,
        source=", ".join(sources),
        assumptions=tuple(dict.fromkeys((*stored.assumptions, *new.assumptions))),
        repairs={name: stored.repairs.get(name, 0) + new.repairs.get(name, 0) for name in names},
        accepted=tuple(dict.fromkeys((*stored.accepted, *new.accepted))),
    )


def _check_overlap(
    connection: duckdb.DuckDBPyConnection, held: str, new: str, info: SeriesInfo
) -> None:
    name = f"{info.instrument_id} {info.timeframe}"
    first = _one(connection, f"SELECT min(time) FROM {new}")
    if first is None:
        raise DataError(f"there were no bars to append to {name}, expected at least one")
    if first < info.first:
        raise DataError(
            f"the new bars of {name} begin at {_when(first)}, "
            f"expected none before the stored ones at {_when(info.first)}",
            hint=_REPLACE,
        )
    differs = " OR ".join(f"h.{c} IS DISTINCT FROM n.{c}" for c in VALUE_COLUMNS)
    cells = ", ".join(f"h.{c}, n.{c}" for c in VALUE_COLUMNS)
    overlap = (
        f"FROM (SELECT * FROM {held} WHERE time >= {first}) h"
        f" FULL JOIN (SELECT * FROM {new} WHERE time <= {info.last}) n USING (time)"
        f" WHERE {differs}"
    )
    count = _one(connection, f"SELECT count(*) {overlap}")
    if count:
        query = f"SELECT time, {cells} {overlap} ORDER BY time LIMIT 1"
        ((time, *values),) = connection.execute(query).fetchall()
        bars = "1 bar" if count == 1 else f"{count:,} bars"
        raise DataError(
            f"{bars} of {name} were otherwise than stored, "
            f"the first opened at {_when(time)}: {_difference(values, info.instrument)}",
            hint=_REPLACE,
        )


def _difference(cells: Sequence[int | None], instrument: Instrument) -> str:
    """Say what is different, given each column as stored and as new."""
    pairs = list(zip(cells[::2], cells[1::2], strict=True))
    if pairs[0][0] is None:
        return "it was not stored"
    if pairs[0][1] is None:
        return "it was stored, but not among the new bars"
    at = next(k for k, (stored, new) in enumerate(pairs) if stored != new)
    step = instrument.lot_size if VALUE_COLUMNS[at] == "volume" else instrument.tick_size
    was, expected = (plain(cell * step) for cell in reversed(pairs[at]) if cell is not None)
    return f"{VALUE_COLUMNS[at]} was {was}, expected {expected} as stored"


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int | None:
    rows = connection.execute(query).fetchall()  # to the end: the connection is free again
    return rows[0][0] if rows else None


def _when(time: int) -> str:
    return f"{np.datetime_as_string(np.datetime64(time, 'ns'), unit='s')}Z"
