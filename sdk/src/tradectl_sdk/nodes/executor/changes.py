"""Changing an order, and tying orders to each other, at a strategy's wish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tradectl_sdk.engine.reasons import DenyReason
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.checking import as_place, malformed
from tradectl_sdk.nodes.executor.events import order_changed
from tradectl_sdk.nodes.executor.order import NEW, REDUCE_ONLY

if TYPE_CHECKING:
    from tradectl_sdk.bus.messages.intents import Intents, Modify, Place, Tie
    from tradectl_sdk.nodes.executor.gatekeeper import Gatekeeper
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.routing import Router
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.executor.standing import Standing
    from tradectl_sdk.nodes.executor.state import State

BELOW_FILLED = int(DenyReason.BELOW_FILLED)


class Changes:
    """Writes down what is wanted of orders that exist already."""

    def __init__(
        self,
        setup: Setup,
        state: State,
        recorder: Recorder,
        standing: Standing,
        gatekeeper: Gatekeeper,
        router: Router,
    ) -> None:
        self._card = setup.card
        self._state = state
        self._book = state.book
        self._recorder = recorder
        self._standing = standing
        self._gatekeeper = gatekeeper
        self._router = router

    def _named(self, epoch: int, number: int) -> Order | None:
        return self._book.numbered(epoch or self._state.host_epoch, number)

    # Modify ----------------------------------------------------------------------------------

    def modify(self, command: Modify, intents: Intents, *, behind: bool) -> None:
        """Want other terms of an order; where they are refused, it stays as it is.

        An exit is as large as its entry has become, and a trailing stop has followed the market,
        whatever the host last knew of that.
        """
        order = self._named(command.epoch, command.number)
        if order is None or not (order.works or (order.status == NEW and not order.ending)):
            return
        place = as_place(order)
        wanted = msgspec.structs.replace(
            place,
            lots=place.lots if order.parent else command.lots or place.lots,
            limit=command.limit or place.limit,
            trigger=place.trigger if place.trail else command.trigger or place.trigger,
        )
        if wanted == place:
            return
        reason = self._against(order, wanted, intents.decided, behind=behind)
        if reason:
            if self._recorder.telling:
                self._recorder.tell(
                    order_changed(order, self._recorder.now, order.shown, reason=reason)
                )
            return
        self._recorder.write(
            of.Altered(self._recorder.now, order.key, wanted.lots, wanted.limit, wanted.trigger)
        )

    def _against(self, order: Order, wanted: Place, decided: int, *, behind: bool) -> int:
        reason = malformed(wanted, self._state, min(decided, order.decided))
        if reason:
            return reason
        rest = wanted.lots - order.filled
        if rest < 0:
            return BELOW_FILLED
        if rest == 0:
            return 0  # the end of the rest, which nobody refuses
        if order.flags & REDUCE_ONLY:
            return self._standing.against(order.instrument, reduces=True, behind=behind)
        grows = rest > order.remaining or wanted.limit != order.limit
        reason = self._standing.against(order.instrument, reduces=not grows, behind=behind)
        return reason or self._gatekeeper.against_change(order, wanted, rest, decided)

    # Tie -------------------------------------------------------------------------------------

    def tie(self, command: Tie) -> None:
        """Let two orders cancel each other, and with them those that either is tied to."""
        first = self._named(command.epoch, command.first)
        second = self._named(command.second_epoch, command.second)
        if first is None or second is None or first.key == second.key:
            return
        if first.instrument != second.instrument or not (_open(first) and _open(second)):
            return
        group = first.group or first.key
        former = second.group
        members = [
            one
            for one in self._book.live(first.instrument)
            if one.key in {first.key, second.key}
            or one.group == group
            or (former and one.group == former)
        ]
        native = "oco" in self._card.groups and all(_unsent(one) for one in members)
        for one in members:
            self._recorder.write(of.Tied(self._recorder.now, one.key, group, native=native))
        if not native and "oco" in self._card.groups and self._card.amends:
            self._offer(members, self._book.orders[group])

    def _offer(self, members: list[Order], first: Order) -> None:
        """Ask the venue to keep a tie of orders that it works on already."""
        for one in sorted(members, key=lambda each: each.key != first.key):
            if one.at_venue and first.at_venue:
                self._router.tie(one, first)


def _open(order: Order) -> bool:
    return order.works or (order.status == NEW and not order.ending)


def _unsent(order: Order) -> bool:
    """Whether the venue can still be told of an order's ties when it is sent."""
    return order.status == NEW and not order.parked and not order.local
