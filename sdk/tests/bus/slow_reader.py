"""``python slow_reader.py KIND URL`` connects and reads nothing until its peer is gone.

Then it reads everything and prints the first message that is not one of zeros.
"""

from __future__ import annotations

import contextlib
import sys
import time

import zmq
from tradectl_sdk.bus.zeromq.sockets import close_context, open_context, open_socket

A_WHILE = 2.5  # seconds, more than two heartbeats of a second


def main(kind: str, url: str) -> None:
    context = open_context()
    socket = open_socket(context, getattr(zmq, kind), hwm=10, linger=0)
    if kind == "SUB":
        socket.setsockopt(zmq.SUBSCRIBE, b"")
    socket.connect(url)
    if kind == "DEALER":
        socket.send(b"hello")
    sys.stdin.readline()
    time.sleep(A_WHILE)
    message = b""
    while not message.strip(b"\0"):
        if socket.poll(100):
            message = socket.recv()
        elif kind == "DEALER":
            with contextlib.suppress(zmq.Again):  # not connected again yet
                socket.send(b"hello", zmq.DONTWAIT)
    print(message.decode())  # noqa: T201 -- it is what the test reads
    close_context(context)


if __name__ == "__main__":
    main(*sys.argv[1:])
