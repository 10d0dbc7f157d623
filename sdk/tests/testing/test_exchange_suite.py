"""The checks on exchange adapters: the reference passes them all, and each is seen to fail."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from dataclasses import replace as with_changes
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from reference_exchange import write
from tradectl_sdk.domain.orders import OrderStatus, TimeInForce
from tradectl_sdk.errors import ExchangeError, RateLimitedError
from tradectl_sdk.exchange import (
    Absent,
    Accepted,
    AccountLink,
    BarClosed,
    Card,
    Credentials,
    FeedState,
    OrderRef,
    OrderReport,
    Print,
    RateBudget,
    Refused,
    TradeReport,
    Unclear,
)
from tradectl_sdk.testing import MemoryStage, Outcome, exchange_checks, run_checks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tradectl_sdk.testing import CheckResult, MemoryVenue


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return write(tmp_path_factory.mktemp("reference"))


class ShortStage(MemoryStage):
    """Waits half a second instead of ten for what never comes."""

    patience = 0.5


def results(reference: Any, kind: type[Any], *names: str) -> list[CheckResult]:
    """Run checks on an adapter that is like the reference but for its class."""

    def connect(venue: MemoryVenue) -> Any:
        return kind(reference.Settings(), Credentials.of({"api_key": venue.key}), wire=venue)

    @contextlib.asynccontextmanager
    async def stage() -> AsyncIterator[MemoryStage]:
        yield ShortStage("ACME-USD.REFERENCE", connect)

    checks = exchange_checks(kind, settings=reference.Settings, rehearsal=stage)
    assert {check.name for check in checks} >= set(names)
    return run_checks([check for check in checks if not names or check.name in names])


def test_the_reference_passes_every_check(reference: Any) -> None:
    found = results(reference, reference.Reference)

    assert [(r.name, r.message) for r in found if r.status is not Outcome.PASSED] == []
    assert len(found) >= 38


def test_without_a_venue_only_what_needs_none_is_checked(reference: Any) -> None:
    checks = exchange_checks(reference.Reference, settings=reference.Settings)

    assert [result.status for result in run_checks(checks)] == [Outcome.PASSED] * 3


def changed(value: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(value, **changes)


def after(method: str, change: Callable[[Any], Any]) -> dict[str, Any]:
    """Return a method whose result is changed."""

    def wrap(base: type[Any]) -> dict[str, Any]:
        async def wrapped(self: Any, *arguments: Any) -> Any:
            return change(await getattr(base, method)(self, *arguments))

        return {method: wrapped}

    return {"wrap": wrap}


def each_event(method: str, change: Callable[[Any], list[Any]]) -> dict[str, Any]:
    """Return a stream whose events are replaced by others."""

    def wrap(base: type[Any]) -> dict[str, Any]:
        async def wrapped(self: Any, *arguments: Any) -> AsyncIterator[Any]:
            async for event in getattr(base, method)(self, *arguments):
                for told in change(event):
                    yield told

        return {method: wrapped}

    return {"wrap": wrap}


def instead(method: str, function: Callable[..., Any]) -> dict[str, Any]:
    """Return a method of its own; it gets the reference's class as ``base``."""

    def wrap(base: type[Any]) -> dict[str, Any]:
        async def wrapped(self: Any, *arguments: Any) -> Any:
            return await function(self, base, *arguments)

        return {method: wrapped}

    return {"wrap": wrap}


def card(**changes: Any) -> dict[str, Any]:
    """Return a card with changes."""

    def wrap(base: type[Any]) -> dict[str, Any]:
        def changed_card(self: Any) -> Card:
            return with_changes(base.card.fget(self), **changes)  # type: ignore[attr-defined]

        return {"card": property(changed_card)}

    return {"wrap": wrap}


def renumbered() -> Callable[[Any], Any]:
    """Return a change that gives the same trades other ids every time."""
    count = iter(range(1, 10_000))
    return lambda trades: [changed(trade, trade_id=f"t{next(count)}") for trade in trades]


async def raise_from(self: Any, base: Any, *arguments: Any) -> Any:
    raise ValueError("it broke")


async def swallow(self: Any, base: Any, *arguments: Any) -> Any:
    try:
        return await base.query(self, *arguments)
    except ExchangeError:
        return Absent()


async def empty_on_failure(self: Any, base: Any) -> Any:
    try:
        return await base.open_orders(self)
    except ExchangeError:
        return ()


async def send_twice(self: Any, base: Any, tickets: Any) -> Any:
    found = await base.submit(self, tickets)
    if not any(isinstance(outcome, Unclear) for outcome in found):
        return found
    again = [changed(ticket, client_id=ticket.client_id[::-1]) for ticket in tickets]
    return await base.submit(self, again)


async def round_first(self: Any, base: Any, tickets: Any) -> Any:
    def whole(number: Any) -> int:
        return 1 if math.isnan(number) else max(1, int(number))

    return await base.submit(
        self, [changed(t, lots=whole(t.lots), limit=whole(t.limit)) for t in tickets]
    )


async def any_type(self: Any, base: Any, tickets: Any) -> Any:
    return await base.submit(self, [changed(t, time_in_force=0) for t in tickets])


