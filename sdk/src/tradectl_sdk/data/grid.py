"""Finding the price and volume grid of bars that come without an instrument.

A float64 is taken to mean the decimal with ``k`` places whose nearest float it is, give or take
the last bits that earlier arithmetic may have cost (a relative 2**-50, four units in the last
place). The smallest ``k`` that fits every value gives the grid.
"""

# ruff: noqa: S608 - statements are built from constants, numbers and quoted names only
from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tradectl_sdk.data.bars import EXACT_INTEGER, PRICE_COLUMNS, decimal_ratio
from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    import duckdb

MAX_PLACES = 8  # decimal places looked for before giving up
NOISE = 2.0**-50  # relative distance that counts as rounding noise


def steps(column: str, step: Decimal) -> str:
    """SQL for the number of steps nearest to a value, as DOUBLE."""
    numerator, denominator = decimal_ratio(step)
    return f"round({column} * {denominator}::DOUBLE / {numerator}::DOUBLE)"


def snapped(column: str, step: Decimal) -> str:
    """SQL for the multiple of a step that is nearest to a value, as DOUBLE."""
    numerator, denominator = decimal_ratio(step)
    return f"({steps(column, step)} * {numerator}::DOUBLE / {denominator}::DOUBLE)"


def is_off(column: str, step: Decimal) -> str:
    """SQL for whether a value lies between two steps."""
    return f"abs({snapped(column, step)} - {column}) > abs({column}) * {NOISE!r}"


def find_tick(connection: duckdb.DuckDBPyConnection) -> Decimal | None:
    """The coarsest power of ten on which every price of ``work`` lies; None if there is none."""
    return _coarsest(connection, PRICE_COLUMNS)


def find_lot(connection: duckdb.DuckDBPyConnection) -> Decimal | None:
    """The coarsest power of ten on which every volume of ``work`` lies; None if there is none."""
    return _coarsest(connection, ("volume",))


def _coarsest(connection: duckdb.DuckDBPyConnection, columns: tuple[str, ...]) -> Decimal | None:
    for places in range(MAX_PLACES + 1):
        step = Decimal(1).scaleb(-places)
        off = " OR ".join(is_off(column, step) for column in columns)
        row = connection.execute(f"SELECT 1 FROM work WHERE {off} LIMIT 1").fetchone()
        if row is None:
            return step
    return None


def check_range(connection: duckdb.DuckDBPyConnection, column: str, step: Decimal) -> None:
    """Refuse values whose count of steps is not exact as a float64.

    Raises:
        DataError: Naming the largest value.
    """
    row = connection.execute(f"SELECT max(abs({column})) FROM work").fetchone()
    largest = float(row[0] or 0) if row else 0.0
    if largest / float(step) >= EXACT_INTEGER:
        raise DataError(
            f"{column} went up to {largest:g}, too many steps of {step} to be exact",
            hint="give a coarser step",
        )


def unrounded_single_precision(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether every price is a widened float32, as some vendors send them."""
    wide = " OR ".join(f"abs({c}::FLOAT::DOUBLE - {c}) > abs({c}) * 1e-14" for c in PRICE_COLUMNS)
    return connection.execute(f"SELECT 1 FROM work WHERE {wide} LIMIT 1").fetchone() is None


def shorten_single_precision(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace widened float32 prices by their shortest decimals: 14.5500004291534 is 14.55."""
    assignments = ", ".join(f"{c} = {c}::FLOAT::VARCHAR::DOUBLE" for c in PRICE_COLUMNS)
    connection.execute(f"UPDATE work SET {assignments}")
