"""A journal is followed as it grows: every record once, in order, with the state it leads to."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest
from test_journal import trading
from tradectl_sdk.errors import JournalDamagedError, JournalError, NotFoundError
from tradectl_sdk.nodes.executor import Journal
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.tail import JournalTail


def notes(tail: JournalTail) -> list[str]:
    return [record.text for _, record in tail.read() if isinstance(record, of.Noticed)]


def change(path, statement, *values):
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def test_what_is_written_meanwhile_comes_once_and_in_order(tmp_path):
    journal = Journal(tmp_path / "j")
    journal.commit([of.Noticed(0, "x", text="before")])
    tail = JournalTail(tmp_path / "j")
    assert (notes(tail), tail.seq) == ([], 1)
    journal.commit([of.Noticed(0, "x", text="one"), of.Noticed(0, "x", text="two")])
    assert (notes(tail), tail.seq) == (["one", "two"], 3)
    assert notes(tail) == []
    tail.close()
    tail.close()
    journal.close()


def test_it_begins_where_one_had_got_and_never_beyond_the_end(tmp_path):
    journal = Journal(tmp_path / "j")
    journal.commit([of.Noticed(0, "x", text=str(n)) for n in range(3)])
    for after, found in ((0, ["0", "1", "2"]), (2, ["2"]), (99, [])):
        with contextlib.closing(JournalTail(tmp_path / "j", after)) as tail:
            assert notes(tail) == found
            assert tail.seq == 3
    journal.close()


def test_the_state_is_that_after_all_that_was_read_however_early_one_begins(tmp_path):
    floor, journal = trading(tmp_path / "j", close=False)
    with contextlib.closing(JournalTail(tmp_path / "j", 0)) as tail:
        assert len(list(tail.read())) == journal.seq
        assert tail.state.encoded() == floor.state.encoded()
        journal.commit([of.Switched(1, "halted", "me", "enough")])
        assert [type(record) for _, record in tail.read()] == [of.Switched]
        assert tail.state.switch == "halted"
    journal.close()


def test_damage_is_named_with_its_place_whether_it_is_there_before_or_comes_later(tmp_path):
    journal = Journal(tmp_path / "j")
    journal.commit([of.Noticed(0, "x", text="one")])
    tail = JournalTail(tmp_path / "j")
    journal.commit([of.Noticed(0, "x", text="two")])
    change(tmp_path / "j", "UPDATE records SET body = ? WHERE seq = 2", b"\xc1")
    with pytest.raises(JournalDamagedError, match="after record 1"):
        notes(tail)
    tail.close()
    with pytest.raises(JournalDamagedError, match="record 2"):
        JournalTail(tmp_path / "j")
    journal.close()


def test_a_journal_that_cannot_be_read_at_all_is_refused(tmp_path):
    with pytest.raises(NotFoundError):
        JournalTail(tmp_path / "j")
    Journal(tmp_path / "j").close()
    change(tmp_path / "j", "DROP TABLE checkpoints")
    with pytest.raises(JournalError, match="reading"):
        JournalTail(tmp_path / "j")
