"""Whatever an exchange does, the answer is honest and nothing is asked twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from gateway_scene import (
    BROKEN,
    BTC,
    CARD,
    ETH,
    ScriptedExchange,
    cancel,
    report,
    submit,
    ticket,
    trade,
)
from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    AmendOrder,
    Answered,
    ClockOffset,
    FetchAccount,
    QueryAnswered,
    QueryOrder,
)
from tradectl_sdk.exchange import Absent, Accepted, Balance, Card, OrderRef, Refused, Unclear
from tradectl_sdk.nodes.gateway import Call, perform
from tradectl_sdk.nodes.gateway.inputs import ClockUnknown, MeasureClock

ORDER = OrderRef(instrument=BTC, client_id="a")
AMEND = AmendOrder(request=1, epoch=1, order=ORDER, ticket=ticket())
FETCH = FetchAccount(request=1, epoch=1, instruments=(BTC, ETH), since=3)


def ask(exchange: ScriptedExchange, what: Any, **options: Any) -> Any:
    done = asyncio.run(perform(exchange, Call(number=9, what=what), **options))
    assert done.number == 9
    return done.result


async def never() -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("what", [submit(), cancel(), AMEND])
def test_what_the_exchange_answers_is_the_outcome(what: Any) -> None:
    assert ask(ScriptedExchange(), what) == Answered(request=1, outcomes=(Accepted(),))


def test_a_definite_no_stays_one() -> None:
    no = Refused(code="-2010", text="insufficient balance")
    assert ask(ScriptedExchange(submit=(no,)), submit()).outcomes == (no,)


FAILURES = {
    "error of the exchange": BROKEN,
    "error of the network": ConnectionResetError("reset"),
    "answer that cannot be read": ValueError("not JSON"),
    "silence": lambda *_: never(),
    "too few answers": (),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_submit_that_fails_is_unclear_and_not_repeated(failure: Any) -> None:
    exchange = ScriptedExchange(submit=failure)
    answer = ask(exchange, submit(1, 1, "a", "b"), patience=0.05)
    assert [type(one) for one in answer.outcomes] == [Unclear, Unclear]
    assert all(one.sent for one in answer.outcomes)
    assert [name for name, _ in exchange.asked] == ["submit"]


@pytest.mark.parametrize(("what", "name"), [(cancel(), "cancel"), (AMEND, "amend")])
def test_a_cancel_or_amend_that_fails_is_unclear_and_not_repeated(what: Any, name: str) -> None:
    exchange = ScriptedExchange(**{name: BROKEN})
    answer = ask(exchange, what)
    assert isinstance(answer.outcomes[0], Unclear)
    assert answer.outcomes[0].text == "the venue said 503"
    assert [asked for asked, _ in exchange.asked] == [name]


def test_an_order_that_is_not_there_is_absent_and_a_question_that_failed_is_not() -> None:
    question = QueryOrder(request=1, epoch=1, order=ORDER)
    assert ask(ScriptedExchange(), question) == QueryAnswered(
        request=1, order=ORDER, result=Absent(), venue_time=5
    )
    failed = ask(ScriptedExchange(query=BROKEN), question)
    assert failed.result is None
    assert failed.failed == "the venue said 503"


def test_a_query_answers_without_the_venues_clock_too() -> None:
    found = ask(
        ScriptedExchange(query=report(), venue_time=BROKEN),
        QueryOrder(request=1, epoch=1, order=ORDER),
    )
    assert (found.result, found.failed, found.venue_time) == (report(), "", 0)


def test_an_account_is_fetched_whole() -> None:
    exchange = ScriptedExchange(
        open_orders=[[report()]],
        closed_orders=lambda name, _: (report(name),),
        trades=lambda name, _: (trade(1),) if name == BTC else (trade(2),),
        balances=[[Balance(currency="USDT", free=7)]],
    )
    found = ask(exchange, FETCH)
    assert found == AccountFetched(
        request=1,
        venue_time=5,
        since=3,
        open_orders=(report(),),
        closed_orders=(report(BTC), report(ETH)),
        trades=(trade(1), trade(2)),
        balances=(Balance(currency="USDT", free=7),),
        positions=(),
    )


def test_the_venues_clock_is_read_before_anything_that_it_dates() -> None:
    exchange = ScriptedExchange()
    ask(exchange, FETCH)
    assert exchange.asked[0][0] == "venue_time"


PARTS = ["open_orders", "closed_orders", "trades", "balances", "positions"]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_failed_is_none_and_never_empty(part: str) -> None:
    found = ask(ScriptedExchange(**{part: BROKEN}), FETCH)
    assert getattr(found, part) is None
    assert found.failures == ("the venue said 503",)
    assert all(getattr(found, other) == () for other in PARTS if other != part)


def test_one_instrument_that_fails_leaves_no_trades_at_all() -> None:
    found = ask(ScriptedExchange(trades=[(trade(1),), BROKEN]), FETCH)
    assert found.trades is None


def test_what_a_venue_cannot_list_is_not_asked() -> None:
    card = Card(
        order_types=CARD.order_types,
        times_in_force=CARD.times_in_force,
        closed_orders=False,
        trades_since=False,
    )
    exchange = ScriptedExchange(card)
    found = ask(exchange, FETCH)
    assert (found.closed_orders, found.trades, found.failures) == (None, None, ())
    assert not {"closed_orders", "trades"} & {name for name, _ in exchange.asked}


def test_the_clock_is_measured_against_the_middle_of_the_question() -> None:
    measured = ask(ScriptedExchange(venue_time=1_000), MeasureClock(), wall=lambda: 400)
    assert isinstance(measured, ClockOffset)
    assert measured.offset == 600 - measured.uncertainty
    assert measured.uncertainty >= 0


def test_a_clock_that_does_not_answer_is_unknown() -> None:
    unknown = ask(ScriptedExchange(venue_time=never), MeasureClock(), patience=0.05)
    assert unknown == ClockUnknown(text="no answer within 0.05 s")


@pytest.mark.parametrize("error", [ValueError("key hunter2 is bad"), BROKEN])
def test_secrets_leave_no_error(error: Exception) -> None:
    answer = ask(
        ScriptedExchange(submit=error),
        submit(),
        redact=lambda text: text.replace("hunter2", "***").replace("503", "***"),
    )
    assert "hunter2" not in answer.outcomes[0].text
    assert "***" in answer.outcomes[0].text
