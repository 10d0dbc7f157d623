"""What the venue says of orders and trades, wherever it says it.

A trade is a fact and is booked whatever the order's status. A report moves the order's status and
announces trades; the position is never taken from it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from tradectl_sdk.domain.orders import OrderEvent, OrderStatus, TimeInForce
from tradectl_sdk.engine.reasons import CloseReason
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.order import (
    ACCEPTED,
    CANCELLING,
    ENDED,
    HELD,
    MODIFYING,
    PARTIALLY_FILLED,
    TRIGGERED,
)
from tradectl_sdk.nodes.failpoints import failpoint

if TYPE_CHECKING:
    from tradectl_sdk.exchange.values import OrderReport, TradeReport
    from tradectl_sdk.nodes.executor.groups import Groups
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.routing import Router
    from tradectl_sdk.nodes.executor.state import State

CANCELED = int(OrderStatus.CANCELED)
REJECTED = int(OrderStatus.REJECTED)
EXPIRED = int(OrderStatus.EXPIRED)
FILLED = int(OrderStatus.FILLED)
ON_STATUS = {
    HELD: int(OrderEvent.ACCEPT),  # an exit that waits at the venue itself
    ACCEPTED: int(OrderEvent.ACCEPT),
    PARTIALLY_FILLED: int(OrderEvent.ACCEPT),
    FILLED: int(OrderEvent.ACCEPT),  # filled it is when the trades have come
    TRIGGERED: int(OrderEvent.TRIGGER),
    CANCELED: int(OrderEvent.CANCELED),
    EXPIRED: int(OrderEvent.EXPIRE),
    REJECTED: int(OrderEvent.REJECT),
}
IOC = int(TimeInForce.IOC)
FOK = int(TimeInForce.FOK)


class Past(Protocol):
    """What the journal still knows of what has left memory; it changes by records only."""

    def trade(self, instrument: str, trade_id: str) -> int | None:
        """Return the digest of a trade that was booked long ago, None if there is none."""

    def order(self, instrument: str, client_id: str, venue_id: str) -> Order | None:
        """Return an order that ended long ago, None if there is none."""


class Nothing:
    """A past that is empty, for a journal that forgets nothing."""

    def trade(self, instrument: str, trade_id: str) -> int | None:
        """Know of no trade."""

    def order(self, instrument: str, client_id: str, venue_id: str) -> Order | None:
        """Know of no order."""


def digest(trade: TradeReport) -> int:
    """Return what a trade's content is recognised by: side, lots, price and fee."""
    text = f"{trade.side} {trade.lots} {trade.price} {trade.fee} {trade.fee_currency}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big")


