"""New bars into a series that is there: what both have must agree, or is restated on record.

Only what comes after the first change is written anew. Bars that follow the stored ones therefore
leave every file alone but the last, which is filled up to a row group before the next is begun:
a series has few files, and to add to a long one writes as little as to add to a short one.
"""

# ruff: noqa: S608 - statements are built from constants, numbers and quoted paths only
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from tradectl_sdk.data import storage
from tradectl_sdk.data.bars import COLUMNS, VALUE_COLUMNS, Bars
from tradectl_sdk.data.manifest import Provenance
from tradectl_sdk.data.writing import Kept, check_staged, publish
from tradectl_sdk.domain.money import plain
from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from pathlib import Path

    import duckdb

    from tradectl_sdk.data.manifest import Part, SeriesInfo
    from tradectl_sdk.domain.instrument import Instrument

Restatement = Literal["refuse", "keep", "replace"]
"""What to do about a bar that is stored with other values: stop, keep the old, or take the new."""

RESTATED = "restated"  # the rule under which a bar that was replaced is recorded

_NAMES = ", ".join(COLUMNS)
_REPAIRS = 'row, rule, "column", before, after'


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReport:
    """What became of some bars.

    Attributes:
        series: The series as it is now.
        added: How many bars it did not have.
        same: How many it had with the same values.
        restated: How many it had with other values; kept or replaced, as was asked for.
    """

    series: SeriesInfo
    added: int
    same: int
    restated: int


def merge_staged(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    target: Path,
    info: SeriesInfo,
    instrument: Instrument,
    provenance: Provenance,
    restatement: Restatement,
) -> MergeReport:
    """Merge bars staged in a folder into a series; the database spills what memory cannot hold.

    Args:
        connection: An open database.
        folder: Holds ``bars.parquet`` and ``repairs.parquet`` of the new bars.
        target: Folder of the series.
        info: What is known of it.
        instrument: What the new bars' ticks and lots mean.
        provenance: Where they came from.
        restatement: What to do about bars that are stored with other values.

    Raises:
        DataError: If a new bar breaks a rule, the grids do not fit, or a bar differs from the
            stored one and ``restatement`` is ``refuse``.
    """
    new = check_staged(connection, folder / "bars.parquet", info.timeframe, provenance.accepted)
    grid = finer(info.instrument, instrument)
    _name_bars(connection, "stored_bars", [target / p.file for p in info.parts], info, grid)
    (folder / "bars.parquet").replace(folder / "new-bars.parquet")
    given = replace(info, instrument=instrument)
    _name_bars(connection, "new_bars", [folder / "new-bars.parquet"], given, grid)
    added, restated = _find_changes(connection, new, grid, restatement)
    same = new.rows - added - restated
    changed = added + (restated if restatement == "replace" else 0)
    if not changed:
        return MergeReport(series=info, added=0, same=same, restated=restated)
    gaps = storage.read_gaps(connection, target / info.files["gaps"])
    kept = Kept.of(info, _files_that_stay(connection, info, grid), gaps)
    _write_bars(connection, folder, kept, more=len(kept.parts) < len(info.parts))
    _write_repairs(connection, folder, target / info.files["repairs"], grid, kept.rows)
    origin = _joined(info.provenance, provenance, changed - added)
    series = publish(connection, folder, target, grid, info.timeframe, origin, after=kept)
    return MergeReport(series=series, added=added, same=same, restated=restated)


def finer(stored: Instrument, new: Instrument) -> Instrument:
    """Return the definition for bars of both: the new terms on the finer grid.

    Raises:
        DataError: If neither grid contains the other.
    """
    steps = {}
    for name in ("tick_size", "lot_size"):
        old, fresh = getattr(stored, name), getattr(new, name)
        small, large = sorted((old, fresh))
        if large % small:
            raise DataError(
                f"{name} of {stored.id} was {plain(old)} and is {plain(fresh)} now, "
                "expected one to be a multiple of the other",
                hint=f"tradectl data rm {stored.id} and pull it again",
            )
        steps[name] = small
    return replace(new, **steps, calendar=stored.calendar, session_close=stored.session_close)


def regrid(bars: Bars, instrument: Instrument) -> Bars:
    """Write bars in the steps of a grid that contains theirs."""
    factors = _factors(bars.instrument, instrument)
    columns = {name: getattr(bars, name) * np.int64(factors[name]) for name in VALUE_COLUMNS}
    return Bars(instrument=instrument, timeframe=bars.timeframe, time=bars.time, **columns)


def _factors(coarse: Instrument, fine: Instrument) -> dict[str, int]:
    """How many steps of the fine grid one step of the coarse one is, by column."""
    ticks = int(coarse.tick_size / fine.tick_size)
    lots = int(coarse.lot_size / fine.lot_size)
    return {name: lots if name == "volume" else ticks for name in VALUE_COLUMNS}


def _name_bars(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    paths: Sequence[Path],
    info: SeriesInfo,
    grid: Instrument,
) -> None:
    """Let a name mean the bars of some files, in the steps of a grid."""
    factors = _factors(info.instrument, grid)
    cells = ", ".join(f"{column} * {factor} AS {column}" for column, factor in factors.items())
    query = f"SELECT time, {cells} FROM {storage.relation(paths)}"
    connection.execute(f"CREATE TEMP VIEW {name} AS {query}")


