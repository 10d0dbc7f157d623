"""Money and quantities stay inside 64 bits, compiled and interpreted, for a reason one is told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from casino import make_plan, same
from gambler import Gambler
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.domain.money import MOST_AT_ONCE, MOST_MONEY
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine import (
    Account,
    Assumptions,
    BasisPoints,
    CloseReason,
    DenyReason,
    Market,
    Mode,
    Plan,
    run,
)
from tradectl_sdk.engine.booking import trailed
from tradectl_sdk.errors import UsageError
from tradectl_sdk.strategy import Strategy, param
from workbench import columns, flat, instrument, once, play

BOTH = pytest.mark.parametrize("mode", [Mode.INTERPRETED, Mode.COMPILED])
RICH = {"cash": Decimal(60_000_000_000), "margin": True}


class Hoarder(Strategy):
    """Buys, or sells, twenty billion worth on every bar."""

    side: int = param(1, ge=-1, le=1)

    def on_start(self, ctx) -> None:
        self.closed = 0

    def on_bar(self, ctx, bar) -> None:
        if self.side > 0:
            ctx.buy(2e9, limit=20.0)
        else:
            ctx.sell(2e9, limit=5.0)

    def on_order(self, ctx, order) -> None:
        self.closed = order.reason


@BOTH
@pytest.mark.parametrize("side", [1, -1])
def test_orders_that_fit_one_by_one_are_denied_once_the_account_would_not(side, mode):
    one = instrument()
    plan = Plan(
        instruments=[one],
        columns=[columns(flat(*[10] * 12), one)],
        make_strategy=lambda: Hoarder(side=side),
        assumptions=Assumptions(volume_share=Decimal(0), slippage_bps=Decimal(0), **RICH),
    )
    outcome = run(plan, mode)
    assert outcome.mode is mode
    assert DenyReason.TOO_LARGE in outcome.orders["reason"].tolist()
    assert outcome.strategies[0].closed == DenyReason.TOO_LARGE
    assert abs(outcome.cash) < MOST_MONEY
    assert outcome.final_equity == 60 * 10**17  # what was traded at 10 is worth 10


class Once(Strategy):
    """Buys on the first bar and sells all of it on the third."""

    def on_start(self, ctx) -> None:
        self.bars = 0

    def on_bar(self, ctx, bar) -> None:
        self.bars += 1
        if self.bars == 1:
            ctx.buy(2e9)
        elif self.bars == 3:
            ctx.close()


@BOTH
@pytest.mark.parametrize(
    ("prices", "volume", "reasons", "statuses"),
    [
        ((10, 90, 10, 10), 0, [CloseReason.TOO_LARGE_AT_FILL], [OrderStatus.REJECTED]),
        ((10, 10, 90, 90), 10**10, [CloseReason.TOO_LARGE_AT_FILL], [OrderStatus.CANCELED]),
        ((10, 10, 10, 90), 0, [0, CloseReason.TOO_LARGE_AT_FILL], [8, OrderStatus.REJECTED]),
    ],
    ids=["whole", "what the volume left", "the way out"],
)
def test_a_fill_that_would_not_fit_is_turned_away(prices, volume, reasons, statuses, mode):
    one = instrument()
    bars = [(*bar, volume) for bar in flat(*prices)]
    share = Decimal("0.1") if volume else Decimal(0)
    plan = Plan(
        instruments=[one],
        columns=[columns(bars, one)],
        make_strategy=Once,
        assumptions=Assumptions(volume_share=share, slippage_bps=Decimal(0), **RICH),
    )
    outcome = run(plan, mode)
    assert outcome.mode is mode
    assert outcome.orders["reason"].tolist()[: len(reasons)] == reasons
    assert outcome.orders["status"].tolist()[: len(statuses)] == statuses


@given(
    seed=st.integers(0, 10_000),
    size=st.sampled_from([10**4, 10**6, 10**8, 3 * 10**8]),
    cash=st.sampled_from([10**5, 69 * 10**9]),
    margin=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_the_gambler_never_leaves_64_bits_whatever_a_lot_is_worth(seed, size, cash, margin):
    assume = Assumptions(cash=Decimal(cash), margin=margin, volume_share=Decimal(0))
    plan = make_plan(seed, 2, 120, assume)
    dear = [replace(one, multiplier=Decimal(size)) for one in plan.instruments]
    plan = replace(plan, instruments=dear, make_strategy=lambda: Gambler(seed=seed + 1))
    compiled = run(plan, Mode.COMPILED)
    assert compiled.mode is Mode.COMPILED
    assert abs(compiled.cash) < MOST_MONEY
    same(compiled, run(plan, Mode.INTERPRETED))


def test_lots_beyond_counting_are_denied_however_little_they_are_worth():
    dust = instrument(tick_size=Decimal("1e-8"), lot_size=Decimal("1e-18"))
    script = once(0, lambda ctx: ctx.buy(2.5))
    look = play([(1e-8, 1e-8, 1e-8, 1e-8, 1.0)] * 2, script, one=dust)
    assert look.reasons == [DenyReason.TOO_LARGE]


def test_an_account_says_no_more_than_it_can_count():
    ones = [instrument("A"), instrument("B")]
    market = Market.standing_at(ones, [10**11, 10**11])
    for side in (1, -1):
        account = Account(market, 0, margin=True)
        for which in (0, 1):
            account.apply(which, side, 10**10, 0, 0)
        assert account.exact_equity() == side * 2 * MOST_AT_ONCE
        account.apply(0, 1, 0, 0, -side * (2**62))
        assert account.exact_equity() == side * MOST_MONEY
        assert account.gross_value() == 2 * MOST_AT_ONCE


@pytest.mark.parametrize("fee", [MOST_AT_ONCE, -MOST_AT_ONCE])
def test_no_account_bears_a_fee_beyond_counting(fee):
    account = Account(Market.standing_at([instrument()], [1000]), 0, margin=True)
    assert not account.bears(1, 0, fee)
    assert account.bears(1, 0, fee // 2)


def test_an_account_does_not_start_with_more_than_it_can_count():
    with pytest.raises(UsageError, match="cash was 70000000000, expected less than 69175290276"):
        play(flat(1, 1), once(0, lambda ctx: None), cash=Decimal(70_000_000_000))


@given(ticks=st.integers(1, 10**12), part=st.integers(0, 999_999), side=st.sampled_from([1, -1]))
def test_shares_of_a_price_are_rounded_as_if_nothing_could_overflow(ticks, part, side):
    slip = BasisPoints(Decimal(part) / 100).slip(0, ticks, 1, 1)
    assert slip == (ticks * part + 999_999) // 1_000_000
    trigger = trailed(side, ticks, part, 2)
    assert trigger == max(ticks + side * ((ticks * part + 500_000) // 1_000_000), 1)
