"""Entries beside random ones."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tradectl_sdk import Bars, Instrument, Strategy, backtest, param, significance
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import UsageError

DAY = 86_400 * 10**9


class Following(Strategy):
    """Long after a bar that rose, flat after one that fell."""

    sign: int = param(1, ge=-1, le=1)
    wait: int = param(0, ge=0, le=500)

    def on_start(self, ctx):
        self.last = 0.0
        self.warmup = self.wait

    def on_bar(self, ctx, bar):
        rose = self.sign * (bar.close - self.last) > 0
        self.last = bar.close
        if rose and ctx.position == 0:
            ctx.buy(1)
        elif not rose and ctx.position > 0:
            ctx.close()


def series(memory: float, n: int = 600, seed: int = 5, symbol: str = "SYN", lags: int = 2) -> Bars:
    """Bars whose returns remember the last two, or one, or forget everything."""
    shocks = np.random.default_rng(seed).normal(0, 0.01, n)
    for at in range(2, n):
        shocks[at] += memory * shocks[at - lags : at].sum()
    close = np.rint(10_000 * np.exp(np.cumsum(shocks))).astype(np.int64)
    opened = np.concatenate(([10_000], close[:-1]))
    one = Instrument(symbol=symbol, venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal(1))
    return Bars(
        instrument=one,
        timeframe=Timeframe.parse("1d"),
        time=np.arange(n, dtype=np.int64) * DAY,
        open=opened,
        high=np.maximum(opened, close) + 5,
        low=np.minimum(opened, close) - 5,
        close=close,
        volume=np.full(n, 10**6),
    )


def compare(bars: Bars, **options):
    return significance(Following, bars, mode="interpreted", draws=300, **options)


def test_a_rule_that_knows_something_is_told_from_one_that_does_not():
    knows = compare(series(0.45))
    assert knows.evidence.p_value < 0.01
    assert knows.verdict == "better"
    assert "better than random before costs" in knows.words
    blind = compare(series(0.0))
    assert blind.evidence.p_value > 0.05
    assert blind.verdict == "random"
    assert "tuning would fit noise" in repr(blind)
    wrong = compare(series(0.45), parameters={"sign": -1})
    assert wrong.evidence.p_value > 0.95


def test_no_screen_says_that_chance_never_does_as_well():
    found = compare(series(0.45))
    none = replace(found, evidence=replace(found.evidence, p_value=1 / 2001))
    assert "random entries earn as much in under 0.1 % of the cases" in none.words
    some = replace(found, evidence=replace(found.evidence, p_value=1 / 1001))
    assert "in 0.1 % of the cases" in some.words


def test_what_is_tested_are_the_positions_of_the_backtest():
    bars = series(0.2)
    found = compare(bars)
    record = backtest(Following, bars, mode="interpreted").record
    assert found.evidence.entries == len(record.trades)
    # From the open a trade was filled at to the one it was closed at, or to the last close.
    price = np.append(bars.floats("open")[1:], bars.floats("close")[-1])
    market, total = price[1:] / price[:-1] - 1, 0.0
    changed = [int(np.searchsorted(bars.time, fill["time"])) - 1 for fill in record.fills]
    changed += [len(market)] * (len(changed) % 2)
    for first, last in zip(changed[::2], changed[1::2], strict=True):
        total += (market[first:last] - market.mean()).sum()
    assert found.evidence.mean == pytest.approx(total / len(market))


def test_a_rule_that_knows_the_next_bar_alone_is_seen():
    bars = series(-0.4, lags=1)  # after a fall it rises, and falls again
    found = compare(bars, parameters={"sign": -1})
    assert found.evidence.p_value < 0.01
    assert found.verdict == "better"


def test_few_entries_are_not_enough_to_tell():
    good = compare(series(0.45, n=90, seed=3))
    assert good.evidence.entries < 30
    assert good.verdict == "few"
    assert "too few to rely on" in good.words


def test_the_warm_up_is_not_looked_at():
    assert compare(series(0.2), parameters={"wait": 100}).bars == 499
    assert compare(series(0.2), warmup=200).bars == 399
    with pytest.raises(UsageError, match="left after the warm-up"):
        compare(series(0.2), warmup=597)


def test_a_seed_gives_the_same_numbers_again():
    first, again, other = (compare(series(0.1), seed=seed).to_json() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_strategy_that_never_trades_has_no_decision_to_test():
    with pytest.raises(UsageError, match="never changed"):
        compare(series(0.0), parameters={"sign": 0})


def test_several_series_are_compared_each_and_all_together():
    apart = [series(0.3, seed=seed, symbol=f"S{seed}") for seed in (1, 2, 3)]
    found = compare(apart, each=True)
    assert [one.instrument for one in found.each] == ["S1.TEST", "S2.TEST", "S3.TEST"]
    assert [one.to_json() for one in found.each] == [compare(one).to_json() for one in apart]
    assert found.evidence.mean == pytest.approx(np.mean([one.evidence.mean for one in found.each]))
    assert found.evidence.entries == sum(one.evidence.entries for one in found.each)
    assert found.evidence.independent > 2.5
    assert found.evidence.p_value < 0.02
    assert "3 series that count as" in found.words
    assert len(found.to_json()["series"]) == 3


def test_the_same_market_under_many_names_is_no_more_evidence_than_once():
    same = [series(0.05, symbol=f"S{number}") for number in range(4)]
    once, many = compare(same[0]), compare(same, each=True)
    assert many.evidence.p_value == pytest.approx(once.evidence.rotation, abs=0.002)
    assert many.evidence.bootstrap == pytest.approx(once.evidence.bootstrap)
    assert many.evidence.independent == pytest.approx(1.0)


def test_series_of_one_account_are_told_apart():
    two = [series(0.3, seed=seed, symbol=f"S{seed}") for seed in (1, 2)]
    together, alone = compare(two), compare(two, each=True)
    assert [one.to_json() for one in together.each] == [one.to_json() for one in alone.each]


COLUMNS = ("time", "open", "high", "low", "close", "volume")


def test_series_meet_in_the_time_they_share_and_a_closed_market_does_nothing():
    whole, part = series(0.3, seed=1, symbol="A"), series(0.3, seed=2, symbol="B")
    keep = np.setdiff1d(np.arange(100, 500), [200, 201])
    holed = replace(part, **{name: getattr(part, name)[keep] for name in COLUMNS})
    found = compare([whole, holed], each=True)
    assert found.bars == 399
    assert [one.bars for one in found.each] == [599, 397]
    with pytest.raises(UsageError, match="times in common"):
        compare([whole.rows(0, 100), part.rows(95, 300)], each=True)


def test_a_series_without_a_decision_is_named():
    with pytest.raises(UsageError, match=r"^SYN.TEST: the position never changed"):
        compare([series(0.3), series(0.3, symbol="B")], each=True, parameters={"sign": 0})
