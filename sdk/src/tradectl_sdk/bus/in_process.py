"""Channels and streams between nodes that share an event loop.

Messages are handed over as they are, or, with ``through_codec``, as the bytes that another process
would have got. Everything is to be called where an event loop runs.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.alarm import Alarm
from tradectl_sdk.bus.codec import CONVERSATIONS, seal, unseal
from tradectl_sdk.bus.ends import ChannelEnd, SubscriberEnd, opened
from tradectl_sdk.bus.identity import PUBLISHERS
from tradectl_sdk.bus.messages.wire import Ask
from tradectl_sdk.bus.publishing import PublisherCore
from tradectl_sdk.bus.topics import topic_of
from tradectl_sdk.errors import BusError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.bus.identity import Identity
    from tradectl_sdk.bus.messages.intents import Cursor
    from tradectl_sdk.bus.messages.wire import Envelope
    from tradectl_sdk.bus.publishing import StreamLimits
    from tradectl_sdk.bus.window import ChannelLimits

_MARKET = CONVERSATIONS["market"]


class _Belt:
    """Carries envelopes to the other side, in order, in the loop's next round."""

    def __init__(self, *, through_codec: bool) -> None:
        self.conversation = 0
        self._through_codec = through_codec
        self._waiting: deque[Any] = deque()
        self._loop = asyncio.get_running_loop()
        self._deliver: Callable[[Envelope, int], None] | None = None

    def leads_to(self, deliver: Callable[[Envelope, int], None] | None) -> None:
        self._deliver = deliver

    def post(self, envelope: Envelope) -> None:
        if not self._waiting:
            self._loop.call_soon(self._run)
        frame = seal(envelope, self.conversation) if self._through_codec else envelope
        self._waiting.append(frame)

    def _run(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        for frame in waiting:
            if self._deliver is not None:
                conversation, envelope = unseal(frame) if self._through_codec else (0, frame)
                self._deliver(envelope, conversation)


def in_process_pair(
    left: Identity,
    right: Identity,
    *,
    through_codec: bool = False,
    limits: ChannelLimits | None = None,
) -> tuple[ChannelEnd, ChannelEnd]:
    """Join two nodes of this process by a channel.

    Args:
        left: One node; its role and the other's decide what may be said.
        right: The other.
        through_codec: Whether messages are encoded and decoded on the way.
        limits: Bounds and times of both ends.

    Raises:
        FrameError: If the two roles have nothing to say to each other.
    """
    to_right = _Belt(through_codec=through_codec)
    to_left = _Belt(through_codec=through_codec)
    ends = (
        ChannelEnd(left, right.role, to_right.post, encoded=through_codec, limits=limits),
        ChannelEnd(right, left.role, to_left.post, encoded=through_codec, limits=limits),
    )
    to_right.conversation = ends[0].conversation
    to_left.conversation = ends[1].conversation
    to_left.leads_to(ends[0].hear)
    to_right.leads_to(ends[1].hear)
    return ends


class InProcessStream:
    """A stream of this process: publishes, and hands out subscribers.

    Args:
        me: The publisher; a gateway.
        through_codec: Whether messages are encoded and decoded on the way.
        limits: Bounds and times.
        topic: Names what a message is the latest of.

    Raises:
        BusError: If the role may not publish.
    """

    def __init__(
        self,
        me: Identity,
        *,
        through_codec: bool = False,
        limits: StreamLimits | None = None,
        topic: Callable[[Any], str] = topic_of,
    ) -> None:
        if me.role not in PUBLISHERS:
            raise BusError(f"a {me.role} was to publish, expected a gateway")
        self.core = PublisherCore(me.session, me.epoch, time.monotonic_ns(), limits=limits)
        self._limits = limits
        self._topic = topic
        self._through_codec = through_codec
        self._ends: list[tuple[_Belt, SubscriberEnd]] = []
        self._alarm = Alarm(asyncio.get_running_loop(), self._pulse)
        self._pulse()

    def publish(self, message: Any) -> Cursor:
        """Send to every subscriber and return the message's place."""
        _MARKET.check(message)
        now, topic = time.monotonic_ns(), self._topic(message)
        body, size = message, 0
        if self._through_codec:
            body = _MARKET.encode(message)
            size = len(memoryview(body))
        item = self.core.publish(now, body, topic=topic, size=size)
        self._to_all(item)
        return item.cursor

    def subscribe(self, me: Identity) -> SubscriberEnd:
        """Let a node of this process listen; what was published before, it gets as a snapshot."""
        questions = _Belt(through_codec=self._through_codec)
        answers = _Belt(through_codec=self._through_codec)
        answers.conversation = _MARKET.number
        end = SubscriberEnd(
            me, questions.post, limits=self._limits, on_closed=lambda: self._forget(end)
        )
        questions.leads_to(lambda ask, _: self._answer(ask, answers))
        answers.leads_to(lambda envelope, _: end.hear(self._opened(envelope)))
        self._ends.append((answers, end))
        return end

    async def close(self) -> None:
        """Stop; whoever listens finds the stream stale."""
        self._alarm.stop()
        self._ends.clear()

    def _answer(self, ask: Envelope, answers: _Belt) -> None:
        if isinstance(ask, Ask):
            for envelope in self.core.answer(ask):
                answers.post(envelope)

    def _opened(self, envelope: Envelope) -> Envelope:
        return opened(envelope) if self._through_codec else envelope

    def _to_all(self, envelope: Envelope) -> None:
        for belt, _ in self._ends:
            belt.post(envelope)

    def _forget(self, closed: SubscriberEnd) -> None:
        self._ends = [(belt, end) for belt, end in self._ends if end is not closed]

    def _pulse(self) -> None:
        pulse = self.core.pulse(time.monotonic_ns())
        if pulse is not None:
            self._to_all(pulse)
        self._alarm.set(self.core.wake)


def in_process_stream(
    me: Identity,
    *,
    through_codec: bool = False,
    limits: StreamLimits | None = None,
    topic: Callable[[Any], str] = topic_of,
) -> InProcessStream:
    """Open a stream within this process; see :class:`InProcessStream`."""
    return InProcessStream(me, through_codec=through_codec, limits=limits, topic=topic)
