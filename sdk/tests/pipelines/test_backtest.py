"""The backtest as one call."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from tradectl_sdk import Bars, Instrument, RunStore, Settings, Strategy, Timeframe, backtest, param
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.errors import (
    DataError,
    DataMissingError,
    NotFoundError,
    StrategyError,
    UsageError,
)
from tradectl_sdk.indicators import SMA
from tradectl_sdk.runs import backtest_to_json


class Cross(Strategy):
    """Long while the fast average is above the slow one."""

    fast: int = param(5, ge=2, le=50)
    slow: int = param(20, ge=3, le=200)

    def on_start(self, ctx):
        self.fast_average, self.slow_average = SMA(self.fast), SMA(self.slow)
        self.warmup = self.slow - 1

    def on_bar(self, ctx, bar):
        fast, slow = self.fast_average.update(bar.close), self.slow_average.update(bar.close)
        if fast > slow and ctx.position == 0:
            ctx.buy(10)
        elif fast < slow and ctx.position > 0:
            ctx.close()


class Peek(Strategy):
    """Looks at tomorrow through the back door."""

    def on_start(self, ctx):
        self.feed = ctx._market._feed

    def on_bar(self, ctx, bar):
        row = self.feed.next[0]
        if row < self.feed.end[0] and self.feed.close[row] > bar.close and ctx.position == 0:
            ctx.buy(10)
        elif row < self.feed.end[0] and self.feed.close[row] < bar.close:
            ctx.close()


@pytest.fixture(scope="module")
def bars() -> Bars:
    one = Instrument(
        symbol="SYN",
        venue="TEST",
        tick_size=Decimal("0.01"),
        lot_size=Decimal(1),
        taker_fee=Decimal("0.001"),
        maker_fee=Decimal("0.001"),
    )
    (series,) = synthetic_market([one], bars=600, timeframe="1d", seed=11)
    return series.bars


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADECTL_CACHE_DIR", str(tmp_path / "cache"))


def test_a_strategy_class_and_bars_are_enough(bars):
    result = backtest(Cross, bars, parameters={"fast": 10})
    record = result.record
    assert record.identity["parameters"] == {"fast": 10, "slow": 20}
    assert len(record.fills) > 4
    assert record.engine["mode"] == "compiled"
    assert result.bars == len(bars) == len(record.equity)
    assert record.metrics.values["total_return"] == pytest.approx(
        record.final_equity / record.initial_equity - 1
    )


def test_the_same_inputs_are_answered_from_the_store(bars, tmp_path):
    store = RunStore(tmp_path / "runs")
    first = backtest(Cross, bars, store=store)
    again = backtest(Cross, bars, store=store)
    assert not first.stored
    assert again.stored
    assert again.record.run_id == first.record.run_id
    assert again.record.fills.tobytes() == first.record.fills.tobytes()


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": {"fast": 6}},
        {"warmup": 30},
        {"settings": Settings.model_validate({"backtest": {"slippage_bps": Decimal(3)}})},
        {"trials": 5},
    ],
)
def test_any_change_is_another_run(bars, change):
    assert backtest(Cross, bars).record.run_id != backtest(Cross, bars, **change).record.run_id


def test_other_data_are_another_run(bars):
    shorter = bars.rows(0, len(bars) - 1)
    assert backtest(Cross, bars).record.run_id != backtest(Cross, shorter).record.run_id


def test_interpreted_and_compiled_are_one_result(bars):
    one = backtest(Cross, bars, mode="compiled").record
    other = backtest(Cross, bars, mode="interpreted").record
    assert one.order_list_hash == other.order_list_hash
    assert one.equity.tobytes() == other.equity.tobytes()


def test_looking_ahead_is_found(bars):
    checks = {check.name: check for check in backtest(Peek, bars).checks}
    assert checks["look-ahead"].status == "fail"
    honest = {check.name: check for check in backtest(Cross, bars).checks}
    assert honest["look-ahead"].status == "ok"


def test_a_strategy_that_raises_leaves_no_run(bars, tmp_path):
    class Broken(Cross):
        def on_bar(self, ctx, bar):
            if bar.close > 0 and ctx.time > bars.close_time[99]:
                raise ValueError("no more")

    store = RunStore(tmp_path / "runs")
    with pytest.raises(StrategyError, match="no more at bar 101"):
        backtest(Broken, bars, store=store)
    assert store.list() == []


def test_data_without_volume_do_not_limit_fills_and_say_so(bars):
    silent = replace(bars, volume=np.zeros(len(bars), np.int64))
    result = backtest(Cross, silent)
    assert len(result.record.fills)
    assert {check.name: check.status for check in result.checks}["volume"] == "warn"
    assert ("liquidity", "no volume limit") in result.assumptions


def test_an_instrument_without_fees_gets_the_default_ones(bars):
    free = replace(
        bars, instrument=replace(bars.instrument, maker_fee=Decimal(0), taker_fee=Decimal(0))
    )
    paid = backtest(Cross, free).record
    assert paid.fills["fee"].min() > 0
    none = Settings.model_validate({"backtest": {"taker_fee": Decimal(0)}})
    assert backtest(Cross, free, settings=none).record.fills["fee"].max() == 0


def test_several_series_share_one_account(bars):
    other = replace(bars, instrument=replace(bars.instrument, symbol="OTHER"))
    record = backtest(Cross, [bars, other], mode="interpreted").record
    assert len(record.instruments) == 2
    assert set(record.fills["instrument"].tolist()) == {0, 1}
    assert len(record.equity) == len(bars)


def test_json_holds_what_was_promised(bars):
    data = backtest_to_json(backtest(Cross, bars).record)
    assert set(data) >= {
        "run",
        "engine",
        "settings",
        "metrics",
        "orders",
        "fills",
        "trades",
        "final_equity",
        "order_list_hash",
    }
    assert Decimal(data["final_equity"]) > 0


def test_unknown_things_are_named(bars, tmp_path):
    with pytest.raises(UsageError, match=r"fasst.*did you mean fast"):
        backtest(Cross, bars, parameters={"fasst": 3})
    with pytest.raises(NotFoundError, match="sma-crss"):
        backtest("sma-crss", bars)
    settings = Settings.model_validate({"data": {"catalog": tmp_path}})
    with pytest.raises(DataMissingError, match=r"NOPE\.SAMPLE"):
        backtest(Cross, "NOPE.SAMPLE", settings=settings)
    with pytest.raises(DataMissingError, match="from 2090"):
        backtest(Cross, bars, start="2090-01-01")


def test_a_file_names_its_strategy_and_its_line(tmp_path, bars):
    path = tmp_path / "mine.py"
    path.write_text(
        "from tradectl_sdk import Strategy\n\n\nclass Mine(Strategy):\n"
        "    def on_bar(self, ctx, bar):\n        ctx.target(5)\n"
    )
    assert backtest(str(path), bars, mode="interpreted").record.strategy == "Mine"
    with pytest.raises(NotFoundError, match="Yours"):
        backtest(f"{path}:Yours", bars)
    path.write_text("import nothing_of_that_name\n")
    with pytest.raises(StrategyError, match=r"mine\.py:1 could not be imported"):
        backtest(str(path), bars)


def test_an_instrument_and_a_timeframe_are_all_bars_need():
    close = np.array([100, 101, 102, 103], np.int64)
    bars = Bars(
        instrument=Instrument(symbol="X", venue="T", tick_size=Decimal(1), lot_size=Decimal(1)),
        timeframe=Timeframe.parse("1h"),
        time=np.arange(4, dtype=np.int64) * 3_600_000_000_000,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=close,
    )
    assert backtest(Cross, bars, mode="interpreted").bars == 4


def test_a_rule_or_cost_model_that_changes_is_another_run(bars, tmp_path, monkeypatch):
    from tradectl_risk import account

    first = backtest(Cross, bars).record.run_id
    changed = tmp_path / "account.py"
    changed.write_text(f"{Path(account.__file__).read_text()}\n# changed\n")
    monkeypatch.setattr(account, "__file__", str(changed))
    assert backtest(Cross, bars).record.run_id != first


def test_long_runs_are_checked_in_their_first_bars(bars, monkeypatch):
    from tradectl_sdk.engine import Mode
    from tradectl_sdk.pipelines import checks

    monkeypatch.setitem(checks.HORIZON, Mode.COMPILED, 200)
    found = {check.name: check for check in backtest(Cross, bars).checks}
    assert found["look-ahead"].text.endswith("in its first 200 bars")
    assert {check.name: check for check in backtest(Peek, bars).checks}[
        "look-ahead"
    ].status == "fail"


def test_a_series_given_twice_is_refused(bars):
    with pytest.raises(UsageError, match=r"SYN\.TEST was given twice"):
        backtest(Cross, [bars, bars])


def test_one_account_does_not_add_up_two_currencies(bars):
    other = replace(bars, instrument=replace(bars.instrument, symbol="OTHER", quote="JPY"))
    with pytest.raises(UsageError, match=r"priced in USD and OTHER\.TEST in JPY"):
        backtest(Cross, [bars, other])


def test_no_series_at_all_is_refused():
    with pytest.raises(UsageError, match="no series was given"):
        backtest(Cross, [])


def test_what_is_no_data_and_no_mode_is_refused(bars):
    for wrong in (None, 7, {"Close": [1.0, 2.0]}):
        with pytest.raises(UsageError, match="expected the name of a series, bars, or several"):
            backtest(Cross, wrong)
    with pytest.raises(UsageError, match="the mode was 'fast', expected auto, compiled, interp"):
        backtest(Cross, bars, mode="fast")


def test_a_mode_that_was_asked_for_is_not_answered_by_a_run_in_the_other(bars, tmp_path):
    store = RunStore(tmp_path / "runs")
    first = backtest(Cross, bars, store=store, mode="interpreted")
    again = backtest(Cross, bars, store=store, mode="compiled")
    assert not again.stored
    assert again.record.engine["mode"] == "compiled"
    assert again.record.order_list_hash == first.record.order_list_hash
    assert backtest(Cross, bars, store=store, mode="compiled").stored
    assert backtest(Cross, bars, store=store).stored


class Mood(Strategy):
    """Holds while the mood is good."""

    def on_start(self, ctx):
        self.mood = ctx.signal("mood")

    def on_bar(self, ctx, bar):
        ctx.target(10 if self.mood.value > 0 else 0)


def test_a_signal_of_one_series_may_be_given_as_the_array_itself(bars):
    mood = np.where(np.arange(len(bars)) % 50 < 25, 1.0, -1.0)
    alone, listed = (
        backtest(Mood, bars, signals={"mood": one}, mode="interpreted") for one in (mood, [mood])
    )
    assert len(alone.record.fills) > 10
    assert alone.record.order_list_hash == listed.record.order_list_hash


def test_a_result_shows_itself_in_a_few_lines(bars):
    result = backtest(Cross, bars)
    lines = repr(result).splitlines()
    assert lines[0].startswith("Cross on SYN.TEST 1d: ")
    assert lines[-1] == f"run {result.record.run_id}"
    assert len(lines) < 10
    assert len(repr(result.record)) < 200


def test_the_assumptions_of_a_result_are_those_of_the_report(bars):
    assumed = dict(backtest(Cross, bars).assumptions)
    assert assumed["account"] == "100,000 USD, cash account"
    assert assumed["slippage"] == "2 basis points on taking fills"


def test_bars_from_memory_are_held_to_what_a_bar_is(bars):
    with pytest.raises(DataError, match=r"bar 1 of SYN\.TEST is no bar: its high"):
        backtest(Cross, replace(bars, high=bars.low - 1, low=bars.low - 1))
    with pytest.raises(DataError, match="its time was not after"):
        backtest(Cross, replace(bars, time=bars.time[::-1]))


def test_refusals_are_counted_by_reason_the_most_frequent_first(bars):
    class Refused(Strategy):
        def on_start(self, ctx):
            self.seen, self.warmup = 0, 5

        def on_bar(self, ctx, bar):
            self.seen += 1
            ctx.buy(1_000_000)  # beyond the cash
            if self.seen > 590:
                ctx.buy(1, limit=0.001)  # between two ticks

    found = {check.name: check for check in backtest(Refused, bars, mode="interpreted").checks}
    refused = found["refused orders"]
    assert refused.status == "warn"
    # those of the warm-up are no refusals worth a word
    assert re.findall(r"(\d+) [A-Z_]+:", refused.text) == ["595", "10"]
    assert found["warm-up"].text == "5 bars without orders"
