"""Backtrader's smallest test: one unit of an index on crosses of its average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from golden_data import read_daily
from golden_rules import Crossing
from golden_runs import asset, fill_prices, free, money, play
from tradectl_sdk.strategy import Strategy

if TYPE_CHECKING:
    from golden_data import Shared
    from tradectl_sdk.engine import Mode


class CrossOver(Strategy):
    """One unit from a cross above the fifteen-day average to a cross below it."""

    def on_start(self, ctx: Any) -> None:
        self.crossing = Crossing(15)

    def on_bar(self, ctx: Any, bar: Any) -> None:
        crossed = self.crossing.update(bar.close)
        if crossed > 0 and ctx.position == 0:
            ctx.buy(1)
        elif crossed < 0 and ctx.position > 0:
            ctx.sell(1)


def test_sma15_cross(shared: Shared, mode: Mode) -> None:
    """Every signal and every fill, the value and the cash at the end."""
    expected = shared.expected("btr-sma15-stocklike")
    index = asset(tick="0.01")
    bars = read_daily(shared.file("data/equities/backtrader/2006-day-001.txt"))

    outcome = play(mode, bars, CrossOver, free(10_000), instruments=[index])

    closes = dict(zip(bars.time.tolist(), bars.prices[:, 3].tolist(), strict=True))
    signals = [(order["side"], closes[order["created"]]) for order in outcome.orders]
    assert bars.time.size == 255
    assert [close for side, close in signals if side > 0] == expected["buy_signal_closes"]
    assert [close for side, close in signals if side < 0] == expected["sell_signal_closes"]
    assert fill_prices(outcome, +1, 2, index) == expected["buy_fills"]
    assert fill_prices(outcome, -1, 2, index) == expected["sell_fills"]
    assert money(outcome.final_equity) == expected["final_value"]
    assert money(outcome.cash) == expected["final_cash"]
