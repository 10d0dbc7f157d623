"""The control socket of a node: questions from the supervisor and from people, one at a time.

Frames are four bytes of length, least significant first, and a msgpack message. The socket lies in
the session's folder, which only its owner can enter.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tradectl_sdk.bus.messages.control import Adopt, Declined, FromNode, ToNode
from tradectl_sdk.errors import (
    DeadlineError,
    ExitStatus,
    InternalError,
    NotFoundError,
    TradectlError,
    error_classes,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    T = TypeVar("T", bound=msgspec.Struct)

LONGEST = 16 * 1024 * 1024  # bytes of a frame
_HEAD = 4

_encoder = msgspec.msgpack.Encoder()
_questions = msgspec.msgpack.Decoder(ToNode)
_answers = msgspec.msgpack.Decoder(FromNode)


class ControlServer:
    """Answers on a socket until closed.

    Args:
        path: Where the socket is made; what a killed node left there is replaced.
        answer: Gives the answer to a question.
        adopted: Told with True when a supervisor takes the node over, and with False when the
            last connection of one is gone.
    """

    def __init__(
        self,
        path: Path,
        answer: Callable[[ToNode], Awaitable[FromNode]],
        adopted: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._path = path
        self._answer = answer
        self._adopted = adopted
        self._owners: set[asyncio.StreamWriter] = set()
        self._conversations: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._welcome, path=self._path)
        self._path.chmod(0o600)

    async def close(self) -> None:
        """Listen no more and hang up."""
        if self._server is not None:
            self._server.close()
        for task in self._conversations:
            task.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._converse(reader, writer))
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                frame = await _read_frame(reader)
                writer.write(_framed(await self._reply(frame, writer)))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # whoever asked is gone, or we are
        finally:
            if writer in self._owners:
                self._owners.discard(writer)
                if not self._owners:
                    self._adopted(False)
            writer.close()

    async def _reply(self, frame: bytes, writer: asyncio.StreamWriter) -> FromNode:
        try:
            question = _questions.decode(frame)
        except msgspec.MsgspecError as error:
            return Declined(status=int(ExitStatus.USAGE), text=f"cannot be read: {error}")
        if isinstance(question, Adopt):
            self._owners.add(writer)
            self._adopted(True)
        return await self._answer(question)


class Connection:
    """A node as its supervisor sees it: a connection that stays."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path) -> Connection:
        """Connect.

        Raises:
            OSError: If nobody listens there.
        """
        return cls(*await asyncio.open_unix_connection(path))

    async def ask(self, question: ToNode, *, seconds: float) -> FromNode:
        """Ask and wait for the answer.

        Raises:
            OSError: If the node is gone, TimeoutError among them if it did not answer in time.
        """
        async with self._turn, asyncio.timeout(seconds):
            self._writer.write(_framed(question))
            await self._writer.drain()
            try:
                answer: FromNode = _answers.decode(await _read_frame(self._reader))
            except (asyncio.IncompleteReadError, msgspec.MsgspecError) as error:
                raise ConnectionResetError(str(error)) from error
            return answer

    async def gone(self) -> None:
        """Return when the node has closed the connection, as it does when it ends."""
        while True:
            async with self._turn:
                if self._reader.at_eof():
                    return
            await asyncio.sleep(0.2)

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


def ask(path: Path, question: ToNode, expected: type[T], *, seconds: float) -> T:
    """Ask a node once, without a loop, as the command line does.

    Args:
        path: Its control socket.
        question: What is asked.
        expected: The kind of answer that is wanted.
        seconds: How long to wait, at most.

    Raises:
        NotFoundError: If the node does not run.
        DeadlineError: If it did not answer in time.
        TradectlError: Of the class that fits, if it declined.
    """
    name = path.stem
    deadline = time.monotonic() + seconds
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.settimeout(seconds)
            line.connect(str(path))
            line.sendall(_framed(question))
            head = _receive(line, _HEAD, deadline)
            frame = _receive(line, int.from_bytes(head, "little"), deadline)
        except TimeoutError as error:
            raise DeadlineError(
                f"the {name} did not answer within {seconds:g} s", hint="tradectl logs shows why"
            ) from error
        except OSError as error:
            raise NotFoundError(
                f"the {name} of this session is not running", hint="tradectl ps shows what runs"
            ) from error
    answer = _answers.decode(frame)
    if isinstance(answer, expected):
        return answer
    raise _error(answer)


def _error(answer: FromNode) -> TradectlError:
    """Make the error that a node's refusal stands for."""
    if not isinstance(answer, Declined):
        return InternalError(f"the answer was a {type(answer).__name__}")
    for cls in error_classes():
        if cls.exit_status == answer.status and cls is not TradectlError:
            return cls(answer.text, hint=answer.hint)
    return InternalError(answer.text, hint=answer.hint)


def _receive(line: socket.socket, size: int, deadline: float) -> bytes:
    received = b""
    while len(received) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        line.settimeout(left)
        part = line.recv(size - len(received))
        if not part:
            raise ConnectionResetError
        received += part
    return received


def _framed(message: msgspec.Struct) -> bytes:
    body = _encoder.encode(message)
    return len(body).to_bytes(_HEAD, "little") + body


async def _read_frame(reader: asyncio.StreamReader) -> bytes:
    size = int.from_bytes(await reader.readexactly(_HEAD), "little")
    if size > LONGEST:
        raise ConnectionResetError(f"a frame of {size} bytes was announced")
    return await reader.readexactly(size)
