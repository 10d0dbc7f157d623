"""A whole session in one process, on one event loop: the same nodes, joined by memory."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.control import Declined, NodeStatus
from tradectl_sdk.errors import ExitStatus, StrategyError
from tradectl_sdk.keys import Redactor
from tradectl_sdk.nodes.deferred import Deferred
from tradectl_sdk.nodes.epochs import next_epoch
from tradectl_sdk.nodes.running import run_node
from tradectl_sdk.nodes.session_folder import NODES
from tradectl_sdk.pipelines.sessions.executor_part import make_executor
from tradectl_sdk.pipelines.sessions.lines import EXECUTOR, GATEWAY, HOST, InProcessLines
from tradectl_sdk.pipelines.sessions.parts import holding_account, make_gateway, make_host
from tradectl_sdk.pipelines.sessions.telling import telling

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.bus.messages.control import FromNode, ToNode
    from tradectl_sdk.nodes.running import Node
    from tradectl_sdk.pipelines.sessions.parts import OpenSession


class InProcessSession:
    """A session's nodes in this process.

    Args:
        session: The session.
        redactor: Learns the secrets of the account.
    """

    def __init__(self, session: OpenSession, redactor: Redactor | None = None) -> None:
        self.session = session
        self._redactor = redactor or Redactor()
        self._nodes: dict[str, Node] = {}
        self._stopping = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def stop(self) -> None:
        """Ask the session to stop in good order: host, executor, gateway."""
        self._stopping.set()

    def statuses(self) -> dict[str, NodeStatus]:
        """Say how the nodes are that run."""
        return {name: node.status() for name, node in self._nodes.items()}

    async def run(self) -> bool:
        """Run the session until it is stopped, or until its replay is over.

        Returns:
            Whether it was stopped.

        Raises:
            AccountInUseError: If somebody runs it already.
            StrategyError: If the strategy failed.
            TradectlError: Whatever ended a node.
        """
        folder = self.session.folder
        folder.make_run_folder()
        try:
            with folder.supervised(), holding_account(self.session):
                self._make()
                async with telling(self.session, folder.state):
                    return await self._run_to_the_end()
        finally:
            folder.leave_run_folder()

    async def _run_to_the_end(self) -> bool:
        try:
            await run_node(_Whole(self), self.session.folder.socket("supervisor.sock"))
        except BaseException as error:
            self._write_state("failed", str(error))
            raise
        stopped = self._stopping.is_set()
        self._write_state("stopped" if stopped else "finished", "")
        return stopped

    async def run_nodes(self) -> None:
        """Run the nodes until one of them ends or the session is stopped."""
        folder = self.session.folder
        self._tasks = {
            name: asyncio.create_task(run_node(node, folder.socket(f"{name}.sock")))
            for name, node in self._nodes.items()
        }
        self._write_state("running", "")
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait(
                [stopping, *self._tasks.values()], return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            stopping.cancel()
            await self._end(self._tasks)
        self._raise_failure(self._tasks)

    def _write_state(self, state: str, text: str) -> None:
        """Write down what ``tradectl ps`` shows; a full disk must not end a session."""
        node = {"state": state, "pid": os.getpid(), "text": "", "since": 0, "restarts": 0}
        nodes = dict.fromkeys(self._nodes, node)
        time = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        values = {"state": state, "text": text, "nodes": nodes, "supervisor": os.getpid()}
        with contextlib.suppress(OSError):
            self.session.folder.write_state({**values, "time": time})

    def _make(self) -> None:
        folder = self.session.folder
        gateway, executor, host = (next_epoch(folder.epoch(name)) for name in NODES)
        lines = InProcessLines(folder.id, (gateway, executor, host))
        nodes = self._nodes

        async def others() -> Mapping[str, NodeStatus]:
            return {name: nodes[name].status() for name in (EXECUTOR, HOST) if name in nodes}

        nodes[GATEWAY] = make_gateway(
            self.session, lines, gateway, others=others, redactor=self._redactor
        )
        nodes[EXECUTOR] = make_executor(self.session, lines, executor)
        nodes[HOST] = Deferred(HOST, lambda: make_host(self.session, lines, host))

    async def _end(self, tasks: Mapping[str, asyncio.Task[None]]) -> None:
        """Stop host, executor and gateway, each when the one before it has ended."""
        patience = self.session.settings.session.stop_seconds
        for name in (HOST, EXECUTOR, GATEWAY):
            if not tasks[name].done():
                self._nodes[name].stop()
                await asyncio.wait([tasks[name]], timeout=patience)
            tasks[name].cancel()
            await asyncio.gather(tasks[name], return_exceptions=True)

    def _raise_failure(self, tasks: Mapping[str, asyncio.Task[None]]) -> None:
        for task in tasks.values():
            if not task.cancelled() and (error := task.exception()) is not None:
                raise _innermost(error)
        host = self._nodes[HOST].node  # type: ignore[attr-defined]
        failed = host.failed if host is not None else ""
        if failed:
            raise StrategyError(
                f"{self.session.plan.name} failed: {failed}",
                hint=f"{self.session.folder.record} has the traceback",
            )


class _Whole:
    """A session as a node, so that it can be asked and stopped from outside."""

    def __init__(self, session: InProcessSession) -> None:
        self._session = session
        self.stop = session.stop
        self.run = session.run_nodes

    def status(self) -> NodeStatus:
        """Say that it runs."""
        return NodeStatus(name="supervisor", pid=os.getpid(), epoch=1, state="running")

    async def answer(self, request: ToNode) -> FromNode:
        """Decline: whatever a supervisor can be asked, every node can."""
        return Declined(
            status=int(ExitStatus.USAGE),
            text=f"a supervisor does not answer {type(request).__name__}",
        )


def _innermost(error: BaseException) -> BaseException:
    """Return what a group of one error is about."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
