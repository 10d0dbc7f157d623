"""What is heard of a venue elsewhere, on the tables of a live engine."""

from __future__ import annotations

from typing import Any

import pytest
from rehearsal import Rehearsal
from tradectl_sdk.domain.orders import OrderStatus, Pending
from tradectl_sdk.engine import Assumptions, CloseReason, DenyReason, Plan
from tradectl_sdk.engine.columns import O_FILLED, O_LIMIT, O_LOTS, O_REASON, O_TRAIL, O_TRIGGER
from tradectl_sdk.engine.gate import OrderRequest
from tradectl_sdk.engine.live_build import live_engine
from tradectl_sdk.engine.settings import MarketFill
from tradectl_sdk.errors import UsageError
from workbench import FREE, Scripted, columns, flat, instrument, once

MONEY = 10**8
S = OrderStatus


class Stand:
    """A live engine after one bar at 100, with a script for it and nobody at the other end."""

    def __init__(self, script: Any, *, bars: int = 1, **plan: Any) -> None:
        one = instrument()
        self.strategy = Scripted(script)
        made = Plan(
            instruments=[one],
            columns=[columns(flat(*[100.0] * bars), one)],
            make_strategy=lambda: self.strategy,
            assumptions=Assumptions(**FREE),
            **plan,
        )
        self.wanted: list[tuple[Any, ...]] = []
        self.engine = live_engine(made, self, cash=100_000 * MONEY, holdings=[0])
        self.bars = iter(Rehearsal(made).bars[0])
        self.turn()

    def place(self, order, request, lots) -> None:
        self.wanted.append(("place", order, lots))

    def deny(self, order, request, reason, now) -> None:
        self.wanted.append(("deny", order, reason))

    def cancel(self, order) -> None:
        self.wanted.append(("cancel", order))

    def modify(self, order, lots, limit, trigger) -> None:
        self.wanted.append(("modify", order, lots, limit, trigger))

    def tie(self, first, second) -> None:
        self.wanted.append(("tie", first, second))

    def turn(self) -> None:
        from rehearsal import stream_bar

        bar = stream_bar(next(self.bars))
        self.engine.feed.append(0, bar)
        self.engine.turn(bar.time, [0])

    def changed(self, order: int, status: int, **changes: Any) -> None:
        same = {"pending": 0, "lots": 10, "limit": 0, "trigger": 0, "reason": 0, "time": 5}
        same |= {"trail": 0}
        self.engine.hearsay.changed(order, status=status, **same | {"stale": False} | changes)

    def filled(self, order: int, lots: int, status: int, position: int, **changes: Any) -> None:
        account = self.engine.desk.account
        same = {"instrument": 0, "side": 1, "price": 10_000, "fee": 0, "maker": False, "time": 7}
        same |= {"known": 8, "bar": 1, "reason": 0, "reference": 0}
        cash = account.cash - lots * 100 * MONEY
        self.engine.hearsay.filled(
            order, lots=lots, position=position, cash=cash, status=status, **same | changes
        )
        self.engine.hear(9)

    def cell(self, order: int, column: int) -> int:
        orders = self.engine.desk.orders
        return orders.rows[orders.row_of(order), column]

    def status(self, order: int) -> int:
        return self.engine.context.status(order)

    @property
    def exposed(self) -> int:
        return self.engine.desk.account.open_buys[0]


def buy_limit(ctx: Any) -> None:
    ctx.buy(10, limit=99)


def buy_and_cancel(ctx: Any) -> None:
    ctx.cancel(ctx.buy(10, limit=99))


def bracket(ctx: Any) -> None:
    ctx.buy(10, limit=99, take_profit=110, stop_loss=90)


def test_an_order_that_nobody_has_confirmed_counts_as_working():
    stand = Stand(once(0, buy_limit))
    assert stand.wanted == [("place", 1, 10)]
    assert stand.status(1) == S.SUBMITTED
    assert (stand.engine.context.open_orders, stand.exposed) == (1, 10)
    stand.changed(1, S.UNKNOWN)
    assert (stand.engine.context.open_orders, stand.exposed) == (1, 10)
    assert stand.engine.context.cancel(1)


def test_a_strategy_hears_that_the_fate_of_its_order_is_unknown_and_that_it_was_found():
    stand = Stand(once(0, buy_limit))
    stand.changed(1, S.ACCEPTED)
    stand.changed(1, S.UNKNOWN)
    stand.changed(1, S.ACCEPTED)
    stand.engine.hear(9)
    assert stand.strategy.updates == [(S.UNKNOWN, 0), (S.ACCEPTED, 0)]


