"""Finding out what became of orders whose fate is not known.

An order is left to doubt until the venue has given evidence. That an order exists is proven by any
report of it. That it does not is proven by all of this together: the venue, asked for it by our id,
says that it knows no such order; its lists of open orders, of ended orders and of trades, fetched
after it was sent, do not have it; and each of these was said when the venue's own clock was past
the time it was sent, the window in which the venue takes requests, the time the venue may work on
one, and a margin; a simulated venue needs no such time. A question that failed proves nothing,
however often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.orders import QueryOrder
from tradectl_sdk.domain.orders import OrderEvent
from tradectl_sdk.engine.reasons import CloseReason
from tradectl_sdk.exchange.values import Absent, OrderReport
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.order import SUBMITTED, UNKNOWN
from tradectl_sdk.nodes.executor.routing import reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradectl_sdk.bus.messages.orders import AccountFetched, QueryAnswered
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.reports import Reports
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.executor.standing import Standing
    from tradectl_sdk.nodes.executor.state import State

NOT_FOUND = int(OrderEvent.NOT_FOUND)
NEVER_ARRIVED = int(CloseReason.NEVER_ARRIVED)
VANISHED = int(CloseReason.VANISHED)
SECOND = 1_000_000_000
FATE, END, PRESENCE = range(3)  # did it arrive; has it ended; is it still there


@dataclass(slots=True)
class Doubt:
    """What is known of an order whose fate is not.

    Attributes:
        kind: FATE, END or PRESENCE: what is doubted.
        provable: Venue's time from which absence counts.
        next: When it is asked for again, our clock.
        wait: How long until the question after that.
        asked: Number of the question under way, 0 for none.
        deadline: When that question is given up.
        denied: Venue's time at which it said it knows no such order, 0 when it has not.
        unlisted: Venue's time at which none of its lists had it, 0 when they have not been seen.
    """

    kind: int
    provable: int
    next: int
    wait: int
    asked: int = 0
    deadline: int = 0
    denied: int = 0
    unlisted: int = 0


class Prober:
    """Asks for orders in doubt, at a bounded rate, and decides on proof only.

    Attributes:
        doubts: By key of the order.
        wants_lists: Whether the account should be fetched, since that is what proof waits for.
    """

    def __init__(
        self,
        setup: Setup,
        state: State,
        recorder: Recorder,
        standing: Standing,
        reports: Reports,
    ) -> None:
        self.doubts: dict[int, Doubt] = {}
        self.wants_lists = False
        self._bounds = setup.bounds
        self._card = setup.card
        self._answer_time = setup.answer_time
        self._state = state
        self._recorder = recorder
        self._standing = standing
        self._reports = reports
        self._questions: dict[int, int] = {}
        self._free_at = 0

    def doubt(self, order: Order, kind: int = PRESENCE, *, delay: int | None = None) -> None:
        """Begin to doubt an order, or ask for it again soon."""
        now, bounds = self._recorder.now, self._bounds
        first = bounds.query_first if delay is None else delay
        known = self.doubts.get(order.key)
        if known is not None:
            known.next = min(known.next, now + first)
            return
        margin = self._card.processing_timeout + bounds.clock_margin
        if self._card.simulated:
            provable = 0  # nothing is ever under way there, and its time may stand still
        elif order.status in {SUBMITTED, UNKNOWN}:
            provable = order.sent_venue + self._card.request_window + margin
        else:
            provable = self._standing.venue_time(now) + margin
        wait = max(first, bounds.query_first)
        self.doubts[order.key] = Doubt(kind, provable, now + first, wait)

    def expect_end(self, order: Order, *, unclear: bool) -> None:
        """Ask for an order whose cancellation was taken, should its end not be told soon."""
        delay = self._bounds.query_first if unclear else self._bounds.settle
        self.doubt(order, END, delay=delay)

    def review(self, order: Order) -> None:
        """See whether an order that something was written about is in doubt, still or anew."""
        known = self.doubts.get(order.key)
        if not order.at_venue:
            if known is not None:
                self._drop(order.key)
        elif order.status == UNKNOWN or order.doubted:
            if known is None:
                self.doubt(order, FATE)
            else:
                known.kind = FATE
        elif known is not None and known.kind != PRESENCE:
            if known.kind == END and order.pending:
                return
            self._drop(order.key)
            if order.pending:
                self.expect_end(order, unclear=True)

    def _drop(self, key: int) -> None:
        self._questions.pop(self.doubts.pop(key).asked, None)

    # Asking ----------------------------------------------------------------------------------

    def ask(self, now: int) -> None:
        """Ask for the orders whose time has come, as far as the rate allows."""
        if self._standing.gateway == 0:
            return
        for key, doubt in list(self.doubts.items()):
            if doubt.asked:
                if doubt.deadline > now:
                    continue
                self._questions.pop(doubt.asked, None)
                doubt.asked = 0
            if doubt.next > now:
                continue
            if self._free_at > now:
                return
            self._ask(self._state.book.orders[key], doubt, now)

    def _ask(self, order: Order, doubt: Doubt, now: int) -> None:
        doubt.wait = min(2 * doubt.wait, self._bounds.query_longest)
        doubt.next = now + doubt.wait
        until_provable = doubt.provable - self._standing.venue_time(now)
        if 0 < until_provable < doubt.wait:
            doubt.next = now + until_provable + self._bounds.query_first
        form = self._card.client_ids
        if not order.venue_id and not (form is not None and form.queryable):
            doubt.denied = self._standing.venue_time(now)  # the venue finds nothing by our id
            self.wants_lists = True
            return
        doubt.asked = self._recorder.next_request()
        doubt.deadline = now + self._answer_time
        self._questions[doubt.asked] = order.key
        self._free_at = now + SECOND // self._bounds.queries_per_second
        self._recorder.ask(
            QueryOrder(request=doubt.asked, epoch=self._state.epoch, order=reference(order))
        )

    def gateway_changed(self) -> None:
        """Whatever was asked, nobody will answer; what a gateway let lie is asked for at once."""
        self._questions.clear()
        for doubt in self.doubts.values():
            if doubt.asked:
                doubt.asked, doubt.next = 0, self._recorder.now

    def next_time(self) -> int | None:
        """When the next question is due."""
        if not self.doubts or self._standing.gateway == 0:
            return None
        due = min(one.deadline if one.asked else one.next for one in self.doubts.values())
        return max(due, self._free_at) if due < self._free_at else due

    # Evidence --------------------------------------------------------------------------------

    def answered(self, message: QueryAnswered) -> None:
        """Take in the answer to a question."""
        key = self._questions.pop(message.request, 0)
        doubt = self.doubts.get(key)
        if doubt is not None:
            doubt.asked = 0
        if isinstance(message.result, OrderReport):
            self._shown(message.result)
        elif (
            isinstance(message.result, Absent)
            and doubt is not None
            and message.venue_time >= doubt.provable
        ):
            doubt.denied = message.venue_time
            self.wants_lists = True
            self._conclude(key, doubt)
        # Anything else is a failed question, and no evidence.
        self._learn_time(message.venue_time)

    def _learn_time(self, venue_time: int) -> None:
        """Keep up with a venue whose time does not run like ours."""
        if venue_time and self._card.simulated:
            self._standing.compare_clocks(venue_time - self._recorder.now)

    def _shown(self, report: OrderReport) -> None:
        self._reports.absorb(report, proven=True)
        found = self._state.book.find(report.instrument, report.client_id, report.venue_id)
        if found is None:
            return
        order = self._state.book.orders[found[0]]
        if order.pending and found[1] == order.revision and not order.ended:
            self._forget_pending(order)
        if order.key in self.doubts and order.status != UNKNOWN and not order.doubted:
            self._drop(order.key)

    def _forget_pending(self, order: Order) -> None:
        """The venue shows it working after all, so that what was asked is asked again."""
        self._recorder.write(of.Cleared(self._recorder.now, order.key, order.pending))

    def listed(self, fetched: AccountFetched, present: Iterable[int]) -> None:
        """Take note of which orders in doubt none of the venue's lists has."""
        there = set(present)
        for key, doubt in list(self.doubts.items()):
            order = self._state.book.orders[key]
            if key in there or fetched.since > order.sent_venue:
                continue
            if fetched.venue_time >= doubt.provable and self._complete(fetched):
                doubt.unlisted = fetched.venue_time
                self._conclude(key, doubt)
        self.wants_lists = any(one.denied and not one.unlisted for one in self.doubts.values())

    def _complete(self, fetched: AccountFetched) -> bool:
        closed = fetched.closed_orders is not None or not self._card.closed_orders
        trades = fetched.trades is not None or not self._card.trades_since
        return fetched.open_orders is not None and closed and trades

    def _conclude(self, key: int, doubt: Doubt) -> None:
        if not doubt.denied or not doubt.unlisted:
            return
        order = self._state.book.orders[key]
        if order.ended or order.heard >= min(doubt.denied, doubt.unlisted):
            return  # there is newer news of it
        arrived = order.status not in {SUBMITTED, UNKNOWN}
        self._recorder.move(
            order, NOT_FOUND, VANISHED if arrived else NEVER_ARRIVED, "", doubt.unlisted
        )
