"""Differences that were planted, one of each cause: found, named and priced."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from recorded import DAY, Recorded, plan_of
from tradectl_sdk.bus.messages.control import BarsFetched
from tradectl_sdk.bus.messages.events import Filled, OrderChanged, Progress
from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.bus.messages.market import Bars
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine import DenyReason
from tradectl_sdk.errors import DataError
from tradectl_sdk.nodes.host.records import Decided, Heard
from tradectl_sdk.nodes.inputs import Missed
from tradectl_sdk.runs.parity import CAUSES, ParityReport
from tradectl_sdk.strategy import Strategy, param

pytestmark = pytest.mark.usefixtures("interpreted")
PRICES = [(100.0 + k, 102.0 + k, 99.0 + k, 101.0 + k, 1000.0) for k in range(9)]
S = OrderStatus


class Swing(Strategy):
    """Buys on the second bar and sells on the fifth."""

    size: int = param(10, ge=1)

    def on_start(self, ctx):
        self.number = 0

    def on_bar(self, ctx, bar):
        self.number += 1
        if self.number == 2:
            ctx.buy(self.size)
        if self.number == 5 and ctx.position > 0:
            ctx.sell(ctx.position)


class Guarded(Swing):
    """Buys on the second bar with exits."""

    def on_bar(self, ctx, bar):
        self.number += 1
        if self.number == 2:
            ctx.buy(self.size, take_profit=105.0, stop_loss=90.0)


def session(strategy: type[Strategy] = Swing, **plan: Any) -> Recorded:
    return Recorded(plan_of(0, 9, strategy=strategy, prices=PRICES, **plan))


def tampered(played: Recorded, change: Any) -> Recorded:
    """Change what was heard of fills; ``change`` gets a fill and its number, from 0."""
    fills = 0
    for at, frame in enumerate(played.frames):
        if isinstance(frame, Heard) and isinstance(frame.event, Filled):
            event = msgspec.structs.replace(frame.event, **change(frame.event, fills))
            played.frames[at] = msgspec.structs.replace(frame, event=event)
            fills += 1
    return played


def priced(fill: Filled, price: int) -> dict[str, Any]:
    """A fill at another price, with the fee that goes with it."""
    return {"price": price, "fee": fill.fee * price // fill.price}


def found(report: ParityReport) -> list[tuple[str, str]]:
    assert not report.ok
    assert {one.cause for one in report.differences} <= set(CAUSES)
    return [(one.kind, one.cause) for one in report.differences]


def test_nothing_is_found_where_nothing_was_planted():
    for strategy in (Swing, Guarded):
        report = session(strategy).run().compared()
        assert report.ok
        assert report.matched > 1


def test_a_price_other_than_the_next_open():
    def dearer(fill: Filled, number: int) -> dict[str, Any]:
        return priced(fill, fill.price + 3) if number == 0 else {}

    report = tampered(session().run(), dearer).compared()
    assert found(report) == [("price", "price")]
    (difference,) = report.differences
    assert (difference.session, difference.backtest) == ("1", "1")
    assert difference.ours - difference.theirs == 3.0
    assert difference.money == report.cost == 10 * 3 * 10**6  # ten units, three cents each
    assert tampered(session().run(), dearer).compared(price_bps=3.0).ok
    assert not tampered(session().run(), dearer).compared(price_bps=2.0).ok


def test_a_fee_other_than_the_rate():
    report = tampered(session().run(), lambda fill, _: {"fee": fill.fee + 12_345}).compared()
    assert found(report) == [("fee", "fee")] * 2
    assert report.cost == 2 * 12_345
    assert report.ours.fees - report.theirs.fees == 2 * 12_345


def test_a_market_that_took_less_of_the_order():
    def less(fill: Filled, number: int) -> dict[str, Any]:
        part = {"lots": 4, "fee": fill.fee * 4 // 10, "status": int(S.PARTIALLY_FILLED)}
        return part if number == 0 else {}

    report = tampered(session().run(), less).compared()
    assert found(report) == [("size", "partial fill")]
    assert (report.differences[0].ours, report.differences[0].theirs) == (4, 10)


def test_an_order_that_came_a_bar_too_late():
    def later(fill: Filled, number: int) -> dict[str, Any]:
        moved = {"time": fill.time + DAY.nanoseconds, "price": fill.price + 100}
        return moved | {"fee": fill.fee + 10**6} if number == 0 else {}

    report = tampered(session().run(), later).compared()
    assert found(report) == [("price", "latency"), ("time", "latency")]


def test_an_order_whose_intent_reached_the_executor_after_the_next_bar():
    """The venue dates it when it came; what it then fills at is the bar after."""
    played = session().run(0, 2)
    played.frames = [*played.frames]
    late = session()
    take, waiting = late.executor.take, []
    late.executor.take = lambda intents: waiting.append(intents) or []
    late.run(0, 3)
    late.executor.take = take
    came = late.instants[2][0].time
    for answer in list(take(msgspec.structs.replace(waiting[0], decided=came))):
        late.say(answer)
    late.run(3)
    report = late.compared()
    assert found(report)[:2] == [("price", "latency"), ("time", "latency")]


def test_an_execution_some_moments_late_is_within_the_tolerance_or_not():
    def moments(fill: Filled, number: int) -> dict[str, Any]:
        return {"time": fill.time + 200_000_000}

    assert found(tampered(session().run(), moments).compared()) == [("time", "latency")] * 2
    assert tampered(session().run(), moments).compared(seconds=0.5).ok


def refusing(status: int, reason: int) -> Recorded:
    """A session whose first order is not taken."""
    made = session()
    take = made.executor.take

    def refuse(intents: Any) -> Any:
        if intents.number > 1:
            return take(intents)
        place = intents.commands[0]
        no = OrderChanged(
            epoch=1,
            number=place.number,
            instrument=place.instrument,
            status=status,
            lots=place.lots,
            reason=reason,
            heard=1,
        )
        return [no, Progress(executions=made.executor.executions, heard=1)]

    made.executor.take = refuse
    return made.run()


def test_an_order_that_the_executors_gate_refused():
    report = refusing(int(S.DENIED), int(DenyReason.DAILY_LOSS)).compared()
    assert found(report) == [("status", "risk"), ("missing", "consequence")]
    assert (report.differences[0].ours, report.differences[0].theirs) == ("denied", "filled")
    assert report.differences[1].follows == "risk"


def test_an_order_that_the_venue_refused():
    report = refusing(int(S.REJECTED), 120).compared()
    assert found(report) == [("status", "venue"), ("missing", "consequence")]


def test_an_order_that_a_risk_rule_made_smaller():
    played = session().run()
    order = next(
        f for f in played.frames if isinstance(f, Heard) and not isinstance(f.event, Filled)
    )
    event = msgspec.structs.replace(
        order.event, lots=6, reason=int(DenyReason.ORDER_SIZE), status=int(S.ACCEPTED)
    )
    at = played.frames.index(order)
    played.frames[at] = msgspec.structs.replace(order, event=event)
    less = {"lots": 6, "status": int(S.PARTIALLY_FILLED)}
    report = tampered(played, lambda f, n: less | {"fee": f.fee * 6 // 10} if n == 0 else {})
    assert found(report.compared()) == [("size", "risk")]


def test_a_decision_that_came_in_a_gap():
    played = session().run(0, 1)
    played.step(Missed(Cursor(1, 9)))
    played.executor.pass_bars(1, played.instants[1])
    bars = played.executor.pass_bars(1, played.instants[2])[1]
    played.publish(bars)
    played.say(BarsFetched(bars=tuple(played.instants[1])), "gateway")
    played.run(3)
    report = played.compared()
    assert found(report) == [("missing", "gap"), ("missing", "gap")]
    assert report.notes == (
        "gap: messages before Cursor(epoch=1, seq=9) are missing",
        "mended: 1 bars",
    )


def test_a_decision_that_died_with_its_host():
    played = session().run(0, 1)
    played.executor.take = lambda intents: []
    played.run(1, 2)
    del played.executor.take
    played.start(tuple(bar for bars in played.instants[:2] for bar in bars))
    played.run(2)
    report = played.compared()
    assert found(report) == [("size", "restart"), ("missing", "restart")]
    assert report.lives == 2


def test_a_decision_while_the_host_was_down():
    played = session().run(0, 1)
    for bars in played.instants[1:3]:
        played.executor.pass_bars(1, bars)
    played.start(tuple(bar for bars in played.instants[:3] for bar in bars))
    played.run(3)
    report = played.compared()
    assert found(report) == [("missing", "restart"), ("missing", "restart")]
    assert report.bars == 7


def test_an_exit_that_began_to_work_long_after_its_entry_had_filled():
    def never(fill: Filled, number: int) -> dict[str, Any]:
        late = {"time": fill.time + 2 * DAY.nanoseconds}
        return late | priced(fill, fill.price - 50) if number else {}

    played = tampered(session(Guarded).run(), never)
    for at, frame in enumerate(played.frames):
        event = getattr(frame, "event", None)
        if isinstance(event, OrderChanged) and event.number in {2, 3}:
            played.frames[at] = msgspec.structs.replace(frame, time=frame.time + 10**9)
    report = played.compared()
    assert found(report) == [("price", "late exit"), ("time", "late exit")]
    assert played.compared(seconds=2).differences[0].cause == "latency"


@pytest.mark.parametrize("size", [11, 9])
def test_another_decision_on_the_same_data_is_a_signal(size):
    """As when the strategy's code has changed since."""
    played = session(parameters={"size": size}).run()
    played.plan = plan_of(0, 9, strategy=Swing, prices=PRICES)
    report = played.compared()
    assert found(report) == [("size", "signal"), ("size", "signal")]


