"""The nodes of a session as processes: what each of them does from its first line to its last."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.control import AskStatus, NodeStatus
from tradectl_sdk.errors import ExitStatus, InternalError, TradectlError, UsageError
from tradectl_sdk.keys import Redactor, ScrubbedStream
from tradectl_sdk.nodes import garbage
from tradectl_sdk.nodes.control import Connection
from tradectl_sdk.nodes.deferred import Deferred
from tradectl_sdk.nodes.descriptors import allow_most
from tradectl_sdk.nodes.epochs import next_epoch
from tradectl_sdk.nodes.host.node import end_process
from tradectl_sdk.nodes.precedence import run_first
from tradectl_sdk.nodes.running import run_node, stopping_on_signals
from tradectl_sdk.nodes.session_folder import SessionFolder, write_json
from tradectl_sdk.pipelines.sessions.executor_part import (
    SwitchedAtStart,
    make_executor,
    wanted_switch,
)
from tradectl_sdk.pipelines.sessions.lines import EXECUTOR, GATEWAY, HOST, ZeroMQLines
from tradectl_sdk.pipelines.sessions.opening import open_session
from tradectl_sdk.pipelines.sessions.parts import holding_account, make_gateway, make_host

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tradectl_sdk.nodes.running import Node
    from tradectl_sdk.pipelines.sessions.parts import OpenSession

LOG = logging.getLogger("tradectl.nodes")
FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s"
_PAUSE = 0.0005  # seconds between two rounds of questions while a replay waits for the others


def run_process(role: str, folder: SessionFolder, *, alone: bool = False) -> int:
    """Run one node of a session until it ends, and return the exit status.

    Args:
        role: ``gateway``, ``executor`` or ``host``.
        folder: The session.
        alone: Whether it runs without a supervisor, as on another machine.
    """
    if role not in _MAKERS:
        raise UsageError(f"node was {role!r}, expected {', '.join(_MAKERS)}")
    redactor = Redactor()
    log_to_stderr(redactor)
    allow_most()
    try:
        session = open_session(folder)
        if session.settings.session.realtime:
            run_first()
        asyncio.run(_run(role, session, redactor, alone=alone))
    except TradectlError as error:
        return _give_up(folder, role, error, redactor)
    except BaseExceptionGroup as group:
        return _give_up(folder, role, _cause(group), redactor)
    except Exception as error:  # noqa: BLE001 - the last stop; nothing of it is lost
        return _give_up(folder, role, error, redactor)
    return int(ExitStatus.OK)


async def _run(role: str, session: OpenSession, redactor: Redactor, *, alone: bool) -> None:
    folder = session.folder
    folder.make_run_folder()
    grace = None if alone else session.settings.session.orphan_seconds
    with contextlib.ExitStack() as held:
        if role == GATEWAY:
            _guard_keys(redactor)
            held.enter_context(holding_account(session))
        node = Deferred(role, lambda: _made(role, session, redactor))
        with stopping_on_signals(node):
            await run_node(node, folder.socket(f"{role}.sock"), orphan_grace=grace)
        if role == HOST and node.node is not None and (text := node.node.failed):  # type: ignore[attr-defined]
            raise _StrategyFailed(text)


async def _made(role: str, session: OpenSession, redactor: Redactor) -> Node:
    """Make a node, and spare the collector of garbage what was needed for that."""
    node = await _MAKERS[role](session, redactor)
    garbage.spare()
    return node


def _guard_keys(redactor: Redactor) -> None:
    """Keep the keys that this process is going to hold inside it."""
    from tradectl_sdk.nodes.gateway.hardening import seal_process

    for missing in seal_process():
        LOG.warning("%s", missing)
    sys.stdout = ScrubbedStream(sys.stdout, redactor)
    sys.stderr = ScrubbedStream(sys.stderr, redactor)


# What each node is made of ----------------------------------------------------------------------


async def _gateway(session: OpenSession, redactor: Redactor) -> Node:
    epoch = next_epoch(session.folder.epoch(GATEWAY))
    lines = ZeroMQLines(session.folder, session.settings)
    others = Neighbours(session.folder)
    return make_gateway(
        session, lines, epoch, others=others.statuses, redactor=redactor, pause=_PAUSE
    )


async def _executor(session: OpenSession, _redactor: Redactor) -> Node:
    epoch = next_epoch(session.folder.epoch(EXECUTOR))
    executor = make_executor(session, ZeroMQLines(session.folder, session.settings), epoch)
    wish = wanted_switch(session)
    return executor if wish is None else SwitchedAtStart(executor, wish, session)


async def _host(session: OpenSession, _redactor: Redactor) -> Node:
    epoch = next_epoch(session.folder.epoch(HOST))
    lines = ZeroMQLines(session.folder, session.settings)
    return await make_host(session, lines, epoch, on_hang=partial(_hung, session.folder))


def _hung(folder: SessionFolder, text: str) -> None:
    """Leave a few words for the supervisor, and end a process whose main thread cannot."""
    first, _, _ = text.partition("\n")
    _leave_words(folder, HOST, int(ExitStatus.USAGE), "", first, "tradectl logs shows where")
    end_process(text)


_MAKERS: Mapping[str, Callable[[OpenSession, Redactor], Awaitable[Node]]] = {
    GATEWAY: _gateway,
    EXECUTOR: _executor,
    HOST: _host,
}


class Neighbours:
    """Asks executor and host how they are, over their control sockets.

    Args:
        folder: The session.
    """

    def __init__(self, folder: SessionFolder) -> None:
        self._folder = folder
        self._connections: dict[str, Connection] = {}

    async def statuses(self) -> Mapping[str, NodeStatus]:
        """Return how they are; whoever does not answer is left out."""
        found = {}
        for name in (EXECUTOR, HOST):
            status = await self._ask(name)
            if status is not None:
                found[name] = status
        return found

    async def _ask(self, name: str) -> NodeStatus | None:
        try:
            if name not in self._connections:
                path = self._folder.socket(f"{name}.sock")
                self._connections[name] = await Connection.open(path)
            answer = await self._connections[name].ask(AskStatus(), seconds=5.0)
        except OSError:
            connection = self._connections.pop(name, None)
            if connection is not None:
                await connection.close()
            await asyncio.sleep(0.05)
            return None
        return answer if isinstance(answer, NodeStatus) else None


# The beginning and the end ----------------------------------------------------------------------


def log_to_stderr(redactor: Redactor, level: int = logging.INFO) -> None:
    """Write the log to standard error, which the supervisor sends to a file, without secrets."""
    handler = logging.StreamHandler()
    formatter = logging.Formatter(FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    redactor.watch(handler)
    root = logging.getLogger("tradectl")
    root.addHandler(handler)
    root.setLevel(level)
    root.propagate = False


class _StrategyFailed(Exception):  # noqa: N818 - told by the host already
    """The strategy failed; the host has said so to the executor."""


def _cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first thing that went wrong in a group of tasks."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


def _give_up(folder: SessionFolder, role: str, error: BaseException, redactor: Redactor) -> int:
    """Leave a few words for the supervisor, and the whole story in the log."""
    if isinstance(error, TradectlError):
        status, text, hint = int(error.exit_status), error.message, error.hint
        LOG.error("the %s ends: %s", role, text, exc_info=isinstance(error, InternalError))
    elif isinstance(error, _StrategyFailed):
        status, text, hint = int(ExitStatus.USAGE), str(error), ""
    elif isinstance(error, OSError):
        status, hint = int(ExitStatus.DATA), "check the space and the permissions of the disk"
        text = f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")
        LOG.error("the %s ends: %s", role, text, exc_info=error)
    else:
        status, hint = int(ExitStatus.BUG), "tradectl logs has the traceback"
        text = f"{type(error).__name__}: {error}"
        LOG.critical("the %s ends", role, exc_info=error)
    code = error.code if isinstance(error, TradectlError) else ""
    _leave_words(folder, role, status, code, redactor.scrub(text), redactor.scrub(hint))
    return status


def _leave_words(
    folder: SessionFolder, role: str, status: int, code: str, text: str, hint: str
) -> None:
    words = {"status": status, "code": code, "text": text, "hint": hint}
    with contextlib.suppress(OSError):
        write_json(folder.last_words(role), words)


def main(words: list[str]) -> int:
    """Run a node: its role, and its session's folder."""
    if len(words) != 2:
        sys.stderr.write("usage: python -m tradectl_sdk.pipelines.node ROLE FOLDER\n")
        return int(ExitStatus.USAGE)
    return run_process(words[0], SessionFolder(Path(words[1])))
