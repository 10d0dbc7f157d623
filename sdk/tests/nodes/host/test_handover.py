"""When a bar is handed to the strategy, what is told before it, and what is not passed over."""

from __future__ import annotations

from typing import Any

import msgspec
from casino import make_plan
from counterpart import Session, exact
from tradectl_sdk.bus.link import Fresh, PeerBack, PeerChanged, PeerLost, Stale
from tradectl_sdk.bus.messages.control import BarsFetched, Declined, FetchBars, StopNode
from tradectl_sdk.bus.messages.events import OrderChanged, Progress, SwitchState
from tradectl_sdk.bus.messages.intents import Cancel, Cursor, Intents, Place, StrategyFailed
from tradectl_sdk.bus.messages.market import Bars, Feed, Ticks
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine import Assumptions, CloseReason, Plan
from tradectl_sdk.exchange.values import FeedState
from tradectl_sdk.nodes.host.records import (
    Ended,
    Failed,
    Found,
    Heard,
    Noticed,
    Saw,
    Valued,
    Warmed,
)
from tradectl_sdk.nodes.inputs import Datum, Missed, Received, Woken
from workbench import FREE, Scripted, columns, flat, instrument

SECOND = 1_000_000_000


def plan(script: Any, *prices: float, count: int = 1) -> Plan:
    """Days at given prices for a script."""
    ones = [instrument(f"X{k}" if count > 1 else "X") for k in range(count)]
    bars = flat(*(prices or (100.0,) * 9))
    return exact(
        Plan(
            instruments=ones,
            columns=[columns(bars, one, k) for k, one in enumerate(ones)],
            make_strategy=lambda: Scripted(script),
            assumptions=Assumptions(**FREE),
        )
    )


def nothing(ctx: Any, bar: Any, at: int) -> None: ...


def buy_first(ctx: Any, bar: Any, at: int) -> None:
    if at == 0:
        ctx.buy(10)


def seen(session: Session, *, late: bool = False) -> list[int]:
    """The numbers of the bars that were handed over, from 0."""
    times = [each[0].time for each in session.instants]
    frames = [f for f in session.frames if isinstance(f, Saw) and f.late == late]
    return [times.index(frame.bars[0].time) for frame in frames]


def notices(session: Session) -> list[str]:
    return [frame.what for frame in session.frames if isinstance(frame, Noticed)]


def script_of(session: Session) -> Scripted:
    return session.engine.strategies[0]


# Executions before data ---------------------------------------------------------------------


def test_a_bar_waits_until_all_executions_before_it_were_heard():
    session = Session(plan(buy_first)).run(0, 1)
    events, bars = session.executor.pass_bars(1, session.instants[1])
    session.publish(bars)
    assert seen(session) == [0]
    *fills, progress = events
    for event in fills:
        session.say(event)
    assert seen(session) == [0]
    assert session.core.busy == 1
    session.say(progress)
    assert seen(session) == [0, 1]
    kinds = [type(frame) for frame in session.frames[-3:]]
    assert kinds == [Heard, Saw, Valued]
    assert script_of(session).fills == [(10.0, 100.0)]


def test_executions_after_a_bar_wait_for_the_next():
    """The channel may be faster than the stream."""
    session = Session(plan(buy_first)).run(0, 1)
    first, bars = session.executor.pass_bars(1, session.instants[1])
    second, more = session.executor.pass_bars(1, session.instants[2])
    later = [msgspec.structs.replace(e, at=second[-1].executions) for e in first[:-1]]
    quiet = msgspec.structs.replace(bars, executions=Cursor(1, 0))
    for event in (*later, second[-1]):
        session.say(event)
    session.publish(quiet)
    assert script_of(session).fills == []
    session.publish(more)
    assert script_of(session).fills == [(10.0, 100.0)]


def test_only_one_message_goes_out_for_an_instant():
    def eager(ctx: Any, bar: Any, at: int) -> None:
        ctx.buy(1)
        ctx.cancel(ctx.buy(1, limit=90.0))
        ctx.one_cancels_other(ctx.buy(1, limit=91.0), ctx.buy(1, limit=92.0))

    session = Session(plan(eager)).run(0, 3)
    assert [one.number for one in session.executor.read] == [1, 2, 3]
    assert [one.decided for one in session.executor.read] == [
        b[0].time for b in session.instants[:3]
    ]
    kinds = [type(one).__name__ for one in session.executor.read[0].commands]
    assert kinds == ["Place", "Place", "Cancel", "Place", "Place", "Tie"]
    assert session.executor.read[2].data == Cursor(1, 3)


