"""Reading a journal as it grows, beside whoever writes it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from tradectl_sdk.errors import JournalDamagedError
from tradectl_sdk.nodes.executor.recovery import all_records, recover
from tradectl_sdk.nodes.executor.schema import guarded, open_readable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tradectl_sdk.nodes.executor.records import Record
    from tradectl_sdk.nodes.executor.state import State


class JournalTail:
    """The records after a place, each once, in order.

    Attributes:
        state: The state after the records read so far; at first, after all there were.
        seq: Number of the record read last.

    Args:
        path: The file.
        after: Number of the record after which to begin; None for the present end.

    Raises:
        NotFoundError: If there is no journal.
        JournalDamagedError: If it is not what was written.
    """

    def __init__(self, path: Path, after: int | None = None) -> None:
        self._path = path
        self._connection = open_readable(path)
        try:
            with guarded(path, "reading"):
                found = recover(self._connection)
        except BaseException:
            self._connection.close()
            raise
        if found.damage:
            self._connection.close()
            raise JournalDamagedError(f"{path} is damaged: {found.damage}")
        self.state: State = found.state
        self._applied = found.seq
        self.seq = found.seq if after is None else min(after, found.seq)

    def read(self) -> Iterator[tuple[int, Record]]:
        """Yield what was written since; the state is that after the record yielded, or later.

        Raises:
            JournalDamagedError: If it is not what was written.
        """
        with guarded(self._path, "reading"):
            try:
                for seq, record in all_records(self._connection, self.seq):
                    if seq > self._applied:
                        self.state.apply(record)
                        self._applied = seq
                    self.seq = seq
                    yield seq, record
            except (msgspec.DecodeError, RuntimeError, KeyError) as error:
                raise JournalDamagedError(
                    f"{self._path} is damaged after record {self.seq}: {error}"
                ) from error

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(Exception):
            self._connection.close()