def _find_changes(
    connection: duckdb.DuckDBPyConnection, new: Part, grid: Instrument, restatement: Restatement
) -> tuple[int, int]:
    """Make ``changes`` of what goes in; return how many bars are new and how many are other."""
    near = f"SELECT * FROM stored_bars WHERE time BETWEEN {new.first} AND {new.last}"
    was = ", ".join(f"h.{name} AS was_{name}" for name in VALUE_COLUMNS)
    differs = " OR ".join(f"h.{name} <> n.{name}" for name in VALUE_COLUMNS)
    connection.execute(
        f"CREATE TEMP TABLE changes AS SELECT n.*, h.time IS NOT NULL AS restated, {was}"
        f" FROM new_bars n LEFT JOIN ({near}) h USING (time) WHERE h.time IS NULL OR {differs}"
    )
    count = "SELECT count(*) FILTER (NOT restated), count(*) FILTER (restated) FROM changes"
    ((added, restated),) = connection.execute(count).fetchall()
    if restated and restatement == "refuse":
        raise _refusal(connection, grid, restated)
    if restatement == "keep":
        connection.execute("DELETE FROM changes WHERE restated")
    return added, restated


def _files_that_stay(
    connection: duckdb.DuckDBPyConnection, info: SeriesInfo, grid: Instrument
) -> int:
    """How many files lie in front of the first change, without a last one that has room."""
    if any(factor > 1 for factor in _factors(info.instrument, grid).values()):
        return 0
    ((since,),) = connection.execute("SELECT min(time) FROM changes").fetchall()
    count = sum(int(part.last < since) for part in info.parts)
    has_room = info.parts[-1].rows < storage.ROW_GROUP
    return count - 1 if has_room and count == len(info.parts) else count


def _write_bars(
    connection: duckdb.DuckDBPyConnection, folder: Path, kept: Kept, *, more: bool
) -> None:
    """Stage all bars after those that stay; ``more`` tells whether there are stored ones."""
    query = f"SELECT {_NAMES} FROM changes"
    if more:
        after = f" AND time > {kept.last}" if kept.parts else ""
        stays = f"time NOT IN (SELECT time FROM changes WHERE restated){after}"
        query += f" UNION ALL SELECT {_NAMES} FROM stored_bars WHERE {stays}"
    storage.write_parquet(connection, f"{query} ORDER BY time", folder / "bars.parquet")


def _write_repairs(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    known: Path,
    grid: Instrument,
    before: int,
) -> None:
    """Stage the record of repairs: what was known, what came with the bars, what was restated.

    Args:
        connection: An open database.
        folder: Where the bars are staged already.
        known: The record of the series as it is.
        grid: What its ticks and lots mean now.
        before: How many bars are in front of the staged ones.
    """
    (folder / "repairs.parquet").replace(folder / "new-repairs.parquet")
    recorded = storage.relation([known, folder / "new-repairs.parquet"])
    staged = storage.relation([folder / "bars.parquet"])
    connection.execute(
        "CREATE TEMP VIEW restatements AS SELECT row, c.* FROM changes c JOIN"
        f" (SELECT time, {before} + row_number() OVER (ORDER BY time) AS row FROM {staged})"
        " USING (time) WHERE restated ORDER BY row"
    )
    records = [f"SELECT {_REPAIRS} FROM {recorded}"]
    for name in VALUE_COLUMNS:
        was, now = (_text(column, _step(name, grid)) for column in (f"was_{name}", name))
        records.append(
            f"SELECT row, '{RESTATED}', '{name}', {was}, {now}"
            f" FROM restatements WHERE was_{name} <> {name}"
        )
    storage.write_parquet(connection, " UNION ALL ".join(records), folder / "repairs.parquet")


def _step(column: str, instrument: Instrument) -> Decimal:
    return instrument.lot_size if column == "volume" else instrument.tick_size


def _text(column: str, step: Decimal) -> str:
    """SQL for steps times step as :func:`plain` writes it."""
    exact = f"({storage.exact(column, step)})::VARCHAR"
    return f"regexp_replace({exact}, '\\.?0+$', '')" if "." in plain(step) else exact


def _refusal(connection: duckdb.DuckDBPyConnection, grid: Instrument, count: int) -> DataError:
    cells = ", ".join(f"was_{name}, {name}" for name in VALUE_COLUMNS)
    query = f"SELECT time, {cells} FROM changes WHERE restated ORDER BY time LIMIT 1"
    ((time, *values),) = connection.execute(query).fetchall()
    pairs = zip(VALUE_COLUMNS, values[::2], values[1::2], strict=True)
    column, was, now = next((name, was, now) for name, was, now in pairs if was != now)
    step = _step(column, grid)
    bars = "1 bar" if count == 1 else f"{count:,} bars"
    opened = np.datetime_as_string(np.datetime64(time, "ns"), unit="s")
    return DataError(
        f"{grid.id} has {bars} with other values, the first at {opened}Z: "
        f"{column} was {plain(was * step)} and is {plain(now * step)} now",
        hint="--restate replace takes the new values and records each, --restate keep the old ones",
    )


def _joined(old: Provenance, new: Provenance, restated: int) -> Provenance:
    """Say where a series came from whose parts came from several places."""
    sources = dict.fromkeys([*old.source.split(", "), *new.source.split(", ")])
    repairs = Counter(old.repairs) + Counter(new.repairs) + Counter({RESTATED: restated})
    return Provenance(
        source=", ".join(sources),
        source_hash=new.source_hash if old.source == new.source else "",
        assumptions=tuple(dict.fromkeys([*old.assumptions, *new.assumptions])),
        repairs=dict(repairs),
        accepted=tuple(dict.fromkeys([*old.accepted, *new.accepted])),
    )