def test_fills_are_told_at_once_where_that_is_asked_for():
    def close_on_fill(ctx: Any, bar: Any, at: int) -> None:
        if at == 0:
            ctx.buy(10)

    session = Session(plan(close_on_fill), at_once=True).run(0, 1)
    script_of(session).on_fill = lambda ctx, fill: session.frames.append((ctx.time, fill.quantity))
    events, _ = session.executor.pass_bars(1, session.instants[1])
    for event in events:
        session.say(event)
    assert (session.engine.desk.time, 10.0) in session.frames
    assert seen(session) == [0]


def test_what_a_strategy_decides_on_a_fill_leaves_at_once_too():
    class Exits(Scripted):
        def on_fill(self, ctx, fill):
            ctx.sell(fill.quantity)

    made = plan(buy_first)
    made = Plan(
        **{n: getattr(made, n) for n in made.__dataclass_fields__}
        | {"make_strategy": lambda: Exits(buy_first)}
    )
    session = Session(made, at_once=True).run(0, 1)
    events, _ = session.executor.pass_bars(1, session.instants[1])
    for event in events:
        session.say(event)
    assert [one.number for one in session.executor.read] == [1, 2]
    assert session.executor.read[1].commands[0].side == -1


# Warm-up and start --------------------------------------------------------------------------


def test_history_is_fed_with_orders_denied_and_what_was_open_is_adopted_after_it():
    session = Session(plan(lambda ctx, bar, at: ctx.buy(1, limit=90.0))).run(0, 2)
    session.frames.clear()
    history = tuple(bar for bars in session.instants[:2] for bar in bars)
    session.start(history)
    strategy = script_of(session)
    assert strategy.number == 2  # fed, from the start
    assert [type(f) for f in session.frames[:4]][1:] == [Found, Warmed, Warmed]
    assert session.executor.heard.get(2) is None  # nothing was wanted
    context = session.engine.context
    adopted = [context.open_order(place) for place in range(2)]
    assert adopted == [3, 4]  # two were denied in the warm-up
    session.run(2, 3)
    assert session.executor.read[-1].commands[0].number == 5
    assert (OrderStatus.ACCEPTED, 0) in strategy.updates


def test_an_order_of_an_earlier_life_is_cancelled_under_its_former_name():
    session = Session(plan(lambda ctx, bar, at: ctx.buy(1, limit=90.0) if at == 0 else None))
    session.run(0, 1)

    def cancel(ctx: Any, bar: Any, at: int) -> None:
        ctx.cancel(ctx.open_order(0))

    session.plan = plan(cancel)
    session.start()
    session.run(1, 2)
    assert session.executor.read[-1].commands == (Cancel(number=1, epoch=1),)
    session.run(2, 3)
    session.check()


def test_bars_between_history_and_session_are_fetched():
    session = Session(plan(nothing))
    session.start(tuple(session.instants[0]))
    said = session.publish(session.executor.pass_bars(2, session.instants[3])[1])
    first = session.instants[0][0]
    day = first.length
    asked = FetchBars(instrument="X.TEST", length=day, since=first.time, until=first.time + 2 * day)
    assert said == [("gateway", asked)]


# Failing ------------------------------------------------------------------------------------


def test_what_a_strategy_raises_is_told_with_its_traceback_and_nothing_half_decided_is_sent():
    def fail(ctx: Any, bar: Any, at: int) -> None:
        ctx.buy(1)
        if at == 1:
            raise ValueError("no such luck")

    session = Session(plan(fail)).run(0, 3)
    assert session.core.state == "failed"
    assert session.core.text == "ValueError: no such luck"
    assert len(session.executor.read) == 1
    failed = session.frames[-1]
    assert isinstance(failed, Failed)
    assert 'raise ValueError("no such luck")' in failed.traceback
    assert session.step(Woken()) == []


def test_a_strategy_that_cannot_start_says_so():
    class Broken(Scripted):
        def on_start(self, ctx):
            raise SystemExit(3)

    made = plan(nothing)
    object.__setattr__(made, "make_strategy", lambda: Broken(nothing))
    session = Session(made)
    assert session.core.text == "SystemExit: 3"


