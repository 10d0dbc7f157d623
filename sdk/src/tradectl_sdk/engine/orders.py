"""The table of all orders of a run, and the lists of those still working.

An int64 table holds a row per order; its columns are named in :mod:`.columns`. Working
orders of an instrument form a doubly linked list in the order they came. A removed order keeps its
forward link, so that walking a list while orders leave it stays safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import ILLEGAL, TRANSITIONS, OrderEvent, OrderStatus, OrderType
from tradectl_sdk.engine.buffers import ints, table
from tradectl_sdk.engine.columns import (
    O_ACTIVE,
    O_CLOSED,
    O_CREATED,
    O_EXPIRES,
    O_FEES,
    O_FILLED,
    O_FLAGS,
    O_GROUP,
    O_ID,
    O_INSTRUMENT,
    O_LIMIT,
    O_LOTS,
    O_NEXT,
    O_PARENT,
    O_PREVIOUS,
    O_REASON,
    O_SIDE,
    O_STATUS,
    O_TIF,
    O_TRAIL,
    O_TRIGGER,
    O_TYPE,
    O_VALUE,
    ORDER_WIDTH,
)

if TYPE_CHECKING:
    from tradectl_sdk.engine.gate import OrderRequest

NOBODY = -1
EVENTS = len(OrderEvent)
AFTERWARDS = tuple(cell for row in TRANSITIONS for cell in row)
FILL = int(OrderEvent.FILL)
SUBMITTED = int(OrderStatus.SUBMITTED)
NEW = int(OrderStatus.NEW)
ACCEPTED = int(OrderStatus.ACCEPTED)
PARTIALLY_FILLED = int(OrderStatus.PARTIALLY_FILLED)
FILLED = int(OrderStatus.FILLED)
LIMIT = int(OrderType.LIMIT)
STOP_LIMIT = int(OrderType.STOP_LIMIT)


class Orders:
    """Every order of a run.

    Attributes:
        rows: A row per order, shape (capacity, :data:`.columns.ORDER_WIDTH`).
        count: Orders so far.
        working: Orders in any list.
        open: Orders in each instrument's list.
        first: Row of each instrument's oldest working order, NOBODY when there is none.
        last: Row of its newest.
    """

    ONE_IS_KNOWN = True  # the lists of a run with one instrument

    def __init__(self, instruments: int, capacity: int) -> None:
        self.rows = table(capacity, ORDER_WIDTH)
        self.count = 0
        self.working = 0
        self.open = [0] * instruments
        self.first = [NOBODY] * instruments
        self.last = [NOBODY] * instruments

    @property
    def capacity(self) -> int:
        """Rows there is room for."""
        return len(self.rows)

    @property
    def upcoming(self) -> int:
        """Id that the next order will get."""
        return self.count + 1

    def add(self, request: OrderRequest, now: int) -> int:
        """Write a new order in status NEW and return its row."""
        row = self.count
        rows = self.rows
        self.count += 1
        rows[row, O_ID] = self.count
        rows[row, O_CREATED] = now
        rows[row, O_CLOSED] = 0
        rows[row, O_INSTRUMENT] = request.instrument
        rows[row, O_SIDE] = request.side
        rows[row, O_TYPE] = request.type
        rows[row, O_TIF] = request.time_in_force
        rows[row, O_FLAGS] = request.flags
        rows[row, O_LOTS] = request.lots
        rows[row, O_FILLED] = 0
        rows[row, O_LIMIT] = request.limit
        rows[row, O_TRIGGER] = request.trigger
        rows[row, O_TRAIL] = request.trail
        rows[row, O_EXPIRES] = request.expires
        rows[row, O_STATUS] = NEW
        rows[row, O_REASON] = 0
        rows[row, O_GROUP] = request.group
        rows[row, O_PARENT] = request.parent
        rows[row, O_FEES] = 0
        rows[row, O_VALUE] = 0
        rows[row, O_NEXT] = NOBODY
        rows[row, O_PREVIOUS] = NOBODY
        rows[row, O_ACTIVE] = now
        return row

    def row_of(self, order: int) -> int:
        """Row of an order id, or NOBODY when there is no such order."""
        if order < 1 or order > self.count:
            return NOBODY
        return order - 1

    def link(self, row: int) -> None:
        """Append an order to its instrument's list of working orders."""
        rows = self.rows
        instrument = rows[row, O_INSTRUMENT]
        last = self.last[instrument]
        rows[row, O_NEXT] = NOBODY
        rows[row, O_PREVIOUS] = last
        if last == NOBODY:
            self.first[instrument] = row
        else:
            rows[last, O_NEXT] = row
        self.last[instrument] = row
        self.open[instrument] += 1
        self.working += 1

    def unlink(self, row: int) -> None:
        """Take an order out of its list; its forward link stays for whoever stands on it."""
        rows = self.rows
        instrument = rows[row, O_INSTRUMENT]
        before, after = rows[row, O_PREVIOUS], rows[row, O_NEXT]
        if before == NOBODY:
            self.first[instrument] = after
        else:
            rows[before, O_NEXT] = after
        if after == NOBODY:
            self.last[instrument] = before
        else:
            rows[after, O_PREVIOUS] = before
        self.open[instrument] -= 1
        self.working -= 1

    def join(self, row: int, group: int) -> None:
        """Put an order into a group, and with it those of the group it was in."""
        rows = self.rows
        former = rows[row, O_GROUP]
        rows[row, O_GROUP] = group
        other = self.first[rows[row, O_INSTRUMENT]] if former > 0 else NOBODY
        while other >= 0:
            if rows[other, O_GROUP] == former:
                rows[other, O_GROUP] = group
            other = rows[other, O_NEXT]

    def tie(self, first: int, second: int) -> None:
        """Put two orders, given as rows, into one group; whatever group either was in joins."""
        if self.rows[first, O_GROUP] == 0:
            self.rows[first, O_GROUP] = self.rows[first, O_ID]
        self.join(second, self.rows[first, O_GROUP])

    def move(self, row: int, event: int) -> int:
        """Let an event happen to an order and return its status afterwards.

        Raises:
            RuntimeError: If the order table does not know the event in this status.
        """
        rows = self.rows
        status = AFTERWARDS[rows[row, O_STATUS] * EVENTS + event]
        if status == ILLEGAL:
            raise RuntimeError("an order event that its status does not allow")
        if event == FILL and rows[row, O_FILLED] >= rows[row, O_LOTS]:
            status = FILLED
        rows[row, O_STATUS] = status
        return status

    def alive(self, row: int) -> bool:
        """Whether an order is working (it may have left the list while that was walked).

        One that a venue has not confirmed yet, or that nobody knows about, counts as working.
        """
        return SUBMITTED <= self.rows[row, O_STATUS] <= PARTIALLY_FILLED

    def rests(self, row: int) -> bool:
        """Whether an order waits at its limit: a limit order or a triggered stop-limit."""
        kind = self.rows[row, O_TYPE]
        if kind == STOP_LIMIT:
            return self.rows[row, O_STATUS] > ACCEPTED
        return kind == LIMIT

    def finish(self, row: int, event: int, reason: int, now: int) -> int:
        """Move an order to a terminal status, with its reason and time; return the status."""
        status = self.move(row, event)
        self.rows[row, O_REASON] = reason
        self.rows[row, O_CLOSED] = now
        return status


FILL_ENTRY = -1
CHANGE_ENTRY = -2  # less a code of what a change came to: 16 * reason against it + status
STATUSES = 16


class Journal:
    """What happened to orders, in sequence, waiting to be told to the strategy.

    Attributes:
        entries: Flat buffer of pairs: status after the event, FILL_ENTRY, or what a change came
            to (CHANGE_ENTRY and below); row of the order, or number of the fill.
        count: Entries so far.
        told: Entries the strategy has been told.
        enabled: Whether the strategy listens at all.
    """

    def __init__(self, capacity: int, *, enabled: bool) -> None:
        self.entries = ints(2 * capacity)
        self.count = 0
        self.told = 0
        self.enabled = enabled

    def note(self, kind: int, subject: int) -> None:
        """Remember one event."""
        if self.enabled:
            self.entries[2 * self.count] = kind
            self.entries[2 * self.count + 1] = subject
            self.count += 1

    def change(self, status: int, row: int) -> None:
        """Remember that an order was changed, and the status it has now."""
        self.note(CHANGE_ENTRY - status, row)

    def refuse(self, status: int, row: int, reason: int) -> None:
        """Remember why an order was not changed, and the status it keeps."""
        self.note(CHANGE_ENTRY - status - STATUSES * reason, row)
