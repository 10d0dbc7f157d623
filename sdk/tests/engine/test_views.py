"""What a strategy, a rule and a model can read."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tradectl_sdk.engine import (
    Account,
    DenyReason,
    Market,
    Mode,
    PerUnit,
    Plan,
    ShareOfValue,
    VolumeShare,
    run,
)
from tradectl_sdk.errors import DataMissingError, StrategyError, UsageError
from tradectl_sdk.strategy import Strategy
from workbench import columns, flat, instrument, once, play


def test_the_account_is_seen_as_it_stands():
    seen = []

    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(2)
        seen.append((ctx.cash, ctx.equity, ctx.price, ctx.price_of(0), ctx.position_of(0)))
        assert not ctx.warming

    play(flat(10, 11, 13), script, cash=Decimal(100))
    assert seen == [
        (100.0, 100.0, 10.0, 10.0, 0.0),
        (78.0, 100.0, 11.0, 11.0, 2.0),
        (78.0, 104.0, 13.0, 13.0, 2.0),
    ]


def test_positions_long_and_short_add_up_to_the_gross_value():
    ones = [instrument("A"), instrument("B", multiplier=Decimal(5))]
    market = Market.standing_at(ones, [1000, 2000])
    account = Account(market, 10**10, margin=True)
    account.apply(0, 1, 3, market.value(0, 1000, 3), 0)
    account.apply(1, -1, 2, market.value(1, 2000, 2), 0)
    assert account.gross_value() == (30 + 200) * 10**8
    assert account.exact_equity() == 10**10
    assert account.equity() == pytest.approx(100.0)
    assert (market.price(0), market.price(1)) == (10.0, 20.0)


def test_an_order_below_the_venue_s_minimum_is_denied_unless_it_reduces():
    one = instrument(min_notional=Decimal(50))

    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(4)
            ctx.buy(5)
        elif number == 1:
            ctx.sell(2, reduce_only=True)

    look = play(flat(10, 10, 10), script, one=one)
    assert look.reasons == [DenyReason.MIN_NOTIONAL, 0, 0]
    assert look.outcome.positions == (3,)


def test_models_of_cost_know_nothing_where_there_is_nothing():
    assert PerUnit([instrument()], per_unit=0.01, minimum=1.0).fee(0, 1, 10, False, 0) == 10**8
    assert PerUnit([instrument()], per_unit=0.01, minimum=1.0).fee(0, 1, 10, False, 5) == 0
    assert VolumeShare(0.1).slip(0, 1000, 10, 0) == 0
    assert VolumeShare(0.1).slip(0, 1000, 10, 10) == 100
    fees = ShareOfValue([instrument(taker_fee=Decimal("0.001"))], rounding=10**6)
    assert [fees.fee(0, 1, value, False, 0) for value in (4 * 10**8, 5 * 10**8)] == [0, 10**6]


def test_a_longer_bar_is_read_field_by_field_and_not_before_it_has_closed():
    one = instrument()
    base = columns([(1, 2, 0.5, 1.5, 7)] * 3, one)

    class Ask(Strategy):
        def on_start(self, ctx):
            self.own = ctx.bar("1d")
            self.seen = []

        def on_bar(self, ctx, bar):
            own = self.own
            self.seen.append((own.time, own.open, own.high, own.low, own.close, own.volume))

    plan = Plan(instruments=[one], columns=[base], make_strategy=Ask)
    seen = run(plan, Mode.INTERPRETED).strategies[0].seen
    assert seen == [(time, 1.0, 2.0, 0.5, 1.5, 7.0) for time in base.time.tolist()]

    late = replace(base, time=base.time + 10**15, drives=False)

    class Early(Strategy):
        def on_start(self, ctx):
            self.longer = ctx.bar("2d")

        def on_bar(self, ctx, bar):
            self.longer.close  # noqa: B018 - reading it is what raises

    plan = replace(plan, make_strategy=Early, resample=lambda index, frame: late)
    with pytest.raises(StrategyError, match="no bar of this series has closed yet"):
        run(plan, Mode.INTERPRETED)
    with pytest.raises(DataMissingError, match="there are no 2d bars in this run"):
        run(replace(plan, resample=None), Mode.INTERPRETED)


def test_errors_of_a_strategy_are_told_where_they_happen():
    class Stop(Strategy):
        def on_bar(self, ctx, bar):
            pass

        def on_stop(self, ctx):
            raise ValueError("late")

    class Start(Stop):
        def on_start(self, ctx):
            raise ValueError("early")

    one = instrument()
    plan = Plan(instruments=[one], columns=[columns(flat(1), one)], make_strategy=Stop)
    with pytest.raises(StrategyError, match="ValueError: late at on_stop"):
        run(plan, Mode.INTERPRETED)
    with pytest.raises(StrategyError, match="ValueError: early at on_start"):
        run(replace(plan, make_strategy=Start), Mode.INTERPRETED)
    with pytest.raises(UsageError, match="there were 1 series for 0 instruments"):
        run(replace(plan, instruments=[]), Mode.INTERPRETED)


def test_a_strategy_that_cannot_be_compiled_runs_and_says_why():
    look = play(flat(1, 2), once(0, lambda ctx: ctx.buy(1)))
    assert look.outcome.mode is Mode.INTERPRETED

    class Files(Strategy):
        def on_bar(self, ctx, bar):
            self.text = str(bar.close)

    one = instrument()
    plan = Plan(instruments=[one], columns=[columns(flat(1), one)], make_strategy=Files)
    outcome = run(plan)
    assert outcome.mode is Mode.INTERPRETED
    assert outcome.why
