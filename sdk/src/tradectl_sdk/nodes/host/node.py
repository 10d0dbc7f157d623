"""The strategy host's shell: it moves what its core says between strategy, executor and disk."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.link import Gap
from tradectl_sdk.bus.messages.control import Declined, FetchBars, NodeStatus, StopNode
from tradectl_sdk.bus.messages.events import Filled
from tradectl_sdk.bus.messages.intents import Intents
from tradectl_sdk.engine.reasons import REASONS
from tradectl_sdk.errors import ExitStatus, TradectlError
from tradectl_sdk.nodes.clock import NodeClock
from tradectl_sdk.nodes.failpoints import failpoint
from tradectl_sdk.nodes.host.core import EXECUTOR, GATEWAY, MODELS, HostCore
from tradectl_sdk.nodes.host.records import Denied, Failed
from tradectl_sdk.nodes.host.thinking import Thinking
from tradectl_sdk.nodes.host.watchdog import Watchdog
from tradectl_sdk.nodes.inbox import Inbox
from tradectl_sdk.nodes.inputs import Datum, Missed, Received, Woken
from tradectl_sdk.nodes.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tradectl_sdk.bus.link import Channel, Subscriber
    from tradectl_sdk.bus.messages.control import FromNode, ToNode
    from tradectl_sdk.nodes.effects import Effects
    from tradectl_sdk.nodes.host.handing import Foreseen
    from tradectl_sdk.nodes.host.recording import Recorder
    from tradectl_sdk.nodes.host.setup import HostSetup
    from tradectl_sdk.nodes.host.thinking import Foresight

LOG = logging.getLogger("tradectl.host")
HANG = 30.0  # seconds a handler may take
_SYNC = 1.0  # seconds between two times that the recording is forced to the disk


class Host:
    """One strategy as a running node.

    Args:
        setup: What it runs.
        executor: The channel to the executor.
        market: Where market data come from.
        fetch: Asks the gateway for bars.
        recorder: Where the session is recorded; closed with the host.
        models: What makes the setup's signals; needed where it has any.
        hang: Seconds that a handler may take.
        on_hang: Told, in a thread of its own, what hangs and where. Ends the process unless given.
    """

    def __init__(
        self,
        setup: HostSetup,
        executor: Channel,
        market: Subscriber,
        *,
        fetch: Callable[[FetchBars], Awaitable[FromNode]],
        recorder: Recorder,
        models: Foresight | None = None,
        hang: float = HANG,
        on_hang: Callable[[str], None] | None = None,
    ) -> None:
        self._setup = setup
        self._executor = executor
        self._market = market
        self._ask = fetch
        self._recorder = recorder
        self._hang = hang
        self._on_hang = on_hang or end_process
        self._clock = NodeClock()
        self._core = HostCore(setup)
        self._inbox = Inbox()
        self._models = models
        self._thinking: Thinking | None = None
        self._asking: asyncio.Task[None] | None = None
        self._denied: Counter[tuple[str, int]] = Counter()  # by instrument and reason
        self._tally = Tally(EXECUTOR)
        self._started = self._clock.now()

    def stop(self) -> None:
        """Ask the node to stop in good order; orders stay as they are."""
        self._inbox.put(Received("control", StopNode()))

    async def run(self) -> None:
        """Work until stopped, or until the strategy has failed.

        Raises:
            OSError: If the session cannot be recorded.
            ChannelFullError: If the executor does not take what it must not miss.
        """
        watchdog = Watchdog(self._hang, self._bark)
        if self._models is not None:
            self._thinking = Thinking(self._models, self._foreseen(asyncio.get_running_loop()))
        try:
            async with asyncio.TaskGroup() as pumps:
                syncing = pumps.create_task(self._sync())
                self._inbox.join(self._executor, partial(Received, EXECUTOR))
                self._inbox.join(self._market, _datum)
                await self._work(watchdog)
                syncing.cancel()
        finally:
            watchdog.close()
            if self._thinking is not None:
                self._thinking.close()
            if self._asking is not None:
                self._asking.cancel()
            await self._executor.close()
            await self._market.close()
            self._recorder.close()

    @property
    def failed(self) -> str:
        """Why the strategy has failed; empty when it has not."""
        return self._core.text

    def status(self) -> NodeStatus:
        """Say how it is."""
        core = self._core
        return NodeStatus(
            name="host",
            pid=os.getpid(),
            epoch=self._setup.epoch,
            state=core.state,
            text=core.text,
            started=self._started,
            time=self._clock.now(),
            data=core.read,
            executions=core.executions,
            busy=core.busy + len(self._inbox),
            traffic=(self._tally.traffic(),),
            figures={
                "strategy": self._setup.strategy,
                "recorded bytes": self._recorder.written,
                "orders denied here": self._denied.total(),
            },
        )

    async def answer(self, request: ToNode) -> FromNode:
        """Answer a question that only a host can; there is none."""
        return Declined(
            status=int(ExitStatus.USAGE), text=f"a host does not answer {type(request).__name__}"
        )

    # The loop --------------------------------------------------------------------------------

    async def _work(self, watchdog: Watchdog) -> None:
        wake: int | None = None
        while not self._core.over:
            await self._inbox.wait(self._seconds_until(wake))
            for event in self._inbox.take() or [Woken()]:
                if isinstance(event, Received) and isinstance(event.message, Filled):
                    failpoint("host.fill.heard")
                with watchdog:
                    effects = self._core.step(self._clock.now(), event)
                if isinstance(event, Received) and event.port == EXECUTOR:
                    self._tally.handled(event.message)
                self._carry_out(effects)
                wake = effects.wake
        if self._core.text:
            LOG.error("the strategy failed: %s", self._core.text)

    def _carry_out(self, effects: Effects) -> None:
        decided = any(isinstance(message, Intents) for _, message in effects.messages)
        failpoint("host.decision.made" if decided else "")
        self._recorder.write(effects.records)
        failpoint("host.decision.recorded" if decided else "")
        for record in effects.records:
            if isinstance(record, Denied):
                self._tell_denied(record)
        for port, message in effects.messages:
            if port == EXECUTOR:
                self._executor.send(message)
                self._tally.sent()
                failpoint("host.decision.sent" if decided else "")
            elif port == MODELS and self._thinking is not None:
                self._thinking.ask(message.bars)
            elif self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._fetch(message))

    def _tell_denied(self, denied: Denied) -> None:
        """Say why an order went no farther; of many for one reason the first, second, fourth.

        The executor has not heard of it, so that it stands in no list of orders.
        """
        kind = (denied.instrument, denied.reason)
        self._denied[kind] += 1
        count = self._denied[kind]
        if count & (count - 1):
            return
        why = REASONS[denied.reason]
        side = "buy" if denied.side > 0 else "sell"
        times = f"; {count} orders so far" if count > 1 else ""
        LOG.warning(
            "order %d, a %s of %s, was denied: %s, %s%s",
            denied.number, side, denied.instrument, why.name, why.summary, times,
        )  # fmt: skip

    def _seconds_until(self, wake: int | None) -> float | None:
        return None if wake is None else max(0.0, (wake - self._clock.now()) / 1e9)

    async def _fetch(self, question: FetchBars) -> None:
        try:
            answer = await self._ask(question)
        except (TradectlError, OSError) as error:
            text = f"{type(error).__name__}: {error}"
            answer = Declined(status=int(ExitStatus.EXCHANGE), text=text)
        self._inbox.put(Received(GATEWAY, answer))

    # What happens outside --------------------------------------------------------------------

    def _foreseen(self, loop: asyncio.AbstractEventLoop) -> Callable[[Foreseen], None]:
        """Return what takes an answer from the thread of the models to this loop's."""

        def tell(answer: Foreseen) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is over, and nobody asks any more
                loop.call_soon_threadsafe(self._inbox.put, Received(MODELS, answer))

        return tell

    async def _sync(self) -> None:
        while True:
            await asyncio.sleep(_SYNC)
            await asyncio.to_thread(self._recorder.sync)

    def _bark(self, lasted: float, stack: str) -> None:
        """Record and tell where the strategy hangs; the loop's thread is in there, not here."""
        text = f"a handler of {self._setup.strategy} has not returned for {lasted:.1f} s"
        failed = Failed(time=self._clock.now(), text=text, traceback=stack)
        self._recorder.write([failed])
        self._recorder.sync()
        self._on_hang(f"{text}\n{stack}")


def _datum(received: Any) -> Datum | Missed | Received:
    if isinstance(received, tuple):
        return Datum(*received)
    if isinstance(received, Gap):
        return Missed(received.found)
    return Received("market", received)


def end_process(text: str) -> None:
    """End the process where its main thread cannot; the executor notices that it is gone."""
    LOG.critical("%s", text)
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
    logging.shutdown()
    os._exit(int(ExitStatus.USAGE))
