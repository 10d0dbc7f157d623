"""Asking the exchange: once, within a time, and with an honest answer whatever happens."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    AmendOrder,
    Answered,
    CancelOrder,
    ClockOffset,
    FetchAccount,
    QueryAnswered,
    QueryOrder,
    Submit,
)
from tradectl_sdk.errors import TradectlError
from tradectl_sdk.exchange import Unclear
from tradectl_sdk.nodes.gateway.inputs import ClockUnknown, Performed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tradectl_sdk.exchange import Exchange, SubmitOutcome
    from tradectl_sdk.nodes.gateway.inputs import Call

    T = TypeVar("T")

PATIENCE = 20.0  # seconds an exchange is given to answer one question


async def perform(
    exchange: Exchange,
    call: Call,
    *,
    patience: float = PATIENCE,
    wall: Callable[[], int] = time.time_ns,
    redact: Callable[[str], str] = str,
) -> Performed:
    """Ask the exchange, once, and never raise because of it.

    A submit, cancel or amend that fails or takes too long is Unclear; a question that does is
    answered as failed, which is evidence of nothing.

    Args:
        exchange: Whom to ask.
        call: What to ask.
        patience: Seconds to wait for an answer to each question.
        wall: The clock that the venue's is compared with, UTC nanoseconds.
        redact: Takes secrets out of a text.
    """
    asker = _Asker(exchange, patience, wall, redact)
    what = call.what
    result: Answered | QueryAnswered | AccountFetched | ClockOffset | ClockUnknown
    if isinstance(what, Submit | CancelOrder | AmendOrder):
        result = await asker.change(what)
    elif isinstance(what, QueryOrder):
        result = await asker.query(what)
    elif isinstance(what, FetchAccount):
        result = await asker.fetch(what)
    else:
        result = await asker.measure()
    return Performed(number=call.number, result=result)


class _Asker:
    def __init__(
        self,
        exchange: Exchange,
        patience: float,
        wall: Callable[[], int],
        redact: Callable[[str], str],
    ) -> None:
        self._exchange = exchange
        self._patience = patience
        self._wall = wall
        self._redact = redact

    async def change(self, what: Submit | CancelOrder | AmendOrder) -> Answered:
        count = len(what.tickets) if isinstance(what, Submit) else 1
        try:
            async with asyncio.timeout(self._patience):
                outcomes = await self._send(what)
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody knows what was sent
            outcomes = (Unclear(text=self._words(error)),) * count
        if len(outcomes) != count:
            text = f"there were {len(outcomes)} answers to {count} orders"
            outcomes = (Unclear(text=text),) * count
        return Answered(request=what.request, outcomes=tuple(outcomes))

    async def _send(self, what: Submit | CancelOrder | AmendOrder) -> Sequence[SubmitOutcome]:
        if isinstance(what, Submit):
            return await self._exchange.submit(what.tickets)
        if isinstance(what, CancelOrder):
            return (await self._exchange.cancel(what.order),)
        return (await self._exchange.amend(what.order, what.ticket),)

    async def query(self, what: QueryOrder) -> QueryAnswered:
        failures: list[str] = []
        # The clock first: whatever the answer says is true of this time or of a later one
        venue_time = await self._ask(self._exchange.venue_time, failures)
        failures.clear()
        result = await self._ask(lambda: self._exchange.query(what.order), failures)
        return QueryAnswered(
            request=what.request,
            order=what.order,
            result=result,
            failed="; ".join(failures),
            venue_time=venue_time or 0,
        )

    async def fetch(self, what: FetchAccount) -> AccountFetched:
        exchange, card, failures = self._exchange, self._exchange.card, list[str]()
        venue_time = await self._ask(exchange.venue_time, failures)
        open_orders = await self._ask(exchange.open_orders, failures)
        closed = trades = None
        if card.closed_orders:
            closed = await self._each(what, exchange.closed_orders, failures)
        if card.trades_since:
            trades = await self._each(what, exchange.trades, failures)
        balances = await self._ask(exchange.balances, failures)
        positions = await self._ask(exchange.positions, failures)
        return AccountFetched(
            request=what.request,
            venue_time=venue_time or 0,
            since=what.since,
            open_orders=None if open_orders is None else tuple(open_orders),
            closed_orders=closed,
            trades=trades,
            balances=None if balances is None else tuple(balances),
            positions=None if positions is None else tuple(positions),
            failures=tuple(failures),
        )

    async def _each(
        self,
        what: FetchAccount,
        question: Callable[[str, int], Awaitable[Sequence[T]]],
        failures: list[str],
    ) -> tuple[T, ...] | None:
        """Ask for each instrument; one that fails leaves no answer to the whole question."""
        found: list[T] = []
        for instrument in what.instruments:
            answer = await self._ask(partial(question, instrument, what.since), failures)
            if answer is None:
                return None
            found += answer
        return tuple(found)

    async def measure(self) -> ClockOffset | ClockUnknown:
        failures: list[str] = []
        before, started = self._wall(), time.monotonic_ns()
        theirs = await self._ask(self._exchange.venue_time, failures)
        half = (time.monotonic_ns() - started) // 2
        if theirs is None:
            return ClockUnknown(text="; ".join(failures))
        return ClockOffset(offset=theirs - before - half, uncertainty=half)

    async def _ask(self, question: Callable[[], Awaitable[T]], failures: list[str]) -> T | None:
        try:
            async with asyncio.timeout(self._patience):
                return await question()
        except Exception as error:  # noqa: BLE001 - a question that fails is answered as failed
            failures.append(self._words(error))
            return None

    def _words(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"no answer within {self._patience:g} s"
        if isinstance(error, TradectlError):
            return self._redact(error.message)
        return self._redact(f"{type(error).__name__}: {error}")
