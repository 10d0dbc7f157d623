"""What the simpler reference strategies do, and that all of them are offered."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest
from handmade import DAY, MONDAY, closes, decisions, make_bars, play, row
from reference_runs import STRATEGIES, market
from tradectl_sdk import check_strategy
from tradectl_sdk.plugins import Plugins
from tradectl_strategies import sma_cross
from tradectl_strategies.buy_and_hold import BuyAndHold
from tradectl_strategies.donchian_breakout import DonchianBreakout
from tradectl_strategies.multi_timeframe_trend import MultiTimeframeTrend
from tradectl_strategies.sma_cross import SmaCross
from tradectl_strategies.support_resistance import SupportResistance

if TYPE_CHECKING:
    from tradectl_sdk.strategy import Strategy

# Channels of few bars, and orders as soon as they are there.
SHORT: dict[str, int] = {"entry": 3, "exit": 2, "atr_bars": 2, "warmup": 3}


def test_every_strategy_is_offered_by_name() -> None:
    offered = Plugins.discover().load().strategies()
    own = {name: one for name, one in offered.items() if one.plugin.name == "strategies"}
    assert {one.load() for one in own.values()} == set(STRATEGIES)
    assert sorted(own) == [
        "buy-and-hold",
        "donchian-breakout",
        "multi-timeframe-trend",
        "sma-cross",
        "support-resistance",
    ]


def test_the_showcase_is_at_most_25_lines() -> None:
    lines = [line for line in inspect.getsource(sma_cross).splitlines() if line.strip()]
    assert len(lines) <= 25


def test_buy_and_hold_buys_once_with_its_share_of_the_equity() -> None:
    outcome = play(BuyAndHold, closes(*[100.0] * 5), share=0.5)
    assert decisions(outcome) == [(0, 1)]
    assert outcome.positions == (500,)


def test_sma_cross_is_long_while_the_fast_average_is_above_the_slow_one() -> None:
    outcome = play(SmaCross, closes(10, 10, 10, 13, 16, 13, 10, 7, 7, 7), fast=2, slow=3)
    assert decisions(outcome) == [(3, 1), (6, -1)]
    assert outcome.positions == (0,)


def test_donchian_buys_a_new_high_and_sells_a_new_low() -> None:
    prices = [10, 10, 10, 10, 12, 13, 12.5, 12, 10, 10]
    outcome = play(DonchianBreakout, closes(*prices), **SHORT)
    assert decisions(outcome) == [(4, 1), (8, -1)]


def test_donchian_compares_with_the_bars_before_only() -> None:
    """The present bar's own high is never in the way of its close."""
    rows = [*closes(10, 10, 10, 10), row(9.0, 20.0, 11.5)]
    outcome = play(DonchianBreakout, rows, **SHORT)
    assert decisions(outcome) == [(4, 1)]


def test_donchian_risks_the_same_whatever_the_volatility() -> None:
    quiet = play(DonchianBreakout, closes(*[100.0] * 8, 102), **SHORT)
    wild = [row(90.0, 110.0, 100.0)] * 8 + [row(100.0, 112.0, 111.0)]
    loud = play(DonchianBreakout, wild, **SHORT)
    # ATR of 2.5 and 16: 2 % of 100,000 over two of them.
    assert quiet.orders["quantity"].tolist() == [400]
    assert loud.orders["quantity"].tolist() == [62]


def test_donchian_never_invests_more_than_its_share() -> None:
    outcome = play(DonchianBreakout, closes(*[100.0] * 8, 102), **SHORT, share=0.1)
    assert outcome.orders["quantity"].tolist() == [98]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_asks_for_the_warm_up_it_needs(strategy: type[Strategy]) -> None:
    smaller: dict[type[Strategy], dict[str, object]] = {
        SupportResistance: {
            "pivot_days": 1,
            "profile_bars": 30,
            "swing_lifetime": 60,
            "swing_bars": 2,
            "atr_bars": 5,
            "patience": 5,
        }
    }
    bars = market("synthetic").rows(0, 800)
    parameters = {MultiTimeframeTrend: {"trend_days": 1, "trend_bars": 5}} | smaller
    check = check_strategy(
        strategy, bars, parameters=parameters.get(strategy), mode="interpreted", only=["warm-up"]
    ).checks[0]
    assert check.status == "ok", check.text


def weeks(*levels: float) -> list[float]:
    return [level for level in levels for _ in range(7)]


def test_the_trend_is_that_of_completed_weeks() -> None:
    # The fourth week is up, known with its last bar; the sixth is down, known with its last bar.
    prices = weeks(100, 100, 100, 110, 120, 90, 90)
    outcome = play(MultiTimeframeTrend, closes(*prices), trend_bars=2, entry_bars=2)
    assert decisions(outcome) == [(27, 1), (41, -1)]


def test_a_week_is_not_known_before_it_is_over() -> None:
    prices = [*weeks(100, 100, 100, 110), 120, 130, 140, 90, 80, 70, 60]
    outcome = play(MultiTimeframeTrend, closes(*prices), trend_bars=2, entry_bars=2)
    assert decisions(outcome) == [(27, 1), (34, -1)]


@pytest.mark.parametrize(("days", "bars", "warmup"), [(7, 20, 147), (1, 20, 21), (28, 2, 84)])
def test_the_warm_up_counts_the_runs_own_bars(days: int, bars: int, warmup: int) -> None:
    outcome = play(
        MultiTimeframeTrend, closes(*[100.0] * 3), trend_days=days, trend_bars=bars, entry_bars=2
    )
    assert outcome.strategies[0].warmup == warmup


def test_hand_made_bars_begin_on_a_monday() -> None:
    assert make_bars(closes(1.5)).time[0] == MONDAY
    assert (MONDAY // DAY + 3) % 7 == 0  # 1970-01-01 was a Thursday
