"""Who looks ahead is found, by name, bar and value; who does not is left in peace."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from tradectl_sdk import Bars, Instrument, Strategy, backtest, check_strategy
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.errors import StrategyError

sys.path.insert(0, str(Path(__file__).parent))

import honest
import planted

BOTH = ("look-ahead", "prepared columns")


@pytest.fixture(scope="module")
def bars() -> Bars:
    one = Instrument(symbol="SYN", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal(1))
    (series,) = synthetic_market([one], bars=400, timeframe="1h", seed=3)
    return series.bars


def checked(strategy, bars, **more):
    result = check_strategy(strategy, bars, only=BOTH, mode="interpreted", **more)
    return dict(zip(BOTH, result.checks, strict=True))


@pytest.mark.parametrize("strategy", planted.STRATEGIES)
def test_a_strategy_that_reads_ahead_is_found(bars, strategy):
    assert checked(strategy, bars)["look-ahead"].status == "fail"


@pytest.mark.parametrize("column", planted.COLUMNS)
def test_a_column_made_of_the_future_is_found(bars, column):
    found = checked(planted.Reader, bars, signals={"column": column})
    assert found["prepared columns"].status == "fail"
    assert found["prepared columns"].facts["name"] in {"column", "the length of column"}
    assert found["look-ahead"].status == "ok"  # what it reads is to blame, not it


def test_a_peek_past_the_run_is_found(bars, monkeypatch):
    closes = bars.floats("close").copy()
    monkeypatch.setattr(planted, "ROWS", closes.tolist())
    for strategy in (planted.over_closure(closes), planted.over_dictionary(bars), planted.Module):
        assert checked(strategy, bars)["look-ahead"].status == "fail", strategy
    assert closes.tolist() == bars.floats("close").tolist()  # given back as it was
    assert closes.tolist() == planted.ROWS


def test_an_array_read_from_a_file_is_cut_along(bars, tmp_path):
    np.save(tmp_path / "closes.npy", bars.floats("close"))

    class FromFile(Strategy):
        def on_start(self, ctx):
            self.closes, self.seen = np.load(tmp_path / "closes.npy"), 0
            self.next = 0.0

        def on_bar(self, ctx, bar):
            self.seen += 1
            self.next = self.closes[min(self.seen, len(self.closes) - 1)]

    found = checked(FromFile, bars)["look-ahead"]
    assert (found.status, found.facts["name"]) == ("fail", "next")


def test_the_finding_says_what_where_and_the_value_now_and_later(bars):
    found = checked(planted.FutureBar, bars)["look-ahead"]
    facts = found.facts
    assert facts["name"] == "expected"
    at = bars.close_time.tolist().index(np.datetime64(facts["time"][:-1], "ns").astype(np.int64))
    assert facts["later"] == bars.floats("close")[at + 1]
    assert (facts["now"], facts["cut"]) == (0.0, facts["time"])
    assert facts["time"] in found.text
    column = checked(planted.Reader, bars, signals={"column": planted.centred_mean})
    facts = column["prepared columns"].facts
    at = bars.close_time.tolist().index(np.datetime64(facts["time"][:-1], "ns").astype(np.int64))
    assert facts["later"] == pytest.approx(planted.centred_mean(bars)[at])
    assert facts["now"] != facts["later"]


@pytest.mark.parametrize("strategy", honest.STRATEGIES)
def test_honest_strategies_pass(bars, strategy):
    found = checked(strategy, bars)["look-ahead"]
    assert found.status == "ok", found.text


@pytest.mark.parametrize(
    "strategy",
    [
        "buy-and-hold",
        "donchian-breakout",
        "multi-timeframe-trend",
        "sma-cross",
        "support-resistance",
    ],
)
def test_the_reference_strategies_pass(bars, strategy):
    shorter = {"trend_days": 1, "trend_bars": 3} if strategy.startswith("multi") else {}
    found = checked(strategy, bars.rows(0, 250), parameters=shorter)
    assert found["look-ahead"].status == "ok", found["look-ahead"].text


@pytest.mark.parametrize("column", honest.COLUMNS)
def test_honest_columns_pass(bars, column):
    found = checked(planted.Reader, bars, signals={"column": column})
    assert found["prepared columns"].status == "ok", found["prepared columns"].text


def test_reading_an_outer_array_up_to_the_present_is_honest(bars):
    found = checked(honest.over_past(bars.floats("close")), bars)["look-ahead"]
    assert found.status == "ok", found.text
    assert found.facts["outside"] == ["closes"]


def test_columns_given_as_values_cannot_be_made_again(bars):
    found = checked(planted.Reader, bars, signals={"column": bars.floats("close")})
    assert found["prepared columns"].status == "warn"
    assert "column" in found["prepared columns"].text


def test_a_strategy_that_does_not_repeat_itself_is_no_finding_of_look_ahead(bars):
    starts = [0]

    class Restless(Strategy):
        def on_start(self, ctx):
            starts[0] += 1
            self.number = starts[0]

        def on_bar(self, ctx, bar):
            pass

    assert checked(Restless, bars)["look-ahead"].status == "skip"


def test_several_series_are_cut_at_the_same_moment(bars):
    from dataclasses import replace

    other = replace(bars.rows(30, 380), instrument=replace(bars.instrument, symbol="OTHER"))
    assert checked(honest.Long, [bars, other])["look-ahead"].status == "ok"
    assert checked(planted.WholeRange, [bars, other])["look-ahead"].status == "fail"
    found = checked(planted.Reader, [bars, other], signals={"column": planted.shifted})
    assert found["prepared columns"].status == "fail"


def test_too_few_bars_are_said_to_be(bars):
    assert checked(honest.Python, bars.rows(0, 30))["look-ahead"].status == "skip"


def test_every_backtest_makes_columns_again_that_it_can(bars):
    def names(signals):
        result = backtest(planted.Reader, bars, signals=signals, mode="interpreted")
        return {check.name: check.status for check in result.checks}

    assert names({"column": planted.centred_mean})["prepared columns"] == "fail"
    assert names({"column": honest.expanding})["prepared columns"] == "ok"
    assert "prepared columns" not in names({"column": honest.expanding(bars)})


def test_a_column_that_wants_more_rows_is_made_where_there_are_enough(bars):
    def wants(rows):
        def column(some):
            if len(some) < rows:
                raise ValueError(f"wants {rows} rows")
            return some.floats("close")

        return {"column": column}

    found = checked(planted.Reader, bars, signals=wants(200))["prepared columns"]
    assert (found.status, found.facts["made"] < 32) == ("ok", True)
    found = checked(planted.Reader, bars, signals=wants(len(bars)))["prepared columns"]
    assert (found.status, "wants 400 rows" in found.text) == ("warn", True)
    with pytest.raises(StrategyError, match="column could not be made of 400 bars"):
        checked(planted.Reader, bars, signals=wants(1000))
