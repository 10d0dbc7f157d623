"""What a host wants, on its way past the risk gate into the order book."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tradectl_sdk.bus.messages.intents import Cancel, Modify, Place
from tradectl_sdk.domain.orders import OrderEvent
from tradectl_sdk.engine.reasons import CloseReason, DenyReason
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.checking import as_exit, as_place, malformed
from tradectl_sdk.nodes.executor.order import NATIVE_GROUP, NATIVE_PARENT, NEW, REDUCE_ONLY

if TYPE_CHECKING:
    from tradectl_sdk.bus.messages.intents import Command, Intents
    from tradectl_sdk.nodes.executor.changes import Changes
    from tradectl_sdk.nodes.executor.gatekeeper import Gatekeeper
    from tradectl_sdk.nodes.executor.groups import Groups
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.routing import Router
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.executor.standing import Standing
    from tradectl_sdk.nodes.executor.state import State

HOLD = int(OrderEvent.HOLD)
DENY = int(OrderEvent.DENY)
NOTHING_TO_REDUCE = int(DenyReason.NOTHING_TO_REDUCE)
EXIT_REFUSED = int(DenyReason.EXIT_REFUSED)
BAD_TERMS = int(DenyReason.BAD_TERMS)
UNSUPPORTED = int(DenyReason.UNSUPPORTED)
REQUESTED = int(CloseReason.REQUESTED)
# What an order being cancelled may still bind; other refusals would stay what they are.
BINDING = {
    int(reason)
    for reason in (
        DenyReason.CASH,
        DenyReason.SHORT,
        DenyReason.MARGIN,
        DenyReason.POSITION,
        DenyReason.CUSTOM,
    )
}


class Verdict(msgspec.Struct, frozen=True):
    """What was decided on an order.

    Attributes:
        reason: Why it is denied, 0 when it is not.
        lots: What may be sent.
        resized: Why that is less than was asked for, 0 when it is not.
        parked: When it is judged for the last time, 0 when it has been judged.
    """

    reason: int
    lots: int = 0
    resized: int = 0
    parked: int = 0


class Admission:
    """Reads intents and writes down what becomes of each command.

    Attributes:
        parked: Keys of the orders that wait to be judged again, in the order they came.
    """

    def __init__(
        self,
        setup: Setup,
        state: State,
        recorder: Recorder,
        standing: Standing,
        gatekeeper: Gatekeeper,
        router: Router,
        groups: Groups,
        changes: Changes,
    ) -> None:
        self._setup = setup
        self._state = state
        self._book = state.book
        self._recorder = recorder
        self._standing = standing
        self._gatekeeper = gatekeeper
        self._router = router
        self._groups = groups
        self._changes = changes
        self._native: set[int] = set()  # entries of the present intents that the venue ties
        self._reading = 0  # number of the host's message while its last command is dealt with
        self.parked = {one.key: None for one in state.book.all_live() if one.parked}

    def read(self, intents: Intents, *, behind: bool) -> None:
        """Deal with all that a strategy decided at one instant.

        Args:
            intents: What it decided.
            behind: Whether our market data are older than those it decided on.
        """
        exits: dict[int, list[Place]] = {}
        self._native.clear()
        if len(intents.commands) > 1:
            for command in intents.commands:
                if isinstance(command, Place) and command.parent:
                    exits.setdefault(command.parent, []).append(command)
        for command in intents.commands:
            if command is intents.commands[-1]:
                self._reading = intents.number
            self._one(command, intents, exits, behind=behind)
        self._reading = 0
        if intents.number and self._state.heard != intents.number:
            self._recorder.write(of.IntentsRead(self._recorder.now, intents.number))

    def _one(
        self, command: Command, intents: Intents, exits: dict[int, list[Place]], *, behind: bool
    ) -> None:
        if isinstance(command, Place):
            if command.number <= self._state.last_number:
                return  # it is known already
            if command.parent:
                self._place_exit(command, intents)
            else:
                self._place(command, intents, exits.get(command.number, []), behind=behind)
        elif isinstance(command, Cancel):
            order = self._named(command.epoch, command.number)
            if order is not None:
                self._groups.end(order, REQUESTED)
        elif isinstance(command, Modify):
            self._changes.modify(command, intents, behind=behind)
        else:
            self._changes.tie(command)

    def _named(self, epoch: int, number: int) -> Order | None:
        return self._book.numbered(epoch or self._state.host_epoch, number)

    # Placing ---------------------------------------------------------------------------------

    def _place(self, place: Place, intents: Intents, exits: list[Place], *, behind: bool) -> None:
        verdict = self._judge(place, intents.decided, behind=behind)
        if verdict.reason == 0 and not verdict.parked and exits:
            refused = [self._against_exit(one, verdict.lots, intents.decided) for one in exits]
            if any(refused):
                verdict = Verdict(EXIT_REFUSED)
        self._write(place, intents, verdict)
        if exits and not verdict.parked and self._native_bracket(place, exits):
            order = self._book.numbered(intents.epoch, place.number)
            if order is not None and order.status == NEW:
                self._native.add(order.key)

    def _judge(self, place: Place, decided: int, *, behind: bool) -> Verdict:
        """Decide on an order that is not an exit of another."""
        reason = malformed(place, self._state, decided)
        if reason == 0 and not self._router.supports(place.type, place.time_in_force):
            reason = UNSUPPORTED
        if reason:
            return Verdict(reason)
        reason = self._standing.against(place.instrument, reduces=False, behind=behind)
        if reason and self._gatekeeper.reduces(place):
            reason = self._standing.against(place.instrument, reduces=True, behind=behind)
        if reason:
            return Verdict(reason)
        lots = place.lots
        if place.flags & REDUCE_ONLY:
            lots = min(lots, self._gatekeeper.held_against(place.instrument, place.side))
            if lots == 0:
                return Verdict(NOTHING_TO_REDUCE)
        return self._ask_gate(place, lots, decided)

    def _ask_gate(self, place: Place, lots: int, decided: int) -> Verdict:
        reason, allowed, resized = self._gatekeeper.review(place, lots, decided)
        if reason in BINDING and len(self.parked) < self._setup.bounds.most_parked:
            self._gatekeeper.forget()
            if self._gatekeeper.review_without_cancelled(place, lots, decided):
                until = self._recorder.now + self._setup.bounds.parked_wait
                return Verdict(0, lots, 0, until)
        return Verdict(reason, allowed, resized)

    def _against_exit(self, place: Place, lots: int, decided: int) -> int:
        """Return the reason against an exit, which has to be allowed for all of its entry."""
        reason = malformed(place, self._state, decided)
        if reason == 0 and not self._router.supports(place.type, place.time_in_force):
            reason = UNSUPPORTED
        if reason:
            return reason
        reason, allowed, resized = self._gatekeeper.review(as_exit(place), lots, decided)
        return resized if reason == 0 and allowed < lots else reason

    def _place_exit(self, place: Place, intents: Intents) -> None:
        entry = self._book.numbered(intents.epoch, place.parent)
        if entry is None or entry.instrument != place.instrument:
            self._write(place, intents, Verdict(BAD_TERMS))
        elif entry.ended or entry.ending:
            self._write(place, intents, Verdict(entry.reason or EXIT_REFUSED))
        elif reason := malformed(place, self._state, intents.decided):
            self._write(place, intents, Verdict(reason))
        else:
            self._write(as_exit(place), intents, Verdict(0), entry=entry)

    def _write(
        self, place: Place, intents: Intents, verdict: Verdict, entry: Order | None = None
    ) -> None:
        """Write an order down; from here on it exists."""
        book = self._book
        native = NATIVE_PARENT if entry is not None and entry.key in self._native else 0
        if native and place.group:
            native |= NATIVE_GROUP
        local = self._router.must_wait_here(place.type)
        event = DENY if verdict.reason else -1
        if event == -1 and (local or entry is not None) and not native:
            event = HOLD
        key = book.next_key
        first = book.numbered(intents.epoch, place.group) if place.group else None
        self._recorder.write(
            of.Placed(  # by place: looking so many names up takes longer than all the rest
                self._recorder.now,
                key,
                intents.epoch,
                place.number,
                place.instrument,
                place.side,
                place.type,
                place.time_in_force,
                place.flags,
                0 if entry is not None else verdict.lots or place.lots,
                place.limit,
                place.trigger,
                place.trail,
                place.expires,
                0 if not place.group else key if first is None else first.key,
                0 if entry is None else entry.key,
                intents.decided,
                event,
                verdict.reason or verdict.resized,
                entry.lots if entry is not None else place.lots,
                native,
                local,
                verdict.parked,
                0,
                self._reading,
                self._gatekeeper.noted(),
            )
        )
        if verdict.parked:
            self.parked[key] = None

    def _native_bracket(self, place: Place, exits: list[Place]) -> bool:
        """Whether the venue itself can keep an entry and its exits together."""
        if not exits or "bracket" not in self._setup.card.groups:
            return False
        return not any(self._router.must_wait_here(one.type) for one in (place, *exits))

    # Waiting for a cancellation --------------------------------------------------------------

    @property
    def next_deadline(self) -> int | None:
        """When the first order that waits is judged for the last time."""
        if not self.parked:
            return None
        return min(self._book.orders[key].parked for key in self.parked)

    def judge_parked(self) -> None:
        """Judge the orders again that wait for what an order being cancelled still binds."""
        for key in list(self.parked):
            order = self._book.orders.get(key)
            if order is None or not order.parked or order.ended:
                del self.parked[key]
            elif not order.ending:
                self._judge_again(order)

    def _judge_again(self, order: Order) -> None:
        place = as_place(order)
        reason = self._standing.against(order.instrument, reduces=False, behind=False)
        allowed = 0
        if reason == 0:
            reason, allowed, _ = self._gatekeeper.review(place, order.lots, order.decided)
        if reason in BINDING and order.parked > self._recorder.now:
            self._gatekeeper.forget()
            if self._gatekeeper.review_without_cancelled(place, order.lots, order.decided):
                return
            reason, allowed, _ = self._gatekeeper.review(place, order.lots, order.decided)
        self._gatekeeper.note()
        del self.parked[order.key]
        if reason:
            self._recorder.move(order, DENY, reason)
            self._groups.ended(order)
        else:
            self._recorder.write(
                of.Altered(self._recorder.now, order.key, allowed, order.limit, order.trigger)
            )
            self._recorder.write(of.Unparked(self._recorder.now, order.key))
