"""What the executor tells, in order, until its turn has come."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.events import Filled, OrderChanged
from tradectl_sdk.bus.messages.intents import Cursor

if TYPE_CHECKING:
    from collections.abc import Iterator

_REMEMBERED = 4096  # trade ids, to know a fill that is told again after the executor's restart


class Inbox:
    """Executions that were told and have not reached the strategy yet.

    Attributes:
        progress: How far all that the gateway told of the account has been passed on.
    """

    def __init__(self) -> None:
        self.progress = Cursor(0, 0)
        self._waiting: deque[OrderChanged | Filled] = deque()
        self._trades: OrderedDict[tuple[str, str], None] = OrderedDict()

    def add(self, event: OrderChanged | Filled) -> None:
        """Take in an event, unless it is a fill that was taken in before."""
        if isinstance(event, Filled) and not self._is_new(event):
            return
        self._waiting.append(event)

    def reach(self, executions: Cursor) -> None:
        """Everything up to this place has been told."""
        self.progress = max(self.progress, executions)

    def release(self, until: Cursor | None) -> Iterator[OrderChanged | Filled]:
        """Yield, and let go of, what was told of executions up to a place; all without one."""
        while self._waiting:
            at = self._waiting[0].at
            if until is not None and at is not None and at > until:
                return
            yield self._waiting.popleft()

    def _is_new(self, fill: Filled) -> bool:
        key = (fill.instrument, fill.trade_id)
        if key in self._trades:
            return False
        self._trades[key] = None
        if len(self._trades) > _REMEMBERED:
            self._trades.popitem(last=False)
        return True
