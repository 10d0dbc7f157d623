"""Rules at work in a run: what is refused, cut down, let through, and why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradectl_sdk.config import InstrumentLimits, RiskSection
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine import Assumptions, CloseReason, DenyReason
from tradectl_sdk.pipelines.risk import make_rules
from workbench import FREE, Look, flat, instrument, once, play

TEN = flat(*[10.0] * 6)


def gated(
    bars: Any,
    script: Any,
    limits: dict[str, Any] | None = None,
    *,
    session_close: int = 0,
    **assumed: Any,
) -> Look:
    """Play a script past the rules that the settings switch on."""
    one = instrument(session_close=session_close)
    rules, observing, _ = make_rules(
        RiskSection(**(limits or {})), None, [one], Assumptions(**(FREE | assumed))
    )
    plan = {"make_rules": rules, "observing": observing}
    return play(bars, script, one=one, plan=plan, **assumed)


def test_the_account_rule_is_on_without_any_setting():
    look = gated(TEN, once(0, lambda ctx: ctx.buy(101)), cash=Decimal(1000))
    assert look.reasons == [DenyReason.CASH]
    assert look.statuses == [OrderStatus.DENIED]
    look = gated(TEN, once(0, lambda ctx: ctx.sell(1)))
    assert look.reasons == [DenyReason.SHORT]
    assert gated(TEN, once(0, lambda ctx: ctx.buy(100)), cash=Decimal(1000)).fills == [(100, 10.0)]


def test_a_margin_account_may_hold_twice_its_equity():
    script = once(0, lambda ctx: ctx.sell(200))
    look = gated(TEN, script, cash=Decimal(1000), margin=True)
    assert look.fills == [(-200, 10.0)]
    script = once(0, lambda ctx: ctx.sell(201))
    look = gated(TEN, script, cash=Decimal(1000), margin=True)
    assert look.reasons == [DenyReason.MARGIN]


def test_all_rules_are_asked_and_the_strictest_decides():
    limits = {
        "resize": True,
        "max_order_quantity": 9,
        "max_order_notional": 50,
        "max_position_quantity": 7,
    }
    script = once(0, lambda ctx: ctx.buy(100))
    assert gated(TEN, script, limits).fills == [(5, 10.0)]
    assert gated(TEN, script, limits | {"max_order_notional": 500}).fills == [(7, 10.0)]
    reversed_rules = ("position-size", "order-notional", "order-size", "account")
    assert gated(TEN, script, limits | {"rules": reversed_rules}).fills == [(5, 10.0)]


def test_refusing_is_the_default_and_resizing_an_option():
    script = once(0, lambda ctx: ctx.buy(10))
    refused = gated(TEN, script, {"max_order_quantity": 9})
    assert (refused.fills, refused.reasons) == ([], [DenyReason.ORDER_SIZE])
    resized = gated(TEN, script, {"max_order_quantity": 9, "resize": True})
    assert resized.fills == [(9, 10.0)]
    assert resized.outcome.orders["quantity"].tolist() == [9]


def test_an_instrument_s_own_limit_stands_in_place_of_that_for_all():
    own = {"X.TEST": InstrumentLimits(max_order_quantity=Decimal(3))}
    script = once(0, lambda ctx: ctx.buy(4))
    limits = {"max_order_quantity": 100, "instruments": own}
    assert gated(TEN, script, limits).reasons == [DenyReason.ORDER_SIZE]


def test_a_position_can_be_closed_past_every_limit():
    def script(ctx: Any, bar: Any, number: int) -> None:
        if number < 2:
            ctx.buy(5)
        if number == 2:
            ctx.close()

    limits = {"max_order_quantity": 5, "max_order_notional": 50, "max_position_quantity": 10}
    look = gated(TEN, script, limits | {"max_orders": 2, "max_orders_seconds": 86_400})
    assert look.fills == [(5, 10.0), (5, 10.0), (-10, 10.0)]


def test_the_exits_of_a_bracket_pass_even_far_from_the_price():
    script = once(0, lambda ctx: ctx.buy(5, take_profit=40.0, stop_loss=1.0))
    look = gated(TEN, script, {"collar_bps": 100})
    assert look.statuses[0] == OrderStatus.FILLED
    assert OrderStatus.DENIED not in look.statuses
    typo = once(0, lambda ctx: ctx.buy(5, limit=1.0))
    assert gated(TEN, typo).reasons == [DenyReason.COLLAR]


def test_open_orders_count_until_they_end():
    def script(ctx: Any, bar: Any, number: int) -> None:
        if number == 0:
            assert ctx.buy(6, limit=9.0)
            ctx.buy(6, limit=9.0)
        if number == 1:
            ctx.cancel_all()
            ctx.buy(6, limit=9.0)

    look = gated(TEN, script, {"max_position_quantity": 10})
    assert look.reasons == [CloseReason.REQUESTED, DenyReason.POSITION, 0]


def test_after_the_day_s_loss_nothing_is_opened_until_the_next_day():
    bars = [*flat(10), (10, 10, 4, 4), *flat(10, 10, 10)]

    def script(ctx: Any, bar: Any, number: int) -> None:
        if number == 0:
            ctx.buy(10)
        else:
            ctx.buy(1)

    # Bars close at midnight; a session that closes at noon lets each of them fall inside a day.
    look = gated(bars, script, {"max_daily_loss": 60}, session_close=720)
    assert look.reasons == [0, DenyReason.DAILY_LOSS, 0, 0, 0]
    look = gated(bars, script, {"max_daily_loss": 61}, session_close=720)
    assert look.reasons == [0, 0, 0, 0, 0]
