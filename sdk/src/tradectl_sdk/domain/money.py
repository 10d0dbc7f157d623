"""Exact amounts: Decimal at the edges, integers inside.

Money inside the engine is an int64 count of *money units*, 10^-8 of the account currency, so sums
are exact and the same on every machine. Prices are counts of an instrument's tick, quantities
counts of its lot.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from tradectl_sdk.errors import UsageError

MONEY_DIGITS = 8
MONEY_UNITS = 10**MONEY_DIGITS  # money units in one unit of the currency
MAX_INT64 = 2**63 - 1
# Bounds that keep sums inside 64 bits: a single value or quantity stays below the first (23 billion
# of a currency), what an account holds or owes below the second (69 billion), so that one value
# more still fits.
MOST_AT_ONCE = 2**61
MOST_MONEY = 3 * 2**61 - 1


def as_decimal(value: Decimal | float | str, what: str = "value") -> Decimal:
    """Turn a number as people write it into an exact finite Decimal.

    A float is taken by its shortest text: 0.1 means one tenth.

    Raises:
        UsageError: If it is not a finite number.
    """
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise UsageError(f"{what} was {value!r}, expected a finite number")
    return number


def to_money(amount: Decimal | float | str) -> int:
    """Convert an amount of currency to money units, rounding half to even.

    Raises:
        UsageError: If it does not fit 64 bits (about 92 billion).
    """
    units = (as_decimal(amount, "amount") * MONEY_UNITS).to_integral_value(ROUND_HALF_EVEN)
    if abs(units) > MAX_INT64:
        raise UsageError(f"amount was {amount}, expected at most {MAX_INT64 // MONEY_UNITS}")
    return int(units)


def from_money(units: int) -> Decimal:
    """Convert money units to an exact amount of currency."""
    return Decimal(int(units)).scaleb(-MONEY_DIGITS)


def plain(number: Decimal) -> str:
    """Write a Decimal without exponent and without trailing zeros: ``1E+2`` becomes ``100``."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