def test_a_host_that_is_told_to_stop_lets_its_strategy_look_back():
    stopped = []

    class Looks(Scripted):
        def on_stop(self, ctx):
            stopped.append((ctx.buy(1), ctx.position))

    made = plan(nothing)
    object.__setattr__(made, "make_strategy", lambda: Looks(nothing))
    session = Session(made).run(0, 2)
    session.say(StopNode(), "control")
    assert stopped == [(1, 0.0)]
    assert session.core.state == "stopped"
    assert isinstance(session.frames[-1], Ended)


def test_more_data_than_may_wait_is_an_error():
    session = Session(plan(nothing), most_waiting=3)
    far = Cursor(1, 99)
    for at, bars in enumerate(session.instants[:4]):
        said = session.publish(Bars(executions=far, bars=tuple(bars)))
        assert session.core.state == ("failed" if at == 3 else "ready")
    assert isinstance(said[-1][1], StrategyFailed)
    assert "4 messages of market data wait for the executor" in session.core.text


def test_an_executor_that_reads_nothing_is_an_error():
    session = Session(plan(lambda ctx, bar, at: ctx.buy(1)), most_unread=2)
    for bars in session.instants[:3]:
        session.core.step(1, Datum(Cursor(1, 1), Bars(executions=Cursor(1, 0), bars=tuple(bars))))
    assert "left 3 messages unread" in session.core.text


# Gaps ---------------------------------------------------------------------------------------


def published(session: Session, at: int) -> list[Any]:
    return session.publish(
        Bars(executions=session.executor.executions, bars=tuple(session.instants[at]))
    )


def fetched(session: Session, *numbers: int) -> list[Any]:
    bars = tuple(bar for at in numbers for bar in session.instants[at])
    return session.say(BarsFetched(bars=bars), "gateway")


def test_missing_bars_are_fetched_page_by_page_and_are_too_late_to_act_on():
    wanted = []

    def act(ctx: Any, bar: Any, at: int) -> None:
        wanted.append((bar.time, ctx.warming))
        ctx.buy(1)

    session = Session(plan(act)).run(0, 2)
    session.step(Missed(Cursor(1, 9)))
    assert [m.since for _, m in published(session, 5)] == [session.instants[1][0].time]
    assert [m.since for _, m in fetched(session, 2)] == [session.instants[2][0].time]
    fetched(session, 3, 4)
    times = [each[0].time for each in session.instants]
    assert wanted == [(times[k], k in {2, 3, 4}) for k in range(6)]
    assert seen(session) == [0, 1, 5]
    assert seen(session, late=True) == [2, 3, 4]
    assert [one.number for one in session.executor.read] == [1, 2, 3]
    assert notices(session) == ["gap", "mended"]


def test_an_empty_page_says_that_there_are_none():
    session = Session(plan(nothing)).run(0, 2)
    session.step(Missed(Cursor(1, 9)))
    published(session, 5)
    fetched(session)
    assert seen(session) == [0, 1, 5]
    fetched(session, 3)  # nobody has asked for it
    assert seen(session, late=True) == []


def test_an_ordinary_hole_is_no_reason_to_ask():
    session = Session(plan(nothing)).run(0, 2)
    assert published(session, 5) == []
    assert seen(session) == [0, 1, 5]


def test_a_gateway_that_cannot_help_is_asked_again_and_then_the_host_stops():
    session = Session(plan(nothing), patience=10, retry=4).run(0, 2)
    session.step(Missed(Cursor(1, 9)))
    assert len(published(session, 5)) == 1
    assert session.say(Declined(status=5, text="no answer"), "gateway") == []
    session.now += 4
    assert len(session.step(Woken())) == 1
    session.now += 9
    said = session.step(Woken())
    assert isinstance(said[-1][1], StrategyFailed)
    assert "are missing, and the gateway did not give them" in session.core.text


def test_a_gap_lies_before_the_bars_that_came_after_it_however_long_they_wait():
    """Bars that waited since before the gap have no hole, and prove nothing of those behind it."""
    session = Session(plan(nothing)).run(0, 2)
    session.say(PeerLost(name="executor", text="silence"))
    published(session, 2)
    session.step(Missed(Cursor(1, 9)))
    published(session, 4)
    asked = session.say(PeerBack(name="executor", role="executor", epoch=1))
    assert [m.since for _, m in asked] == [session.instants[2][0].time]
    fetched(session, 3)
    assert (seen(session), seen(session, late=True)) == ([0, 1, 2, 4], [3])


