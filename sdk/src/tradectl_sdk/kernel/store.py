"""Compiled units on disk: one file each, named by the fingerprint of all it was made from.

A file is written beside its place and moved there, so that two processes at once are safe; it
carries its own checksum, so that a damaged one is a miss. Where the cache folder cannot be
written, a private folder among the temporary files takes its place.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from tradectl_sdk.kernel.program import Program, RaiseSite

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = b"tradectl kernel 1\n"
_SUFFIX = ".kernel"
_KEPT = 200
_ABANDONED = 3600.0  # seconds after which another process's unfinished file is litter


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """What there is to say about the cache of compiled units.

    Attributes:
        path: The folder new units go to.
        writable: False when none can be kept, so that every process compiles anew.
        fallback: True when the folder is among the temporary files.
        units: Number of units stored there.
        size: Their size in bytes.
    """

    path: Path
    writable: bool
    fallback: bool
    units: int
    size: int


def cache_status() -> CacheStatus:
    """Look at the cache as it is now."""
    wanted, spare = folders()
    usable = next((folder for folder in (wanted, spare) if _writable(folder)), None)
    path = usable or wanted
    sizes = [size for _, size, _ in _units(path)]
    return CacheStatus(path, usable is not None, path == spare, len(sizes), sum(sizes))


def folders() -> tuple[Path, Path]:
    """Return the cache folder and the one that takes its place when it cannot be written."""
    chosen = os.environ.get("TRADECTL_CACHE_DIR") or platformdirs.user_cache_dir("tradectl")
    user = str(os.getuid()) if hasattr(os, "getuid") else "user"
    return Path(chosen) / "kernels", Path(tempfile.gettempdir()) / f"tradectl-{user}" / "kernels"


def load(key: str) -> Program | None:
    """Return a stored unit, or None when there is none that is whole."""
    wanted, spare = folders()
    for folder in (wanted, spare):
        path = folder / f"{key}{_SUFFIX}"
        with contextlib.suppress(OSError):
            if folder == spare and not _private(spare):
                continue
            program = _decode(path.read_bytes())
            if program is not None:
                with contextlib.suppress(OSError):
                    os.utime(path)  # the least recently used ones are dropped first
                return program
    return None


def save(key: str, program: Program) -> None:
    """Store a unit if there is anywhere to store it."""
    folder = next((folder for folder in folders() if _writable(folder)), None)
    if folder is None:
        return
    with contextlib.suppress(OSError):
        handle, temporary = tempfile.mkstemp(suffix=".part", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_encode(program))
            Path(temporary).replace(folder / f"{key}{_SUFFIX}")
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
        _prune(folder)


def _encode(program: Program) -> bytes:
    header = json.dumps(
        {
            "entry": program.entry,
            "symbols": program.symbols,
            "raises": [astuple(site) for site in program.raises],
            "stored": sorted(program.stored),
            "returns": program.returns,
            "merges": program.merges,
        }
    ).encode()
    body = len(header).to_bytes(8, "little") + header + program.code
    return _MAGIC + hashlib.sha256(body).digest() + body


def _decode(data: bytes) -> Program | None:
    start = len(_MAGIC) + 32
    body = data[start:]
    if not data.startswith(_MAGIC) or hashlib.sha256(body).digest() != data[len(_MAGIC) : start]:
        return None
    size = int.from_bytes(body[:8], "little")
    header = json.loads(body[8 : 8 + size])
    return Program(
        code=body[8 + size :],
        entry=header["entry"],
        symbols=tuple(header["symbols"]),
        raises=tuple(RaiseSite(*site) for site in header["raises"]),
        stored=frozenset((number, name) for number, name in header["stored"]),
        returns=header["returns"],
        merges=tuple((one, other) for one, other in header["merges"]),
    )


def _writable(folder: Path) -> bool:
    """Make the folder if need be, and try whether a file can be made in it."""
    with contextlib.suppress(OSError):
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder == folders()[1] and not _private(folder):
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    return False


def _private(folder: Path) -> bool:
    """Return True when nobody else can put machine code into a folder below a shared one."""
    if not hasattr(os, "getuid"):
        return True
    found = folder.parent.lstat()
    return (
        not folder.parent.is_symlink()
        and found.st_uid == os.getuid()
        and not (found.st_mode & 0o022)
    )


def _units(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Yield time of last use, size and path of every unit."""
    with contextlib.suppress(OSError):
        for path in folder.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(OSError):
                found = path.stat()
                yield found.st_mtime, found.st_size, path


def _prune(folder: Path) -> None:
    """Keep the units used last, and no litter of processes that died while writing."""
    for _, _, path in sorted(_units(folder), reverse=True)[_KEPT:]:
        path.unlink(missing_ok=True)
    for path in folder.glob("*.part"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED:
                path.unlink(missing_ok=True)
