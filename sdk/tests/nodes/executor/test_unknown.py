"""An order whose fate is not known stays so until the venue gives evidence."""

from __future__ import annotations

import pytest
from floor import SECOND, Floor, X, card, place, setup
from tradectl_sdk.bus.link import PeerChanged
from tradectl_sdk.bus.messages.intents import Cancel
from tradectl_sdk.bus.messages.orders import CancelOrder, FetchAccount, QueryAnswered, QueryOrder
from tradectl_sdk.domain.orders import OrderFlag, OrderStatus
from tradectl_sdk.engine.reasons import CloseReason, DenyReason
from tradectl_sdk.exchange.card import ClientIds
from tradectl_sdk.exchange.values import Absent, Refused, Unclear
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.setup import Bounds

REDUCE = int(OrderFlag.REDUCE_ONLY)
WINDOW = 16 * SECOND  # 5 s to take a request, 10 s to work on it, 1 s of margin


def lost(**changes) -> Floor:
    """A floor with an order of ten lots whose answer was lost."""
    floor = Floor(setup(**changes)).open()
    floor.intend(place(1, limit=9_900))
    floor.answer(Unclear(text="504"))
    return floor


def answer_query(floor: Floor, result, **fields) -> None:
    request = floor.asked(QueryOrder)[-1]
    whole = {"venue_time": floor.now, "result": result}
    floor.gateway(QueryAnswered(request=request.request, order=request.order, **(whole | fields)))


def test_it_counts_in_full_and_keeps_risk_away_from_its_instrument():
    floor = lost()
    assert floor.status(1) == OrderStatus.UNKNOWN
    assert floor.state.book.open_buys(X) == 10
    floor.intend(place(2, limit=9_000))
    assert floor.order(2).reason == DenyReason.UNKNOWN_ORDER


def test_what_reduces_and_what_cancels_passes_meanwhile():
    floor = Floor().open()
    floor.place(place(1))
    floor.fill(1, 10)
    floor.intend(place(2, limit=9_900))
    floor.answer(Unclear(text="504"))
    floor.intend(place(3, -1, 5, flags=REDUCE), place(4, -1, 5, limit=9_999), Cancel(number=2))
    assert floor.statuses(3, 4) == [OrderStatus.SUBMITTED] * 2
    assert floor.cancels == [floor.order(2).client_id]


def test_a_report_resolves_it():
    floor = lost()
    floor.wait(SECOND)
    assert floor.asked(QueryOrder)[-1].order.client_id == floor.order(1).client_id
    answer_query(floor, floor.report_of(1, OrderStatus.ACCEPTED))
    assert floor.status(1) == OrderStatus.ACCEPTED
    questions = len(floor.asked(QueryOrder))
    floor.wait(20 * SECOND)
    assert len(floor.asked(QueryOrder)) == questions


def test_absence_proves_nothing_while_the_venue_may_still_take_it():
    floor = lost()
    floor.wait(SECOND)
    answer_query(floor, Absent())
    floor.wait(WINDOW)
    floor.core.parts.reconciler.soon()
    floor.wait(1)
    floor.fetched()
    assert floor.status(1) == OrderStatus.UNKNOWN, "it was denied too early for that to count"


def test_absence_is_proven_by_question_and_lists_after_the_window():
    floor = lost()
    floor.wait(WINDOW + SECOND)
    answer_query(floor, Absent())
    assert floor.status(1) == OrderStatus.UNKNOWN, "the lists are still to come"
    request = floor.asked(FetchAccount)[-1]
    assert request.since <= floor.order(1).sent_venue
    floor.fetched()
    assert floor.status(1) == OrderStatus.REJECTED
    assert floor.order(1).reason == CloseReason.NEVER_ARRIVED
    assert floor.state.book.open_buys(X) == 0
    assert len(floor.tickets) == 1, "nothing is ever sent again"


