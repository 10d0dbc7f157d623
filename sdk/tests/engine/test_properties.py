"""What holds for every strategy on every market."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
from casino import assumptions, make_plan, same, seeds, several, shortened
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine import (
    Assumptions,
    BarPath,
    LimitFill,
    Mode,
    run,
)


@given(seed=seeds, count=st.integers(1, 3), assume=assumptions)
@several
def test_compiled_and_interpreted_runs_are_equal_to_the_byte(seed, count, assume):
    plan = make_plan(seed, count, 120, assume)
    compiled = run(plan, Mode.COMPILED)
    assert compiled.mode is Mode.COMPILED
    same(compiled, run(plan, Mode.INTERPRETED))


@given(seed=seeds, assume=assumptions)
@several
def test_the_same_plan_gives_the_same_bytes_again(seed, assume):
    plan = make_plan(seed, 2, 60, assume)
    same(run(plan, Mode.INTERPRETED), run(plan, Mode.INTERPRETED))


@given(seed=seeds, assume=assumptions)
@several
def test_cash_and_positions_are_what_the_fills_say(seed, assume):
    outcome = run(make_plan(seed, 2, 120, assume), Mode.INTERPRETED)
    fills = outcome.fills
    spent = fills["side"] * fills["quantity"] * fills["price"] * 10**6 + fills["fee"]
    start = int(assume.cash * 10**8)
    assert outcome.cash == start - int(spent.sum())
    assert outcome.fees == int(fills["fee"].sum())
    for which, held in enumerate(outcome.positions):
        own = fills[fills["instrument"] == which]
        assert int((own["side"] * own["quantity"]).sum()) == held
        assert own["position"].tolist() == np.cumsum(own["side"] * own["quantity"]).tolist()
    if not assume.margin and len(fills):
        buys = fills["side"] > 0
        assert (start - np.cumsum(spent))[buys].min(initial=0) >= 0


@given(seed=seeds, assume=assumptions)
@several
def test_no_fill_leaves_its_bar_or_takes_more_than_its_share(seed, assume):
    plan = make_plan(seed, 2, 120, assume)
    fills = run(plan, Mode.INTERPRETED).fills
    for which, series in enumerate(plan.columns):
        own = fills[fills["instrument"] == which]
        bar = own["bar"]
        assert (own["price"] >= series.ticks[2][bar]).all()
        assert (own["price"] <= series.ticks[1][bar]).all()
        assert (own["known"] == series.time[bar]).all()
        if assume.volume_share:
            taken = np.bincount(bar, own["quantity"], len(series.time))
            share = np.floor(series.lots * float(assume.volume_share) + 1e-9)
            assert (taken <= share).all()


@given(seed=seeds, assume=assumptions)
@several
def test_no_fill_comes_before_its_order_or_after_its_end(seed, assume):
    outcome = run(make_plan(seed, 1, 120, assume), Mode.INTERPRETED)
    orders = outcome.orders
    for fill in outcome.fills:
        order = orders[fill["order"] - 1]
        assert order["created"] <= fill["time"] <= fill["known"]
        assert order["closed"] == 0 or fill["time"] <= order["closed"]
    filled = np.bincount(outcome.fills["order"], outcome.fills["quantity"], len(orders) + 1)[1:]
    assert (filled == orders["filled"]).all()
    done = orders["status"] == OrderStatus.FILLED
    assert (orders["filled"][done] == orders["quantity"][done]).all()
    assert (orders["filled"][~done] <= orders["quantity"][~done]).all()


@given(seed=seeds, assume=assumptions, bars=st.integers(1, 119))
@several
def test_the_future_does_not_change_the_past(seed, assume, bars):
    plan = make_plan(seed, 2, 120, assume)
    whole = run(plan, Mode.INTERPRETED)
    cut = replace(plan, columns=[shortened(series, bars) for series in plan.columns])
    part = run(cut, Mode.INTERPRETED)
    assert whole.equity[: len(part.equity)].tobytes() == part.equity.tobytes()
    assert whole.fills[: len(part.fills)].tobytes() == part.fills.tobytes()
    assert len(whole.fills) == len(part.fills) or (
        whole.fills[len(part.fills)]["known"] > part.times[-1]
    )


def test_the_gambler_meets_every_kind_of_ending():
    """The properties above would be empty if the gambler did not do everything."""
    statuses, reasons, fill_reasons = set(), set(), set()
    for seed in range(12):
        assume = Assumptions(
            volume_share=Decimal("0.05"),
            margin=bool(seed % 2),
            cash=Decimal(500 if seed % 3 else 100_000),
            limit_fill=list(LimitFill)[seed % 2],
            bar_path=list(BarPath)[seed % 3],
        )
        outcome = run(make_plan(seed, 1, 400, assume), Mode.INTERPRETED)
        statuses |= set(outcome.orders["status"].tolist())
        reasons |= set(outcome.orders["reason"].tolist())
        fill_reasons |= set(outcome.fills["reason"].tolist())
    assert statuses >= {
        OrderStatus.DENIED,
        OrderStatus.ACCEPTED,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.REJECTED,
    }
    assert reasons >= {0, 11, 101, 102, 103, 105, 106, 107, 108}
    assert fill_reasons >= {1, 3, 4, 6, 7}
