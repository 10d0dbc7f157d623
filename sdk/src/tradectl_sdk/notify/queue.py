"""What waits for one sender: a bounded queue without clock or thread of its own.

Nothing is sent twice. When more waits than one message holds, what waits is sent together. A
sender that fails is left alone for longer and longer; what grows too old meanwhile is dropped and
counted, the most urgent last.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.notify.notice import Level, Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

SECOND = 1_000_000_000  # nanoseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a sender is tried.

    Attributes:
        first: Nanoseconds to wait after the first failure; twice as long after each further one.
        most: Longest wait.
        age: Nanoseconds after which a notice that did not get through is dropped; a critical one
            stays ten times as long.
        waiting: Most notices that wait; the oldest of the least urgent make room.
        remembered: How many ids of notices are remembered, against telling twice.
    """

    first: int = 2 * SECOND
    most: int = 300 * SECOND
    age: int = 3600 * SECOND
    waiting: int = 1000
    remembered: int = 10_000


class SenderQueue:
    """Notices on their way to one sender.

    Attributes:
        dropped: Notices given up since a message last got through.
        due: Earliest time of the next message.
        failures: How often in a row it failed.
        dead: Whether trying again cannot help.
    """

    def __init__(self, *, interval: int, batch: int = 20, patience: Patience | None = None) -> None:
        self.dropped = 0
        self.due = 0
        self.failures = 0
        self.dead = False
        self._patience = patience or Patience()
        self._interval = interval
        self._batch = batch
        self._waiting: deque[Notice] = deque()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        """How many notices wait."""
        return len(self._waiting)

    def offer(self, notice: Notice) -> bool:
        """Take a notice, unless it was offered before; say whether it was taken."""
        if notice.id in self._seen or self.dead:
            return False
        self._seen[notice.id] = None
        if len(self._seen) > self._patience.remembered:
            self._seen.popitem(last=False)
        self._waiting.append(notice)
        if len(self._waiting) > self._patience.waiting:
            self._make_room()
        return True

    def take(self, now: int) -> Sequence[Notice]:
        """Return what is to be sent now as one message; empty when nothing is due."""
        if self.dead or now < self.due:
            return ()
        self._drop_old(now)
        chosen = sorted(self._waiting, key=lambda one: -one.level)[: self._batch]
        kept = {one.id for one in chosen}
        return tuple(one for one in self._waiting if one.id in kept)

    def delivered(self, notices: Sequence[Notice], now: int) -> None:
        """Forget notices that got through."""
        gone = {one.id for one in notices}
        self._waiting = deque(one for one in self._waiting if one.id not in gone)
        self.dropped = 0
        self.failures = 0
        self.due = now + self._interval

    def failed(self, now: int, *, retry_after: int = 0, hopeless: bool = False) -> None:
        """Note that a message did not get through, and when to try again."""
        self.failures += 1
        if hopeless:
            self.dead = True
            self.dropped += len(self._waiting)
            self._waiting.clear()
            return
        wait = min(self._patience.first << min(self.failures - 1, 20), self._patience.most)
        self.due = now + max(wait, retry_after, self._interval)

    def _make_room(self) -> None:
        least = min(self._waiting, key=lambda one: one.level)  # the oldest of the least urgent
        self._waiting.remove(least)
        self.dropped += 1

    def _drop_old(self, now: int) -> None:
        age = self._patience.age
        fresh = deque(
            one
            for one in self._waiting
            if now - one.time <= (10 * age if one.level is Level.CRITICAL else age)
        )
        self.dropped += len(self._waiting) - len(fresh)
        self._waiting = fresh
