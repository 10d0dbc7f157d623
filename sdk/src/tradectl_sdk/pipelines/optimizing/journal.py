"""Optuna's journal in a file of ours: one writer, one flush to the disk a trial.

Imported on use: it needs Optuna.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from optuna.storages.journal import BaseJournalBackend

from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class JournalFile(BaseJournalBackend):
    """The journal of a study whose folder is locked by this process.

    A process that is killed loses nothing that was appended; a machine that loses its power keeps
    all trials up to the last :meth:`flush`.

    Args:
        path: The file. What stands after its last whole line is cut off: it was being written
            when its process died, and nobody was told of it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        content = path.read_bytes() if path.exists() else b""
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(path, whole)
        self._logs: list[dict[str, Any]] = [json.loads(x) for x in content[:whole].splitlines()]
        self._changed = False
        self._file = path.open("ab", buffering=0)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the entries from a number on."""
        yield from self._logs[log_number_from:]

    def append_logs(self, logs: Iterable[dict[str, Any]]) -> None:
        """Write entries, for whoever reads after this process was killed."""
        lines = [json.dumps(each, separators=(",", ":")) for each in logs]
        try:
            self._file.write("".join(f"{line}\n" for line in lines).encode())
        except OSError as error:
            raise DataError(
                f"a trial could not be written down: {error.strerror}",
                hint=f"check the space and the permissions of {self._path.parent}",
            ) from error
        self._logs += [json.loads(line) for line in lines]
        self._changed = True

    def flush(self) -> None:
        """Wait until the disk has all that was written."""
        if self._changed:
            os.fsync(self._file.fileno())
            self._changed = False

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
