"""One gateway per account on a machine: two would spend one budget and fight over one account."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tradectl_sdk.errors import AccountInUseError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = "tradectl-accounts"


def lock_folder() -> Path:
    """Return the folder that all users of the machine share for this."""
    shared = Path("/tmp")  # noqa: S108 - has to be the same for everybody, whatever TMPDIR says
    usable = sys.platform != "win32" and os.access(shared, os.W_OK)
    return (shared if usable else Path(tempfile.gettempdir())) / _FOLDER


@contextlib.contextmanager
def account_lock(venue: str, fingerprint: str, holder: str, *, folder: Path) -> Iterator[None]:
    """Hold an account; the operating system lets go of it when the process ends, however it does.

    Args:
        venue: The exchange's name.
        fingerprint: What tells its accounts apart without giving a key away; for paper accounts
            the path of the ledger.
        holder: What the other one is to be told: the session's id.
        folder: Where the lock files are, :func:`lock_folder` for all of a machine.

    Raises:
        AccountInUseError: If a gateway holds it already.
    """
    name = hashlib.blake2b(f"{venue}\n{fingerprint}".encode(), digest_size=16).hexdigest()
    descriptor = _open(folder, f"{name}.lock")
    try:
        _lock(descriptor, venue)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{holder} (process {os.getpid()})".encode())
        yield
    finally:
        os.close(descriptor)


def _open(folder: Path, name: str) -> int:
    folder.mkdir(exist_ok=True)
    with contextlib.suppress(PermissionError):  # somebody else made it, and opened it to all
        folder.chmod(0o1777)
    path = folder / name
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise AccountInUseError(f"{folder} was no folder, so accounts cannot be locked")
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        descriptor = os.open(path, flags | os.O_CREAT, 0o666)
        with contextlib.suppress(PermissionError):
            path.chmod(0o666)  # nothing but who holds it is in there
        return descriptor


def _lock(descriptor: int, venue: str) -> None:
    try:
        if sys.platform == "win32":  # pragma: no cover - exercised on Windows only
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        other = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "another process"
        raise AccountInUseError(
            f"the account at {venue} is in use by {other}",
            hint="one gateway per account; tradectl ps shows what runs",
        ) from error
