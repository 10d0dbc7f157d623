"""PyAlgoTrade's samples: moving averages on adjusted daily prices, filled at the next open."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import numpy as np
import pytest
from golden_data import Shared, joined, read_daily
from golden_rules import Crossing
from golden_runs import asset, free, money, play, printed
from tradectl_sdk.engine import MarketFill, Mode, Outcome
from tradectl_sdk.engine.costs import PerOrder
from tradectl_sdk.indicators import SMA
from tradectl_sdk.runs import closed_trades, extract_trades
from tradectl_sdk.runs.metrics import Sample, compute_metrics
from tradectl_sdk.strategy import Strategy, param

FOLDER = "data/golden/backtests/pyalgotrade"


class AboveAverage(Strategy):
    """Ten shares while the close is above its average."""

    window: int = param(15)

    def on_start(self, ctx: Any) -> None:
        self.average = SMA(self.window)

    def on_bar(self, ctx: Any, bar: Any) -> None:
        average = self.average.update(bar.close)
        if ctx.position == 0 and bar.close > average:
            ctx.buy(10)
        elif ctx.position > 0 and bar.close < average:
            ctx.close()


class CrossOver(Strategy):
    """Nine tenths of the cash from a cross above the average to a cross below it."""

    window: int = param(20)

    def on_start(self, ctx: Any) -> None:
        self.crossing = Crossing(self.window)

    def on_bar(self, ctx: Any, bar: Any) -> None:
        crossed = self.crossing.update(bar.close)
        if crossed > 0 and ctx.position == 0:
            ctx.buy(int(0.9 * ctx.cash / bar.close))
        elif crossed < 0:
            ctx.close()


class OneShareUntil(Strategy):
    """One share from the first bar until a given day."""

    until: int = param(0, doc="Close of the bar on which it is sold, UTC nanoseconds")

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if bar.time == self.until:
            ctx.close()
        elif ctx.position == 0 and bar.time < self.until:
            ctx.buy(1)


def sample_of(outcome: Outcome, cash: float, risk_free: float) -> Sample:
    return Sample(
        time=outcome.times,
        equity=outcome.equity,
        initial_equity=cash,
        trades=closed_trades(extract_trades(outcome.fills, [asset()])),
        risk_free=risk_free,
        periods_per_year=252,
    )


def test_tutorial_4(shared: Shared, mode: Mode) -> None:
    """Every fill of the tutorial's log, in order, and its final value."""
    expected = shared.expected("pya-tutorial4-orcl-sma15")
    log = shared.file(f"{FOLDER}/tutorial-4.output").read_text(encoding="utf-8")
    bars = read_daily(shared.file(f"{FOLDER}/WIKI-ORCL-2000-quandl.csv"), adjusted="Adj. Close")

    outcome = play(mode, bars, AboveAverage, free(1000))

    found = [
        (str(np.datetime64(int(fill["time"]), "ns"))[:10], side, f"{price:.2f}")
        for fill in outcome.fills
        for side in ["BUY" if fill["side"] > 0 else "SELL"]
        for price in [printed(asset().ticks_to_price(fill["price"]), 2)]
    ]
    assert found == re.findall(r"^(\S+) .* (BUY|SELL) at \$(\S+)$", log, re.MULTILINE)
    assert len(found) == expected["fills"]
    assert money(outcome.final_equity) == expected["final_equity"]


def test_analyzer_sample(shared: Shared, mode: Mode) -> None:
    """All statistics of the sample, trades and drawdown included."""
    expected = shared.expected("pya-analyzer-orcl-sma20")
    bars = read_daily(shared.file(f"{FOLDER}/orcl-2000-yahoofinance.csv"), adjusted="Adj Close")

    outcome = play(mode, bars, CrossOver, free(1_000_000))

    sample = sample_of(outcome, 1_000_000, 0.05)
    metrics = {name: value or 0.0 for name, value in compute_metrics(sample).values.items()}
    profits = sample.profits
    assert expected == {
        "final_equity": money(outcome.final_equity),
        "cumulative_return_pct": printed(100 * metrics["total_return"], 2),
        "sharpe_rf5pct": printed(metrics["sharpe_ratio"], 2),
        "max_drawdown_pct": printed(100 * metrics["max_drawdown"], 2),
        "longest_drawdown_days": metrics["longest_drawdown"],
        "closed_trades": metrics["trades"],
        "avg_profit": printed(metrics["expectancy"], 0),
        "stdev_profit": printed(float(profits.std()), 0),  # of the population, as the source has it
        "max_profit": printed(metrics["largest_win"], 0),
        "min_profit": printed(metrics["largest_loss"], 0),
        "winners": np.count_nonzero(profits > 0),
        "losers": np.count_nonzero(profits < 0),
        "winners_avg": printed(metrics["average_win"], 0),
        "losers_avg": printed(metrics["average_loss"], 0),
    }


def test_aapl_cross_over(shared: Shared, mode: Mode) -> None:
    expected = shared.expected("pya-aapl-sma163")
    years = [
        read_daily(shared.file(f"{FOLDER}/WIKI-AAPL-{year}-quandl.csv"), adjusted="Adj. Close")
        for year in (2011, 2012)
    ]

    outcome = play(mode, joined(years), partial(CrossOver, window=163), free(1_000_000))

    metrics = compute_metrics(sample_of(outcome, 1_000_000, 0.05)).values
    assert printed(metrics["sharpe_ratio"] or 0, 2) == expected["sharpe_rf5pct"]
    assert (metrics["trades"], money(outcome.final_equity)) == (1, 1_565_167.20)


@pytest.mark.parametrize("commission", [0.0, 0.5])
def test_ige_bought_and_held(shared: Shared, mode: Mode, commission: float) -> None:
    """One share at the close after the signal, sold at the last close, rate of return 4 %."""
    expected = shared.expected("pya-ige-sharpe")
    with_commission = expected["with_0.5_fixed_commission_per_trade_start_cash_42.59"]
    bars = read_daily(shared.file(f"{FOLDER}/sharpe-ratio-test-ige.csv"), adjusted="Adj Close")
    cash = 42.09 + commission
    signal = int(np.datetime64("2007-11-14", "ns").astype(np.int64))  # when the 13th closes

    outcome = play(
        mode,
        bars,
        partial(OneShareUntil, until=signal),
        free(cash, market_fill=MarketFill.NEXT_CLOSE),
        fees=partial(PerOrder, fixed=commission),
    )

    sample = sample_of(outcome, cash, 0.04)
    sharpe = (compute_metrics(sample).values["sharpe_ratio"] or 0.0, sample.period_sharpe)
    assert outcome.positions == (0,)
    if commission:
        assert money(outcome.cash) == with_commission["final_cash"]
        assert printed(sharpe[0], 6) == with_commission["sharpe_annual"]
    else:
        assert money(outcome.cash) == expected["final_cash"]
        assert printed(sharpe[0], 4) == expected["sharpe_annual"]
        assert printed(sharpe[1], 4) == expected["sharpe_daily"]
