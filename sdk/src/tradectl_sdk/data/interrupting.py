"""Ctrl-C during a query is heard at once.

DuckDB asks Python for signals between two pieces of work that it does in the thread it was called
from. When the only piece goes to another of its threads it just waits, until the query is done. So
a thread of ours waits for the signal, and tells the database. It ends with the block, or where
Ctrl-C was heard at the very end of it, with the exception that then goes up.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from socket import SHUT_WR, socketpair
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket

    import duckdb

LISTENER = "tradectl-ctrl-c"
_PAUSE = 0.05  # seconds
_AGAIN = 100  # times


@contextlib.contextmanager
def interruptible(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let Ctrl-C end what a database does meanwhile, where nobody else listens for signals.

    Python tells of signals in its main thread only, and one listener at a time: an event loop may
    be there already, and is left alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours, signals = socketpair()
    with ours, signals:
        signals.setblocking(False)
        others = signal.set_wakeup_fd(signals.fileno(), warn_on_full_buffer=False)
        if others != -1:
            signal.set_wakeup_fd(others)
            yield
            return
        listening = threading.Thread(
            target=_listen, name=LISTENER, args=(ours, connection), daemon=True
        )
        listening.start()
        try:
            yield
        finally:
            pressed = False
            while True:  # no function of ours, at whose beginning Python hears of Ctrl-C as well
                try:
                    signal.set_wakeup_fd(-1)
                    signals.shutdown(SHUT_WR)  # which the thread takes for the end
                    listening.join()
                    break
                except KeyboardInterrupt:
                    pressed = True  # heard when all is put away
            if pressed:
                raise KeyboardInterrupt


def _listen(signals: socket, connection: duckdb.DuckDBPyConnection) -> None:
    """Tell the database of each press, and again: a query that only begins forgets the first."""
    left = 0
    while True:
        signals.settimeout(_PAUSE if left else None)
        try:
            number = signals.recv(1)
        except TimeoutError:
            left -= 1
        else:
            if not number:
                return
            if number[0] != signal.SIGINT:
                continue
            left = _AGAIN
        connection.interrupt()
