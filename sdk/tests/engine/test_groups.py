"""Brackets and orders that cancel each other, whatever happens to them half-way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine import BarPath, CloseReason, DenyReason, Mode, Plan, run
from tradectl_sdk.strategy import Strategy
from workbench import columns, flat, instrument, once, play

TENTH = Decimal("0.1")
HUNDRED = [(10, 10, 10, 10, 100)] * 4


def test_exits_grow_with_the_fills_of_their_entry():
    script = once(0, lambda ctx: ctx.buy(25, take_profit=12.0, stop_loss=8.0))
    look = play(HUNDRED[:3], script, volume_share=TENTH)
    assert look.outcome.orders["quantity"].tolist() == [25, 20, 20]


def test_an_exit_that_fills_ends_an_entry_that_is_not_whole():
    bars = [*HUNDRED[:1], (10, 10, 9, 10, 100), (10, 13, 10, 12, 100), (10, 10, 9, 9, 100)]
    script = once(0, lambda ctx: ctx.buy(25, limit=9.5, take_profit=12.0, stop_loss=8.0))
    look = play(bars, script, volume_share=TENTH)
    assert look.outcome.positions == (0,)
    assert look.reasons[0] == CloseReason.EXIT_FILLED


@pytest.mark.parametrize("extra", [False, True])
def test_an_exit_meets_the_open_whether_or_not_another_order_waits(extra):
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(1, take_profit=11.5, stop_loss=8.0)
            if extra:
                ctx.buy(1, limit=1.0)

    look = play([*flat(10), (12, 13, 11.8, 12)], script)
    assert look.fills == [(1, 12.0), (-1, 12.0)]
    assert look.outcome.fills["time"][0] == look.outcome.fills["time"][1]


def test_turning_a_position_drops_the_exits_of_the_old_one():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(2, take_profit=20.0, stop_loss=8.0)
        elif number == 1:
            ctx.sell(5)
        elif number == 2:
            ctx.buy(5)

    look = play([*flat(10, 10, 10, 10), (10, 10, 7, 7)], script, margin=True)
    assert look.outcome.positions == (2,)
    assert look.reasons[1:3] == [CloseReason.NOTHING_LEFT] * 2


def test_the_larger_part_of_a_position_keeps_its_exits():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(5, stop_loss=8.0)
        elif number == 1:
            ctx.sell(2)

    look = play([*flat(10, 10, 10), (10, 10, 7, 7)], script)
    assert look.fills[-1] == (-3, 8.0)


def test_two_brackets_that_cancel_each_other_keep_their_exits_whole():
    def script(ctx, bar, number):
        if number == 0:
            up = ctx.buy(25, stop=10.5, stop_loss=9.0, take_profit=20.0)
            down = ctx.sell(25, stop=9.5, stop_loss=11.0, take_profit=5.0)
            assert ctx.one_cancels_other(up, down)

    bars = [*HUNDRED[:1], (10, 11, 10, 11, 100), (11, 11, 11, 11, 100), (11, 11, 11, 11, 100)]
    look = play(bars, script, volume_share=TENTH, margin=True)
    assert look.outcome.positions == (25,)
    assert look.outcome.orders["quantity"].tolist()[1:3] == [25, 25]
    assert look.statuses[3] == OrderStatus.CANCELED


def test_three_orders_tied_two_by_two_are_one_group():
    def script(ctx, bar, number):
        if number == 0:
            one, two, three = (ctx.buy(1, limit=price) for price in (9.0, 8.0, 7.0))
            assert ctx.one_cancels_other(one, two)
            assert ctx.one_cancels_other(two, three)

    look = play([*flat(10), (10, 10, 8.5, 9)], script)
    assert look.statuses == [OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.CANCELED]


def test_only_two_working_orders_can_be_tied():
    answers = []

    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(1)
        elif number == 1:
            two = ctx.buy(1, limit=5.0)
            answers.extend(
                ctx.one_cancels_other(*pair) for pair in [(1, two), (two, two), (two, 99), (0, two)]
            )

    look = play(flat(10, 10, 10), script)
    assert answers == [False] * 4
    assert look.outcome.orders["group"].tolist() == [0, 0]


def test_one_side_s_fill_shrinks_the_other_side_too():
    def script(ctx, bar, number):
        if number == 0:
            ctx.one_cancels_other(ctx.buy(25, stop=11.0), ctx.sell(25, stop=9.0))

    bars = [*HUNDRED[:1], (10, 11, 10, 11, 100), (10, 10, 8, 8, 100), (8, 8, 8, 8, 10_000)]
    look = play(bars, script, volume_share=TENTH, margin=True)
    assert abs(look.outcome.fills["quantity"]).sum() == 25


@pytest.mark.parametrize("path", list(BarPath))
def test_cancelling_an_entry_drops_exits_that_wait_and_keeps_those_that_protect(path):
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(25, stop_loss=8.0)
            ctx.buy(25, limit=1.0, stop_loss=0.5)
        elif number == 1:
            ctx.cancel(1)
            ctx.cancel(3)

    look = play(HUNDRED, script, volume_share=TENTH, bar_path=path)
    assert [int(status) for status in look.statuses] == [
        OrderStatus.CANCELED,
        OrderStatus.ACCEPTED,
        OrderStatus.CANCELED,
        OrderStatus.CANCELED,
    ]
    assert look.outcome.orders["quantity"][1] == 10
    assert look.reasons[3] == CloseReason.PARENT_ENDED


def test_an_exit_can_be_cancelled_before_and_after_its_entry():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(1, stop_loss=8.0, take_profit=12.0)
            assert ctx.cancel(2)
        elif number == 1:
            assert ctx.cancel(3)
            assert not ctx.cancel(3)

    look = play([*flat(10, 10), (10, 13, 7, 10)], script)
    assert look.fills == [(1, 10.0)]


class NoExit:
    """Refuses, or cuts to one lot, reduce-only orders at some price and above."""

    def __init__(self, ticks: int, allowed: int) -> None:
        self.reason = 30
        self.ticks = ticks
        self.allowed = allowed

    def check(self, order, account, market, now: int) -> int:
        return self.allowed if order.reduces and order.price >= self.ticks else order.lots

    def observe(self, now: int, equity: float) -> None:
        pass


class Protected(Strategy):
    """Enters with both exits on the first bar."""

    def on_start(self, ctx) -> None:
        self.entry = 0
        self.told = 0

    def on_bar(self, ctx, bar) -> None:
        if self.entry == 0:
            self.entry = ctx.buy(5.0, take_profit=12.0, stop_loss=8.0)

    def on_order(self, ctx, order) -> None:
        self.told = self.told * 1000 + order.reason


@pytest.mark.parametrize("mode", [Mode.INTERPRETED, Mode.COMPILED])
@pytest.mark.parametrize(
    ("ticks", "allowed", "reasons"),
    [
        (1200, 0, [DenyReason.EXIT_REFUSED, DenyReason.CUSTOM]),
        (1200, 1, [DenyReason.EXIT_REFUSED, DenyReason.CUSTOM]),  # for a part is not enough
        (800, 0, [DenyReason.EXIT_REFUSED, DenyReason.CUSTOM, DenyReason.CUSTOM]),
    ],
)
def test_an_entry_whose_exit_is_refused_is_denied_too(mode, ticks, allowed, reasons):
    one = instrument()
    plan = Plan(
        instruments=[one],
        columns=[columns(flat(10, 10, 10), one)],
        make_strategy=Protected,
        make_rules=lambda: [NoExit(ticks, allowed)],
    )
    outcome = run(plan, mode)
    assert outcome.orders["reason"].tolist() == reasons
    assert set(outcome.orders["status"].tolist()) == {OrderStatus.DENIED}
    assert outcome.orders["parent"].tolist() == [0, *[1] * (len(reasons) - 1)]
    assert outcome.positions == (0,)
    told = 0
    for reason in reasons:
        told = told * 1000 + reason
    assert outcome.strategies[0].told == told
    assert outcome.strategies[0].entry == 1


def test_a_bracket_is_as_large_as_the_entry_that_the_rules_left():
    class Half:
        reason = 30

        def check(self, order, account, market, now):
            seen.append(order.lots)
            return order.lots if order.reduces else order.lots // 2

        def observe(self, now, equity):
            pass

    seen = []
    script = once(0, lambda ctx: ctx.buy(8, take_profit=12.0, stop_loss=8.0))
    look = play(flat(10, 10, 10), script, plan={"make_rules": lambda: [Half()]})
    assert seen == [8, 4, 4]
    assert look.outcome.orders["quantity"].tolist() == [4, 4, 4]


def test_a_take_profit_gains_nothing_by_what_its_entry_fills_inside_the_same_bar():
    script = once(0, lambda ctx: ctx.buy(100, limit=99.0, take_profit=105.0, stop_loss=90.0))
    bars = [
        (100, 100, 100, 100, 1000),
        (100, 100, 98, 100, 50),  # half of the entry
        (100, 106, 98, 100, 500),  # through the target and through the rest of the entry
    ]
    look = play(bars, script, volume_share=Decimal(1))
    assert look.fills == [(50, 99.0), (-50, 105.0)]
    assert look.reasons == [CloseReason.EXIT_FILLED, 0, CloseReason.SIBLING_FILLED]


def test_an_entry_on_the_way_to_its_stop_loss_fills_before_it():
    script = once(0, lambda ctx: ctx.buy(100, limit=99.0, stop_loss=95.0))
    bars = [
        (100, 100, 100, 100, 1000),
        (100, 100, 98, 100, 50),  # half of the entry
        (100, 100, 94, 94, 500),  # nobody comes from 100 to 95 without passing 99
    ]
    look = play(bars, script, volume_share=Decimal(1))
    assert look.fills == [(50, 99.0), (50, 99.0), (-100, 95.0)]


def test_a_stop_loss_that_was_raised_above_its_entry_comes_first():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(100, limit=99.0, stop_loss=95.0)
        elif number == 1:
            ctx.modify(2, stop=101.0)

    bars = [
        (100, 100, 100, 100, 1000),
        (100, 103, 98, 103, 50),
        (103, 103, 94, 94, 500),
    ]
    look = play(bars, script, volume_share=Decimal(1))
    assert look.fills == [(50, 99.0), (-50, 101.0)]
    assert look.reasons == [CloseReason.EXIT_FILLED, 0]
