"""The tables of a journal and how a file is opened.

``records`` is the truth. ``checkpoints`` are whole states, so that a start need not read it all.
``fills``, ``ended`` and ``names`` find what has left memory; they are written in the same
transaction as the records they come from, and hold nothing that is not in one.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
from functools import cache
from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import JournalDamagedError, JournalError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION = 0x7464_6A6C  # "tdjl"
VERSION = 1
# Pages of the write-ahead log at which SQLite itself would move them, within a commit, before
# anything is sent. It never comes to that where :meth:`.Journal.tidy` is called between commits.
MOST_PAGES = 20_000
# Bytes that the log is given before anything waits for it. A disk is done sooner with what is
# written over than with a file that grows, whose new length has to be written, too.
RESERVED = 16 << 20
# SQLite's file format, 4.1: the log's header has the size of a page and a salt, that of each of
# its pages the same salt.
_LOG_HEAD = struct.Struct(">8xI4x8s")
_LOG_BEGINS = 32
_FRAME = struct.Struct(">8x8s")
_FRAME_BEGINS = 24

_TABLES = """
CREATE TABLE records (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, link BLOB NOT NULL);
CREATE TABLE checkpoints (
    seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, body BLOB NOT NULL, link BLOB NOT NULL,
    digest BLOB NOT NULL
);
CREATE TABLE fills (
    instrument TEXT NOT NULL, trade_id TEXT NOT NULL, seq INTEGER NOT NULL,
    mark INTEGER NOT NULL, PRIMARY KEY (instrument, trade_id)
) WITHOUT ROWID;
CREATE TABLE ended (key INTEGER PRIMARY KEY, body BLOB NOT NULL, mark BLOB NOT NULL);
CREATE TABLE names (name TEXT PRIMARY KEY, key INTEGER NOT NULL) WITHOUT ROWID;
"""


# Most rows that are added with one statement, which takes half the time of one after another.
AT_ONCE = 128


def insert(
    connection: sqlite3.Connection,
    table: str,
    width: int,
    cells: list[Any],
    *,
    replace: bool = False,
) -> None:
    """Add rows to a table, within a transaction that is rolled back whole if this fails.

    So SQLite need not be ready to take back a single statement, for which it would copy every page
    before it is changed: names, which come in no order, take a quarter of the time.

    Args:
        connection: Where.
        table: One of ours.
        width: Cells in a row.
        cells: Those of all rows, one after another.
        replace: Whether rows take the place of those that have their key; otherwise there are none.
    """
    first, rows = 0, AT_ONCE
    while first < len(cells):
        part = cells[first : first + rows * width]
        if len(part) < rows * width:
            rows //= 2
            continue
        first += len(part)
        verb = "IGNORE" if replace else "FAIL"
        added = connection.execute(_statement(verb, table, width, rows), part).rowcount
        if added < rows:
            connection.execute(_statement("REPLACE", table, width, rows), part)


@cache
def _statement(verb: str, table: str, width: int, rows: int) -> str:
    row = "(" + ", ".join("?" * width) + ")"
    return f"INSERT OR {verb} INTO {table} VALUES " + ", ".join([row] * rows)  # noqa: S608 - our own names


@contextlib.contextmanager
def guarded(path: Path, doing: str) -> Iterator[None]:
    """Turn what SQLite or the disk raises into errors of ours, with the file and what was done.

    Raises:
        JournalDamagedError: If the file is not what SQLite wrote.
        JournalError: If it could not be read or written.
    """
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        text = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise JournalError(
            f"{doing} {path} failed: {text}",
            hint="see whether the disk is full or failing; nothing that was not written was sent",
        ) from error
    except sqlite3.DatabaseError as error:
        raise JournalDamagedError(
            f"{path} is damaged, found when {doing} it: {error}",
            hint="restore it from a copy, or open it with repair to keep what comes before",
        ) from error


def open_writable(path: Path) -> sqlite3.Connection:
    """Open a journal for its one writer, made anew where there is none.

    Raises:
        JournalError: If the file is no journal, or of another version.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with guarded(path, "opening"):
        if not path.exists():
            _make(path)
        return _opened(path)


def _make(path: Path) -> None:
    """Make an empty journal beside its place, so that nobody ever sees half of one."""
    fresh = path.with_name(path.name + ".new")
    for suffix in ("", "-wal", "-shm"):  # of a process that was killed here
        fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_RDWR | os.O_CREAT, 0o600))
    try:
        _opened(fresh).close()
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=80)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of an empty file, or see that they are ours."""
    is_new = connection.execute("PRAGMA schema_version").fetchone()[0] == 0
    if not is_new:
        check_form(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {MOST_PAGES}")
    if is_new:
        connection.execute("BEGIN IMMEDIATE")
        for statement in filter(str.strip, _TABLES.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")


def reserve_log(path: Path) -> None:
    """Give a journal that is open the log it will need; SQLite ends the log at the first zeros.

    Nothing depends on it but how long a commit waits, so a disk that refuses is left alone, and
    given back what it had room for.
    """
    with contextlib.suppress(OSError):
        log = os.open(path.with_name(path.name + "-wal"), os.O_WRONLY | os.O_CLOEXEC)
        try:
            _fill(log)
        finally:
            os.close(log)


def _fill(log: int) -> None:
    before = size = os.fstat(log).st_size
    try:
        while size < RESERVED:
            size += os.pwrite(log, bytes(min(RESERVED - size, 1 << 20)), size)
        os.fsync(log)
    except OSError:
        os.ftruncate(log, before)
        raise


def log_holds(path: Path, pages: int) -> bool:
    """Whether a journal's write-ahead log holds so many pages.

    Once all of it has been moved it is written over from its beginning, so that the length of the
    file says nothing. What belongs to it carries the salt that its header has now.

    Args:
        path: The journal.
        pages: At least one.

    Raises:
        OSError: If the log could not be read.
    """
    try:
        log = os.open(path.with_name(path.name + "-wal"), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        head = os.pread(log, _LOG_HEAD.size, 0)
        if len(head) < _LOG_HEAD.size:
            return False
        size, salt = _LOG_HEAD.unpack(head)
        frame = os.pread(log, _FRAME.size, _LOG_BEGINS + (pages - 1) * (_FRAME_BEGINS + size))
        return len(frame) == _FRAME.size and _FRAME.unpack(frame)[0] == salt
    finally:
        os.close(log)


def open_readable(path: Path) -> sqlite3.Connection:
    """Open a journal to look at it, beside whoever writes it.

    Raises:
        NotFoundError: If there is none.
        JournalError: If the file is no journal, or of another version.
    """
    if not path.exists():
        raise NotFoundError(
            f"there is no journal {path}", hint="tradectl paper start begins a session"
        )
    with guarded(path, "opening"):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        try:
            check_form(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def check_form(connection: sqlite3.Connection, path: Path) -> None:
    """See that a file is a journal of this version.

    Raises:
        JournalError: If it is not.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION:
        raise JournalDamagedError(f"{path} is not a journal of tradectl")
    if version != VERSION:
        raise JournalError(
            f"{path} is a journal of version {version}, expected {VERSION}",
            hint="it was written by another version of tradectl-sdk",
        )
