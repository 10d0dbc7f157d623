"""One writer at a time, readers always: a lock file that dies with its process."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from tradectl_sdk.errors import DeadlineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLL = 0.05  # seconds

if os.name == "nt":  # pragma: no cover - exercised on Windows only
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def writer_lock(path: Path, *, timeout: float = 10.0) -> Iterator[None]:
    """Hold an exclusive lock on a file; the operating system drops it when the process ends.

    Args:
        path: The lock file; created, never removed.
        timeout: Seconds to wait for another writer.

    Raises:
        DeadlineError: If another process still holds it after that time.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + timeout
        while True:
            try:
                _try_lock(descriptor)
                break
            except OSError as error:
                if time.monotonic() >= deadline:
                    raise DeadlineError(
                        f"another process was still writing to {path.parent} after {timeout:g} s",
                        hint="wait for the other import to finish, then try again",
                    ) from error
                time.sleep(_POLL)
        yield
    finally:
        os.close(descriptor)
