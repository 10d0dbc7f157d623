"""A node that has to be made first: it can be spoken to and stopped meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.control import Declined, NodeStatus
from tradectl_sdk.errors import ExitStatus
from tradectl_sdk.nodes.clock import NodeClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tradectl_sdk.bus.messages.control import FromNode, ToNode
    from tradectl_sdk.nodes.running import Node


class Deferred:
    """Stands for a node until it is made, and for what it has become then.

    Args:
        name: ``gateway``, ``executor`` or ``host``.
        make: Makes the node, however long that takes.

    Attributes:
        node: The node, once it is made.
    """

    def __init__(self, name: str, make: Callable[[], Awaitable[Node]]) -> None:
        self._name = name
        self._make = make
        self._clock = NodeClock()
        self._started = self._clock.now()
        self._making: asyncio.Future[Node] | None = None
        self._stopped = False
        self.node: Node | None = None

    async def run(self) -> None:
        """Make the node and run it, unless it was stopped before it was made."""
        self._making = asyncio.ensure_future(self._make())
        with contextlib.suppress(asyncio.CancelledError):
            self.node = await self._making
        if self.node is not None and not self._stopped:
            await self.node.run()

    def stop(self) -> None:
        """Ask the node to stop in good order."""
        self._stopped = True
        if self.node is not None:
            self.node.stop()
        elif self._making is not None:
            self._making.cancel()

    def status(self) -> NodeStatus:
        """Say how it is."""
        if self.node is not None:
            return self.node.status()
        return NodeStatus(
            name=self._name,
            pid=os.getpid(),
            epoch=0,
            state="starting",
            started=self._started,
            time=self._clock.now(),
        )

    async def answer(self, request: ToNode) -> FromNode:
        """Answer what only a node of this role can."""
        if self.node is not None:
            return await self.node.answer(request)
        return Declined(
            status=int(ExitStatus.NOT_FOUND), text=f"the {self._name} is still starting"
        )