def test_a_cancelled_order_is_gone_at_once_and_comes_back_if_the_venue_says_so():
    stand = Stand(once(0, buy_and_cancel))
    assert stand.wanted == [("place", 1, 10), ("cancel", 1)]
    assert (stand.status(1), stand.exposed) == (S.CANCELED, 0)
    stand.changed(1, S.ACCEPTED, stale=True)  # said before it was read
    stand.changed(1, S.ACCEPTED, pending=Pending.CANCEL)
    assert (stand.status(1), stand.exposed) == (S.CANCELED, 0)
    stand.changed(1, S.PARTIALLY_FILLED, lots=8)
    assert (stand.status(1), stand.exposed) == (S.PARTIALLY_FILLED, 8)
    assert stand.engine.context.open_order(0) == 1
    stand.engine.hear(9)
    assert stand.strategy.updates[-1] == (S.PARTIALLY_FILLED, 0)


def test_a_fill_after_the_end_is_booked():
    stand = Stand(once(0, buy_and_cancel))
    stand.filled(1, 4, S.PARTIALLY_FILLED, 4)
    assert (stand.status(1), stand.cell(1, O_FILLED)) == (S.CANCELED, 4)
    assert stand.engine.desk.account.lots == [4]
    stand.filled(1, 6, S.FILLED, 10)
    assert stand.status(1) == S.FILLED
    assert (stand.exposed, stand.engine.context.cash) == (0, 99_000.0)
    assert stand.strategy.fills == [(4.0, 100.0), (6.0, 100.0)]


def test_a_fill_of_nobodys_order_is_booked_and_told():
    stand = Stand(once(0, lambda ctx: None))
    stand.filled(0, 3, S.FILLED, 3)
    assert stand.engine.desk.account.lots == [3]
    assert stand.strategy.fills == [(3.0, 100.0)]


def test_the_account_is_what_the_executor_says_it_is():
    stand = Stand(once(0, buy_limit))
    stand.filled(1, 10, S.FILLED, 7, fee=5)
    assert stand.engine.desk.account.lots == [7]
    assert stand.engine.context.position_of(0) == 7.0


def test_a_trailing_distance_that_is_told_counts_and_one_that_is_not_stays():
    stand = Stand(once(0, lambda ctx: ctx.buy(10, trail=2.0)))
    ours = stand.cell(1, O_TRAIL)
    stand.changed(1, S.ACCEPTED, trigger=10_150)
    assert (stand.cell(1, O_TRAIL), stand.cell(1, O_TRIGGER)) == (ours, 10_150)
    stand.changed(1, S.ACCEPTED, trigger=10_100, trail=ours + 50)
    assert (stand.cell(1, O_TRAIL), stand.cell(1, O_TRIGGER)) == (ours + 50, 10_100)


def test_an_exit_works_from_when_its_entry_fills():
    stand = Stand(once(0, bracket))
    assert [stand.status(order) for order in (1, 2, 3)] == [S.SUBMITTED, S.HELD, S.HELD]
    stand.filled(1, 4, S.PARTIALLY_FILLED, 4)
    stand.changed(2, S.ACCEPTED, lots=4, limit=11_000)
    stand.changed(3, S.ACCEPTED, lots=4, trigger=9_000)
    assert [stand.cell(order, O_LOTS) for order in (2, 3)] == [4, 4]
    assert stand.engine.context.open_orders == 3
    stand.filled(3, 4, S.FILLED, 0, side=-1)
    assert stand.status(3) == S.FILLED


def test_an_exit_that_fills_before_anybody_said_that_it_works():
    stand = Stand(once(0, bracket))
    stand.filled(1, 10, S.FILLED, 10)
    stand.filled(3, 10, S.FILLED, 0, side=-1)
    assert stand.status(3) == S.FILLED
    assert stand.engine.context.open_orders == 0


def test_an_order_that_the_executor_refuses_takes_its_exits_along():
    stand = Stand(once(0, bracket))
    stand.changed(1, S.DENIED, reason=DenyReason.CASH)
    assert [stand.status(order) for order in (1, 2, 3)] == [S.DENIED, S.CANCELED, S.CANCELED]
    assert stand.cell(1, O_REASON) == DenyReason.CASH
    assert stand.exposed == 0
    stand.engine.hear(9)
    assert [status for status, _ in stand.strategy.updates] == [S.DENIED, S.CANCELED, S.CANCELED]
    stand.changed(2, S.CANCELED)  # what is known is not told again
    stand.engine.hear(9)
    assert len(stand.strategy.updates) == 3