def test_a_simulated_venue_is_believed_at_once_though_its_time_stands_still():
    """A replay waits until nothing is in doubt any more, so no time may have to pass there."""
    floor = lost(card=card(simulated=True, request_window=0, processing_timeout=0))
    assert floor.core.busy
    stopped = floor.now - SECOND
    floor.wait(SECOND)
    answer_query(floor, Absent(), venue_time=stopped)
    floor.fetched(venue_time=stopped)
    assert floor.order(1).reason == CloseReason.NEVER_ARRIVED
    assert not floor.core.busy


@pytest.mark.parametrize("part", ["open_orders", "closed_orders", "trades"])
def test_a_list_that_failed_proves_nothing(part):
    floor = lost()
    floor.wait(WINDOW + SECOND)
    answer_query(floor, Absent())
    floor.fetched(**{part: None})
    assert floor.status(1) == OrderStatus.UNKNOWN


def test_lists_of_before_the_window_s_end_prove_nothing():
    floor = lost()
    floor.wait(WINDOW + SECOND)
    answer_query(floor, Absent())
    floor.fetched(venue_time=floor.order(1).sent_venue + WINDOW - 1)
    assert floor.status(1) == OrderStatus.UNKNOWN


def test_failed_questions_never_decide_however_many_and_come_at_a_bounded_rate():
    floor = lost()
    for _ in range(60):
        floor.wait(60 * SECOND)
        answer_query(floor, None, failed="503")
        if floor.core.parts.reconciler._asked:
            floor.fetched(open_orders=None)
    assert floor.status(1) == OrderStatus.UNKNOWN
    assert 60 <= len(floor.asked(QueryOrder)) <= 200


def test_many_orders_in_doubt_share_one_rate():
    floor = Floor().open()
    floor.intend(*(place(number, limit=9_900) for number in range(1, 41)))
    for which in range(40):
        floor.answer(Unclear(text="504"), which=which)
    floor.wait(2 * SECOND)
    assert len(floor.asked(QueryOrder)) <= 2 * floor.setup.bounds.queries_per_second


def test_what_was_proven_absent_comes_back_if_the_venue_shows_it():
    floor = lost()
    floor.wait(WINDOW + SECOND)
    answer_query(floor, Absent())
    floor.fetched()
    floor.report(1, OrderStatus.ACCEPTED)
    assert floor.status(1) == OrderStatus.ACCEPTED
    assert floor.notices == ["revived"]
    assert floor.state.book.open_buys(X) == 10


def test_a_fill_of_what_was_proven_absent_brings_it_back():
    floor = lost()
    floor.wait(WINDOW + SECOND)
    answer_query(floor, Absent())
    floor.fetched()
    floor.fill(1, 4)
    assert floor.status(1) == OrderStatus.PARTIALLY_FILLED
    assert (floor.position, floor.state.book.open_buys(X)) == (4, 6)


def test_a_fill_resolves_it():
    floor = lost()
    floor.fill(1, 4)
    assert floor.status(1) == OrderStatus.PARTIALLY_FILLED


def test_silence_of_the_gateway_and_its_loss_are_no_answers_either():
    floor = Floor().open()
    floor.intend(place(1, limit=9_900))
    floor.wait(floor.setup.answer_time + SECOND)
    assert floor.status(1) == OrderStatus.UNKNOWN
    other = Floor().open()
    other.intend(place(1, limit=9_900))
    other.connect(2)
    assert other.status(1) == OrderStatus.UNKNOWN


