"""The journal: durable, exclusive, chained; damage is a sound beginning or a clear refusal."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from floor import Floor, X, place, replayed, setup
from tradectl_sdk.errors import (
    JournalDamagedError,
    JournalError,
    JournalLockedError,
    NotFoundError,
)
from tradectl_sdk.nodes.executor import Journal, JournalView
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.chain import follow
from tradectl_sdk.nodes.executor.schema import AT_ONCE
from tradectl_sdk.nodes.executor.setup import Bounds
from tradectl_sdk.nodes.executor.tail import JournalTail


@contextlib.contextmanager
def database(path: Path):
    """A journal's file as any database; closed afterwards, unlike what sqlite3 itself offers."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        yield connection


SMALL = setup(bounds=Bounds(max_clock_offset=None, most_ended=3, most_trades=3, keep_ended=10**18))


def trading(path: Path, *, orders: int = 6, close: bool = True) -> tuple[Floor, Journal]:
    """A floor whose records are in a journal, with some orders filled and one working."""
    journal = Journal(path)
    floor = Floor(SMALL, state=journal.state, past=journal).open()
    for number in range(1, orders + 1):
        floor.place(place(number, limit=9_900))
        if number < orders:
            floor.fill(number, 10)
        journal.commit(floor.records)
        floor.records.clear()
    if close:
        journal.close()
    return floor, journal


def states(path: Path) -> list[bytes]:
    """The state after each record of a journal, the empty one first."""
    with database(path) as connection:
        bodies = [row[0] for row in connection.execute("SELECT body FROM records ORDER BY seq")]
    found = [of.decode(body) for body in bodies]
    return [replayed(found[:count]).encoded() for count in range(len(found) + 1)]


def copy_to(folder: Path, path: Path) -> Path:
    """A copy of a journal's files, as they lie on disk."""
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    for suffix in ("", "-wal", ".head"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copy(source, folder / source.name)
    return folder / path.name


def test_what_was_committed_is_there_again(tmp_path):
    floor, journal = trading(tmp_path / "j")
    with pytest.raises(JournalError):
        journal.commit([of.Noticed(0, "x")])
    again = Journal(tmp_path / "j")
    assert again.state.encoded() == floor.state.encoded()
    assert again.seq == journal.seq
    again.close()


@pytest.mark.parametrize("rest", [0, 3])
def test_a_commit_of_many_records_is_there_again_in_order(tmp_path, rest):
    path = tmp_path / "journal.sqlite"
    records = [of.Noticed(time, "test", text=str(time)) for time in range(2 * AT_ONCE + rest)]
    journal = Journal(path)
    journal.commit(records)
    journal.close()
    with contextlib.closing(JournalTail(path, after=0)) as tail:
        assert list(tail.read()) == list(enumerate(records, start=1))
    assert Journal(path).seq == len(records)


def test_committing_nothing_writes_nothing(tmp_path):
    journal = Journal(tmp_path / "j")
    journal.commit([])
    assert journal.seq == 0
    journal.close()


def test_a_second_executor_is_refused_and_told_who_has_it(tmp_path):
    first = Journal(tmp_path / "j")
    with pytest.raises(JournalLockedError, match=str(os.getpid())):
        Journal(tmp_path / "j")
    first.close()
    Journal(tmp_path / "j").close()


def test_only_its_owner_may_read_it(tmp_path):
    Journal(tmp_path / "sub" / "j").close()
    assert (tmp_path / "sub" / "j").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "sub").stat().st_mode & 0o777 == 0o700


def test_a_start_reads_only_what_came_after_the_checkpoint(tmp_path):
    floor, journal = trading(tmp_path / "j", close=False)
    journal.checkpoint(floor.state, 5)
    floor.place(place(7, limit=9_900))
    journal.commit(floor.records)
    assert not journal.wants_checkpoint
    journal.close()
    again = Journal(tmp_path / "j", every=4)
    assert again.state.encoded() == floor.state.encoded()
    assert again._since == len(floor.records) + 1
    assert again.wants_checkpoint
    again.close()


