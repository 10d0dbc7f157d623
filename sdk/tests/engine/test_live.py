"""The live engine is the backtest's: with a venue that answers at once, the same bytes."""

from __future__ import annotations

from dataclasses import replace

from casino import assumptions, make_plan, seeds, several
from hypothesis import given, settings
from hypothesis import strategies as st
from rehearsal import Rehearsal
from tradectl_sdk.domain.orders import OrderEvent, OrderStatus
from tradectl_sdk.engine import Assumptions, Mode, Plan, run
from tradectl_sdk.engine.gate import OrderRequest
from tradectl_sdk.engine.live_build import live_engine
from tradectl_sdk.engine.live_tables import LiveOrders
from tradectl_sdk.engine.settings import MarketFill
from tradectl_sdk.engine.streaming import StreamBar
from tradectl_sdk.strategy import Strategy
from workbench import columns, instrument

S = OrderStatus
SUBMIT = int(OrderEvent.SUBMIT)

possible = assumptions.filter(lambda one: one.market_fill is not MarketFill.THIS_CLOSE)


@given(seed=seeds, count=st.integers(1, 3), assume=possible)
@several
def test_bar_by_bar_gives_the_bytes_of_the_backtest(seed, count, assume):
    plan = make_plan(seed, count, 60, assume)
    whole = run(plan, Mode.INTERPRETED)
    live = Rehearsal(plan).run()
    assert live.fills.tobytes() == whole.fills.tobytes()
    assert live.orders.tobytes() == whole.orders.tobytes()
    assert live.equity == whole.equity.tolist()
    assert live.times == whole.times.tolist()
    assert live.engine.desk.account.cash == whole.cash
    for mine, theirs in zip(live.engine.strategies, whole.strategies, strict=True):
        assert vars(mine) == vars(theirs)


@given(seed=seeds, assume=possible, keep=st.integers(1, 9))
@settings(several, max_examples=25)
def test_forgetting_what_is_over_changes_nothing(seed, assume, keep):
    """Ids, lists and links survive that rows are used again."""
    plan = make_plan(seed, 2, 120, replace(assume, max_orders_per_instant=8))
    whole = Rehearsal(plan).run()
    short = Rehearsal(plan, keep=keep).run()
    assert short.equity == whole.equity
    for mine, theirs in zip(short.engine.strategies, whole.engine.strategies, strict=True):
        same = vars(mine).keys() - {"told"}  # of a change to an order that is forgotten
        assert all(vars(mine)[name] == vars(theirs)[name] for name in same)
    assert len(short.orders) < len(whole.orders)
    kept = {int(row[0]): row.tolist() for row in short.orders}
    for row in whole.orders:
        order, status = int(row[0]), S(int(row[14]))
        assert kept.get(order, row.tolist()) == row.tolist()
        assert status.terminal or order in kept


class Busy(Strategy):
    """Has an order refused, placed and cancelled on every bar, and holds one for ever."""

    def on_start(self, ctx):
        self.first = 0

    def on_bar(self, ctx, bar):
        if self.first == 0:
            self.first = ctx.buy(1, limit=1.0)
        ctx.buy(0)
        ctx.cancel(ctx.buy(1, limit=2.0))

    def on_order(self, ctx, order):
        pass


def test_memory_stays_flat_and_working_orders_stay_known(held):
    one = instrument()
    plan = Plan(
        instruments=[one],
        columns=[columns([], one)],
        make_strategy=Busy,
        assumptions=Assumptions(max_orders_per_instant=10),
    )
    outlet = Silence()
    engine = live_engine(plan, outlet, cash=10**13, holdings=[0], keep=16)
    sizes = []
    for past in range(0, 12_000, 2_000):
        pass_bars(engine, past, 2_000)
        sizes.append(held())
    assert sizes[-1] - sizes[1] < 4096
    strategy = engine.strategies[0]
    assert engine.context.status(strategy.first) == S.SUBMITTED
    assert engine.context.open_order(0) == strategy.first
    assert engine.context.status(strategy.first + 1) == -1  # forgotten
    assert engine.desk.orders.issued == 24_001
    assert engine.desk.orders.capacity < 500


def test_a_table_that_working_orders_fill_grows():
    orders = LiveOrders(1, spare=4, keep=2)
    request = OrderRequest()
    request.side, request.lots = 1, 1
    for _ in range(40):
        row = orders.add(request, 0)
        orders.move(row, SUBMIT)
        orders.link(row)
        orders.tidy()
    assert [orders.row_of(order) for order in (1, 40)] == [0, 39]
    assert orders.capacity - orders.count >= 4


class Silence:
    """An outlet nobody listens at."""

    def place(self, *_: object) -> None: ...
    def deny(self, *_: object) -> None: ...
    def cancel(self, *_: object) -> None: ...
    def tie(self, *_: object) -> None: ...


def pass_bars(engine, start: int, count: int) -> None:
    for time in range(start + 1, start + count + 1):
        bar = StreamBar(time=time, ticks=(1000,) * 4, lots=5, prices=(10.0,) * 4, volume=5.0)
        engine.feed.append(0, bar)
        engine.turn(time, [0])
