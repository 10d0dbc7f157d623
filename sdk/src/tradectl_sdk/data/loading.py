"""The first half of an import: a foreign file as numbers and UTC times in a DuckDB table."""

# ruff: noqa: S608 - statements are built from constants, numbers and quoted names only
from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import duckdb

from tradectl_sdk.data.bars import PRICE_COLUMNS, VALUE_COLUMNS, decimal_ratio
from tradectl_sdk.data.cadence import infer_timeframe
from tradectl_sdk.data.findings import Outcome
from tradectl_sdk.data.rules import grid_start
from tradectl_sdk.data.times import read_times
from tradectl_sdk.domain.timeframe import SECOND, Timeframe
from tradectl_sdk.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from tradectl_sdk.data.columns import ColumnChoice
    from tradectl_sdk.data.merging import Restatement
    from tradectl_sdk.data.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How to read and check a file; :func:`~tradectl_sdk.data.importing.import_bars` explains."""

    timeframe: Timeframe | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    names: Sequence[str] = ()
    timezone: str | None = None
    time_format: str | None = None
    stamp: Literal["open", "close"] = "open"
    decimal: Literal[".", ","] = "."
    price_scale: Decimal = Decimal(1)
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    calendar: Literal["24/7", "weekdays"] | None = None
    adjust: bool = False
    repair: bool = False
    accept: Collection[str] = ()
    restatement: Restatement = "refuse"


@dataclass(slots=True, kw_only=True)
class Job:
    """The state of one import: what was asked for, and what has been found out so far."""

    connection: duckdb.DuckDBPyConnection
    source: Source
    columns: ColumnChoice
    options: ImportOptions
    outcome: Outcome = field(default_factory=Outcome)
    notes: list[str] = field(default_factory=list)


def load_raw(job: Job) -> int:
    """Copy the chosen columns into ``raw`` as text and count the rows."""
    roles = job.columns.by_role
    moment = f"trim({_name(roles['time'])}::VARCHAR)"
    if job.columns.clock:
        moment += f" || ' ' || trim({_name(job.columns.clock)}::VARCHAR)"
    cells = [f"{_name(roles[c])}::VARCHAR AS {c}" for c in VALUE_COLUMNS if c in roles]
    if "volume" not in roles:
        cells.append("'0' AS volume")
        job.notes.append("the file had no volume column, so volume is 0")
    adjusted = f"{_name(roles['adj_close'])}::VARCHAR" if "adj_close" in roles else "NULL"
    query = (
        f"CREATE TEMP TABLE raw AS SELECT row_number() OVER () AS row, {moment} AS t,"
        f" {', '.join(cells)}, {adjusted} AS adj_close FROM {job.source.relation}"
    )
    try:
        job.connection.execute(query)
    except duckdb.Error as error:
        raise _damaged(job.source.path, error) from error
    row = job.connection.execute("SELECT count(*) FROM raw").fetchone()
    if not row or not row[0]:
        raise DataError(f"{job.source.path} had no rows, expected at least one bar")
    return int(row[0])


def _name(column: str) -> str:
    return '"' + (column or "column_0").replace('"', '""') + '"'


def _damaged(path: Path, error: duckdb.Error) -> DataError:
    """Say where a file is damaged, from DuckDB's message."""
    text = str(error)
    line = re.search(r"CSV Error on Line: (\d+)", text)
    count = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    if line and count:
        return DataError(
            f"{path} line {line[1]} had {count[2]} columns, expected {count[1]}",
            hint="mend the file at its source",
        )
    what = next((part for part in text.splitlines()[2:] if part.strip()), "") if line else ""
    reason = what or text.splitlines()[0]
    place = f" line {line[1]}" if line else ""
    return DataError(
        f"{path}{place} could not be read: {reason.strip()}",
        hint="the file is damaged or truncated; get it again from its source",
    )


def load_work(job: Job) -> None:
    """Make ``work`` from ``raw``: UTC times, prices and volume, NULL where a cell holds none."""
    scale, decimal = job.options.price_scale, job.options.decimal
    if scale <= 0:
        raise UsageError(f"price scale was {scale}, expected more than 0")
    numerator, denominator = decimal_ratio(scale)
    factor = _adjustment(job)
    cells = [
        f"{_number(c, decimal)} * {numerator}::DOUBLE / {denominator}::DOUBLE{factor} AS {c}"
        for c in PRICE_COLUMNS
    ]
    reading = read_times(
        job.connection,
        source=job.source.path.name,
        timezone=job.options.timezone,
        time_format=job.options.time_format,
        frame=job.options.timeframe,
    )
    job.notes.extend(reading.notes)
    job.connection.execute(
        f"CREATE TEMP TABLE work AS SELECT row, {reading.sql} AS time, {', '.join(cells)},"
        f" {_number('volume', decimal)} AS volume FROM raw"
    )


def _adjustment(job: Job) -> str:
    """SQL factor that turns traded prices into adjusted ones; empty when they stay as traded."""
    adjust, decimal = job.options.adjust, job.options.decimal
    has_adjusted = "adj_close" in job.columns.by_role
    if adjust and not has_adjusted:
        raise UsageError(f"{job.source.path.name} had no adjusted close to adjust by")
    if adjust:
        job.notes.append("prices were scaled by adjusted close / close")
        return f" * {_number('adj_close', decimal)} / {_number('close', decimal)}"
    if has_adjusted:
        name = job.columns.by_role["adj_close"]
        job.notes.append(f"prices are as traded; column {name!r} was left out")
    return ""


def _number(column: str, decimal: str) -> str:
    """SQL for a cell as float64: thousands may be grouped, infinities are no numbers."""
    text, group = f"trim({column})", "," if decimal == "." else "."
    pattern = rf"[-+]?\d{{1,3}}([{group}]\d{{3}})+([{decimal}]\d*)?"
    grouped = f"replace({text}, '{group}', '')"
    is_grouped = f"contains({column}, '{group}') AND regexp_full_match({text}, '{pattern}')"
    clean = f"CASE WHEN {is_grouped} THEN {grouped} ELSE {text} END"
    value = f"try_cast(replace({clean}, '{decimal}', '.') AS DOUBLE)"
    return f"(CASE WHEN isfinite({value}) THEN {value} END)"


def settle_times(job: Job) -> Timeframe:
    """Turn the times in ``work`` into open times; return the timeframe given or inferred."""
    options, frame = job.options, job.options.timeframe
    if frame is None:
        frame = infer_timeframe(job.connection, job.source.path.name)
        job.notes.append(f"the timeframe was inferred as {frame}")
    if options.stamp == "close":
        # Some venues stamp 11:59:59.999 and mean 12:00, so up to a second is rounded up.
        closed = grid_start(f"time + {SECOND}", frame)
        late = f"CASE WHEN {closed} BETWEEN time AND time + {SECOND} THEN {closed} ELSE time END"
        job.connection.execute(f"UPDATE work SET time = {late} - {frame.nanoseconds}")
    return frame
