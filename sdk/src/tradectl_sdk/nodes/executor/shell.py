"""The executor's shell: it steps with what has come, commits once, and only then lets things go."""

from __future__ import annotations

import asyncio
import logging
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.link import Gap
from tradectl_sdk.bus.messages.control import (
    AskPrices,
    CancelEverything,
    Declined,
    LastPrices,
    NodeStatus,
    Reconcile,
    SetSwitch,
)
from tradectl_sdk.bus.messages.events import Progress
from tradectl_sdk.errors import ExitStatus
from tradectl_sdk.nodes.clock import NodeClock
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.core import ExecutorCore
from tradectl_sdk.nodes.executor.recorder import GATEWAY, HOST
from tradectl_sdk.nodes.failpoints import failpoint
from tradectl_sdk.nodes.inbox import Inbox
from tradectl_sdk.nodes.inputs import Datum, Missed, Received, Woken
from tradectl_sdk.nodes.tally import Tally

if TYPE_CHECKING:
    from tradectl_sdk.bus.link import Channel, Subscriber
    from tradectl_sdk.bus.messages.control import FromNode, ToNode
    from tradectl_sdk.nodes.effects import Effects
    from tradectl_sdk.nodes.executor.journal import Journal
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.inputs import Input

LOG = logging.getLogger("tradectl.executor")
MOST_AT_ONCE = 1000  # inputs between two commits
LOGGED = (of.Noticed, of.Switched, of.Failed, of.Compared)  # records that people may be told of
FAREWELL = 5.0  # seconds that a stopping executor waits for what the gateway was asked


class Executor:
    """The executor as a running node.

    Args:
        setup: What it is told once.
        journal: Open for writing; closed when the node ends.
        gateway: The channel to the gateway.
        host: The channel to the strategy's host.
        market: Where market data come from.
        epoch: The life that this is, larger than any before; the journal counts by itself where
            none is given.
    """

    def __init__(
        self,
        setup: Setup,
        journal: Journal,
        *,
        gateway: Channel,
        host: Channel,
        market: Subscriber,
        epoch: int = 0,
    ) -> None:
        self._journal = journal
        self._core = ExecutorCore(setup, journal.state, journal)
        self._epoch = epoch
        self._channels: dict[str, Channel] = {GATEWAY: gateway, HOST: host}
        self._market = market
        self._clock = NodeClock()
        self._inbox = Inbox()
        self._answers: dict[str, asyncio.Future[FromNode]] = {}
        self._questions = 0
        self._tallies = {port: Tally(port) for port in self._channels}
        self._started = self._clock.now()
        self._stopping = False

    def stop(self) -> None:
        """Ask the node to stop in good order; orders at the venue stay as they are.

        What the gateway has been asked is waited for, but not long; what the host says from now
        on is for the next life.
        """
        self._stopping = True
        self._inbox.rouse()

    async def run(self) -> None:
        """Work until stopped.

        Raises:
            UsageError: If the setup contradicts what the journal holds.
            JournalError: If the journal could not be written; nothing was sent after that.
            ChannelFullError: If a peer does not take what it must not miss.
        """
        try:
            self._journal.reserve()
            self._inbox.join(self._market, _as_event)
            for port, channel in self._channels.items():
                self._inbox.join(channel, partial(Received, port))
            await self._work()
            self._journal.checkpoint(self._core.state, self._clock.now())
        finally:
            self._journal.close()
            for channel in self._channels.values():
                await channel.close()
            await self._market.close()

    def status(self) -> NodeStatus:
        """Say how it is."""
        core = self._core
        state, text = core.condition
        return NodeStatus(
            name="executor",
            pid=os.getpid(),
            epoch=core.state.epoch,
            state="stopping" if self._stopping else state,
            text=text,
            started=self._started,
            time=self._clock.now(),
            data=core.data,
            executions=core.executions,
            busy=core.busy + len(self._inbox),
            traffic=tuple(tally.traffic() for tally in self._tallies.values()),
            figures={**core.figures, "journal records": self._journal.seq},
        )

    async def answer(self, request: ToNode) -> FromNode:
        """Answer what only an executor can."""
        if isinstance(request, AskPrices):
            return LastPrices(ticks=self._core.state.ledger.prices.known())
        if not isinstance(request, SetSwitch | CancelEverything | Reconcile):
            return Declined(
                status=int(ExitStatus.USAGE),
                text=f"an executor does not answer {type(request).__name__}",
            )
        self._questions += 1
        port = f"control {self._questions}"
        answer = asyncio.get_running_loop().create_future()
        self._answers[port] = answer
        self._inbox.put(Received(port, request))
        found: FromNode = await answer
        return found

    # The loop --------------------------------------------------------------------------------

    async def _work(self) -> None:
        wake = self._carry_out([self._core.start(self._clock.now(), self._epoch)])
        while not self._stopping:
            wake = await self._round(wake)
        deadline = self._clock.now() + int(FAREWELL * 1e9)
        while self._core.awaits_answers and self._clock.now() < deadline:
            wake = await self._round(deadline if wake is None else min(wake, deadline))

    async def _round(self, wake: int | None) -> int | None:
        """Deal with what has come by a time, and return by when to look again."""
        await self._inbox.wait(self._seconds_until(wake))
        events = [one for one in self._inbox.take() if self._is_heard(one)] or [Woken()]
        for first in range(0, len(events), MOST_AT_ONCE):
            wake = self._turn(events[first : first + MOST_AT_ONCE])
            await asyncio.sleep(0)  # so that a flood keeps nobody else from being heard
        return wake

    def _is_heard(self, event: Input) -> bool:
        return not (self._stopping and isinstance(event, Received) and event.port == HOST)

    def _turn(self, events: list[Input]) -> int | None:
        """Deal with several events in one commit."""
        last, now = len(events) - 1, self._clock.now
        steps = [
            self._core.step(now(), event, more=place < last) for place, event in enumerate(events)
        ]
        failpoint("executor.batch.stepped")
        for event in events:
            if isinstance(event, Received) and event.port in self._tallies:
                self._tallies[event.port].handled(event.message)
        wake = self._carry_out(steps)
        if self._journal.wants_checkpoint:
            self._journal.checkpoint(self._core.state, self._clock.now())
        else:  # not both: whatever comes next waits for it
            self._journal.tidy()
        return wake

    def _carry_out(self, steps: list[Effects]) -> int | None:
        """Write down what the steps wrote, and then send what they say."""
        records: list[of.Record] = [record for step in steps for record in step.records]
        kinds = {type(record) for record in records}
        _announce(kinds, committed=False)
        self._journal.commit(records)
        _announce(kinds, committed=True)
        for port, message in in_order(steps):
            if port in self._channels:
                self._channels[port].send(message)
                self._tallies[port].sent()
            elif (answer := self._answers.pop(port, None)) is not None and not answer.done():
                answer.set_result(message)
            if port == GATEWAY:
                failpoint("executor.intent.sent")
        if not kinds.isdisjoint(LOGGED):
            for record in records:
                _log(record)
        return steps[-1].wake

    def _seconds_until(self, wake: int | None) -> float | None:
        return None if wake is None else max(0.0, (wake - self._clock.now()) / 1e9)