@pytest.mark.parametrize("table", ["checkpoints", "records"])
def test_a_checkpoint_that_is_not_sound_is_passed_over(tmp_path, table):
    floor, journal = trading(tmp_path / "j", close=False)
    journal.checkpoint(floor.state, 5)
    journal.close()
    with database(tmp_path / "j") as connection:
        column = "digest" if table == "checkpoints" else "body"
        seq = connection.execute("SELECT max(seq) FROM checkpoints").fetchone()[0]
        where = seq if table == "checkpoints" else seq + 1
        connection.execute(f"UPDATE {table} SET {column} = x'00' WHERE seq = {where}")  # noqa: S608
    if table == "records":
        with pytest.raises(JournalDamagedError, match=f"record {seq + 1} is not what was written"):
            Journal(tmp_path / "j")
        return
    again = Journal(tmp_path / "j")
    assert again.state.encoded() == floor.state.encoded()
    assert again._since == again.seq
    again.close()


def test_two_checkpoints_are_kept_and_old_records_can_go(tmp_path):
    floor, journal = trading(tmp_path / "j", close=False)
    for time in (10, 20, 30):
        journal.checkpoint(floor.state, time)
    kept = journal._connection.execute("SELECT time FROM checkpoints ORDER BY seq").fetchall()
    assert kept == [(20,), (30,)]
    before = journal.seq
    assert journal.prune(25) > 0
    assert journal.prune(5) == 0
    journal.close()
    again = Journal(tmp_path / "j")
    assert (again.seq, again.state.encoded()) == (before, floor.state.encoded())
    again.close()
    with JournalView(tmp_path / "j") as view:
        assert len(list(view.fills())) == 5
        assert len(list(view.orders())) == 6
        assert view.check() == ""


def test_what_left_memory_is_found_by_its_names(tmp_path):
    floor, journal = trading(tmp_path / "j", orders=600, close=False)
    assert len(floor.state.book.orders) < 300
    first = floor.tickets[0]
    order = journal.order(X, first.client_id, "")
    assert (order.number, order.filled) == (1, 10)
    assert journal.order(X, "", "v600.0") is None
    assert journal.order(X, "nobody", "") is None
    assert journal.trade(X, "t1") is not None
    assert journal.trade(X, "t9999") is None
    trade = floor.trade_of(600, 1)
    again = trade.__class__(
        trade_id="t1", instrument=X, client_id=first.client_id, side=1, lots=10, price=10_000
    )
    position = floor.position
    floor.account(again)
    assert floor.position == position, "it was booked long ago"
    late = trade.__class__(
        trade_id="late",
        instrument=X,
        client_id=first.client_id,
        side=1,
        lots=1,
        price=10_000,
        time=floor.now + 1,
    )
    floor.account(late)
    assert floor.position == position + 1
    assert floor.order(1).filled == 11
    journal.close()


# Damage --------------------------------------------------------------------------------------


def outcome(path: Path) -> bytes | None:
    """The state that a journal opens with, or None when it is refused in our own words."""
    try:
        journal = Journal(path)
    except JournalError:
        return None
    try:
        return journal.state.encoded()
    finally:
        journal.close()


def test_a_log_cut_anywhere_gives_a_sound_beginning_or_a_refusal(tmp_path):
    _, journal = trading(tmp_path / "a" / "j", orders=3, close=False)
    sound = set(states(tmp_path / "a" / "j"))
    copy = copy_to(tmp_path / "b", tmp_path / "a" / "j")
    wal = copy.with_name("j-wal")
    whole = wal.read_bytes()
    refused = 0
    for length in [*range(0, len(whole), 397), *range(len(whole) - 150, len(whole))]:
        copy = copy_to(tmp_path / "b", tmp_path / "a" / "j")
        wal.write_bytes(whole[:length])
        state = outcome(copy)
        refused += state is None
        assert state is None or state in sound
        copy.with_name("j.head").unlink()
        copy = copy_to(tmp_path / "b", tmp_path / "a" / "j")
        wal.write_bytes(whole[:length])
        copy.with_name("j.head").write_bytes(b"")
        state = outcome(copy)
        assert state is None or state in sound, "without its head it is a shorter journal"
    assert refused > 100
    journal.close()


@pytest.mark.slow
def test_a_log_cut_at_every_byte_of_its_last_page_gives_a_sound_beginning_or_a_refusal(tmp_path):
    _, journal = trading(tmp_path / "a" / "j", orders=3, close=False)
    sound = set(states(tmp_path / "a" / "j"))
    whole = (tmp_path / "a" / "j-wal").read_bytes()
    page = int.from_bytes(whole[8:12], "big") + 24  # with its header
    met = set()
    for length in range(len(whole) - page, len(whole) + 1):
        copy = copy_to(tmp_path / "b", tmp_path / "a" / "j")
        copy.with_name("j-wal").write_bytes(whole[:length])
        met.add(outcome(copy))
        assert met <= {None, *sound}, length
    assert met == {None, max(sound, key=states(tmp_path / "a" / "j").index)}
    journal.close()


