"""Volume is filled once, and never at a worse price than an order allows."""

from __future__ import annotations

from decimal import Decimal

from tradectl_sdk.domain.orders import OrderStatus, TimeInForce
from tradectl_sdk.engine import BarPath, CloseReason, FillReason, LimitFill, MarketFill
from workbench import flat, once, play

TENTH = Decimal("0.1")
HUNDRED = [(10, 10, 10, 10, 100)] * 4


def test_each_bar_has_its_own_volume_when_orders_fill_at_its_close():
    def script(ctx, bar, number):
        if number < 3:
            ctx.buy(10)

    look = play(HUNDRED, script, volume_share=TENTH, market_fill=MarketFill.THIS_CLOSE)
    assert look.outcome.fills["bar"].tolist() == [0, 1, 2]
    assert look.fill_reasons == [FillReason.MARKET_CLOSE] * 3


def test_the_close_has_only_what_the_open_left():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(14)  # ten at this close, four at the next open
        elif number == 1:
            ctx.buy(10)

    look = play(HUNDRED, script, volume_share=TENTH, market_fill=MarketFill.THIS_CLOSE)
    assert [
        (*pair, bar) for pair, bar in zip(look.fills, look.outcome.fills["bar"], strict=True)
    ] == [
        (10, 10.0, 0),
        (4, 10.0, 1),
        (6, 10.0, 1),
        (4, 10.0, 2),
    ]


def test_a_limit_better_than_the_open_does_not_slip_beyond_itself():
    bars = [(10, 10, 10, 10), (8.99, 9.5, 8.5, 9)]
    look = play(bars, once(0, lambda ctx: ctx.buy(1, limit=9.0)), slippage_bps=Decimal(100))
    assert look.fills == [(1, 9.0)]
    short = play(
        [(10, 10, 10, 10), (11.01, 11.5, 10.5, 11)],
        once(0, lambda ctx: ctx.sell(1, limit=11.0)),
        slippage_bps=Decimal(100),
        margin=True,
    )
    assert short.fills == [(-1, 11.0)]


def test_a_stop_limit_that_triggers_does_not_slip_beyond_its_limit():
    bars = [(10, 10, 10, 10), (10, 12, 10, 12)]
    script = once(0, lambda ctx: ctx.buy(1, stop=11.0, limit=11.05))
    for path in BarPath:
        look = play(bars, script, slippage_bps=Decimal(100), bar_path=path)
        assert look.fills == [(1, 11.05)], path


def test_a_stop_limit_at_its_own_trigger_is_merely_touched():
    bars = [(10, 10, 10, 10), (10, 12, 10, 12)]
    script = once(0, lambda ctx: ctx.buy(1, stop=11.0, limit=11.0))
    for path in (BarPath.WORST_CASE, BarPath.ADAPTIVE):
        assert play(bars, script, bar_path=path).fills == [], path
        touched = play(bars, script, bar_path=path, limit_fill=LimitFill.TOUCH)
        assert touched.fills == [(1, 11.0)], path


def test_what_a_triggered_stop_could_not_fill_follows_at_the_next_open():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(25)
        elif number == 3:
            ctx.sell(25, stop=9.0)

    bars = [*HUNDRED, (10, 10, 8.5, 9.5, 100), (9.6, 9.9, 9.4, 9.8, 100), (9.9, 9.9, 9.9, 9.9, 100)]
    for path in BarPath:
        look = play(bars, script, volume_share=TENTH, bar_path=path)
        assert look.fills[3:] == [(-10, 9.0), (-10, 9.6), (-5, 9.9)], path
        assert look.fill_reasons[3:] == [
            FillReason.STOP_TRIGGERED,
            FillReason.STOP_REST,
            FillReason.STOP_REST,
        ]


def test_a_stop_that_triggers_where_no_volume_is_left_is_triggered_for_good():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(20)
        elif number == 2:
            ctx.sell(10)
            ctx.sell(5, stop=9.0)

    bars = [*HUNDRED[:3], (10, 10, 8.5, 9.5, 100), (9.6, 9.9, 9.4, 9.8, 100)]
    for path in BarPath:
        look = play(bars, script, volume_share=TENTH, bar_path=path)
        assert look.fills[2:] == [(-10, 10.0), (-5, 9.6)], path


def test_fill_or_kill_is_not_filled_in_part_when_the_position_shrinks():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(10)
        elif number == 1:
            ctx.sell(4)
            ctx.sell(10, time_in_force=TimeInForce.FOK, reduce_only=True)

    look = play(flat(10, 10, 10), script)
    assert look.outcome.positions == (6,)
    assert look.reasons[2] == CloseReason.NOT_WHOLE


def test_an_order_at_the_next_close_may_be_immediate_or_cancel():
    for force in (TimeInForce.IOC, TimeInForce.FOK):
        look = play(
            flat(10, 11, 12),
            once(0, lambda ctx, force=force: ctx.buy(1, time_in_force=force)),
            market_fill=MarketFill.NEXT_CLOSE,
        )
        assert look.fills == [(1, 11.0)]
    look = play(
        HUNDRED,
        once(0, lambda ctx: ctx.buy(15, time_in_force=TimeInForce.IOC)),
        market_fill=MarketFill.NEXT_CLOSE,
        volume_share=TENTH,
    )
    assert look.fills == [(10, 10.0)]
    assert look.statuses == [OrderStatus.CANCELED]


def test_a_touched_limit_says_so_on_every_path():
    bars = [(10, 10, 10, 10), (10, 10, 9, 9.5)]
    for path in BarPath:
        look = play(
            bars,
            once(0, lambda ctx: ctx.buy(1, limit=9.0)),
            limit_fill=LimitFill.TOUCH,
            bar_path=path,
        )
        assert look.fill_reasons == [FillReason.LIMIT_TOUCHED], path


def test_the_smallest_share_of_volume_is_not_unlimited():
    look = play(HUNDRED, once(0, lambda ctx: ctx.buy(50)), volume_share=Decimal("1e-7"))
    assert look.fills == []


def test_an_order_filled_bit_by_bit_may_outgrow_the_table_of_fills(monkeypatch):
    monkeypatch.setattr("tradectl_sdk.engine.build._ROOM", 8)

    def script(ctx, bar, number):
        if number < 100:
            ctx.buy(5)
            ctx.buy(5)
        elif number == 100:
            ctx.buy(1000)

    look = play(HUNDRED * 50, script, volume_share=TENTH, max_orders_per_instant=2)
    assert len(look.outcome.fills) == 200 + 99
