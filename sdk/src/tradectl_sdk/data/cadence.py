"""How often bars come: the timeframe a file really has, and the calendar it follows."""

# ruff: noqa: S608 - statements are built from constants, numbers and quoted names only
from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.data.findings import Finding
from tradectl_sdk.data.gaps import DAY, WEEK
from tradectl_sdk.domain.timeframe import SECOND, Timeframe
from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    import duckdb

_FEW = 10  # bars that say nothing about cadence
_RUN = 50  # equal wider steps in a row that are no coincidence within a day
_DAILY_RUN = 10  # the same for days and longer

_STEPS = (
    "(SELECT time, time - lag(time) OVER (ORDER BY time) AS step"
    " FROM (SELECT DISTINCT time FROM work WHERE time IS NOT NULL))"
)


def infer_timeframe(connection: duckdb.DuckDBPyConnection, source: str) -> Timeframe:
    """The most frequent step between bars of ``work``.

    Raises:
        DataError: If there are too few bars, or the step is no whole second.
    """
    row = connection.execute(
        f"SELECT step, count(*) FROM {_STEPS} WHERE step > 0 GROUP BY step"
        " ORDER BY count(*) DESC, step LIMIT 1"
    ).fetchone()
    if row is None or row[0] % SECOND or row[0] > WEEK:
        raise DataError(
            f"{source} had too few or too irregular times to tell the timeframe",
            hint="give it, such as 1m or 1d; months have no fixed length",
        )
    return Timeframe(int(row[0]))


def infer_calendar(connection: duckdb.DuckDBPyConnection, frame: Timeframe) -> str:
    """``weekdays`` when two weeks or more pass without a bar on a Saturday, else ``24/7``."""
    row = connection.execute(
        "SELECT max(time) - min(time), count_if(isodow(make_timestamp_ns(time)) = 6) FROM work"
    ).fetchone()
    span, saturdays = row or (0, 0)
    quiet = frame.nanoseconds <= DAY and span >= 14 * DAY and not saturdays
    return "weekdays" if quiet else "24/7"


def check_cadence(connection: duckdb.DuckDBPyConnection, frame: Timeframe) -> Finding | None:
    """Find bars of a longer timeframe than the one declared, throughout or in a stretch."""
    step = frame.nanoseconds
    row = connection.execute(
        f"SELECT count(step), coalesce(min(step), 0), coalesce(bool_and(step % {step} = 0), true)"
        f" FROM {_STEPS} WHERE step > 0"
    ).fetchone()
    count, least, aligned = row or (0, 0, True)
    if count < _FEW or not aligned:
        return None
    if least > step:
        return _finding(f"no two bars were {frame} apart, the closest {_length(least)}")
    return _stretch(connection, frame)


def _stretch(connection: duckdb.DuckDBPyConnection, frame: Timeframe) -> Finding | None:
    """Find the first long run of equal steps that are wider than the timeframe."""
    step = frame.nanoseconds
    daily = step >= DAY
    wide = f"step >= {5 * step}" if step == DAY else f"step > {step}"
    same = "step = before" if not daily else f"before >= {5 * step if step == DAY else step + 1}"
    row = connection.execute(
        "SELECT make_timestamp_ns(min(time))::VARCHAR, min(step), count(*) FROM (SELECT *,"
        " sum(fresh) OVER (ORDER BY time) AS run FROM (SELECT *, CASE WHEN"
        f" {wide} AND {same} THEN 0 ELSE 1 END AS fresh FROM (SELECT *, lag(step) OVER"
        f" (ORDER BY time) AS before FROM {_STEPS}))) WHERE step > {step} GROUP BY run"
        f" HAVING count(*) >= {_DAILY_RUN if daily else _RUN} ORDER BY min(time) LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    since, least, count = row
    return _finding(f"{count} bars in a row from {since} were {_length(least)} apart, not {frame}")


def _length(nanoseconds: int) -> str:
    seconds = nanoseconds / SECOND
    return str(Timeframe(nanoseconds)) if seconds == int(seconds) else f"{seconds:g} seconds"


def _finding(reason: str) -> Finding:
    return Finding("timeframe", 0, 0, "time", None, reason, 1)