def test_what_a_gateway_took_with_it_is_asked_of_the_next_one_at_once():
    floor = lost()
    floor.wait(SECOND)
    asked = len(floor.asked(QueryOrder))
    floor.gateway(PeerChanged(name="gateway", role="gateway", epoch=2))
    floor.wait(SECOND // 2)
    assert len(floor.asked(QueryOrder)) == asked + 1


def test_an_answer_may_take_as_long_as_the_gateway_waits_for_it():
    floor = lost(card=card(request_window=0, processing_timeout=0))
    floor.wait(2 * SECOND)
    assert len(floor.asked(QueryOrder)) == 1
    answer_query(floor, floor.report_of(1, OrderStatus.ACCEPTED))
    assert floor.status(1) == OrderStatus.ACCEPTED


def test_a_working_order_that_is_not_listed_is_asked_for_and_not_dropped():
    floor = Floor().open()
    floor.place(place(1, limit=9_900))
    floor.wait(31 * SECOND)
    floor.fetched()
    assert floor.status(1) == OrderStatus.ACCEPTED
    floor.wait(SECOND)
    answer_query(floor, floor.report_of(1, OrderStatus.ACCEPTED))
    assert floor.status(1) == OrderStatus.ACCEPTED
    assert floor.notices == []


def test_a_working_order_that_the_venue_denies_in_every_way_has_vanished():
    floor = Floor().open()
    floor.place(place(1, limit=9_900))
    floor.wait(31 * SECOND)
    floor.fetched()
    floor.wait(SECOND)
    answer_query(floor, Absent())
    assert floor.status(1) == OrderStatus.ACCEPTED, "too early to tell"
    floor.wait(WINDOW)
    answer_query(floor, Absent())
    floor.fetched()
    assert floor.status(1) == OrderStatus.CANCELED
    assert floor.order(1).reason == CloseReason.VANISHED


def test_a_refused_cancel_is_looked_into_before_it_is_asked_again():
    floor = Floor().open()
    floor.place(place(1, limit=9_900))
    floor.intend(Cancel(number=1))
    floor.answer(Refused(code="-2011", text="unknown order"), kind=CancelOrder)
    assert len(floor.cancels) == 1
    floor.wait(SECOND)
    answer_query(floor, floor.report_of(1, OrderStatus.ACCEPTED))
    assert len(floor.cancels) == 2
    floor.answer(Unclear(text="504"), kind=CancelOrder)
    floor.wait(SECOND)
    answer_query(floor, floor.report_of(1, OrderStatus.CANCELED))
    assert floor.status(1) == OrderStatus.CANCELED


def test_a_cancel_that_was_taken_and_led_to_nothing_is_asked_again():
    floor = Floor().open()
    floor.place(place(1, limit=9_900))
    floor.intend(Cancel(number=1))
    floor.answer(kind=CancelOrder)
    floor.wait(3 * SECOND)
    answer_query(floor, floor.report_of(1, OrderStatus.ACCEPTED))
    assert len(floor.cancels) == 2


def test_a_refusal_of_what_has_been_seen_is_an_anomaly():
    floor = Floor().open()
    floor.intend(place(1, limit=9_900))
    floor.report(1, OrderStatus.ACCEPTED)
    floor.answer(Refused(code="-2010", text="no"))
    assert floor.status(1) == OrderStatus.ACCEPTED
    assert floor.notices == ["refused"]
    floor.wait(SECOND)
    assert floor.asked(QueryOrder)


def test_an_answer_that_does_not_fit_is_unclear():
    floor = Floor().open()
    floor.intend(place(1, limit=9_900))
    floor.answer(Refused(code="a", text=""), Refused(code="b", text=""))
    assert floor.status(1) == OrderStatus.UNKNOWN


def test_where_the_venue_finds_nothing_by_our_ids_its_lists_have_to_do():
    ids = ClientIds(queryable=False)
    floor = lost(card=card(client_ids=ids))
    floor.wait(WINDOW + 31 * SECOND)
    assert floor.asked(QueryOrder) == []
    floor.fetched()
    floor.wait(31 * SECOND)
    assert floor.status(1) == OrderStatus.REJECTED


def test_restart_and_recovery_ask_for_what_was_never_answered():
    floor = Floor().open()
    floor.intend(place(1, limit=9_900))
    after = Floor(state=floor.state, now=floor.now)
    assert after.status(1) == OrderStatus.UNKNOWN
    after.connect()
    after.fetched(open_orders=(after.report_of(1, OrderStatus.ACCEPTED),))
    assert after.status(1) == OrderStatus.ACCEPTED
    assert after.tickets == []
    assert len(after.written(of.Started)) == 1


def test_bounds_are_what_they_are_called():
    assert Bounds().query_first < Bounds().query_longest
