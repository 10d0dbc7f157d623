"""The journal of a study in a file: one writer, and a line for each entry."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import msgspec

from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ENCODER = msgspec.json.Encoder(enc_hook=float)  # numbers of NumPy are floats, too
_PATIENCE = 0.25  # seconds between two times that the disk is waited for, which takes milliseconds


class JournalFile:
    """The journal of a study whose folder is locked by this process.

    A process that is killed loses nothing that was written; a machine that loses its power keeps
    all but what came in the last quarter of a second or since the last :meth:`flush`.

    Args:
        path: The file. What stands after its last whole line is cut off: it was being written
            when its process died, and nobody was told of it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._added: list[bytes] = []
        self._changed, self._forced = False, 0.0
        self._file = path.open("ab", buffering=0)

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield the entries there are.

        Raises:
            ValueError: If a line is none.
        """
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self._path, whole)
        for line in content[:whole].splitlines():
            yield json.loads(line)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Add an entry that may be lost until the next :meth:`write`."""
        self._added.append(_ENCODER.encode(entry) + b"\n")

    def write(self) -> None:
        """Write all that was added, for whoever reads after this process was killed.

        Raises:
            DataError: If it cannot be written.
        """
        if not self._added:
            return
        lines = b"".join(self._added)
        try:
            while lines:  # a disk that is full may take a part of them
                lines = lines[self._file.write(lines) or 0 :]
        except OSError as error:
            raise DataError(
                f"a trial could not be written down: {error.strerror}",
                hint=f"check the space and the permissions of {self._path.parent}",
            ) from error
        self._added.clear()
        self._changed = True

    def flush(self) -> None:
        """Write what was added, and now and then wait until the disk has it."""
        self.write()
        if self._changed and time.monotonic() - self._forced >= _PATIENCE:
            os.fsync(self._file.fileno())
            self._changed, self._forced = False, time.monotonic()

    def close(self) -> None:
        """Let go of the file, when the disk has all that was written."""
        try:
            if self._changed:
                os.fsync(self._file.fileno())
        finally:
            self._file.close()