def test_every_byte_that_turned_in_the_last_records_is_noticed(tmp_path):
    path = tmp_path / "a" / "j"
    trading(path, orders=3)
    with database(path) as connection:
        rows = connection.execute("SELECT body FROM records ORDER BY seq DESC LIMIT 3").fetchall()
    whole, tried = path.read_bytes(), 0
    for (body,) in rows:
        first = whole.rindex(body)
        for place_ in range(first, first + len(body)):
            turned = bytearray(whole)
            turned[place_] ^= 0x41
            copy = copy_to(tmp_path / "b", path)
            copy.write_bytes(turned)
            assert outcome(copy) is None, f"byte {place_}"
            tried += 1
    assert tried > 100


@pytest.mark.parametrize("checkpointed", [False, True])
def test_a_byte_that_turned_anywhere_gives_a_sound_beginning_or_a_refusal(tmp_path, checkpointed):
    floor, journal = trading(tmp_path / "a" / "j", orders=3, close=False)
    sound = set(states(tmp_path / "a" / "j"))
    if checkpointed:
        journal.checkpoint(floor.state, 5)
    journal.close()  # everything is in the main file now
    path = tmp_path / "a" / "j"
    whole = path.read_bytes()
    refused = 0
    for place_ in [*range(0, len(whole), 61), *range(len(whole) - 200, len(whole))]:
        copy = copy_to(tmp_path / "b", path)
        turned = bytearray(whole)
        turned[place_] ^= 0x41
        copy.write_bytes(turned)
        state = outcome(copy)
        refused += state is None
        assert state is None or state in sound, f"byte {place_}"
    assert refused >= (8 if checkpointed else 20)


def test_a_file_cut_anywhere_gives_a_sound_beginning_or_a_refusal(tmp_path):
    trading(tmp_path / "a" / "j", orders=3)
    sound = set(states(tmp_path / "a" / "j"))
    whole = (tmp_path / "a" / "j").read_bytes()
    for length in [*range(0, len(whole), 499), *range(len(whole) - 60, len(whole))]:
        copy = copy_to(tmp_path / "b", tmp_path / "a" / "j")
        copy.write_bytes(whole[:length])
        state = outcome(copy)
        assert state is None or state in sound, length


def test_a_log_in_which_a_byte_turned_gives_a_sound_beginning_or_a_refusal(tmp_path):
    _, journal = trading(tmp_path / "a" / "j", orders=3, close=False)
    sound = set(states(tmp_path / "a" / "j"))
    wal = tmp_path / "a" / "j-wal"
    whole = wal.read_bytes()
    for place_ in range(0, len(whole), 211):
        copy = copy_to(tmp_path / "b", tmp_path / "a" / "j")
        turned = bytearray(whole)
        turned[place_] ^= 0x41
        copy.with_name("j-wal").write_bytes(turned)
        state = outcome(copy)
        assert state is None or state in sound
    journal.close()


def test_every_record_that_was_changed_is_named(tmp_path):
    trading(tmp_path / "j", orders=3)
    with database(tmp_path / "j") as connection:
        count = connection.execute("SELECT max(seq) FROM records").fetchone()[0]
    for seq in range(1, count + 1):
        copy = copy_to(tmp_path / "b", tmp_path / "j")
        with database(copy) as connection:
            body = connection.execute("SELECT body FROM records WHERE seq = ?", (seq,)).fetchone()
            turned = bytes([*body[0][:-1], body[0][-1] ^ 1])
            connection.execute("UPDATE records SET body = ? WHERE seq = ?", (turned, seq))
        with pytest.raises(JournalDamagedError, match=f"record {seq} is not what was written"):
            Journal(copy)
        with pytest.raises(JournalDamagedError, match=f"record {seq} "):
            JournalView(copy)


def test_a_record_that_is_missing_is_named(tmp_path):
    trading(tmp_path / "j", orders=3)
    with database(tmp_path / "j") as connection:
        connection.execute("DELETE FROM records WHERE seq = 5")
    with pytest.raises(JournalDamagedError, match="record 5 is missing"):
        Journal(tmp_path / "j")


def test_an_older_copy_is_not_taken_for_the_present(tmp_path):
    floor, journal = trading(tmp_path / "a" / "j", close=False)
    copy = copy_to(tmp_path / "b", tmp_path / "a" / "j")
    floor.place(place(7, limit=9_900))
    journal.commit(floor.records)
    journal.close()
    shutil.copy(tmp_path / "a" / "j.head", copy.with_name("j.head"))
    with pytest.raises(JournalDamagedError, match=f"{journal.seq} had been written"):
        Journal(copy)


