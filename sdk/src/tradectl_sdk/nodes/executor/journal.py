"""The executor's memory on disk: SQLite in WAL mode, synchronised in full at every commit.

One writer at a time, readers always. A commit is one transaction with one wait for the disk,
however many records it holds. When it fails the executor stops: what was not written is not sent,
and a failed disk is not asked again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from tradectl_sdk.data.locking import writer_lock
from tradectl_sdk.errors import (
    DeadlineError,
    JournalDamagedError,
    JournalError,
    JournalLockedError,
)
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.chain import START, Head, follow, follow_all
from tradectl_sdk.nodes.executor.order import Order
from tradectl_sdk.nodes.executor.recovery import recover
from tradectl_sdk.nodes.executor.schema import (
    guarded,
    insert,
    log_holds,
    open_writable,
    reserve_log,
)
from tradectl_sdk.nodes.executor.state import State, digest
from tradectl_sdk.nodes.failpoints import failpoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CHECKPOINT_EVERY = 20_000  # records
# Pages of the log: with the most that a commit and a checkpoint usually add before it is looked at
# again, it stays within what was reserved for it.
TIDY_EVERY = 2_400
_INSERT = "INSERT INTO records VALUES (?, ?, ?)"
_ORDER_ENCODER = msgspec.msgpack.Encoder()
_ORDER_DECODER = msgspec.msgpack.Decoder(Order)


class Journal:
    """A journal that is open for writing.

    Attributes:
        path: The file; beside it lie SQLite's own, ``.lock`` and ``.head``.
        state: What the journal said when it was opened; whoever steps the core owns it then.
        seq: Number of the last record.
    """

    def __init__(self, path: Path, *, repair: bool = False, every: int = CHECKPOINT_EVERY) -> None:
        """Open a journal, made anew where there is none, and read it.

        Args:
            path: The file.
            repair: Set aside what comes after damage instead of refusing; a person's decision.
            every: Records between checkpoints.

        Raises:
            JournalLockedError: If another executor has it open.
            JournalDamagedError: If it is not what was written, and ``repair`` is not given.
            JournalError: If it cannot be opened.
        """
        self.path = path
        self.seq = 0
        self._every = every
        self._untidy = False  # whether anything was written since the log was looked at
        self._kept = 0  # pages that the log had when it was moved last, and may still have
        self._broken = False
        self._open = contextlib.ExitStack()
        try:
            with guarded(path, "opening"):
                self._lock()
                self._head = Head(_beside(path, ".head"))
            self._open.callback(self._head.close)
            self._connect()
            self._recover(repair=repair)
        except BaseException:
            self._open.close()
            raise

    # Opening ---------------------------------------------------------------------------------

    def _lock(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _beside(self.path, ".lock")
        try:
            self._open.enter_context(writer_lock(lock, timeout=0.0))
        except DeadlineError as error:
            holder = lock.read_text(encoding="utf-8").strip() or "unknown"
            raise JournalLockedError(
                f"journal {self.path} is open in process {holder}",
                hint="one executor per account; tradectl ps shows what is running",
            ) from error
        lock.write_text(f"{os.getpid()}\n", encoding="utf-8")

    def _connect(self) -> None:
        self._connection = open_writable(self.path)
        self._open.callback(self._connection.close)

    def _recover(self, *, repair: bool) -> None:
        with guarded(self.path, "reading"):
            found = recover(self._connection)
        damage = found.damage or self._missing_end(found.seq, found.link)
        self.state, self.seq, self._link = found.state, found.seq, found.link
        self._since = found.since
        if not damage:
            return
        if not repair:
            raise JournalDamagedError(
                f"{self.path} is damaged: {damage}",
                hint=f"open it with repair to keep the {found.seq} records before",
            )
        self._set_aside(damage)

    def _missing_end(self, seq: int, link: bytes) -> str:
        """Return what the head says is missing, if it knows of more than there is."""
        head = self._head.read()
        if head is None:
            return ""
        if head[0] > seq:
            return f"it ends at record {seq}, and {head[0]} had been written"
        if head[0] == seq and head[1] != link:
            return f"record {seq} is not the one that had been written"
        return ""

    def _set_aside(self, damage: str) -> None:
        """Keep a copy of the damaged file, and cut the journal after the last sound record."""
        for suffix in ("", "-wal"):
            source = _beside(self.path, suffix)
            if source.exists():
                shutil.copy2(source, _beside(self.path, f".damaged-{self.seq}{suffix}"))
        with guarded(self.path, "repairing"), self._transaction():
            for table in ("records", "checkpoints", "fills"):
                self._connection.execute(f"DELETE FROM {table} WHERE seq > ?", (self.seq,))  # noqa: S608 - our own names
            self._forget_later_ends()
        self.commit([of.Repaired(0, self.seq, damage)])

    def _forget_later_ends(self) -> None:
        """Let go of orders that left memory after the last sound record."""
        book = self.state.book
        gone = [(key,) for key in book.orders]
        for table in ("ended", "names"):
            self._connection.execute(f"DELETE FROM {table} WHERE key >= ?", (book.next_key,))  # noqa: S608
            self._connection.executemany(f"DELETE FROM {table} WHERE key = ?", gone)  # noqa: S608

    # Writing ---------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _transaction(self):  # type: ignore[no-untyped-def]
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def commit(self, records: Sequence[of.Record]) -> None:
        """Write records down; when this returns they survive anything but the disk itself.

        Raises:
            JournalError: If they could not be written. Nothing may be sent then, ever again:
                the executor stops.
        """
        if not records:
            return
        if self._broken:
            raise JournalError(f"{self.path} failed before and is not written to any more")
        bodies = [of.encode(record) for record in records]
        links = follow_all(self._link, bodies)
        numbers = range(self.seq + 1, self.seq + 1 + len(records))
        # SQLite's module would look for adapters of bytes, which a bytearray is spared
        rows = zip(numbers, map(bytearray, bodies), map(bytearray, links), strict=True)
        fills: list[Any] = []
        forgotten: list[Order] = []
        for seq, record in zip(numbers, records, strict=True):
            if isinstance(record, of.Booked):
                fills += record.instrument, record.trade_id, seq, record.digest
            elif isinstance(record, of.Forgot):
                forgotten += record.orders
        self._broken = True  # until it has gone well
        with guarded(self.path, "writing"):
            with self._transaction():
                insert(self._connection, "records", 3, [*chain.from_iterable(rows)])
                insert(self._connection, "fills", 4, fills, replace=True)
                self._index(forgotten)
            self._advance(numbers[-1], links[-1])
        self._broken = False
        self._since += len(records)
        self._untidy = True

    def reserve(self) -> None:
        """Make commits quick from the first one on; for those that orders will wait for."""
        reserve_log(self.path)

    def tidy(self) -> None:
        """Move what the write-ahead log holds to its place, if that is much.

        To be called when nobody waits for a commit: it takes several waits for the disk. Nothing
        depends on it but the size of the log.

        Raises:
            JournalError: If the disk refused.
        """
        if not self._untidy:
            return
        self._untidy = False
        with guarded(self.path, "tidying"):
            if self._kept and not log_holds(self.path, self._kept):
                self._kept = 0  # it has begun anew
            if log_holds(self.path, self._kept + TIDY_EVERY):
                found = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                self._kept = found[1]  # for as long as somebody reads in it

    def _advance(self, seq: int, link: bytes) -> None:
        self.seq, self._link = seq, link
        self._head.write(seq, link)

    def _index(self, ended: list[Order]) -> None:
        """Let orders that have left memory be found by their names."""
        bodies: list[Any] = []
        for order in ended:
            body = _ORDER_ENCODER.encode(order)
            bodies += order.key, bytearray(body), bytearray(mark_of(body))
        insert(self._connection, "ended", 3, bodies, replace=True)
        names = sorted((name, order.key) for order in ended for name in names_of(order))
        insert(self._connection, "names", 2, [*chain.from_iterable(names)], replace=True)

    # Checkpoints -----------------------------------------------------------------------------

    @property
    def wants_checkpoint(self) -> bool:
        """Whether so much has been written since the last checkpoint that a start would wait."""
        return self._since >= self._every

    def checkpoint(self, state: State, time: int) -> None:
        """Keep a whole state, so that a start reads only what comes after it.

        Raises:
            JournalError: If it could not be written.
        """
        body = state.encoded()
        mark = digest(body)
        record = of.encode(of.Checkpointed(time, self.seq, mark))
        link = follow(self._link, record)
        failpoint("executor.checkpoint.begun")
        self._broken = True
        with guarded(self.path, "writing"), self._transaction():
            execute = self._connection.execute
            execute(
                "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?)",
                (self.seq, time, body, self._link, mark),
            )
            execute(_INSERT, (self.seq + 1, record, link))
            execute(
                "DELETE FROM checkpoints WHERE seq NOT IN "
                "(SELECT seq FROM checkpoints ORDER BY seq DESC LIMIT 2)"
            )
            failpoint("executor.checkpoint.written")
        self._since, self._untidy = 1, True
        with guarded(self.path, "writing"):
            self._advance(self.seq + 1, link)
        self._broken = False
        failpoint("executor.checkpoint.committed")

    def prune(self, before: int) -> int:
        """Delete records that no start and no view of orders and fills needs any more.

        Args:
            before: Only records older than the last checkpoint before this time go.

        Returns:
            How many were deleted.
        """
        with guarded(self.path, "pruning"), self._transaction():
            row = self._connection.execute(
                "SELECT max(seq) FROM checkpoints WHERE time < ?", (before,)
            ).fetchone()
            cursor = self._connection.execute(
                "DELETE FROM records WHERE seq <= ? AND seq NOT IN (SELECT seq FROM fills)",
                (row[0] or 0,),
            )
            return cursor.rowcount

    # What has left memory --------------------------------------------------------------------

    def trade(self, instrument: str, trade_id: str) -> int | None:
        """Return the digest of a trade that was booked, None if there is none."""
        with guarded(self.path, "reading"):
            row = self._connection.execute(
                "SELECT mark FROM fills WHERE instrument = ? AND trade_id = ?",
                (instrument, trade_id),
            ).fetchone()
        return None if row is None else row[0]

    def order(self, instrument: str, client_id: str, venue_id: str) -> Order | None:
        """Return an order that has left memory, by either of its names."""
        names = [client_id] if client_id else []
        if venue_id:
            names.append(f"{instrument} {venue_id}")
        for name in names:
            with guarded(self.path, "reading"):
                row = self._connection.execute(
                    "SELECT key, body, mark FROM names JOIN ended USING (key) WHERE name = ?",
                    (name,),
                ).fetchone()
            if row is not None:
                return read_order(self.path, *row)
        return None

    def close(self) -> None:
        """Close the file and let go of the lock."""
        self._open.close()


def names_of(order: Order) -> list[str]:
    """Return the names by which a venue may still speak of an order."""
    names = []
    for client_id, venue_id in (*order.earlier, (order.client_id, order.venue_id)):
        if client_id:
            names.append(client_id)
        if venue_id:
            names.append(f"{order.instrument} {venue_id}")
    return names


def mark_of(body: bytes) -> bytes:
    """Return what an order's bytes are checked by."""
    return hashlib.blake2b(body, digest_size=8).digest()


def read_order(path: Path, key: int, body: bytes, mark: bytes) -> Order:
    """Return an order from its row.

    Raises:
        JournalDamagedError: If the row is not what was written.
    """
    try:
        if mark_of(body) == mark:
            order: Order = _ORDER_DECODER.decode(body)
            return order
    except msgspec.DecodeError:
        pass
    raise JournalDamagedError(f"{path} is damaged: ended order {key} is not what was written")


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


__all__ = ["START", "Journal"]
