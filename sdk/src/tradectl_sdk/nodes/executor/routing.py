"""From what is wanted of an order to what is asked of the venue.

:meth:`Router.work` looks at one order and asks for the next thing that brings what the venue has
closer to what is wanted: send it, cancel it, change it, or cancel it to send it anew. It is called
for each order that anything was written about, and asks for nothing twice: while a request is under
way an order is left alone. A create is asked for once and never again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

from tradectl_sdk.bus.messages.orders import AmendOrder, CancelOrder, Submit
from tradectl_sdk.domain.orders import OrderEvent, OrderFlag, OrderType, TimeInForce
from tradectl_sdk.engine.reasons import CloseReason
from tradectl_sdk.exchange.values import OrderRef, Ticket
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.order import (
    CANCELLING,
    ENDED,
    HELD,
    LIMIT,
    MARKET,
    MODIFYING,
    NATIVE_GROUP,
    NATIVE_PARENT,
    NEW,
    REDUCE_ONLY,
    STOP_LIMIT,
    SUBMITTED,
    UNKNOWN,
)

if TYPE_CHECKING:
    from tradectl_sdk.nodes.executor.identity import ClientIdMaker
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.executor.standing import Standing
    from tradectl_sdk.nodes.executor.state import State

CANCELED = int(OrderEvent.CANCELED)
HOLD = int(OrderEvent.HOLD)
NOTHING_LEFT = int(CloseReason.NOTHING_LEFT)
TRAILING_STOP = int(OrderType.TRAILING_STOP)
GTC = int(TimeInForce.GTC)
DATED = {int(TimeInForce.GTD), int(TimeInForce.DAY)}
HERE = {NEW, HELD}
AT_ONCE = {int(TimeInForce.IOC), int(TimeInForce.FOK)}
CHILD = int(OrderFlag.CHILD)
EXIT_FILLED = int(CloseReason.EXIT_FILLED)
SIBLING_FILLED = int(CloseReason.SIBLING_FILLED)
REQUESTED = int(CloseReason.REQUESTED)
# Endings that a venue brings about by itself, and the tie of the order that it has to keep.
KEPT_BY_VENUE = {
    SIBLING_FILLED: NATIVE_GROUP,
    int(CloseReason.PARENT_ENDED): NATIVE_PARENT,
    NOTHING_LEFT: NATIVE_PARENT,
}


class Request(msgspec.Struct, frozen=True):
    """What was asked of the gateway and has not been answered.

    Attributes:
        kind: ``submit``, ``cancel``, ``amend`` or ``tie``.
        orders: Key and revision of each order it is about.
        deadline: When no answer becomes an unclear one.
    """

    kind: str
    orders: tuple[tuple[int, int], ...]
    deadline: int


class Router:
    """Asks the gateway for what is wanted of orders.

    Attributes:
        requests: What has not been answered, by number, the oldest first.
        overdue: Orders that the venue should have ended by itself, with the time we wait for it;
            0 when that is over.
    """

    def __init__(
        self,
        setup: Setup,
        state: State,
        recorder: Recorder,
        standing: Standing,
        ids: ClientIdMaker,
    ) -> None:
        self.requests: OrderedDict[int, Request] = OrderedDict()
        self.overdue: dict[int, int] = {}
        self._setup = setup
        self._card = card = setup.card
        self._answer_time = setup.answer_time
        self._state = state
        self._recorder = recorder
        self._standing = standing
        self._ids = ids
        types = [int(one) for one in OrderType]
        self._waiting = {one for one in types if one > LIMIT and one not in card.order_types}
        self._supported = {
            (kind, int(time))
            for kind in types
            for time in TimeInForce
            if self._leg_type(kind) in card.order_types
            and (int(time) not in AT_ONCE or time in card.times_in_force)
        }

    # What an order is at the venue -----------------------------------------------------------

    def must_wait_here(self, type_: int) -> bool:
        """Whether orders of a type are held here until the market meets their trigger."""
        return type_ in self._waiting

    def supports(self, type_: int, time_in_force: int) -> bool:
        """Whether an order can be had at all, at the venue or with what is held here."""
        return (type_, time_in_force) in self._supported

    def _leg_type(self, type_: int) -> int:
        if not self.must_wait_here(type_):
            return type_
        return LIMIT if type_ == STOP_LIMIT else MARKET

    def leg_terms(self, order: Order) -> tuple[int, int, int]:
        """Return type, limit and trigger that an order has at the venue."""
        if order.type not in self._waiting:
            return order.type, order.limit, order.trigger
        kind = self._leg_type(order.type)
        return kind, order.limit if kind == LIMIT else 0, 0

    def deliverable(self, order: Order) -> int:
        """Lots that may be at the venue now.

        A reduce-only order may have no more than there is to reduce, where the venue itself does
        not see to that.
        """
        lots = order.remaining
        if order.flags & REDUCE_ONLY and not self._card.reduce_only:
            held = -self._state.ledger.position(order.instrument) * order.side
            lots = min(lots, max(held, 0))
        return lots

    def position_changed(self, instrument: str) -> None:
        """Look at what may only reduce a position again, where the venue does not see to that."""
        if self._card.reduce_only or not self._state.book.reducers.get(instrument):
            return
        for order in self._state.book.live(instrument):
            if order.flags & REDUCE_ONLY:
                self._recorder.touched[order.key] = None

    # What to do next -------------------------------------------------------------------------

    def work(self, order: Order) -> None:
        """Ask for the next thing that an order needs, if any."""
        status = order.status
        if ENDED[status] or order.doubted:
            return
        if status in HERE:
            self._work_here(order)
        elif status != SUBMITTED and not order.pending:
            self._work_there(order)

    def _work_here(self, order: Order) -> None:
        if order.ending:
            self._recorder.move(order, CANCELED, order.ending)
        elif order.parked or not self._is_due(order):
            return
        elif not self._standing.can_send:
            if order.status == NEW:
                self._recorder.move(order, HOLD)
        elif order.status == NEW and self._is_tied(order):
            self._send(self._tied_natively(order))
        elif self.deliverable(order) > 0:
            self._send([order])
        elif self._leg_type(order.type) == MARKET or order.time_in_force in AT_ONCE:
            self._recorder.move(order, CANCELED, NOTHING_LEFT)

    def _is_due(self, order: Order) -> bool:
        if order.native & NATIVE_PARENT and order.status == NEW:
            return True
        if order.waits_for_entry or order.owed or (order.local and not order.triggered):
            return False
        return order.status == NEW or order.works

    def _is_tied(self, order: Order) -> bool:
        if order.native or not self._state.book.has_exits:
            return order.native > 0
        exits = self._state.book.children(order.key)
        return any(one.native & NATIVE_PARENT for one in exits)

    def _tied_natively(self, order: Order) -> list[Order]:
        """Return an order and all that the venue is to tie to it, in the order they came."""
        here = [one for one in self._state.book.live(order.instrument) if one.status == NEW]
        found = {order.key}
        while True:
            more = {one.key for one in here if one.key not in found and _tied_to(one, here, found)}
            if not more:
                return [one for one in here if one.key in found]
            found |= more

    def _work_there(self, order: Order) -> None:
        if order.remaining == 0 and order.filled > 0 and not order.ending:
            self._finish(order)
        if self._standing.gateway == 0 or order.ended:
            return
        if order.ending:
            if order.leg_remaining == 0 and order.settled and order.leg_filled > 0:
                self._recorder.move(order, CANCELED, order.ending)  # the rest was never sent
            elif not self._left_to_venue(order):
                self._cancel(order, replacing=False)
        elif order.status != UNKNOWN and not order.native:
            self._adjust(order)

    def _finish(self, order: Order) -> None:
        """All that was wanted has been filled; see that the venue does not go on."""
        if order.unfilled == 0:
            self._recorder.write(
                of.Altered(self._recorder.now, order.key, order.lots, order.limit, order.trigger)
            )
        else:
            reason = SIBLING_FILLED if order.group else REQUESTED
            self._recorder.write(of.Ending(self._recorder.now, order.key, reason))

    def _left_to_venue(self, order: Order) -> bool:
        """Whether the venue ends an order by itself, and has not had long enough to."""
        needed = KEPT_BY_VENUE.get(order.ending, 0)
        if not order.native & needed and not (order.ending == EXIT_FILLED and self._is_tied(order)):
            return False
        now = self._recorder.now
        due = self.overdue.setdefault(order.key, now + self._setup.bounds.settle)
        return now < due

    def _adjust(self, order: Order) -> None:
        """Bring an order at the venue to the terms that are wanted."""
        wanted = self.deliverable(order)
        _, limit, trigger = self.leg_terms(order)
        follows_market = order.type == TRAILING_STOP
        same = order.leg_limit == limit and (order.leg_trigger == trigger or follows_market)
        remaining = order.leg_remaining
        if remaining == 0 and order.leg_filled > 0:
            if order.settled:  # the venue is through with it, and more is wanted
                self._recorder.write(of.Replaced(self._recorder.now, order.key))
        elif remaining == wanted and same:
            return
        elif wanted > 0 and self._card.amends and not order.unamendable:
            self._amend(order, order.leg_filled + wanted, limit, trigger)
        else:
            self._cancel(order, replacing=True)

    # Requests --------------------------------------------------------------------------------

    def _send(self, orders: list[Order]) -> None:
        """Write down that orders leave, and let them: one, or several that the venue ties."""
        tickets = []
        now = self._recorder.now
        venue_time = self._standing.venue_time(now)
        for order in orders:
            kind, limit, trigger = self.leg_terms(order)
            lots = self.deliverable(order) or order.asked
            client_id = self._ids.make(*self.identity(order), order.revision)
            self._recorder.write(
                of.Sent(now, order.key, client_id, kind, lots, limit, trigger, venue_time)
            )
            tickets.append(self._ticket(order, lots, limit, trigger))
        if len(orders) == 1:
            self._recorder.touched.pop(orders[0].key, None)  # it needs nothing more now
        number = self._open("submit", orders)
        self._recorder.ask(Submit(request=number, epoch=self._state.epoch, tickets=tuple(tickets)))

    def identity(self, order: Order) -> tuple[str, int, int]:
        """Return what names an order for ever: strategy, life and number."""
        if order.number:
            return self._state.strategy, order.epoch, order.number
        return "", order.created, order.key  # the executor's own

    def _ticket(self, order: Order, lots: int, limit: int, trigger: int) -> Ticket:
        book = self._state.book
        parent = book.orders.get(order.parent) if order.native & NATIVE_PARENT else None
        group = ""
        if order.native & NATIVE_GROUP:
            group = self._ids.make(*self.identity(book.orders[order.group]), 0)
        time_in_force = order.time_in_force
        if time_in_force not in self._card.times_in_force and time_in_force in DATED:
            time_in_force = GTC  # its end is kept here
        flags = order.flags if self._card.reduce_only else order.flags & ~REDUCE_ONLY
        return Ticket(
            client_id=order.client_id,
            instrument=order.instrument,
            side=order.side,
            type=order.leg_type,
            time_in_force=time_in_force,
            flags=flags if order.native else flags & ~CHILD,
            lots=lots,
            limit=limit,
            trigger=trigger if order.status == SUBMITTED or order.leg_type != TRAILING_STOP else 0,
            trail=order.trail if order.leg_type == TRAILING_STOP else 0,
            expires=0 if time_in_force == GTC else order.expires,
            decided=order.decided,
            group=group,
            parent=parent.client_id if parent else "",
        )

    def _cancel(self, order: Order, *, replacing: bool) -> None:
        self._recorder.write(
            of.Asked(self._recorder.now, order.key, CANCELLING, replacing=replacing)
        )
        number = self._open("cancel", [order])
        self._recorder.ask(
            CancelOrder(request=number, epoch=self._state.epoch, order=reference(order))
        )

    def cancel_stranger(self, instrument: str, client_id: str, venue_id: str) -> None:
        """Cancel what the venue shows of an order that we have ended already."""
        number = self._open("cancel", [])
        self._recorder.ask(
            CancelOrder(
                request=number,
                epoch=self._state.epoch,
                order=OrderRef(instrument=instrument, client_id=client_id, venue_id=venue_id),
            )
        )

    def _amend(self, order: Order, lots: int, limit: int, trigger: int) -> None:
        self._recorder.write(
            of.Asked(
                self._recorder.now,
                order.key,
                MODIFYING,
                lots=lots,
                limit=limit,
                trigger=trigger,
            )
        )
        number = self._open("amend", [order])
        ticket = self._ticket(order, lots, limit, trigger)
        self._recorder.ask(
            AmendOrder(
                request=number, epoch=self._state.epoch, order=reference(order), ticket=ticket
            )
        )

    def tie(self, order: Order, first: Order) -> None:
        """Ask the venue to keep a tie; whoever ties keeps it until the venue says that it does."""
        _, limit, trigger = self.leg_terms(order)
        ticket = self._ticket(order, order.leg_lots, limit, trigger)
        ticket = msgspec.structs.replace(ticket, group=first.client_id)
        number = self._open("tie", [order])
        self._recorder.ask(
            AmendOrder(
                request=number, epoch=self._state.epoch, order=reference(order), ticket=ticket
            )
        )

    def _open(self, kind: str, orders: list[Order]) -> int:
        number = self._recorder.next_request()
        self.requests[number] = Request(
            kind,
            tuple([(order.key, order.revision) for order in orders]),
            self._recorder.now + self._answer_time,
        )
        return number


def _tied_to(one: Order, here: list[Order], found: set[int]) -> bool:
    """Whether an order hangs on any of those found, or any of them on it."""
    for other in here:
        if other.key not in found:
            continue
        if one.native & NATIVE_PARENT and one.parent == other.key:
            return True
        if other.native & NATIVE_PARENT and other.parent == one.key:
            return True
        if one.native & other.native & NATIVE_GROUP and one.group == other.group:
            return True
    return False


def reference(order: Order) -> OrderRef:
    """Return how an order is named to the venue."""
    return OrderRef(instrument=order.instrument, client_id=order.client_id, venue_id=order.venue_id)
