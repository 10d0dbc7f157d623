"""The ends of channels and streams as nodes hold them: a core, the clock, and some wire."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from tradectl_sdk.bus.alarm import Alarm
from tradectl_sdk.bus.channel import ChannelCore
from tradectl_sdk.bus.codec import CONVERSATIONS
from tradectl_sdk.bus.identity import conversation_of
from tradectl_sdk.bus.messages.wire import Answer, Data, Item
from tradectl_sdk.bus.subscribing import SubscriberCore
from tradectl_sdk.errors import ChannelClosedError, FrameError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.bus.identity import Identity
    from tradectl_sdk.bus.link import Fresh, Gap, Stale
    from tradectl_sdk.bus.messages.intents import Cursor
    from tradectl_sdk.bus.messages.wire import Envelope
    from tradectl_sdk.bus.publishing import StreamLimits
    from tradectl_sdk.bus.window import ChannelLimits

LINGER: Final = 1.0
_MARKET = CONVERSATIONS["market"]
log = logging.getLogger("tradectl.bus")


class _Reader:
    """Tells whoever takes that there is something, or lets a coroutine wait for it."""

    __slots__ = ("_is_closed", "_ready", "notify")

    def __init__(self) -> None:
        self._ready = asyncio.Event()
        self._is_closed = False
        self.notify: Callable[[], None] = self._ready.set

    def close(self) -> None:
        self._is_closed = True
        self._ready.set()

    async def wait(self) -> None:
        """Wait for the next notification.

        Raises:
            ChannelClosedError: If there will be none.
        """
        if self._is_closed:
            raise ChannelClosedError("was closed, expected something that is open to receive from")
        self._ready.clear()
        await self._ready.wait()


class ChannelEnd:
    """One end of a channel: a :class:`~tradectl_sdk.bus.Channel`.

    To be made where an event loop runs. One coroutine may receive at a time.

    Args:
        me: This node.
        partner: Role of the peer.
        post: Sends an envelope; may lose it.
        encoded: Whether messages travel encoded.
        limits: Bounds and times.
        on_closed: Called when the end is closed.

    Attributes:
        core: The protocol, with its counters.
    """

    def __init__(
        self,
        me: Identity,
        partner: str,
        post: Callable[[Envelope], None],
        *,
        encoded: bool,
        limits: ChannelLimits | None = None,
        on_closed: Callable[[], None] | None = None,
    ) -> None:
        self.core = ChannelCore(me, frozenset({partner}), time.monotonic_ns(), limits=limits)
        self.partner = partner
        self._says = CONVERSATIONS[conversation_of(me.role, partner)]
        self._hears = CONVERSATIONS[conversation_of(partner, me.role)]
        self._encoded = encoded
        self._post = post
        self._on_closed = on_closed
        self._reader = _Reader()
        self._delivered = asyncio.Event()
        self._alarm = Alarm(asyncio.get_running_loop(), self._tick)
        self._tick()

    @property
    def conversation(self) -> int:
        """Number of the conversation that this end's messages belong to."""
        return self._says.number

    def send(self, message: Any) -> None:
        """Queue a message for the peer; see :class:`~tradectl_sdk.bus.Channel`."""
        if self._encoded:
            body = self._says.encode(message)
            self.core.send(time.monotonic_ns(), body, len(memoryview(body)))
        else:
            self._says.check(message)
            self.core.send(time.monotonic_ns(), message)
        self._flush()

    async def receive(self) -> Any:
        """Return the next message or event; see :class:`~tradectl_sdk.bus.Channel`."""
        while (event := self.take()) is None:
            await self._reader.wait()
        return event

    def attend(self, ready: Callable[[], None]) -> None:
        """Call a function when there is something; see :class:`~tradectl_sdk.bus.link.Source`."""
        self._reader.notify = ready
        if self.core.waiting:
            ready()

    def take(self) -> Any | None:
        """Return the next message or event if there is one."""
        event = self.core.take(time.monotonic_ns())
        if self.core.outgoing:
            self._flush()
        return event

    async def close(self) -> None:
        """Say good-bye; what was sent is delivered first, for a second at most."""
        self.core.close(time.monotonic_ns())
        self._flush()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._delivered.wait(), LINGER)
        self.abandon()

    def abandon(self) -> None:
        """Stop at once, without a word."""
        self.core.abandon()
        self._alarm.stop()
        self._reader.close()
        if self._on_closed is not None:
            self._on_closed()
            self._on_closed = None

    def connected(self) -> None:
        """The wire has been joined to the peer, perhaps anew."""
        self.core.connected(time.monotonic_ns())
        self._flush()

    def unreachable(self, text: str) -> None:
        """The wire cannot be joined to the peer; the node is told so, once."""
        self.core.unreachable(text)
        self._reader.notify()

    def refuse(self, text: str) -> None:
        """Have done with the peer's present life, because of what it sent."""
        self.core.refused += 1
        peer = self.core.peer
        who = f"{peer.role} {peer.name!r}" if peer else f"a {self.partner}"
        log.error("%s was refused: %s", who, text)
        self.core.refuse(text)
        self._flush()
        self._reader.notify()

    def hear(self, envelope: Envelope, conversation: int = 0) -> None:
        """Take in what came over the wire; what cannot be read ends the peer's conversation."""
        now = time.monotonic_ns()
        try:
            self.core.hear(now, self._opened(envelope, conversation))
        except FrameError as error:
            self._refuse(envelope, error)
        self._flush()
        if self.core.waiting:
            self._reader.notify()

    def _opened(self, envelope: Envelope, conversation: int) -> Envelope:
        """Decode the message in an envelope."""
        if not isinstance(envelope, Data) or not self._encoded:
            return envelope
        if conversation != self._hears.number:
            raise FrameError(
                f"was conversation {conversation}, expected {self._hears.name}, "
                f"which is all that a {self.partner} may say to a {self.core.me.role}"
            )
        one = envelope
        body = self._hears.decode(one.body)
        return Data(one.epoch, one.to, one.seq, one.received, one.taken, body)

    def _refuse(self, envelope: Envelope, error: FrameError) -> None:
        """Have done with a peer that says what it may not; what a dead life left is passed over."""
        peer = self.core.peer
        if peer is not None and isinstance(envelope, Data) and envelope.epoch == peer.epoch:
            self.refuse(error.message)
        else:
            self.core.refused += 1

    def _tick(self) -> None:
        self.core.tick(time.monotonic_ns())
        self._flush()
        if self.core.waiting:
            self._reader.notify()

    def _flush(self) -> None:
        outgoing = self.core.outgoing
        while outgoing:
            self._post(outgoing.popleft())
        if self.core.closed:
            self._delivered.set()
        self._alarm.set(self.core.wake)


