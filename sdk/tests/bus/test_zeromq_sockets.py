"""A peer that dies while a socket's queue is full ends the connection, never the process."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zmq
from tradectl_sdk.bus.zeromq.sockets import close_context, open_context, open_socket

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).with_name("slow_reader.py")
MESSAGES = 2_000  # a reader's queue holds 10; with what the kernel keeps, some must wait in libzmq
SIZE = 1_000


@contextlib.contextmanager
def sender(kind: int, url: str) -> Iterator[zmq.Socket[bytes]]:
    context = open_context()
    try:
        socket = open_socket(context, kind, hwm=2 * MESSAGES, linger=0)
        socket.bind(url)
        socket.setsockopt(zmq.RCVTIMEO, 60_000)
        yield socket
    finally:
        close_context(context)


@contextlib.contextmanager
def slow_reader(kind: str, url: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, SCRIPT, kind, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("transport", ["ipc", "tcp"])
@pytest.mark.parametrize(
    ("there", "here"), [(zmq.XPUB, "SUB"), (zmq.ROUTER, "DEALER")], ids=["data", "commands"]
)
def test_a_slow_reader_survives_its_peer_and_meets_the_next_one(
    sockets: Path, there: int, here: str, transport: str
) -> None:
    url = f"ipc://{sockets}/slow" if transport == "ipc" else "tcp://127.0.0.1:*"
    with contextlib.ExitStack() as stack:
        with sender(there, url) as first:
            url = first.getsockopt_string(zmq.LAST_ENDPOINT)
            reader = stack.enter_context(slow_reader(here, url))
            route = first.recv_multipart()[:-1]  # a name, or nothing but a subscription
            for _ in range(MESSAGES):
                first.send_multipart([*route, bytes(SIZE)])
        assert reader.stdin is not None
        reader.stdin.write("it is gone\n")
        reader.stdin.flush()
        second = stack.enter_context(sender(there, url))
        while not second.poll(100):
            assert reader.poll() is None, reader.communicate()[0]
        route = second.recv_multipart()[:-1]
        second.send_multipart([*route, b"again"])
        said, _ = reader.communicate(timeout=60)
    assert said.split() == ["again"]
    assert reader.returncode == 0
