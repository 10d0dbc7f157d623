"""A run on an engine that is kept is the run by itself, to the byte, or is not made on it."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from casino import assumptions, make_plan, market, seeds
from gambler import Gambler
from hypothesis import HealthCheck, given, settings
from tradectl_sdk.engine import Assumptions, Mode, Plan, run
from tradectl_sdk.engine.reruns import Reruns
from tradectl_sdk.errors import TradectlError
from tradectl_sdk.indicators import SMA
from tradectl_sdk.strategy import Strategy, param
from workbench import DAY, FREE, columns, instrument

if TYPE_CHECKING:
    from collections.abc import Callable

BARS = market(3, 300)


class Averages(Strategy):
    """Long while one average is above another; warms up for the longer one."""

    fast: int = param(3, ge=1, le=50)
    slow: int = param(9, ge=2, le=50)
    left: int = param(9999, ge=1, le=9999, doc="bars until it raises")
    more: int = param(0, ge=0, le=50, doc="orders at each bar beside")

    def on_start(self, ctx) -> None:
        self.one, self.two = SMA(self.fast), SMA(self.slow)
        self.warmup = self.slow
        self.seen = [math.nan] * self.fast
        self.table = memoryview(np.zeros(self.slow))
        self.found = 0
        pranks[self.fast](self, ctx)

    def on_bar(self, ctx, bar) -> None:
        self.left -= 1
        self.seen[0] = bar.close
        self.table[0] += 1.0 + 1.0 / self.left
        if self.one.update(bar.close) > self.two.update(bar.close):
            ctx.target(self.table[0] // 3.0)
        else:
            ctx.close()
        for _ in range(self.more):
            ctx.buy(1.0)
            ctx.sell(1.0)


# What a strategy does when it starts, by its parameter ``fast``: the class stays the same.
pranks: dict[int, Callable[[Averages, Any], object]] = defaultdict(lambda: lambda _self, _ctx: None)


def leave_a_trace(strategy: Averages, ctx: Any) -> None:
    """Leave something with the engine, and take note of what was there."""
    strategy.found = int(ctx._desk.ended)
    ctx._desk.ended = True


def shake_the_account(_strategy: Averages, ctx: Any) -> None:
    ctx._account.lots[0] = 7


class Signalled(Strategy):
    """Trades on a prepared column and on longer bars."""

    scale: float = param(1.0, ge=0.0, le=9.0)
    days: int = param(7, ge=2, le=30)

    def on_start(self, ctx) -> None:
        self.forecast = ctx.signal("forecast")
        self.longer = ctx.bar(f"{self.days}d")

    def on_bar(self, ctx, bar) -> None:
        ctx.target(self.forecast.value * self.scale * self.longer.count)


class Tired:
    """A rule that lets fewer and fewer lots pass, in three kinds of memory."""

    def __init__(self) -> None:
        self.reason = 1
        self.passed = [0, 0]
        self.lots = memoryview(np.zeros(2, np.int64))
        self.worth = 0.0

    def check(self, order, account, market, now) -> int:
        self.passed[1] += 1
        self.lots[1] += order.lots
        return max(order.lots - self.passed[1] // 20 - self.lots[1] // 500, 0)

    def observe(self, now, equity) -> None:
        self.worth = equity


def plan_of(cls=Averages, **changes) -> Plan:
    one = instrument()
    made = Plan(
        instruments=[one],
        columns=[columns(BARS, one)],
        make_strategy=cls,
        assumptions=Assumptions(margin=True, max_orders_per_instant=110, **FREE),
        make_rules=lambda: [Tired()],
        observing=True,
    )
    return replace(made, **changes)


def bytes_of(outcome) -> list[object]:
    arrays = (outcome.orders, outcome.fills, outcome.times, outcome.equity)
    return [one.tobytes() for one in arrays] + [
        outcome.mode, outcome.why, outcome.cash, outcome.final_equity, outcome.positions,
    ]  # fmt: skip


def told(act) -> object:
    """What an act returns, or what it raises."""
    try:
        return bytes_of(act())
    except TradectlError as error:
        return type(error), error.message, error.hint


def hold_to_the_run_by_itself(plan: Plan, makers, mode=Mode.AUTO) -> Reruns:
    reruns = Reruns(plan, mode)
    for make in makers:
        again = bytes_of(reruns.run(make))
        assert again == bytes_of(run(replace(plan, make_strategy=make), mode))
    return reruns


def pairs(cls, *points):
    return [lambda point=point: cls(**point) for point in points]


POINTS = [{"fast": fast, "slow": slow} for fast in (2, 5) for slow in (7, 20, 31)]


@pytest.fixture
def prank():
    """Have a strategy of ``fast=5`` do something when it starts."""
    yield lambda act: pranks.update({5: act})
    pranks.clear()


def test_every_run_is_the_run_by_itself_to_the_byte():
    reruns = hold_to_the_run_by_itself(plan_of(), pairs(Averages, *POINTS, *POINTS))
    assert reruns.reused == 2 * len(POINTS) - 1


@given(seed=seeds, assume=assumptions)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_it_is_for_a_strategy_that_does_everything(seed, assume):
    plan = make_plan(seed, 2, 120, assume)
    makers = pairs(Gambler, {"seed": seed + 1}, {"seed": 5, "activity": 90}, {"seed": seed + 1})
    assert hold_to_the_run_by_itself(plan, makers).reused == 2


def test_a_strategy_that_looks_back_sees_what_the_run_left(monkeypatch):
    def look_back(strategy, ctx) -> None:
        strategy.end = (ctx.equity, ctx.position, ctx.time, strategy.table[0], strategy.one.value)

    monkeypatch.setattr(Averages, "on_stop", look_back)
    plan, reruns = plan_of(), Reruns(plan_of(), Mode.AUTO)
    for make in pairs(Averages, *POINTS):
        alone = run(replace(plan, make_strategy=make))
        assert reruns.run(make).strategies[0].end == alone.strategies[0].end
    assert reruns.reused == len(POINTS) - 1


@pytest.mark.parametrize(
    "act", [lambda _self, ctx: ctx.buy(1.0), shake_the_account], ids=["order", "account"]
)
@pytest.mark.parametrize(("first", "reused"), [(0, 5), (3, 6)])
def test_what_a_strategy_does_to_the_engine_when_it_starts_stays_with_its_own_run(
    prank, act, first, reused
):
    prank(act)
    makers = pairs(Averages, *POINTS[first:], *POINTS[:first], *POINTS[:3])
    assert hold_to_the_run_by_itself(plan_of(), makers).reused == reused


def test_what_a_strategy_leaves_when_it_starts_is_not_there_for_the_next(prank):
    prank(leave_a_trace)
    reruns = Reruns(plan_of(), Mode.AUTO)
    makers = pairs(Averages, *POINTS[1:], *POINTS)
    assert [reruns.run(make).strategies[0].found for make in makers] == [0] * len(makers)


def test_what_raises_is_told_as_by_a_run_by_itself(prank):
    def take_a_price(_strategy, ctx) -> None:
        _ = ctx.price  # there are no data while strategies start

    prank(take_a_price)
    plan = plan_of()
    reruns = Reruns(plan, Mode.AUTO)
    for point in ({"fast": 2}, {"fast": 3}, {"fast": 5}, {"left": 20}, {"fast": 4}, {"fast": 77}):
        make = pairs(Averages, point)[0]
        assert told(lambda make=make: reruns.run(make)) == told(
            lambda make=make: run(replace(plan, make_strategy=make))
        )
    assert reruns.reused == 2


def test_who_ends_a_run_at_a_pause_is_asked_once():
    asked = []

    def end() -> None:
        asked.append(1)
        raise TimeoutError

    reruns = Reruns(plan_of(), Mode.AUTO)
    reruns.run(Averages)
    reruns._stage = SimpleNamespace(run=lambda _plan, turn: turn())
    with pytest.raises(TimeoutError):
        reruns.run(Averages, end)
    assert asked == [1]


def test_signals_and_longer_bars_are_those_of_the_run():
    made = []

    def resample(_instrument, timeframe):
        days = timeframe.nanoseconds // DAY
        made.append(days)
        return replace(columns(BARS[::days], instrument(), length=days * DAY), drives=False)

    plan = plan_of(
        Signalled,
        signals={"forecast": [np.linspace(-1.0, 1.0, len(BARS))]},
        resample=resample,
    )
    points = [{"scale": scale, "days": days} for scale in (1.0, 2.0, 5.0) for days in (7, 14)]
    reruns = hold_to_the_run_by_itself(plan, pairs(Signalled, points[0], *points))
    assert reruns.reused == 3  # those of 14 days run by themselves
    made.clear()
    for make in pairs(Signalled, *points):
        reruns.run(make)
    assert made == []  # a longer series is made once


def test_where_the_kept_engine_is_of_no_use_it_is_given_up(prank):
    prank(lambda _self, ctx: ctx.buy(1.0))
    makers = pairs(Averages, *([POINTS[3]] * 12), POINTS[0], POINTS[1])
    assert hold_to_the_run_by_itself(plan_of(), makers).reused == 0


def test_tables_that_are_too_small_are_made_anew():
    points = [{"more": more} for more in (1, 2, 40, 3)]
    assert hold_to_the_run_by_itself(plan_of(), pairs(Averages, *points)).reused == 2


def test_interpreted_runs_are_made_by_themselves():
    makers = pairs(Averages, *POINTS[:3])
    assert hold_to_the_run_by_itself(plan_of(), makers, Mode.INTERPRETED).reused == 0
