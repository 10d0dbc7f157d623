"""Reading times: epoch numbers, ISO 8601, and the formats exchanges and brokers write.

The result is always nanoseconds since 1970 in UTC. What a file leaves open is either decided by
all of its rows together (a day above 12 settles which of two numbers is the month) or asked for.
"""

# ruff: noqa: S608 - statements are built from constants, numbers and quoted names only
from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.data.gaps import DAY
from tradectl_sdk.data.storage import quoted
from tradectl_sdk.errors import DataError, UsageError, did_you_mean

if TYPE_CHECKING:
    import duckdb

    from tradectl_sdk.domain.timeframe import Timeframe

_DATES = (
    "%Y.%m.%d", "%Y/%m/%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y",
    "%b %d, %Y", "%d %b %Y", "%d-%b-%Y",
)  # fmt: skip
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%g", " %H%M%S", " %I:%M %p", " %I:%M:%S %p")
_FORMATS = tuple(date + clock for date in _DATES for clock in _CLOCKS)
_OFFSET = r"\d{1,2}:\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)$"
_SAMPLE = 1000  # rows on which formats are tried before the whole file decides

# Upper bounds of |epoch| for each unit: 11 digits are seconds until the year 5138.
_EPOCHS = ((1e11, "seconds", 10**9), (1e14, "milliseconds", 10**6), (1e17, "microseconds", 10**3))
_MAX_SECONDS = 9_000_000_000  # the year 2255; int64 nanoseconds end in 2262


@dataclass(frozen=True, slots=True)
class TimeReading:
    """How to read a column of times.

    Attributes:
        sql: Expression over ``t`` (text) that gives int64 nanoseconds UTC, or NULL.
        notes: What was assumed.
    """

    sql: str
    notes: tuple[str, ...] = ()


def check_zone(name: str) -> None:
    """Refuse a name that is not a time zone.

    Raises:
        UsageError: With the nearest known name.
    """
    known = zoneinfo.available_timezones() | {"UTC"}
    if name not in known:
        raise UsageError(
            f"timezone was {name!r}, expected a name such as UTC or Europe/Berlin",
            hint=did_you_mean(name, known),
        )


def read_times(
    connection: duckdb.DuckDBPyConnection,
    *,
    source: str,
    timezone: str | None,
    time_format: str | None,
    frame: Timeframe | None,
) -> TimeReading:
    """Decide how the column ``t`` of table ``raw`` is to be read.

    Args:
        connection: Holds ``raw``.
        source: The file's name, for messages.
        timezone: Zone of times without offset; None means UTC, with a note.
        time_format: ``strptime`` format; None to find out.
        frame: Days and longer take midnight as the calendar date that was written.

    Raises:
        DataError: If no format, or more than one, fits.
        UsageError: If a time zone was given for times that carry their own.
    """
    if timezone is not None:
        check_zone(timezone)
    numeric, with_offset, total = _census(connection)
    if time_format is not None:
        local = f"try_strptime(t, {quoted(time_format)})"
        return (
            _absolute(local, timezone)
            if "%z" in time_format
            else _local(connection, local, timezone, frame)
        )
    if 2 * numeric > total:
        return _numbers(connection, source, timezone, frame)
    if 2 * with_offset > total:
        return _offsets(connection, timezone, frame)
    return _local(connection, _text_format(connection, source), timezone, frame)


