"""NautilusTrader's smallest accounts: five quotes, one round trip, exact fees.

A quote whose bid equals its ask is a bar whose four prices are equal, and an order fills at it.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from golden_data import MINUTE, flat_bars
from golden_runs import asset, fill_prices, free, play
from tradectl_sdk.domain.money import MONEY_UNITS, from_money
from tradectl_sdk.engine import MarketFill
from tradectl_sdk.engine.costs import ShareOfValue
from tradectl_sdk.runs import extract_trades
from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    from golden_data import Shared
    from tradectl_sdk.engine import Mode

CENT = MONEY_UNITS // 100


class RoundTrip(Strategy):
    """Bought on the second quote, sold on the fourth."""

    quantity: float = param(1.0)

    def on_start(self, ctx: Any) -> None:
        self.quotes = 0

    def on_bar(self, ctx: Any, bar: Any) -> None:
        self.quotes += 1
        if self.quotes == 2:
            ctx.buy(self.quantity)
        elif self.quotes == 4:
            ctx.sell(self.quantity)


def test_fx_fees_in_whole_cents(shared: Shared, mode: Mode) -> None:
    expected = shared.expected("nau-audusd-micro")
    pair = asset("AUD/USD", tick="0.00001", base="AUD", taker_fee=Decimal("0.00002"))
    quotes = flat_bars([0.70000, 0.70000, 0.70010, 0.70020, 0.70020], [1_000_000] * 5, MINUTE)

    outcome = play(
        mode,
        quotes,
        partial(RoundTrip, quantity=100_000.0),
        free(1_000_000, margin=True, market_fill=MarketFill.THIS_CLOSE),
        instruments=[pair],
        fees=partial(ShareOfValue, [pair], rounding=CENT),
    )

    sides = [expected["buy"], expected["sell"]]
    (profit,) = extract_trades(outcome.fills, [pair])["net"]
    assert [*fill_prices(outcome, +1, 5, pair), *fill_prices(outcome, -1, 5, pair)] == [
        price for price, _ in sides
    ]
    # Equal to the last of our eight digits: the fee of the sale is 1.4004 before rounding.
    assert [from_money(fee) for fee in outcome.fills["fee"]] == [Decimal(fee) for _, fee in sides]
    assert from_money(profit) == Decimal(str(expected["realised_pnl"]))
    assert from_money(outcome.cash) == Decimal(str(expected["balance"]))
    assert outcome.positions == (expected["locked"],)  # nothing held, so no margin is locked


def test_spot_fees_to_eight_digits(shared: Shared, mode: Mode) -> None:
    """A run starts from cash alone, so the ten coins the source starts with are added here."""
    expected = shared.expected("nau-ethusdt-cash-micro")
    pair = asset(
        "ETHUSDT",
        tick="0.01",
        lot_size=Decimal("0.00001"),
        base="ETH",
        quote="USDT",
        taker_fee=Decimal("0.0001"),
    )
    quotes = flat_bars([2000.00, 2000.00, 2000.50, 2001.00, 2001.00], [1000] * 5, MINUTE)

    outcome = play(
        mode,
        quotes,
        partial(RoundTrip, quantity=0.5),
        free(100_000, market_fill=MarketFill.THIS_CLOSE),
        instruments=[pair],
    )

    profits = extract_trades(outcome.fills, [pair])["net"]
    coins = 10 + pair.lots_to_quantity(outcome.positions[0])
    assert [str(from_money(fee)) for fee in outcome.fills["fee"]] == expected["fees"]
    assert [str(from_money(profit)) for profit in profits] == [expected["realised_pnl"]]
    assert str(from_money(outcome.cash)) == expected["usdt"]
    assert f"{coins:.8f}" == expected["eth"]
