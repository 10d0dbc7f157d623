"""What carries messages from node to node: envelopes, and how two nodes get to know each other.

Two nodes of a channel say :class:`Hello` until each knows the other's life, then exchange
:class:`Data`. A publisher sends :class:`Item`; a subscriber that misses something sends
:class:`Ask`. Every envelope names the life it belongs to, so what is left over from another one is
told apart.
"""

from __future__ import annotations

import msgspec

from tradectl_sdk.bus.messages.intents import Cursor


class Hello(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="hello"):
    """Who speaks, and which messages it understands.

    Attributes:
        version: Version of its messages.
        least: Oldest version it understands, and whose readers understand it.
        fingerprint: Of its description of all messages; equal where versions are.
        to: The life of the peer as far as it is known, 0 for not.
    """

    name: str
    role: str
    session: str
    version: int
    least: int
    fingerprint: str
    epoch: int
    to: int = 0


class Data(msgspec.Struct, frozen=True, array_like=True, tag="data", gc=False):
    """A message, or several.

    Attributes:
        epoch: Life of the sender.
        to: Life of the peer it is meant for.
        seq: Number of the message in this conversation, from 1.
        received: Number up to which the sender has received all of the peer's.
        taken: Number up to which its node has taken them.
        body: The encoded message; in one process the message itself.
    """

    epoch: int
    to: int
    seq: int
    received: int
    taken: int
    body: msgspec.Raw


class Beat(msgspec.Struct, frozen=True, array_like=True, tag="beat", gc=False):
    """I live, and have received and taken this much of yours."""

    epoch: int
    to: int
    received: int
    taken: int


class Bye(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="bye"):
    """The end of a conversation.

    Attributes:
        to: The life it is meant for, 0 for whoever reads it.
        last: Number of the last message sent.
        why: ``closed``, ``refused`` or ``superseded`` (a later life of yours is known).
    """

    epoch: int
    to: int = 0
    last: int = 0
    why: str = "closed"
    text: str = ""


class Who(msgspec.Struct, frozen=True, array_like=True, tag="who"):
    """I do not know you: say hello first."""


class Item(msgspec.Struct, frozen=True, array_like=True, tag="item", gc=False):
    """A message of a stream.

    Attributes:
        epoch: Life of the publisher.
        after: Number of the message sent before it to this subscriber.
        seq: Its own number; those in between were replaced by newer ones on purpose.
        sent: The publisher's monotonic clock, nanoseconds.
        topic: What it is the latest of, empty for a message that no other can replace.
        body: The encoded message; in one process the message itself.
    """

    epoch: int
    after: int
    seq: int
    sent: int
    topic: str
    body: msgspec.Raw

    @property
    def cursor(self) -> Cursor:
        """Its place in the stream."""
        return Cursor(self.epoch, self.seq)


class Pulse(msgspec.Struct, frozen=True, array_like=True, tag="pulse", gc=False):
    """The publisher lives, and this is the last number it has sent."""

    epoch: int
    seq: int
    sent: int


class Ask(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="ask"):
    """A subscriber asks for what it misses.

    Attributes:
        request: Comes back with the answer.
        after: The last place it has, Cursor(0, 0) for none.
    """

    request: int
    hello: Hello
    after: Cursor


class Answer(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="answer"):
    """A part of what was asked for.

    Attributes:
        request: That of the question.
        epoch: Life of the publisher.
        at: The stream's last number when it was answered; items up to it are contained.
        part: Number of this part, from 0.
        parts: How many there are.
        complete: Whether the items are all after the place asked for; otherwise they are the
            latest of each topic.
        items: In order.
    """

    request: int
    epoch: int
    at: int
    part: int
    parts: int
    complete: bool
    items: tuple[Item, ...]


Envelope = Hello | Data | Beat | Bye | Who | Item | Pulse | Ask | Answer
