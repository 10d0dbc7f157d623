"""Running a node: its control socket, its owner, and an end in good order whatever comes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from typing import TYPE_CHECKING, Protocol

from tradectl_sdk.bus.messages.control import Adopt, AskStatus, Done, StopNode
from tradectl_sdk.nodes.control import ControlServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tradectl_sdk.bus.messages.control import FromNode, NodeStatus, ToNode

LOG = logging.getLogger("tradectl.nodes")


class Node(Protocol):
    """What gateway, executor and host have in common."""

    async def run(self) -> None:
        """Work until stopped."""

    def stop(self) -> None:
        """Ask the node to stop in good order."""

    def status(self) -> NodeStatus:
        """Say how it is."""

    async def answer(self, request: ToNode) -> FromNode:
        """Answer what only a node of this role can."""


class Stoppable(Protocol):
    """What can be asked to stop."""

    def stop(self) -> None:
        """Stop in good order."""


class Lifeline:
    """Stops a node that nobody looks after.

    Args:
        node: The node.
        grace: Seconds that it may be without a supervisor; None for as long as it likes.
    """

    def __init__(self, node: Node, grace: float | None) -> None:
        self._node = node
        self._grace = grace
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False

    def start(self) -> None:
        """Begin to wait for a first supervisor."""
        if self._grace is not None:
            self._timer = asyncio.get_running_loop().call_later(self._grace, self._give_up)

    def adopted(self, held: bool) -> None:
        """Take note that a supervisor holds the node, or that the last one is gone."""
        if self._is_over or self._grace is None:
            return
        self._cancel()
        if not held:
            LOG.warning("the supervisor is gone; stopping in %g s unless one comes", self._grace)
            self.start()

    def end(self) -> None:
        """Wait for nobody any more."""
        self._is_over = True
        self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        LOG.warning("no supervisor came; stopping")
        self._node.stop()


async def run_node(node: Node, socket: Path, *, orphan_grace: float | None = None) -> None:
    """Run a node until it stops, answering questions on its control socket meanwhile.

    Args:
        node: The node.
        socket: Where its control socket is made.
        orphan_grace: Seconds it may be without a supervisor, from the start on; None for a node
            that has none.
    """
    lifeline = Lifeline(node, orphan_grace)

    async def answer(request: ToNode) -> FromNode:
        if isinstance(request, AskStatus):
            return node.status()
        if isinstance(request, Adopt):
            return Done()
        if isinstance(request, StopNode):
            node.stop()
            return Done(lines=("stopping",))
        return await node.answer(request)

    server = ControlServer(socket, answer, lifeline.adopted)
    await server.start()
    try:
        lifeline.start()
        await node.run()
    finally:
        lifeline.end()
        await server.close()


@contextlib.contextmanager
def stopping_on_signals(node: Stoppable) -> Iterator[None]:
    """Let SIGTERM and SIGINT ask for the end; to be used where an event loop runs."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for each in signals:
        loop.add_signal_handler(each, node.stop)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)
