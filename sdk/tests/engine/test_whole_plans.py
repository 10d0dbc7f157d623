"""What holds for plans that use everything: timeframes, signals, cost models, rules, odd grids."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from gambler import Gambler
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.domain.orders import OrderFlag, OrderType
from tradectl_sdk.engine import (
    Assumptions,
    BarPath,
    Columns,
    DenyReason,
    FillReason,
    LimitFill,
    MarketFill,
    Mode,
    PerUnit,
    Plan,
    VolumeShare,
    run,
)
from workbench import DAY, columns, instrument

GRIDS = [
    ("0.01", "1", "1"),
    ("0.25", "1", "50"),
    ("0.005", "0.001", "1"),
    ("0.00000001", "0.00000001", "1"),
    ("0.01", "0.00000001", "0.1"),
    ("5", "0.1", "25"),
]


class Everything(Gambler):
    """The gambler, who also looks at a longer timeframe and a signal and settles up in the end."""

    changing = 1

    def on_start(self, ctx) -> None:
        self.state = self.seed
        self.newest = 0
        self.older = 0
        self.told = 0
        self.paid = 0.0
        self.changed = 0
        self.longer = ctx.bar("5d")
        self.mood = ctx.signal("mood")
        self.sum = 0.0
        self.closing = 0

    def on_bar(self, ctx, bar) -> None:
        if self.longer.count > 0:
            self.sum += self.longer.close - bar.close
        self.sum += self.mood.value
        step = 0.25 if self.sum > 0.0 else -0.25
        if self.draw(3) == 0:
            ctx.target(step * self.draw(40))
        elif self.draw(3) == 0:
            near = ctx.round_price(bar.close * 0.99)
            far = ctx.round_price(bar.close * 1.01)
            self.older = ctx.buy(2.0 + self.draw(9), take_profit=far, stop_loss=near)
            self.newest = ctx.sell(1.0 + self.draw(9), stop=near, limit=near)
            ctx.one_cancels_other(self.older, self.newest)
        elif self.changing == 1 and self.draw(3) == 0:  # the latest bracket
            order = self.older + self.draw(3)
            self.changed += ctx.modify(order, stop=ctx.round_price(bar.close * 0.97))
            self.changed += ctx.modify(order, limit=ctx.round_price(bar.close * 1.03))
            self.changed += ctx.modify(self.newest, 1.0 + self.draw(9))
        elif self.draw(4) == 0:
            ctx.cancel_all()
            ctx.sell(3.0, trail_bps=150.0, time_in_force=4)

    def on_stop(self, ctx) -> None:
        self.closing = ctx.close()
        self.paid += ctx.equity


class Steady(Everything):
    """Leaves its orders as they were placed."""

    changing = 0


class Half:
    """Lets half of every order pass."""

    def __init__(self) -> None:
        self.reason = 30
        self.seen = 0.0

    def check(self, order, account, market, now: int) -> int:
        return order.lots if order.reduces else (order.lots + 1) // 2

    def observe(self, now: int, equity: float) -> None:
        self.seen += equity


def market(seed: int, bars: int, tick: Decimal) -> list[tuple[float, ...]]:
    rng = np.random.default_rng(seed)
    close = 500 * np.exp(np.cumsum(rng.normal(0, 0.02, bars)))
    open_ = np.r_[500.0, close[:-1]] * np.exp(rng.normal(0, 0.01, bars))
    table = np.column_stack(
        [
            open_,
            np.maximum(open_, close) * 1.01,
            np.minimum(open_, close) * 0.99,
            close,
            np.round(50 * np.exp(rng.normal(0, 1, bars))),
        ]
    )
    table[:, :4] = np.rint(table[:, :4] / float(tick)) * float(tick)
    return [tuple(row) for row in table]


def longer(series: Columns, index: int) -> Columns:
    """Every fifth bar as if it had lasted five; only its being known in time matters here."""
    cut = slice(4, None, 5)
    return replace(
        series,
        instrument=index,
        length=5 * DAY,
        time=series.time[cut],
        ticks=tuple(column[cut] for column in series.ticks),
        lots=series.lots[cut],
        prices=tuple(column[cut] for column in series.prices),
        volume=series.volume[cut],
        drives=False,
    )


def everything(seed: int, grid: tuple[str, str, str], count: int, assume: Assumptions) -> Plan:
    tick, lot, multiplier = (Decimal(text) for text in grid)
    ones = [
        instrument(
            f"S{k}",
            tick_size=tick,
            lot_size=lot,
            multiplier=multiplier,
            taker_fee=Decimal("0.001"),
            maker_fee=Decimal("-0.0002"),
            calendar="weekdays",
            session_close=21 * 60,
        )
        for k in range(count)
    ]
    series = [columns(market(seed + k, 90, tick), one, k) for k, one in enumerate(ones)]
    moods = [np.random.default_rng(seed - k - 1 + count).normal(size=90) for k in range(count)]
    return Plan(
        instruments=ones,
        columns=series,
        make_strategy=lambda: Everything(seed=seed + 1),
        assumptions=assume,
        make_rules=lambda: [Half()] if seed % 2 else [],
        observing=bool(seed % 2),
        fees=(lambda: PerUnit(ones, per_unit=0.01, minimum=1.0)) if seed % 3 == 0 else None,
        slippage=(lambda: VolumeShare(0.1)) if seed % 5 == 0 else None,
        resample=lambda index, frame: longer(series[index], index),
        signals={"mood": moods},
        warmup=seed % 7,
    )


seeds = st.integers(0, 10_000)
assumptions = st.builds(
    Assumptions,
    cash=st.sampled_from([Decimal(5_000), Decimal(10_000_000)]),
    margin=st.booleans(),
    market_fill=st.sampled_from(MarketFill),
    limit_fill=st.sampled_from(LimitFill),
    bar_path=st.sampled_from(BarPath),
    volume_share=st.sampled_from([Decimal(0), Decimal("0.05"), Decimal(1)]),
    slippage_bps=st.sampled_from([Decimal(0), Decimal(2), Decimal(80)]),
    exits_in_entry_bar=st.booleans(),
)
plans = st.builds(everything, seeds, st.sampled_from(GRIDS), st.integers(1, 2), assumptions)
# Whatever takes part is compiled anew, and so is each number of instruments. Here rules, fees and
# slippage are each seen with and without each other, and with one instrument or two.
PARTS = [(15, 2), (1, 1), (6, 1), (10, 2)]  # what is left of a seed by 30, instruments
compiled_plans = st.builds(
    lambda seed, parts, grid, assume: everything(30 * seed + parts[0], grid, parts[1], assume),
    st.integers(0, 300),
    st.sampled_from(PARTS),
    st.sampled_from(GRIDS),
    assumptions,
)
several = settings(max_examples=30, deadline=None)


@given(plan=compiled_plans)
@several
def test_plans_that_use_everything_mean_the_same_compiled(plan):
    one, other = run(plan, Mode.COMPILED), run(plan, Mode.INTERPRETED)
    assert one.mode is Mode.COMPILED
    for name in ("orders", "fills", "equity", "times"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    assert (one.cash, one.final_equity, one.positions) == (
        other.cash,
        other.final_equity,
        other.positions,
    )
    for mine, yours in zip(one.strategies, other.strategies, strict=True):
        names = ("state", "newest", "older", "told", "paid", "sum", "closing", "changed")
        assert [getattr(mine, n) for n in names] == [getattr(yours, n) for n in names]


@given(plan=plans)
@several
def test_no_fill_is_worse_than_its_limit_or_better_than_its_trigger(plan):
    seed = plan.make_strategy().seed
    outcome = run(replace(plan, make_strategy=lambda: Steady(seed=seed)), Mode.INTERPRETED)
    orders = outcome.orders[outcome.fills["order"] - 1]
    side, price = outcome.fills["side"], outcome.fills["price"]
    limited = orders["limit"] > 0
    assert (side * (orders["limit"] - price) >= 0)[limited].all()
    struck = np.isin(outcome.fills["reason"], [FillReason.STOP_OPEN, FillReason.STOP_TRIGGERED])
    still = struck & np.isin(orders["type"], [OrderType.STOP, OrderType.STOP_LIMIT])
    assert (side * (price - orders["trigger"]) >= 0)[still].all()
    assert (side * (price - outcome.fills["reference"]) >= 0).all()


@given(plan=plans)
@several
def test_no_fill_comes_after_the_expiry_of_its_order_or_turns_a_position_it_may_only_reduce(plan):
    outcome = run(plan, Mode.INTERPRETED)
    fills = outcome.fills
    orders = outcome.orders[fills["order"] - 1]
    assert ((orders["expires"] == 0) | (fills["time"] <= orders["expires"])).all()
    reducing = (orders["flags"] & OrderFlag.REDUCE_ONLY) > 0
    before = fills["position"] - fills["side"] * fills["quantity"]
    assert (np.abs(fills["position"]) < np.abs(before))[reducing].all()
    assert (np.sign(fills["position"]) * np.sign(before) >= 0)[reducing].all()
    assert np.array_equal(fills["id"], np.arange(1, len(fills) + 1))


@given(plan=plans)
@several
def test_exact_and_float_equity_agree_and_cash_is_what_orders_say(plan):
    outcome = run(plan, Mode.INTERPRETED)
    exact = outcome.final_equity / 1e8
    assert abs(exact - outcome.equity[-1]) <= 1e-9 * max(1.0, abs(exact)) + 1e-7
    orders = outcome.orders
    spent = (orders["side"] * orders["value"] + orders["fees"]).sum()
    assert outcome.cash == int(plan.assumptions.cash * 10**8) - int(spent)
    assert orders["fees"].sum() == outcome.fills["fee"].sum()


def test_an_order_that_a_rule_made_smaller_keeps_the_reason():
    plan = everything(1, GRIDS[0], 1, Assumptions(margin=True))
    orders = run(plan, Mode.INTERPRETED).orders
    assert DenyReason.CUSTOM in orders["reason"].tolist()


def digest() -> str:
    """Hash what the gambler leaves behind in a few runs."""
    found = hashlib.sha256()
    for seed in range(3):
        outcome = run(everything(seed, GRIDS[seed], 2, Assumptions(margin=True)), Mode.INTERPRETED)
        for part in (outcome.orders, outcome.fills, outcome.equity):
            found.update(part.tobytes())
    return found.hexdigest()


def test_another_process_with_another_hash_seed_gives_the_same_bytes():
    code = "import test_whole_plans; print(test_whole_plans.digest())"
    found = {digest()}
    for seed in ("0", "4242"):
        path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout.strip())
    assert len(found) == 1
