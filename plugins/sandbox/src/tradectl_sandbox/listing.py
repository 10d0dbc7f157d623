"""What trades: names, grid, filters and whether the market is open."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tradectl_sandbox.refusals import NO_SYMBOL, missing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from tradectl_sdk.data import Bars
    from tradectl_sdk.domain.instrument import Instrument

ORDER_TYPES = (
    *("LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"),
    *("TAKE_PROFIT", "TAKE_PROFIT_LIMIT"),
)
MOST_LOTS = 9_000_000_000
MOST_ORDERS = 200


@dataclass(slots=True)
class Listing:
    """One symbol.

    Attributes:
        name: As clients say it, such as ``BTCUSDT``.
        place: Its number.
        instrument: What trades, with base and quote.
        status: ``TRADING``, or ``HALT`` or ``BREAK`` while nothing can be placed.
        tick: Step of prices that orders must keep; a multiple of the instrument's.
        lot: Step of quantities that orders must keep, likewise.
        min_notional: Least value of an order.
    """

    name: str
    place: int
    instrument: Instrument
    status: str
    tick: Decimal
    lot: Decimal
    min_notional: Decimal

    def price(self, ticks: int) -> str:
        """Write a price as the wire has it."""
        return f"{self.instrument.ticks_to_price(ticks):.8f}"

    def quantity(self, lots: int) -> str:
        """Write a quantity as the wire has it."""
        return f"{self.instrument.lots_to_quantity(lots):.8f}"

    def value(self, ticks: int, lots: int) -> Decimal:
        """What lots are worth at a price."""
        return self.instrument.ticks_to_price(ticks) * self.instrument.lots_to_quantity(lots)

    def describe(self) -> dict[str, object]:
        """Describe the symbol as ``exchangeInfo`` does."""
        instrument = self.instrument
        return {
            "symbol": self.name,
            "status": self.status,
            "baseAsset": instrument.base,
            "baseAssetPrecision": 8,
            "quoteAsset": instrument.quote,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "baseCommissionPrecision": 8,
            "quoteCommissionPrecision": 8,
            "orderTypes": list(ORDER_TYPES),
            "icebergAllowed": False,
            "ocoAllowed": True,
            "otoAllowed": False,
            "opoAllowed": False,
            "quoteOrderQtyMarketAllowed": True,
            "allowTrailingStop": True,
            "cancelReplaceAllowed": True,
            "amendAllowed": False,
            "pegInstructionsAllowed": False,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": self._filters(),
            "permissions": [],
            "permissionSets": [["SPOT"]],
            "defaultSelfTradePreventionMode": "NONE",
            "allowedSelfTradePreventionModes": ["NONE"],
        }

    def _filters(self) -> list[dict[str, object]]:
        most = self.instrument.lots_to_quantity(MOST_LOTS)
        return [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": f"{self.tick:.8f}",
                "maxPrice": f"{self.tick * MOST_LOTS:.8f}",
                "tickSize": f"{self.tick:.8f}",
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": f"{self.lot:.8f}",
                "maxQty": f"{most:.8f}",
                "stepSize": f"{self.lot:.8f}",
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": f"{self.min_notional:.8f}",
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 0,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MOST_ORDERS},
        ]


class Listings:
    """All symbols, by name and by instrument."""

    def __init__(self, series: Sequence[Bars]) -> None:
        self.all = [_list(place, one.instrument) for place, one in enumerate(series)]
        self._names = {one.name: one for one in self.all}
        self._instruments = {str(one.instrument.id): one for one in self.all}

    def named(self, name: str) -> Listing:
        """Find a symbol by the name clients say.

        Raises:
            Refusal: If there is none.
        """
        if not name:
            raise missing("symbol")
        if name not in self._names:
            raise NO_SYMBOL
        return self._names[name]

    def of(self, instrument: str) -> Listing:
        """Find a symbol by its instrument."""
        return self._instruments[instrument]


def _list(place: int, instrument: Instrument) -> Listing:
    traded = spot(instrument)
    return Listing(
        name=re.sub("[^A-Z0-9]", "", f"{traded.base}{traded.quote}".upper()),
        place=place,
        instrument=traded,
        status="TRADING",
        tick=traded.tick_size,
        lot=traded.lot_size,
        min_notional=traded.min_notional,
    )


def spot(instrument: Instrument) -> Instrument:
    """Make a coin of whatever has no base, such as an index, so that it can be held."""
    if instrument.base:
        return instrument
    base = re.sub("[^A-Z0-9]", "", instrument.symbol.upper()) or "UNIT"
    return replace(instrument, base=base)
