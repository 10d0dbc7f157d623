"""Every question passes here: limits, faults, the door, the answer, and what follows from it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tradectl_sandbox import refusals
from tradectl_sandbox.faults import FaultKind
from tradectl_sandbox.question import Question
from tradectl_sandbox.refusals import Refusal, banned, too_much_weight
from tradectl_sandbox.rest import ENDPOINTS, OPEN, SIGNED, Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sandbox.faults import Fault
    from tradectl_sandbox.house import House
    from tradectl_sandbox.settings import ApiKey

PLACE, CANCEL = ("POST", "/api/v3/order"), ("DELETE", "/api/v3/order")
# A new order's faults that leave it untaken, and those that come after it was taken.
BEFORE = (FaultKind.LOSE_REQUEST, FaultKind.ERROR_IN_200)
AFTER = (
    FaultKind.ACCEPT_THEN_TIMEOUT,
    FaultKind.ACCEPT_THEN_504,
    FaultKind.GARBAGE,
    FaultKind.ACK_AFTER_FILL,
)

# What stands before an exchange answers for it when it is away, and not in JSON.
UNAVAILABLE = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"


class _MaintenanceError(Exception):
    """Nobody is there to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came.

    Attributes:
        method: HTTP method.
        path: Path without query.
        params: From the query and the body.
        key: Name of the API key, empty for none.
        signed: The text that was signed.
        signature: Its signature.
        address: Where it came from.
    """

    method: str
    path: str
    params: Mapping[str, str]
    key: str = ""
    signed: str = ""
    signature: str = ""
    address: str = ""


@dataclass(slots=True)
class Answer:
    """What goes back.

    Attributes:
        body: Of the answer, to be written as JSON; text is sent as it is.
        status: HTTP status.
        headers: Of the answer.
        lost: Whether nothing goes back at all.
    """

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    lost: bool = False


class Reception:
    """Answers questions, whichever way they come."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def answer(self, asked: Asked) -> Answer:
        """Answer a question, or do to it what was armed."""
        answer = Answer()
        try:
            await self._pass_troubles()
            endpoint = self._endpoint(asked)
            answer.headers |= self._house.limits.spend(asked.address, endpoint.weight)
            question = Question(asked.params, self._key(endpoint, asked))
            if endpoint.places:
                answer.headers |= self._house.limits.order()
            await self._perform(endpoint, asked, question, answer)
        except _MaintenanceError:
            answer.status, answer.body = 503, UNAVAILABLE
        except Refusal as refusal:
            answer.status, answer.body = refusal.status, refusal.body
            answer.headers |= refusal.headers
        return answer

    # On the way in ---------------------------------------------------------------------------

    async def _pass_troubles(self) -> None:
        faults, clock = self._house.faults, self._house.clock
        if slow := faults.lasting(FaultKind.SLOW):
            await asyncio.sleep(slow.seconds)
        if faults.lasting(FaultKind.MAINTENANCE):
            raise _MaintenanceError
        if ban := faults.lasting(FaultKind.BAN):
            rest = max(1, int(ban.until - faults.clock()))
            raise banned(clock.wall // 1_000_000 + rest * 1000, rest)
        if limit := faults.lasting(FaultKind.RATE_LIMIT):
            rest = max(1, int(limit.until - faults.clock()))
            raise too_much_weight(self._house.settings.weight_limit, rest)

    def _endpoint(self, asked: Asked) -> Endpoint:
        endpoint = ENDPOINTS.get((asked.method, asked.path))
        if endpoint is None:
            raise refusals.NOT_FOUND
        return endpoint

    def _key(self, endpoint: Endpoint, asked: Asked) -> ApiKey | None:
        security = self._house.security
        if endpoint.door == OPEN:
            return None
        if endpoint.door == SIGNED:
            return security.check(asked.key, asked.params, asked.signed, asked.signature)
        return security.known(asked.key)

    # Doing it --------------------------------------------------------------------------------

    async def _perform(
        self, endpoint: Endpoint, asked: Asked, question: Question, answer: Answer
    ) -> None:
        what = (asked.method, asked.path)
        if what == PLACE and (fault := self._take(BEFORE, question)):
            await self._do_not(fault, answer)
            return
        if what == CANCEL and (
            fault := self._house.faults.take(FaultKind.CANCEL_LATER, question.symbol)
        ):
            answer.body = self._cancel_later(question, fault)
            return
        try:
            answer.body = endpoint.answer(self._house, question)
        finally:
            self._house.tell()
        if what == PLACE and (fault := self._take(AFTER, question)):
            await self._do_after(fault, answer)
        if what == CANCEL and (
            fault := self._house.faults.take(FaultKind.LOSE_CANCEL_REPLY, question.symbol)
        ):
            await asyncio.sleep(fault.seconds)
            answer.lost = True

    def _take(self, kinds: tuple[FaultKind, ...], question: Question) -> Fault | None:
        for kind in kinds:
            if fault := self._house.faults.take(kind, question.symbol):
                return fault
        return None

    async def _do_not(self, fault: Fault, answer: Answer) -> None:
        if fault.kind is FaultKind.ERROR_IN_200:
            answer.body = refusals.rejected("Order was rejected by the matching engine.").body
            return
        await asyncio.sleep(fault.seconds)
        answer.lost = True

    async def _do_after(self, fault: Fault, answer: Answer) -> None:
        if fault.kind is FaultKind.ACCEPT_THEN_504:
            unknown = refusals.UNKNOWN_OUTCOME
            answer.status, answer.body = unknown.status, unknown.body
        elif fault.kind is FaultKind.GARBAGE:
            answer.body = "<html><body>upstream connect error</body></html>"
        else:
            await asyncio.sleep(fault.seconds)
            answer.lost = fault.kind is FaultKind.ACCEPT_THEN_TIMEOUT

    def _cancel_later(self, question: Question, fault: Fault) -> Any:
        """Say that an order is cancelled, and cancel it when the time has come."""
        house = self._house
        listing, order = house.desk.to_cancel(question.params)
        loop = asyncio.get_running_loop()

        def end() -> None:
            house.desk.end(listing, order)
            house.tell()

        loop.call_later(fault.seconds, end)
        from tradectl_sandbox.reports import cancelled_body

        said = cancelled_body(listing, order, house.desk.make_id())
        return said | {"status": "CANCELED"}
