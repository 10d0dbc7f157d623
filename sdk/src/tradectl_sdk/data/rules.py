"""What may be wrong with foreign bars, and what a repair does about it.

Each rule is one query over the table ``work`` (row, time, open, high, low, close, volume; prices
as float64) that lists offending cells, and the statements that mend them. Rules run in the order
given: later ones may rely on earlier ones. A rule without a repair can only refuse.

Absurd jumps are measured against the series itself: sigma is 1.4826 times the median of the
non-zero absolute log returns, the usual robust estimate under normality (Rousseeuw and Croux,
"Alternatives to the median absolute deviation", JASA 1993); fewer than 20 of them say nothing.
"""

# ruff: noqa: S608 - statements are built from constants, numbers and quoted names only
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.data.bars import PRICE_COLUMNS, VALUE_COLUMNS
from tradectl_sdk.data.gaps import MONDAY, WEEK
from tradectl_sdk.data.grid import NOISE

if TYPE_CHECKING:
    from tradectl_sdk.domain.timeframe import Timeframe

SIGMAS = 20.0  # robust standard deviations that a jump must exceed at least
SPIKE_BODY = math.log(1.5)  # an open or close this far from both neighbours is absurd
SPIKE_WICK = math.log(4.0)  # real flash crashes print wicks, so those may be longer
ALWAYS = math.log(10.0)  # absurd however wild the market is otherwise
LEVEL_SHIFT = math.log(1.9)  # a missed 2:1 split, a change of unit, pence for pounds

