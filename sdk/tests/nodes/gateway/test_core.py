"""What a gateway sends, refuses, answers from memory and passes on."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from gateway_scene import (
    BTC,
    SECOND,
    SIMULATED,
    UP,
    Bench,
    bar,
    cancel,
    cursor,
    report,
    submit,
    ticket,
    trade,
)
from tradectl_sdk.bus.link import PeerBack, PeerLost
from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    AmendOrder,
    Answered,
    ClockOffset,
    FetchAccount,
    QueryAnswered,
    QueryOrder,
)
from tradectl_sdk.exchange import Absent, Accepted, AccountLink, OrderRef, Refused, Unclear
from tradectl_sdk.nodes.gateway import GatewayCore, Performed
from tradectl_sdk.nodes.gateway.inputs import ClockUnknown, MeasureClock
from tradectl_sdk.nodes.gateway.requests import Requests, Standing

if TYPE_CHECKING:
    from collections.abc import Callable

ORDER = OrderRef(instrument=BTC, client_id="a")


@pytest.fixture
def bench() -> Bench:
    return Bench(card=SIMULATED).open().meet().forget()


def accepted(request: int = 1) -> Answered:
    return Answered(request=request, outcomes=(Accepted(),))


def finish(bench: Bench, result: object) -> Bench:
    return bench.step(Performed(number=bench.calls[-1].number, result=result))  # type: ignore[arg-type]


def test_a_submit_is_asked_of_the_exchange_once_and_its_answer_passed_on(bench: Bench) -> None:
    bench.step(submit())
    assert [call.what for call in bench.calls] == [submit()]
    assert bench.said() == []
    assert finish(bench, accepted()).said() == [accepted()]


def test_the_same_request_again_is_answered_from_memory_and_never_sent(bench: Bench) -> None:
    finish(bench.step(submit()), accepted())
    bench.step(submit(), submit())
    assert len(bench.calls) == 1
    assert bench.said() == [accepted()] * 3


def test_the_same_request_while_it_is_under_way_is_neither_sent_nor_answered(bench: Bench) -> None:
    bench.step(submit(), submit())
    assert len(bench.calls) == 1
    assert bench.said() == []


def test_a_request_whose_answer_was_forgotten_is_unclear_and_not_sent() -> None:
    bench = Bench(most_answers=1).open().meet(2)
    for number in (1, 2):
        finish(bench.step(submit(number, 2)), accepted(number))
    bench.forget().step(submit(1, 2))
    (answer,) = bench.said()
    assert isinstance(answer.outcomes[0], Unclear)
    assert bench.calls == []


def test_a_submit_of_an_earlier_life_is_refused(bench: Bench) -> None:
    bench.meet(3).forget().step(submit(1, 2, "a", "b"))
    (answer,) = bench.said()
    assert [one.code for one in answer.outcomes] == ["stale_epoch", "stale_epoch"]
    assert bench.calls == []


def test_a_cancel_of_an_earlier_life_is_refused_and_its_questions_are_not_answered(
    bench: Bench,
) -> None:
    bench.meet(3).forget()
    bench.step(cancel(1, 2), QueryOrder(request=2, epoch=2, order=ORDER))
    (answer,) = bench.said()
    assert isinstance(answer.outcomes[0], Refused)
    assert bench.calls == []


def test_a_later_life_is_met_by_its_first_request_too(bench: Bench) -> None:
    finish(bench.step(submit(1, 1)), accepted())
    bench.step(submit(1, 2))
    assert len(bench.calls) == 2  # another life's request 1 is another request
    assert bench.core.executor == 2
    bench.step(QueryOrder(request=2, epoch=5, order=ORDER))
    assert bench.core.executor == 5


def test_an_answer_for_a_life_that_is_over_is_not_told_to_its_successor(bench: Bench) -> None:
    bench.step(submit())
    bench.meet(2).messages.clear()
    assert finish(bench, accepted()).said() == []
    assert bench.core.under_way == 0


def test_an_earlier_life_that_comes_back_changes_nothing(bench: Bench) -> None:
    bench.meet(3).forget().meet(2)
    assert bench.core.executor == 3
    assert bench.said() == []
    assert "earlier life" in bench.notes()[0]


def test_nothing_is_sent_before_the_exchange_is_open() -> None:
    bench = Bench().meet().forget()
    bench.step(
        submit(1),
        cancel(2),
        QueryOrder(request=3, epoch=1, order=ORDER),
        FetchAccount(request=4, epoch=1, instruments=(BTC,), since=0),
    )
    placed, cancelled, queried, fetched = bench.said()
    assert placed.outcomes[0].code == cancelled.outcomes[0].code == "not_connected"
    assert queried.result is None
    assert queried.failed
    assert fetched.open_orders is None
    assert fetched.failures
    assert bench.calls == []


def test_a_question_is_asked_and_answered_from_memory_when_repeated(bench: Bench) -> None:
    question = QueryOrder(request=1, epoch=1, order=ORDER)
    answer = QueryAnswered(request=1, order=ORDER, result=Absent(), venue_time=9)
    finish(bench.step(question, question), answer)
    bench.step(question)
    assert len(bench.calls) == 1
    assert bench.said() == [answer, answer]


def test_an_account_says_how_far_the_account_stream_had_got(bench: Bench) -> None:
    bench.step(FetchAccount(request=1, epoch=1, instruments=(BTC,), since=0), trade(1))
    before = bench.core.executions
    finish(bench, AccountFetched(request=1, venue_time=1, since=0))
    assert bench.said()[-1].executions == before == cursor(2)  # the link's state, and the trade


def test_the_account_stream_is_passed_on_and_counted(bench: Bench) -> None:
    start = bench.core.executions.seq
    bench.step(report(), trade(), AccountLink(up=False, text="closed"), UP)
    assert bench.said() == [report(), trade(), AccountLink(up=False, text="closed"), UP]
    assert bench.core.executions == cursor(start + 4)
    assert bench.core.link == UP


def test_nobody_is_told_before_an_executor_was_met_but_it_is_counted() -> None:
    bench = Bench(card=SIMULATED).open()
    bench.step(trade(1), trade(2))
    assert bench.said() == []
    assert bench.core.executions == cursor(2)
    bench.step(UP).meet()
    assert bench.said() == [UP]  # how the private stream is, told to every new life
    assert bench.core.executions == cursor(4)


def test_market_data_say_how_far_the_account_stream_had_got(bench: Bench) -> None:
    bench.step(trade(1), bar(BTC, 1), trade(2), bar(BTC, 2))
    first, second = bench.said("market")
    assert second.executions.seq == first.executions.seq + 1
    assert first.executions.epoch == 7


def test_a_lost_executor_is_noted_and_still_told_everything(bench: Bench) -> None:
    bench.step(PeerLost(name="executor", text="silent"), trade(1))
    assert bench.said() == [trade(1)]
    assert "silent" in bench.notes()[0]


def test_an_executor_that_is_back_in_the_same_life_is_noted_and_goes_on(bench: Bench) -> None:
    bench.step(PeerLost(name="executor", text="silent"))
    bench.step(PeerBack(name="executor", role="executor", epoch=3), submit())
    assert "heard again" in bench.notes()[-1]
    assert [call.what for call in bench.calls] == [submit()]


class TestClock:
    @pytest.fixture
    def bench(self) -> Bench:
        return Bench(clock_limit=SECOND, clock_interval=60 * SECOND).open().meet()

    def measured(self, bench: Bench, offset: int, uncertainty: int = 0) -> Bench:
        return finish(bench, ClockOffset(offset=offset, uncertainty=uncertainty)).forget()

    def test_it_is_measured_at_the_start_and_periodically(self, bench: Bench) -> None:
        assert [call.what for call in bench.calls] == [MeasureClock()]
        self.measured(bench, 0)
        assert bench.wait(59 * SECOND).calls == []
        assert [call.what for call in bench.wait(SECOND).calls] == [MeasureClock()]

    def test_it_is_told_to_the_executor_and_to_each_later_life(self, bench: Bench) -> None:
        offset = ClockOffset(offset=5, uncertainty=1)
        assert offset in finish(bench, offset).said()
        assert offset in bench.forget().meet(2).said()

    @pytest.mark.parametrize("sign", [1, -1])
    def test_beyond_the_limit_nothing_but_cancels_is_sent(self, bench: Bench, sign: int) -> None:
        self.measured(bench, sign * 3 * SECOND)
        amend = AmendOrder(request=3, epoch=1, order=ORDER, ticket=ticket())
        bench.step(submit(1), cancel(2), amend)
        assert [call.what for call in bench.calls] == [cancel(2)]
        placed, amended = bench.said()
        assert placed.outcomes[0].code == amended.outcomes[0].code == "clock_offset"

    def test_what_may_be_the_way_of_the_question_is_not_held_against_the_clock(
        self, bench: Bench
    ) -> None:
        self.measured(bench, 3 * SECOND, 2 * SECOND)
        assert bench.step(submit(1)).calls

    def test_the_log_tells_when_it_goes_off_and_when_it_is_right_again(self, bench: Bench) -> None:
        finish(bench, ClockOffset(offset=-3 * SECOND, uncertainty=0))
        bench.wait(60 * SECOND)
        finish(bench, ClockOffset(offset=0, uncertainty=0))
        off, right = [text for text in bench.notes() if "clock" in text]
        assert off.startswith("the venue's clock is -3.000 s from ours, the limit is 1 s")
        assert right == "the clocks agree again: orders are sent"
        bench.forget().step(submit(1))
        assert bench.calls

    def test_a_clock_that_was_not_told_leaves_what_was_known(self, bench: Bench) -> None:
        self.measured(bench, 3 * SECOND)
        bench.wait(60 * SECOND)
        finish(bench, ClockUnknown(text="503")).forget()
        assert bench.core.clock_is_off

    def test_a_simulated_venue_lives_in_its_own_time(self) -> None:
        assert Bench(card=SIMULATED).open().calls == []


def test_the_same_events_give_the_same_effects() -> None:
    def play() -> list[object]:
        bench = Bench(card=SIMULATED).open().meet()
        bench.step(submit(), bar(BTC, 1), trade(), cancel(2))
        finish(bench, accepted(2)).wait(500 * SECOND)
        return [*bench.messages, *bench.calls]

    assert play() == play()


def test_an_unknown_event_is_a_mistake_of_the_caller(bench: Bench) -> None:
    with pytest.raises(KeyError):
        bench.core.step(0, object())


def test_numbers_of_calls_are_never_used_again(bench: Bench) -> None:
    bench.step(*(submit(number) for number in range(1, 6)))
    numbers = [call.number for call in bench.calls]
    assert all(later > earlier for earlier, later in itertools.pairwise(numbers))


def test_requests_know_where_they_stand() -> None:
    requests = Requests(kept=2)
    assert requests.standing(1) is Standing.NEW
    requests.begin(1)
    assert requests.standing(1) is Standing.UNDER_WAY
    for number in (1, 2, 3):
        requests.finish(accepted(number))
    assert requests.standing(1) is Standing.FORGOTTEN
    assert requests.standing(2) is Standing.ANSWERED
    assert requests.answer(3) == accepted(3)


def test_a_core_starts_with_nothing_under_way() -> None:
    bench = Bench()
    assert isinstance(bench.core, GatewayCore)
    assert (bench.core.under_way, bench.core.held, bench.core.stale) == (0, 0, frozenset())


def test_nothing_is_kept_for_each_request_once_memory_is_full(kept: Callable[[Any], int]) -> None:
    bench = Bench(most_answers=20).open().meet()
    left = []
    for first in (1, 101, 201):
        for number in range(first, first + 100, 2):
            finish(bench.step(submit(number)), accepted(number))
            bench.step(QueryOrder(request=number + 1, epoch=1, order=ORDER))
            finish(bench, QueryAnswered(request=number + 1, order=ORDER, result=Absent()))
            bench.step(bar(BTC, number), report(str(number)), trade(number)).forget()
        left.append(kept(bench.core))
    assert bench.core.remembered == 20
    assert left[2] < left[1] + 20
