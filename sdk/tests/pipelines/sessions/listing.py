"""The public side of an exchange, and plans of sessions there."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradectl_sdk.config import Settings
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.paper import paper_card
from tradectl_sdk.pipelines.sessions.planning import plan_at_exchange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.exchange import Card
    from tradectl_sdk.pipelines.sessions.plan import SessionPlan


def coin(symbol: str = "BTC/USDT", quote: str = "USDT") -> Instrument:
    return Instrument(
        symbol=symbol,
        venue="X",
        quote=quote,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.001"),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0004"),
    )


class Listing:
    """The public side of an exchange, as far as planning asks for it."""

    def __init__(self, *instruments: Instrument, card: Card | None = None) -> None:
        self._instruments = instruments
        self.card = card or paper_card(margin=False)
        self.opened = self.closed = False

    async def open(self) -> None:
        self.opened = True

    async def close(self) -> None:
        self.closed = True

    async def instruments(self) -> Sequence[Instrument]:
        return self._instruments


def plan(exchange: Listing, *names: str, **options: Any) -> SessionPlan:
    given: dict[str, Any] = {
        "mode": "paper",
        "exchange_name": "x",
        "account": "paper",
        "timeframe": "60m",
        "parameters": {"fast": "7"},
        "settings": Settings(),
        "plugins": None,
    }
    return asyncio.run(
        plan_at_exchange("sma-cross", names, exchange, **(given | options))  # type: ignore[arg-type]
    )
