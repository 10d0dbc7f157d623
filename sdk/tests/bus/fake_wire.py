"""A virtual clock and a wire that loses, repeats and reorders, for cores without I/O."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus import ChannelCore, ChannelLimits, Identity, PeerBack, PeerChanged, PeerLost
from tradectl_sdk.bus.window import MILLISECOND
from tradectl_sdk.errors import ChannelFullError

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

SECOND = 1000 * MILLISECOND


@dataclass
class Wire:
    """Carries things from name to name, badly.

    Attributes:
        random: Every decision is its.
        loss: Share of what never arrives.
        repetition: Share of what arrives twice.
        slowest: Longest delay; delays are drawn one by one, so what was sent first may be last.
        cut: Whether nothing arrives at all.
    """

    random: Random
    loss: float = 0.0
    repetition: float = 0.0
    slowest: int = 1 * MILLISECOND
    cut: bool = False
    carried: int = 0
    _waiting: list[tuple[int, int, str, Any]] = field(default_factory=list)

    def post(self, now: int, to: str, what: Any) -> None:
        """Take something to be carried."""
        self.carried += 1
        copies = 1 + (self.random.random() < self.repetition)
        for _ in range(copies):
            if not self.cut and self.random.random() >= self.loss:
                at = now + 1 + self.random.randrange(self.slowest)
                heapq.heappush(self._waiting, (at, self.carried, to, what))

    @property
    def next(self) -> int | None:
        """When something arrives."""
        return self._waiting[0][0] if self._waiting else None

    def arrivals(self, now: int) -> list[tuple[str, Any]]:
        """Take off what has arrived."""
        found = []
        while self._waiting and self._waiting[0][0] <= now:
            found.append(heapq.heappop(self._waiting)[2:])
        return found


class Node:
    """A node with one channel: it notes what it sends to which life, and what it reads.

    Attributes:
        sent: (our life, the life we believed in, 0 for none) -> what was accepted, in order.
        read: (the sender's life, our life) -> what was read, in order.
        met: (our life) -> lives that were met, in order.
        told: Events in order.
    """

    def __init__(self, me: Identity, peer_role: str, limits: ChannelLimits) -> None:
        self.me = me
        self._peer_role = peer_role
        self._limits = limits
        self.sent: dict[tuple[int, int], list[Any]] = {}
        self.read: dict[tuple[int, int], list[Any]] = {}
        self.met: dict[int, list[int]] = {}
        self.told: list[Any] = []
        self.full = 0
        self._begin(0)

    def restart(self, now: int) -> None:
        """Die and come back in another life, with nothing remembered."""
        self.me = Identity(name=self.me.name, role=self.me.role, epoch=self.me.epoch + 1)
        self._begin(now)

    def _begin(self, now: int) -> None:
        self.core = ChannelCore(self.me, frozenset({self._peer_role}), now, limits=self._limits)
        self.believed = 0
        self.met[self.me.epoch] = []

    def send(self, now: int) -> None:
        """Send the next message to the life that we believe in."""
        sent = self.sent.setdefault((self.me.epoch, self.believed), [])
        message = (self.me.epoch, self.believed, len(sent))
        before = self.core.discarded
        try:
            self.core.send(now, message, 1)
        except ChannelFullError:
            self.full += 1
            return
        if self.core.discarded == before:
            sent.append(message)

    def take(self, now: int) -> Any:
        """Read one message or event."""
        what = self.core.take(now)
        if isinstance(what, PeerChanged):
            self.believed = what.epoch
            self.met[self.me.epoch].append(what.epoch)
        if isinstance(what, PeerChanged | PeerLost | PeerBack):
            self.told.append(what)
        elif what is not None:
            self.read.setdefault((self.believed, self.me.epoch), []).append(what)
        return what


class Pair:
    """Two nodes, the wire between them, and the time."""

    def __init__(self, left: Node, right: Node, wire: Wire) -> None:
        self.now = 0
        self.left = left
        self.right = right
        self.wire = wire
        self.stopped: set[str] = set()
        self.trace: list[Any] = []
        self._kept: list[tuple[str, Any]] = []  # what arrived at a stopped process

    def advance(self, until: int, *, always: Callable[[], None] = lambda: None) -> None:
        """Let time pass."""
        while self.now < until:
            due = [node.core.wake for node in self._running()]
            if self.wire.next is not None:
                due.append(self.wire.next)
            self.now = max(self.now, min([until, *due]))
            kept, self._kept = self._kept, []
            for to, what in (*kept, *self.wire.arrivals(self.now)):
                self._deliver(to, what)
            for node in self._running():
                if node.core.wake <= self.now:
                    node.core.tick(self.now)
                    assert node.core.wake > self.now, "it wants to be woken for ever"
            always()
            self.flush()

    def flush(self) -> None:
        """Put on the wire what is to be sent."""
        for node, other in ((self.left, self.right), (self.right, self.left)):
            while node.core.outgoing:
                envelope = node.core.outgoing.popleft()
                self.trace.append((self.now, node.me.role, envelope))
                self.wire.post(self.now, other.me.role, envelope)

    def _deliver(self, to: str, what: Any) -> None:
        for node in (self.left, self.right):
            if node.me.role == to:
                if to in self.stopped:
                    self._kept.append((to, what))
                else:
                    node.core.hear(self.now, what)

    def _running(self) -> list[Node]:
        return [node for node in (self.left, self.right) if node.me.role not in self.stopped]
