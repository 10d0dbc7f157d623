"""Where nodes meet: a socket in a folder of their user's, or a TCP port guarded by keys."""

from __future__ import annotations

import fcntl
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tradectl_sdk.errors import BusError

# What a socket's path may have at most, with room for its end; the kernel's limit is 108 on Linux.
_LONGEST: Final = 100


@dataclass(frozen=True)
class Address:
    """An address of one socket.

    Attributes:
        url: ``ipc://`` and a path, or ``tcp://``, host and port; port 0 takes a free one.
    """

    url: str

    def __post_init__(self) -> None:
        """Refuse what is neither.

        Raises:
            BusError: If it is no address.
        """
        if self.path is not None and len(os.fsencode(self.path)) > _LONGEST:
            raise BusError(
                f"the path of a socket was {len(str(self.path))} bytes long, "
                f"expected at most {_LONGEST}: {self.path}",
                hint="use a shorter folder, such as one under /run or /tmp",
            )
        host, _, port = self.url.removeprefix("tcp://").rpartition(":")
        is_tcp = self.url.startswith("tcp://") and host and port.isdigit() and int(port) < 1 << 16
        if self.path is None and not is_tcp:
            raise BusError(
                f"address was {self.url!r}, expected ipc:// and a path or tcp://HOST:PORT"
            )

    @classmethod
    def local(cls, folder: Path, name: str) -> Address:
        """Return the address of a socket in a folder."""
        return cls(f"ipc://{folder.absolute() / name}")

    @classmethod
    def tcp(cls, host: str, port: int) -> Address:
        """Return the address of a TCP port."""
        return cls(f"tcp://{host}:{port}")

    @property
    def path(self) -> Path | None:
        """Where the socket is, None for TCP."""
        is_local = self.url.startswith("ipc:///")
        return Path(self.url.removeprefix("ipc://")) if is_local else None

    def prepare(self, *, is_guarded: bool, for_binding: bool) -> None:
        """Make sure that nobody else can meet us there.

        Args:
            is_guarded: Whether whoever comes has to have a key.
            for_binding: Whether the folder may be made.

        Raises:
            BusError: If the folder is open to others, or if it is TCP without keys.
        """
        if self.path is not None:
            if for_binding:
                make_private(self.path.parent)
            check_private(self.path.parent)
        elif not is_guarded:
            raise BusError(
                f"{self.url} was to be used without keys, expected keys for anything but ipc://",
                hint="generate_keys makes the keys of a session",
            )


class Claim:
    """The right to listen at an address of one machine, for as long as this process holds it.

    A socket in a folder is replaced by whoever binds its path next, without a word to the one who
    had it; so there is a lock beside it, which dies with its holder.

    Args:
        address: In a folder that exists; a TCP port guards itself.

    Raises:
        BusError: If another process listens there.
    """

    def __init__(self, address: Address) -> None:
        self._descriptor: int | None = None
        if address.path is None:
            return
        lock = address.path.with_name(f"{address.path.name}.lock")
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise BusError(
                f"{address.url} cannot be listened on: another process does already",
                hint="another session, or another life of this node, is running there",
            ) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Let others listen there."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@dataclass(frozen=True)
class StreamAddress:
    """The two sockets of a stream.

    Attributes:
        live: Where messages come from.
        snapshot: Where to ask for what was missed.
    """

    live: Address
    snapshot: Address

    @classmethod
    def local(cls, folder: Path, name: str) -> StreamAddress:
        """Return the addresses of a stream's sockets in a folder."""
        return cls(Address.local(folder, name), Address.local(folder, f"{name}.snapshot"))

    @classmethod
    def tcp(cls, host: str, port: int) -> StreamAddress:
        """Return a TCP port and the next one, or two free ones for port 0."""
        return cls(Address.tcp(host, port), Address.tcp(host, port + 1 if port else 0))


def make_private(folder: Path) -> None:
    """Make a folder, and those above it, that only this user may enter."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)


def check_private(folder: Path) -> None:
    """Look whether only this user may enter a folder.

    Raises:
        BusError: If it does not exist, is another user's, or is open to others.
    """
    try:
        found = folder.stat()
    except OSError as error:
        raise BusError(f"the folder {folder} cannot be used: {error.strerror}") from error
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        raise BusError(
            f"the folder {folder} had mode {mode:04o}, expected 0700",
            hint=f"chmod 700 {folder}, once you know who else has been in there",
        )
    if found.st_uid != os.getuid():
        raise BusError(f"the folder {folder} belongs to user {found.st_uid}, expected our own")
