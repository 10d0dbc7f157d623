"""The recording of a session on disk: frames one after another, only ever appended to.

A file begins with its format's name and a line's end. A frame is the length of its body and the
CRC-32 of it, each four bytes, least significant first, and the body: one of
:data:`~tradectl_sdk.nodes.host.records.Frame` in msgpack.

Every batch of frames is handed to the operating system before anything that follows from it is
said, so a process that is killed loses nothing. It is forced to the disk once a second: after a
power cut the last second may be missing. The recording explains a session; the truth about orders
is in the executor's journal, which is forced to the disk before every order.

A frame that was cut off at the end of the file is no damage: reading stops before it, and writing
goes on in its place. Anything else that does not fit is.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any

import msgspec

from tradectl_sdk.errors import DataError
from tradectl_sdk.nodes.host.records import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FORMAT = b"tradectl.session/1\n"
_HEAD = 8
LONGEST = 64 * 1024 * 1024  # bytes of a frame
_CHUNK = 1 << 20

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


class Recorder:
    """Appends to a recording; one at a time, which the session's lock sees to.

    Args:
        path: The file; made unless it is there. A frame that was cut off at its end is removed.

    Attributes:
        written: Bytes of the file.
        frames: Frames written by this recorder.

    Raises:
        DataError: If the file is not a recording, or is damaged.
        OSError: If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.frames = 0
        self.written = _sound_length(path) if path.exists() else 0
        self._unsynced = False
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, self.written)
        os.lseek(self._file, self.written, os.SEEK_SET)
        if not self.written:
            self._append(FORMAT)

    def write(self, frames: Sequence[Any]) -> None:
        """Append frames, in one piece.

        Raises:
            OSError: If the disk refused.
        """
        if frames:
            self._append(b"".join(map(_framed, frames)))
            self.frames += len(frames)

    def sync(self) -> None:
        """Force to the disk what was written; may be called from another thread.

        Raises:
            OSError: If the disk refused.
        """
        if self._unsynced:
            self._unsynced = False
            os.fsync(self._file)

    def close(self) -> None:
        """Force everything to the disk and let go of the file."""
        try:
            self.sync()
        finally:
            os.close(self._file)

    def _append(self, data: bytes) -> None:
        left = memoryview(data)
        self._unsynced = True
        while left:
            count = os.write(self._file, left)
            self.written += count
            left = left[count:]


def read_frames(path: Path) -> Iterator[Any]:
    """Yield the frames of a recording, oldest first.

    Raises:
        DataError: If it is none, or is damaged; what came before the damage has been yielded.
    """
    for _, body in _bodies(path):
        try:
            yield _decoder.decode(body)
        except msgspec.MsgspecError as error:
            raise DataError(
                f"{path.name} holds a frame that this version cannot read: {error}"
            ) from error


def _framed(frame: Any) -> bytes:
    body = _encoder.encode(frame)
    crc = zlib.crc32(body)
    return len(body).to_bytes(4, "little") + crc.to_bytes(4, "little") + body


def _sound_length(path: Path) -> int:
    """How many bytes of a recording are whole frames."""
    ends = [len(FORMAT) if path.stat().st_size >= len(FORMAT) else 0]
    for end, _ in _bodies(path):
        ends[0] = end
    return ends[0]


def _bodies(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield where each frame ends, and its body."""
    with path.open("rb", buffering=_CHUNK) as file:
        size = path.stat().st_size
        head = file.read(len(FORMAT))
        if head != FORMAT[: len(head)]:
            raise DataError(f"{path.name} was no recording of a session, expected one")
        place = len(FORMAT)
        while place + _HEAD <= size:
            head = file.read(_HEAD)
            length = int.from_bytes(head[:4], "little")
            end = place + _HEAD + length
            if end > size:
                return  # cut off
            body = file.read(length) if 0 < length <= LONGEST else b""
            if not body or zlib.crc32(body) != int.from_bytes(head[4:], "little"):
                if end == size or (not any(head) and not any(file.read())):
                    return  # the last one: written, but not whole, before the power failed
                raise DataError(
                    f"{path.name} is damaged at byte {place}: a frame is not what was written",
                    hint="what came before it can still be read",
                )
            yield end, body
            place = end