async def new_ids(self: Any, base: Any, tickets: Any) -> Any:
    self.made = getattr(self, "made", 0) + 1
    return await base.submit(self, [changed(t, client_id=another(t, self.made)) for t in tickets])


def another(ticket: Any, number: int) -> str:
    """An id like the ticket's that is surely not it."""
    last = str(number % 9)
    return ticket.client_id[:-1] + ("9" if ticket.client_id.endswith(last) else last)


async def doubled_orders(self: Any, base: Any) -> Any:
    return [report for report in await base.open_orders(self) for _ in range(2)]


async def from_memory(self: Any, base: Any, tickets: Any) -> Any:
    self.known = {*getattr(self, "known", ()), *(ticket.client_id for ticket in tickets)}
    return await base.submit(self, tickets)


async def only_from_memory(self: Any, base: Any, order: Any) -> Any:
    found = await base.query(self, order)
    return found if order.client_id in getattr(self, "known", ()) else Absent()


async def log_key(self: Any, base: Any) -> Any:
    logging.getLogger("acme").debug("signing with %s", self._keys.api_key.reveal())
    return await base.balances(self)


async def hold_everything(self: Any, base: Any, *arguments: Any) -> Any:
    await asyncio.sleep(3600)


async def close_once(self: Any, base: Any) -> None:
    if self._closed.is_set():
        raise RuntimeError("is closed already")
    await base.close(self)


async def forget_to_end(self: Any, base: Any) -> None:
    self.ended = True


async def crossed(self: Any, base: Any, order: OrderRef) -> Any:
    self.asked = [*getattr(self, "asked", ()), order]
    await asyncio.sleep(0.01)
    return await base.query(self, self.asked[-1])


async def never_wait(self: Any, base: Any, *arguments: Any) -> Any:
    try:
        return await base.query(self, *arguments)
    except RateLimitedError as error:
        raise ExchangeError(error.message) from error


async def out_once(self: Any, base: Any) -> Any:
    if getattr(self, "out", False):
        raise ExchangeError("is out of order")
    try:
        return await base.venue_time(self)
    except ExchangeError:
        self.out = True
        raise


def drop_links(event: Any) -> list[Any]:
    return [] if isinstance(event, AccountLink) and not event.up else [event]


def drop_states(event: Any) -> list[Any]:
    return [] if isinstance(event, FeedState) else [event]


def only(kind: type[Any]) -> Callable[[Any], list[Any]]:
    return lambda event: [] if isinstance(event, kind) else [event]


def twice(kind: type[Any]) -> Callable[[Any], list[Any]]:
    return lambda event: [event, event] if isinstance(event, kind) else [event]


def backwards() -> Callable[[Any], list[Any]]:
    count = iter(range(10_000))

    def change(event: Any) -> list[Any]:
        late = isinstance(event, Print)
        return [changed(event, time=event.time - next(count) * 10**12) if late else event]

    return change


def no_cancellations(event: Any) -> list[Any]:
    ended = isinstance(event, OrderReport) and event.status == OrderStatus.CANCELED
    return [] if ended else [event]


def of_millisecond(event: Any) -> Any:
    return event // 1_000_000


