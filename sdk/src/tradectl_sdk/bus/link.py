"""How nodes are joined, whatever carries it: in one process or over ZeroMQ.

A *channel* is a conversation of two nodes: ordered, nothing lost, nothing twice, for as long as
both live. When the peer comes back in another life, :class:`PeerChanged` is received in between,
and both sides start again from snapshots. A *stream* goes from one publisher to many subscribers
and may leave things out, but never in silence: :class:`Gap` is received where something is missing.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from tradectl_sdk.bus.messages.intents import Cursor


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


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of a stream are missing; a snapshot follows, or the sender is in another life."""

    expected: Cursor
    found: Cursor


class Channel(Protocol):
    """One end of a conversation."""

    def send(self, message: Any) -> None:
        """Queue a message for the peer.

        Raises:
            ChannelFullError: If the peer has not taken earlier ones; nothing was dropped, and
                nothing may be carried on with.
        """

    async def receive(self) -> Any:
        """Return the peer's next message, or PeerChanged or PeerLost."""

    async def close(self) -> None:
        """Say good-bye; what was sent is delivered first, for a bounded time."""


class Publisher(Protocol):
    """The sending end of a stream."""

    def publish(self, message: Any) -> Cursor:
        """Send to whoever listens and return the message's place."""


class Subscriber(Protocol):
    """A receiving end of a stream."""

    async def receive(self) -> tuple[Cursor, Any] | Gap:
        """Return the next message with its place, or what is missing."""
