"""Which column of a foreign file is which."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.errors import DataError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Usual names, most telling first, in the form _normal() gives them.
USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "time": (
        "open_time", "opentime", "time_open", "timestamp", "datetime", "date_time", "time", "date",
        "ts", "ts_ms", "unix", "unix_timestamp", "gmt_time", "local_time", "begins_at", "t",
        "index", "",
    ),
    "open": ("open", "o", "open_price", "price_open"),
    "high": ("high", "h", "high_price", "price_high", "max"),
    "low": ("low", "l", "low_price", "price_low", "min"),
    "close": ("close", "c", "close_price", "price_close", "close_last", "last"),
    "volume": ("volume", "v", "vol", "volume_base", "tick_volume", "tickvol"),
    "adj_close": ("adj_close", "adjclose", "adjusted_close"),
}  # fmt: skip
REQUIRED = ("time", "open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The columns of a source to read, by their own names.

    Attributes:
        by_role: Role (``time``, ``open``, …) to column name; ``volume`` and ``adj_close`` may lack.
        clock: A second column that holds the time of day when ``time`` is only a date.
        notes: What was assumed.
    """

    by_role: dict[str, str]
    clock: str
    notes: tuple[str, ...]


def choose_columns(
    names: Sequence[str], mapping: Mapping[str, str], *, source: str
) -> ColumnChoice:
    """Find the bar columns among a file's columns.

    Args:
        names: The file's column names.
        mapping: Role to column name, for whatever the usual names do not cover.
        source: The file's name, for messages.

    Raises:
        UsageError: If the mapping names a role or a column that does not exist.
        DataError: If a required column cannot be found.
    """
    _check_mapping(names, mapping, source)
    usual = _usual(names)
    found = {role: hits[0] for role, hits in usual.items() if hits} | dict(mapping)
    missing = [role for role in REQUIRED if role not in found]
    if missing:
        raise DataError(
            f"{source} had no column for {', '.join(missing)}; "
            f"it has {', '.join(names) or 'none at all'}",
            hint=f"name it, for example --map {missing[0]}={names[-1]!r}" if names else "",
        )
    times = usual["time"]
    clock = _clock(times) if "time" not in mapping else ""
    if clock:
        found["time"] = next(name for name in times if _normal(name) == "date")
        return ColumnChoice(found, clock, ())
    notes = _notes(times, found) if "time" not in mapping else ()
    return ColumnChoice(found, "", notes)


def _check_mapping(names: Sequence[str], mapping: Mapping[str, str], source: str) -> None:
    for role, name in mapping.items():
        if role not in USUAL_NAMES:
            raise UsageError(
                f"mapping named {role!r}, expected one of {', '.join(USUAL_NAMES)}",
                hint=did_you_mean(role, USUAL_NAMES),
            )
        if name not in names:
            raise UsageError(
                f"{source} had no column {name!r}; it has {', '.join(names)}",
                hint=did_you_mean(name, names),
            )


def _usual(names: Sequence[str]) -> dict[str, list[str]]:
    normal = {name: _normal(name) for name in names}
    return {
        role: [name for usual in choices for name in names if normal[name] == usual]
        for role, choices in USUAL_NAMES.items()
    }


def _normal(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _clock(times: list[str]) -> str:
    """Name the time-of-day column of a file that keeps date and time apart."""
    by_name = {_normal(name): name for name in times}
    return by_name["time"] if set(by_name) == {"date", "time"} else ""


def _notes(times: list[str], found: dict[str, str]) -> tuple[str, ...]:
    if len(times) < 2:
        return ()
    others = ", ".join(name for name in times if name != found["time"])
    return (f"times were read from column {found['time']!r}, not from {others}",)
