"""Carries notices to their senders: a thread for each, so that a slow one holds nobody up.

There is one courier in a session, in its supervisor: strategies and gateways never send.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tradectl_sdk.errors import NotDeliveredError
from tradectl_sdk.notify.notice import KINDS, Level, Notice
from tradectl_sdk.notify.queue import SECOND, Patience, SenderQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradectl_sdk.notify.notifier import Notifier

_log = logging.getLogger("tradectl.notify")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A notifier with what it is to be told.

    Attributes:
        name: What the settings call it.
        notifier: Delivers.
        level: Least level it is told.
        kinds: Kinds it is told.
    """

    name: str
    notifier: Notifier
    level: Level = Level.INFO
    kinds: frozenset[str] = frozenset(KINDS)

    def wants(self, notice: Notice) -> bool:
        """Whether it is to be told; what is critical goes to everybody."""
        if notice.level is Level.CRITICAL:
            return True
        return notice.level >= self.level and notice.kind in self.kinds


class Courier:
    """Tells every sender what it wants to know, once each; start it, offer notices, close it."""

    def __init__(
        self,
        senders: Sequence[Sender],
        *,
        patience: Patience | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._rounds = [_Round(sender, patience, clock) for sender in senders]

    def start(self) -> None:
        """Begin to deliver."""
        for one in self._rounds:
            one.start()

    def offer(self, notice: Notice) -> None:
        """Hand over a notice; returns at once."""
        for one in self._rounds:
            one.offer(notice)

    def close(self, timeout: float = 5.0) -> int:
        """Deliver what waits, within a bounded time; return how many notices were not."""
        deadline = time.monotonic() + timeout
        for one in self._rounds:
            one.stop()
        for one in self._rounds:
            one.join(max(0.0, deadline - time.monotonic()))
        return sum(one.left for one in self._rounds)


class _Round(threading.Thread):
    """The deliveries of one sender."""

    def __init__(self, sender: Sender, patience: Patience | None, clock: Callable[[], int]) -> None:
        super().__init__(name=f"notify-{sender.name}", daemon=True)
        self._sender = sender
        self._clock = clock
        interval = int(sender.notifier.interval * SECOND)
        self._queue = SenderQueue(interval=interval, patience=patience)
        self._changed = threading.Condition()
        self._closing = False

    @property
    def left(self) -> int:
        """Notices that wait or were given up."""
        with self._changed:
            return len(self._queue) + self._queue.dropped

    def offer(self, notice: Notice) -> None:
        if self._sender.wants(notice):
            with self._changed:
                if self._queue.offer(notice):
                    self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()

    def run(self) -> None:
        while (batch := self._next()) is not None:
            self._deliver(batch)

    def _next(self) -> Sequence[Notice] | None:
        """Wait for what is to be sent; None at the end."""
        with self._changed:
            while True:
                batch = self._queue.take(self._clock())
                if batch:
                    return self._with_losses(batch)
                if self._closing and (not len(self._queue) or self._queue.failures):
                    return None
                wait = (self._queue.due - self._clock()) / SECOND if len(self._queue) else None
                self._changed.wait(wait if wait is None else max(wait, 0.01))

    def _with_losses(self, batch: Sequence[Notice]) -> Sequence[Notice]:
        if not self._queue.dropped:
            return batch
        text = f"{self._queue.dropped} earlier notices did not get through"
        return (replace(batch[0], id="", level=Level.WARNING, title=text, text=""), *batch)

    def _deliver(self, batch: Sequence[Notice]) -> None:
        name = self._sender.name
        try:
            self._sender.notifier.send(batch)
        except NotDeliveredError as error:
            with self._changed:
                self._queue.failed(
                    self._clock(),
                    retry_after=int(error.retry_after * SECOND),
                    hopeless=error.hopeless,
                )
            word = "given up" if error.hopeless else "will be tried again"
            _log.warning("%s: %s; %s", name, error.message, word)
        except Exception:  # noqa: BLE001 - a notifier is a plugin: it must not end the session
            with self._changed:
                self._queue.failed(self._clock())
            _log.exception("notifier %s raised", name)
        else:
            with self._changed:
                self._queue.delivered(batch, self._clock())