class SubscriberEnd:
    """A receiving end of a stream: a :class:`~tradectl_sdk.bus.Subscriber`.

    Args:
        me: This node.
        ask: Sends a question to the publisher; may lose it.
        limits: Bounds and times.
        on_closed: Called when the end is closed.

    Attributes:
        core: The protocol, with its counters.
    """

    def __init__(
        self,
        me: Identity,
        ask: Callable[[Envelope], None],
        *,
        limits: StreamLimits | None = None,
        on_closed: Callable[[], None] | None = None,
    ) -> None:
        self.core = SubscriberCore(me, time.monotonic_ns(), limits=limits)
        self._send = ask
        self._on_closed = on_closed
        self._reader = _Reader()
        self._alarm = Alarm(asyncio.get_running_loop(), self._tick)
        self._tick()

    async def receive(self) -> tuple[Cursor, Any] | Gap | Stale | Fresh:
        """Return the next message or event; see :class:`~tradectl_sdk.bus.Subscriber`."""
        while (what := self.take()) is None:
            await self._reader.wait()
        return what

    def attend(self, ready: Callable[[], None]) -> None:
        """Call a function when there is something; see :class:`~tradectl_sdk.bus.link.Source`."""
        self._reader.notify = ready
        if self.core.waiting:
            ready()

    def take(self) -> tuple[Cursor, Any] | Gap | Stale | Fresh | None:
        """Return the next message or event if there is one."""
        what = self.core.take(time.monotonic_ns())
        if what is None:
            self._flush()
            return None
        return (what.cursor, what.body) if isinstance(what, Item) else what

    def connected(self) -> None:
        """The wire has been joined to the publisher, perhaps anew."""
        self.core.connected(time.monotonic_ns())
        self._flush()

    def mistrust(self, text: str) -> None:
        """What comes cannot be read, or the publisher cannot be reached: the stream is stale."""
        self.core.mistrust(text)
        self._reader.notify()

    def hear(self, envelope: Envelope) -> None:
        """Take in what came over the wire, its messages decoded."""
        self.core.hear(time.monotonic_ns(), envelope)
        self._flush()
        if self.core.waiting:
            self._reader.notify()

    async def close(self) -> None:
        """Stop listening."""
        self._alarm.stop()
        self._reader.close()
        if self._on_closed is not None:
            self._on_closed()
            self._on_closed = None

    def _tick(self) -> None:
        self.core.tick(time.monotonic_ns())
        self._flush()
        if self.core.waiting:
            self._reader.notify()

    def _flush(self) -> None:
        while self.core.asks:
            self._send(self.core.asks.popleft())
        self._alarm.set(self.core.wake)


def opened(envelope: Envelope) -> Envelope:
    """Decode the messages of a stream in an envelope.

    Raises:
        FrameError: If one is no market message.
    """
    if isinstance(envelope, Item):
        return _with_message(envelope)
    if isinstance(envelope, Answer):
        return replace(envelope, items=tuple(_with_message(item) for item in envelope.items))
    return envelope


def _with_message(item: Item) -> Item:
    body = _MARKET.decode(item.body)
    return Item(item.epoch, item.after, item.seq, item.sent, item.topic, body)
