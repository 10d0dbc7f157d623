"""What fills, when, and at which price."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tradectl_sdk.domain.orders import OrderStatus, TimeInForce
from tradectl_sdk.engine import BarPath, CloseReason, FillReason, LimitFill, MarketFill
from workbench import flat, instrument, once, play


def test_a_market_order_fills_at_the_next_open():
    look = play([(10, 11, 9, 10), (12, 13, 11, 12)], once(0, lambda ctx: ctx.buy(3)))
    assert look.fills == [(3, 12.0)]
    assert look.fill_reasons == [FillReason.MARKET_OPEN]


def test_a_market_order_on_the_last_bar_never_fills():
    look = play(flat(10, 11), once(1, lambda ctx: ctx.buy(3)))
    assert look.fills == []
    assert look.statuses == [OrderStatus.ACCEPTED]


@pytest.mark.parametrize(
    ("fill", "price"), [(MarketFill.THIS_CLOSE, 10.5), (MarketFill.NEXT_CLOSE, 12.5)]
)
def test_market_orders_fill_at_a_close_only_when_the_settings_say_so(fill, price):
    bars = [(10, 11, 9, 10.5), (12, 13, 11, 12.5)]
    look = play(bars, once(0, lambda ctx: ctx.buy(1)), market_fill=fill)
    assert look.fills == [(1, price)]
    assert look.fill_reasons == [FillReason.MARKET_CLOSE]


def test_a_limit_must_be_traded_through_not_merely_touched():
    script = once(0, lambda ctx: ctx.buy(1, limit=9.0))
    touched = [(10, 10, 10, 10), (10, 10, 9, 10)]
    through = [(10, 10, 10, 10), (10, 10, 8.99, 10)]
    assert play(touched, script).fills == []
    assert play(touched, script, limit_fill=LimitFill.TOUCH).fills == [(1, 9.0)]
    assert play(through, script).fills == [(1, 9.0)]


def test_a_limit_fills_at_a_better_open():
    look = play([(10, 10, 10, 10), (8, 9, 7, 8)], once(0, lambda ctx: ctx.buy(1, limit=9.0)))
    assert look.fills == [(1, 8.0)]
    assert look.fill_reasons == [FillReason.LIMIT_OPEN]


def test_a_stop_fills_at_its_trigger_or_at_a_worse_open():
    script = once(0, lambda ctx: ctx.buy(1, stop=11.0))
    assert play([(10, 10, 10, 10), (10, 12, 10, 12)], script).fills == [(1, 11.0)]
    assert play([(10, 10, 10, 10), (13, 14, 12, 13)], script).fills == [(1, 13.0)]


def test_a_stop_limit_rests_when_its_limit_is_worse_than_the_open():
    script = once(0, lambda ctx: ctx.buy(1, stop=11.0, limit=11.5))
    gap = [(10, 10, 10, 10), (13, 14, 12, 13), (13, 13, 11, 12)]
    look = play(gap, script)
    assert look.fills == [(1, 11.5)]
    assert look.fill_reasons == [FillReason.LIMIT_CROSSED]


def test_a_stop_limit_fills_at_the_trigger_when_the_limit_allows_it():
    script = once(0, lambda ctx: ctx.buy(1, stop=11.0, limit=11.5))
    assert play([(10, 10, 10, 10), (10, 12, 10, 12)], script).fills == [(1, 11.0)]


def test_the_worst_case_takes_the_stop_before_the_target():
    script = once(0, lambda ctx: ctx.buy(1, take_profit=12.0, stop_loss=8.0))
    bars = [*flat(10, 10), (10, 13, 7, 10)]
    assert play(bars, script).fills == [(1, 10.0), (-1, 8.0)]


def test_the_walk_takes_the_nearer_extreme_first():
    script = once(0, lambda ctx: ctx.buy(1, take_profit=12.0, stop_loss=8.0))
    bars = [*flat(10, 10), (10, 12.5, 7, 10)]
    assert play(bars, script, bar_path=BarPath.ADAPTIVE).fills == [(1, 10.0), (-1, 12.0)]
    bars = [*flat(10, 10), (10, 13, 7.5, 10)]
    assert play(bars, script, bar_path=BarPath.ADAPTIVE).fills == [(1, 10.0), (-1, 8.0)]
    assert play(bars, script, bar_path=BarPath.OHLC).fills == [(1, 10.0), (-1, 12.0)]


def test_the_sibling_of_a_filled_exit_is_cancelled():
    script = once(0, lambda ctx: ctx.buy(1, take_profit=12.0, stop_loss=8.0))
    look = play([*flat(10, 10), (10, 10, 7, 8), (13, 13, 13, 13)], script)
    assert look.fills == [(1, 10.0), (-1, 8.0)]
    assert look.statuses[1:] == [OrderStatus.CANCELED, OrderStatus.FILLED]
    assert look.reasons[1] == CloseReason.SIBLING_FILLED


def test_a_stop_loss_may_fill_in_the_bar_of_its_entry_a_take_profit_may_not():
    script = once(0, lambda ctx: ctx.buy(1, stop=11.0, take_profit=12.0, stop_loss=9.0))
    bars = [*flat(10), (10, 13, 8, 10), (10, 10, 10, 10)]
    assert play(bars, script).fills == [(1, 11.0), (-1, 9.0)]
    later = play([*flat(10), (10, 13, 10, 10), (10, 10, 10, 10)], script)
    assert later.fills == [(1, 11.0)]


def test_exits_can_be_left_to_the_bar_after_the_entry():
    script = once(0, lambda ctx: ctx.buy(1, stop=11.0, stop_loss=9.0))
    bars = [*flat(10), (10, 13, 8, 10), (8, 8, 8, 8)]
    assert play(bars, script, exits_in_entry_bar=False).fills == [(1, 11.0), (-1, 8.0)]


def test_a_trailing_stop_follows_the_high_and_never_retreats():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(1)
        elif number == 1:
            ctx.sell(1, trail=2.0)

    bars = [*flat(10, 10), (10, 14, 10, 14), (13, 13, 12.5, 12.5), (12.5, 12.5, 11, 11)]
    assert play(bars, script).fills == [(1, 10.0), (-1, 12.0)]


@pytest.mark.parametrize("path", list(BarPath))
def test_a_trailing_stop_follows_the_open_before_the_rest_of_the_bar(path):
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(1)
        elif number == 1:
            ctx.sell(1, trail=5.0)

    bars = [*flat(100, 100), (110, 130, 104, 128)]  # from 110 nobody comes to 104 past 105
    price = 125.0 if path == BarPath.OHLC else 105.0  # its high comes first
    assert play(bars, script, bar_path=path).fills[1:] == [(-1, price)]


def test_fills_take_no_more_than_their_share_of_the_volume():
    bars = [(10, 10, 10, 10, 100)] * 5
    look = play(bars, once(0, lambda ctx: ctx.buy(25)), volume_share=Decimal("0.1"))
    assert look.fills == [(10, 10.0), (10, 10.0), (5, 10.0)]
    assert look.statuses == [OrderStatus.FILLED]


def test_two_orders_share_one_bar_s_volume():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(8)
            ctx.buy(8)

    look = play([(10, 10, 10, 10, 100)] * 3, script, volume_share=Decimal("0.1"))
    assert look.fills == [(8, 10.0), (2, 10.0), (6, 10.0)]


def test_ioc_cancels_the_rest_and_fok_takes_all_or_nothing():
    bars = [(10, 10, 10, 10, 100)] * 3
    share = Decimal("0.1")
    ioc = once(0, lambda ctx: ctx.buy(25, time_in_force=TimeInForce.IOC))
    look = play(bars, ioc, volume_share=share)
    assert look.fills == [(10, 10.0)]
    assert look.reasons == [CloseReason.NOT_AT_ONCE]
    fok = once(0, lambda ctx: ctx.buy(25, time_in_force=TimeInForce.FOK))
    look = play(bars, fok, volume_share=share)
    assert look.fills == []
    assert look.reasons == [CloseReason.NOT_WHOLE]


def test_a_day_order_expires_at_the_end_of_its_day_and_gtd_at_its_date():
    day = once(0, lambda ctx: ctx.buy(1, limit=5.0, time_in_force=TimeInForce.DAY))
    look = play([*flat(10, 10), (10, 10, 4, 10)], day)
    assert look.fills == []
    assert look.statuses == [OrderStatus.EXPIRED]
    late = play([*flat(10), (10, 10, 4, 10)], day)
    assert late.fills == [(1, 5.0)]

    def until(ctx):
        ctx.buy(1, limit=5.0, time_in_force=TimeInForce.GTD, until=ctx.time + 1)

    assert play([*flat(10, 10), (10, 10, 4, 10)], once(0, until)).statuses == [OrderStatus.EXPIRED]


def test_slippage_makes_taking_fills_worse_but_never_leaves_the_bar():
    bars = [(10, 10, 10, 10), (10, 10.01, 9, 9.5)]
    look = play(bars, once(0, lambda ctx: ctx.buy(1)), slippage_bps=Decimal(5))
    assert look.fills == [(1, 10.01)]
    capped = play(bars, once(0, lambda ctx: ctx.buy(1)), slippage_bps=Decimal(500))
    assert capped.fills == [(1, 10.01)]
    assert capped.outcome.fills["reference"].tolist() == [1000]


def test_reduce_only_never_turns_a_position():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(2)
        elif number == 1:
            ctx.sell(1)
            ctx.sell(5, limit=9.0, reduce_only=True)

    look = play(flat(10, 10, 10, 10), script)
    assert look.outcome.positions == (0,)
    assert look.fills == [(2, 10.0), (-1, 10.0), (-1, 10.0)]
    assert look.reasons[2] == CloseReason.NOTHING_LEFT


def test_a_cash_account_cannot_pay_more_than_it_has_at_the_fill():
    bars = [(10, 10, 10, 10), (20, 20, 20, 20)]
    look = play(bars, once(0, lambda ctx: ctx.buy(10)), cash=Decimal(150))
    assert look.fills == []
    assert look.statuses == [OrderStatus.REJECTED]
    assert look.reasons == [CloseReason.CASH_AT_FILL]


def test_closing_twice_sends_one_order():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(2)
        if number == 1:
            assert ctx.close() == ctx.close() > 0

    look = play(flat(10, 10, 11), script)
    assert look.fills == [(2, 10.0), (-2, 11.0)]


def test_fees_are_exact_and_rounded_against_the_trader():
    one = instrument(taker_fee=Decimal("0.001"))
    look = play([(9.99, 9.99, 9.99, 9.99)] * 2, once(0, lambda ctx: ctx.buy(3)), one=one)
    assert look.outcome.fills["fee"].tolist() == [2_997_000]
    assert look.outcome.cash == 100_000 * 10**8 - 2997 * 10**6 - 2_997_000


def test_a_stop_that_its_own_entry_has_already_passed_fills_at_once():
    script = once(0, lambda ctx: ctx.buy(1, stop_loss=9.5))
    look = play([*flat(10), (9, 9.2, 8.8, 9.1)], script)
    assert look.fills == [(1, 9.0), (-1, 9.0)]


def test_what_a_marketable_limit_could_not_fill_at_the_open_fills_inside_the_bar():
    def script(ctx, bar, number):
        if number == 0:
            ctx.sell(3, limit=9.0, reduce_only=True)
            ctx.buy(2)
        if number == 1:
            ctx.sell(3, limit=9.0, reduce_only=True)
            ctx.buy(1)

    look = play([*flat(10, 10), (11, 12, 10.5, 11)], script)
    assert look.fills == [(2, 10.0), (-2, 11.0), (1, 11.0)]
    assert look.outcome.positions == (1,)


def test_the_exits_of_a_position_closed_by_hand_do_not_meet_the_next_one():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(1, take_profit=20.0, stop_loss=8.0)
        elif number == 1:
            ctx.close()
        elif number == 2:
            ctx.buy(1)

    look = play([*flat(10, 10, 10, 10), (10, 10, 7, 7)], script)
    assert look.outcome.positions == (1,)
    assert look.reasons[1:3] == [CloseReason.NOTHING_LEFT] * 2


def test_a_cash_account_never_delivers_more_than_it_holds():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(2)
        elif number == 1:
            ctx.sell(2, limit=11.0)
            ctx.sell(1, reduce_only=True)

    look = play([*flat(10, 10, 10), (10, 12, 10, 12), (10, 12, 10, 12)], script)
    assert look.outcome.positions == (0,)
    assert look.reasons[1] == CloseReason.NOTHING_LEFT
