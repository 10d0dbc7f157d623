"""The exchange's clock: the market's time, and how it follows the wall's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MILLISECOND = 1_000_000  # nanoseconds


class Clock:
    """Time in the market.

    Args:
        start: Where it begins, UTC nanoseconds.
        speed: Market time per time on the wall; 0 to move by :meth:`advance` only.
        wall: The wall's clock, UTC nanoseconds.

    Attributes:
        speed: As given.
        jump: Nanoseconds that the exchange's clock claims to be ahead of the market's.
    """

    def __init__(self, start: int, speed: float, wall: Callable[[], int] = time.time_ns) -> None:
        self.speed = speed
        self.jump = 0
        self._wall = wall
        self._start = start
        self._anchor = wall()

    @property
    def now(self) -> int:
        """Time in the market, UTC nanoseconds."""
        if self.speed == 1.0:
            return self._start + self._wall() - self._anchor
        return self._start + int((self._wall() - self._anchor) * self.speed)

    @property
    def wall(self) -> int:
        """Time on the wall, UTC nanoseconds."""
        return self._wall()

    @property
    def milliseconds(self) -> int:
        """What the exchange says the time is, milliseconds of the epoch."""
        return (self.now + self.jump) // MILLISECOND

    def advance(self, to: int) -> None:
        """Move the market's time forward, never back."""
        if to > self.now:
            self._start, self._anchor = to, self._wall()

    def seconds_until(self, moment: int) -> float:
        """Seconds on the wall until a time in the market; endless while it stands still."""
        if self.speed == 0:
            return float("inf")
        return max(0.0, (moment - self.now) / 1e9 / self.speed)

    def accepts(self, stamp: int, window: int) -> int:
        """Judge a request's time stamp: 0 for good, 1 for too early, -1 for too late.

        A market that runs at another speed, or in another year, is asked by clients who know the
        wall's time only, so that is good as well.

        Args:
            stamp: Milliseconds of the epoch.
            window: Milliseconds for which a request is good.
        """
        times = [self.milliseconds]
        if self.speed != 1.0 or abs(self.now - self.wall) > 60_000 * MILLISECOND:
            times.append((self.wall + self.jump) // MILLISECOND)
        verdicts = [_judge(stamp, now, window) for now in times]
        return 0 if 0 in verdicts else verdicts[0]


def _judge(stamp: int, now: int, window: int) -> int:
    if stamp >= now + 1000:
        return 1
    return -1 if now - stamp > window else 0
