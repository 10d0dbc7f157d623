"""The database behind the catalog, where its behaviour would surprise."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.data import storage
from tradectl_sdk.data.interrupting import LISTENER, interruptible

if TYPE_CHECKING:
    import duckdb

# More than a year of work, which one of the database's threads does alone: the one that waits for
# it, half of the times, asks for no signals.
_ENDLESS = "SELECT count(*) FROM range(10000000000000000) a WHERE a.range // 3 % 7 = 3"


def ask_and_press(connections: list[duckdb.DuckDBPyConnection]) -> str:
    """Ask what is never answered, press Ctrl-C, and return what came of it."""
    try:
        with storage.connect() as connection:
            connections.append(connection)
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            connection.execute(_ENDLESS)
    except KeyboardInterrupt:
        return "interrupted"
    return "answered"


def test_ctrl_c_during_a_query_is_an_interrupt_and_not_an_error_of_the_database() -> None:
    connections: list[duckdb.DuckDBPyConnection] = []
    rescued: list[str] = []

    def rescue() -> None:
        rescued.append("nobody heard Ctrl-C for a minute")
        connections[-1].interrupt()

    for _ in range(8):  # whichever of the database's threads is given the work
        late = threading.Timer(60, rescue)
        late.start()
        assert ask_and_press(connections) == "interrupted"
        late.cancel()
        assert rescued == []
    gc.collect()
    assert signal.set_wakeup_fd(-1) == -1
    assert LISTENER not in {each.name for each in threading.enumerate()}


def test_a_query_that_only_begins_is_told_again() -> None:
    told: list[str] = []

    class Beginning:
        def interrupt(self) -> None:
            told.append("interrupt")

    usual = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with interruptible(Beginning()):  # type: ignore[arg-type]
            os.kill(os.getpid(), signal.SIGINT)
            limit = time.monotonic() + 60
            while len(told) < 3 and time.monotonic() < limit:
                time.sleep(0.01)
    finally:
        signal.signal(signal.SIGINT, usual)
    assert len(told) >= 3


def test_who_listens_for_signals_already_goes_on_to() -> None:
    ours, signals = socket.socketpair()
    with ours, signals:
        signals.setblocking(False)
        signal.set_wakeup_fd(signals.fileno())
        try:
            with storage.connect() as connection:
                assert connection.execute("SELECT 7").fetchone() == (7,)
        finally:
            left = signal.set_wakeup_fd(-1)
        assert left == signals.fileno()


def test_another_thread_may_ask_too() -> None:
    found: list[object] = []

    def ask() -> None:
        with storage.connect() as connection:
            found.append(connection.execute("SELECT 7").fetchone())

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    assert found == [(7,)]


def test_an_error_of_the_caller_passes_through_unchanged() -> None:
    with pytest.raises(RuntimeError, match="of the caller"), storage.connect():
        raise RuntimeError("of the caller")
