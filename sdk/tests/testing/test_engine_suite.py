"""Planted faults: each must be found by the check that is there for it."""

from __future__ import annotations

import itertools
import math

import pytest
from tradectl_sdk.engine import Mode
from tradectl_sdk.indicators import SMA
from tradectl_sdk.strategy import Strategy, param
from tradectl_sdk.testing import Outcome, run_checks, strategy_checks
from tradectl_sdk.testing.stage import set_stage

PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED
_counter = itertools.count()


class Sound(Strategy):
    """In and out around an average."""

    def on_start(self, ctx):
        self.average = SMA(20)
        self.warmup = 19

    def on_bar(self, ctx, bar):
        value = self.average.update(bar.close)
        if ctx.warming:
            return
        if self.wants(ctx, bar, value):
            if ctx.position == 0 and ctx.open_orders == 0:
                ctx.buy(1)
        elif ctx.position > 0:
            ctx.close()

    def wants(self, ctx, bar, value):
        return bar.close > value


class Exiting(Sound):
    """Uses every order that later events reshape: brackets, trailing stops, orders tied later."""

    def on_start(self, ctx):
        super().on_start(ctx)
        self.count, self.first, self.second = 0, 0, 0

    def wants(self, ctx, bar, value):
        self.count += 1
        if self.count % 4 == 0:
            low, high = ctx.round_price(bar.close * 0.97), ctx.round_price(bar.close * 1.03)
            ctx.buy(3, stop_loss=low, take_profit=high)
            ctx.sell(2, trail_bps=300.0)
            ctx.buy(1, stop_loss=low)
            self.first, self.second = ctx.buy(3, limit=low), ctx.buy(5, limit=low)
        elif self.count % 4 == 2:
            ctx.one_cancels_other(self.first, self.second)
        return False


class Peeking(Sound):
    """Reads the next bar from the feed."""

    def on_start(self, ctx):
        super().on_start(ctx)
        self.feed = ctx._desk.venue._feed
        self.following = 0

    def on_bar(self, ctx, bar):
        self.following += 1
        super().on_bar(ctx, bar)

    def wants(self, ctx, bar, value):
        feed = self.feed
        return feed.close[min(self.following, feed.end[0] - 1)] > bar.close


class PeekingAtTheEnd(Sound):
    """Knows how the data end, but never reads a row that is not there."""

    def on_start(self, ctx):
        super().on_start(ctx)
        self.last = float(ctx._lookup._plan.columns[0].prices[3][-1])

    def wants(self, ctx, bar, value):
        return bar.close < self.last


class Gambling(Sound):
    """Acts on something that is different each time."""

    def wants(self, ctx, bar, value):
        return math.sin(next(_counter) ** 2) > 0


class Remembering(Sound):
    """Keeps state in its class, which the next run finds there."""

    runs = 0

    def on_start(self, ctx):
        super().on_start(ctx)
        Remembering.runs += 1

    def wants(self, ctx, bar, value):
        return (bar.close > value) == bool(Remembering.runs % 2)


class Dividing(Sound):
    """Divides by a range that may be nothing."""

    def wants(self, ctx, bar, value):
        return (bar.close - bar.open) / (bar.high - bar.low) > 0.1


class Broken(Sound):
    """Cannot even start."""

    def on_start(self, ctx):
        raise ValueError("no such luck")


class Hasty(Sound):
    """Orders from the first bar, whatever it declared."""

    def on_bar(self, ctx, bar):
        if self.average.update(bar.close) < bar.close or ctx.position == 0:
            ctx.buy(1)


class Unprepared(Sound):
    """Declares fewer bars than its average needs."""

    def on_start(self, ctx):
        super().on_start(ctx)
        self.warmup = 18


class OffTick(Sound):
    """Asks for prices between two ticks."""

    def wants(self, ctx, bar, value):
        ctx.buy(1, limit=bar.close * 0.98765)
        return False


class Nonsense(Sound):
    """Asks for a quantity that is no number."""

    def wants(self, ctx, bar, value):
        ctx.buy(math.nan)
        return False


class Meddling(Sound):
    """Changes the bar it is shown."""

    def wants(self, ctx, bar, value):
        bar.close = value
        return True


class Forging(Sound):
    """Changes the data of the run where they lie."""

    def on_start(self, ctx):
        super().on_start(ctx)
        ctx._lookup._plan.columns[0].prices[3][-1] = 1.0


