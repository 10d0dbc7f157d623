"""What is on its way in each direction of a channel, counted and bounded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.errors import ChannelFullError

if TYPE_CHECKING:
    from collections.abc import Iterator

MILLISECOND: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class ChannelLimits:
    """Bounds and times of a channel; both ends should have the same.

    Attributes:
        window: Messages that may be on their way, untaken by the peer's node.
        window_bytes: Bytes of them that the peer has not received; 0 bytes are counted for
            messages that are not encoded.
        heartbeat: Nanoseconds after which something is said even if there is nothing to say.
        liveness: Heartbeats without a word after which the peer is lost.
        acknowledge: Nanoseconds that the confirmation of a message may wait for company.
        resend: Nanoseconds without confirmation after which messages are sent again; doubles up to
            the heartbeat.
        burst: Messages sent again at one time.
    """

    window: int = 8192
    window_bytes: int = 64 << 20
    heartbeat: int = 1000 * MILLISECOND
    liveness: int = 3
    acknowledge: int = 20 * MILLISECOND
    resend: int = 250 * MILLISECOND
    burst: int = 256


class Outbox:
    """What was sent to one life of the peer and has not been confirmed, in order.

    Attributes:
        last: Number of the last message.
        received: Number up to which the peer has received.
        taken: Number up to which the peer's node has taken.
    """

    __slots__ = ("_limits", "_size", "_waiting", "last", "received", "taken")

    def __init__(self, limits: ChannelLimits) -> None:
        self._limits = limits
        self._waiting: deque[tuple[int, Any, int]] = deque()
        self._size = 0
        self.last = 0
        self.received = 0
        self.taken = 0

    def add(self, payload: Any, size: int) -> int:
        """Number a message and keep it until it is confirmed.

        Raises:
            ChannelFullError: If there is no room.
        """
        open_ = self.last - self.taken
        if open_ >= self._limits.window or self._size + size > self._limits.window_bytes:
            raise ChannelFullError(
                f"{open_:,} messages and {self._size:,} bytes are waiting for the peer, "
                f"expected fewer than {self._limits.window:,} and {self._limits.window_bytes:,}",
                hint="the other node hangs, is stopped or is too slow; see its log",
            )
        self.last += 1
        self._waiting.append((self.last, payload, size))
        self._size += size
        return self.last

    @property
    def room(self) -> int:
        """Messages that would still be accepted, bytes apart."""
        return self._limits.window - (self.last - self.taken)

    def confirm(self, received: int, taken: int) -> bool:
        """Let go of what the peer has; return whether anything new was confirmed.

        A peer cannot have more than was sent: such a claim counts as far as it can be true.
        """
        received = min(received, self.last)
        progress = received > self.received
        self.taken = max(self.taken, min(taken, received))
        if progress:
            self.received = received
            while self._waiting and self._waiting[0][0] <= received:
                self._size -= self._waiting.popleft()[2]
        return progress

    def waiting(self, most: int) -> Iterator[tuple[int, Any]]:
        """Yield the oldest messages that the peer has not received."""
        for number, payload, _ in self._waiting:
            if most <= 0:
                return
            most -= 1
            yield number, payload

    def __len__(self) -> int:
        """Messages that the peer has not received."""
        return len(self._waiting)


class Inbox:
    """What one life of the peer has sent, put in order.

    Attributes:
        received: Number up to which there is no hole.
        taken: Number up to which the node has taken.
    """

    __slots__ = ("_early", "_window", "received", "taken")

    def __init__(self, window: int) -> None:
        self._window = window
        self._early: dict[int, Any] = {}
        self.received = 0
        self.taken = 0

    def accept(self, seq: int, payload: Any) -> Iterator[Any]:
        """Yield what can be read now, in order; nothing of what is known or outside the window."""
        if not self.received < seq <= self.taken + self._window:
            return
        if seq != self.received + 1:
            self._early[seq] = payload
            return
        self.received = seq
        yield payload
        while self._early and (following := self._early.pop(self.received + 1, None)) is not None:
            self.received += 1
            yield following
