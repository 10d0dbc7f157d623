"""backtesting.py's micro cases on Google's first bars: costs to the cent, stops inside a bar."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from golden_data import DAY, flat_bars, read_daily
from golden_runs import asset, fees, fill_prices, free, money, play, printed
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine.costs import PerOrder
from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    from golden_data import Bars, Shared
    from tradectl_sdk.engine import Mode

SHARE = asset(tick="0.000001")
CENT_SHARE = asset(tick="0.01")


@pytest.fixture
def google(shared: Shared) -> Bars:
    return read_daily(shared.file("data/equities/backtesting_py/GOOG.csv"), date="")


class EntrySpread:
    """The source's spread: a share of the price, paid when a position is opened and not again."""

    def __init__(self, *, hundredths: int) -> None:
        self.hundredths = hundredths
        self.paid = False

    def slip(self, instrument: int, ticks: int, lots: int, volume: int) -> int:
        """Ticks by which a fill is worse than its reference."""
        if self.paid:
            return 0
        self.paid = True
        return ticks * self.hundredths // 100


class AllInAndOut(Strategy):
    """Everything into the second bar, out of it on the next.

    The source leaves the size of such an order to the venue, which takes it from the opening
    price it fills at. Orders here carry their quantity, so that price stands beside the bar
    before it. What is set aside per share is the price with the spread and one share's commission.
    """

    spread: float = param(0.0)
    fixed: float = param(0.0)
    rate: float = param(0.0)

    def on_start(self, ctx: Any) -> None:
        self.bars = 0
        self.next_open = ctx.signal("next_open")

    def on_bar(self, ctx: Any, bar: Any) -> None:
        self.bars += 1
        if self.bars == 2:
            price = self.next_open.value
            commission = self.fixed + self.rate * price
            ctx.buy(ctx.cash // (price * (1.0 + self.spread) + commission))
        elif ctx.position > 0:
            ctx.close()


@pytest.mark.parametrize(
    ("name", "costs"),
    [
        ("A_equity_bars_2_3", {"spread": 0.01, "rate": 0.01}),
        ("B_equity_bars_2_3", {"fixed": 100.0, "rate": 0.01}),
        ("C_equity_bars_2_3", {"rate": 0.01}),
    ],
)
def test_costs_of_a_round_trip(
    shared: Shared, mode: Mode, google: Bars, name: str, costs: dict[str, float]
) -> None:
    expected = shared.expected("btpy-spread-commission")
    bars = google[:20]
    next_open = np.append(bars.prices[1:, 0], np.nan)

    outcome = play(
        mode,
        bars,
        partial(AllInAndOut, **costs),
        free(10_000, margin=True),
        instruments=[SHARE],
        fees=partial(PerOrder, fixed=costs.get("fixed", 0.0), rate=costs["rate"]),
        slippage=partial(EntrySpread, hundredths=round(100 * costs.get("spread", 0.0))),
        signals={"next_open": [next_open]},
    )

    entry = printed(bars.prices[2, 0] * (1 + costs.get("spread", 0.0)), 4)
    assert fill_prices(outcome, +1, 4, SHARE) == [entry]
    assert [printed(value, 2) for value in outcome.equity[2:4]] == expected[name]


class TakeProfit(Strategy):
    """A hundred shares on the second bar, to be sold at three."""

    def on_start(self, ctx: Any) -> None:
        self.bars = 0

    def on_bar(self, ctx: Any, bar: Any) -> None:
        self.bars += 1
        if self.bars == 2:
            ctx.buy(100, take_profit=3.0)


def test_take_profit_that_the_open_jumps_over(shared: Shared, mode: Mode) -> None:
    """Bought at one, sold at the better opening price of four; both sides pay 10 and 1 %."""
    expected = shared.expected("btpy-spread-commission")["D"]
    bars = flat_bars([1, 1, 1, 2, 4, 1, 2], [1000] * 7, DAY)

    outcome = play(
        mode,
        bars,
        TakeProfit,
        free(5000),
        instruments=[CENT_SHARE],
        fees=partial(PerOrder, fixed=10, rate=0.01),
    )

    assert fill_prices(outcome, +1, 2, CENT_SHARE) == [1.0]
    assert fill_prices(outcome, -1, 2, CENT_SHARE) == [4.0]
    assert money(fees(outcome)) == expected["commission_total"]
    assert money(outcome.final_equity) == expected["equity_final"]


class ProtectedEntry(Strategy):
    """One share on a given day, at market or on a stop, with its exits beside it."""

    day: int = param(0, doc="Days since 1970")
    stop: float = param(0.0)
    stop_loss: float = param(0.0)
    take_profit: float = param(0.0)

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if bar.time // DAY - 1 == self.day:
            ctx.buy(1, stop=self.stop, stop_loss=self.stop_loss, take_profit=self.take_profit)


def days(date: str) -> int:
    return int(np.datetime64(date, "D").astype(np.int64))


def test_stop_loss_on_the_day_of_a_market_entry(shared: Shared, mode: Mode, google: Bars) -> None:
    """Bought at the next open; the same day falls through the stop loss."""
    expected = shared.expected("btpy-stop-paths")
    buy = partial(ProtectedEntry, day=days("2012-10-17"), stop_loss=720.0)

    outcome = play(mode, google, buy, free(10_000), instruments=[CENT_SHARE])

    assert outcome.fills["bar"].tolist() == [2058, 2058]
    assert fill_prices(outcome, -1, 2, CENT_SHARE) == [expected["a_exit_price"]]


def test_stop_loss_spared_on_the_day_of_a_stop_entry(
    shared: Shared, mode: Mode, google: Bars
) -> None:
    """A stop loss does not fill inside the bar of its stop entry, but at the next open."""
    expected = shared.expected("btpy-stop-paths")
    buy = partial(ProtectedEntry, day=days("2012-10-17"), stop=758.0, stop_loss=720.0)
    lenient = free(10_000, exits_in_entry_bar=False)

    outcome = play(mode, google, buy, lenient, instruments=[CENT_SHARE])

    assert fill_prices(outcome, +1, 2, CENT_SHARE) == [758.0]
    assert fill_prices(outcome, -1, 2, CENT_SHARE) == [expected["b_exit_price"]]


def test_stop_entry_with_both_exits(shared: Shared, mode: Mode, google: Bars) -> None:
    """The source states the entry; the bar also holds the stop loss, so the worst case exits."""
    expected = shared.expected("btpy-stop-paths")
    buy = partial(
        ProtectedEntry, day=days("2004-09-09"), stop=104.0, stop_loss=103.0, take_profit=110.0
    )

    outcome = play(mode, google, buy, free(10_000), instruments=[CENT_SHARE])

    assert fill_prices(outcome, +1, 2, CENT_SHARE) == [expected["c_entry_price"]]
    assert fill_prices(outcome, -1, 2, CENT_SHARE) == [103.0]


class TwoStopLimits(Strategy):
    """A stop-limit to buy above the market and one to sell below it, on the second bar."""

    def on_start(self, ctx: Any) -> None:
        self.bars = 0

    def on_bar(self, ctx: Any, bar: Any) -> None:
        self.bars += 1
        if self.bars == 2:
            ctx.buy(1, stop=112.0, limit=113.0)
            ctx.sell(1, stop=107.0, limit=105.0)


def test_stop_limits_fill_at_their_stops(shared: Shared, mode: Mode, google: Bars) -> None:
    expected = shared.expected("btpy-stop-paths")

    outcome = play(mode, google[:20], TwoStopLimits, free(10_000), instruments=[CENT_SHARE])

    assert outcome.fills["side"].tolist() == [1, -1]
    prices = fill_prices(outcome, +1, 2, CENT_SHARE) + fill_prices(outcome, -1, 2, CENT_SHARE)
    assert prices == expected["d_fill_prices_entry_exit"]
    assert outcome.orders["status"].tolist() == [OrderStatus.FILLED, OrderStatus.FILLED]