def _as_event(found: Any) -> Input:
    """Return what the core is told of what the stream of market data had."""
    if isinstance(found, tuple):
        return Datum(*found)
    if isinstance(found, Gap):
        return Missed(found.found)
    return Received("market", found)


def in_order(steps: list[Effects]) -> list[tuple[str, Any]]:
    """Return what steps say, without progress that the next thing the host hears overtakes."""
    messages = [one for step in steps for one in step.messages]
    reports = [place for place, (_, what) in enumerate(messages) if isinstance(what, Progress)]
    for place in reversed(reports):
        later = next((what for port, what in messages[place + 1 :] if port == HOST), None)
        if isinstance(later, Progress):
            del messages[place]
    return messages


def _announce(kinds: set[type], *, committed: bool) -> None:
    """Come to the failpoints that fit what is being written."""
    if not committed:
        if of.Moved in kinds:
            failpoint("executor.answer.stepped")
        return
    if of.Sent in kinds:
        failpoint("executor.intent.committed")
    if of.Booked in kinds:
        failpoint("executor.fill.committed")
    if of.Switched in kinds:
        failpoint("executor.cancel_all.committed")


def _log(record: of.Record) -> None:
    """Tell people what they should know of."""
    if isinstance(record, of.Noticed):
        LOG.warning("%s: order %s: %s", record.what, record.key or "-", record.text)
    elif isinstance(record, of.Switched):
        LOG.warning("the kill switch is %s: %s %s", record.state, record.text, record.by)
    elif isinstance(record, of.Failed):
        LOG.error("the strategy failed: %s\n%s", record.text, record.traceback)
    elif isinstance(record, of.Compared) and record.differences:
        LOG.warning("we and the venue differ: %s", "; ".join(record.differences))
