"""Bars in memory: six int64 columns on an instrument's grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from tradectl_sdk.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.domain.timeframe import Timeframe

IntColumn = NDArray[np.int64]
FloatColumn = NDArray[np.float64]
ColumnName = Literal["open", "high", "low", "close", "volume"]

PRICE_COLUMNS: tuple[ColumnName, ...] = ("open", "high", "low", "close")
VALUE_COLUMNS: tuple[ColumnName, ...] = (*PRICE_COLUMNS, "volume")
COLUMNS = ("time", *VALUE_COLUMNS)

# Whole numbers up to here are exact as float64, so dividing two of them rounds only once.
EXACT_INTEGER = 2**53


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Bars:
    """Consecutive bars of one instrument and one timeframe, oldest first.

    All columns have shape ``(n,)`` and are read-only.

    Attributes:
        instrument: What was traded; its tick and lot size give the columns their meaning.
        timeframe: How long one bar lasts.
        time: When each bar opened, in nanoseconds UTC, strictly increasing.
        open: First price, in ticks.
        high: Highest price, in ticks.
        low: Lowest price, in ticks.
        close: Last price, in ticks.
        volume: Quantity traded, in lots.
    """

    instrument: Instrument
    timeframe: Timeframe
    time: IntColumn
    open: IntColumn
    high: IntColumn
    low: IntColumn
    close: IntColumn
    volume: IntColumn

    def __post_init__(self) -> None:
        """Hold every column to one shape and type, and make them read-only."""
        size = len(self.time)
        for name in COLUMNS:
            column: IntColumn = getattr(self, name)
            if column.dtype != np.int64 or column.shape != (size,):
                raise UsageError(
                    f"column {name} was {column.dtype}{list(column.shape)}, expected int64[{size}]"
                )
            column = np.ascontiguousarray(column).view()
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        """Number of bars."""
        return len(self.time)

    def __eq__(self, other: object) -> bool:
        """Whether instrument, timeframe and every value are the same."""
        if not isinstance(other, Bars):
            return NotImplemented
        return (
            self.instrument == other.instrument
            and self.timeframe == other.timeframe
            and all(np.array_equal(getattr(self, c), getattr(other, c)) for c in COLUMNS)
        )

    __hash__ = None  # type: ignore[assignment]

    def floats(self, column: ColumnName) -> FloatColumn:
        """One column as float64, shape ``(n,)``: prices in the quote currency, volume in units.

        Each value is the float nearest to the exact decimal.
        """
        instrument = self.instrument
        step = instrument.lot_size if column == "volume" else instrument.tick_size
        values: IntColumn = getattr(self, column)
        return to_floats(values, step)

    @property
    def close_time(self) -> IntColumn:
        """When each bar was complete, in nanoseconds UTC, shape ``(n,)``."""
        return self.time + self.timeframe.nanoseconds

    def rows(self, start: int, stop: int) -> Self:
        """Bars ``start`` to ``stop`` (exclusive) by position, without copying."""
        part = slice(start, stop)
        columns = {name: getattr(self, name)[part] for name in COLUMNS}
        return type(self)(instrument=self.instrument, timeframe=self.timeframe, **columns)

    @classmethod
    def from_floats(
        cls,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        time: IntColumn,
        open: FloatColumn,  # noqa: A002 - the field's name
        high: FloatColumn,
        low: FloatColumn,
        close: FloatColumn,
        volume: FloatColumn,
    ) -> Self:
        """Build bars from float columns whose prices lie on the instrument's grid.

        Volume is rounded to the nearest lot. :meth:`from_frame` finds the grid by itself.

        Raises:
            DataError: If a price is not the float nearest to a multiple of the tick size.
        """
        named = {"open": open, "high": high, "low": low, "close": close}
        ticks = {name: _on_grid(values, instrument, name) for name, values in named.items()}
        lots = to_steps(volume, instrument.lot_size)
        return cls(instrument=instrument, timeframe=timeframe, time=time, volume=lots, **ticks)

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        instrument: Instrument | str,
        *,
        timeframe: Timeframe | str | None = None,
        tick_size: Decimal | str | None = None,
        lot_size: Decimal | str | None = None,
        mapping: Mapping[str, str] | None = None,
    ) -> Bars:
        """Build bars from a pandas frame, or a mapping of column names to arrays.

        Columns are found by the names imports know (``Open``, ``high``, ``c``, ...); times are
        the frame's index if it is one of times. Times without a zone are taken as UTC.

        Args:
            frame: The bars' opening times and prices, oldest first; volume may lack and is 0 then.
            instrument: A full one, or ``SYMBOL.VENUE`` to have its grid found.
            timeframe: Length of a bar; the most frequent step between times unless given.
            tick_size: Step of prices; each must lie on it. Unless given, the coarsest power of
                ten on which every price lies; where there is none down to 8 places, as for
                adjusted prices, they are rounded to seven digits of the lowest one.
            lot_size: Step of volumes, which are rounded to it; found likewise.
            mapping: Role to column name, for names that are not usual.

        Raises:
            DataError: If a column is missing, or a value makes no bar; it names the row.
        """
        from tradectl_sdk.data.frames import bars_from_frame

        return bars_from_frame(
            frame,
            instrument,
            timeframe=timeframe,
            tick_size=tick_size,
            lot_size=lot_size,
            mapping=mapping,
        )

    def check(self) -> None:
        """Hold the values to what a bar is, as an import does.

        Raises:
            DataError: If times do not increase, a price is not above zero, a high is not the
                highest, a low not the lowest, or a volume is below zero.
        """
        low, high = self.low, self.high
        late = np.concatenate(([True], self.time[1:] > self.time[:-1])) if len(self) else low > 0
        rules = {
            "its time was not after the row before it": late,
            "its lowest price was not above 0": low > 0,
            "its high was not its highest price": high >= np.maximum(self.open, self.close),
            "its low was not its lowest price": low <= np.minimum(self.open, self.close),
            "its volume was below 0": self.volume >= 0,
        }
        for what, holds in rules.items():
            if not holds.all():
                row = int(np.flatnonzero(~holds)[0])
                raise DataError(
                    f"bar {row + 1} of {self.instrument.id} is no bar: {what}",
                    hint="tradectl data import can repair a file, and records each change",
                )


def decimal_ratio(step: Decimal) -> tuple[int, int]:
    """Write a decimal step as ``numerator / 10**k``, both whole numbers."""
    _, digits, exponent = step.as_tuple()
    numerator = int("".join(map(str, digits)))
    if not isinstance(exponent, int):
        raise UsageError(f"step was {step}, expected a finite number")
    return (numerator * 10**exponent, 1) if exponent >= 0 else (numerator, 10**-exponent)


def to_floats(steps: IntColumn, step: Decimal) -> FloatColumn:
    """Convert counts of a step to the nearest float64 values, shape ``(n,)``.

    One division of two exact numbers rounds once, so the result equals parsing the exact
    decimal, as long as the numerator stays below 2**53.
    """
    numerator, denominator = decimal_ratio(step)
    exact = steps if numerator == 1 else steps * np.int64(numerator)
    return exact / np.float64(denominator)


def to_steps(values: FloatColumn, step: Decimal) -> IntColumn:
    """Convert float values to counts of the nearest step, shape ``(n,)``."""
    numerator, denominator = decimal_ratio(step)
    scaled = values * np.float64(denominator) / np.float64(numerator)
    return np.rint(scaled).astype(np.int64)


def _on_grid(values: FloatColumn, instrument: Instrument, name: str) -> IntColumn:
    ticks = to_steps(values, instrument.tick_size)
    wrong = np.flatnonzero(to_floats(ticks, instrument.tick_size) != values)
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{name} of {instrument.id} at row {row + 1} was {float(values[row])!r}, "
            f"expected a multiple of {instrument.tick_size}"
        )
    return ticks
