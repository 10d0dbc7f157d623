"""The journal's write-ahead log: how long it gets, and when what it holds is moved to its place."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import shutil
import sqlite3
from typing import TYPE_CHECKING

import msgspec
from floor import Floor, place, setup
from tradectl_sdk.nodes.executor import Journal, JournalView
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.schema import log_holds

if TYPE_CHECKING:
    from pathlib import Path


def test_the_log_is_emptied_between_commits_and_not_within_them(tmp_path, monkeypatch):
    monkeypatch.setattr("tradectl_sdk.nodes.executor.journal.TIDY_EVERY", 80)
    journal, log = Journal(tmp_path / "j"), tmp_path / "j-wal"

    def write() -> None:
        for _ in range(12):
            journal.commit([of.Noticed(0, "x", text="y" * 3000)] * 100)

    begun = (tmp_path / "j").stat().st_size
    write()  # far more than SQLite would let the log grow by itself
    assert (tmp_path / "j").stat().st_size == begun
    journal.tidy()
    assert (tmp_path / "j").stat().st_size > 1200 * 3000
    most = log.stat().st_size
    journal.commit([of.Noticed(0, "x")])
    journal.tidy()  # too little to be worth it
    write()
    journal.tidy()
    assert log.stat().st_size < most * 1.1
    journal.close()


def test_a_reserved_log_does_not_grow_and_hides_nothing_from_the_next_start(tmp_path, monkeypatch):
    monkeypatch.setattr("tradectl_sdk.nodes.executor.schema.RESERVED", 400_000)
    monkeypatch.setattr("tradectl_sdk.nodes.executor.journal.TIDY_EVERY", 80)
    journal, log = Journal(tmp_path / "a" / "j"), tmp_path / "a" / "j-wal"
    assert log.stat().st_size < 400_000
    journal.reserve()
    for number in range(100):
        journal.commit([of.Noticed(0, "x", number, text="y" * 300)] * 3)
        journal.tidy()
        assert log.stat().st_size == 400_000
    as_cut = shutil.ignore_patterns("*.lock", "*-shm")  # as a power cut would leave it
    copy = Journal(shutil.copytree(tmp_path / "a", tmp_path / "b", ignore=as_cut) / "j")
    assert copy.seq == journal.seq == 300
    copy.close()
    journal.close()


def test_a_log_stays_within_its_room_whatever_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("tradectl_sdk.nodes.executor.schema.RESERVED", 800_000)
    monkeypatch.setattr("tradectl_sdk.nodes.executor.journal.TIDY_EVERY", 80)
    journal, log = Journal(tmp_path / "j"), tmp_path / "j-wal"
    floor = Floor(setup(), state=journal.state, past=journal).open()
    floor.place(place(1, limit=9_900))
    journal.commit(floor.records)
    (template,) = floor.state.book.orders.values()
    journal.reserve()
    for batch in range(60):  # names in no order, each on a page of its own
        gone = [
            msgspec.structs.replace(
                template, key=key, client_id=hashlib.sha256(b"%d" % key).hexdigest()
            )
            for key in range(1_000 + 40 * batch, 1_040 + 40 * batch)
        ]
        journal.commit([of.Forgot(0, tuple(gone))])
        journal.tidy()
        assert log.stat().st_size == 800_000
    for _ in range(100):
        journal.checkpoint(floor.state, 0)
        journal.tidy()
        assert log.stat().st_size == 800_000
    journal.close()


def pages_of_log(path: Path) -> int:
    """How many pages a log holds, by asking for one more until there is none."""
    return next(count for count in itertools.count() if not log_holds(path, count + 1))


def test_the_pages_of_a_log_are_those_that_sqlite_counts(tmp_path):
    assert not log_holds(tmp_path / "none", 1)
    journal, path = Journal(tmp_path / "j"), tmp_path / "j"
    journal.reserve()
    for size in (1, 40, 3, 200):
        for _ in range(2):  # at first over what a longer log has left, and then after that
            journal.commit([of.Noticed(0, "x", text="y" * 3_000)] * size)
            with contextlib.closing(sqlite3.connect(path)) as connection:
                counted = pages_of_log(path)
                busy, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            assert (busy, pages) == (0, counted)
    journal.close()


def test_a_log_that_is_read_in_is_not_moved_again_after_every_commit(tmp_path, monkeypatch):
    monkeypatch.setattr("tradectl_sdk.nodes.executor.journal.TIDY_EVERY", 80)
    journal, said = Journal(tmp_path / "j"), []
    journal._connection.set_trace_callback(said.append)

    def write(commits: int) -> int:
        """Return how often the log was moved meanwhile."""
        said.clear()
        for _ in range(commits):
            journal.commit([of.Noticed(0, "x", text="y" * 3_000)] * 10)
            journal.tidy()
        return sum("wal_checkpoint" in one for one in said)

    write(3)
    with JournalView(tmp_path / "j"):
        assert 1 <= write(50) <= 10
    write(10)
    log = tmp_path / "j-wal"
    most = log.stat().st_size
    assert write(100) >= 5  # it begins anew, and is moved as ever
    assert log.stat().st_size == most
    journal.close()
