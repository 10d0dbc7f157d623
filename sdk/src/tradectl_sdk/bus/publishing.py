"""A stream's sending end without any I/O: numbers, what is kept, and answers to who missed it.

The publisher keeps a ring of its latest messages, bounded by count and bytes, and the latest
message of each topic. A subscriber that misses something is given exactly that from the ring; if
the ring does not reach back so far, the latest of each topic.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.greeting import objection_to
from tradectl_sdk.bus.identity import ROLES
from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.bus.messages.wire import Answer, Ask, Bye, Item, Pulse
from tradectl_sdk.bus.window import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True)
class StreamLimits:
    """Bounds and times of a stream.

    Attributes:
        ring: Messages that the publisher keeps for those who missed them.
        ring_bytes: Bytes of them.
        topics: Topics whose latest message is kept.
        queue: Messages that a subscriber keeps for its node; larger than the ring.
        part: Messages in one part of an answer, at most.
        part_bytes: Bytes of them.
        heartbeat: Nanoseconds after which the publisher says that there is nothing to say.
        liveness: Heartbeats without a word after which a stream is stale.
        stale: Nanoseconds that a message may be late before what follows is stale.
        patience: Nanoseconds that a full subscriber is waited for before it is let lose.
        ask: Nanoseconds after which a question is asked again; doubles up to twice the heartbeat.
    """

    ring: int = 4096
    ring_bytes: int = 32 << 20
    topics: int = 4096
    queue: int = 8192
    part: int = 1024
    part_bytes: int = 512 << 10
    heartbeat: int = 1000 * MILLISECOND
    liveness: int = 3
    stale: int = 1000 * MILLISECOND
    patience: int = 20 * MILLISECOND
    ask: int = 250 * MILLISECOND


class PublisherCore:
    """The sending end of a stream.

    Args:
        session: Session that subscribers have to take part in.
        epoch: Life of the publisher.
        now: The time, monotonic nanoseconds.
        limits: Bounds and times.

    Attributes:
        seq: Number of the latest message.
        refused: Questions that were turned down.
    """

    def __init__(
        self, session: str, epoch: int, now: int, *, limits: StreamLimits | None = None
    ) -> None:
        self.limits = limits or StreamLimits()
        self.session = session
        self.epoch = epoch
        self.seq = 0
        self.refused = 0
        self._ring: deque[tuple[Item, int]] = deque()
        self._ring_bytes = 0
        self._latest: dict[str, tuple[Item, int]] = {}
        self._said = now

    def publish(self, now: int, body: Any, *, topic: str = "", size: int = 0) -> Item:
        """Number a message and keep it; the item is to be sent to everybody."""
        item = Item(self.epoch, self.seq, self.seq + 1, now, topic, body)
        self.seq += 1
        self._said = now
        self._keep(item, size)
        return item

    def pulse(self, now: int) -> Pulse | None:
        """Return what is to be sent if nothing was said for a heartbeat."""
        if now < self.wake:
            return None
        self._said = now
        return Pulse(self.epoch, self.seq, now)

    @property
    def wake(self) -> int:
        """When :meth:`pulse` is due."""
        return self._said + self.limits.heartbeat

    @property
    def cursor(self) -> Cursor:
        """Place of the latest message."""
        return Cursor(self.epoch, self.seq)

    def answer(self, ask: Ask) -> Iterator[Answer | Bye]:
        """Answer a question, in one or several parts."""
        if objection := objection_to(ask.hello, self.session, frozenset(ROLES)):
            self.refused += 1
            yield Bye(epoch=self.epoch, to=ask.hello.epoch, why="refused", text=objection)
            return
        missed = self._missed(ask.after)
        chosen = self._latest_of_topics() if missed is None else missed
        parts = list(self._parts(chosen))
        for number, items in enumerate(parts):
            yield Answer(
                request=ask.request,
                epoch=self.epoch,
                at=self.seq,
                part=number,
                parts=len(parts),
                complete=missed is not None,
                items=items,
            )

    def _keep(self, item: Item, size: int) -> None:
        self._ring.append((item, size))
        self._ring_bytes += size
        while len(self._ring) > self.limits.ring or self._ring_bytes > self.limits.ring_bytes:
            self._ring_bytes -= self._ring.popleft()[1]
        if item.topic:
            self._latest.pop(item.topic, None)  # so that the order is that of the latest change
            self._latest[item.topic] = (item, size)
            if len(self._latest) > self.limits.topics:
                del self._latest[next(iter(self._latest))]

    def _missed(self, after: Cursor) -> list[tuple[Item, int]] | None:
        """Return everything after a place, or None where that is not known any more."""
        if after.epoch != self.epoch or not 0 <= after.seq <= self.seq:
            return None
        if after.seq == self.seq:
            return []
        if not self._ring or self._ring[0][0].seq > after.seq + 1:
            return None
        return [entry for entry in self._ring if entry[0].seq > after.seq]

    def _latest_of_topics(self) -> list[tuple[Item, int]]:
        return list(self._latest.values())

    def _parts(self, chosen: list[tuple[Item, int]]) -> Iterator[tuple[Item, ...]]:
        """Cut into parts that fit a frame; at least one, which may be empty."""
        cuts, size = [0], 0
        for index, (_, weight) in enumerate(chosen):
            is_full = index - cuts[-1] >= self.limits.part or size + weight > self.limits.part_bytes
            if is_full and index > cuts[-1]:
                cuts.append(index)
                size = 0
            size += weight
        cuts.append(len(chosen))
        for start, end in pairwise(cuts):
            yield tuple(item for item, _ in chosen[start:end])
