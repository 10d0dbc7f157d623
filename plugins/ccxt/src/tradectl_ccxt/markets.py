"""ccxt's markets as instruments: the grid of prices and quantities, exact."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.errors import TradectlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SMALLEST: Final = Decimal("1e-8")  # the step where a venue names none
DECIMAL_PLACES, SIGNIFICANT_DIGITS, TICK_SIZE = 2, 3, 4  # ccxt's precision modes


def instruments_of(client: Any, kind: str) -> Iterator[tuple[str, Instrument]]:
    """Yield symbol and instrument of each market that can be traded and counted.

    Left out are markets that are closed, of another kind, or inverse: their quantity is money.

    Args:
        client: ccxt's client, markets loaded.
        kind: ``spot`` or ``swap``.
    """
    venue = str(client.id).upper()
    for symbol, market in sorted(client.markets.items()):
        counted = market.get("spot") or market.get("linear")
        if market.get(kind) and counted and market.get("active") is not False:
            instrument = _instrument(symbol, market, venue, client.precisionMode)
            if instrument is not None:
                yield symbol, instrument


def _instrument(symbol: str, market: Mapping[str, Any], venue: str, mode: int) -> Instrument | None:
    precision, limits = market.get("precision") or {}, market.get("limits") or {}
    cost = (limits.get("cost") or {}).get("min")
    try:
        return Instrument(
            symbol=symbol,
            venue=venue,
            base=str(market.get("base") or ""),
            quote=str(market.get("quote") or ""),
            tick_size=step_of(precision.get("price"), mode),
            lot_size=step_of(precision.get("amount"), mode),
            multiplier=number(market.get("contractSize")) or Decimal(1),
            maker_fee=number(market.get("maker")) or Decimal(0),
            taker_fee=number(market.get("taker")) or Decimal(0),
            min_notional=number(cost) or Decimal(0),
        )
    except TradectlError:
        return None  # a symbol or a step that cannot be traded by rule


def step_of(precision: Any, mode: int) -> Decimal:
    """Return the step that ccxt's precision means.

    Args:
        precision: Its value.
        mode: ``TICK_SIZE``: the step itself; ``DECIMAL_PLACES``: how many places. With
            ``SIGNIFICANT_DIGITS`` the step depends on the price, so the smallest is taken and
            each price is compared with what ccxt would make of it.
    """
    value = number(precision)
    if value is None or value <= 0 or mode == SIGNIFICANT_DIGITS:
        places = mode == DECIMAL_PLACES and value is not None
        return Decimal(1).scaleb(-int(value)) if places and value is not None else SMALLEST
    return value if mode == TICK_SIZE else Decimal(1).scaleb(-int(value))


def number(value: Any) -> Decimal | None:
    """Return a number of ccxt exactly as it was written, None where there is none."""
    if value is None or value == "":
        return None
    found = Decimal(str(value))
    return found if found.is_finite() else None
