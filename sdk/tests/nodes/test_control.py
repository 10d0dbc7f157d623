"""Questions over a node's control socket, and what becomes of bad ones."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import msgspec
import pytest
from tradectl_sdk.bus.messages.control import (
    Adopt,
    AskStatus,
    Declined,
    Done,
    FromNode,
    NodeStatus,
    SetSwitch,
    StopNode,
    ToNode,
)
from tradectl_sdk.errors import (
    CredentialError,
    DeadlineError,
    InternalError,
    NotFoundError,
    RiskRefusedError,
    UsageError,
)
from tradectl_sdk.nodes.control import Connection, ControlServer, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STATUS = NodeStatus(name="gateway", pid=1, epoch=1, state="ready")


class Answering:
    """A server in a thread, with what it was told of its owners."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.owned: list[bool] = []
        self.answers: dict[type, FromNode] = {AskStatus: STATUS, Adopt: Done(), StopNode: Done()}
        self._loop = asyncio.new_event_loop()
        self._server = ControlServer(path, self._answer, self.owned.append)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self._server.start)

    def run(self, what: Callable[[], object]) -> None:
        asyncio.run_coroutine_threadsafe(what(), self._loop).result(60)  # type: ignore[arg-type]

    async def _answer(self, question: ToNode) -> FromNode:
        if isinstance(question, SetSwitch):
            await asyncio.sleep(30)
        return self.answers[type(question)]

    def close(self) -> None:
        self.run(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Answering]:
    answering = Answering(tmp_path / "gateway.sock")
    yield answering
    answering.close()


def test_a_question_is_answered(server: Answering) -> None:
    assert ask(server.path, AskStatus(), NodeStatus, seconds=60) == STATUS


def test_the_socket_is_its_owners_only(server: Answering) -> None:
    assert server.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left_behind", [True, False])
def test_a_node_that_does_not_run_is_not_found(tmp_path: Path, left_behind: bool) -> None:
    path = tmp_path / "executor.sock"
    if left_behind:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
    with pytest.raises(NotFoundError, match="the executor of this session is not running"):
        ask(path, AskStatus(), NodeStatus, seconds=1)


def test_a_socket_that_a_killed_node_left_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "gateway.sock"))
    answering = Answering(tmp_path / "gateway.sock")
    assert ask(answering.path, AskStatus(), NodeStatus, seconds=60) == STATUS
    answering.close()
    assert not answering.path.exists()


def test_a_node_that_hangs_is_not_waited_for_for_ever(server: Answering) -> None:
    with pytest.raises(DeadlineError, match=r"the gateway did not answer within 0\.1 s"):
        ask(server.path, SetSwitch(state="halted"), Done, seconds=0.1)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (2, UsageError),
        (4, CredentialError),
        (6, NotFoundError),
        (7, RiskRefusedError),
        (99, InternalError),
    ],
)
def test_a_refusal_is_raised_as_the_error_it_stands_for(
    server: Answering, status: int, error: type[Exception]
) -> None:
    server.answers[StopNode] = Declined(status=status, text="no", hint="wait")
    with pytest.raises(error, match="no") as caught:
        ask(server.path, StopNode(), Done, seconds=60)
    assert type(caught.value) is error
    assert caught.value.hint == "wait"  # type: ignore[attr-defined]


def test_an_answer_of_another_kind_is_a_bug(server: Answering) -> None:
    with pytest.raises(InternalError, match="was a NodeStatus"):
        ask(server.path, AskStatus(), Done, seconds=60)


BAD = {
    "no message": b"\xc1",
    "an unknown kind": msgspec.msgpack.encode({"kind": "sing"}),
    "a wrong type": msgspec.msgpack.encode({"kind": "adopt", "supervisor": "me"}),
}


@pytest.mark.parametrize("frame", BAD.values(), ids=BAD)
def test_a_frame_that_is_no_question_is_declined_and_the_next_one_answered(
    server: Answering, frame: bytes
) -> None:
    decoder = msgspec.msgpack.Decoder(FromNode)
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        line.connect(str(server.path))
        file = line.makefile("rb")
        for sent, kind in ((frame, Declined), (msgspec.msgpack.encode(AskStatus()), NodeStatus)):
            line.sendall(len(sent).to_bytes(4, "little") + sent)
            answer = decoder.decode(file.read(int.from_bytes(file.read(4), "little")))
            assert isinstance(answer, kind)


def test_a_frame_that_announces_too_much_ends_the_conversation(server: Answering) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        line.connect(str(server.path))
        line.sendall(b"\xff\xff\xff\xff")
        assert line.recv(1) == b""
    assert ask(server.path, AskStatus(), NodeStatus, seconds=60) == STATUS


def test_a_node_knows_whether_a_supervisor_holds_it(server: Answering) -> None:
    async def adopt_twice() -> None:
        first = await Connection.open(server.path)
        second = await Connection.open(server.path)
        for connection in (first, second):
            assert await connection.ask(Adopt(supervisor=1), seconds=60) == Done()
        await first.close()
        await asyncio.sleep(0.05)
        assert server.owned == [True, True]
        await second.close()
        async with asyncio.timeout(60):
            while len(server.owned) < 3:  # noqa: ASYNC110 - another thread's list
                await asyncio.sleep(0.005)

    asyncio.run(adopt_twice())
    assert server.owned == [True, True, False]


def test_a_supervisor_notices_that_a_node_is_gone(tmp_path: Path) -> None:
    answering = Answering(tmp_path / "host.sock")

    async def watch() -> None:
        connection = await Connection.open(answering.path)
        await connection.ask(Adopt(supervisor=1), seconds=60)
        answering.close()
        await asyncio.wait_for(connection.gone(), 60)
        with pytest.raises(ConnectionError):
            await connection.ask(AskStatus(), seconds=1)
        await connection.close()

    asyncio.run(watch())
