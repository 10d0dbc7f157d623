"""What became of every order of a session, as its host heard it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.messages.events import Filled, OrderChanged
from tradectl_sdk.bus.messages.intents import Cancel, Modify, Place, Tie
from tradectl_sdk.domain.orders import OrderStatus, Pending
from tradectl_sdk.engine import CloseReason
from tradectl_sdk.nodes.host.records import Decided, Denied, Heard
from tradectl_sdk.runs.parity import FillFact, OrderFact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.bus.messages.events import AccountSnapshot
    from tradectl_sdk.bus.messages.intents import Command, Intents

Worth = Callable[[int, int, int], int]  # instrument, ticks, lots -> money units
Name = tuple[int, int]  # life of the host, number

HELD, SUBMITTED = int(OrderStatus.HELD), int(OrderStatus.SUBMITTED)
DENIED, FILLED = int(OrderStatus.DENIED), int(OrderStatus.FILLED)
CANCELED = int(OrderStatus.CANCELED)


@dataclass(slots=True)
class _Told:
    """An order while its story is being told.

    Attributes:
        fact: What is known of it so far.
        parent: Its entry's name, None for none.
        sent: Number of the message that placed it.
        cancelled: Number of the message that asked for its end, 0 for none.
        filled_at: When its first fill was heard, 0 before.
    """

    fact: OrderFact
    parent: Name | None = None
    sent: int = 0
    cancelled: int = 0
    filled_at: int = 0

    @property
    def ended(self) -> bool:
        return OrderStatus(self.fact.status).terminal


class OrderStories:
    """Follows the orders of a session; those it found there belong to an earlier one.

    Attributes:
        former: How many orders were working already when the session began.
        strangers: Fills of orders that are not the session's.
    """

    def __init__(self, instruments: Sequence[str], worth: Worth) -> None:
        self.former = 0
        self.strangers = 0
        self._index = {name: index for index, name in enumerate(instruments)}
        self._worth = worth
        self._orders: dict[Name, _Told] = {}
        self._epoch = 0

    @property
    def facts(self) -> list[OrderFact]:
        """All orders of the session, in the order they were placed."""
        return [told.fact for _, told in sorted(self._orders.items())]

    def begin(self, epoch: int) -> None:
        """Another life of the host begins."""
        self._epoch = epoch

    def found(self, snapshot: AccountSnapshot) -> None:
        """Take note of which orders still work; of the others nobody will tell any more."""
        open_orders = {(one.epoch, one.number) for one in snapshot.orders}
        self.former += sum(name not in self._orders for name in open_orders)
        for name, told in self._orders.items():
            read = name[0] != self._epoch or told.sent <= snapshot.heard
            if not told.ended and name not in open_orders and read:
                told.fact.status, told.fact.reason = CANCELED, int(CloseReason.UNHEARD)

    def hear(self, frame: Any) -> None:
        """Take in a frame about orders."""
        if isinstance(frame, Decided):
            for command in frame.intents.commands:
                self._want(frame.intents, command)
        elif isinstance(frame, Denied):
            self._deny(frame)
        elif isinstance(frame, Heard):
            told = self._orders.get((frame.event.epoch, frame.event.number))
            if told is None:
                self.strangers += isinstance(frame.event, Filled)
            elif isinstance(frame.event, Filled):
                self._fill(told, frame.event, frame.time)
            else:
                self._change(told, frame.event, frame.time)

    def finish(self) -> None:
        """Count what was cancelled and not heard of any more as gone, as the strategy does."""
        for told in self._orders.values():
            parent = self._orders.get(told.parent) if told.parent else None
            orphan = told.fact.status == HELD and parent is not None and parent.ended
            if (told.cancelled and not told.ended) or orphan:
                told.fact.status = CANCELED
            if told.fact.status == FILLED:
                told.fact.lots = told.fact.filled
            if told.fact.depends:
                told.fact.asked = told.fact.lots

    # What was wanted -------------------------------------------------------------------------

    def _want(self, intents: Intents, command: Command) -> None:
        if isinstance(command, Place):
            self._place(intents, command)
        elif isinstance(command, Cancel):
            told = self._orders.get((command.epoch or intents.epoch, command.number))
            if told is not None:
                told.cancelled = intents.number
        elif isinstance(command, Modify):
            told = self._orders.get((command.epoch or intents.epoch, command.number))
            if told is not None:
                _modify(told.fact, command)
        elif isinstance(command, Tie):
            for epoch, number in (
                (command.epoch, command.first),
                (command.second_epoch, command.second),
            ):
                told = self._orders.get((epoch or intents.epoch, number))
                if told is not None:
                    told.fact.grouped = True

    def _place(self, intents: Intents, place: Place) -> None:
        lots = 0 if place.parent else place.lots
        fact = OrderFact(
            name=self._called(intents.epoch, place.number),
            created=intents.decided,
            instrument=self._index[place.instrument],
            side=place.side,
            type=place.type,
            time_in_force=place.time_in_force,
            flags=place.flags,
            asked=lots,
            lots=lots,
            limit=place.limit,
            trigger=place.trigger,
            trail=place.trail,
            expires=place.expires,
            status=HELD if place.parent else SUBMITTED,
            grouped=bool(place.group),
        )
        parent = (intents.epoch, place.parent) if place.parent else None
        told = _Told(fact, parent=parent, sent=intents.number)
        self._orders[intents.epoch, place.number] = told

    def _deny(self, denied: Denied) -> None:
        fact = OrderFact(
            name=self._called(self._epoch, denied.number),
            created=denied.time,
            instrument=self._index[denied.instrument],
            side=denied.side,
            type=denied.type,
            time_in_force=denied.time_in_force,
            flags=denied.flags,
            asked=denied.lots,
            lots=denied.lots,
            limit=denied.limit,
            trigger=denied.trigger,
            trail=denied.trail,
            expires=denied.expires,
            status=DENIED,
            reason=denied.reason,
        )
        self._orders[self._epoch, denied.number] = _Told(fact)

    def _called(self, epoch: int, number: int) -> str:
        return str(number) if epoch == 1 else f"{epoch}.{number}"

    # What became of it -----------------------------------------------------------------------

    def _fill(self, told: _Told, fill: Filled, heard: int) -> None:
        fact = told.fact
        value = self._worth(fact.instrument, fill.price, fill.lots)
        fact.fills.append(
            FillFact(time=fill.time, price=fill.price, lots=fill.lots, fee=fill.fee, value=value)
        )
        if not told.ended or fill.status == FILLED:
            fact.status = fill.status
        told.filled_at = told.filled_at or heard

    def _change(self, told: _Told, event: OrderChanged, heard: int) -> None:
        fact = told.fact
        if fact.status == HELD and event.status not in {HELD, CANCELED}:
            entry = self._orders.get(told.parent) if told.parent else None
            fact.delay = heard - entry.filled_at if entry is not None and entry.filled_at else 0
        if told.cancelled and event.heard >= told.cancelled and not _cancelling(event):
            told.cancelled = 0  # the venue would not
        if event.status != HELD:
            fact.lots = event.lots
        fact.status = event.status
        fact.reason = event.reason or fact.reason


def _cancelling(event: OrderChanged) -> bool:
    return bool(event.pending & Pending.CANCEL) or OrderStatus(event.status).terminal


def _modify(fact: OrderFact, modify: Modify) -> None:
    fact.asked = fact.lots = modify.lots or fact.lots
    fact.limit = modify.limit or fact.limit
    fact.trigger = modify.trigger or fact.trigger
