"""From a journal's file to the state it describes, or to the first place that does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.chain import START, follow
from tradectl_sdk.nodes.executor.state import State, digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


@dataclass(slots=True)
class Recovery:
    """What was read.

    Attributes:
        state: The state after the last record that fits.
        seq: Its number.
        link: Its link.
        since: Records read since the checkpoint the reading began at.
        damage: What does not fit, and where; empty when everything does.
    """

    state: State
    seq: int = 0
    link: bytes = START
    since: int = 0
    damage: str = ""


def recover(connection: sqlite3.Connection) -> Recovery:
    """Read a journal from its newest sound checkpoint on, checking every link.

    Raises:
        sqlite3.DatabaseError: If the file itself cannot be read.
    """
    found = _from_checkpoint(connection)
    rows = connection.execute(
        "SELECT seq, body, link FROM records WHERE seq > ? ORDER BY seq", (found.seq,)
    )
    for seq, body, link in rows:
        found.damage = _take(found, seq, body, link)
        if found.damage:
            break
    return found


def _take(found: Recovery, seq: int, body: bytes, link: bytes) -> str:
    """Apply the next record; return what is wrong with it, if anything."""
    if seq != found.seq + 1:
        return f"record {found.seq + 1} is missing"
    if not isinstance(body, bytes) or follow(found.link, body) != link:
        return f"record {seq} is not what was written"
    try:
        record = of.decode(body)
        found.state.apply(record)
    except (msgspec.DecodeError, RuntimeError, KeyError, ValueError) as error:
        return f"record {seq} cannot be read: {error}"
    found.seq, found.link = seq, link
    found.since += 1
    return ""


def _from_checkpoint(connection: sqlite3.Connection) -> Recovery:
    """Begin at the newest checkpoint that is sound; at nothing when there is none."""
    rows = connection.execute(
        "SELECT seq, body, link, digest FROM checkpoints ORDER BY seq DESC"
    ).fetchall()
    for seq, body, link, kept in rows:
        if digest(body) != kept or not _agrees(connection, seq, kept):
            continue
        try:
            return Recovery(State.restored(body), seq, link)
        except (msgspec.DecodeError, KeyError, ValueError):
            continue
    return Recovery(State())


def _agrees(connection: sqlite3.Connection, seq: int, kept: bytes) -> bool:
    """Whether the record that follows a checkpoint names its digest."""
    row = connection.execute("SELECT body FROM records WHERE seq = ?", (seq + 1,)).fetchone()
    if row is None:
        return False
    try:
        record = of.decode(row[0])
    except msgspec.DecodeError:
        return False
    return isinstance(record, of.Checkpointed) and record.digest == kept


def all_records(connection: sqlite3.Connection, after: int = 0) -> Iterator[tuple[int, of.Record]]:
    """Yield what is kept of records with their numbers, the oldest first."""
    rows = connection.execute("SELECT seq, body FROM records WHERE seq > ? ORDER BY seq", (after,))
    for seq, body in rows:
        yield seq, of.decode(body)


def broken_link(connection: sqlite3.Connection) -> str:
    """Follow the chain through everything that is kept; return the first break, if any."""
    before: tuple[int, bytes] | None = None
    for seq, body, link in connection.execute("SELECT seq, body, link FROM records ORDER BY seq"):
        if seq == 1:
            before = (0, START)
        if before is not None and before[0] == seq - 1 and follow(before[1], body) != link:
            return f"record {seq} is not what was written"
        before = (seq, link)
    return ""
