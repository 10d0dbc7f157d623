"""The database behind the catalog, where its behaviour would surprise."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from tradectl_sdk.data import storage

# Seconds of work in small tasks: DuckDB asks for signals between tasks; a query in one task that
# never ends would hang here instead of failing.
_LONG = "SELECT count(*) FROM range(300000000) a WHERE a.range * a.range % 7 = 3"


def test_ctrl_c_during_a_query_is_an_interrupt_and_not_an_error_of_the_database() -> None:
    pressed = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))

    def query() -> None:
        with storage.connect() as connection:
            pressed.start()  # not before the database is open, however long that took
            connection.execute(_LONG)

    with pytest.raises(KeyboardInterrupt):
        query()
    pressed.join()


def test_an_error_of_the_caller_passes_through_unchanged() -> None:
    with pytest.raises(RuntimeError, match="of the caller"), storage.connect():
        raise RuntimeError("of the caller")
