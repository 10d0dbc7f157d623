"""Numbers and times as screens write them: grouped digits, UTC, ``n/a`` for undefined."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradectl_sdk.runs.metrics.report import MetricsReport

UNDEFINED = "n/a"

_DAY = 86_400
_SECOND = 1_000_000_000  # nanoseconds


def moment(nanoseconds: int) -> str:
    """Write a time in UTC, as a date alone where it is midnight."""
    seconds = nanoseconds // _SECOND
    form = "%Y-%m-%d %H:%M:%S" if seconds % 60 else "%Y-%m-%d %H:%M"
    form = form if seconds % _DAY else "%Y-%m-%d"
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime(form)


def iso(nanoseconds: int) -> str:
    """Write a time as JSON has it: ISO 8601 in UTC, to the second."""
    return dt.datetime.fromtimestamp(nanoseconds // _SECOND, dt.UTC).isoformat()


def shortened(time: str) -> str:
    """Write an ISO 8601 time of a run's tables for people: ``2024-01-31 14:30``."""
    day, _, clock = time.removesuffix("Z").partition("T")
    clock, _, fraction = clock.partition(".")
    fraction = fraction.rstrip("0")
    if fraction:
        return f"{day} {clock}.{fraction}"
    return day if clock == "00:00:00" else f"{day} {clock.removesuffix(':00')}"


def metric(report: MetricsReport, name: str) -> str:
    """Write one metric of a run, ``n/a`` where it is undefined."""
    return UNDEFINED if report.values.get(name) is None else report.text(name)


def plural(count: int, noun: str) -> str:
    """Write a count with its noun: ``1 bar``, ``5,031 bars``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def rate(count: int, seconds: float) -> str:
    """Write how many a second: ``48 M``, ``1.1 M``, ``310 k``."""
    value = count / seconds if seconds > 0 else 0.0
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            digits = 0 if value >= 10 * size else 1
            return f"{value / size:.{digits}f} {unit}"
    return f"{value:.0f}"


def parameter_text(value: object) -> str:
    """Write a parameter's value as ``--set`` takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
