"""Zipline's commission models: what an order has cost after each of three partial fills."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pytest
from golden_data import DAY, flat_bars
from golden_runs import asset, free, play
from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.engine.costs import PerOrder, PerUnit
from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    from collections.abc import Callable

    from golden_data import Shared
    from tradectl_sdk.engine import Mode

SHARE = asset(tick="0.01")


class PerContract:
    """A fee per contract, an exchange fee once per order, and a minimum per order of both.

    A cost model of a user's own: any kernel with this method will do.
    """

    def __init__(self, *, per_contract: float, exchange_fee: float, minimum: float = 0.0) -> None:
        self.per_lot: int = round(per_contract * MONEY_UNITS)
        self.exchange_fee: int = round(exchange_fee * MONEY_UNITS)
        self.minimum: int = round(minimum * MONEY_UNITS)

    def total(self, lots: int) -> int:
        """Money units an order owes when so many lots have been filled."""
        if lots == 0:
            return 0
        return max(self.minimum, self.exchange_fee + self.per_lot * lots)

    def fee(self, instrument: int, lots: int, value: int, maker: bool, filled: int) -> int:
        """Fee of one fill in money units."""
        return self.total(filled + lots) - self.total(filled)


class OneOrder(Strategy):
    """One order on the first bar; the venue fills it as the bars' volume lets it."""

    quantity: int = param(500)

    def on_start(self, ctx: Any) -> None:
        self.placed = False

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if self.placed:
            return
        self.placed = True
        if self.quantity > 0:
            ctx.buy(self.quantity)
        else:
            ctx.sell(-self.quantity)


per_share = partial(PerUnit, [SHARE], per_unit=0.0075)
per_contract = partial(PerContract, per_contract=0.01, exchange_fee=0.3)

MODELS: dict[str, Callable[[], Any]] = {
    "per_trade_10": partial(PerOrder, fixed=10),
    "per_share_0.0075_no_min": per_share,
    "per_share_min_1": partial(per_share, minimum=1.0),
    "per_share_min_2.5": partial(per_share, minimum=2.5),
    "per_share_min_3.5": partial(per_share, minimum=3.5),
    "per_share_min_5.5": partial(per_share, minimum=5.5),
    "per_contract_0.01_fee_0.3_no_min": per_contract,
    "per_contract_min_3": partial(per_contract, minimum=3.0),
    "per_contract_min_5": partial(per_contract, minimum=5.0),
    "short_500_same_positive": per_share,
}


@pytest.mark.parametrize("model", MODELS)
def test_commission_over_partial_fills(shared: Shared, mode: Mode, model: str) -> None:
    expected = shared.expected("zip-commissions")
    assert list(expected) == list(MODELS)
    # A tenth of each bar's volume may be ours: 230, 170 and the last 100.
    bars = flat_bars([100, 100, 101, 102], [1000, 2300, 1700, 1000], DAY)
    quantity = -500 if model.startswith("short") else 500

    outcome = play(
        mode,
        bars,
        partial(OneOrder, quantity=quantity),
        free(100_000, margin=True, volume_share=Decimal("0.1")),
        instruments=[SHARE],
        fees=MODELS[model],
    )

    fills = outcome.fills[["quantity", "price"]].tolist()
    owed = [units / MONEY_UNITS for units in accumulate(outcome.fills["fee"].tolist())]
    assert fills == [(230, 100_00), (170, 101_00), (100, 102_00)]
    assert owed == expected[model]