REFUSING = Refused(code="no")
# Name of a check -> a way to break its rule
VIOLATIONS: list[tuple[str, dict[str, Any]]] = [
    ("has_a_sound_card", card(order_types=frozenset())),
    ("has_a_sound_card", card(market_data=frozenset({"candles"}))),
    ("has_a_sound_card", card(times_in_force=frozenset({0}))),
    ("leaves_room_in_its_budgets", card(rates=())),
    ("leaves_room_in_its_budgets", card(rates=(RateBudget(weight=9, interval=9, reserved=0),))),
    ("closes_without_having_been_opened", instead("close", close_once)),
    ("closes_twice", instead("close", close_once)),
    ("lists_its_instruments", after("instruments", lambda found: [*found, *found])),
    ("lists_its_instruments", after("instruments", lambda found: [])),
    ("knows_the_venues_time", after("venue_time", of_millisecond)),
    ("knows_the_venues_time", after("venue_time", lambda time: 2 * 10**18 - time)),
    ("pages_history_without_holes_or_doubles", after("history", lambda page: page[::-1])),
    ("pages_history_without_holes_or_doubles", after("history", lambda page: [*page, *page])),
    (
        "pages_history_without_holes_or_doubles",
        after("history", lambda page: [changed(bar, time=bar.time - bar.length) for bar in page]),
    ),
    ("history_ends_where_it_was_asked_to", after("history", lambda page: page[1:])),
    ("history_in_the_future_is_empty", instead("history", raise_from)),
    (
        "takes_an_order_and_finds_it_by_our_id",
        after("query", lambda found: changed(found, client_id="mine")),
    ),
    ("takes_an_order_and_finds_it_by_our_id", after("query", lambda f: changed(f, limit=1))),
    ("takes_an_order_and_finds_it_by_our_id", instead("submit", new_ids)),
    ("lists_working_orders", instead("open_orders", doubled_orders)),
    ("lists_working_orders", after("open_orders", lambda found: [])),
    ("refuses_what_cannot_be_an_order", instead("submit", round_first)),
    ("refuses_what_cannot_be_an_order", after("submit", lambda f: [Unclear(text="?")] * len(f))),
    ("refuses_what_its_card_does_not_name", instead("submit", any_type)),
    ("one_id_is_one_order", instead("open_orders", doubled_orders)),
    ("cancels_an_order", after("cancel", lambda found: REFUSING)),
    ("cancels_an_order", instead("cancel", lambda *_: _accepted())),
    ("cancelling_what_has_ended_is_refused", after("cancel", lambda found: Accepted())),
    ("an_unknown_order_is_absent", instead("query", raise_from)),
    ("an_unknown_order_is_absent", after("cancel", lambda found: Unclear(text="?"))),
    ("tells_fills_as_trades", after("trades", lambda found: [*found, *found])),
    ("tells_fills_as_trades", after("trades", renumbered())),
    ("tells_fills_as_trades", after("trades", lambda f: [changed(t, side=-1) for t in f])),
    ("lists_orders_that_ended", after("closed_orders", lambda found: [])),
    (
        "an_order_that_may_not_rest_does_not",
        instead("submit", any_type),
    ),
    ("tells_what_the_account_holds", after("balances", lambda found: [*found, *found])),
    ("tells_what_the_account_holds", after("permissions", lambda found: None)),
    ("answers_many_questions_at_once", instead("query", crossed)),
    ("the_account_stream_tells_of_orders", each_event("account_events", only(AccountLink))),
    ("the_account_stream_tells_of_orders", each_event("account_events", only(TradeReport))),
    ("the_account_stream_tells_each_trade_once", each_event("account_events", twice(TradeReport))),
    ("the_account_stream_tells_of_cancellations", each_event("account_events", no_cancellations)),
    ("bars_come_closed_in_order_and_once", each_event("market_data", twice(BarClosed))),
    ("bars_come_closed_in_order_and_once", each_event("market_data", drop_states)),
    ("ticks_do_not_go_back_in_time", each_event("market_data", backwards())),
    ("the_feed_says_when_it_is_not_live", each_event("market_data", drop_states)),
    ("the_link_says_when_it_is_down", each_event("account_events", drop_links)),
    ("streams_end_when_it_is_closed", instead("close", forget_to_end)),
    ("a_lost_answer_is_unclear", after("submit", lambda f: [REFUSING] * len(f))),
    ("a_lost_answer_is_unclear", after("submit", lambda f: [Unclear(text="", sent=False)])),
    ("a_lost_answer_is_unclear", instead("submit", send_twice)),
    ("a_failed_transport_makes_orders_unclear", instead("cancel", raise_from)),
    ("a_failed_question_is_an_error", instead("query", swallow)),
    ("a_failed_question_is_an_error", instead("open_orders", empty_on_failure)),
    ("too_many_requests_are_told_as_such", instead("query", never_wait)),
    ("goes_on_after_an_outage", instead("venue_time", out_once)),
    ("tells_no_secret", instead("balances", log_key)),
    ("a_closed_adapter_says_so", instead("close", forget_to_end)),
]


async def _accepted() -> Accepted:
    return Accepted()


@pytest.mark.parametrize(("name", "violation"), VIOLATIONS, ids=[n for n, _ in VIOLATIONS])
def test_each_check_fails_where_its_rule_is_broken(
    reference: Any, name: str, violation: dict[str, Any]
) -> None:
    base = reference.Reference
    broken = type("Broken", (base,), violation["wrap"](base))

    (result,) = results(reference, broken, name)

    assert result.status is Outcome.FAILED, result


def test_an_adapter_that_cannot_be_closed_leaves_logging_as_it_was(reference: Any) -> None:
    base, root = reference.Reference, logging.getLogger()
    broken = type("Broken", (base,), instead("close", close_once)["wrap"](base))
    before = root.level, list(root.handlers)

    results(reference, broken, "closes_twice")

    assert (root.level, root.handlers) == before


def test_an_adapter_that_keeps_orders_to_itself_is_found(reference: Any) -> None:
    base = reference.Reference
    methods = instead("submit", from_memory)["wrap"](base)
    methods |= instead("query", only_from_memory)["wrap"](base)

    (result,) = results(
        reference, type("Broken", (base,), methods), "another_adapter_sees_the_same"
    )

    assert result.status is Outcome.FAILED
    assert "second adapter" in result.message


def test_an_adapter_that_hangs_fails_instead_of_waiting(
    reference: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradectl_sdk.testing.exchange_scene.CALL", 0.1)
    base = reference.Reference
    broken = type("Broken", (base,), instead("cancel", hold_everything)["wrap"](base))

    (result,) = results(reference, broken, "cancels_an_order")

    assert result.status is Outcome.FAILED
    assert "cancel gave no answer" in result.message


def test_every_check_was_seen_to_fail(reference: Any) -> None:
    names = {result.name for result in results(reference, reference.Reference)}

    assert names - {name for name, _ in VIOLATIONS} == {"another_adapter_sees_the_same"}
    assert TimeInForce.FOK not in reference.CARD.times_in_force
