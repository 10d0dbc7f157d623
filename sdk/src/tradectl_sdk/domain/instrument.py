"""What can be traded, and the grid its prices and quantities lie on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import NewType

from tradectl_sdk.domain.money import MONEY_UNITS, as_decimal, plain
from tradectl_sdk.errors import UsageError

InstrumentId = NewType("InstrumentId", str)  # "SYMBOL.VENUE", such as "BTC/USDT.BINANCE"


def parse_instrument_id(text: str) -> tuple[str, str]:
    """Split ``SYMBOL.VENUE`` at its last dot; symbols may hold dots themselves.

    Raises:
        UsageError: If either part is missing.
    """
    symbol, dot, venue = text.rpartition(".")
    if not (dot and symbol and venue):
        raise UsageError(
            f"instrument was {text!r}, expected SYMBOL.VENUE",
            hint="for example BTC/USDT.BINANCE or SPX.SAMPLE",
        )
    return symbol, venue


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One tradable thing on one venue.

    Attributes:
        symbol: The venue's name for it.
        venue: Where it trades; upper case.
        base: What one unit of quantity is counted in, such as BTC; empty for indices.
        quote: The currency its price is in.
        tick_size: The step of the price grid.
        lot_size: The step of the quantity grid.
        multiplier: Value of one unit of quantity per unit of price; 1 except for contracts.
        maker_fee: Share of the traded value paid when resting; negative for a rebate.
        taker_fee: Share of the traded value paid when taking.
        min_notional: The least value of an order the venue accepts; 0 for none.
        calendar: ``24/7`` or ``weekdays``: when bars are expected and when a day ends.
        session_close: Minutes after midnight UTC at which a trading day ends.
    """

    symbol: str
    venue: str
    tick_size: Decimal
    lot_size: Decimal
    base: str = ""
    quote: str = "USD"
    multiplier: Decimal = Decimal(1)
    maker_fee: Decimal = Decimal(0)
    taker_fee: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)
    calendar: str = "24/7"
    session_close: int = 0

    def __post_init__(self) -> None:
        """Check the grid; everything else follows from it."""
        parse_instrument_id(f"{self.symbol}.{self.venue}")
        for name in ("tick_size", "lot_size", "multiplier"):
            if (value := as_decimal(getattr(self, name), name)) <= 0:
                raise UsageError(f"{name} of {self.id} was {value}, expected more than 0")
        if self.calendar not in {"24/7", "weekdays"}:
            raise UsageError(
                f"calendar of {self.id} was {self.calendar!r}, expected 24/7 or weekdays"
            )
        if not 0 <= self.session_close < 1440:
            raise UsageError(
                f"session_close of {self.id} was {self.session_close}, expected 0 to 1439 minutes"
            )

    @property
    def id(self) -> InstrumentId:
        """``SYMBOL.VENUE``."""
        return InstrumentId(f"{self.symbol}.{self.venue}")

    @property
    def value_scale(self) -> Fraction:
        """Money units that one tick of price is worth on one lot of quantity."""
        value = self.tick_size * self.lot_size * self.multiplier * MONEY_UNITS
        return Fraction(value)

    def price_to_ticks(self, price: Decimal | float | str) -> int:
        """Convert a price that lies on the grid to ticks.

        Raises:
            UsageError: If it lies between two ticks.
        """
        ticks = as_decimal(price, "price") / self.tick_size
        if ticks != ticks.to_integral_value():
            raise UsageError(
                f"price of {self.id} was {price}, expected a multiple of {plain(self.tick_size)}"
            )
        return int(ticks)

    def nearest_ticks(self, price: Decimal | float | str) -> int:
        """Convert any price to the nearest tick, half to even."""
        ticks = as_decimal(price, "price") / self.tick_size
        return int(ticks.to_integral_value(ROUND_HALF_EVEN))

    def ticks_to_price(self, ticks: int) -> Decimal:
        """Convert ticks to an exact price."""
        return int(ticks) * self.tick_size

    def quantity_to_lots(self, quantity: Decimal | float | str) -> int:
        """Convert a quantity to whole lots, rounding toward zero: never more than was asked."""
        lots = as_decimal(quantity, "quantity") / self.lot_size
        return int(lots.to_integral_value(ROUND_DOWN))

    def lots_to_quantity(self, lots: int) -> Decimal:
        """Convert lots to an exact quantity."""
        return int(lots) * self.lot_size
