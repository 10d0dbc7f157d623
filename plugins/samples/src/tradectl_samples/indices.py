"""Daily bars of two stock indices, read from the data files of the ``arch`` package.

``arch`` itself is not imported: it takes seconds, and all that is needed is where it lies.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tradectl_sdk.data import Bars, SeriesDescriptor, find_descriptor
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.timeframe import SECOND, Timeframe
from tradectl_sdk.errors import DataError, DataMissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TICK = Decimal("0.000001")  # the files' six decimals
_FILES = {  # symbol -> folder in arch/data, which holds one .csv.gz of the same name
    "IXIC": ("nasdaq", "NASDAQ Composite index"),
    "SPX": ("sp500", "S&P 500 index"),
}
_HEADER = ["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"]
_DAY = Timeframe.parse("1d")


class IndexSamples:
    """The data source ``samples``; prices are as quoted, never adjusted."""

    name = "samples"

    def series(self) -> Sequence[SeriesDescriptor]:
        """Everything on offer."""
        return [
            SeriesDescriptor(
                instrument=f"{symbol}.SAMPLE",
                timeframe=str(_DAY),
                summary=f"{title}, 1999 to 2018",
                origin=f"{title} as shipped with the arch package (arch.data.{folder})",
            )
            for symbol, (folder, title) in _FILES.items()
        ]

    def fetch(
        self, instrument: str, timeframe: str, start: int | None = None, end: int | None = None
    ) -> Bars:
        """Read the bars that opened in ``[start, end)``, nanoseconds UTC.

        Raises:
            NotFoundError: If the series is not on offer.
            DataMissingError: If the ``arch`` package is not installed.
            DataError: If its file is not the one this plugin knows.
        """
        find_descriptor(self, instrument, timeframe)
        symbol = instrument.removesuffix(".SAMPLE")
        bars = _read(symbol, _find(_FILES[symbol][0]))
        first = 0 if start is None else int(np.searchsorted(bars.time, start))
        last = len(bars) if end is None else int(np.searchsorted(bars.time, end))
        return bars.rows(first, last)


def _find(folder: str) -> Path:
    """Locate a data file of ``arch`` without importing it."""
    spec = importlib.util.find_spec("arch")
    roots = spec.submodule_search_locations if spec else None
    for root in roots or ():
        path = Path(root) / "data" / folder / f"{folder}.csv.gz"
        if path.is_file():
            return path
    raise DataMissingError(
        f"the data file {folder}.csv.gz of the arch package was not found",
        hint='pip install "arch>=7"',
    )


def _read(symbol: str, path: Path) -> Bars:
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        if (header := next(rows, [])) != _HEADER:
            raise DataError(f"{path} had columns {header}, expected {_HEADER}")
        records = [_record(row) for row in rows]
    columns = np.array(records, dtype=np.int64).T
    names = ("time", "open", "high", "low", "close", "volume")
    instrument = Instrument(
        symbol=symbol,
        venue="SAMPLE",
        tick_size=_TICK,
        lot_size=Decimal(1),
        calendar="weekdays",
    )
    return Bars(
        instrument=instrument,
        timeframe=_DAY,
        **{name: np.ascontiguousarray(columns[i]) for i, name in enumerate(names)},
    )


def _record(row: list[str]) -> tuple[int, ...]:
    """One line as time, ticks and volume; Adj Close is left out."""
    day = datetime.strptime(row[0], "%m/%d/%Y").replace(tzinfo=UTC)
    time = int(day.timestamp()) * SECOND
    return (time, *(int(Decimal(price) / _TICK) for price in row[1:5]), int(row[6]))
