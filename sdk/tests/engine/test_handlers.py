"""What handlers are told, and what they may do while they are told."""

from __future__ import annotations

import pytest
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine import (
    Assumptions,
    CloseReason,
    DenyReason,
    FillReason,
    MarketFill,
    Mode,
    Plan,
    run,
)
from tradectl_sdk.errors import StrategyError
from tradectl_sdk.strategy import Strategy
from workbench import DAY, FREE, Look, columns, flat, instrument


class Handlers(Strategy):
    """Plays scripts in each of its handlers and writes down what it hears."""

    def __init__(self, bar=None, fill=None, order=None):
        super().__init__()
        self.scripts = bar, fill, order
        self.number = 0
        self.heard = []

    def on_bar(self, ctx, bar):
        self.heard.append(("bar", self.number))
        if self.scripts[0]:
            self.scripts[0](ctx, self.number)
        self.number += 1

    def on_fill(self, ctx, fill):
        self.heard.append(("fill", fill.order))
        if self.scripts[1]:
            self.scripts[1](ctx, fill)

    def on_order(self, ctx, order):
        self.heard.append((OrderStatus(order.status).name, order.id))
        if self.scripts[2]:
            self.scripts[2](ctx, order)


def told(bars, count=1, **scripts):
    """Run handlers on one series, or on one beside others that stand still."""
    assumptions = Assumptions(**(FREE | scripts.pop("assumptions", {})))
    ones = [instrument(symbol) for symbol in "ABC"[:count]]
    first = [Handlers(**scripts)]
    plan = Plan(
        instruments=ones,
        columns=[columns(bars, one, index, DAY) for index, one in enumerate(ones)],
        make_strategy=lambda: first.pop() if first else Handlers(),
        assumptions=assumptions,
    )
    outcome = run(plan, Mode.INTERPRETED)
    return outcome.strategies[0].heard, Look(outcome)


@pytest.mark.parametrize("count", [1, 2])
def test_a_denial_is_told_at_the_next_bar_although_nothing_works(count):
    heard, _ = told(flat(1, 2, 3), count, bar=lambda ctx, at: at == 0 and ctx.buy(-1.0))
    assert heard == [("bar", 0), ("DENIED", 1), ("bar", 1), ("bar", 2)]


@pytest.mark.parametrize("count", [1, 2])
def test_a_cancellation_is_told_although_nothing_works_any_more(count):
    def script(ctx, at):
        if at == 0:
            assert ctx.cancel(ctx.buy(1, limit=0.5))

    heard, _ = told(flat(1, 2), count, bar=script)
    assert heard == [("bar", 0), ("CANCELED", 1), ("bar", 1)]


def test_what_a_handler_orders_meets_the_next_bar():
    def fill(ctx, fill):
        if fill.position > 0:
            ctx.sell(1)

    heard, look = told(flat(1, 2, 3, 4), bar=lambda ctx, at: at == 0 and ctx.buy(1), fill=fill)
    assert look.fills == [(1, 2.0), (-1, 3.0)]
    assert heard == [("bar", 0), ("fill", 1), ("bar", 1), ("fill", 2), ("bar", 2), ("bar", 3)]


def test_what_is_ordered_on_a_fill_at_the_close_fills_at_the_next_open():
    def fill(ctx, fill):
        if fill.position > 0:
            ctx.sell(1)

    heard, look = told(
        flat(1, 2, 3),
        bar=lambda ctx, at: at == 0 and ctx.buy(1),
        fill=fill,
        assumptions={"market_fill": MarketFill.THIS_CLOSE},
    )
    assert look.fills == [(1, 1.0), (-1, 2.0)]
    assert look.fill_reasons == [FillReason.MARKET_CLOSE, FillReason.MARKET_OPEN]
    assert look.outcome.fills["time"][1] >= look.outcome.orders["created"][1]
    assert heard == [("bar", 0), ("fill", 1), ("fill", 2), ("bar", 1), ("bar", 2)]


def test_a_denial_that_is_answered_with_a_bad_order_ends_the_run_in_words():
    with pytest.raises(StrategyError, match="too many orders at one instant"):
        told(
            flat(1, 2, 3),
            bar=lambda ctx, at: at == 0 and ctx.buy(-1.0),
            order=lambda ctx, order: ctx.buy(-1.0),
        )


def test_handlers_may_cancel_everything_while_events_are_told():
    def bar(ctx, at):
        if at == 0:
            for price in (5.0, 4.0, 3.0):
                ctx.buy(1, limit=price, take_profit=20.0, stop_loss=1.0)

    def fill(ctx, fill):
        assert ctx.cancel_all() == 4  # two entries and the two exits of the first
        assert ctx.open_orders == 0

    heard, look = told([*flat(10), (10, 10, 4.5, 5), (5, 5, 2, 2)], bar=bar, fill=fill)
    assert look.fills == [(1, 5.0)]
    assert look.reasons.count(CloseReason.REQUESTED) == 4
    assert look.reasons.count(CloseReason.PARENT_ENDED) == 4
    assert sorted(number for kind, number in heard if kind == "CANCELED") == list(range(2, 10))


def test_closing_in_every_handler_sends_one_order_at_a_time():
    def close(ctx, _):
        ctx.close()

    _, look = told(
        flat(10, 10, 11, 12),
        bar=lambda ctx, at: ctx.buy(2) if at == 0 else ctx.close(),
        fill=close,
        order=close,
    )
    assert look.fills == [(2, 10.0), (-2, 11.0)]
    assert look.outcome.orders["reason"].tolist() == [0, 0]
    assert DenyReason.NOTHING_TO_REDUCE not in look.reasons
