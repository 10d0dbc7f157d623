"""QuantConnect Lean's regression algorithms: adjusted US prices, a brokerage's fee per share.

Of the statistics Lean prints, those are compared that an equity curve defines by itself; its
ratios rest on its own benchmark, interest rates and sampling, and its order hash on its records.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from golden_data import (
    MINUTE,
    SECOND,
    fill_forward,
    new_york,
    read_lean_daily,
    read_lean_intraday,
)
from golden_runs import asset, fees, fill_prices, free, money, play, printed
from tradectl_sdk.domain.money import MONEY_UNITS, from_money
from tradectl_sdk.domain.orders import OrderStatus, TimeInForce
from tradectl_sdk.engine import MarketFill
from tradectl_sdk.engine.costs import PerUnit
from tradectl_sdk.runs.metrics.drawdown import find_drawdowns
from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    import numpy as np
    from golden_data import Bars, Shared
    from numpy.typing import NDArray
    from tradectl_sdk.engine import Mode, Outcome

WEEK = ["2013-10-07", "2013-10-08", "2013-10-09", "2013-10-10", "2013-10-11"]
CASH = 100_000
HOUR = 60 * MINUTE
SHARE = asset(calendar="weekdays", session_close=20 * 60)  # 16:00 in New York that October
GTC, DAY, GTD = int(TimeInForce.GTC), int(TimeInForce.DAY), int(TimeInForce.GTD)


class AllIn(Strategy):
    """All but a quarter of a per cent of the equity, fee included, bought on the first bar."""

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if ctx.position == 0 and ctx.open_orders == 0:
            worth = 0.9975 * ctx.equity
            fee = max(1.0, 0.005 * int(worth / bar.close))
            ctx.buy(int((worth - fee) / bar.close))


class HourlyLimits(Strategy):
    """Ten shares at the last price at every full hour: bought at first, later sold short."""

    sell_from: int = param(0, doc="UTC nanoseconds")

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if bar.time % HOUR == 0:
            if bar.time < self.sell_from:
                ctx.buy(10, limit=bar.close)
            else:
                ctx.sell(10, limit=bar.close)


class SixLimits(Strategy):
    """One limit below the market and one above it for each time in force, on the first bar."""

    until: int = param(0, doc="UTC nanoseconds")

    def on_start(self, ctx: Any) -> None:
        self.placed = False

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if not self.placed:
            ctx.buy(10, limit=100.0, time_in_force=GTC)
            ctx.buy(10, limit=160.0, time_in_force=GTC)
            ctx.buy(10, limit=140.0, time_in_force=DAY)
            ctx.buy(10, limit=180.0, time_in_force=DAY)
            ctx.buy(10, limit=100.0, time_in_force=GTD, until=self.until)
            ctx.buy(10, limit=160.0, time_in_force=GTD, until=self.until)
            self.placed = True


def trade(mode: Mode, bars: Bars, make_strategy: Any, **assumptions: Any) -> Outcome:
    """Run on a margin account with a fee of half a cent per share, at least a dollar an order."""
    return play(
        mode,
        bars,
        make_strategy,
        free(CASH, margin=True, **assumptions),
        instruments=[SHARE],
        fees=partial(PerUnit, [SHARE], per_unit=0.005, minimum=1.0),
    )


def lean_statistics(
    outcome: Outcome, final: int, time: NDArray[np.int64], equity: NDArray[np.float64]
) -> dict[str, str]:
    """The statistics that follow from orders, fees and equity alone, as Lean prints them."""
    profit = from_money(final) / CASH - 1
    drawdown = find_drawdowns(time, equity, CASH).max_drawdown
    return {
        "Total Orders": str(outcome.orders.size),
        "Start Equity": str(CASH),
        "End Equity": f"{money(final):.2f}",
        "Net Profit": f"{printed(100 * profit, 3):.3f}%",
        "Drawdown": f"{printed(drawdown, 3):.3%}",  # to a tenth of a per cent, printed longer
        "Total Fees": f"${money(fees(outcome)):.2f}",
    }


def expect_statistics(outcome: Outcome, lean: dict[str, str]) -> None:
    found = lean_statistics(outcome, outcome.final_equity, outcome.times, outcome.equity)
    assert found == {name: lean[name] for name in found}


def test_all_in_on_daily_bars(shared: Shared, mode: Mode) -> None:
    """Decided at a close, bought at the next day's open."""
    expected = shared.expected("lean-basic-daily")
    bars = read_lean_daily(shared, "spy", "2013-10-08", "2013-10-17")

    outcome = trade(mode, bars, AllIn)

    assert outcome.positions == (expected["shares"],)
    assert fill_prices(outcome, +1, 5) == [expected["fill_price"]]
    assert money(fees(outcome)) == expected["fee"]
    assert money(outcome.final_equity) == expected["end_equity"]
    expect_statistics(outcome, expected["lean_statistics"])


