"""Nodes as processes: started, adopted when they still run, watched, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tradectl_sdk.bus.messages.control import Adopt, AskStatus, NodeStatus
from tradectl_sdk.errors import ExitStatus, NotFoundError, TradectlError
from tradectl_sdk.nodes.control import Connection
from tradectl_sdk.nodes.session_folder import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.bus.messages.control import FromNode, ToNode
    from tradectl_sdk.nodes.session_folder import SessionFolder

_POLL = 0.02  # seconds between two attempts to speak to a node that starts
_START = 60.0  # seconds a node is given until it can be spoken to
_ANSWER = 5.0


class NodeHandle(Protocol):
    """A node that runs.

    Attributes:
        pid: Its process.
        adopted: Whether it ran before this supervisor did.
    """

    pid: int
    adopted: bool

    async def wait(self) -> tuple[int, str]:
        """Return its exit status, and the error that ended it, when it has ended."""

    def terminate(self) -> None:
        """Ask it to stop in good order."""

    def kill(self) -> None:
        """End it."""

    async def ask(self, question: ToNode, *, seconds: float = _ANSWER) -> FromNode:
        """Ask it something.

        Raises:
            OSError: If it does not answer.
        """


class Launcher(Protocol):
    """Starts nodes."""

    async def launch(self, node: str) -> NodeHandle:
        """Start a node, or adopt it if it still runs.

        Raises:
            LaunchError: If it could not be started, or ended before it could be spoken to.
        """


class LaunchError(Exception):
    """A node could not be started, or ended before it could be spoken to.

    Attributes:
        status: Its exit status.
        text: The error that ended it.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class ProcessHandle:
    """A node in a process of its own, started by us or by an earlier supervisor."""

    def __init__(
        self,
        folder: SessionFolder,
        node: str,
        pid: int,
        connection: Connection,
        process: asyncio.subprocess.Process | None,
    ) -> None:
        self.pid = pid
        self.adopted = process is None
        self._folder = folder
        self._node = node
        self._connection = connection
        self._process = process

    async def wait(self) -> tuple[int, str]:
        """Return its exit status, and the error that ended it, when it has ended."""
        if self._process is not None:
            status = await self._process.wait()
        else:
            await self._connection.gone()
            while _is_running(self.pid):  # noqa: ASYNC110 - nobody tells of a stranger's end
                await asyncio.sleep(_POLL)
            status = _last_words(self._folder, self._node)[0]
        await self._connection.close()
        return status, _last_words(self._folder, self._node)[1] if status else ""

    def terminate(self) -> None:
        """Ask it to stop in good order."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    async def ask(self, question: ToNode, *, seconds: float = _ANSWER) -> FromNode:
        """Ask it something."""
        return await self._connection.ask(question, seconds=seconds)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


class ProcessLauncher:
    """Starts nodes as processes of this Python.

    Args:
        folder: The session.
        command: What runs a node; its name and the session's folder are added.
        environment: For every node; the gateway alone gets what may hold keys.
    """

    def __init__(
        self,
        folder: SessionFolder,
        command: Sequence[str] = (sys.executable, "-m", "tradectl_sdk.pipelines.node"),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._command = tuple(command)
        self._environment = dict(os.environ if environment is None else environment)

    async def launch(self, node: str) -> NodeHandle:
        """Start a node, or adopt it if it still runs."""
        running = await self._connect(node)
        if running is not None:
            return ProcessHandle(self._folder, node, running[1], running[0], None)
        self._folder.last_words(node).unlink(missing_ok=True)
        process = await self._spawn(node)
        deadline = time.monotonic() + _START
        while process.returncode is None and time.monotonic() < deadline:
            found = await self._connect(node)
            if found is not None:
                return ProcessHandle(self._folder, node, process.pid, found[0], process)
            await asyncio.sleep(_POLL)
        if process.returncode is None:
            process.kill()
            await process.wait()
            raise LaunchError(-signal.SIGKILL, f"could not be spoken to within {_START:g} s")
        raise LaunchError(process.returncode, _last_words(self._folder, node)[1])

    async def _spawn(self, node: str) -> asyncio.subprocess.Process:
        try:
            with self._folder.log(node).open("ab") as log:
                return await asyncio.create_subprocess_exec(
                    *self._command,
                    node,
                    str(self._folder.path),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=environment_for(node, self._environment),
                    start_new_session=True,  # Ctrl-C is for the supervisor, which stops in order
                )
        except OSError as error:  # no memory, processes or files are left; there may be again
            raise LaunchError(
                int(ExitStatus.BUG), f"no process could be started: {error.strerror}"
            ) from error

    async def _connect(self, node: str) -> tuple[Connection, int] | None:
        try:
            connection = await Connection.open(self._folder.socket(f"{node}.sock"))
        except OSError:
            return None
        status = None
        with contextlib.suppress(OSError):
            await connection.ask(Adopt(supervisor=os.getpid()), seconds=_ANSWER)
            status = await connection.ask(AskStatus(), seconds=_ANSWER)
        if isinstance(status, NodeStatus):
            return connection, status.pid
        await connection.close()
        return None


def environment_for(node: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a node may know of an environment: no secrets unless it is the gateway."""
    if node == "gateway":
        return dict(environment)
    return {name: value for name, value in environment.items() if not _may_be_secret(name)}


def _may_be_secret(name: str) -> bool:
    words = ("KEY", "SECRET", "TOKEN", "PASSW", "PASSPHRASE", "CREDENTIAL")
    return any(word in name.upper() for word in words)


def _last_words(folder: SessionFolder, node: str) -> tuple[int, str]:
    """Return exit status and text of the error that ended a node; 1 and nothing if it left none."""
    try:
        found = read_json(folder.last_words(node))
    except NotFoundError:
        return 1, ""
    except TradectlError as error:
        return 1, error.message
    return int(found["status"]), str(found["text"])


def _is_running(pid: int) -> bool:
    """Say whether a process lives; one that has ended and that nobody fetched does not."""
    try:
        os.kill(pid, 0)
        if sys.platform == "linux":
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
            return stat.rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
    except ProcessLookupError:
        return False
    except PermissionError:  # pragma: no cover - another user's process has taken the number
        return False
    return True
