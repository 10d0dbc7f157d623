"""In which order things happen when there are several series."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tradectl_sdk.engine import Assumptions, Columns, MarketFill, Mode, Plan, run
from tradectl_sdk.engine.reasons import CloseReason
from tradectl_sdk.errors import DataMissingError, StrategyError, UsageError
from tradectl_sdk.strategy import Strategy
from workbench import DAY, FREE, START, Look, columns, flat, instrument, play

HOUR = DAY // 24


class Recorder(Strategy):
    """A portfolio strategy that writes down what it is told and plays a script."""

    portfolio = True

    def __init__(self, script=None):
        super().__init__()
        self.script = script
        self.seen = []

    def on_bar(self, ctx, bar):
        self.seen.append(("bar", bar.instrument, bar.time, ctx.position))
        if self.script:
            self.script(ctx, bar)

    def on_fill(self, ctx, fill):
        self.seen.append(("fill", fill.instrument, ctx.time, fill.position))

    def on_order(self, ctx, order):
        self.seen.append(("order", order.instrument, ctx.time, order.status))


def together(script, *series, lengths=(DAY, DAY), **assumptions):
    ones = [instrument(symbol) for symbol in "ABC"[: len(series)]]
    strategy = Recorder(script)
    plan = Plan(
        instruments=ones,
        columns=[
            columns(bars, one, index, length)
            for index, (bars, one, length) in enumerate(zip(series, ones, lengths, strict=False))
        ],
        make_strategy=lambda: strategy,
        assumptions=Assumptions(**(FREE | assumptions)),
    )
    return strategy, Look(run(plan, Mode.INTERPRETED))


def test_bars_of_one_instant_come_in_the_order_of_their_series():
    strategy, _ = together(None, flat(1, 2), flat(3, 4))
    assert [(kind, which) for kind, which, _, _ in strategy.seen] == [("bar", 0), ("bar", 1)] * 2


def test_an_order_for_another_instrument_never_uses_a_bar_that_has_already_opened():
    def script(ctx, bar):
        if bar.instrument == 0 and ctx.position_of(1) == 0 and ctx.open_orders == 0:
            ctx.buy(1, instrument=1)

    _, look = together(script, flat(1, 1, 1), flat(10, 20, 30))
    assert look.outcome.fills["price"].tolist()[0] == 2000


def test_an_order_placed_inside_a_longer_bar_waits_for_the_next_one():
    def script(ctx, bar):
        if bar.instrument == 0 and ctx.time == bar.time and not done:
            done.append(ctx.buy(1, instrument=1))

    done = []
    hours, days = flat(*[1.0] * 60), flat(10, 20, 30)

    # The second instrument needs a price before it can be bought, so start after its first day.
    def later(ctx, bar):
        if ctx.price_of(1) > 0:
            script(ctx, bar)

    _, look = together(later, hours, days, lengths=(HOUR, DAY))
    fill = look.outcome.fills[0]
    order = look.outcome.orders[0]
    assert fill["time"] >= order["created"]
    assert fill["price"] == 2000 if fill["time"] == order["created"] else 3000


def test_what_is_sold_inside_one_bar_pays_for_nothing_at_the_open_of_another():
    def script(ctx, bar):
        if ctx.time == START + DAY and bar.instrument == 0:
            ctx.buy(10, instrument=0)
        if ctx.time == START + 2 * DAY and bar.instrument == 1:
            ctx.sell(10, limit=11.0, instrument=0)
            ctx.buy(4, instrument=1)

    first = [*flat(10, 10), (10, 12, 10, 10), (10, 10, 10, 10)]
    _, look = together(script, first, flat(10, 10, 20, 20), cash=Decimal(150))
    assert look.fills == [(10, 10.0), (-10, 11.0)]
    assert look.reasons[2] == CloseReason.CASH_AT_FILL


def test_fills_are_told_before_the_bar_they_happened_in():
    def script(ctx, bar):
        if bar.instrument == 1 and ctx.position == 0 and ctx.open_orders == 0:
            ctx.buy(1)

    strategy, _ = together(script, flat(1, 2), flat(3, 4))
    kinds = [(kind, which) for kind, which, _, _ in strategy.seen]
    assert kinds == [("bar", 0), ("bar", 1), ("fill", 1), ("bar", 0), ("bar", 1)]


def test_each_instrument_has_its_own_strategy_object_unless_it_is_a_portfolio():
    class Count(Strategy):
        def on_start(self, ctx):
            self.bars, self.total = 0, 0.0

        def on_bar(self, ctx, bar):
            self.bars += 1
            self.total += bar.close

    ones = [instrument("A"), instrument("B")]
    plan = Plan(
        instruments=ones,
        columns=[columns(flat(1, 2), ones[0], 0), columns(flat(10, 20), ones[1], 1)],
        make_strategy=Count,
    )
    first, second = run(plan, Mode.INTERPRETED).strategies
    assert (first.bars, first.total, second.bars, second.total) == (2, 3.0, 2, 30.0)


def test_a_longer_timeframe_shows_completed_bars_only():
    closes = [float(price) for price in range(1, 49)]
    one = instrument()
    base = columns(flat(*closes), one, 0, HOUR)

    def resample(index, timeframe):
        assert timeframe.nanoseconds == DAY
        daily = columns(flat(24.0, 48.0), one, index, DAY)
        return Columns(
            instrument=index,
            length=DAY,
            time=daily.time,
            ticks=daily.ticks,
            lots=daily.lots,
            prices=daily.prices,
            volume=daily.volume,
            drives=False,
        )

    class Daily(Strategy):
        def on_start(self, ctx):
            self.daily = ctx.bar("1d")
            self.seen = []

        def on_bar(self, ctx, bar):
            self.seen.append((self.daily.count, self.daily.close if self.daily.count else None))

    plan = Plan(instruments=[one], columns=[base], make_strategy=Daily, resample=resample)
    seen = run(plan, Mode.INTERPRETED).strategies[0].seen
    assert seen[:23] == [(0, None)] * 23
    assert seen[23:47] == [(1, 24.0)] * 24
    assert seen[47] == (2, 48.0)


def test_a_longer_bar_that_ends_between_the_own_ones_is_no_instant_of_the_run():
    one = instrument()
    base = columns(flat(1, 2, 3), one)
    longer = columns(flat(1, 2, 3), one)
    late = replace(longer, time=longer.time + HOUR, length=2 * DAY, drives=False)

    class Counting(Strategy):
        def on_start(self, ctx):
            self.longer = ctx.bar("2d")
            self.seen = []

        def on_bar(self, ctx, bar):
            self.seen.append(self.longer.count)

    plan = Plan(
        instruments=[one],
        columns=[base],
        make_strategy=Counting,
        resample=lambda index, timeframe: late,
    )
    outcome = run(plan, Mode.INTERPRETED)
    assert outcome.times.tolist() == base.time.tolist()
    assert outcome.strategies[0].seen == [0, 1, 2]


def test_a_strategy_can_ask_how_long_its_bars_are():
    class Ask(Strategy):
        def on_start(self, ctx):
            self.lengths = [ctx.bar_length(), ctx.bar_length(1)]

    ones = [instrument("A"), instrument("B")]
    plan = Plan(
        instruments=ones,
        columns=[columns(flat(1), ones[0], 0, HOUR), columns(flat(1), ones[1], 1, DAY)],
        make_strategy=Ask,
    )
    assert run(plan, Mode.INTERPRETED).strategies[0].lengths == [HOUR, DAY]


def test_a_signal_stands_beside_its_bar():
    class Follow(Strategy):
        def on_start(self, ctx):
            self.wanted = ctx.signal("prediction")
            self.seen = []

        def on_bar(self, ctx, bar):
            self.seen.append((bar.close, self.wanted.value))

    one = instrument()
    plan = Plan(
        instruments=[one],
        columns=[columns(flat(1, 2, 3), one)],
        make_strategy=Follow,
        signals={"prediction": [np.array([10.0, 20.0, 30.0])]},
    )
    assert run(plan, Mode.INTERPRETED).strategies[0].seen == [(1, 10), (2, 20), (3, 30)]


def test_an_unknown_signal_or_timeframe_is_named():
    class Ask(Strategy):
        def on_start(self, ctx):
            ctx.signal("predicton")

    one = instrument()
    plan = Plan(
        instruments=[one],
        columns=[columns(flat(1), one)],
        make_strategy=Ask,
        signals={"prediction": [np.array([1.0])]},
    )
    with pytest.raises(DataMissingError, match=r"predicton.*there is prediction"):
        run(plan, Mode.INTERPRETED)


def test_a_signal_of_the_wrong_length_is_refused():
    class Ask(Strategy):
        def on_start(self, ctx):
            ctx.signal("x")

    one = instrument()
    plan = Plan(
        instruments=[one],
        columns=[columns(flat(1), one)],
        make_strategy=Ask,
        signals={"x": [np.array([1.0, 2.0])]},
    )
    with pytest.raises(UsageError, match="2 values, expected one per bar: 1"):
        run(plan, Mode.INTERPRETED)


def test_orders_are_denied_while_warming_up():
    look = play(flat(1, 2, 3, 4), lambda ctx, bar, number: ctx.buy(1), warmup=2)
    assert [status.name for status in look.statuses] == ["DENIED", "DENIED", "FILLED", "ACCEPTED"]


@pytest.mark.parametrize("stride", [1, 3, 65_536])
def test_a_warm_up_may_end_anywhere_between_two_pauses(monkeypatch, stride):
    monkeypatch.setattr("tradectl_sdk.engine.engine.STRIDE", stride)
    for warmup in range(8):
        warming = []

        def script(ctx, bar, number, warming=warming):
            warming.append(ctx.warming)
            ctx.buy(1)

        look = play(flat(1, 2, 3, 4, 5, 6), script, warmup=warmup)
        assert warming == [number < warmup for number in range(6)]
        denied = [status.name == "DENIED" for status in look.statuses]
        assert denied == warming


def test_equity_counts_every_instant_with_all_its_prices():
    def script(ctx, bar):
        if bar.time == first:
            ctx.buy(1)

    first = columns(flat(1), instrument()).time[0]
    _, look = together(script, flat(1, 2, 5), flat(10, 20, 50), cash=Decimal(100))
    # Bought at 2 and 20, so 78 in cash; then worth 2 + 20 and 5 + 50.
    assert look.outcome.equity.tolist() == [100.0, 100.0, 133.0]
    assert look.outcome.final_equity == 133 * 10**8


def test_a_strategy_that_raises_is_named_with_its_line_and_bar():
    def script(ctx, bar, number):
        if number == 2:
            raise ValueError("no such luck")

    with pytest.raises(
        StrategyError,
        match=r"ValueError: no such luck at bar 3 \(2020-01-04T00:00:00Z\), .*test_schedule",
    ):
        play(flat(1, 2, 3, 4), script)


def test_a_strategy_that_orders_without_end_is_stopped():
    def script(ctx, bar, number):
        while True:
            ctx.buy(1)

    with pytest.raises(StrategyError, match="too many orders at one instant"):
        play(flat(1, 2), script)


def test_tables_grow_as_needed():
    def script(ctx, bar, number):
        for _ in range(900):
            ctx.buy(1)

    look = play(flat(*[1.0] * 30), script, cash=Decimal(10**6))
    assert len(look.outcome.orders) == 900 * 30
    assert len(look.outcome.fills) == 900 * 29


def test_this_close_settles_before_the_next_series_is_told():
    def script(ctx, bar):
        if bar.instrument == 0 and ctx.position == 0:
            ctx.buy(1)

    strategy, _ = together(script, flat(1, 2), flat(3, 4), market_fill=MarketFill.THIS_CLOSE)
    assert [(kind, which) for kind, which, _, _ in strategy.seen][:3] == [
        ("bar", 0),
        ("fill", 0),
        ("bar", 1),
    ]
