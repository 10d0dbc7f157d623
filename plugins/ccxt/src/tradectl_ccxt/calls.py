"""What is known of one request while it is under way, and the room it takes in the budget."""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tradectl_sdk.errors import RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tradectl_sdk.exchange import RateLimiter

SECOND: Final = 1_000_000_000  # nanoseconds
QUESTION_PATIENCE: Final = 10 * SECOND
BAN: Final = SECOND  # how long to keep still when a venue says to slow down, and not how long


@dataclass(slots=True)
class Call:
    """One call of the adapter, which may take several requests.

    Attributes:
        reserved: Whether it may use the share kept for cancels and reconciliation.
        orders: How many orders it carries.
        patience: Nanoseconds it may wait for room in the budget.
        sent: Whether something may have left this machine.
        status: HTTP status of the last answer, 0 before there is one.
        headers: Its headers, names in lower case.
        body: Its text.
    """

    reserved: bool = False
    orders: int = 0
    patience: int = QUESTION_PATIENCE
    sent: bool = False
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def retry_after(self) -> int:
        """Nanoseconds that the venue said to wait, 0 when it did not."""
        text = self.headers.get("retry-after", "")
        return int(float(text) * SECOND) if text.replace(".", "", 1).isdigit() else 0


# The call that runs; tasks that it starts see the same object
CALL: ContextVar[Call | None] = ContextVar("tradectl_ccxt_call", default=None)


class Turnstile:
    """Lets requests pass as the budget allows.

    Args:
        limiter: The budget of the account.
        now: A clock that never goes back, nanoseconds.
    """

    def __init__(self, limiter: RateLimiter, now: Callable[[], int] = time.monotonic_ns) -> None:
        self._limiter = limiter
        self._now = now
        self._queue = asyncio.Lock()

    def budget(self, limiter: RateLimiter) -> None:
        """Take another budget from now on."""
        self._limiter = limiter

    async def enter(self, weight: int, call: Call) -> None:
        """Wait for room and take it.

        Raises:
            RateLimitedError: When that would take longer than the call may wait; nothing was sent.
        """
        if call.reserved:  # cancels and reconciliation overtake
            await self._wait(weight, call)
            return
        async with self._queue:
            await self._wait(weight, call)

    async def _wait(self, weight: int, call: Call) -> None:
        started = self._now()
        while True:
            now = self._now()
            wait = self._limiter.wait(now, weight, orders=call.orders, reserved=call.reserved)
            if wait == 0:
                self._limiter.spend(now, weight, orders=call.orders)
                return
            if now + wait - started > call.patience:
                raise RateLimitedError(
                    f"the rate budget has no room for {wait / SECOND:.1f} s", retry_after=wait
                )
            await asyncio.sleep(wait / SECOND)

    def answered(self, call: Call, used: tuple[str, int] | None) -> None:
        """Take over what an answer says of the budget.

        Args:
            call: The call whose answer came.
            used: Header that tells the weight used, and the interval it speaks of.
        """
        now = self._now()
        if used is not None and call.headers.get(used[0], "").isdigit():
            self._limiter.learn(now, int(call.headers[used[0]]), used[1])
        if call.status in {418, 429}:
            self._limiter.close_until(now + (call.retry_after or BAN))
