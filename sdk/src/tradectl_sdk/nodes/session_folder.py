"""Where a session lives on disk: what it is, what it is doing, its sockets, logs, journal, record.

::

    .tradectl/sessions/p-3f9a1c/     0700
        session.json                 what was started; written once
        settings.json                the settings in force when it was started; written once
        state.json                   what the supervisor sees; written at every change
        supervisor.lock              held by the supervisor
        gateway.log ...              one log per process
        gateway.epoch ...            how many lives each has had
        switch.json                  where the kill switch is to go, until the executor knows
        journal.sqlite               the executor's
        paper.sqlite                 the paper venue's ledger
        session.record               what the session saw
        run -> /tmp/...              control and bus sockets, where paths have to be short
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.errors import (
    AccountInUseError,
    DataError,
    NotFoundError,
    UsageError,
    did_you_mean,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NODES: Final = ("gateway", "executor", "host")
LONGEST_SOCKET: Final = 100  # bytes of a path; the system takes 104 to 108
_PREFIX: Final = {"paper": "p", "live": "l"}


class SessionFolder:
    """The folder of one session.

    Args:
        path: The folder; its name is the session's id.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def id(self) -> str:
        """The session's id, such as ``p-3f9a1c``."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """The executor's journal."""
        return self.path / "journal.sqlite"

    @property
    def ledger(self) -> Path:
        """The ledger of the paper venue."""
        return self.path / "paper.sqlite"

    @property
    def record(self) -> Path:
        """What the session saw."""
        return self.path / "session.record"

    def log(self, node: str) -> Path:
        """The log of a process: a node's, or ``supervisor``."""
        return self.path / f"{node}.log"

    def epoch(self, node: str) -> Path:
        """The file that counts a node's lives."""
        return self.path / f"{node}.epoch"

    def last_words(self, node: str) -> Path:
        """Where a node leaves the error that ended it."""
        return self.path / f"{node}.error.json"

    def keys(self, node: str) -> Path:
        """The node's key on the bus, for a session over TCP; it goes to its machine only."""
        return self.path / "keys" / f"{node}-{node}.keys"

    def socket(self, name: str) -> Path:
        """A socket, such as ``gateway.sock``."""
        return (self.path / "run").resolve() / name

    @property
    def switch_wish(self) -> Path:
        """Where the kill switch is to go, as long as no executor has been told."""
        return self.path / "switch.json"

    # What it is and does -----------------------------------------------------------------------

    def manifest(self) -> dict[str, Any]:
        """Read what was started.

        Raises:
            DataError: If that cannot be read.
        """
        return read_json(self.path / "session.json")

    def settings(self) -> dict[str, Any]:
        """Read the settings that were in force."""
        return read_json(self.path / "settings.json")

    def state(self) -> dict[str, Any]:
        """Read what the supervisor saw last; empty before its first word."""
        try:
            return read_json(self.path / "state.json")
        except NotFoundError:
            return {}

    @contextlib.contextmanager
    def supervised(self) -> Iterator[None]:
        """Be the only one who runs the session; the lock dies with the process.

        Raises:
            AccountInUseError: If somebody runs it already.
        """
        import fcntl

        with (self.path / "supervisor.lock").open("a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise AccountInUseError(
                    f"session {self.id} has a supervisor already",
                    hint=f"tradectl status {self.id}",
                ) from error
            yield

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Replace what the supervisor sees, whole or not at all."""
        write_json(self.path / "state.json", state)

    def make_run_folder(self) -> None:
        """Make the folder of the sockets, elsewhere if the paths would be too long for them."""
        link = self.path / "run"
        if len(os.fsencode(link.absolute() / "executor-orders.sock")) <= LONGEST_SOCKET:
            link.mkdir(mode=0o700, exist_ok=True)
        elif not link.is_dir():
            link.unlink(missing_ok=True)
            link.symlink_to(tempfile.mkdtemp(prefix="tradectl-"))  # mkdtemp makes it 0700
        link.resolve().chmod(0o700)

    def leave_run_folder(self) -> None:
        """Take that folder away again where it is elsewhere, once no node runs any more.

        Sockets and their locks go with it. What somebody else has put there stays, and so does the
        folder then, or while somebody runs the session.
        """
        link = self.path / "run"
        if link.is_symlink():
            with contextlib.suppress(AccountInUseError, OSError), self.supervised():
                for file in link.iterdir():
                    if file.is_socket() or file.suffix == ".lock":
                        file.unlink()
                link.resolve().rmdir()
                link.unlink()


class Sessions:
    """The folder of all sessions of a project.

    Args:
        root: The folder; made with the first session.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(
        self, manifest: Mapping[str, Any], settings: Mapping[str, Any], *, mode: str
    ) -> SessionFolder:
        """Make the folder of a new session.

        Args:
            manifest: What is started; its id and mode are added.
            settings: The settings in force.
            mode: ``paper`` or ``live``.

        Raises:
            DataError: If the disk refuses.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            while True:
                path = self.root / f"{_PREFIX[mode]}-{secrets.token_hex(3)}"
                try:
                    path.mkdir(mode=0o700)
                    break
                except FileExistsError:
                    continue
            folder = SessionFolder(path)
            write_json(path / "settings.json", settings)
            write_json(path / "session.json", {**manifest, "id": folder.id, "mode": mode})
        except OSError as error:
            raise DataError(
                f"the session could not be written to {self.root}: {error.strerror}",
                hint="check the space and the permissions there",
            ) from error
        return folder

    def list(self) -> list[SessionFolder]:
        """Return all sessions, the newest first."""
        return sorted(self._folders(), key=_started, reverse=True)

    def find(self, reference: str) -> SessionFolder:
        """Return the session of an id or a unique beginning of one.

        Raises:
            NotFoundError: If there is none.
            UsageError: If it fits several.
        """
        known = {folder.id: folder for folder in self._folders()}
        fitting = [known[reference]] if reference in known else []
        fitting = fitting or [one for name, one in known.items() if name.startswith(reference)]
        if not fitting:
            near = did_you_mean(reference, known)
            raise NotFoundError(
                f"there is no session {reference!r}", hint=near or "tradectl ps --all lists them"
            )
        if len(fitting) > 1:
            names = ", ".join(sorted(one.id for one in fitting))
            raise UsageError(f"{reference!r} fits several sessions: {names}")
        return fitting[0]

    def _folders(self) -> Iterator[SessionFolder]:
        if self.root.is_dir():
            for path in self.root.iterdir():
                if (path / "session.json").is_file():
                    yield SessionFolder(path)


def read_json(path: Path) -> dict[str, Any]:
    """Read a file of ours.

    Raises:
        NotFoundError: If it is not there.
        DataError: If it holds something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no {path}") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} could not be read: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} held a {type(found).__name__}, expected an object")
    return found


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a file so that a reader sees the old content or the new, and a power cut one of them.

    Raises:
        OSError: If the disk refuses; the old content stays.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(values, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _started(folder: SessionFolder) -> str:
    try:
        return str(folder.manifest().get("created", ""))
    except (DataError, NotFoundError):
        return ""