def test_data_that_are_live_again_are_in_doubt_however_long_they_wait():
    session = Session(plan(nothing)).run(0, 2)
    session.say(PeerLost(name="executor", text="silence"))
    published(session, 2)
    for live in (False, True):
        session.publish(Feed(executions=Cursor(1, 0), state=FeedState(live=live)))
    published(session, 4)
    asked = session.say(PeerBack(name="executor", role="executor", epoch=1))
    assert [m.since for _, m in asked] == [session.instants[2][0].time]
    fetched(session)  # nothing was traded
    assert (seen(session), seen(session, late=True)) == ([0, 1, 2, 4], [])


def test_bars_of_several_instruments_are_mended_in_order():
    times = []
    session = Session(plan(lambda ctx, bar, at: times.append((bar.time, ctx.instrument)), count=2))
    session.run(0, 2)
    session.step(Missed(Cursor(1, 9)))
    published(session, 5)
    fetched(session, 2, 3, 4)
    assert seen(session) == [0, 1]
    fetched(session, 2, 3, 4)
    expected = [(bars[0].time, k) for bars in session.instants[:6] for k in (0, 1)]
    assert times == expected


def test_stale_data_reach_no_strategy_and_are_made_up_for():
    session = Session(plan(nothing)).run(0, 2)
    stale = Feed(executions=Cursor(1, 0), state=FeedState(live=False, text="silent"))
    session.publish(stale)
    published(session, 2)
    assert seen(session) == [0, 1]
    session.publish(Feed(executions=Cursor(1, 0), state=FeedState(live=True)))
    assert len(published(session, 3)) == 1
    fetched(session, 2)
    assert (seen(session), seen(session, late=True)) == ([0, 1, 3], [2])
    assert notices(session) == ["stale", "fresh", "mended"]


def test_staleness_of_one_instrument_does_not_hold_up_another():
    session = Session(plan(nothing, count=2)).run(0, 1)
    session.publish(
        Feed(executions=Cursor(1, 0), state=FeedState(instrument="X0.TEST", live=False))
    )
    published(session, 1)
    assert [s.number for s in session.engine.strategies] == [1, 2]
    session.step(Received("market", Stale(text="late")))
    published(session, 2)
    assert [s.number for s in session.engine.strategies] == [1, 2]
    session.step(Received("market", Fresh()))
    published(session, 3)
    fetched(session, 1, 2)
    fetched(session, 2)
    assert [s.number for s in session.engine.strategies] == [4, 4]


def test_bars_that_were_read_and_data_of_other_kinds_are_passed_over():
    session = Session(plan(nothing)).run(0, 3)
    published(session, 1)
    ticks = Ticks(executions=Cursor(1, 0), instrument="X.TEST", time=b"", price=b"", lots=b"")
    session.publish(ticks)
    session.say(object(), "executor")
    assert script_of(session).number == 3


# The executor comes and goes ----------------------------------------------------------------


def test_nothing_is_decided_while_the_executor_is_lost():
    session = Session(plan(nothing)).run(0, 1)
    session.say(PeerLost(name="executor", text="silence"))
    published(session, 1)
    assert seen(session) == [0]
    session.say(PeerBack(name="executor", role="executor", epoch=1))
    assert seen(session) == [0, 1]
    assert notices(session) == ["executor lost", "executor back"]


def test_an_executor_that_is_back_has_to_show_the_account_first():
    session = Session(plan(nothing)).run(0, 1)
    session.say(PeerChanged(name="executor", role="executor", epoch=2))
    session.say(PeerLost(name="executor"))
    session.say(PeerBack(name="executor", role="executor", epoch=2))
    published(session, 1)
    assert seen(session) == [0]
    session.say(session.executor.snapshot(1))
    assert seen(session) == [0, 1]


def test_intents_that_a_former_executor_had_not_read_are_repeated():
    session = Session(plan(lambda ctx, bar, at: ctx.buy(1, limit=90.0))).run(0, 1)
    take = session.executor.take
    session.executor.take = lambda intents: []
    session.run(1, 2)
    session.executor.take = take
    session.say(PeerChanged(name="executor", role="executor", epoch=2))
    assert session.core.state == "waiting"
    assert session.engine.context.open_orders == 2
    said = session.say(session.executor.snapshot(1))
    assert [m.number for _, m in said] == [2]
    session.run(2, 3)
    session.check()
    assert [one.number for one in session.executor.read] == [1, 2, 3]