class Reports:
    """Turns reports and trades into records."""

    def __init__(
        self, state: State, recorder: Recorder, router: Router, groups: Groups, past: Past
    ) -> None:
        self._state = state
        self._recorder = recorder
        self._router = router
        self._groups = groups
        self._past = past
        # Orders that have ended and were seen working -> the comparison before the first sight.
        self._sightings: dict[int, int] = {}

    def find(
        self, instrument: str, client_id: str, venue_id: str, *, recall: bool = True
    ) -> tuple[Order, int] | None:
        """Return our order and which revision of it is meant; None for one that is not ours.

        Args:
            instrument: What it trades.
            client_id: Our id, where the venue tells it.
            venue_id: The venue's.
            recall: Whether an order that has left memory is to come back.
        """
        book = self._state.book
        found = book.find(instrument, client_id, venue_id)
        if found is None:
            order = self._past.order(instrument, client_id, venue_id) if recall else None
            if order is None:
                return None
            self._recorder.write(of.Recalled(self._recorder.now, order))
            found = book.find(instrument, client_id, venue_id)
            if found is None:
                return None
        return book.orders[found[0]], found[1]

    # Trades ----------------------------------------------------------------------------------

    def trade(self, trade: TradeReport) -> bool:
        """Book a trade, once; return False when its order is not known, so that it is kept."""
        if trade.instrument not in self._state.ledger.instruments:
            return True  # of something else that is traded on the account
        mark = digest(trade)
        if self._is_known(trade, mark):
            return True
        found = self.find(trade.instrument, trade.client_id, trade.venue_id)
        if found is None:
            if (trade.instrument, trade.trade_id) not in self._state.orphans:
                self._recorder.write(of.Orphaned(self._recorder.now, trade))
            return False
        order, revision = found
        self.book(order, revision, trade, mark)
        return True

    def _is_known(self, trade: TradeReport, mark: int) -> bool:
        known = self._state.trades.get((trade.instrument, trade.trade_id))
        before = known[0] if known is not None else None
        if before is None and trade.time <= self._state.trades_floor:
            before = self._past.trade(trade.instrument, trade.trade_id)
        if before is None:
            return False
        if before != mark:
            self._recorder.notice("trade", text=f"another trade of a known id: {trade}")
        return True

    def book(
        self, order: Order, revision: int, trade: TradeReport, mark: int, *, inferred: bool = False
    ) -> None:
        """Write a fill down and let its group follow."""
        replaced, price = (
            _replaces(order, trade.lots) if order.inferred and not inferred else (0, 0)
        )
        late = order.ended
        over = order.filled + trade.lots - replaced > order.lots
        self._recorder.write(
            of.Booked(
                self._recorder.now,
                order.key,
                revision,
                trade.instrument,
                trade.trade_id,
                mark,
                trade.side,
                trade.lots,
                trade.price,
                trade.fee,
                trade.fee_currency,
                trade.maker,
                trade.time,
                trade.reason,
                trade.reference,
                late,
                inferred,
                replaced,
                price,
            )
        )
        failpoint("executor.fill.applied")
        if trade.side != order.side:
            self._recorder.notice("side", order.key, f"a trade of the other side: {trade}")
        if over:
            self._recorder.notice("overfill", order.key, f"{order.filled} of {order.lots} lots")
        if late:
            self._came_late(order)
        self._groups.filled(order, trade.lots - replaced, late=late)
        self._router.position_changed(order.instrument)
        if order.ended and order.settled:
            self._groups.ended(order)

    def _came_late(self, order: Order) -> None:
        """A fill came after the order's end: a fact, booked like any other."""
        if order.soft and order.remaining:
            self._revive(order, "it was proven absent, and has been filled")
        else:
            self._recorder.notice("late", order.key, "a fill after the order had ended")

    def claim_orphans(self, order: Order) -> None:
        """Book the trades that came before their order was known by the venue's id."""
        if not self._state.orphans:
            return
        for trade in list(self._state.orphans.values()):
            found = self._state.book.find(trade.instrument, trade.client_id, trade.venue_id)
            if found is not None and found[0] == order.key:
                self.book(order, found[1], trade, digest(trade))

    # Reports ---------------------------------------------------------------------------------

    def absorb(self, report: OrderReport, *, proven: bool = False) -> bool:
        """Take in what the venue says of an order; return False when it is not ours.

        Args:
            report: What it says.
            proven: Whether it was asked, so that this is how the order stands now.
        """
        over = ENDED[report.status]
        found = self.find(report.instrument, report.client_id, report.venue_id, recall=not over)
        if found is None:  # what has left memory had been filled as far as it was to be
            return over
        order, revision = found
        if revision != order.revision:
            self._about_earlier(order, report)
            return True
        self._see(order, report)
        self._settle_pending(order, report)
        event = ON_STATUS.get(report.status)
        if event is None:
            self._recorder.notice("status", order.key, f"a report of status {report.status}")
        elif over and report.status != FILLED:
            self._ended(order, report, event)
        elif order.ended:
            self._still_there(order, report, proven=proven)
        elif order.status != ACCEPTED or event != ON_STATUS[ACCEPTED]:
            self._recorder.move(order, event, venue_time=report.time)
        self.claim_orphans(order)
        return True

    def _see(self, order: Order, report: OrderReport) -> None:
        """Take note of what an order is at the venue; the terms of older news are passed over."""
        news = order.doubted or report.filled > order.leg_seen
        news = news or report.venue_id not in {"", order.venue_id}
        lots, limit, trigger = 0, 0, 0
        if not _is_old(order, report):
            lots, limit, trigger = report.lots, report.limit, report.trigger
            news = news or lots not in {0, order.leg_lots}
            news = news or limit not in {0, order.leg_limit}
            news = news or trigger not in {0, order.leg_trigger}
        if news:
            self._recorder.write(
                of.Seen(
                    self._recorder.now,
                    order.key,
                    report.venue_id,
                    lots,
                    report.filled,
                    limit,
                    trigger,
                    report.time,
                )
            )

    def _settle_pending(self, order: Order, report: OrderReport) -> None:
        """End an amendment under way once the venue shows its terms."""
        shown = (report.lots, report.limit, report.trigger)
        if _is_old(order, report):
            return
        if order.pending & MODIFYING and shown == (
            order.asked_lots,
            order.asked_limit,
            order.asked_trigger,
        ):
            self._recorder.write(of.Cleared(self._recorder.now, order.key, MODIFYING, amended=True))

    def _ended(self, order: Order, report: OrderReport, event: int) -> None:
        if order.ended:
            self._recorder.move(order, event)  # the table knows which of these are anomalies
            return
        cancelled = event == ON_STATUS[CANCELED]
        if cancelled and order.pending & CANCELLING and order.replacing and not order.ending:
            self._recorder.write(of.Replaced(self._recorder.now, order.key))
            return
        reason = report.reason or _reason(order, event)
        self._recorder.move(order, event, reason, report.text, report.time)
        if order.ended and order.settled:
            self._groups.ended(order)

    def _still_there(self, order: Order, report: OrderReport, *, proven: bool) -> None:
        """The venue shows an order working that has ended for us."""
        if report.status == FILLED or report.filled >= report.lots:
            return  # its trades tell
        first = self._first_sight(order.key)
        again = first < self._state.compared
        if not order.soft and not (proven and (report.time > order.heard or again)):
            return  # this may have been said before its end
        if order.filled < order.lots or order.soft:
            self._revive(order, f"the venue shows it working: {report}")
        else:
            self._recorder.notice("excess", order.key, f"filled, and still working: {report}")
            self._router.cancel_stranger(report.instrument, report.client_id, report.venue_id)

    def _first_sight(self, key: int) -> int:
        """Return which comparison came before an order that has ended was first seen working."""
        if key not in self._sightings:
            orders = self._state.book.orders
            known = {one: at for one, at in self._sightings.items() if one in orders}
            self._sightings = known | {key: self._state.compared}
        return self._sightings[key]

    def _revive(self, order: Order, text: str) -> None:
        self._sightings.pop(order.key, None)
        self._recorder.notice("revived", order.key, text)
        status = PARTIALLY_FILLED if order.filled else ACCEPTED
        self._recorder.write(of.Revived(self._recorder.now, order.key, status))

    def _about_earlier(self, order: Order, report: OrderReport) -> None:
        """The venue speaks of an order that was cancelled to be sent anew."""
        if not ENDED[report.status]:
            self._recorder.notice("replaced", order.key, f"still working when replaced: {report}")
            self._router.cancel_stranger(report.instrument, report.client_id, report.venue_id)


def _is_old(order: Order, report: OrderReport) -> bool:
    """Whether a report tells of a time before what we have heard already."""
    return 0 < report.time < order.heard


def _replaces(order: Order, lots: int) -> tuple[int, int]:
    """Return how many lots of an inferred fill a trade is the truth about, and at what price."""
    held, price = order.inferred[0]
    return min(held, lots), price


def _reason(order: Order, event: int) -> int:
    """Why an order ended, where the venue has no code of ours for it."""
    if event == ON_STATUS[REJECTED]:
        return int(CloseReason.VENUE_REFUSED)
    if order.ending:
        return order.ending
    if event == ON_STATUS[EXPIRED]:
        return int(CloseReason.EXPIRED)
    if order.time_in_force == IOC:
        return int(CloseReason.NOT_AT_ONCE)
    return int(CloseReason.NOT_WHOLE if order.time_in_force == FOK else CloseReason.VENUE_ENDED)
