"""What drives a core: it waits for what comes, steps, commits once, and then lets things go."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.link import Gap
from tradectl_sdk.bus.messages.events import Progress
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.core import ExecutorCore
from tradectl_sdk.nodes.inputs import Datum, Input, Missed, Received, Woken
from tradectl_sdk.nodes.executor.recorder import GATEWAY, HOST
from tradectl_sdk.nodes.failpoints import failpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tradectl_sdk.bus.link import Channel, Subscriber
    from tradectl_sdk.nodes.effects import Effects
    from tradectl_sdk.nodes.executor.journal import Journal
    from tradectl_sdk.nodes.executor.setup import Setup

MOST_AT_ONCE = 1000  # inputs between two commits


class SteadyClock:
    """UTC that never steps: the wall clock once, and from then on the monotonic one."""

    def __init__(self) -> None:
        self._base = time.time_ns() - time.monotonic_ns()

    def __call__(self) -> int:
        """Return the time in UTC nanoseconds."""
        return self._base + time.monotonic_ns()


class ExecutorShell:
    """Runs an executor on its channels, in a process of its own or beside others.

    Args:
        setup: What the core is told.
        journal: Open for writing; closed when the shell ends.
        gateway: The channel to the gateway.
        host: The channel to the strategy's host.
        market: The stream of market data.
        clock: Returns UTC nanoseconds that never go backward.
    """

    def __init__(
        self,
        setup: Setup,
        journal: Journal,
        *,
        gateway: Channel,
        host: Channel,
        market: Subscriber,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self.journal = journal
        self.core = ExecutorCore(setup, journal.state, journal)
        self._channels: Mapping[str, Channel] = {GATEWAY: gateway, HOST: host}
        self._market = market
        self._clock = clock or SteadyClock()
        self._inputs: asyncio.Queue[Input] = asyncio.Queue(4 * MOST_AT_ONCE)
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._questions = 0
        self._wake: int | None = None
        self._stopping = False

    async def run(self) -> None:
        """Run until stopped.

        Raises:
            UsageError: If the setup contradicts the journal.
            JournalError: If the journal could not be written; nothing was sent after that.
            ChannelFullError: If a peer has not taken what was sent.
        """
        self._let_go(self._committed([self.core.start(self._clock())]))
        readers = [
            asyncio.create_task(self._read_channel(port, channel))
            for port, channel in self._channels.items()
        ]
        readers.append(asyncio.create_task(self._read_market()))
        turning = asyncio.create_task(self._turn_until_stopped())
        try:
            done, _ = await asyncio.wait([*readers, turning], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*readers, turning):
                task.cancel()
            await asyncio.gather(*readers, turning, return_exceptions=True)
            self._finish()

    def stop(self) -> None:
        """End after what is being dealt with; orders at the venue stay as they are."""
        self._stopping = True
        if not self._inputs.full():
            self._inputs.put_nowait(Woken())

    async def ask(self, message: Any) -> Any:
        """Ask the core something as a person or a tool, and return its answer."""
        self._questions += 1
        port = f"control/{self._questions}"
        answer = asyncio.get_running_loop().create_future()
        self._answers[port] = answer
        await self._inputs.put(Received(port, message))
        return await answer

    # Reading ---------------------------------------------------------------------------------

    async def _read_channel(self, port: str, channel: Channel) -> None:
        while True:
            await self._inputs.put(Received(port, await channel.receive()))

    async def _read_market(self) -> None:
        while True:
            found = await self._market.receive()
            if isinstance(found, Gap):
                await self._inputs.put(Missed(found.found))
            else:
                await self._inputs.put(Datum(*found))

    # Turning ---------------------------------------------------------------------------------

    async def _turn_until_stopped(self) -> None:
        while not self._stopping:
            await self._turn()

    async def _turn(self) -> None:
        """Deal with everything that has come by now, in one commit."""
        first = await self._next()
        batch = [first]
        while len(batch) < MOST_AT_ONCE and not self._inputs.empty():
            batch.append(self._inputs.get_nowait())
        steps = [self.core.step(self._clock(), event) for event in batch]
        failpoint("executor.batch.stepped")
        self._let_go(self._committed(steps))
        if self.journal.wants_checkpoint:
            self.journal.checkpoint(self.core.state, self._clock())

    async def _next(self) -> Input:
        """Wait for the next input, or for the time the core wants to be woken."""
        if self._wake is None:
            return await self._inputs.get()
        seconds = max(self._wake - self._clock(), 0) / 1e9
        try:
            async with asyncio.timeout(seconds):
                return await self._inputs.get()
        except TimeoutError:
            return Woken()

    def _committed(self, steps: list[Effects]) -> list[Effects]:
        """Write down what the steps wrote, in one transaction."""
        records: list[of.Record] = [record for step in steps for record in step.records]
        _announce(records, "stepped")
        self.journal.commit(records)
        _announce(records, "committed")
        return steps

    def _let_go(self, steps: list[Effects]) -> None:
        """Send what the steps say, now that what they wrote is safe."""
        for port, message in _in_order(steps):
            if port in self._channels:
                self._channels[port].send(message)
            elif (answer := self._answers.pop(port, None)) is not None and not answer.done():
                answer.set_result(message)
            if port == GATEWAY:
                failpoint("executor.intent.sent")
        self._wake = steps[-1].wake

    def _finish(self) -> None:
        """Close the journal; a checkpoint makes the next start quick."""
        try:
            if self._stopping:
                self.journal.checkpoint(self.core.state, self._clock())
        finally:
            self.journal.close()


def _in_order(steps: list[Effects]) -> list[tuple[str, Any]]:
    """Return what steps say, without progress that the next thing the host hears overtakes."""
    messages = []
    overtaken = False
    for port, message in reversed([one for step in steps for one in step.messages]):
        if port == HOST:
            is_progress = isinstance(message, Progress)
            if is_progress and overtaken:
                continue
            overtaken = is_progress
        messages.append((port, message))
    return messages[::-1]


def _announce(records: list[of.Record], stage: str) -> None:
    """Come to the failpoints that fit what is being written."""
    kinds = {type(record) for record in records}
    if stage == "committed":
        if of.Sent in kinds:
            failpoint("executor.intent.committed")
        if of.Booked in kinds:
            failpoint("executor.fill.committed")
        if of.Switched in kinds:
            failpoint("executor.cancel_all.committed")
    elif of.Moved in kinds:
        failpoint("executor.answer.stepped")
