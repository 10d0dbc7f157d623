"""Warm-up, determinism, fills, costs: each check finds what it is for, and says it in numbers."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tradectl_sdk import Bars, Instrument, Settings, Strategy, Timeframe, check_strategy, param
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.errors import StrategyError, UsageError
from tradectl_sdk.indicators import ATR, SMA
from tradectl_sdk.pipelines.checking import CHECKS

DAY = 86_400_000_000_000


def instrument(**more) -> Instrument:
    fees = {"taker_fee": Decimal("0.001"), "maker_fee": Decimal("0.001")} | more
    return Instrument(
        symbol="SYN", venue="TEST", tick_size=Decimal("0.01"), lot_size=Decimal(1), **fees
    )


@pytest.fixture(scope="module")
def bars() -> Bars:
    (series,) = synthetic_market([instrument()], bars=1200, timeframe="1d", seed=5)
    return series.bars


def by_hand(*rows, volume=1000) -> Bars:
    """Bars of a day each; prices in hundredths: open, high, low, close."""
    table = np.array(rows, np.int64)
    lots = np.full(len(rows), volume) if np.isscalar(volume) else np.array(volume)
    return Bars(
        instrument=instrument(),
        timeframe=Timeframe.parse("1d"),
        time=np.arange(len(rows), dtype=np.int64) * DAY,
        open=table[:, 0].copy(),
        high=table[:, 1].copy(),
        low=table[:, 2].copy(),
        close=table[:, 3].copy(),
        volume=lots.astype(np.int64),
    )


def one(name, strategy, data, *, assume=None, **more):
    settings = Settings.model_validate({"backtest": assume or {}})
    result = check_strategy(
        strategy, data, only=[name], settings=settings, mode="interpreted", **more
    )
    return result.checks[0]


class Above(Strategy):
    """Long above an average; asks for as many bars as it is told to."""

    bars: int = param(40, ge=2, le=100)
    asks: int = param(39, ge=0, le=100)

    def on_start(self, ctx):
        self.average = SMA(self.bars)
        self.warmup = self.asks

    def on_bar(self, ctx, bar):
        average = self.average.update(bar.close)
        ctx.target(10 if bar.close > average else 0)


class TestWarmUp:
    def test_the_need_is_found_to_the_bar(self, bars):
        found = one("warm-up", Above, bars)
        assert (found.status, found.facts["needed"]) == ("ok", 39)
        assert one("warm-up", Above, bars, parameters={"asks": 60}).facts["needed"] == 39

    def test_too_little_is_warned_of(self, bars):
        found = one("warm-up", Above, bars, parameters={"asks": 20})
        assert (found.status, found.facts["declared"], found.facts["needed"]) == ("warn", 20, 39)

    def test_values_count_where_nothing_is_traded(self, bars):
        class Quiet(Above):
            def on_bar(self, ctx, bar):
                self.average.update(bar.close)

        found = one("warm-up", Quiet, bars, parameters={"asks": 0})
        assert found.facts["needed"] == 39
        assert "average." in found.text

    def test_what_counts_from_the_start_is_left_out_unless_it_orders(self, bars):
        class Counting(Above):
            def on_start(self, ctx):
                super().on_start(ctx)
                self.count = 0

            def on_bar(self, ctx, bar):
                self.count += 1
                super().on_bar(ctx, bar)

        assert one("warm-up", Counting, bars).facts["needed"] == 39

        class Mean(Counting):
            def on_bar(self, ctx, bar):
                self.count += 1
                ctx.target(self.count)

        found = one("warm-up", Mean, bars)
        assert (found.status, found.facts["needed"]) == ("warn", None)
        assert "orders still depend" in found.text

    def test_sizes_that_fade_agree_within_a_thousandth(self, bars):
        class Sized(Above):
            def on_start(self, ctx):
                self.range = ATR(5)
                self.warmup = self.range.memory

            def on_bar(self, ctx, bar):
                ctx.target(1e6 / self.range.update(bar.high, bar.low, bar.close))

        found = one("warm-up", Sized, bars)
        assert (found.status, found.facts["declared"]) == ("ok", 37)
        assert 6 < found.facts["needed"] <= 37

    def test_places_in_a_ring_have_not_settled_because_they_meet(self, bars):
        class Ring(Above):
            def on_start(self, ctx):
                super().on_start(ctx)
                self.ring, self.at = [0.0] * 25, 0  # half of what is tried is 250

            def on_bar(self, ctx, bar):
                self.ring[self.at] = bar.close
                self.at = (self.at + 1) % 25
                super().on_bar(ctx, bar)

        assert one("warm-up", Ring, bars).facts["needed"] == 39

    def test_too_few_bars_are_said_to_be(self, bars):
        assert one("warm-up", Above, bars.rows(0, 100)).status == "skip"


PROCESS_STRATEGIES = '''
from tradectl_sdk import Strategy


class Hashing(Strategy):
    """Acts by the order of a set of texts."""

    def on_start(self, ctx):
        self.first = list({f"name {number}" for number in range(50)})[0]

    def on_bar(self, ctx, bar):
        pass


class Steady(Strategy):
    def on_start(self, ctx):
        self.last = 0.0

    def on_bar(self, ctx, bar):
        self.last = bar.close
'''


class TestDeterminism:
    def test_other_processes_run_the_same_or_are_a_finding(self, bars, tmp_path):
        path = tmp_path / "mine.py"
        path.write_text(PROCESS_STRATEGIES)
        found = one("determinism", f"{path}:Hashing", bars.rows(0, 50))
        assert found.status == "fail"
        assert "PYTHONHASHSEED" in found.text
        found = one("determinism", f"{path}:Steady", bars.rows(0, 50))
        assert (found.status, "2 other processes" in found.text) == ("ok", True)

    def test_two_runs_that_differ_are_a_finding(self, bars):
        counter = itertools.count()

        class Restless(Strategy):
            def on_start(self, ctx):
                self.last = 0

            def on_bar(self, ctx, bar):
                if bar.close > 0:
                    self.last = next(counter)

        found = one("determinism", Restless, bars.rows(0, 50))
        assert found.status == "fail"
        assert "from 1970-" in found.text or "from 20" in found.text

    def test_a_class_that_cannot_be_taken_elsewhere_is_tried_here(self, bars):
        class Local(Above):
            pass

        found = one("determinism", Local, bars.rows(0, 100))
        assert (found.status, "not tried in other processes" in found.text) == ("ok", True)


class Plan(Strategy):
    """Buys at the second bar, sells at the fourth."""

    size: int = param(10, ge=1, le=100_000)

    def on_start(self, ctx):
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.seen == 2:
            ctx.buy(self.size)
        elif self.seen == 4:
            ctx.close()


RISING = [(1000 + 10 * n, 1015 + 10 * n, 995 + 10 * n, 1010 + 10 * n) for n in range(8)]


class TestFills:
    def test_fills_after_their_decision_are_well(self):
        found = one("fill timing", Plan, by_hand(*RISING))
        assert (found.status, found.facts["fills"]) == ("ok", 2)

    def test_fills_at_the_close_that_decided_them_are_counted(self):
        found = one("fill timing", Plan, by_hand(*RISING), assume={"market_fill": "this_close"})
        assert (found.status, found.facts["same_bar"]) == ("warn", 2)

    def test_fills_where_nothing_moved_are_counted(self):
        rows = list(RISING)
        rows[2] = (1020, 1020, 1020, 1020)  # the close before it, again
        found = one("fill timing", Plan, by_hand(*rows))
        assert (found.status, found.facts["stale"]) == ("warn", 1)

    def test_a_fill_after_a_hole_in_the_data_is_counted(self):
        data = by_hand(*RISING)
        time = data.time.copy()
        time[2:] += 30 * DAY
        found = one("fill timing", Plan, replace(data, time=time))
        assert (found.status, found.facts["late"]) == ("warn", 1)

    def test_fills_beyond_the_volume_fail(self):
        volume = [1000, 1000, 20, 1000, 1000, 1000, 1000, 1000]
        free = {"volume_share": 0}
        most = {"size": 30}
        data = by_hand(*RISING, volume=volume)
        found = one("fill volume", Plan, data, assume=free, parameters=most)
        assert (found.status, found.facts["largest_share"]) == ("fail", 1.5)
        found = one("fill volume", Plan, data, assume=free, parameters={"size": 10})
        assert (found.status, found.facts["bars_above"]) == ("warn", 1)
        assert one("fill volume", Plan, by_hand(*RISING)).status == "ok"
        assert one("fill volume", Plan, by_hand(*RISING, volume=0)).status == "skip"

    def test_target_and_stop_in_one_bar_are_counted_with_what_is_at_stake(self):
        class Bracket(Strategy):
            def on_bar(self, ctx, bar):
                if ctx.position == 0 and ctx.open_orders == 0 and bar.close == 10.10:
                    ctx.buy(10, stop_loss=9.80, take_profit=10.60)

        quiet, both = (1010, 1020, 1000, 1010), (1010, 1080, 960, 1010)
        found = one("target and stop", Bracket, by_hand(quiet, quiet, quiet, both, quiet))
        assert (found.status, found.facts["exits"], found.facts["doubtful"]) == ("warn", 1, 1)
        assert found.facts["at_stake"] == pytest.approx(8.0, abs=0.2)  # 10 units, 9.80 to 10.60
        only_target = (1010, 1080, 1005, 1070)
        found = one("target and stop", Bracket, by_hand(quiet, quiet, quiet, only_target, quiet))
        assert (found.status, found.facts["doubtful"]) == ("ok", 0)
        assert one("target and stop", Plan, by_hand(*RISING)).status == "skip"

    def test_few_trades_for_the_parameters_are_warned_of(self, bars):
        found = one("enough trades", Plan, by_hand(*RISING))
        assert (found.status, found.facts) == (
            "warn", {"trades": 1, "parameters": 1, "expected": 30},
        )  # fmt: skip

        class Eager(Strategy):
            def on_bar(self, ctx, bar):
                ctx.target(0 if ctx.position else 1)

        assert one("enough trades", Eager, bars).status == "ok"


class TestCosts:
    def test_costs_are_multiplied(self):
        found = one("costs", Plan, by_hand(*RISING), assume={"cash": 1000})
        free, assumed, twice = (found.facts[f"return_at_{times}"] for times in (0, 1, 2))
        assert free == pytest.approx(10 * (10.40 - 10.20) / 1000)  # bought and sold at the open
        fees = 10 * (10.20 + 10.40) * 0.001 / 1000
        slip = 2 * 10 * 0.01 / 1000  # two basis points are less than a tick each
        assert assumed == pytest.approx(free - fees - slip, abs=1e-5)
        assert twice == pytest.approx(free - 2 * fees - slip, abs=1e-5)
        assert found.status == "ok"

    def test_a_gain_that_costs_take_is_warned_of(self):
        flat = [(1000 + n, 1015 + n, 995 + n, 1001 + n) for n in range(8)]
        dear = {"cash": 1000, "taker_fee": 0, "slippage_bps": 0}
        found = one("costs", Plan, by_hand(*flat), assume=dear)
        assert found.status == "ok"
        found = one("costs", Plan, by_hand(*flat), assume=dear | {"taker_fee": 0.0008})
        assert (found.status, "at twice" in found.text) == ("warn", True)
        found = one("costs", Plan, by_hand(*flat), assume=dear | {"taker_fee": 0.01})
        assert (found.status, "all of the gain" in found.text) == ("warn", True)

    def test_models_of_plugins_are_multiplied_too(self):
        model = {"cash": 1000, "fees": {"model": "per-order", "fixed": 0.1}, "slippage_bps": 0}
        found = one("costs", Plan, by_hand(*RISING), assume=model)
        paid = found.facts["return_at_0"] - found.facts["return_at_1"]
        assert paid == pytest.approx(0.2 / 1000)
        assert found.facts["return_at_0"] - found.facts["return_at_3"] == pytest.approx(3 * paid)

    def test_a_bar_later_is_a_bar_later(self):
        class Levels(Strategy):
            def on_bar(self, ctx, bar):
                if bar.close == 10.20:
                    ctx.buy(10)
                elif bar.close == 13.50:
                    ctx.close()

        jump = [*RISING[:3], *(tuple(price + 300 for price in row) for row in RISING[3:])]
        free = {"cash": 1000, "taker_fee": 0, "slippage_bps": 0}
        found = one("latency", Levels, by_hand(*jump), assume=free)
        assert found.facts["return"] == pytest.approx(10 * (13.50 - 10.20) / 1000)
        assert found.facts["return_one_bar_later"] == pytest.approx(10 * (13.60 - 13.30) / 1000)
        assert (found.status, "less than half" in found.text) == ("warn", True)


def test_every_check_is_made_once_and_in_order(bars):
    said = []
    result = check_strategy(Above, bars.rows(0, 450), mode="interpreted", progress=said.append)
    assert [check.name for check in result.checks] == list(CHECKS) == said
    assert result.passed
    assert {check.status for check in result.checks} <= {"ok", "warn", "skip"}
    assert all(check.text for check in result.checks)


def test_a_strategy_that_raises_is_no_finding_but_an_error(bars):
    class Raises(Strategy):
        def on_bar(self, ctx, bar):
            raise ValueError("enough")

    with pytest.raises(StrategyError, match="enough"):
        check_strategy(Raises, bars)


def test_an_unknown_check_is_refused(bars):
    with pytest.raises(UsageError, match="look-ahead"):
        check_strategy(Above, bars, only=["look-ahed"])