_BY_TIME = "WINDOW w AS (ORDER BY time, row)"


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which bars can be wrong.

    Attributes:
        name: Stable name, used in records and to accept findings as genuine.
        reason: What is wrong, as the end of "row 7, column high was 3: …".
        find: SQL giving ``row, column, before, after`` of each offending cell, as text.
        repair: SQL statements that mend what ``hits`` lists; empty when nothing can.
        prepare: SQL statements to run before ``find``.
        genuine: Whether findings may be true, so that they can be accepted.
    """

    name: str
    reason: str
    find: str
    repair: tuple[str, ...] = ()
    prepare: tuple[str, ...] = ()
    genuine: bool = False


_DROP = ("DELETE FROM work WHERE row IN (SELECT row FROM hits)",)
_MISSING = "('', 'nan', 'null', 'none', 'n/a', 'na', '-', 'inf', '-inf')"


def _each(columns: tuple[str, ...], condition: str, after: str = "'dropped'") -> str:
    """List cells of several columns for which a condition on ``{c}`` holds."""
    return " UNION ALL ".join(
        f"SELECT row, '{c}', {c}::VARCHAR, {after.format(c=c)} FROM work"
        f" WHERE {condition.format(c=c)}"
        for c in columns
    )


def _unread(columns: tuple[str, ...], condition: str, after: str) -> str:
    """List cells that hold no number, quoted as they stand in the source."""
    return " UNION ALL ".join(
        f"SELECT row, '{c}', raw.{c}, {after} FROM work JOIN raw USING (row)"
        f" WHERE work.{c} IS NULL AND {condition.format(c=c)}"
        for c in columns
    )


def _is_missing(text: str) -> str:
    return f"({text} IS NULL OR lower(trim({text})) IN {_MISSING})"


def grid_start(time: str, frame: Timeframe) -> str:
    """SQL for the start of the bar that a time falls into."""
    origin = MONDAY if frame.nanoseconds % WEEK == 0 else 0
    step = frame.nanoseconds
    return f"({time} - ((({time} - {origin}) % {step}) + {step}) % {step})"


def rules(frame: Timeframe, now: int) -> tuple[Rule, ...]:
    """Every rule, in the order in which they run.

    Args:
        frame: The bars' timeframe.
        now: Nanoseconds UTC after which a bar lies in the future.
    """
    return (*_cell_rules(), *_bar_rules(), *_time_rules(frame, now), *_jump_rules())


def _cell_rules() -> tuple[Rule, ...]:
    missing, text = _is_missing("raw.{c}"), "NOT " + _is_missing("raw.{c}")
    return (
        Rule(
            "unreadable_time",
            "not a time, or one that its time zone skips",
            "SELECT row, 'time', raw.t, 'dropped' FROM work JOIN raw USING (row)"
            " WHERE work.time IS NULL",
            _DROP,
        ),
        Rule("missing", "a price is needed", _unread(PRICE_COLUMNS, missing, "'dropped'"), _DROP),
        Rule("not_a_number", "not a number", _unread(PRICE_COLUMNS, text, "'dropped'"), _DROP),
        Rule(
            "missing_volume",
            "a volume is needed, 0 for none",
            _unread(("volume",), "true", "'0'"),
            ("UPDATE work SET volume = 0 WHERE row IN (SELECT row FROM hits)",),
        ),
    )


def _bar_rules() -> tuple[Rule, ...]:
    top, bottom = "greatest(open, high, low, close)", "least(open, high, low, close)"
    return (
        Rule(
            "non_positive",
            "prices are more than 0",
            _each(PRICE_COLUMNS, "{c} <= 0"),
            _DROP,
            genuine=True,
        ),
        Rule(
            "ohlc",
            "high is the highest and low the lowest price of a bar",
            _each(("high",), f"{top} - high > abs(high) * {NOISE!r}", top + "::VARCHAR")
            + " UNION ALL "
            + _each(("low",), f"low - {bottom} > abs(low) * {NOISE!r}", bottom + "::VARCHAR"),
            (f"UPDATE work SET high = {top}, low = {bottom} WHERE row IN (SELECT row FROM hits)",),
        ),
        Rule(
            "negative_volume",
            "volume is 0 or more",
            _each(("volume",), "{c} < 0", "'0'"),
            ("UPDATE work SET volume = 0 WHERE row IN (SELECT row FROM hits)",),
        ),
    )


def _time_rules(frame: Timeframe, now: int) -> tuple[Rule, ...]:
    stamp = "make_timestamp_ns({})::VARCHAR"
    start = grid_start("time", frame)
    values = ", ".join(VALUE_COLUMNS)
    return (
        Rule(
            "future",
            "the bar lies in the future",
            f"SELECT row, 'time', {stamp.format('time')}, 'dropped' FROM work WHERE time > {now}",
            _DROP,
        ),
        Rule(
            "off_grid",
            f"bars of {frame} open at whole multiples of it",
            f"SELECT row, 'time', {stamp.format('time')}, {stamp.format(start)} FROM work"
            f" WHERE time <> {start}",
            (f"UPDATE work SET time = {start} WHERE row IN (SELECT row FROM hits)",),
        ),
        Rule(
            "order",
            "earlier than the row before it",
            f"SELECT row, 'time', {stamp.format('time')}, 'sorted' FROM"
            " (SELECT *, lag(time) OVER (ORDER BY row) AS before FROM work) WHERE time < before",
            ("SELECT 1",),  # everything below, and the stored file, is sorted by time
        ),
        Rule(
            "duplicate",
            "the same bar twice",
            f"SELECT row, 'time', {stamp.format('time')}, 'dropped' FROM (SELECT *,"
            f" lag(time) OVER w AS t, lag(row({values})) OVER w AS v FROM work {_BY_TIME})"
            f" WHERE time = t AND row({values}) IS NOT DISTINCT FROM v",
            _DROP,
        ),
        Rule(
            "conflict",
            "another bar of the same time has other values; a repair keeps the last one",
            f"SELECT row, 'time', {stamp.format('time')}, 'dropped' FROM (SELECT *,"
            f" lead(time) OVER w AS t, lead(row({values})) OVER w AS v FROM work {_BY_TIME})"
            f" WHERE time = t AND row({values}) IS DISTINCT FROM v",
            _DROP,
        ),
    )


def _jump_rules() -> tuple[Rule, ...]:
    return (
        Rule(
            "spike",
            "far from the bars on both sides",
            " UNION ALL ".join(
                _spike(column, SPIKE_BODY if column in {"open", "close"} else SPIKE_WICK)
                for column in PRICE_COLUMNS
            ),
            _DROP,
            prepare=_LOGS,
            genuine=True,
        ),
        Rule(
            "level_shift",
            "the price level changed at once: a split, a change of unit, or a gap in the data",
            _level_shift(),
            prepare=_LOGS,
            genuine=True,
        ),
    )


# Logs of the close (l), of the two before it (l1, l2) and of the next one (n).
_LOGS = (
    (
        "CREATE OR REPLACE TEMP TABLE logs AS SELECT *, lag(l) OVER w AS l1,"
        " lag(l, 2) OVER w AS l2, lead(l) OVER w AS n FROM (SELECT *, ln(close) AS l FROM work"
        f" WHERE least(open, high, low, close) > 0) {_BY_TIME}"
    ),
    (
        "CREATE OR REPLACE TEMP TABLE spread AS"
        " SELECT CASE WHEN count(*) >= 20 THEN 1.4826 * median(abs(l - l1)) ELSE 0 END AS sigma"
        " FROM logs WHERE l <> l1"
    ),
)


def _spike(column: str, least: float) -> str:
    """A price far from the closes before and after, which agree with each other."""
    jump = f"abs(ln({column}) - (l1 + n) / 2)"
    return (
        f"SELECT row, '{column}', {column}::VARCHAR, 'dropped' FROM logs, spread"
        f" WHERE {jump} > least({ALWAYS}, greatest({SIGMAS} * sigma, {least}))"
        f" AND abs(n - l1) < 0.5 * {jump}"
    )


def _level_shift() -> str:
    """A close far from the one before, without the way back that makes it a spike."""
    jump = "abs(l - l1)"
    return (
        "SELECT row, 'close', close::VARCHAR, '' FROM logs, spread"
        f" WHERE {jump} > least({ALWAYS}, greatest({SIGMAS} * sigma, {LEVEL_SHIFT}))"
        f" AND coalesce(abs(n - l1), {jump}) >= 0.5 * {jump}"
        f" AND coalesce(abs(l - l2), {jump}) >= 0.5 * {jump}"
    )