def test_another_end_of_the_same_length_is_noticed(tmp_path):
    _, journal = trading(tmp_path / "a" / "j", close=False)
    copy = copy_to(tmp_path / "b", tmp_path / "a" / "j")
    journal.commit([of.Noticed(1, "one")])
    journal.close()
    other = Journal(copy)
    other.commit([of.Noticed(1, "two")])
    other.close()
    shutil.copy(tmp_path / "a" / "j.head", copy.with_name("j.head"))
    with pytest.raises(JournalDamagedError, match="not the one that had been written"):
        Journal(copy)


def test_repair_keeps_what_is_sound_and_sets_the_rest_aside(tmp_path):
    trading(tmp_path / "j", orders=4)
    sound = states(tmp_path / "j")
    with database(tmp_path / "j") as connection:
        connection.execute("UPDATE records SET body = x'90' WHERE seq = 20")
    journal = Journal(tmp_path / "j", repair=True)
    assert journal.state.encoded() == sound[19]
    journal.close()
    assert list(tmp_path.glob("j.damaged-19*"))
    again = Journal(tmp_path / "j")
    assert (again.seq, again.state.encoded()) == (20, sound[19])
    (repaired,) = (
        of.decode(body)
        for (body,) in again._connection.execute("SELECT body FROM records WHERE seq = 20")
    )
    assert isinstance(repaired, of.Repaired)
    again.close()


def test_after_a_repair_nobody_remembers_what_was_cut_off(tmp_path):
    floor, _ = trading(tmp_path / "j", orders=600)
    with database(tmp_path / "j") as connection:
        (cut,) = connection.execute("SELECT seq FROM fills WHERE trade_id = 't400'").fetchone()
        connection.execute("UPDATE records SET body = x'90' WHERE seq = ?", (cut,))
    journal = Journal(tmp_path / "j", repair=True)
    first, late = floor.tickets[0], floor.tickets[499]
    assert journal.order(X, first.client_id, "").number == 1
    assert journal.order(X, late.client_id, "") is None
    assert journal.trade(X, "t399") is not None
    assert journal.trade(X, "t400") is None
    journal.close()
    with JournalView(tmp_path / "j") as view:
        assert len(list(view.fills())) == 399


def test_a_fill_and_an_ended_order_that_were_changed_are_noticed_when_read(tmp_path):
    floor, _ = trading(tmp_path / "j", orders=600)
    with database(tmp_path / "j") as connection:
        connection.execute("UPDATE ended SET body = x'00' WHERE key = 1")
        connection.execute("UPDATE fills SET mark = 1 WHERE trade_id = 't2'")
    with JournalView(tmp_path / "j") as view:
        with pytest.raises(JournalDamagedError, match="ended order 1"):
            list(view.orders())
        with pytest.raises(JournalDamagedError, match="not the fill"):
            list(view.fills())
    again = Journal(tmp_path / "j")
    with pytest.raises(JournalDamagedError):
        again.order(X, floor.tickets[0].client_id, "")
    again.close()


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_file_that_is_no_journal_is_refused(tmp_path, content):
    (tmp_path / "j").write_bytes(content)
    if content:
        with pytest.raises(JournalDamagedError):
            Journal(tmp_path / "j")
    with pytest.raises(JournalError):
        JournalView(tmp_path / "j")


def test_another_database_and_another_version_are_refused(tmp_path):
    with database(tmp_path / "other") as connection:
        connection.execute("CREATE TABLE t (x)")
    with pytest.raises(JournalDamagedError, match="not a journal"):
        Journal(tmp_path / "other")
    Journal(tmp_path / "j").close()
    with database(tmp_path / "j") as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(JournalError, match="version 9"):
        Journal(tmp_path / "j")
    with pytest.raises(NotFoundError):
        JournalView(tmp_path / "nothing")


# A disk that fails ---------------------------------------------------------------------------


def test_a_full_disk_stops_everything_and_loses_nothing_written(tmp_path):
    floor, journal = trading(tmp_path / "j", close=False)
    kept = floor.state.encoded()
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError, match="full"):
        journal.commit([of.Noticed(0, "x", text="y" * 1_000_000)])
    with pytest.raises(JournalError, match="failed before"):
        journal.commit([of.Noticed(0, "x")])
    journal.close()
    again = Journal(tmp_path / "j")
    assert again.state.encoded() == kept
    again.close()


