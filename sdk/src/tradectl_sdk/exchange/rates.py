"""How much may still be asked of a venue: the one budget that everything on an account shares.

It has no clock and waits for nothing: whoever sends asks it how long to wait, waits, and says what
was spent. Times are nanoseconds of any clock that never goes back.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.exchange.card import RateBudget


class RateLimiter:
    """Weighted budgets over sliding windows, all of which must have room.

    Cancels and reconciliation ask with ``reserved=True`` and may use a budget up; the rest leaves
    the reserved share of it alone. What the venue says has been used counts more than what we
    think, because other programs spend from the same budget.

    Args:
        budgets: The venue's limits.
    """

    def __init__(self, budgets: Sequence[RateBudget]) -> None:
        self._windows = [_Window(budget) for budget in budgets]
        self._closed_until: int | None = None

    def wait(self, now: int, weight: int = 1, *, orders: int = 0, reserved: bool = False) -> int:
        """Return how many nanoseconds to wait before something of this weight may be sent.

        Args:
            now: The time.
            weight: What the request costs at the venue.
            orders: How many orders it carries.
            reserved: Whether it may use the share kept for cancels and reconciliation.
        """
        waits = [
            window.wait(now, window.cost(weight, orders), reserved=reserved)
            for window in self._windows
        ]
        if self._closed_until is not None:
            waits.append(self._closed_until - now)
        return max([0, *waits])

    def spend(self, now: int, weight: int = 1, *, orders: int = 0) -> None:
        """Count a request that is sent now."""
        for window in self._windows:
            window.spend(now, window.cost(weight, orders))

    def learn(self, now: int, used: int, interval: int) -> None:
        """Take over what the venue says was used in the interval that is running.

        Args:
            now: The time its answer came.
            used: Weight used up, all programs together.
            interval: Which budget is meant, by its length in nanoseconds.
        """
        for window in self._windows:
            if window.budget.interval == interval and not window.budget.orders:
                window.spend(now, used - window.used(now))

    def close_until(self, time: int) -> None:
        """Let nothing pass before a time, because the venue said to wait, or banned us."""
        self._closed_until = max(time, self._closed_until or time)


@dataclass(slots=True)
class _Window:
    """One budget and what was spent of it, oldest first."""

    budget: RateBudget
    spent: deque[tuple[int, int]] = field(default_factory=deque)
    total: int = 0

    def cost(self, weight: int, orders: int) -> int:
        return orders if self.budget.orders else weight

    def used(self, now: int) -> int:
        self._forget(now)
        return self.total

    def spend(self, now: int, weight: int) -> None:
        if weight > 0:
            self.spent.append((now, weight))
            self.total += weight

    def wait(self, now: int, weight: int, *, reserved: bool) -> int:
        self._forget(now)
        share = 1.0 if reserved else 1.0 - self.budget.reserved
        room = max(1, int(self.budget.weight * share))
        # What is heavier than all the room there is passes when nothing else was sent
        excess = self.total + min(weight, room) - room
        for time, spent in self.spent:
            if weight == 0 or excess <= 0:
                return 0
            excess -= spent
            if excess <= 0:
                return time + self.budget.interval - now
        return 0

    def _forget(self, now: int) -> None:
        while self.spent and self.spent[0][0] + self.budget.interval <= now:
            self.total -= self.spent.popleft()[1]