def test_all_in_at_the_open_of_a_stock_that_split(shared: Shared, mode: Mode) -> None:
    """Adjusted for two later splits; the open lies above the cash, so it is bought on margin."""
    expected = shared.expected("lean-moo-aapl")
    bars = read_lean_daily(shared, "aapl", WEEK[0], WEEK[-1])

    outcome = trade(mode, bars, AllIn)

    assert outcome.positions == (expected["shares"],)
    assert money(fees(outcome)) == expected["fees"]
    assert money(outcome.final_equity) == expected["end_equity"]
    expect_statistics(outcome, expected["lean_statistics"])


def test_all_in_at_the_ask_of_the_first_minute(shared: Shared, mode: Mode) -> None:
    """Filled at the closing ask of the very minute; what is held is worth the last trade."""
    expected = shared.expected("lean-basic-minute")
    asks = read_lean_intraday(shared, "spy", WEEK, "ask", MINUTE)
    trades = read_lean_intraday(shared, "spy", WEEK, "trade", MINUTE)

    outcome = trade(mode, asks, AllIn, market_fill=MarketFill.THIS_CLOSE)

    (shares,) = outcome.positions
    last_trade = SHARE.ticks_to_price(SHARE.nearest_ticks(float(trades.prices[-1, 3])))
    final = outcome.cash + round(shares * last_trade * MONEY_UNITS)
    equity = float(from_money(outcome.cash)) + shares * trades.prices[:, 3]
    assert shares == expected["shares"]
    assert fill_prices(outcome, +1, 5) == [printed(Decimal("167.45") * Decimal("0.8646266"), 5)]
    assert money(fees(outcome)) == expected["fee"]
    assert money(final) == expected["end_equity"]
    found = lean_statistics(outcome, final, trades.time, equity)
    assert found == {name: expected["lean_statistics"][name] for name in found}


def test_hourly_limits_on_seconds(shared: Shared, mode: Mode) -> None:
    """Limits fill when the price goes through them, after the second they were placed in."""
    expected = shared.expected("lean-limit-fill-second")
    bars = fill_forward(read_lean_intraday(shared, "spy", WEEK, "trade", SECOND), WEEK)
    third_day = new_york(f"{WEEK[2]} 00:00")

    outcome = trade(mode, bars, partial(HourlyLimits, sell_from=third_day))

    first = [[new_york(when), shares, price] for when, shares, price in expected["first_fills"]]
    found = zip(
        outcome.fills["known"].tolist(),
        outcome.fills["quantity"].tolist(),
        fill_prices(outcome, +1, 4),
        strict=False,
    )
    assert [list(fill) for fill in found][: len(first)] == first
    assert outcome.orders.size == expected["orders"]
    assert outcome.fills.size == expected["fills"]
    assert money(fees(outcome)) == expected["fees"]
    assert money(outcome.final_equity) == expected["end_equity"]
    expect_statistics(outcome, expected["lean_statistics"])


def test_times_in_force(shared: Shared, mode: Mode) -> None:
    """What is marketable fills at the next open; the others end when their time is over."""
    expected = shared.expected("lean-time-in-force")
    bars = read_lean_intraday(shared, "spy", WEEK, "trade", MINUTE)
    until = new_york("2013-10-10 16:00")

    outcome = trade(mode, bars, partial(SixLimits, until=until))

    ends = dict(zip(expected["status"], outcome.orders[["status", "closed"]].tolist(), strict=True))
    opened = new_york("2013-10-07 09:31")
    words = {
        "open": (OrderStatus.ACCEPTED, 0),
        "filled": (OrderStatus.FILLED, opened),
        "cancelled at close": (OrderStatus.EXPIRED, new_york("2013-10-07 16:00")),
        "cancelled after 10-10 close": (OrderStatus.EXPIRED, until),
    }
    assert ends == {name: words[word] for name, word in expected["status"].items()}
    assert fill_prices(outcome, +1, 6) == [144.799017] * 3
    assert money(fees(outcome)) == expected["fees"]
    assert money(outcome.final_equity) == expected["end_equity"]
    expect_statistics(outcome, expected["lean_statistics"])
