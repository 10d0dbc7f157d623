"""The kill switch: latched, written down first, released by a person, proven at the venue."""

from __future__ import annotations

from decimal import Decimal

from floor import SECOND, Floor, X, instrument, place, replayed, setup
from tradectl_sdk.bus.link import PeerChanged
from tradectl_sdk.bus.messages.control import CancelEverything, Declined, Done, SetSwitch
from tradectl_sdk.bus.messages.events import AccountSnapshot, SwitchState
from tradectl_sdk.bus.messages.intents import StrategyFailed
from tradectl_sdk.bus.messages.orders import CancelOrder, Submit
from tradectl_sdk.domain.orders import OrderFlag, OrderStatus
from tradectl_sdk.engine.reasons import CloseReason, DenyReason
from tradectl_sdk.exchange.values import Refused
from tradectl_sdk.nodes.executor import records as of

REDUCE = int(OrderFlag.REDUCE_ONLY)


def working() -> Floor:
    """A position of ten lots, an entry that rests, and a stop that protects."""
    floor = Floor().open()
    floor.place(place(1))
    floor.fill(1, 10)
    floor.place(place(2, limit=9_000), place(3, -1, trigger=9_500, flags=REDUCE))
    return floor


def halt(floor: Floor) -> None:
    floor.control(SetSwitch(state="halted", by="me", text="enough"))


def test_halting_is_written_down_before_anything_is_cancelled():
    floor = working()
    before = len(floor.records)
    halt(floor)
    kinds = [type(one) for one in floor.records[before:]]
    assert kinds == [of.Switched, of.Ending, of.Ending, of.Asked, of.Asked]
    assert set(floor.cancels) == {floor.order(2).client_id, floor.order(3).client_id}
    assert SwitchState(state="halted", text="enough") in floor.to_host
    assert floor.answers[-1][1] == Done(lines=("the kill switch is halted",), left=2)


def test_nothing_passes_when_halted():
    floor = working()
    halt(floor)
    floor.intend(place(4, limit=9_000), place(5, -1, flags=REDUCE))
    assert [floor.order(number).reason for number in (4, 5)] == [DenyReason.HALTED] * 2


def test_only_what_reduces_passes_when_reducing():
    floor = working()
    floor.control(SetSwitch(state="reducing", by="", text="limit"))
    assert floor.cancels == [floor.order(2).client_id]
    floor.intend(place(4, limit=9_000), place(5, -1, 4, flags=REDUCE), place(6, -1, 4, limit=9_999))
    assert floor.order(4).reason == DenyReason.REDUCING
    assert floor.statuses(5, 6) == [OrderStatus.SUBMITTED] * 2


def test_a_halt_is_proven_by_the_venue_s_list_only():
    floor = working()
    halt(floor)
    for number, which in ((2, 0), (3, 1)):
        floor.answer(kind=CancelOrder, which=which)
        floor.report(number, OrderStatus.CANCELED)
    assert not floor.state.proven
    assert "has yet to show" in floor.core.condition[1]
    still = floor.report_of(2, OrderStatus.ACCEPTED, time=floor.now + 1)
    floor.fetched(open_orders=(still,))
    assert not floor.state.proven
    assert floor.cancels.count(floor.order(2).client_id) == 2, "the venue shows it working"
    floor.answer(kind=CancelOrder)
    floor.report(2, OrderStatus.CANCELED, time=floor.now + 2)
    floor.wait(31 * SECOND)
    floor.fetched()
    assert floor.state.proven
    assert floor.order(2).reason == CloseReason.SWITCH


def test_it_stays_where_it_is_over_every_restart():
    floor = working()
    halt(floor)
    after = Floor(state=replayed(floor.records), now=floor.now, balances=floor.balances)
    after.connect()
    assert after.state.switch == "halted"
    assert set(after.cancels) == set(), "what was asked is looked into first"
    after.host(PeerChanged(name="host", role="host", epoch=1))
    orders = [after.report_of(number, OrderStatus.ACCEPTED) for number in (2, 3)]
    after.fetched(open_orders=tuple(orders))
    assert set(after.cancels) == {after.order(2).client_id, after.order(3).client_id}
    snapshot = next(one for one in after.to_host if isinstance(one, AccountSnapshot))
    assert snapshot.state == "halted"


def test_a_machine_may_pull_it_and_only_a_person_releases_it():
    floor = working()
    floor.control(SetSwitch(state="halted"))
    answer = floor.control(SetSwitch(state="active"))
    assert isinstance(answer, Declined)
    assert floor.state.switch == "halted"
    assert isinstance(floor.control(SetSwitch(state="active", by="me")), Done)
    assert floor.state.switch == "active"
    assert floor.control(SetSwitch(state="active", by="me")).lines == ("it was active already",)
    assert isinstance(floor.control(SetSwitch(state="off", by="me")), Declined)


