"""What leaves an XPUB socket, so that a slow subscriber slows nobody down and loses knowingly.

An XPUB socket either drops what a full subscriber cannot take, telling nobody, or refuses to send
to all. So this does both, one after the other: it waits a moment for a full subscriber, conflating
meanwhile, and then lets it lose; its own numbers tell it so, and it asks for what it missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import zmq

from tradectl_sdk.bus.conflation import ConflatingQueue
from tradectl_sdk.bus.window import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.bus.messages.wire import Item, Pulse
    from tradectl_sdk.bus.zeromq.sockets import Socket

RELENTLESS: Final = 1000 * MILLISECOND  # no patience for so long after it was in vain
RETRY: Final = 1 * MILLISECOND
MOST: Final = 4096  # messages that wait at most


class Outlet:
    """Sends items through a socket.

    Args:
        socket: An XPUB socket.
        seal: Makes a frame of an item or pulse.
        patience: Nanoseconds that a full subscriber is waited for.

    Attributes:
        wake: When :meth:`flush` is due, None when nothing waits.
        let_go: How often a full subscriber was let lose.
    """

    def __init__(
        self, socket: Socket, seal: Callable[[Item | Pulse], bytes], patience: int
    ) -> None:
        self._socket = socket
        self._patience = patience
        self._seal = seal
        self._waiting = ConflatingQueue()
        self._since = 0  # when waiting began
        self._relentless_until = 0
        self.wake: int | None = None
        self.let_go = 0
        socket.setsockopt(zmq.XPUB_NODROP, 1)

    @property
    def conflated(self) -> int:
        """Messages that were never sent because newer ones took their place."""
        return self._waiting.conflated

    def send(self, now: int, what: Item | Pulse) -> None:
        """Send now, or when there is room."""
        if not len(self._waiting):
            if self._try(what):
                return
            if now < self._relentless_until:
                self._force(what)
                return
            self._since = now
        self._waiting.push(what)
        self.flush(now)

    def flush(self, now: int) -> None:
        """Send what waits, as far as there is room or patience has run out."""
        is_patient = now - self._since < self._patience and len(self._waiting) < MOST
        if not is_patient and len(self._waiting):
            self.let_go += 1
            self._relentless_until = now + RELENTLESS
        while (what := self._waiting.pop()) is not None:
            if self._try(what):
                continue
            if is_patient:
                self._waiting.push_back(what)
                self.wake = now + RETRY
                return
            self._force(what)
        self.wake = None

    def _try(self, what: Item | Pulse) -> bool:
        try:
            self._socket.send(self._seal(what), zmq.DONTWAIT)
        except zmq.Again:
            return False
        return True

    def _force(self, what: Item | Pulse) -> None:
        """Send to everybody who has room."""
        self._socket.setsockopt(zmq.XPUB_NODROP, 0)
        self._try(what)
        self._socket.setsockopt(zmq.XPUB_NODROP, 1)