def test_orders_that_only_one_side_has():
    played = session().run()
    played.plan = plan_of(0, 9, strategy=Guarded, prices=PRICES)
    kinds = found(played.compared())
    assert ("extra", "signal") in kinds
    assert ("missing", "signal") in kinds
    assert played.compared(allowed=len(kinds)).ok


def test_terms_other_than_the_backtests():
    played = session(Guarded).run()
    for at, frame in enumerate(played.frames):
        if isinstance(frame, Decided):
            commands = [
                msgspec.structs.replace(one, trigger=9_100) if one.trigger else one
                for one in frame.intents.commands
            ]
            intents = msgspec.structs.replace(frame.intents, commands=tuple(commands))
            played.frames[at] = msgspec.structs.replace(frame, intents=intents)
    report = played.compared()
    assert found(report) == [("terms", "signal")]
    assert report.differences[0].ours == {"trigger": 9_100}


def test_an_order_of_which_nothing_was_heard_any_more():
    played = session().run(0, 2)
    played.say(msgspec.structs.replace(played.executor.snapshot(1), orders=()))
    report = played.compared()
    assert found(report) == [("status", "restart")]
    assert (report.differences[0].ours, report.differences[0].theirs) == ("canceled", "working")


def test_a_session_that_began_with_a_position_is_replayed_from_there():
    first = session().run(0, 4)
    second = Recorded.__new__(Recorded)
    second.__dict__.update(first.__dict__, frames=[], epoch=4)
    second.start()
    second.run(4)
    report = second.compared()
    assert report.ok
    assert report.theirs.orders == report.matched
    assert report.drift.largest == 0.0


