"""Starting, supervising and stopping the processes of a session."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.messages.control import AskStatus, Done, NodeStatus, StopNode
from tradectl_sdk.errors import (
    AccountInUseError,
    DeadlineError,
    InternalError,
    NotFoundError,
    TradectlError,
    error_classes,
)
from tradectl_sdk.nodes.control import ask
from tradectl_sdk.nodes.running import run_node, stopping_on_signals
from tradectl_sdk.nodes.session_folder import NODES, read_json
from tradectl_sdk.nodes.supervisor import RestartRules, Supervisor
from tradectl_sdk.nodes.supervisor.core import FAILED, HALTED, RUNNING, STOPPED
from tradectl_sdk.nodes.supervisor.launching import ProcessLauncher
from tradectl_sdk.pipelines.sessions.lines import HOST
from tradectl_sdk.pipelines.sessions.telling import telling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.pipelines.sessions.parts import OpenSession

SECOND = 1_000_000_000
SUPERVISOR = "supervisor"
_START = 180.0  # seconds a detached session is given until all its processes run
_POLL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """How a session ended.

    Attributes:
        state: ``stopped``, ``finished``, ``failed`` or ``halted``.
        text: Why.
    """

    state: str
    text: str


async def supervise(
    session: OpenSession, *, changed: Callable[[str], None] = lambda _: None
) -> SessionEnd:
    """Run the processes of a session until it ends.

    Args:
        session: The session; also one that was running before, whose processes are taken over.
        changed: Told the session's state whenever it is another.

    Raises:
        AccountInUseError: If it has a supervisor already.
    """
    section = session.settings.session
    session.folder.make_run_folder()
    boss = Supervisor(
        session.folder,
        ProcessLauncher(session.folder),
        RestartRules(
            most=section.restarts,
            window=int(section.restart_window_seconds * SECOND),
            stop_time=int(section.stop_seconds * SECOND),
        ),
        # Orders have to be looked after without a strategy, too; a replay is pointless without
        dispensable=frozenset() if session.plan.replay else frozenset({HOST}),
        on_failure="halted" if section.on_failure == "halt" else "reducing",
    )
    async with telling(session, boss.core.describe):
        watching = asyncio.create_task(_watch(boss, changed))
        try:
            with stopping_on_signals(boss):
                await run_node(boss, session.folder.socket("supervisor.sock"))
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    session.folder.leave_run_folder()
    changed(boss.core.state)
    return SessionEnd(state=boss.core.state, text=boss.core.text)


async def _watch(boss: Supervisor, changed: Callable[[str], None]) -> None:
    """Pass on every change of the session's state."""
    before = ""
    while True:
        if boss.core.state != before:
            before = boss.core.state
            changed(before)
        await asyncio.sleep(_POLL)


def start_detached(session: OpenSession) -> int:
    """Start a session in the background and return its supervisor's process, once all run.

    Raises:
        TradectlError: What kept it from starting.
        DeadlineError: If it did not start in time; it is stopped then.
    """
    folder = session.folder
    folder.make_run_folder()
    (folder.path / "state.json").unlink(missing_ok=True)
    with folder.log("supervisor").open("ab") as log:
        boss = subprocess.Popen(  # noqa: S603 - this Python, this package
            [sys.executable, "-m", "tradectl_sdk.pipelines.supervise", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=dict(os.environ),
        )
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        state = str(folder.state().get("state", ""))
        if state == RUNNING:
            return _let_go(boss)
        if boss.poll() is not None:
            raise_end(folder)
            return boss.pid  # over already, as a short replay may be
        time.sleep(_POLL)
    boss.terminate()
    raise DeadlineError(
        f"session {folder.id} did not start within {_START:g} s", hint=f"tradectl logs {folder.id}"
    )


def _let_go(boss: subprocess.Popen[bytes]) -> int:
    """Have nothing to do with a process any more, but fetch its end if we live to see it."""
    threading.Thread(target=_fetch, args=(boss.pid,), daemon=True).start()
    boss.returncode = 0  # what Popen would complain about is meant
    return boss.pid


def _fetch(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def raise_end(folder: SessionFolder) -> None:
    """Raise what a session failed of, if it did.

    Raises:
        TradectlError: Of the class that fits.
    """
    state = folder.state()
    if not state:
        raise InternalError(
            f"session {folder.id} ended before it began", hint=f"tradectl logs {folder.id}"
        )
    if state.get("state") not in {FAILED, HALTED}:
        return
    for node in NODES:
        with contextlib.suppress(NotFoundError):
            words = read_json(folder.last_words(node))
            raise _error(words, node)
    raise InternalError(str(state.get("text")), hint=f"tradectl logs {folder.id}")


def _error(words: Mapping[str, Any], node: str) -> TradectlError:
    """Make the error again that ended a node."""
    text = f"the {node}: {words['text']}"
    for cls in error_classes():
        if cls.code == words.get("code"):
            with contextlib.suppress(TypeError):  # one that is made of more than words
                return cls(text, hint=words["hint"])
    return InternalError(text, hint=words["hint"])


def is_running(folder: SessionFolder) -> bool:
    """Say whether a session has a supervisor that answers."""
    try:
        ask(folder.socket("supervisor.sock"), AskStatus(), NodeStatus, seconds=2.0)
    except TradectlError:
        return False
    return True


def stop_session(folder: SessionFolder, *, seconds: float = 60.0) -> dict[str, Any]:
    """Stop a session in good order and return how it ended; orders stay as they are.

    Args:
        folder: The session; also one whose supervisor was killed and whose nodes still run.
        seconds: How long to wait for the end, of each node where there is no supervisor.

    Raises:
        NotFoundError: If it does not run.
        DeadlineError: If it has not stopped in time.
    """
    try:
        _stop(folder, SUPERVISOR, seconds)
    except NotFoundError:
        if (state := _stop_orphans(folder, seconds)) is None:
            raise
        return state
    return folder.state()


def _stop(folder: SessionFolder, node: str, seconds: float) -> None:
    socket = folder.socket(f"{node}.sock")
    ask(socket, StopNode(), Done, seconds=5.0)
    deadline = time.monotonic() + seconds
    while socket.exists():
        if time.monotonic() > deadline:
            raise DeadlineError(
                f"session {folder.id} has not stopped within {seconds:g} s",
                hint=f"tradectl logs {folder.id}",
            )
        time.sleep(_POLL)


def _stop_orphans(folder: SessionFolder, seconds: float) -> dict[str, Any] | None:
    """Stop nodes whose supervisor is gone, in its place; None where there are none."""
    stopped = []
    try:
        with folder.supervised():
            for node in reversed(NODES):
                with contextlib.suppress(NotFoundError):
                    _stop(folder, node, seconds)
                    stopped.append(node)
            if stopped:
                before = folder.state()
                nodes = {
                    name: {**node, "state": "ended", "pid": 0}
                    for name, node in before.get("nodes", {}).items()
                }
                text = "asked to, without its supervisor"
                folder.write_state({**before, "state": STOPPED, "text": text, "nodes": nodes})
    except AccountInUseError:
        return None  # somebody has begun to run it just now
    folder.leave_run_folder()
    return folder.state() if stopped else None
