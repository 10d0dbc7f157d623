"""Frames: what goes in comes out, and whatever else arrives is one kind of error."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from bus_parts import bars, failed, progress, ticks
from golden_messages import messages
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.bus.codec import (
    CONVERSATIONS,
    HEADER,
    LEAST,
    MARK,
    MAXIMUM,
    VERSION,
    seal,
    unseal,
    unseal_only,
)
from tradectl_sdk.bus.ends import opened
from tradectl_sdk.bus.messages.wire import Answer, Beat, Data, Item
from tradectl_sdk.errors import FrameError

BEAT = Beat(1, 2, 3, 4)
FRAME = seal(BEAT)
GOLDEN = dict(messages())
INTENTS = CONVERSATIONS["intents"]


def data(body: msgspec.Raw) -> Data:
    return Data(1, 2, 3, 4, 5, body)


def test_a_frame_carries_a_message_and_says_to_whose_conversation_it_belongs() -> None:
    frame = seal(data(INTENTS.encode(failed(1))), INTENTS.number)
    conversation, envelope = unseal(frame)
    assert isinstance(envelope, Data)
    assert conversation == INTENTS.number
    assert INTENTS.decode(envelope.body) == failed(1)
    assert unseal(memoryview(frame)) == (conversation, envelope)


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (b"", "a frame was 0 bytes, expected more than 4"),
        (FRAME[:HEADER], "a frame was 4 bytes, expected more than 4"),
        (FRAME + bytes(MAXIMUM), "bytes, expected more than 4, at most 1,048,576"),
        (b"\x00" + FRAME[1:], "a frame began with 0x00, expected 0xb7"),
        (bytes((MARK, 99, VERSION, LEAST)) + FRAME[HEADER:], "a frame's conversation was 99"),
        (
            bytes((MARK, 0, VERSION + 1, VERSION + 1)) + FRAME[HEADER:],
            f"a frame was of version {VERSION + 1} for readers from {VERSION + 1}",
        ),
        (bytes((MARK, 0, LEAST - 1, LEAST - 1)) + FRAME[HEADER:], "a frame was of version 0"),
        (FRAME[:-1], "a frame's envelope cannot be read: Input data was truncated"),
        (FRAME + b"\x00", "a frame's envelope cannot be read: MessagePack data is malformed"),
        (FRAME[:HEADER] + b"\x91\xa7unknown", "a frame's envelope cannot be read: Invalid value"),
        (FRAME[:HEADER] + b"\x91" * 100_000, "a frame's envelope cannot be read"),
    ],
)
def test_what_is_no_frame_is_refused_with_the_reason(frame: bytes, text: str) -> None:
    with pytest.raises(FrameError) as caught:
        unseal(frame)
    assert text in caught.value.message


def test_a_newer_version_that_we_can_read_is_read() -> None:
    newer = bytes((MARK, 0, VERSION + 5, VERSION)) + FRAME[HEADER:]
    assert unseal(newer) == (0, BEAT)


@pytest.mark.parametrize("parts", [[], [FRAME, FRAME]])
def test_a_message_of_several_frames_is_refused(parts: list[bytes]) -> None:
    with pytest.raises(FrameError, match=f"a message had {len(parts)} frames, expected one"):
        unseal_only(parts)


@given(st.binary(max_size=300))
def test_random_bytes_are_a_frame_error_and_nothing_else(content: bytes) -> None:
    for frame in (content, FRAME[:HEADER] + content):
        with contextlib.suppress(FrameError):
            unseal(frame)


@given(st.data())
def test_damaged_frames_are_a_frame_error_or_a_message(draw: st.DataObject) -> None:
    """Every message, cut anywhere, with any bytes put anywhere."""
    name = draw.draw(st.sampled_from(sorted(GOLDEN)))
    content = bytearray(GOLDEN[name])
    for _ in range(draw.draw(st.integers(1, 4))):
        place = draw.draw(st.integers(0, len(content)))
        content[place : place + draw.draw(st.integers(0, 3))] = draw.draw(st.binary(max_size=3))
    damaged = bytes(content[: draw.draw(st.integers(0, len(content)))])
    conversation = name.partition(".")[0]
    with contextlib.suppress(FrameError):
        if conversation == "envelope":
            opened(unseal(damaged)[1])
        else:
            CONVERSATIONS[conversation].decode(msgspec.Raw(damaged))


@pytest.mark.parametrize("name", CONVERSATIONS)
@given(content=st.binary(max_size=100))
def test_random_bodies_are_a_frame_error_and_nothing_else(name: str, content: bytes) -> None:
    with contextlib.suppress(FrameError):
        CONVERSATIONS[name].decode(msgspec.Raw(content))


def test_a_message_that_belongs_elsewhere_or_is_no_message_is_not_encoded() -> None:
    for message in (progress(1), bars(1), "text", None):
        with pytest.raises(FrameError, match="expected one of Intents, StrategyFailed"):
            INTENTS.encode(message)


def test_a_message_that_is_too_large_is_not_encoded() -> None:
    market = CONVERSATIONS["market"]
    market.encode(ticks(1, MAXIMUM // 3 - 1000))
    with pytest.raises(FrameError, match="a Ticks was 1,048,9") as caught:
        market.encode(ticks(1, MAXIMUM // 3 + 100))
    assert caught.value.hint == "send it in smaller batches"


def test_a_field_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(FrameError, match="a Progress cannot be sent: "):
        CONVERSATIONS["events"].encode(progress(2**80))
    with pytest.raises(FrameError, match="a StrategyFailed cannot be sent: "):
        INTENTS.encode(msgspec.structs.replace(failed(1), text=object()))


def test_an_envelope_that_is_too_large_is_not_sealed() -> None:
    body = msgspec.Raw(msgspec.msgpack.encode(bytes(MAXIMUM // 2)))
    item = Item(1, 0, 1, 0, "", body)
    answer = Answer(
        request=1, epoch=1, at=1, part=0, parts=1, complete=True, items=(item, item, item)
    )
    with pytest.raises(FrameError, match="a frame was 1,572,"):
        seal(answer, CONVERSATIONS["market"].number)


def test_a_body_of_another_conversation_is_told_by_number() -> None:
    INTENTS.must_be(0)
    INTENTS.must_be(INTENTS.number)
    with pytest.raises(FrameError, match=r"was conversation 5, expected 1 \(intents\)"):
        INTENTS.must_be(5)
