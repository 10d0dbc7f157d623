"""New bars into a series that is there: what both have must agree, or is restated on record.

The series is written anew beside its place and made visible in one step, as every writer does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from tradectl_sdk.data import storage
from tradectl_sdk.data.bars import COLUMNS, VALUE_COLUMNS, Bars
from tradectl_sdk.data.manifest import MANIFEST, Provenance, SeriesInfo, read_manifest
from tradectl_sdk.data.writing import publish, staging
from tradectl_sdk.domain.money import plain
from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from tradectl_sdk.data.bars import IntColumn
    from tradectl_sdk.data.catalog import Catalog, Repair
    from tradectl_sdk.domain.instrument import Instrument

Restatement = Literal["refuse", "keep", "replace"]
"""What to do about a bar that is stored with other values: stop, keep the old, or take the new."""

RESTATED = "restated"  # the rule under which a bar that was replaced is recorded


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


def merge_bars(
    catalog: Catalog,
    bars: Bars,
    *,
    provenance: Provenance,
    restatement: Restatement = "refuse",
) -> MergeReport:
    """Add bars to a series, or begin it, whole or not at all.

    Args:
        catalog: Where it is.
        bars: At least one bar, times rising; they are held to the rules of stored bars.
        provenance: Where they came from; added to what is known of the series.
        restatement: What to do about bars that are there with other values.

    Raises:
        DataError: If a bar breaks a rule, the grids do not fit, or a bar differs from the stored
            one and ``restatement`` is ``refuse``; nothing was changed then.
    """
    bars.check()
    target = catalog.folder(bars.instrument.id, bars.timeframe)
    with staging(catalog.root) as folder, storage.connect() as connection:
        if not (target / MANIFEST).exists():
            _stage(connection, bars, (), folder)
            info = publish(connection, folder, target, bars.instrument, bars.timeframe, provenance)
            return MergeReport(series=info, added=len(bars), same=0, restated=0)
        info = read_manifest(target / MANIFEST)
        columns = storage.read_columns(target / info.files["bars"])
        stored = Bars(instrument=info.instrument, timeframe=info.timeframe, **columns)
        instrument = finer(info.instrument, bars.instrument)
        old, new = regrid(stored, instrument), regrid(bars, instrument)
        merged, counts, records = _merged(old, new, restatement)
        if not counts[0] and not (counts[2] and restatement == "replace"):
            return MergeReport(series=info, added=0, same=counts[1], restated=counts[2])
        recorded = info.provenance.repairs  # a file that says nothing need not be read
        known = catalog.repairs(info.instrument_id, info.timeframe) if recorded else []
        repairs = [*known, *records]
        _stage(connection, merged, repairs, folder)
        origin = _joined(info.provenance, provenance, len(records))
        info = publish(connection, folder, target, instrument, info.timeframe, origin)
    return MergeReport(series=info, added=counts[0], same=counts[1], restated=counts[2])


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
    ticks = int(bars.instrument.tick_size / instrument.tick_size)
    lots = int(bars.instrument.lot_size / instrument.lot_size)
    columns = {
        name: getattr(bars, name) * np.int64(lots if name == "volume" else ticks)
        for name in VALUE_COLUMNS
    }
    return Bars(instrument=instrument, timeframe=bars.timeframe, time=bars.time, **columns)


def _merged(
    old: Bars, new: Bars, restatement: Restatement
) -> tuple[Bars, tuple[int, int, int], list[Repair]]:
    """Join two series; returns the bars, how many were added, the same and other, and records."""
    _, at_old, at_new = np.intersect1d(old.time, new.time, return_indices=True)
    differs = np.zeros(len(at_old), bool)
    for name in VALUE_COLUMNS:
        differs |= getattr(old, name)[at_old] != getattr(new, name)[at_new]
    others = np.flatnonzero(differs)
    if len(others) and restatement == "refuse":
        raise _refusal(old, new, int(at_old[others[0]]), int(at_new[others[0]]), len(others))
    fresh = np.ones(len(new), bool)
    fresh[at_new] = False
    replaced = others if restatement == "replace" else others[:0]
    columns = {
        name: _column(name, old, new, at_old[replaced], at_new[replaced], fresh) for name in COLUMNS
    }
    order = np.argsort(columns["time"], kind="stable")
    bars = Bars(
        instrument=old.instrument,
        timeframe=old.timeframe,
        **{name: column[order] for name, column in columns.items()},
    )
    records = [
        record
        for i in replaced
        for record in _records(bars, old, new, int(at_old[i]), int(at_new[i]))
    ]
    counts = (int(fresh.sum()), len(at_old) - len(others), len(others))
    return bars, counts, records


def _column(
    name: str, old: Bars, new: Bars, at_old: IntColumn, at_new: IntColumn, fresh: IntColumn
) -> IntColumn:
    stored = getattr(old, name).copy()
    stored[at_old] = getattr(new, name)[at_new]
    joined: IntColumn = np.concatenate((stored, getattr(new, name)[fresh]))
    return joined


def _refusal(old: Bars, new: Bars, row: int, other: int, count: int) -> DataError:
    (first, *_) = _differences(old, new, row, other)
    column, before, after = first
    return DataError(
        f"{old.instrument.id} {old.timeframe} has {count} bars with other values, the first at "
        f"{np.datetime64(int(old.time[row]), 'ns')}: {column} was {before} and is {after} now",
        hint="--restate replace takes the new values and records each, --restate keep the old ones",
    )


def _differences(old: Bars, new: Bars, row: int, other: int) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for name in VALUE_COLUMNS:
        before, after = int(getattr(old, name)[row]), int(getattr(new, name)[other])
        step = old.instrument.lot_size if name == "volume" else old.instrument.tick_size
        if before != after:
            found.append((name, plain(before * step), plain(after * step)))
    return found


def _records(bars: Bars, old: Bars, new: Bars, row: int, other: int) -> list[Repair]:
    from tradectl_sdk.data.catalog import Repair

    place = int(np.searchsorted(bars.time, old.time[row])) + 1
    return [
        Repair(place, RESTATED, column, before, after)
        for column, before, after in _differences(old, new, row, other)
    ]


def _stage(
    connection: duckdb.DuckDBPyConnection,
    bars: Bars,
    repairs: Sequence[Repair],
    folder: Path,
) -> None:
    """Write bars and the record of their repairs into a staging folder."""
    connection.register("merged_bars", {name: getattr(bars, name) for name in COLUMNS})
    query = f"SELECT {', '.join(COLUMNS)} FROM merged_bars"  # noqa: S608 - constants only
    storage.write_parquet(connection, query, folder / "bars.parquet")
    connection.execute(
        "CREATE TABLE merged_repairs"
        ' (row BIGINT, rule VARCHAR, "column" VARCHAR, before VARCHAR, after VARCHAR)'
    )
    if repairs:
        connection.executemany(
            "INSERT INTO merged_repairs VALUES (?, ?, ?, ?, ?)",
            [[r.row, r.rule, r.column, r.before, r.after] for r in repairs],
        )
    storage.write_parquet(connection, "SELECT * FROM merged_repairs", folder / "repairs.parquet")


def _joined(old: Provenance, new: Provenance, restated: int) -> Provenance:
    sources = dict.fromkeys([*old.source.split(", "), *new.source.split(", ")])
    counts = dict(old.repairs)
    if restated:
        counts[RESTATED] = counts.get(RESTATED, 0) + restated
    return Provenance(
        source=", ".join(sources),
        source_hash=old.source_hash if old.source == new.source else "",
        assumptions=tuple(dict.fromkeys([*old.assumptions, *new.assumptions])),
        repairs=counts,
        accepted=tuple(dict.fromkeys([*old.accepted, *new.accepted])),
    )
