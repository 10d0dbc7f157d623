"""What must never happen, whatever goes wrong.

1. What the venue traded is what the executor has booked, trade by trade, and every position and
   balance follows from it.
2. No intent makes two orders at the venue.
3. No order reaches the venue whose intent was not on disk before.
4. No order is given up that the venue has taken, and nothing stays unknown once nothing goes wrong
   any more.
5. Nothing new is sent after the kill switch was thrown, and nothing of an executor's earlier life
   once a later one was heard.
6. What could be held, with every working order filled, never exceeds the limit.
7. In the end executor, venue and host agree on every working order and every position.
8. Each life of a host is told each fill once, and bars in order without a hole.

That one seed gives one trace is checked by playing it twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.messages.orders import AmendOrder, CancelOrder, Submit
from tradectl_sdk.domain.orders import OrderFlag, OrderStatus
from tradectl_sdk.nodes.executor import State
from tradectl_sdk.testing.simulation.executor import _decode

if TYPE_CHECKING:
    from tradectl_sdk.exchange import Ticket
    from tradectl_sdk.testing.simulation.executor import ExecutorProcess
    from tradectl_sdk.testing.simulation.host import HostProcess, Told
    from tradectl_sdk.testing.simulation.venue import SimulatedVenue

REDUCE_ONLY = int(OrderFlag.REDUCE_ONLY)
UNKNOWN = int(OrderStatus.UNKNOWN)
REJECTED = int(OrderStatus.REJECTED)


class Judge:
    """Watches a simulation.

    Attributes:
        violations: What must not happen and did.
    """

    def __init__(
        self,
        venue: SimulatedVenue,
        executor: ExecutorProcess,
        host: HostProcess,
        *,
        limit: int,
        length: int,
    ) -> None:
        self.violations: list[str] = []
        self._venue = venue
        self._executor = executor
        self._host = host
        self._limit = limit
        self._length = length
        self._seen: set[str] = set()
        self._latest_life = 0

    # While it goes on ------------------------------------------------------------------------

    def see_ticket(self, ticket: Ticket) -> None:
        """Look at an order that the venue has just taken."""
        if ticket.client_id in self._seen:
            self._complain(f"two orders at the venue for {ticket.client_id}")
        self._seen.add(ticket.client_id)
        if ticket.client_id not in self._executor.sent:
            self._complain(f"order {ticket.client_id} reached the venue before its intent the disk")
        self._see_exposure(ticket.instrument)
        self._see_given_up()

    def see_message(self, message: Any) -> None:
        """Look at what the executor is about to send to the gateway."""
        if isinstance(message, Submit | AmendOrder) and self._executor.switch == "halted":
            self._complain(f"{type(message).__name__} was sent after the kill switch was thrown")

    def see_call(self, what: Any) -> None:
        """Look at what the gateway is about to ask of the venue."""
        if isinstance(what, Submit | AmendOrder | CancelOrder):
            if what.epoch < self._latest_life:
                self._complain(f"{type(what).__name__} of life {what.epoch}, later ones were heard")
            self._latest_life = max(self._latest_life, what.epoch)

    def see_second(self) -> None:
        """Look at what is true all the time."""
        for instrument in self._venue.bars:
            self._see_exposure(instrument)
        self._see_given_up()

    def _see_given_up(self) -> None:
        if self._executor.alive:
            for order in self._executor.core.state.book.orders.values():
                if order.status == REJECTED and order.client_id in self._seen:
                    self._complain(f"order {order.key} was given up, and the venue has taken it")

    def _see_exposure(self, instrument: str) -> None:
        held = self._venue.position(instrument)
        longest, shortest = held, held
        for order in self._venue.ledger.working():
            ticket, report = order.ticket, order.report
            if ticket.instrument != instrument or ticket.flags & REDUCE_ONLY:
                continue
            left = max(0, report.lots - report.filled)
            if ticket.side > 0:
                longest += left
            else:
                shortest -= left
        if max(longest, -shortest) > self._limit:
            self._complain(
                f"{instrument} could reach {longest} or {shortest}, the limit is {self._limit}"
            )

    # At the end ------------------------------------------------------------------------------

    def conclude(self) -> None:
        """Look at what has to be true at the end."""
        state = State()
        for body in self._executor.disk:
            state.apply(_decode(body))
        if self._executor.alive and state.snapshot() != self._executor.core.state.snapshot():
            self._complain("the executor's memory differs from what its disk says")
        self._compare_trades(state)
        self._compare_orders(state)
        self._compare_host(state)
        for told in self._host.told:
            self._see_telling(told)

    def _compare_trades(self, state: State) -> None:
        theirs = {(one.instrument, one.trade_id) for one in self._venue.all_trades()}
        ours = {key for key in state.trades if not _is_replaced(state, key[1])}
        if theirs != ours:
            self._complain(
                f"trades differ: lost {sorted(theirs - ours)[:3]} of {len(theirs - ours)}, "
                f"invented {sorted(ours - theirs)[:3]} of {len(ours - theirs)}"
            )
        for instrument in self._venue.bars:
            held, booked = self._venue.position(instrument), booked_position(state, instrument)
            if held != booked:
                self._complain(f"position of {instrument} is {held}, the executor says {booked}")
        cash = next((one.total for one in self._venue.core.balances() if one.currency == "USD"), 0)
        if cash != state.ledger.cash:
            self._complain(f"cash is {cash}, the executor says {state.ledger.cash}")

    def _compare_orders(self, state: State) -> None:
        working = {one.client_id: one for one in self._venue.core.open_orders()}
        live = {one.client_id: one for one in state.book.all_live() if one.client_id}
        for order in state.book.all_live():
            if order.status == UNKNOWN:
                self._complain(f"order {order.key} is still unknown")
        for name in sorted(working.keys() - live.keys()):
            self._complain(f"order {name} works at the venue and the executor does not know")
        for name, order in sorted(live.items()):
            if name not in working and order.status > int(OrderStatus.HELD):
                self._complain(
                    f"order {name} has ended at the venue, the executor says {order.status}"
                )
        if state.switch == "halted" and working:
            self._complain(f"{len(working)} orders still work after the kill switch was thrown")

    def _compare_host(self, state: State) -> None:
        core = self._host.core
        if core.state != "ready":
            self._complain(f"the host is {core.state} in the end: {core.text}")
            return
        for instrument, lots in core.holdings.items():
            booked = booked_position(state, instrument)
            if lots != booked:
                self._complain(f"the host believes to hold {lots} of {instrument}, it is {booked}")

    def _see_telling(self, told: list[Told]) -> None:
        """Look at what one life of the host was told."""
        fills = [(one.instrument, one.trade) for one in told if one.trade]
        if len(set(fills)) < len(fills):
            self._complain(f"a strategy was told {len(fills)} fills, {len(set(fills))} different")
        latest: dict[str, int] = {}
        for one in told:
            if not one.instrument:
                latest.clear()  # it was told that something is missing
            elif not one.trade:
                before = latest.get(one.instrument, one.time - self._length)
                if one.time != before + self._length:
                    self._complain(f"bar of {one.instrument} at {one.time} came after {before}")
                latest[one.instrument] = one.time

    def _complain(self, text: str) -> None:
        if len(self.violations) < 20:
            self.violations.append(text)


def _is_replaced(state: State, trade_id: str) -> bool:
    """Say whether a trade was inferred, and the venue's own has taken its place."""
    kind, _, rest = trade_id.partition(":")
    if kind != "inferred":
        return False
    client_id = rest.rpartition(":")[0]
    return not any(one.inferred for one in state.book.orders.values() if one.client_id == client_id)


def booked_position(state: State, instrument: str) -> int:
    """Signed lots that the executor believes to hold; none where it never began."""
    return state.ledger.position(instrument) if instrument in state.ledger.instruments else 0