def test_what_happened_while_the_executor_was_away_is_told_once():
    session = Session(plan(buy_first)).run(0, 1)
    events, bars = session.executor.pass_bars(1, session.instants[1])
    fill = events[0]
    session.say(PeerChanged(name="executor", role="executor", epoch=2))
    session.say(session.executor.snapshot(1, recent=(fill,)))
    session.say(fill)
    session.say(Progress(executions=session.executor.executions))
    session.publish(bars)
    assert script_of(session).fills == [(10.0, 100.0)]
    session.check()


def test_an_order_that_a_new_executor_does_not_know_has_ended():
    session = Session(plan(lambda ctx, bar, at: ctx.buy(1, limit=90.0) if at == 0 else 0)).run(0, 1)
    session.say(PeerChanged(name="executor", role="executor", epoch=2))
    snapshot = session.executor.snapshot(1)
    session.say(msgspec.structs.replace(snapshot, orders=(), cash=7))
    session.run(1, 2)
    assert (OrderStatus.CANCELED, CloseReason.UNHEARD) in script_of(session).updates
    assert session.engine.desk.account.cash == 7


def test_an_order_whose_end_the_new_executor_has_not_read_stays_gone():
    def script(ctx: Any, bar: Any, at: int) -> None:
        if at == 0:
            ctx.buy(1, limit=90.0)
        ctx.cancel(ctx.open_order(0) if at == 1 else 0)

    session = Session(plan(script)).run(0, 1)
    take = session.executor.take
    session.executor.take = lambda intents: []
    session.run(1, 2)
    session.executor.take = take
    session.say(PeerChanged(name="executor", role="executor", epoch=2))
    session.say(session.executor.snapshot(1))
    assert session.engine.context.open_orders == 0
    session.run(2, 3)
    session.check()


def test_a_moved_kill_switch_is_recorded():
    session = Session(plan(nothing))
    session.say(SwitchState(state="halted", text="enough"))
    assert session.frames[-1].text == "halted: enough"


def test_a_refusal_of_the_executor_is_told_with_the_next_bar():
    session = Session(plan(lambda ctx, bar, at: ctx.buy(1, limit=90.0) if at == 0 else 0))
    session.executor.take = lambda intents: [
        OrderChanged(
            epoch=1,
            number=1,
            instrument="X.TEST",
            status=int(OrderStatus.DENIED),
            lots=1,
            reason=41,
            heard=1,
        )
    ]
    session.run(0, 2)
    assert script_of(session).updates == [(OrderStatus.DENIED, 41)]
    assert session.engine.desk.account.open_buys == [0]


def test_a_place_names_its_bracket():
    session = Session(plan(lambda ctx, b, at: ctx.buy(1, take_profit=120.0, stop_loss=80.0)))
    session.run(0, 1)
    entry, take, loss = session.executor.read[0].commands
    assert (entry.group, entry.parent) == (0, 0)
    assert (take.group, take.parent, loss.group, loss.parent) == (2, 1, 2, 1)
    assert isinstance(take, Place)


def test_orders_of_instruments_the_session_does_not_trade_are_left_alone():
    session = Session(plan(buy_first)).run(0, 1)
    order = session.executor.snapshot(1).orders
    strange = [msgspec.structs.replace(one, instrument="Y.TEST", number=9) for one in order]
    snapshot = session.executor.snapshot(2)
    session.epoch = 1
    fresh = Session(plan(nothing))
    fresh.core._trader.adopt(strange)
    assert fresh.engine.context.open_orders == 0
    events, _ = session.executor.pass_bars(1, session.instants[1])
    fill = msgspec.structs.replace(events[0], instrument="Y.TEST", epoch=5)
    session.say(fill)
    session.run(2, 3)
    assert session.engine.desk.account.lots == [0] or snapshot.cash
    assert script_of(session).fills == []


def test_intents_of_a_gambler_arrive_in_order_without_gaps():
    made = exact(make_plan(7, 2, 120, Assumptions()))
    session = Session(made).run()
    assert [one.number for one in session.executor.read] == list(
        range(1, len(session.executor.read) + 1)
    )
    assert isinstance(session.executor.read[0], Intents)
