"""The supervisor's shell: does what its core says, and writes down what it sees."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import os
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.messages.control import Declined, NodeStatus, SetSwitch
from tradectl_sdk.errors import ExitStatus
from tradectl_sdk.nodes.clock import NodeClock
from tradectl_sdk.nodes.inbox import Inbox
from tradectl_sdk.nodes.session_folder import NODES, write_json
from tradectl_sdk.nodes.supervisor.core import (
    Abandoned,
    Ended,
    Halt,
    Kill,
    Launch,
    Launched,
    RestartRules,
    StopAsked,
    SupervisorCore,
    Terminate,
    Waited,
)
from tradectl_sdk.nodes.supervisor.launching import LaunchError

if TYPE_CHECKING:
    from tradectl_sdk.bus.messages.control import FromNode, ToNode
    from tradectl_sdk.nodes.effects import Effects
    from tradectl_sdk.nodes.session_folder import SessionFolder
    from tradectl_sdk.nodes.supervisor.launching import Launcher, NodeHandle

LOG = logging.getLogger("tradectl.supervisor")


class Supervisor:
    """Keeps the nodes of one session alive; a node itself, so that it can be asked and stopped.

    Args:
        folder: The session.
        launcher: Starts nodes.
        rules: How often one may die.
        dispensable: Nodes without which the session goes on when they have failed for good.
        on_failure: Where the kill switch goes then, ``halted`` or ``reducing``.
    """

    def __init__(
        self,
        folder: SessionFolder,
        launcher: Launcher,
        rules: RestartRules,
        dispensable: frozenset[str] = frozenset(),
        on_failure: str = "halted",
    ) -> None:
        self.folder = folder
        self.core = SupervisorCore(NODES, rules, dispensable)
        self._launcher = launcher
        self._on_failure = on_failure
        self._clock = NodeClock()
        self._inbox = Inbox()
        self._handles: dict[str, NodeHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._halting: asyncio.Task[None] | None = None
        self._started = self._clock.now()

    def stop(self) -> None:
        """Ask for the session's end."""
        self._inbox.put(StopAsked("asked to"))

    async def run(self) -> None:
        """Run the session to its end; how it ended is in ``core.state``.

        Raises:
            AccountInUseError: If another supervisor runs it.
        """
        with self.folder.supervised():
            wake = self._carry_out(self.core.start(self._clock.now()))
            while not self.core.over:
                await self._inbox.wait(None if wake is None else self._seconds_until(wake))
                for event in self._inbox.take() or [Waited()]:
                    wake = self._carry_out(self.core.step(self._clock.now(), event))
                self._write_state()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            LOG.info("the session is %s: %s", self.core.state, self.core.text)

    def status(self) -> NodeStatus:
        """Say how it is."""
        return NodeStatus(
            name="supervisor",
            pid=os.getpid(),
            epoch=1,
            state=self.core.state,
            text=self.core.text,
            started=self._started,
            time=self._clock.now(),
        )

    async def answer(self, request: ToNode) -> FromNode:
        """Decline: whatever a supervisor can be asked, every node can."""
        return Declined(
            status=int(ExitStatus.USAGE),
            text=f"a supervisor does not answer {type(request).__name__}",
        )

    def _seconds_until(self, wake: int) -> float:
        return max(0.0, (wake - self._clock.now()) / 1e9)

    def _carry_out(self, effects: Effects) -> int | None:
        for call in effects.calls:
            if isinstance(call, Launch):
                self._spawn(self._live(call.node))
            elif isinstance(call, Halt):
                self._halting = self._spawn(self._switch("halted", call.text))
            elif isinstance(call, Abandoned):
                self._halting = self._spawn(self._switch(self._on_failure, call.text))
            elif isinstance(call, Terminate):
                self._spawn(self._terminate(call.node))
            elif isinstance(call, Kill) and call.node in self._handles:
                LOG.warning("the %s did not stop and is killed", call.node)
                self._handles[call.node].kill()
        return effects.wake

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _terminate(self, node: str) -> None:
        if self._halting is not None:  # an executor that is gone could not be told any more
            await self._halting
        if node in self._handles:
            LOG.info("stopping the %s", node)
            self._handles[node].terminate()

    async def _live(self, node: str) -> None:
        """Launch a node and tell of its beginning and its end."""
        try:
            handle = await self._launcher.launch(node)
        except LaunchError as error:
            LOG.error("the %s could not be started: %s", node, error.text)  # noqa: TRY400 - a node's own words
            self._inbox.put(Ended(node, error.status, error.text))
            return
        self._handles[node] = handle
        LOG.info("the %s runs as process %d", node, handle.pid)
        self._inbox.put(Launched(node, handle.pid, handle.adopted))
        status, text = await handle.wait()
        del self._handles[node]
        LOG.log(logging.WARNING if status else logging.INFO, "the %s ended: %d", node, status)
        self._inbox.put(Ended(node, status, text))

    async def _switch(self, state: str, text: str) -> None:
        """Move the kill switch: with the executor if it runs, and for its next life if not.

        An executor never lets a machine move it back: what was asked for twice, or is less than
        what it did by itself, changes nothing.
        """
        LOG.error("the kill switch is to be %s: %s", state, text)
        wish = SetSwitch(state=state, text=text)
        try:
            write_json(self.folder.switch_wish, {"state": state, "text": text})
        except OSError as error:  # a full disk must not keep the executor from being told
            LOG.exception("the kill switch could not be written down: %s", error.strerror)
        executor = self._handles.get("executor")
        if executor is not None:
            with contextlib.suppress(OSError):
                if not isinstance(await executor.ask(wish), Declined):
                    self.folder.switch_wish.unlink(missing_ok=True)

    def _write_state(self) -> None:
        """Write down what can be seen; a full disk must not end a session."""
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        state = {**self.core.describe(), "supervisor": os.getpid(), "time": now}
        try:
            self.folder.write_state(state)
        except OSError as error:
            LOG.exception("the state could not be written: %s", error.strerror)
