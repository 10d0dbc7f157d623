"""The engine's tables for a run without an end: what is over is forgotten, so memory stays flat.

An order keeps its id as long as it is working, and after its end until so many others have ended
that its row is wanted; then it is as unknown as one that never was. Ids are never used twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine.booking import Fills
from tradectl_sdk.engine.buffers import doubled, view_ints
from tradectl_sdk.engine.columns import F_ID, FILL_WIDTH, O_ID, O_NEXT, O_PREVIOUS, O_STATUS
from tradectl_sdk.engine.orders import NOBODY, Journal, Orders

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tradectl_sdk.engine.gate import OrderRequest

_ENDED = [int(status) for status in OrderStatus if status.terminal]


class LiveOrders(Orders):
    """Every order that works, and the latest of those that ended.

    Args:
        instruments: How many instruments there are.
        spare: Rows that are free again after each tidying up.
        keep: Ended orders that are remembered at least.
    """

    def __init__(self, instruments: int, *, spare: int, keep: int) -> None:
        super().__init__(instruments, 2 * (spare + keep))
        self.issued = 0
        self._spare = spare
        self._keep = keep
        self._places: dict[int, int] = {}

    @property
    def upcoming(self) -> int:
        """Id that the next order will get."""
        return self.issued + 1

    def add(self, request: OrderRequest, now: int) -> int:
        """Write a new order in status NEW and return its row."""
        row = super().add(request, now)
        self.issued += 1
        self.rows[row, O_ID] = self.issued
        self._places[self.issued] = row
        return row

    def row_of(self, order: int) -> int:
        """Row of an order id, or NOBODY when there is no such order, or none any more."""
        return self._places.get(order, NOBODY)

    def tidy(self) -> None:
        """Forget the oldest ended orders when room runs short; no row may be held across this."""
        if self.capacity - self.count >= self._spare:
            return
        held = np.asarray(self.rows)
        ended = np.isin(held[: self.count, O_STATUS], _ENDED)
        ended[np.flatnonzero(ended)[-self._keep :]] = False
        self._compact(held, np.flatnonzero(~ended))
        while self.capacity - self.count < self._spare:
            self.rows = doubled(self.rows)

    def _compact(self, held: NDArray[np.int64], kept: NDArray[np.intp]) -> None:
        """Move the rows to be kept together, and all that points at them."""
        moved = np.full(self.count + 1, NOBODY, np.int64)  # the last cell answers NOBODY
        moved[kept] = np.arange(len(kept))
        rows = np.zeros_like(held)
        rows[: len(kept)] = held[kept]
        rows[: len(kept), O_NEXT] = moved[rows[: len(kept), O_NEXT]]
        rows[: len(kept), O_PREVIOUS] = moved[rows[: len(kept), O_PREVIOUS]]
        self.rows = view_ints(rows)
        self.count = len(kept)
        self.first = [int(moved[row]) for row in self.first]
        self.last = [int(moved[row]) for row in self.last]
        self._places = {int(order): row for row, order in enumerate(rows[: self.count, O_ID])}


class LiveFills(Fills):
    """The latest fills; older ones are on record elsewhere.

    Attributes:
        booked: Fills ever.
    """

    def __init__(self, keep: int) -> None:
        super().__init__(2 * keep)
        self.booked = 0
        self._keep = keep

    def add(self) -> int:
        """Make room for one more fill, number it, and return its row."""
        if self.count == self.capacity:
            self.rows = doubled(self.rows)
        row = self.count
        self.count += 1
        self.booked += 1
        self.rows[row, F_ID] = self.booked
        return row

    def tidy(self) -> None:
        """Forget the oldest fills when there are many; nobody may still want to be told of one."""
        if self.count < 2 * self._keep:
            return
        held = np.asarray(self.rows)
        rows = np.zeros((2 * self._keep, FILL_WIDTH), np.int64)
        rows[: self._keep] = held[self.count - self._keep : self.count]
        self.rows = view_ints(rows)
        self.count = self._keep


class LiveJournal(Journal):
    """What the strategy has not been told yet; what it was told is gone."""

    def __init__(self, *, enabled: bool) -> None:
        super().__init__(0, enabled=enabled)
        self.entries: list[int] = []  # type: ignore[assignment]

    def note(self, kind: int, subject: int) -> None:
        """Remember one event."""
        if self.enabled:
            self.entries += (kind, subject)
            self.count += 1

    def tidy(self) -> None:
        """Forget what has been told, once that is all."""
        if self.told == self.count:
            self.entries.clear()
            self.count = self.told = 0
