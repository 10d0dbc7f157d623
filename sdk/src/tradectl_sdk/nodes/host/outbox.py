"""From what a strategy does to intents: the outlet of a live engine, and the names of orders."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.intents import Cancel, Intents, Modify, Place, Tie
from tradectl_sdk.nodes.host.records import Denied

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradectl_sdk.bus.messages.intents import Command, Cursor
    from tradectl_sdk.engine.gate import OrderRequest


class Outbox:
    """Collects the commands of one instant, and keeps those that nobody has read yet.

    An order that this life of the host placed goes by its id as number; one that was taken over
    from an earlier life has an id of this life and keeps its former name.

    Attributes:
        number: Of the latest message.
        denied: What this host's own gate has refused since it was asked last.
    """

    def __init__(self, strategy: str, epoch: int, instruments: Sequence[str]) -> None:
        self.number = 0
        self.denied: list[Denied] = []
        self._strategy = strategy
        self._epoch = epoch
        self._instruments = instruments
        self._commands: list[Command] = []
        self._unread: deque[Intents] = deque()
        self._former: dict[int, tuple[int, int]] = {}  # id -> the life and number it came with
        self._ids: dict[tuple[int, int], int] = {}
        self._touched: dict[int, int] = {}  # id -> number of the message that last changed it

    # The outlet of the engine --------------------------------------------------------------

    def place(self, order: int, request: OrderRequest, lots: int) -> None:
        """An order that has passed the gate."""
        self._commands.append(
            Place(
                number=order,
                instrument=self._instruments[request.instrument],
                side=request.side,
                type=request.type,
                time_in_force=request.time_in_force,
                flags=request.flags,
                lots=lots,
                limit=request.limit,
                trigger=request.trigger,
                trail=request.trail,
                expires=request.expires,
                group=request.group,
                parent=request.parent,
            )
        )
        self._touched[order] = self.number + 1

    def deny(self, order: int, request: OrderRequest, reason: int, now: int) -> None:
        """An order that the gate has refused; nobody else needs to know, but it is recorded."""
        self.denied.append(
            Denied(
                number=order,
                instrument=self._instruments[request.instrument],
                side=request.side,
                type=request.type,
                time_in_force=request.time_in_force,
                flags=request.flags,
                lots=request.lots,
                limit=request.limit,
                trigger=request.trigger,
                trail=request.trail,
                expires=request.expires,
                reason=reason,
                time=now,
            )
        )

    def cancel(self, order: int) -> None:
        """An order is not wanted any more."""
        epoch, number = self._name(order)
        self._commands.append(Cancel(number=number, epoch=epoch))
        self._touched[order] = self.number + 1

    def modify(self, order: int, lots: int, limit: int, trigger: int) -> None:
        """An order is to have this whole quantity and these prices."""
        epoch, number = self._name(order)
        self._commands.append(
            Modify(number=number, epoch=epoch, lots=lots, limit=limit, trigger=trigger)
        )
        self._touched[order] = self.number + 1

    def tie(self, first: int, second: int) -> None:
        """Two orders are to cancel each other."""
        (epoch, number), (other_epoch, other) = self._name(first), self._name(second)
        self._commands.append(
            Tie(first=number, second=other, epoch=epoch, second_epoch=other_epoch)
        )

    # Messages ------------------------------------------------------------------------------

    def take(self, decided: int, data: Cursor) -> Intents | None:
        """Return what was wanted since the last time as one message, or None for nothing."""
        if not self._commands:
            return None
        self.number += 1
        intents = Intents(
            strategy=self._strategy,
            epoch=self._epoch,
            decided=decided,
            data=data,
            commands=tuple(self._commands),
            number=self.number,
        )
        self._commands.clear()
        self._unread.append(intents)
        return intents

    def read(self, heard: int) -> None:
        """Take note of how far the executor has read."""
        while self._unread and self._unread[0].number <= heard:
            self._unread.popleft()

    @property
    def waiting(self) -> int:
        """How many messages nobody has said were heard."""
        return len(self._unread)

    @property
    def unread(self) -> Iterator[Intents]:
        """The messages that nobody has said were heard."""
        return iter(self._unread)

    # Names ---------------------------------------------------------------------------------

    def adopt(self, order: int, epoch: int, number: int) -> None:
        """Let an order of an earlier life go by an id of this one."""
        self._former[order] = (epoch, number)
        self._ids[epoch, number] = order

    def id_of(self, epoch: int, number: int) -> int:
        """This life's id of an order, 0 when it knows none."""
        return number if epoch == self._epoch else self._ids.get((epoch, number), 0)

    def outdates(self, order: int, heard: int) -> bool:
        """Whether something was asked of an order that had not been read at ``heard``."""
        return self._touched.get(order, 0) > heard

    def forget(self, order: int) -> None:
        """An order has ended for good: the venue says so."""
        self._touched.pop(order, None)
        former = self._former.pop(order, None)
        if former is not None:
            del self._ids[former]

    def _name(self, order: int) -> tuple[int, int]:
        return self._former.get(order, (0, order))