CHOKED = """
import resource, sys
sys.path.insert(0, {here!r})
from pathlib import Path
from test_journal import trading
from tradectl_sdk.errors import JournalError
from tradectl_sdk.nodes.executor import records as of
floor, journal = trading(Path({path!r}), close=False)
size = Path({path!r} + "-wal").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5000, size + 5000))
try:
    for _ in range(100):
        journal.commit([of.Noticed(0, "x", text="y" * 3000)])
except JournalError as error:
    print(journal.seq, error)
"""


def test_a_disk_that_fails_half_way_through_a_write_leaves_a_sound_journal(tmp_path):
    script = CHOKED.format(here=str(Path(__file__).parent), path=str(tmp_path / "j"))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    seq, text = done.stdout.split(maxsplit=1)
    assert "failed" in text
    assert "hint" in text
    again = Journal(tmp_path / "j")
    assert again.seq == int(seq)
    again.close()


def test_a_disk_that_is_full_for_the_head_alone_is_told_with_its_file(tmp_path, monkeypatch):
    _floor, journal = trading(tmp_path / "j", close=False)
    count = journal.seq

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(JournalError, match=r"writing .*j failed: No space left"):
        journal.commit([of.Noticed(0, "x")])
    with pytest.raises(JournalError, match="failed before"):
        journal.commit([of.Noticed(0, "x")])
    journal.close()
    monkeypatch.undo()
    again = Journal(tmp_path / "j")
    assert again.seq == count + 1  # what was written stays, though nothing left after it
    again.close()
    (tmp_path / "k.head").mkdir()
    with pytest.raises(JournalError, match=r"opening .*k failed"):
        Journal(tmp_path / "k")


def test_a_log_that_there_is_no_room_for_gives_back_what_it_took(tmp_path, monkeypatch):
    _floor, journal = trading(tmp_path / "j", close=False)
    log, written = tmp_path / "j-wal", os.pwrite

    def nearly_full(file, data, place):
        if place > 1 << 20:
            raise OSError(28, "No space left on device")
        return written(file, data, place)

    before = log.stat().st_size
    monkeypatch.setattr("os.pwrite", nearly_full)
    journal.reserve()
    monkeypatch.undo()
    assert log.stat().st_size == before
    journal.commit([of.Noticed(0, "x")])
    journal.close()
    again = Journal(tmp_path / "j")
    assert again.seq == journal.seq
    again.close()


class Unreadable:
    """A state whose snapshot no version can read."""

    def encoded(self):
        return b"\xc1"


def test_a_checkpoint_that_nobody_can_read_is_passed_over(tmp_path):
    floor, journal = trading(tmp_path / "j", close=False)
    journal.checkpoint(floor.state, 5)
    journal.checkpoint(Unreadable(), 6)
    journal.close()
    again = Journal(tmp_path / "j")
    assert again.state.encoded() == floor.state.encoded()
    again.close()


@pytest.mark.parametrize("with_head", [True, False])
def test_a_checkpoint_whose_record_is_missing_is_not_believed(tmp_path, with_head):
    floor, journal = trading(tmp_path / "j", close=False)
    journal.checkpoint(floor.state, 5)
    journal.close()
    with database(tmp_path / "j") as connection:
        connection.execute("DELETE FROM records WHERE seq = (SELECT max(seq) FROM records)")
    if with_head:
        with pytest.raises(JournalDamagedError, match="had been written"):
            Journal(tmp_path / "j")
        return
    (tmp_path / "j.head").unlink()
    again = Journal(tmp_path / "j")
    assert again._since == again.seq  # all of it was read
    assert again.state.encoded() == floor.state.encoded()
    again.close()


@pytest.mark.parametrize("body", [b"\xc1", of.encode(of.Moved(1, 99, 3))])
def test_a_record_of_the_chain_that_makes_no_sense_is_named(tmp_path, body):
    _, journal = trading(tmp_path / "j", close=False)
    seq, link = journal.seq + 1, follow(journal._link, bytes(body))
    journal.close()
    with database(tmp_path / "j") as connection:
        connection.execute("INSERT INTO records VALUES (?, ?, ?)", (seq, bytes(body), link))
    with pytest.raises(JournalDamagedError, match=f"record {seq} cannot be read"):
        Journal(tmp_path / "j")
    with pytest.raises(JournalDamagedError, match=f"record {seq} cannot be read"):
        JournalTail(tmp_path / "j")
