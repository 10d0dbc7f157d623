"""What a finished run says about itself in plain words."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tradectl_sdk.config import BacktestSection, RiskSection, Settings
from tradectl_sdk.data import Bars
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.evidence.sharpe import SHARPE_CONVENTION
from tradectl_sdk.pipelines.backtest import backtest
from tradectl_sdk.pipelines.words import assumptions_in_words, remarks
from tradectl_sdk.strategy import Strategy

if TYPE_CHECKING:
    from tradectl_sdk.runs import RunRecord


class Holds(Strategy):
    """Buys once."""

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if ctx.position == 0 and ctx.open_orders == 0:
            ctx.buy(10)


class Idles(Strategy):
    """Does nothing."""


def run(strategy: type[Strategy] = Holds, **settings: Any) -> RunRecord:
    prices = 10_000 + 10 * np.arange(60, dtype=np.int64)
    bars = Bars(
        instrument=Instrument(
            symbol="ABC", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal(1)
        ),
        timeframe=Timeframe.parse("1d"),
        time=np.arange(60, dtype=np.int64) * 86_400_000_000_000,
        open=prices,
        high=prices + 5,
        low=prices - 5,
        close=prices,
        volume=np.full(60, 1000, np.int64),
    )
    return backtest(strategy, bars, settings=Settings(**settings), mode="interpreted").record


def with_metrics(record: RunRecord, **values: float) -> RunRecord:
    metrics = dataclasses.replace(record.metrics, values=dict(record.metrics.values) | values)
    return dataclasses.replace(record, metrics=metrics)


def test_the_defaults_are_all_said() -> None:
    assert dict(assumptions_in_words(run())) == {
        "account": "100,000 USD, cash account",
        "fills": "market orders at the next open, limits only when traded through",
        "inside a bar": "stop before target",
        "liquidity": "at most 10 % of a bar's volume",
        "fees": "0.1 % of the value",
        "slippage": "2 basis points on taking fills",
        "risk": "cash for what is bought, holdings for what is sold; at most 1,000 orders in "
        "60 s; prices within 50 % of the last",
        "statistics": f"daily returns, 365 a year; errors of Sharpe: {SHARPE_CONVENTION}",
    }


@pytest.mark.parametrize(
    ("settings", "what", "how"),
    [
        ({"margin": True}, "account", "100,000 USD, margin account"),
        ({"volume_share": Decimal(0)}, "liquidity", "no volume limit"),
        ({"default_fee": Decimal(0)}, "fees", "none"),
        (
            {"maker_fee": Decimal("-0.0001"), "taker_fee": Decimal("0.0005")},
            "fees",
            "maker -0.01 %, taker 0.05 % of the value",
        ),
        ({"slippage_bps": Decimal(0)}, "slippage", "none"),
        (
            {"fees": {"model": "per-order", "fixed": Decimal("1.5")}},
            "fees",
            "per-order (fixed 1.5)",
        ),
    ],
)
def test_what_was_changed_is_said(settings: dict[str, Any], what: str, how: str) -> None:
    said = dict(assumptions_in_words(run(backtest=BacktestSection(**settings))))
    assert said[what] == how


def test_limits_that_are_set_are_said() -> None:
    limits = RiskSection(max_order_quantity=Decimal(50), max_daily_loss=Decimal(1000), resize=True)
    said = dict(assumptions_in_words(run(risk=limits)))["risk"]
    assert "orders up to 50 units" in said
    assert "no new risk after a daily loss of 1,000" in said
    assert said.endswith("orders are cut down to the limits")


def test_a_run_without_a_fill_says_nothing_else() -> None:
    assert remarks(run(Idles)) == (
        "nothing was traded, so the numbers say nothing about the strategy",
    )


def test_a_position_that_was_never_closed_is_said() -> None:
    assert any(text.startswith("no trade was closed") for text in remarks(run()))


def test_less_than_buy_and_hold_few_trades_and_chance_are_said() -> None:
    record = with_metrics(
        run(),
        total_return=0.1,
        benchmark_return=0.5,
        trades=1.0,
        sharpe_low=-0.5,
        sharpe_high=1.5,
    )
    assert remarks(record)[:3] == (
        "it returned less than buying and holding, 50.00 %",
        "only 1 trade was closed, too few to tell skill from luck",
        "the Sharpe ratio is not significant: its 95 % interval, -0.50 to 1.50, holds zero",
    )


def test_costs_that_eat_the_profit_are_said() -> None:
    good = {"total_return": 0.9, "trades": 100.0, "sharpe_low": 0.5, "sharpe_high": 1.5}
    dear = with_metrics(run(), **good, net_profit=40.0, fees=50.0, slippage=10.0)
    assert remarks(dear) == ("costs took 60 % of the profit before costs",)
    cheap = with_metrics(run(), **good, net_profit=90.0, fees=5.0, slippage=5.0)
    assert remarks(cheap) == ()


def test_exits_kept_out_of_the_bar_of_the_entry_are_mentioned() -> None:
    assert dict(assumptions_in_words(run()))["inside a bar"] == "stop before target"
    later = run(backtest=BacktestSection(exits_in_entry_bar=False))
    words = dict(assumptions_in_words(later))["inside a bar"]
    assert words == "stop before target, no exit in the bar of the entry"
