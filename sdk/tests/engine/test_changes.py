"""Changing orders: what may be changed, at which price in priority, and what is said when not."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from casino import assumptions, make_plan, seeds, several
from hypothesis import given
from tradectl_sdk.domain.orders import OrderEvent, OrderFlag, OrderStatus
from tradectl_sdk.engine import Assumptions, CloseReason, DenyReason, Mode, Plan, run
from tradectl_sdk.engine.build import build
from tradectl_sdk.engine.columns import O_FILLED, O_FLAGS, O_INSTRUMENT, O_LOTS, O_SIDE, O_STATUS
from tradectl_sdk.engine.engine import DONE, GROW
from tradectl_sdk.engine.run import grow
from tradectl_sdk.errors import StrategyError
from tradectl_sdk.strategy import Strategy, param
from workbench import DAY, columns, flat, instrument, play

TENTH = Decimal("0.1")
NAN = float("nan")


def steps(*actions):
    """A script that takes one action a bar; what the actions return is collected."""
    answers = []

    def script(ctx, bar, number):
        if number < len(actions) and actions[number] is not None:
            answers.append(actions[number](ctx))

    script.answers = answers
    return script


def told(look):
    return look.outcome.strategies[0].updates


def test_another_limit_is_where_it_fills():
    script = steps(lambda ctx: ctx.buy(3, limit=8.0), lambda ctx: ctx.modify(1, limit=9.0))
    look = play([*flat(10, 10), (10, 10, 8.5, 10)], script)
    assert script.answers == [1, True]
    assert look.fills == [(3, 9.0)]
    assert look.outcome.orders["limit"].tolist() == [900]


def test_another_trigger_and_another_quantity_count_from_the_next_bar():
    script = steps(
        lambda ctx: ctx.buy(3, stop=12.0), lambda ctx: ctx.modify(1, quantity=5, stop=11.0)
    )
    look = play([*flat(10, 10), (10, 11.5, 10, 11)], script)
    assert look.fills == [(5, 11.0)]


def test_a_stop_limit_has_both_prices_until_it_is_triggered():
    script = steps(
        lambda ctx: ctx.buy(1, stop=11.0, limit=10.5),
        lambda ctx: ctx.modify(1, stop=10.8, limit=10.4),
        lambda ctx: [ctx.modify(1, stop=10.7), ctx.modify(1, limit=10.6)],
    )
    look = play([*flat(10, 10), (10, 10.9, 10.8, 10.8), (10.8, 10.8, 10.5, 10.7)], script)
    assert script.answers == [1, True, [False, True]]
    assert look.fills == [(1, 10.6)]


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ({"limit": 9.5}, 2),  # away: it comes back as the youngest
        ({"quantity": 30}, 2),
        ({"quantity": 15}, 1),
        ({"quantity": 20, "limit": 9.0}, 1),  # as it is already
    ],
)
def test_a_dearer_change_costs_the_place_and_a_smaller_quantity_keeps_it(change, first):
    def back(ctx):
        return ctx.modify(1, limit=9.0) if change.get("limit", 9.0) != 9.0 else None

    script = steps(
        lambda ctx: [ctx.buy(20, limit=9.0), ctx.buy(20, limit=9.0)],
        lambda ctx: ctx.modify(1, **change),
        back,
    )
    bars = [(10, 10, 10, 10, 100)] * 3 + [(10, 10, 8, 9, 100)]
    look = play(bars, script, volume_share=TENTH)
    assert look.outcome.fills["order"].tolist() == [first]


class Early(Strategy):
    """Places an order on the long series and changes it while one of its bars is under way."""

    portfolio = True
    smaller: bool = param(default=False)

    def on_start(self, ctx) -> None:
        self.seen = 0

    def on_bar(self, ctx, bar) -> None:
        if bar.instrument == 1:
            self.seen += 1
            if self.seen == 2:
                ctx.buy(4.0, limit=9.0, instrument=0)
            elif self.seen == 3 and self.smaller:
                ctx.modify(1, quantity=3.0)
            elif self.seen == 3:
                ctx.modify(1, limit=9.5)


@pytest.mark.parametrize("mode", [Mode.INTERPRETED, Mode.COMPILED])
@pytest.mark.parametrize(("smaller", "bar"), [(False, 2), (True, 1)])
def test_a_bar_under_way_is_not_met_at_a_price_that_came_later(smaller, bar, mode):
    """The long bar from day 2 to day 4 reaches 8; the change at day 3 cannot have been there."""
    ones = [instrument("LONG"), instrument("SHORT")]
    long = columns([(10, 10, 10, 10), (10, 10, 8, 10), (10, 10, 8, 10)], ones[0], 0, 2 * DAY)
    short = columns(flat(*[10] * 6), ones[1], 1, DAY)
    plan = Plan(
        instruments=ones,
        columns=[long, short],
        make_strategy=lambda: Early(smaller=smaller),
        assumptions=Assumptions(volume_share=Decimal(0), slippage_bps=Decimal(0)),
    )
    outcome = run(plan, mode)
    assert outcome.mode is mode
    assert outcome.fills["bar"].tolist() == [bar]


@pytest.mark.parametrize(
    ("placed", "change", "reason"),
    [
        ({"limit": 9.0}, {"quantity": NAN}, DenyReason.BAD_QUANTITY),
        ({"limit": 9.0}, {"quantity": -1.0}, DenyReason.BAD_QUANTITY),
        ({"limit": 9.0}, {"quantity": 0.5}, DenyReason.ZERO_LOTS),
        ({"limit": 9.0}, {"limit": NAN}, DenyReason.BAD_PRICE),
        ({"limit": 9.0}, {"limit": 9.005}, DenyReason.OFF_TICK),
        ({"limit": 9.0}, {"stop": 11.0}, DenyReason.NOT_CHANGEABLE),
        ({"stop": 11.0}, {"limit": 11.0}, DenyReason.NOT_CHANGEABLE),
        ({"stop": 11.0}, {"stop": -1.0}, DenyReason.BAD_PRICE),
        ({"trail": 1.0}, {"stop": 11.0}, DenyReason.NOT_CHANGEABLE),
        ({"limit": 9.0}, {"quantity": 1e6}, DenyReason.CUSTOM),
        ({"limit": 9.0}, {"quantity": 1e17}, DenyReason.TOO_LARGE),
        ({"limit": 9.0, "stop_loss": 8.0}, {"limit": 7.5}, DenyReason.BAD_BRACKET),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_its_reason(placed, change, reason):
    class Most:
        reason = 30

        def check(self, order, account, market, now):
            return order.lots if order.lots < 1000 else 0

        def observe(self, now, equity):
            pass

    script = steps(lambda ctx: ctx.buy(3, **placed), lambda ctx: ctx.modify(1, **change))
    before = play(flat(10, 10, 10), steps(lambda ctx: ctx.buy(3, **placed)))
    look = play(flat(10, 10, 10), script, plan={"make_rules": lambda: [Most()]})
    assert script.answers == [1, False]
    assert told(look) == [(OrderStatus.ACCEPTED, reason)]
    assert look.outcome.orders.tobytes() == before.outcome.orders.tobytes()


def test_a_strategy_hears_of_a_change_and_of_a_refusal():
    class Listening(Strategy):
        def on_start(self, ctx) -> None:
            self.heard = []

        def on_bar(self, ctx, bar) -> None:
            if ctx.open_orders == 0:
                ctx.buy(1.0, limit=5.0)
                ctx.buy(-1.0)
            else:
                ctx.modify(1, limit=6.0)
                ctx.modify(1, quantity=-1.0)
                ctx.cancel(1)
                ctx.modify(1, limit=7.0)

        def on_order(self, ctx, order) -> None:
            self.heard.append((order.id, order.event, order.status, order.reason))

    one = instrument()
    plan = Plan(instruments=[one], columns=[columns(flat(9, 9, 9), one)], make_strategy=Listening)
    heard = run(plan, Mode.INTERPRETED).strategies[0].heard
    status, event = OrderStatus, OrderEvent
    assert heard == [
        (2, event.DENY, status.DENIED, DenyReason.BAD_QUANTITY),
        (1, event.MODIFIED, status.ACCEPTED, 0),
        (1, event.DENY, status.ACCEPTED, DenyReason.BAD_QUANTITY),
        (1, event.CANCELED, status.CANCELED, CloseReason.REQUESTED),
        (1, event.DENY, status.CANCELED, DenyReason.NOT_WORKING),
    ]


def test_what_an_order_has_reserved_is_free_for_its_change():
    """Cash for ten at ten: the order may move, but not become dearer than the cash."""
    from tradectl_sdk.config.settings import RiskSection
    from tradectl_sdk.pipelines.risk import make_rules

    one, assume = instrument(), Assumptions(cash=Decimal(100), slippage_bps=Decimal(0))
    rules, _, _ = make_rules(RiskSection(), None, [one], assume)
    script = steps(
        lambda ctx: ctx.buy(10, limit=9.5),
        lambda ctx: [
            ctx.modify(1, limit=10.0),
            ctx.modify(1, limit=10.01),
            ctx.modify(1, quantity=11),
        ],
    )
    look = play(flat(10, 10, 10), script, cash=Decimal(100), plan={"make_rules": rules})
    assert script.answers == [1, [True, False, False]]
    assert told(look)[1:] == [(OrderStatus.ACCEPTED, DenyReason.CASH)] * 2


class Half:
    """Lets half of what is asked for pass, and counts how often it is asked."""

    reason = 30

    def __init__(self):
        self.asked = 0

    def check(self, order, account, market, now):
        self.asked += 1
        return order.lots // 2

    def observe(self, now, equity):
        pass


def test_a_rule_may_cut_a_change_down_and_is_not_asked_about_less():
    rule = Half()
    script = steps(
        lambda ctx: ctx.buy(8, limit=9.0),
        lambda ctx: ctx.modify(1, quantity=20),
        lambda ctx: ctx.modify(1, quantity=2),
    )
    look = play(flat(10, 10, 10, 10), script, plan={"make_rules": lambda: [rule]})
    assert script.answers == [1, True, True]
    assert rule.asked == 2
    assert look.outcome.orders["quantity"].tolist() == [2]
    assert look.reasons == [DenyReason.CUSTOM]


def test_less_than_the_venue_takes_is_refused_even_when_it_is_less():
    one = instrument(min_notional=Decimal(50))
    script = steps(
        lambda ctx: ctx.buy(9, limit=9.0),
        lambda ctx: [ctx.modify(1, quantity=5), ctx.modify(1, quantity=6)],
    )
    look = play(flat(10, 10, 10), script, one=one)
    assert script.answers == [1, [False, True]]
    assert told(look)[0] == (OrderStatus.ACCEPTED, DenyReason.MIN_NOTIONAL)


def test_an_order_cut_to_what_has_been_filled_is_filled():
    script = steps(
        lambda ctx: ctx.buy(25),
        lambda ctx: [ctx.modify(1, quantity=9), ctx.modify(1, quantity=10), ctx.cancel(1)],
    )
    look = play([(10, 10, 10, 10, 100)] * 4, script, volume_share=TENTH)
    assert script.answers == [1, [False, True, False]]
    assert look.outcome.positions == (10,)
    assert look.statuses == [OrderStatus.FILLED]
    assert look.outcome.orders["closed"][0] == look.outcome.times[1]
    assert told(look) == [
        (OrderStatus.PARTIALLY_FILLED, DenyReason.BELOW_FILLED),
        (OrderStatus.FILLED, 0),
    ]


def test_a_reduce_only_order_grows_no_larger_than_the_position():
    script = steps(
        lambda ctx: ctx.buy(5),
        lambda ctx: ctx.sell(2, limit=12.0, reduce_only=True),
        lambda ctx: ctx.modify(2, quantity=9),
        lambda ctx: ctx.sell(5),
        lambda ctx: ctx.modify(2, quantity=10),
    )
    look = play(flat(*[10] * 6), script, margin=True)
    assert script.answers[2] is True
    assert script.answers[4] is False
    assert look.outcome.orders["quantity"][1] == 5
    assert told(look)[-1] == (OrderStatus.ACCEPTED, DenyReason.NOTHING_TO_REDUCE)


def test_tied_orders_stay_tied_when_one_is_changed():
    def start(ctx):
        up, down = ctx.buy(5, stop=12.0), ctx.sell(5, stop=8.0)
        return ctx.one_cancels_other(up, down)

    script = steps(start, lambda ctx: ctx.modify(1, stop=11.0))
    look = play([*flat(10, 10), (10, 11, 10, 11), *flat(7)], script, margin=True)
    assert look.fills == [(5, 11.0)]
    assert look.reasons[1] == CloseReason.SIBLING_FILLED


def test_exits_can_be_moved_before_and_after_their_entry_has_filled():
    script = steps(
        lambda ctx: [ctx.buy(5, take_profit=12.0, stop_loss=8.0), ctx.modify(3, stop=9.0)],
        lambda ctx: [ctx.modify(3, stop=10.5), ctx.modify(2, limit=13.0)],
    )
    look = play([*flat(10, 10.8), (10.8, 12.5, 10, 10)], script)
    assert script.answers == [[1, True], [True, True]]
    assert look.fills == [(5, 10.8), (-5, 10.5)]  # a stop may follow into the profit
    assert look.reasons[1] == CloseReason.SIBLING_FILLED


def test_an_exit_that_waits_keeps_its_side_and_has_no_quantity_of_its_own():
    script = steps(
        lambda ctx: [
            ctx.buy(5, limit=9.0, take_profit=12.0, stop_loss=8.0),
            ctx.modify(3, stop=9.5),
            ctx.modify(2, limit=8.5),
            ctx.modify(2, quantity=1),
            ctx.modify(1, limit=12.5),
            ctx.modify(1, limit=8.5),
        ],
        lambda ctx: ctx.modify(3, quantity=1),
    )
    look = play([*flat(10), (8.4, 8.4, 8.4, 8.4), *flat(9)], script)
    assert script.answers == [[1, False, False, False, False, True], False]
    reasons = [reason for _, reason in told(look)]
    assert reasons.count(DenyReason.BAD_BRACKET) == 3
    assert reasons.count(DenyReason.NOT_CHANGEABLE) == 2
    assert look.outcome.orders["quantity"].tolist() == [5, 5, 5]


def test_a_rule_that_leaves_an_exit_only_a_part_refuses_its_change():
    class OneOfExits:
        reason = 30
        strict = False

        def check(self, order, account, market, now):
            return 1 if order.reduces and self.strict else order.lots

        def observe(self, now, equity):
            pass

    rule = OneOfExits()

    def move(ctx):
        rule.strict = True
        return ctx.modify(2, stop=8.5)

    script = steps(lambda ctx: ctx.buy(5, stop_loss=8.0), move)
    look = play(flat(10, 10, 10), script, plan={"make_rules": lambda: [rule]})
    assert script.answers == [1, False]
    assert look.outcome.orders["trigger"].tolist() == [0, 800]


def test_nobody_is_told_of_a_change_to_what_is_or_to_what_never_was():
    script = steps(
        lambda ctx: ctx.buy(3, limit=9.0),
        lambda ctx: [ctx.modify(1, 3, 9.0), ctx.modify(1), ctx.modify(99, 1), ctx.modify(0, 1)],
    )
    look = play(flat(10, 10, 10), script)
    assert script.answers == [1, [True, True, False, False]]
    assert told(look) == []


def test_changes_count_among_the_orders_of_an_instant():
    def script(ctx, bar, number):
        ctx.buy(1, limit=5.0)
        for step in range(20):
            ctx.modify(1, limit=5.0 + 0.01 * step)

    with pytest.raises(StrategyError, match="too many orders at one instant"):
        play(flat(10, 10), script, max_orders_per_instant=10)


def test_no_order_is_changed_after_the_last_bar():
    class Late(Strategy):
        def on_bar(self, ctx, bar) -> None:
            if ctx.open_orders == 0:
                ctx.buy(1.0, limit=5.0)

        def on_stop(self, ctx) -> None:
            self.done = ctx.modify(1, limit=6.0)

    one = instrument()
    plan = Plan(instruments=[one], columns=[columns(flat(9, 9), one)], make_strategy=Late)
    outcome = run(plan, Mode.INTERPRETED)
    assert outcome.strategies[0].done is False
    assert outcome.orders["limit"].tolist() == [500]


@given(seed=seeds, assume=assumptions)
@several
def test_what_is_reserved_is_what_open_orders_have_left(seed, assume):
    engine = build(make_plan(seed, 2, 120, assume))
    while (state := engine.run()) != DONE:
        if state == GROW:
            grow(engine)
    orders, account = engine.desk.orders, engine.desk.account
    rows = np.asarray(orders.rows)[: orders.count]
    working = (rows[:, O_STATUS] >= OrderStatus.ACCEPTED) & (rows[:, O_STATUS] < OrderStatus.FILLED)
    counted = rows[working & (rows[:, O_FLAGS] & OrderFlag.REDUCE_ONLY == 0)]
    left = counted[:, O_LOTS] - counted[:, O_FILLED]
    assert (left > 0).all()
    for which in range(2):
        own = counted[:, O_INSTRUMENT] == which
        buys = counted[:, O_SIDE] > 0
        assert account.open_buys[which] == left[own & buys].sum()
        assert account.open_sells[which] == left[own & ~buys].sum()
    assert orders.working == working.sum() == sum(orders.open)
