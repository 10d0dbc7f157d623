"""Keys in files that nobody else may read."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tradectl_sdk.errors import CredentialError
from tradectl_sdk.keys.entry import KeyEntry, from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIVATE = 0o600
OTHERS = stat.S_IRWXG | stat.S_IRWXO
MOST_BYTES = 65_536


def read_private(path: Path) -> str:
    """Read a file that only its owner may read.

    Raises:
        CredentialError: If it is missing, somebody else may read it, or it belongs to somebody
            else.
    """
    try:
        with path.open("rb") as file:
            _check(os.fstat(file.fileno()), path)
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CredentialError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise CredentialError(f"{path} is larger than any key, expected {MOST_BYTES} bytes at most")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise CredentialError(f"{path} is no text, expected UTF-8") from None


def _check(found: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise CredentialError(f"{path} is no ordinary file")
    if os.name == "nt":
        return  # access is a matter of the folder's list there
    if found.st_mode & OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        raise CredentialError(
            f"{path} has mode {mode:04o}, expected 0600: others can read the key",
            hint=f"chmod 600 {path}; if others had access to this machine, replace the key",
        )
    if found.st_uid not in {os.geteuid(), 0}:
        raise CredentialError(f"{path} belongs to somebody else, who can change it")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # mkstemp makes it with mode 0600 from the first moment on
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


class FileKeys:
    """A folder with a file for each key, mode 0600."""

    kind = "file"
    writable = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, name: str) -> KeyEntry | None:
        """Return a key, or None when there is no file for it."""
        path = self._path(name)
        if not path.exists():
            return None
        return from_text(read_private(path), str(path))

    def save(self, entry: KeyEntry) -> None:
        """Store a key, replacing the one of that name."""
        write_private(self._path(entry.name), to_text(entry))

    def remove(self, name: str) -> bool:
        """Forget a key; say whether there was one. The bytes on the disk may stay for a while."""
        path = self._path(name)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            return True
        return False

    def names(self) -> Iterator[str]:
        """Yield the names of all keys, sorted."""
        if self.folder.is_dir():
            yield from sorted(path.stem for path in self.folder.glob("*.json"))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"
