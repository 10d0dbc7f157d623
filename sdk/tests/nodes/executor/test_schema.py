"""Rows of a journal, added many with one statement."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest
from tradectl_sdk.errors import JournalDamagedError
from tradectl_sdk.nodes.executor import Journal
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.schema import AT_ONCE, insert, open_writable


def test_a_name_that_was_there_is_replaced_among_many_that_were_not(tmp_path):
    path = tmp_path / "j"
    with contextlib.closing(open_writable(path)) as connection:
        for rows in (3, AT_ONCE + 3):
            names = [cell for number in range(rows) for cell in (str(number), number + rows)]
            insert(connection, "names", 2, names, replace=True)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT key, name FROM names").fetchall()
    assert sorted(found) == [(number + rows, str(number)) for number in range(rows)]


def test_a_record_whose_number_was_given_before_takes_its_whole_commit_along(tmp_path):
    records = [of.Noticed(time, "test") for time in range(AT_ONCE + 3)]
    journal = Journal(tmp_path / "j")
    journal.commit(records)
    journal.seq -= 1
    with pytest.raises(JournalDamagedError, match="UNIQUE"):
        journal.commit(records)
    journal.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "j")) as connection:
        assert connection.execute("SELECT count(*) FROM records").fetchone() == (len(records),)