class Deceiving(Sound):
    """Means something else as machine code, where there are no strings."""

    def wants(self, ctx, bar, value):
        return f"{bar.close:.2f}".endswith("1")


class Demanding(Sound):
    """Needs a column that no synthetic market has."""

    def on_start(self, ctx):
        self.score = ctx.signal("score")


class Endless(Sound):
    """Wants more history than anybody has."""

    def on_start(self, ctx):
        super().on_start(ctx)
        self.warmup = 10**9


class Hourly(Sound):
    """Works on bars shorter than an hour only."""

    def on_start(self, ctx):
        super().on_start(ctx)
        self.hours = ctx.bar("30m")


class Pair(Strategy):
    """Looks at several instruments."""

    portfolio = True
    least: int = param(3, ge=2, le=3)

    def on_start(self, ctx):
        self.averages = [SMA(10), SMA(10), SMA(10)]
        self.warmup = 10

    def on_bar(self, ctx, bar):
        value = self.averages[bar.instrument].update(bar.close)
        if ctx.warming:
            return
        ctx.target(1.0 if bar.close > value else 0.0)


def results(strategy, *capabilities):
    return {
        result.name: result
        for result in run_checks(strategy_checks(strategy, capabilities=capabilities))
    }


def failures(strategy, *capabilities):
    found = results(strategy, *capabilities)
    return {name: result.message for name, result in found.items() if result.status is FAILED}


@pytest.mark.parametrize("strategy", [Sound, Exiting, Pair])
def test_a_sound_strategy_passes(strategy):
    assert failures(strategy, "compiled") == {}


@pytest.mark.parametrize(
    ("strategy", "check", "message"),
    [
        (Peeking, "does_not_see_the_future", "it decided otherwise before them"),
        (PeekingAtTheEnd, "does_not_see_the_future", "it decided otherwise before them"),
        (Gambling, "gives_the_same_orders_every_time", "the second run gave other orders"),
        (Remembering, "gives_the_same_orders_every_time", "the second run gave other orders"),
        (Dividing, "runs_without_raising", "at first, it raises: the strategy raised ZeroDiv"),
        (Broken, "runs_without_raising", "ValueError: no such luck at on_start"),
        (Hasty, "places_no_orders_while_warming_up", "placed 19 orders in its warm-up of 19 bars"),
        (Unprepared, "declares_enough_warmup", "average is ready after 20 bars, but warmup was 18"),
        (OffTick, "orders_are_well_formed", "a price lies between two ticks"),
        (Nonsense, "orders_are_well_formed", "the quantity is not a finite number above zero"),
        (Meddling, "leaves_its_inputs_alone", "changed the bar or ctx.position at 20"),
        (Forging, "leaves_its_inputs_alone", "changed the data of the run"),
        (Deceiving, "means_the_same_compiled", "NotCompilable"),
    ],
)
def test_a_planted_fault_is_found_by_its_check(strategy, check, message):
    claimed = ["compiled"] if check == "means_the_same_compiled" else []
    assert message in failures(strategy, *claimed)[check]


def test_a_fault_that_is_told_once_is_not_told_again():
    found = results(Broken, "compiled")
    assert [name for name, result in found.items() if result.status is FAILED] == [
        "runs_without_raising"
    ]
    assert found["does_not_see_the_future"].message.startswith("it raises: the strategy raised")


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (Demanding, "it needs what a synthetic market does not have: there is no signal 'score'"),
        (Endless, "its warm-up of 1000000000 bars is too long to try it here"),
    ],
)
def test_what_cannot_be_tried_is_skipped_with_a_reason(strategy, message):
    found = results(strategy)
    assert found["runs_without_raising"].status is SKIPPED
    assert found["does_not_see_the_future"].message.startswith(message)


def test_a_strategy_of_short_bars_is_tried_on_short_bars():
    assert set_stage(Sound).timeframe == "1d"
    assert set_stage(Hourly).timeframe == "5m"
    assert failures(Hourly, "compiled") == {}


def test_the_stage_is_long_enough_for_the_warm_up():
    stage = set_stage(Sound)
    assert (stage.warmup, stage.length) == (19, 338)
    assert len(stage.play(stage.market(1), Mode.INTERPRETED).times) == 338


def test_compiling_is_asked_of_those_only_that_claim_it():
    assert results(Deceiving)["means_the_same_compiled"].status is SKIPPED