def test_a_strategy_that_fails_halts_and_its_traceback_is_kept():
    floor = working()
    floor.host(StrategyFailed(strategy="s", epoch=1, text="ZeroDivisionError", traceback="line 1"))
    (failed,) = floor.written(of.Failed)
    assert failed.traceback == "line 1"
    assert floor.state.switch == "halted"
    assert "ZeroDivisionError" in floor.state.switch_text


def test_the_policy_may_be_to_reduce_only_and_never_loosens():
    floor = Floor(setup(on_failure="reduce")).open()
    failed = StrategyFailed(strategy="s", epoch=1, text="boom")
    floor.host(failed)
    assert floor.state.switch == "reducing"
    halt(floor)
    floor.host(failed)
    assert floor.state.switch == "halted"


def test_panic_closes_positions_once_nothing_works_any_more():
    floor = working()
    answer = floor.control(CancelEverything(flatten=True, by="me"))
    assert answer.left == 2
    sent = len(floor.tickets)
    for number, which in ((2, 0), (3, 1)):
        floor.answer(kind=CancelOrder, which=which)
        assert len(floor.tickets) == sent
        floor.report(number, OrderStatus.CANCELED)
    ticket = floor.tickets[-1]
    assert (ticket.side, ticket.lots, ticket.type) == (-1, 10, 0)
    assert ticket.flags & REDUCE
    floor.answer()
    (order,) = floor.state.book.live(X)
    trade = floor.trade_of(1, 10, client_id=order.client_id, side=-1)
    floor.account(trade)
    assert floor.position == 0
    floor.fetched()
    floor.wait(40 * SECOND)
    assert len(floor.tickets) == sent + 1


def test_a_closing_order_that_is_refused_is_tried_again_but_not_at_once():
    floor = Floor().open()
    floor.place(place(1))
    floor.fill(1, 10)
    floor.control(CancelEverything(flatten=True, by="me"))
    for tries, pause in ((1, 5), (2, 10), (3, 20)):  # so that nobody is told of it all night
        assert len(floor.asked(Submit)) == 1 + tries
        floor.answer(Refused(code="busy", text="later"))
        floor.wait((pause - 1) * SECOND)
        assert len(floor.asked(Submit)) == 1 + tries
        floor.wait(SECOND)
    floor.answer(Refused(code="busy", text="later"))
    assert len(floor.asked(Submit)) == 5
    floor.control(CancelEverything(flatten=True, by="me"))  # a person who is in a hurry
    assert len(floor.asked(Submit)) == 6


def test_what_is_worth_less_than_the_venue_takes_is_told_once_and_not_tried_for_ever():
    least = setup(instruments=[instrument(min_notional=Decimal(5))])
    floor = Floor(least).open()
    floor.place(place(1, lots=51))  # 5.10 at a price of 100
    floor.fill(1, 49)
    floor.report(1, OrderStatus.CANCELED)
    floor.control(CancelEverything(flatten=True, by="me"))
    floor.wait(900 * SECOND)
    assert len(floor.asked(Submit)) == 1
    (told,) = [one.text for one in floor.written(of.Noticed) if one.what == "dust"]
    assert "49 lots of" in told
    assert "less than the 5 " in told


def test_what_is_worth_just_enough_is_closed():
    least = setup(instruments=[instrument(min_notional=Decimal(5))])
    floor = Floor(least).open()
    floor.place(place(1, lots=51))
    floor.fill(1, 50)
    floor.report(1, OrderStatus.CANCELED)
    floor.control(CancelEverything(flatten=True, by="me"))
    assert [(one.side, one.lots) for one in floor.tickets[1:]] == [(-1, 50)]


def test_panic_survives_a_restart_half_way():
    floor = working()
    floor.control(CancelEverything(flatten=True, by="me"))
    after = Floor(state=replayed(floor.records), now=floor.now, balances=floor.balances)
    after.connect()
    ended = tuple(after.report_of(number, OrderStatus.CANCELED) for number in (2, 3))
    after.fetched(closed_orders=ended)
    assert [(one.side, one.lots) for one in after.tickets] == [(-1, 10)]


def test_what_waits_for_the_market_or_an_entry_ends_at_once():
    floor = Floor().open()
    floor.place(place(1, limit=9_000), place(2, -1, trigger=8_000, parent=1))
    halt(floor)
    assert floor.status(2) == OrderStatus.CANCELED
    assert floor.order(2).reason == CloseReason.SWITCH


def test_an_order_that_turns_up_after_a_halt_is_cancelled_too():
    floor = working()
    floor.intend(place(4, limit=9_000))
    halt(floor)
    assert floor.order(4).client_id not in floor.cancels, "its answer is still to come"
    floor.answer()
    assert floor.order(4).client_id in floor.cancels
