"""The journal of a study in a file: one writer, and a line for each entry."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec

from tradectl_sdk.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ENCODER = msgspec.json.Encoder(enc_hook=float)  # numbers of NumPy are floats, too
_PATIENCE = 0.25  # seconds between two times that the disk is asked to keep what it was given


class JournalFile:
    """The journal of a study whose folder is locked by this process.

    A process that is killed loses nothing that was written; a machine that loses its power keeps
    all but what came in the last quarter of a second or since the last :meth:`flush`, and in the
    milliseconds its disk takes: trials go on meanwhile.

    Args:
        path: The file. What stands after its last whole line is cut off: it was being written
            when its process died, and nobody was told of it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._added: list[bytes] = []
        self._changed, self._forced = False, 0.0
        self._forcing: threading.Thread | None = None
        self._failed: OSError | None = None
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
        """Write what was added, and now and then have the disk keep it, without waiting for that.

        Raises:
            DataError: If it cannot be written.
            OSError: If the disk did not keep what it was given before.
        """
        self.write()
        self._raise_if_failed()
        busy = self._forcing is not None and self._forcing.is_alive()
        if self._changed and not busy and time.monotonic() - self._forced >= _PATIENCE:
            self._changed, self._forced = False, time.monotonic()
            self._forcing = threading.Thread(target=self._force, name="tradectl-journal")
            self._forcing.start()

    def _force(self) -> None:
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            self._failed = error

    def _raise_if_failed(self) -> None:
        if self._failed is not None:
            raise self._failed

    def close(self) -> None:
        """Let go of the file, when the disk has all that was written.

        Raises:
            OSError: If it has not.
        """
        try:
            if self._forcing is not None:
                self._forcing.join()
            if self._changed:
                self._force()
            self._raise_if_failed()
        finally:
            self._file.close()
