"""From messages to bytes and back; whatever cannot be read is a FrameError and nothing else.

A frame is four bytes and an envelope in MessagePack::

    byte 0   0xB7, the form of the frame itself
    byte 1   the conversation that the envelope's body belongs to, 0 for no body
    byte 2   version of the sender's messages
    byte 3   the least version whose readers can read it

Messages only ever grow by fields with defaults, so whoever is not older than ``least`` can read
them. A body stays as it is until its reader is known to have a right to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tradectl_sdk.bus.messages import control, events, intents, market, orders, wire
from tradectl_sdk.errors import FrameError

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION: Final = 1
LEAST: Final = 1
MAXIMUM: Final = 1 << 20
MARK: Final = 0xB7
HEADER: Final = 4
# Room for the envelope around a body.
_ENVELOPE: Final = 1024

# Everything that reading damaged bytes can raise; a test with random bytes knows of no other.
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError, MemoryError)


# What a host may ask a gateway: bars and terms to begin with, and nothing that changes anything.
Questions = control.FetchBars | control.FetchInstruments
History = control.BarsFetched | control.InstrumentsFetched | control.Declined


@dataclass(frozen=True)
class Conversation:
    """What is said in one direction between two roles.

    Attributes:
        number: On the wire; never given to another one.
        name: For people.
        messages: The union of what may be said.
    """

    number: int
    name: str
    messages: Any
    _encoder: msgspec.msgpack.Encoder = field(
        default_factory=msgspec.msgpack.Encoder, repr=False, compare=False
    )

    @cached_property
    def _decoder(self) -> msgspec.msgpack.Decoder[Any]:
        return msgspec.msgpack.Decoder(self.messages)

    def check(self, message: Any) -> None:
        """Look whether a message may be said here.

        Raises:
            FrameError: If it may not.
        """
        if not isinstance(message, self.messages):
            raise FrameError(f"was a {type(message).__name__}, expected one of {self._expected()}")

    def encode(self, message: Any) -> msgspec.Raw:
        """Encode a message.

        Raises:
            FrameError: If it is none of this conversation, or too large.
        """
        self.check(message)
        try:
            body = self._encoder.encode(message)
        except (TypeError, *_UNREADABLE) as error:
            raise FrameError(f"a {type(message).__name__} cannot be sent: {error}") from error
        if len(body) > MAXIMUM - _ENVELOPE:
            raise FrameError(
                f"a {type(message).__name__} was {len(body):,} bytes, "
                f"expected at most {MAXIMUM - _ENVELOPE:,}",
                hint="send it in smaller batches",
            )
        return msgspec.Raw(body)

    def decode(self, body: msgspec.Raw) -> Any:
        """Decode a message.

        Raises:
            FrameError: If it is none of this conversation.
        """
        try:
            return self._decoder.decode(body)
        except _UNREADABLE as error:
            raise FrameError(f"was not one of {self.name}: {_short(error)}") from error

    def must_be(self, number: int) -> None:
        """Look whether a frame with a body belongs to this conversation.

        Raises:
            FrameError: If it belongs to another one.
        """
        if number not in {0, self.number}:
            raise FrameError(f"was conversation {number}, expected {self.number} ({self.name})")

    def _expected(self) -> str:
        return ", ".join(one.__name__ for one in self.messages.__args__)


CONVERSATIONS: Final = {
    one.name: one
    for one in (
        Conversation(1, "intents", intents.FromHost),
        Conversation(2, "events", events.ToHost),
        Conversation(3, "orders", orders.ToGateway),
        Conversation(4, "answers", orders.FromGateway),
        Conversation(5, "market", market.MarketMessage),
        Conversation(6, "control", control.ToNode),
        Conversation(7, "replies", control.FromNode),
        Conversation(8, "questions", Questions),
        Conversation(9, "history", History),
    )
}

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(wire.Envelope).decode
_PREFIXES = {
    number: bytes((MARK, number, VERSION, LEAST))
    for number in (0, *(one.number for one in CONVERSATIONS.values()))
}


def seal(envelope: wire.Envelope, conversation: int = 0) -> bytes:
    """Make a frame of an envelope.

    Args:
        envelope: Its bodies are encoded already.
        conversation: Number of the one its bodies belong to.

    Raises:
        FrameError: If the frame would be too large.
    """
    frame = _PREFIXES[conversation] + _encode(envelope)
    if len(frame) > MAXIMUM:
        raise FrameError(f"a frame was {len(frame):,} bytes, expected at most {MAXIMUM:,}")
    return frame


def unseal(frame: bytes | memoryview) -> tuple[int, wire.Envelope]:
    """Return a frame's conversation and envelope, its bodies still encoded.

    Raises:
        FrameError: If it is not a frame that this version can read.
    """
    size = len(frame)
    if not HEADER < size <= MAXIMUM:
        raise FrameError(f"a frame was {size:,} bytes, expected more than 4, at most {MAXIMUM:,}")
    mark, conversation, version, least = frame[:HEADER]
    if mark != MARK:
        raise FrameError(f"a frame began with 0x{mark:02x}, expected 0x{MARK:02x}")
    if version < LEAST or least > VERSION:
        raise FrameError(
            f"a frame was of version {version} for readers from {least}, "
            f"expected one that version {VERSION} can read",
            hint="run the same version of tradectl in every node of a session",
        )
    if conversation not in _PREFIXES:
        raise FrameError(f"a frame's conversation was {conversation}, expected one of those known")
    try:
        return conversation, _decode(memoryview(frame)[HEADER:])
    except _UNREADABLE as error:
        raise FrameError(f"a frame's envelope cannot be read: {_short(error)}") from error


def unseal_only(parts: Sequence[Any]) -> tuple[int, wire.Envelope]:
    """Open a message that has to be one frame.

    Raises:
        FrameError: If it is not, or cannot be read.
    """
    if len(parts) != 1:
        raise FrameError(f"a message had {len(parts)} frames, expected one")
    return unseal(memoryview(parts[0]))


def _short(error: BaseException) -> str:
    """What a decoder says, cut so that a log cannot be filled with what a stranger sent."""
    return str(error)[:200]