def test_what_was_changed_since_is_not_overwritten_by_older_news():
    stand = Stand(once(0, buy_limit))
    stand.changed(1, S.ACCEPTED, lots=5, limit=9_800, stale=True)
    assert (stand.cell(1, O_LOTS), stand.cell(1, O_LIMIT)) == (10, 9_900)
    stand.changed(1, S.ACCEPTED, lots=5, limit=9_800, reason=DenyReason.MARGIN)
    assert (stand.cell(1, O_LOTS), stand.cell(1, O_LIMIT), stand.exposed) == (5, 9_800, 5)
    assert stand.cell(1, O_REASON) == DenyReason.MARGIN
    stand.changed(1, S.TRIGGERED, lots=5, trigger=9_700)
    assert stand.cell(1, O_TRIGGER) == 9_700
    stand.engine.hear(9)
    told = [(S.ACCEPTED, 0), (S.TRIGGERED, DenyReason.MARGIN)]  # changed, then triggered
    assert stand.strategy.updates == told


def test_a_change_that_the_venue_refuses_is_taken_back_and_told():
    def script(ctx: Any) -> None:
        ctx.modify(ctx.buy(10, limit=99), quantity=8, limit=98.5)

    stand = Stand(once(0, script))
    assert stand.wanted == [("place", 1, 10), ("modify", 1, 8, 9_850, 0)]
    assert (stand.cell(1, O_LOTS), stand.cell(1, O_LIMIT), stand.exposed) == (8, 9_850, 8)
    stand.changed(1, S.ACCEPTED, lots=8, limit=9_850)
    stand.engine.hear(9)
    before = len(stand.strategy.updates)
    stand.changed(1, S.ACCEPTED, lots=10, limit=9_900)
    stand.engine.hear(9)
    assert (stand.cell(1, O_LOTS), stand.cell(1, O_LIMIT), stand.exposed) == (10, 9_900, 10)
    assert len(stand.strategy.updates) == before + 1


def test_news_of_unknown_orders_are_passed_over():
    stand = Stand(once(0, buy_limit))
    stand.changed(77, S.ACCEPTED)
    stand.changed(1, S.HELD)
    stand.engine.hearsay.lose(77, 5)
    assert stand.status(1) == S.SUBMITTED


def test_an_order_of_which_nothing_is_found_ends_once():
    stand = Stand(once(0, buy_limit))
    stand.engine.hearsay.lose(1, 5)
    stand.engine.hearsay.lose(1, 6)
    stand.engine.hear(9)
    assert stand.strategy.updates == [(S.CANCELED, CloseReason.UNHEARD)]
    assert stand.engine.hearsay.open_orders == []


def test_orders_of_an_earlier_life_are_there_under_ids_of_this_one():
    stand = Stand(once(0, buy_limit))
    request = OrderRequest()
    request.side, request.lots, request.limit = 1, 8, 9_500
    order = stand.engine.hearsay.adopt(request, filled=3, status=S.PARTIALLY_FILLED, created=1)
    held = stand.engine.hearsay.adopt(request, filled=0, status=S.HELD, created=1)
    context = stand.engine.context
    assert [context.open_order(place) for place in range(3)] == [1, order, 0]
    assert (context.filled(order), stand.exposed) == (3.0, 15)
    assert stand.engine.hearsay.open_orders == [1, order, held]
    stand.engine.hear(9)
    assert stand.strategy.updates == [(S.PARTIALLY_FILLED, 0), (S.HELD, 0)]
    assert context.cancel(order)
    assert stand.wanted[-1] == ("cancel", order)


def test_the_clock_never_goes_back():
    stand = Stand(once(0, buy_limit))
    before = stand.engine.desk.time
    stand.engine.hear(before - 5)
    assert stand.engine.context.time == before


def test_what_no_venue_can_do_is_refused_before_anything_starts():
    one = instrument()
    plan = Plan(
        instruments=[one],
        columns=[columns(flat(100.0), one)],
        make_strategy=lambda: Scripted(lambda *_: None),
        assumptions=Assumptions(market_fill=MarketFill.THIS_CLOSE),
    )
    with pytest.raises(UsageError, match="this_close, expected next_open or next_close"):
        live_engine(plan, Stand(once(0, buy_limit)), cash=0, holdings=[0])
