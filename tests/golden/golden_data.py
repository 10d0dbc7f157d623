"""Reading the files behind the golden cases, each in its source's own format."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SECOND = 1_000_000_000  # nanoseconds
MILLISECOND = SECOND // 1000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
NEW_YORK = ZoneInfo("America/New_York")
LEAN_FOLDER = "data/lean/Data/equity/usa"
LEAN_SCALE = 10_000  # its equity prices are integers of this many to the dollar


@dataclass(frozen=True, slots=True)
class Shared:
    """The reference data; whatever is asked for and absent skips the test by name."""

    folder: Path

    def file(self, name: str) -> Path:
        """Return a file of the folder."""
        path = self.folder / name
        if not path.exists():
            pytest.skip(f"shared data is absent: {name}")
        return path

    def expected(self, name: str) -> dict[str, Any]:
        """Return the numbers that the golden case of an id expects."""
        path = self.file("data/golden/backtests/golden.json")
        cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
        numbers: dict[str, Any] = next(c["expected"] for c in cases if c["id"] == name)
        return numbers


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars as their source gives them, adjusted where it says so.

    Attributes:
        time: When each bar closed, UTC nanoseconds, shape (n,).
        prices: Open, high, low and close, shape (n, 4).
        volume: Traded quantity, shape (n,).
        length: Nanoseconds from open to close.
    """

    time: NDArray[np.int64]
    prices: NDArray[np.float64]
    volume: NDArray[np.float64]
    length: int

    def __getitem__(self, rows: slice) -> Bars:
        return Bars(self.time[rows], self.prices[rows], self.volume[rows], self.length)

    def between(self, first: str, last: str) -> Bars:
        """Return the bars that opened on two UTC dates or between them."""
        days = to_days(self.time - self.length)
        rows = np.flatnonzero((days >= np.datetime64(first)) & (days <= np.datetime64(last)))
        return self[slice(int(rows[0]), int(rows[-1]) + 1)]


def to_days(time: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Return the UTC dates of times in nanoseconds."""
    return (time // DAY).astype("M8[D]")


def joined(parts: Sequence[Bars]) -> Bars:
    """Return bars that follow each other as one series."""
    return Bars(
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.prices for part in parts]),
        np.concatenate([part.volume for part in parts]),
        parts[0].length,
    )


def flat_bars(prices: Sequence[float], volumes: Sequence[float], length: int) -> Bars:
    """Return bars in which one price was quoted throughout."""
    time = np.arange(1, len(prices) + 1, dtype=np.int64) * length
    return Bars(
        time,
        np.repeat(np.array(prices, float)[:, None], 4, axis=1),
        np.array(volumes, float),
        length,
    )


def read_daily(path: Path, *, adjusted: str = "", date: str = "Date") -> Bars:
    """Read daily bars with named columns, in either order of dates.

    Args:
        path: The file. Without highs and lows, they are those of open and close.
        adjusted: Column of the adjusted close; all prices are moved in its proportion.
        date: Column of the date.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row[date])
    days = np.array([row[date] for row in rows], "M8[D]").astype(np.int64)
    prices = np.array([_ohlc(row) for row in rows])
    if adjusted:
        prices *= np.array([float(row[adjusted]) / float(row["Close"]) for row in rows])[:, None]
    volume = np.array([float(row.get("Volume") or 0) for row in rows])
    return Bars((days + 1) * DAY, prices, volume, DAY)


def _ohlc(row: dict[str, str]) -> list[float]:
    first, last = float(row["Open"]), float(row["Close"])
    high = float(row.get("High") or max(first, last))
    low = float(row.get("Low") or min(first, last))
    return [first, high, low, last]


def read_lean_daily(shared: Shared, symbol: str, first: str, last: str) -> Bars:
    """Read adjusted daily bars of a US stock from the Lean layout."""
    rows = list(_rows(shared.file(f"{LEAN_FOLDER}/daily/{symbol}.zip")))
    days = [f"{row[0][:4]}-{row[0][4:6]}-{row[0][6:8]}" for row in rows]
    time = (np.array(days, "M8[D]").astype(np.int64) + 1) * DAY
    prices = np.array([[int(cell) for cell in row[1:5]] for row in rows]) / LEAN_SCALE
    bars = Bars(time, prices, np.array([float(row[5]) for row in rows]), DAY).between(first, last)
    opened = to_days(bars.time - DAY).astype(str)
    factors = np.array([lean_factor(shared, symbol, day) for day in opened])
    return Bars(bars.time, bars.prices * factors[:, None], bars.volume, DAY)


def read_lean_intraday(
    shared: Shared, symbol: str, days: Sequence[str], kind: str, length: int
) -> Bars:
    """Read adjusted bars of regular trading hours, 09:30 to 16:00 in New York.

    Args:
        shared: The reference data.
        symbol: In small letters.
        days: Dates such as ``2013-10-07``.
        kind: ``trade``, or ``ask`` for the ask side of the quotes.
        length: Of a bar, a second or a minute.
    """
    folder = f"{LEAN_FOLDER}/{'second' if length == SECOND else 'minute'}/{symbol}"
    first, file = (6, "quote") if kind == "ask" else (1, "trade")
    parts = []
    for day in days:
        opens, closes = trading_hours(day)
        path = shared.file(f"{folder}/{day.replace('-', '')}_{file}.zip")
        rows = np.array([[int(row[0]), *map(int, row[first : first + 5])] for row in _rows(path)])
        time = new_york(f"{day} 00:00") + rows[:, 0] * MILLISECOND + length
        kept = (opens < time) & (time <= closes)
        prices = rows[kept, 1:5] / LEAN_SCALE * lean_factor(shared, symbol, day)
        parts.append(Bars(time[kept], prices, rows[kept, 5].astype(float), length))
    return joined(parts)


def fill_forward(bars: Bars, days: Sequence[str]) -> Bars:
    """Put a flat bar at the last close, without volume, where trading hours have none."""
    spans = [np.arange(*trading_hours(day), bars.length) + bars.length for day in days]
    time = np.concatenate(spans)
    time = time[time >= bars.time[0]]
    rows = np.searchsorted(bars.time, time, side="right") - 1
    absent = bars.time[rows] != time
    prices, volume = bars.prices[rows], bars.volume[rows]
    prices[absent] = prices[absent, 3:]
    volume[absent] = 0.0
    return Bars(time, prices, volume, bars.length)


def trading_hours(day: str) -> tuple[int, int]:
    """When the New York exchanges open and close on a day, UTC nanoseconds."""
    return new_york(f"{day} 09:30"), new_york(f"{day} 16:00")


def new_york(text: str) -> int:
    """UTC nanoseconds of a New York time such as ``2013-10-10 16:00``."""
    return round(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * SECOND


def lean_factor(shared: Shared, symbol: str, day: str) -> float:
    """Factor that adjusts a price: that of the first row dated on or after its day."""
    path = shared.file(f"{LEAN_FOLDER}/factor_files/{symbol}.csv")
    for row in csv.reader(path.read_text(encoding="utf-8").splitlines()):
        if row[0] >= day.replace("-", ""):
            return float(row[1]) * float(row[2])
    raise AssertionError(f"{path.name} ends before {day}")


def _rows(path: Path) -> Iterable[list[str]]:
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        yield from csv.reader(io.TextIOWrapper(file, encoding="utf-8"))
