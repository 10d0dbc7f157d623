"""How nodes are joined, whatever carries it: in one process or over ZeroMQ.

A *channel* is a conversation of two nodes: ordered, nothing lost, nothing twice, for as long as
both live. When the peer comes back in another life, :class:`PeerChanged` is received in between,
and both sides start again from snapshots. A *stream* goes from one publisher to many subscribers
and may leave things out, but never in silence: :class:`Gap` is received where something is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from tradectl_sdk.bus.messages.intents import Cursor

if TYPE_CHECKING:
    from collections.abc import Callable


class PeerChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The other side is there, in a life we had not spoken to.

    Attributes:
        name: Name of the node.
        role: ``gateway``, ``executor`` or ``host``.
        epoch: Its life, counted by itself; larger than any before.
    """

    name: str
    role: str
    epoch: int


class PeerLost(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing has been heard of the other side for longer than its heartbeat allows."""

    name: str
    text: str = ""


class PeerBack(msgspec.Struct, frozen=True, kw_only=True):
    """The peer that was lost is there again, in the same life; nothing that was said is missing."""

    name: str
    role: str
    epoch: int


NOTICES = (PeerChanged, PeerLost, PeerBack)  # what a channel says itself, between the messages


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of a stream are missing; a snapshot follows, or the sender is in another life.

    Attributes:
        expected: The first that may be missing.
        found: The last that was said before what follows, but for the latest of each topic, which
            keeps its place.
    """

    expected: Cursor
    found: Cursor


class Stale(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream says is old, or it says nothing at all; not to be traded on until Fresh.

    Attributes:
        late: How late the latest message is, in nanoseconds; 0 when nothing comes.
        text: Why, for people.
    """

    late: int = 0
    text: str = ""


class Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """A stream that was stale is in time again."""


class Source(Protocol):
    """What can be taken from at once, by one who is told when to."""

    def attend(self, ready: Callable[[], None]) -> None:
        """Call a function whenever there may be something to take; nobody receives any more."""

    def take(self) -> Any | None:
        """Return what ``receive`` would return, or None when it would wait."""


class Channel(Source, Protocol):
    """One end of a conversation."""

    def send(self, message: Any) -> None:
        """Queue a message for the peer.

        What is sent before any peer was met goes to the first one. What is sent to a life that has
        ended may be lost with it; :class:`PeerChanged` says so.

        Raises:
            ChannelFullError: If the peer has not taken earlier ones; nothing was dropped, and
                nothing may be carried on with.
            ChannelClosedError: If the channel was closed.
            FrameError: If the message does not belong here or is too large.
        """

    async def receive(self) -> Any:
        """Return the peer's next message, or PeerChanged, PeerLost or PeerBack.

        Raises:
            ChannelClosedError: If the channel was closed.
        """

    async def close(self) -> None:
        """Say good-bye; what was sent is delivered first, for a bounded time."""


class Publisher(Protocol):
    """The sending end of a stream."""

    def publish(self, message: Any) -> Cursor:
        """Send to whoever listens and return the message's place."""

    async def close(self) -> None:
        """Stop; whoever listens finds the stream stale."""


class Subscriber(Source, Protocol):
    """A receiving end of a stream."""

    async def receive(self) -> tuple[Cursor, Any] | Gap | Stale | Fresh:
        """Return the next message with its place, or what is missing, or whether it is in time.

        Raises:
            ChannelClosedError: If the subscriber was closed.
        """

    async def close(self) -> None:
        """Stop listening."""
