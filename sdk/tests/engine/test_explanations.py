"""Every fill can say why it has this price, then."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tradectl_sdk.engine import BarPath, FillReason, LimitFill, MarketFill
from tradectl_sdk.runs import explain_fill
from workbench import flat, instrument, once, play

ONE = instrument(base="BTC", taker_fee=Decimal("0.001"), maker_fee=Decimal("-0.001"))


def told(bars, action, **assumptions):
    look = play(bars, once(0, action), one=ONE, margin=True, **assumptions)
    orders = look.outcome.orders
    return [explain_fill(fill, orders[fill["order"] - 1], ONE) for fill in look.outcome.fills]


def test_a_market_order_tells_of_the_open_and_its_slippage():
    bars = [*flat(10), (12, 13, 11, 12)]
    assert told(bars, lambda ctx: ctx.buy(2), slippage_bps=Decimal(10)) == [
        (
            "bought 2 BTC at 12.02: market order; market order: the open of the first bar after "
            "the decision; 0.02 worse through slippage; fee 0.02404 as taker; position now 2"
        )
    ]


def test_a_resting_limit_tells_of_its_rebate_and_its_part():
    bars = [*flat(10), (10, 10, 8, 10, 100)]
    action = lambda ctx: ctx.buy(25, limit=9.0)  # noqa: E731
    assert told(bars, action, volume_share=Decimal("0.1")) == [
        (
            "bought 10 BTC at 9: limit order with limit 9; the price went through the limit: the "
            "limit price; part of 25; rebate 0.09 as maker; position now 10"
        )
    ]


def test_an_exit_tells_that_it_is_one():
    bars = [*flat(10, 10), (10, 10, 7, 8)]
    assert told(bars, lambda ctx: ctx.buy(1, stop_loss=8.0))[1].startswith(
        "sold 1 BTC at 8: exit by stop with trigger 8; the price reached the trigger"
    )


def test_a_stop_limit_tells_both_its_prices():
    bars = [*flat(10), (10, 12, 10, 12)]
    for path in BarPath:
        (text,) = told(bars, lambda ctx: ctx.buy(1, stop=11.0, limit=11.5), bar_path=path)
        assert "stop-limit with limit 11.5 and trigger 11; the price reached the trigger" in text


CASES = {
    FillReason.MARKET_OPEN: (flat(10, 11), lambda ctx: ctx.buy(1), {}),
    FillReason.MARKET_CLOSE: (
        flat(10, 11),
        lambda ctx: ctx.buy(1),
        {"market_fill": MarketFill.NEXT_CLOSE},
    ),
    FillReason.LIMIT_OPEN: (flat(10, 8), lambda ctx: ctx.buy(1, limit=9.0), {}),
    FillReason.LIMIT_CROSSED: ([*flat(10), (10, 10, 8, 9)], lambda ctx: ctx.buy(1, limit=9.0), {}),
    FillReason.LIMIT_TOUCHED: (
        [*flat(10), (10, 10, 9, 9)],
        lambda ctx: ctx.buy(1, limit=9.0),
        {"limit_fill": LimitFill.TOUCH},
    ),
    FillReason.STOP_OPEN: (flat(10, 12), lambda ctx: ctx.buy(1, stop=11.0), {}),
    FillReason.STOP_TRIGGERED: (
        [*flat(10), (10, 12, 10, 11)],
        lambda ctx: ctx.buy(1, stop=11.0),
        {},
    ),
    FillReason.STOP_REST: (
        [(10, 10, 10, 10, 10), (10, 12, 10, 11, 10), (12, 12, 12, 12, 10)],
        lambda ctx: ctx.buy(2, stop=11.0),
        {"volume_share": Decimal("0.1")},
    ),
}


@pytest.mark.parametrize("reason", list(CASES))
def test_each_reason_is_told_in_its_words(reason):
    bars, action, assumptions = CASES[reason]
    assert any(f"; {reason.summary}" in text for text in told(bars, action, **assumptions))


def test_what_became_fillable_inside_the_bar_says_so():
    def script(ctx, bar, number):
        if number == 0:
            ctx.buy(1)
        elif number == 1:
            ctx.sell(3, limit=9.0)
            ctx.sell(5, limit=9.0, reduce_only=True)
            ctx.buy(4, stop=11.5)

    look = play([*flat(10, 10), (11, 12, 10.5, 11)], script, one=ONE)
    texts = [explain_fill(f, look.outcome.orders[f["order"] - 1], ONE) for f in look.outcome.fills]
    assert FillReason.LIMIT_BETTER.summary in texts[-1]
    assert look.fills[-1][1] == 10.5
