"""Whatever a strategy asks for is placed or denied with a stable reason; it never raises."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.domain.orders import OrderStatus, OrderType, TimeInForce
from tradectl_sdk.engine import CloseReason, DenyReason
from workbench import flat, instrument, once, play

NAN, INF = math.nan, math.inf
ODD = [NAN, INF, -INF, 0.0, -0.0, -1.0, 1e-300, 1e300, 2.0**63, 0.5, 1.0, 10.0, 10.005]
odd = st.sampled_from(ODD) | st.floats()


def asked(action):
    """The reason an order placed on the first of three bars was denied for, 0 if it was not."""
    look = play(flat(10, 10, 10), once(0, action))
    assert len(look.outcome.orders) == 1
    denied = look.statuses[0] == OrderStatus.DENIED
    assert denied == (0 < look.reasons[0] < 100)
    return look.reasons[0] if denied else 0


@pytest.mark.parametrize("quantity", [NAN, INF, -INF, 0.0, -1.0, 1e300, 2.0**63])
def test_a_quantity_must_be_a_number_above_zero(quantity):
    assert asked(lambda ctx: ctx.buy(quantity)) == DenyReason.BAD_QUANTITY
    assert asked(lambda ctx: ctx.sell(quantity, limit=11.0)) == DenyReason.BAD_QUANTITY


@pytest.mark.parametrize("quantity", [NAN, INF, -INF, 1e300, -1e300, 2.0**63])
def test_a_target_must_be_a_number_that_can_be_counted(quantity):
    assert asked(lambda ctx: ctx.target(quantity)) == DenyReason.BAD_QUANTITY


@pytest.mark.parametrize("price", [NAN, INF, -INF, -1.0, 1e300])
@pytest.mark.parametrize("name", ["limit", "stop", "take_profit", "stop_loss", "trail"])
def test_a_price_must_be_a_number_above_zero(name, price):
    assert asked(lambda ctx: ctx.buy(1, **{name: price})) == DenyReason.BAD_PRICE


@pytest.mark.parametrize("distance", [NAN, INF, -1.0, 10_000.0])
def test_a_distance_in_basis_points_must_leave_a_price(distance):
    assert asked(lambda ctx: ctx.sell(1, trail_bps=distance)) == DenyReason.BAD_PRICE


@pytest.mark.parametrize("name", ["limit", "stop", "take_profit", "stop_loss", "trail"])
def test_a_price_must_lie_on_a_tick(name):
    assert asked(lambda ctx: ctx.buy(1, **{name: 10.005})) == DenyReason.OFF_TICK


def test_less_than_a_lot_is_no_order():
    assert asked(lambda ctx: ctx.buy(0.5)) == DenyReason.ZERO_LOTS


@pytest.mark.parametrize("which", [1, 99, -2, -99])
def test_an_unknown_instrument_is_denied_whatever_is_asked(which):
    for action in (
        lambda ctx: ctx.buy(1, instrument=which),
        lambda ctx: ctx.sell(1, instrument=which),
        lambda ctx: ctx.target(5.0, instrument=which),
        lambda ctx: ctx.close(instrument=which),
    ):
        assert asked(action) == DenyReason.NO_INSTRUMENT
    look = play(flat(10, 10), once(0, lambda ctx: ctx.cancel_all(instrument=which)))
    assert len(look.outcome.orders) == 0


@pytest.mark.parametrize(
    "terms",
    [
        {"time_in_force": 5},
        {"time_in_force": -1},
        {"time_in_force": 10**30},
        {"until": 10**19},
        {"time_in_force": TimeInForce.DAY, "until": 10**18},
        {"trail": 1.0, "limit": 9.0},
        {"trail": 1.0, "stop": 9.0},
        {"trail": 1.0, "trail_bps": 100.0},
    ],
)
def test_terms_that_contradict_each_other_are_denied(terms):
    assert asked(lambda ctx: ctx.sell(1, **terms)) == DenyReason.BAD_TERMS


@pytest.mark.parametrize("until", [-1, 0, 1, 10**30])
def test_a_date_must_lie_ahead(until):
    reason = asked(lambda ctx: ctx.buy(1, limit=9.0, time_in_force=TimeInForce.GTD, until=until))
    assert reason == DenyReason.NO_EXPIRY


def test_exits_must_stand_on_their_sides_of_the_entry():
    for wrong in ({"take_profit": 9.0}, {"stop_loss": 11.0}, {"take_profit": 10.0}):
        assert asked(lambda ctx, wrong=wrong: ctx.buy(1, **wrong)) == DenyReason.BAD_BRACKET


def test_a_value_beyond_exact_arithmetic_is_denied():
    assert asked(lambda ctx: ctx.buy(1e17)) == DenyReason.TOO_LARGE
    tiny = instrument(tick_size=Decimal("1e-8"), lot_size=Decimal("1e-8"))
    look = play(flat(10.0, 10.0), once(0, lambda ctx: ctx.buy(1e10)), one=tiny)
    assert look.reasons == [DenyReason.TOO_LARGE]


def test_orders_before_the_first_price_and_after_the_last_are_denied():
    from tradectl_sdk.engine import Mode, Plan, run
    from tradectl_sdk.strategy import Strategy
    from workbench import columns

    class Eager(Strategy):
        def on_start(self, ctx):
            self.first = ctx.buy(1)

        def on_stop(self, ctx):
            self.last = ctx.buy(1)

    one = instrument()
    plan = Plan(instruments=[one], columns=[columns(flat(1, 2), one)], make_strategy=Eager)
    outcome = run(plan, Mode.INTERPRETED)
    assert outcome.orders["reason"].tolist() == [DenyReason.NO_PRICE, DenyReason.ENDED]


@pytest.mark.parametrize("number", [0, -1, 2, 10**30, -(10**30)])
def test_an_order_that_does_not_exist_has_no_state_and_cannot_be_cancelled(number):
    seen = []

    def script(ctx, bar, at):
        if at == 0:
            ctx.buy(1, limit=5.0)
            seen.append((ctx.status(number), ctx.filled(number), ctx.cancel(number)))

    play(flat(10, 10), script)
    assert seen == [(-1, 0.0, False)]


@given(
    quantity=odd,
    limit=odd,
    stop=odd,
    take=odd,
    loss=odd,
    trail=odd,
    bps=odd,
    force=st.integers(-2, 8),
    until=st.sampled_from([0, -5, 1, 10**18, 1_577_836_800_000_000_000 + 10**14, 10**20]),
    reduce_only=st.booleans(),
    which=st.integers(-3, 3),
)
@settings(max_examples=200, deadline=None)
def test_no_request_makes_the_engine_raise_or_write_a_row_that_makes_no_sense(
    quantity, limit, stop, take, loss, trail, bps, force, until, reduce_only, which
):
    targets = []

    def script(ctx, bar, number):
        for side in (ctx.buy, ctx.sell):
            side(quantity, limit, stop, take, loss, trail, bps, force, until, reduce_only, which)
        targets.append(ctx.target(quantity, which))

    look = play(flat(10, 10.5, 9.5, 10), script, margin=True)
    for order in look.outcome.orders:
        OrderStatus(int(order["status"])), OrderType(int(order["type"]))
        TimeInForce(int(order["time_in_force"]))
        reason = int(order["reason"])
        assert reason == 0 or reason in {*map(int, DenyReason), *map(int, CloseReason)}
        assert order["instrument"] == 0
        assert order["side"] in {1, -1}
        amounts = ("quantity", "limit", "trigger", "trail", "expires")
        assert min(order[name] for name in amounts) >= 0
        if order["status"] != OrderStatus.DENIED and order["id"] not in targets:
            assert force in set(TimeInForce)
            assert order["quantity"] > 0 or order["parent"] > 0
