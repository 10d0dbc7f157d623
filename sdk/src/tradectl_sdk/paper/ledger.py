"""The ledger of a paper venue in one SQLite file.

Each step is one transaction, so a process that is killed at any point leaves the step before or
the step itself, never a part of it. The write-ahead log is not synced at every commit: a killed
process loses nothing by that, a power failure may lose the last steps, and paper money bears it.
The file belongs to one process at a time.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import msgspec

from tradectl_sdk.errors import ExchangeError
from tradectl_sdk.paper.records import OrderRecord, TradeRecord, VenueState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tradectl_sdk.paper.records import Changes

VERSION = 1
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS orders (
    number INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL,
    instrument TEXT NOT NULL,
    ended INTEGER NOT NULL,
    time INTEGER NOT NULL,
    record BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_by_client_id ON orders (client_id, number);
CREATE INDEX IF NOT EXISTS orders_working ON orders (number) WHERE ended = 0;
CREATE INDEX IF NOT EXISTS orders_of_instrument ON orders (instrument, ended, time);
CREATE TABLE IF NOT EXISTS trades (
    number INTEGER PRIMARY KEY,
    instrument TEXT NOT NULL,
    time INTEGER NOT NULL,
    record BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS trades_of_instrument ON trades (instrument, time);
CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY CHECK (one = 1), record BLOB NOT NULL);
PRAGMA user_version = {VERSION};
"""
_encode = msgspec.msgpack.Encoder().encode
_order = msgspec.msgpack.Decoder(OrderRecord).decode
_trade = msgspec.msgpack.Decoder(TradeRecord).decode
_state = msgspec.msgpack.Decoder(VenueState).decode


class SqliteLedger:
    """A paper venue's orders, trades and balances in a file.

    Raises:
        ExchangeError: If the file is no ledger, is damaged, or belongs to another process now.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = path
        try:
            # A writer waits for nobody: whoever holds the file holds it for a whole session.
            self._connection = sqlite3.connect(path, timeout=0, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def _prepare(self) -> None:
        run = self._connection.execute
        (version,) = run("PRAGMA user_version").fetchone()
        if version not in {0, VERSION}:
            self._connection.close()
            raise ExchangeError(
                f"version of the ledger {self._path} was {version}, expected {VERSION}",
                hint="use the tradectl that wrote it, or another ledger",
            )
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run("BEGIN EXCLUSIVE")
        run("COMMIT")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def state(self) -> VenueState | None:
        """Return the latest state, None when the ledger is new."""
        row = self._connection.execute("SELECT record FROM state").fetchone()
        return None if row is None else _state(row[0])

    def write(self, changes: Changes) -> None:
        """Make a step durable.

        Raises:
            ExchangeError: If it could not be; nothing of it was kept.
        """
        run = self._connection.execute
        try:
            run("BEGIN")
            for order in changes.orders:
                run(
                    "INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        order.number,
                        order.ticket.client_id,
                        order.ticket.instrument,
                        int(order.ended),
                        order.time,
                        _encode(order),
                    ),
                )
            for trade in changes.trades:
                run(
                    "INSERT INTO trades VALUES (?, ?, ?, ?)",
                    (trade.number, trade.report.instrument, trade.known, _encode(trade)),
                )
            run("INSERT OR REPLACE INTO state VALUES (1, ?)", (_encode(changes.state),))
            run("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                run("ROLLBACK")
            raise self._trouble(error) from error

    def working(self) -> list[OrderRecord]:
        """Return the orders that have not ended, by number."""
        return self._orders("ended = 0 ORDER BY number", ())

    def by_number(self, number: int) -> OrderRecord | None:
        """Find an order by the venue's number."""
        return next(iter(self._orders("number = ?", (number,))), None)

    def by_client_id(self, client_id: str) -> OrderRecord | None:
        """Find the newest order of a client id."""
        found = self._orders("client_id = ? ORDER BY number DESC LIMIT 1", (client_id,))
        return next(iter(found), None)

    def ended(self, instrument: str, since: int) -> list[OrderRecord]:
        """Return the orders of an instrument that ended since a time, by number."""
        return self._orders(
            "instrument = ? AND ended = 1 AND time >= ? ORDER BY number", (instrument, since)
        )

    def orders(self, instrument: str, first: int, most: int) -> list[OrderRecord]:
        """Return at most so many orders of an instrument from a number on, or the newest."""
        found = self._orders(
            f"instrument = ? AND number >= ? ORDER BY number {_limit(first, most)}",
            (instrument, first),
        )
        return sorted(found, key=lambda order: order.number)

    def trades(self, instrument: str, since: int, first: int, most: int) -> list[TradeRecord]:
        """Return trades of an instrument, oldest first."""
        rows = self._connection.execute(
            "SELECT record FROM trades WHERE instrument = ? AND time >= ? AND number >= ? "  # noqa: S608 - of constants and an integer
            f"ORDER BY number {_limit(first, most)}",
            (instrument, since, first),
        )
        return sorted((_trade(row[0]) for row in rows), key=lambda trade: trade.number)

    def _orders(self, where: str, values: Iterable[str | int]) -> list[OrderRecord]:
        query = f"SELECT record FROM orders WHERE {where}"  # noqa: S608 - where is a constant
        return [_order(row[0]) for row in self._connection.execute(query, tuple(values))]

    def _trouble(self, error: sqlite3.Error) -> ExchangeError:
        busy = "locked" in str(error)
        return ExchangeError(
            f"the ledger {self._path} could not be used: {error}",
            hint="another process has it open; stop that one, or name another ledger"
            if busy
            else "check that the file is a ledger and that its disk has room",
        )


def _limit(first: int, most: int) -> str:
    """End of a query for the first page from a number on, or for the newest rows."""
    if most <= 0:
        return ""
    return f"LIMIT {most:d}" if first > 0 else f"DESC LIMIT {most:d}"