def test_what_a_reader_should_know_is_noted():
    played = session().run(0, 3)
    stranger = next(
        f.event for f in played.frames if isinstance(f, Heard) and isinstance(f.event, Filled)
    )
    played.say(msgspec.structs.replace(stranger, epoch=0, number=0, trade_id="x"))
    played.say(Progress(executions=Cursor(1, 99)))
    played.publish(Bars(executions=Cursor(1, 99), bars=tuple(played.instants[3])))
    assert played.compared().notes == ("1 fills were of orders that are not the session's",)


class Failing(Swing):
    """Does not survive its fourth bar."""

    def on_bar(self, ctx, bar):
        self.number += 1
        if self.number == 4:
            raise ValueError("enough")


class Changing(Swing):
    """Places an order, changes it, ties it to another one and cancels both."""

    def on_bar(self, ctx, bar):
        self.number += 1
        if self.number == 2:
            self.first, self.second = ctx.buy(5, limit=90.0), ctx.buy(5, limit=91.0)
            ctx.one_cancels_other(self.first, self.second)
        if self.number == 3:
            ctx.modify(self.first, quantity=4, limit=89.0)
        if self.number == 5:
            ctx.cancel(self.first)


def test_a_session_that_failed_is_compared_up_to_there():
    failing = Recorded(plan_of(0, 9, strategy=Failing, prices=PRICES)).run()
    assert failing.core.text == "ValueError: enough"
    failing.plan = plan_of(0, 9, strategy=Swing, prices=PRICES)
    notes = failing.compared().notes
    assert notes == ("the strategy failed: ValueError: enough",)


def test_changes_ties_and_cancellations_are_followed():
    report = Recorded(plan_of(0, 9, strategy=Changing, prices=PRICES)).run().compared()
    assert report.differences == ()
    assert report.matched == 2


def test_a_cancellation_that_was_sent_and_not_heard_of_counts_as_done():
    played = Recorded(plan_of(0, 9, strategy=Changing, prices=PRICES)).run(0, 4)
    played.executor.take = lambda intents: []
    assert played.run(4, 5).compared().ok


def test_orders_from_before_the_session_are_counted_and_not_compared():
    first = Recorded(plan_of(0, 9, strategy=Changing, prices=PRICES)).run(0, 3)
    first.frames.clear()
    first.start()
    report = first.run(3).compared()
    assert report.notes[0] == "2 orders were open before the session began"


def test_a_recording_that_says_too_little_is_refused():
    played = session()
    with pytest.raises(DataError, match="has seen no bar yet"):
        played.compared()
    played.run(0, 3)
    del played.frames[0]
    with pytest.raises(DataError, match="does not say what was run"):
        played.compared()