def _census(connection: duckdb.DuckDBPyConnection) -> tuple[int, int, int]:
    row = connection.execute(
        "SELECT count_if(try_cast(t AS DOUBLE) IS NOT NULL),"
        f" count_if(regexp_matches(t, {quoted(_OFFSET)})), count(*) FROM raw"
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives one row
    return row[0], row[1], row[2]


def _numbers(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    timezone: str | None,
    frame: Timeframe | None,
) -> TimeReading:
    for digits, layout in ((8, "%Y%m%d"), (14, "%Y%m%d%H%M%S")):
        if _fits_all(
            connection, f"length(t) = {digits} AND try_strptime(t, '{layout}') > '1900-01-01'"
        ):
            return _local(connection, f"try_strptime(t, '{layout}')", timezone, frame)
    row = connection.execute("SELECT median(abs(try_cast(t AS DOUBLE))) FROM raw").fetchone()
    size = row[0] if row else None
    if size is None:
        raise DataError(f"{source} had no time that could be read")
    _refuse_zone(timezone, "epoch numbers")
    unit, factor = next(((u, f) for bound, u, f in _EPOCHS if size < bound), ("nanoseconds", 1))
    value = "try_cast(t AS DECIMAL(38, 9))"
    limit = _MAX_SECONDS * (10**9 // factor)
    sql = f"CASE WHEN abs({value}) < {limit} THEN CAST({value} * {factor} AS BIGINT) END"
    return TimeReading(sql, (f"times were read as {unit} since 1970 UTC",))


def _offsets(
    connection: duckdb.DuckDBPyConnection, timezone: str | None, frame: Timeframe | None
) -> TimeReading:
    local = r"try_cast(regexp_replace(t, '\s*(Z|[+-]\d{2}(:?\d{2})?)$', '') AS TIMESTAMP)"
    if _daily(connection, local, frame):
        return TimeReading(f"epoch_ns({local})", ("days were read as the local dates written",))
    marked = f"CASE WHEN regexp_matches(t, {quoted(_OFFSET)}) THEN try_cast(t AS TIMESTAMPTZ) END"
    return _absolute(marked, timezone)


def _absolute(moment: str, timezone: str | None) -> TimeReading:
    _refuse_zone(timezone, "times with an offset")
    return TimeReading(f"epoch_ns({moment})")


def _refuse_zone(timezone: str | None, what: str) -> None:
    if timezone not in {None, "UTC"}:
        raise UsageError(
            f"timezone was {timezone}, but the file has {what}, which need none",
            hint="leave the timezone out",
        )


def _local(
    connection: duckdb.DuckDBPyConnection, local: str, timezone: str | None, frame: Timeframe | None
) -> TimeReading:
    if timezone in {None, "UTC"}:
        notes = () if timezone else ("times without offset were taken as UTC",)
        return TimeReading(f"epoch_ns({local})", notes)
    if _daily(connection, local, frame):
        return TimeReading(f"epoch_ns({local})", ("days were read as the local dates written",))
    zone = quoted(str(timezone))
    there = f"timezone({zone}, {local})"
    exists = f"timezone({zone}, {there}) = {local}"  # false in the hour that a clock skips
    return TimeReading(f"CASE WHEN {exists} THEN epoch_ns({there}) END")


def _daily(connection: duckdb.DuckDBPyConnection, local: str, frame: Timeframe | None) -> bool:
    """Whether bars last days and every local time is midnight, so that it means a date.

    Cells that are no times say nothing about the others.
    """
    if frame is not None and frame.nanoseconds < DAY:
        return False
    return _fits_all(connection, f"{local} IS NULL OR {local} = date_trunc('day', {local})")


def _fits_all(connection: duckdb.DuckDBPyConnection, condition: str, rows: str = "raw") -> bool:
    query = f"SELECT coalesce(bool_and(coalesce({condition}, false)), false) FROM {rows}"
    row = connection.execute(f"{query} WHERE t IS NOT NULL").fetchone()
    return bool(row and row[0])


def _text_format(connection: duckdb.DuckDBPyConnection, source: str) -> str:
    """Find the one format that reads (nearly) every row."""
    sample = f"(SELECT t FROM raw WHERE t IS NOT NULL LIMIT {_SAMPLE})"
    candidates = ["try_cast(t AS TIMESTAMP)", *(f"try_strptime(t, {quoted(f)})" for f in _FORMATS)]
    hits = _count_readable(connection, candidates, sample)
    candidates = [c for c, count in zip(candidates, hits, strict=True) if count]
    hits = _count_readable(connection, candidates, "raw") if candidates else []
    best = [c for c, count in zip(candidates, hits, strict=True) if count == max(hits)]
    if not best:
        row = connection.execute(f"SELECT min(t) FROM {sample}").fetchone()
        raise DataError(
            f"{source} had times of no known format, such as {row[0] if row else None!r}",
            hint="give the format, for example --time-format '%d.%m.%y %H:%M'",
        )
    if len(best) > 1 and not _agree(connection, best):
        raise DataError(
            f"{source} had dates that could be month first or day first",
            hint="give the format, for example --time-format '%d/%m/%Y'",
        )
    return best[0]


def _count_readable(
    connection: duckdb.DuckDBPyConnection, candidates: list[str], rows: str
) -> list[int]:
    counts = ", ".join(f"count({candidate})" for candidate in candidates)
    row = connection.execute(f"SELECT {counts} FROM {rows}").fetchone()
    return list(row or ())


def _agree(connection: duckdb.DuckDBPyConnection, candidates: list[str]) -> bool:
    first = candidates[0]
    return all(
        _fits_all(connection, f"{first} IS NOT DISTINCT FROM {other}") for other in candidates[1:]
    )
