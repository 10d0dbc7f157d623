"""How much clients may ask, and what happens to those who ask more."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradectl_sandbox.refusals import TOO_MANY_ORDERS, banned, too_much_weight

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE, TEN_SECONDS, DAY = 60, 10, 86_400
PATIENCE = 20  # refusals in a row after which an address is banned
BAN = 120  # seconds


@dataclass(slots=True)
class _Window:
    """What was used in the interval that is running."""

    length: int
    start: float = 0.0
    used: int = 0

    def add(self, now: float, amount: int) -> int:
        if now - self.start >= self.length:
            self.start, self.used = now - now % self.length, 0
        self.used += amount
        return self.used

    def rest(self, now: float) -> int:
        return max(1, int(self.start + self.length - now) + 1)


@dataclass(slots=True)
class _Address:
    weight: _Window = field(default_factory=lambda: _Window(MINUTE))
    refusals: int = 0
    banned_until: float = 0.0


class Limits:
    """Request weight by address, orders by account.

    Args:
        weight: Weight per minute.
        orders: Orders per ten seconds.
        clock: Seconds of the epoch.
    """

    def __init__(self, weight: int, orders: int, clock: Callable[[], float] = time.time) -> None:
        self._weight = weight
        self._orders = orders
        self._clock = clock
        self._addresses: dict[str, _Address] = {}
        self._ten, self._day = _Window(TEN_SECONDS), _Window(DAY)

    def spend(self, address: str, weight: int) -> dict[str, str]:
        """Count a request; return what its answer's headers say.

        Raises:
            Refusal: If it was too much.
        """
        now = self._clock()
        one = self._addresses.setdefault(address, _Address())
        if now < one.banned_until:
            raise banned(int(one.banned_until * 1000), int(one.banned_until - now) + 1)
        used = one.weight.add(now, weight)
        if used > self._weight:
            one.refusals += 1
            if one.refusals > PATIENCE:
                one.banned_until = now + BAN
            raise too_much_weight(self._weight, one.weight.rest(now))
        one.refusals = 0
        return {"X-MBX-USED-WEIGHT": str(used), "X-MBX-USED-WEIGHT-1M": str(used)}

    def order(self) -> dict[str, str]:
        """Count an order; return what its answer's headers say.

        Raises:
            Refusal: If there were too many.
        """
        now = self._clock()
        ten, day = self._ten.add(now, 1), self._day.add(now, 1)
        if ten > self._orders:
            raise TOO_MANY_ORDERS
        return {"X-MBX-ORDER-COUNT-10S": str(ten), "X-MBX-ORDER-COUNT-1D": str(day)}

    def describe(self) -> list[dict[str, object]]:
        """Describe them as ``exchangeInfo`` does."""
        rows = (
            ("REQUEST_WEIGHT", "MINUTE", 1, self._weight),
            ("ORDERS", "SECOND", 10, self._orders),
            ("ORDERS", "DAY", 1, 200_000),
        )
        return [
            {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
            for kind, interval, number, limit in rows
        ]
