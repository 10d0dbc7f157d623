"""What the gateway answers to submits, cancels and amendments, and what its silence means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import OrderEvent
from tradectl_sdk.engine.reasons import CloseReason
from tradectl_sdk.exchange.values import Accepted, Refused, Unclear
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.order import CANCELLING, MODIFYING, SUBMITTED, UNKNOWN

if TYPE_CHECKING:
    from tradectl_sdk.bus.messages.orders import Answered
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.probing import Prober
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.reports import Reports
    from tradectl_sdk.nodes.executor.routing import Request, Router
    from tradectl_sdk.nodes.executor.state import State

ACCEPT = int(OrderEvent.ACCEPT)
REJECT = int(OrderEvent.REJECT)
SUBMIT_UNKNOWN = int(OrderEvent.SUBMIT_UNKNOWN)
VENUE_REFUSED = int(CloseReason.VENUE_REFUSED)
NOT_SENT = int(CloseReason.NOT_SENT)

Outcome = Accepted | Refused | Unclear


class Answers:
    """Turns answers into records.

    An answer is evidence of one thing only: a refusal, that a create was not taken; an acceptance,
    that a request was. How an order stands is told by reports.
    """

    def __init__(
        self, state: State, recorder: Recorder, router: Router, reports: Reports, prober: Prober
    ) -> None:
        self._state = state
        self._recorder = recorder
        self._router = router
        self._reports = reports
        self._prober = prober

    def answered(self, message: Answered) -> None:
        """Take in an answer; one to a question of another life, or a second one, says nothing."""
        request = self._router.requests.pop(message.request, None)
        if request is None:
            return
        outcomes = message.outcomes
        if len(outcomes) != len(request.orders) and request.orders:
            self._recorder.notice("answer", text=f"{len(outcomes)} outcomes of {request.orders}")
            outcomes = tuple(Unclear(text="the answer did not fit") for _ in request.orders)
        for (key, revision), outcome in zip(request.orders, outcomes, strict=False):
            self._one(request.kind, key, revision, outcome)

    def expire(self, now: int) -> None:
        """Take requests that nobody has answered in time for unclear."""
        requests = self._router.requests
        while requests:
            number, request = next(iter(requests.items()))
            if request.deadline > now:
                return
            del requests[number]
            self._unanswered(request, "no answer in time")

    def lose_all(self, text: str) -> None:
        """Take every open request for unclear: who was asked is gone."""
        requests = list(self._router.requests.values())
        self._router.requests.clear()
        for request in requests:
            self._unanswered(request, text)

    def lose_former(self) -> None:
        """Do the same for what an earlier life of the executor asked."""
        for order in list(self._state.book.all_live()):
            if order.status == SUBMITTED:
                self._recorder.move(order, SUBMIT_UNKNOWN, text="no answer before a restart")
            elif order.pending:
                self._recorder.write(of.Doubted(self._recorder.now, order.key))

    @property
    def next_deadline(self) -> int | None:
        """When the oldest request becomes unclear."""
        for oldest in self._router.requests.values():
            return oldest.deadline
        return None

    def _unanswered(self, request: Request, text: str) -> None:
        for key, revision in request.orders:
            self._one(request.kind, key, revision, Unclear(text=text))

    def _one(self, kind: str, key: int, revision: int, outcome: Outcome) -> None:
        order = self._state.book.orders.get(key)
        if order is None or order.revision != revision:
            return
        if isinstance(outcome, Accepted) and outcome.report is not None:
            self._reports.absorb(outcome.report)
        if kind == "submit":
            self._submitted(order, outcome)
        elif kind == "cancel":
            self._cancelled(order, outcome)
        elif kind == "tie":
            self._tied(order, outcome)
        else:
            self._amended(order, outcome)

    def _submitted(self, order: Order, outcome: Outcome) -> None:
        if isinstance(outcome, Accepted):
            if order.status in {SUBMITTED, UNKNOWN}:
                self._recorder.move(order, ACCEPT)
        elif isinstance(outcome, Refused):
            self._refused(order, f"{outcome.code}: {outcome.text}".rstrip(": "))
        elif not outcome.sent:
            self._not_sent(order, outcome.text)
        elif order.status == SUBMITTED:
            self._recorder.move(order, SUBMIT_UNKNOWN, text=outcome.text)

    def _refused(self, order: Order, text: str) -> None:
        if order.status in {SUBMITTED, UNKNOWN}:
            self._recorder.move(order, REJECT, VENUE_REFUSED, text)
        elif not order.ended:
            self._recorder.notice("refused", order.key, f"refused, yet seen at the venue: {text}")
            self._prober.doubt(order)

    def _not_sent(self, order: Order, text: str) -> None:
        if order.status in {SUBMITTED, UNKNOWN}:
            self._recorder.move(order, REJECT, NOT_SENT, text)
        elif not order.ended:
            self._recorder.notice("unsent", order.key, f"not sent, yet seen at the venue: {text}")

    def _cancelled(self, order: Order, outcome: Outcome) -> None:
        if order.ended or not order.pending & CANCELLING:
            return
        unsent = isinstance(outcome, Unclear) and not outcome.sent
        if unsent or isinstance(outcome, Refused):
            # It may have ended, or be unknown there yet: the venue is asked before we ask again.
            self._recorder.write(of.Doubted(self._recorder.now, order.key))
        else:
            self._prober.expect_end(order, unclear=isinstance(outcome, Unclear))

    def _tied(self, order: Order, outcome: Outcome) -> None:
        """The venue keeps a tie from now on; where it does not, we go on keeping it."""
        if isinstance(outcome, Accepted) and order.group:
            self._recorder.write(of.Tied(self._recorder.now, order.key, order.group, native=True))

    def _amended(self, order: Order, outcome: Outcome) -> None:
        if order.ended or not order.pending & MODIFYING:
            return
        if isinstance(outcome, Accepted):
            self._recorder.write(of.Cleared(self._recorder.now, order.key, MODIFYING, amended=True))
        elif isinstance(outcome, Refused):
            self._recorder.write(of.Cleared(self._recorder.now, order.key, MODIFYING, refused=True))
        else:
            self._recorder.write(of.Doubted(self._recorder.now, order.key))
