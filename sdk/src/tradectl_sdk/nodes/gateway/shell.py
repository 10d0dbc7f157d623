"""The gateway's shell: it moves what its core says between exchange, executor and market data."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.messages.control import (
    BarsFetched,
    Declined,
    FetchBars,
    FetchInstruments,
    InstrumentsFetched,
    NodeStatus,
)
from tradectl_sdk.bus.messages.intents import Cursor
from tradectl_sdk.bus.messages.market import Bars
from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    AmendOrder,
    Answered,
    CancelOrder,
    Submit,
)
from tradectl_sdk.errors import ExchangeError, ExitStatus, TradectlError
from tradectl_sdk.exchange import AccountLink, OrderReport, TradeReport
from tradectl_sdk.keys import judge
from tradectl_sdk.nodes.clock import NodeClock
from tradectl_sdk.nodes.effects import Effects
from tradectl_sdk.nodes.failpoints import failpoint
from tradectl_sdk.nodes.gateway.core import GatewayCore
from tradectl_sdk.nodes.gateway.inputs import EXECUTOR, MARKET, DataLost, Note, Opened, Wake
from tradectl_sdk.nodes.gateway.performing import PATIENCE, perform
from tradectl_sdk.nodes.inbox import Inbox
from tradectl_sdk.nodes.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tradectl_sdk.bus.link import Channel, Publisher
    from tradectl_sdk.bus.messages.control import FromNode, ToNode
    from tradectl_sdk.bus.messages.market import MarketMessage
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange import Exchange
    from tradectl_sdk.nodes.gateway.inputs import Call, GatewayRules

LOG = logging.getLogger("tradectl.gateway")
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds between attempts to connect
_FAREWELL = 5.0  # seconds that a stopping gateway waits for answers that are under way
# Failpoints before and after a message to the executor
_ACCOUNT = ("gateway.account.begun", "gateway.account.told")
_STEPS: dict[type, tuple[str, str]] = {
    Answered: ("gateway.order.answered", "gateway.order.told"),
    OrderReport: _ACCOUNT,
    TradeReport: _ACCOUNT,
    AccountFetched: ("gateway.fetched", ""),
}


class Gateway:
    """One exchange account as a running node.

    Args:
        exchange: The adapter, not opened yet.
        executor: The channel to the executor.
        market: Where market data are published.
        host: The channel on which a host asks for history.
        epoch: The life that this is, larger than any before.
        rules: How it behaves.
        redact: Takes secrets out of a text.
        patience: Seconds the exchange is given to answer.
        key: What the account's key is called; what it may do is asked before anything is traded.
            Empty where there is none.

    Attributes:
        latest_bar: When the latest bar closed that was published.
    """

    def __init__(
        self,
        exchange: Exchange,
        executor: Channel,
        market: Publisher,
        host: Channel,
        *,
        epoch: int,
        rules: GatewayRules,
        redact: Callable[[str], str] = str,
        patience: float = PATIENCE,
        key: str = "",
    ) -> None:
        self._exchange = exchange
        self._executor = executor
        self._publisher = market
        self._host = host
        self._rules = rules
        self._redact = redact
        self._patience = patience
        self._key = key
        self._clock = NodeClock()
        self._core = GatewayCore(epoch, rules)
        self._inbox = Inbox()
        self._calls: set[asyncio.Task[None]] = set()
        self._published = Cursor(epoch, 0)
        self.latest_bar = 0
        self._tally = Tally("executor")
        self._state, self._text = "starting", ""
        self._started = self._clock.now()
        self._stopping = asyncio.Event()
        self._instruments: dict[str, Instrument] = {}

    def stop(self) -> None:
        """Ask the node to stop in good order."""
        self._stopping.set()
        self._inbox.rouse()

    async def run(self) -> None:
        """Work until stopped.

        Raises:
            ChannelFullError: If the executor does not take what it must not miss.
        """
        try:
            async with asyncio.TaskGroup() as pumps:
                self._inbox.join(self._executor, _Said)
                tasks = [
                    pumps.create_task(self._answer_host()),
                    pumps.create_task(self._connect_and_watch()),
                ]
                await self._work()
                self._state = "stopping"
                for task in tasks:
                    task.cancel()
                await self._finish_calls()
        finally:
            await self._exchange.close()
            await asyncio.gather(self._executor.close(), self._host.close())
            await self._publisher.close()

    def status(self) -> NodeStatus:
        """Say how it is."""
        core = self._core
        clock = core.clock
        return NodeStatus(
            name="gateway",
            pid=os.getpid(),
            epoch=core.epoch,
            state=self._state,
            text=self._text,
            started=self._started,
            time=self._clock.now(),
            data=self._published,
            executions=core.executions,
            busy=core.under_way + core.held + len(self._inbox),
            traffic=(self._tally.traffic(),),
            figures={
                "account stream": "up" if core.link.up else f"down: {core.link.text}",
                "stale": ", ".join(sorted(core.stale)) or "none",
                "answers in memory": core.remembered,
                **({} if clock is None else {"clock offset ms": round(clock.offset / 1e6, 1)}),
            },
        )

    async def answer(self, request: ToNode) -> FromNode:
        """Answer a question that only a gateway can."""
        try:
            if isinstance(request, FetchBars):
                page = await self._exchange.history(
                    request.instrument, request.length, request.since, request.until
                )
                return BarsFetched(bars=tuple(page))
            if isinstance(request, FetchInstruments):
                return await self._terms(request)
        except TradectlError as error:
            text = self._redact(error.message)
            return Declined(status=int(error.exit_status), text=text, hint=error.hint)
        return Declined(
            status=int(ExitStatus.USAGE), text=f"a gateway does not answer {type(request).__name__}"
        )

    async def _terms(self, request: FetchInstruments) -> FromNode:
        if not self._instruments:
            listed = await self._exchange.instruments()
            self._instruments = {one.id: one for one in listed}
        unknown = [name for name in request.instruments if name not in self._instruments]
        if unknown:
            return Declined(
                status=int(ExitStatus.NOT_FOUND), text=f"the exchange does not know {unknown[0]}"
            )
        from tradectl_sdk.runs.record import instrument_to_json

        found = (instrument_to_json(self._instruments[name]) for name in request.instruments)
        return InstrumentsFetched(terms=tuple(json.dumps(row).encode() for row in found))

    # The loop --------------------------------------------------------------------------------

    async def _work(self) -> None:
        wake: int | None = None
        while not self._stopping.is_set():
            await self._inbox.wait(self._seconds_until(wake))
            wake = self._step(self._inbox.take() or [Wake()])

    def _step(self, events: list[Any]) -> int | None:
        effects = Effects()
        for event in events:
            what = event.message if isinstance(event, _Said) else event
            more = self._core.step(self._clock.now(), what)
            effects.messages += more.messages
            effects.calls += more.calls
            effects.wake = more.wake
        effects.messages += self._core.settle().messages
        for event in events:
            if isinstance(event, _Said):
                self._tally.handled(event.message)
        self._carry_out(effects)
        return effects.wake

    def _carry_out(self, effects: Effects) -> None:
        for port, message in effects.messages:
            if port == EXECUTOR:
                before, after = _STEPS.get(type(message), ("", ""))
                failpoint(before)
                self._executor.send(message)
                self._tally.sent()
                failpoint(after)
            elif port == MARKET:
                self._publish(message)
            else:
                self._log(message)
        for call in effects.calls:
            task = asyncio.create_task(self._perform(call))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)

    def _publish(self, message: MarketMessage) -> None:
        if not isinstance(message, Bars):
            self._published = self._publisher.publish(message)
            return
        failpoint("gateway.bars.begun")
        self._published = self._publisher.publish(message)
        failpoint("gateway.bars.published")
        self.latest_bar = max(self.latest_bar, message.bars[0].time)

    async def _perform(self, call: Call) -> None:
        if isinstance(call.what, Submit | CancelOrder | AmendOrder):
            failpoint("gateway.order.begun")
        done = await perform(self._exchange, call, patience=self._patience, redact=self._redact)
        self._inbox.put(done)

    async def _finish_calls(self) -> None:
        """Wait, but not long, for what the exchange was asked, and pass the answers on."""
        if self._calls:
            await asyncio.wait(self._calls, timeout=_FAREWELL)
        self._step([event for event in self._inbox.take() if not isinstance(event, _Said)])
        for task in self._calls:
            task.cancel()

    def _seconds_until(self, wake: int | None) -> float | None:
        return None if wake is None else max(0.0, (wake - self._clock.now()) / 1e9)

    def _log(self, note: Note) -> None:
        LOG.log(_LEVELS[note.level], "%s", self._redact(note.text))

    # What happens outside --------------------------------------------------------------------

    async def _answer_host(self) -> None:
        """Answer a host's questions about the past, one after another."""
        while True:
            question = await self._host.receive()
            if isinstance(question, FetchBars | FetchInstruments):
                self._host.send(await self.answer(question))

    async def _connect_and_watch(self) -> None:
        await self._insist("the exchange could not be opened", self._exchange.open)
        if self._key:
            await self._insist("what the key may do could not be asked", self._admit_key)
        self._state, self._text = "ready", ""
        self._inbox.put(Opened(card=self._exchange.card))
        async with asyncio.TaskGroup() as streams:
            streams.create_task(self._watch(self._exchange.account_events, _link_lost))
            streams.create_task(
                self._watch(lambda: self._exchange.market_data(self._rules.streams), _data_lost)
            )

    async def _insist(self, trouble: str, act: Callable[[], Awaitable[None]]) -> None:
        """Do what nothing works without, again and again while the exchange cannot be reached."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return await act()
            except ExchangeError as error:  # anything else will not be better the next time
                self._text = self._redact(error.message)
                LOG.warning("%s: %s", trouble, self._text)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _admit_key(self) -> None:
        """Refuse a key that may do too much; it may have been changed since it was stored.

        Raises:
            CredentialError: If it can withdraw, or cannot trade.
        """
        verdict = judge(self._key, await self._exchange.permissions())
        for unclear in verdict.unclear:
            LOG.warning("the exchange does not tell of key %s %s", self._key, unclear)

    async def _watch(
        self, listen: Callable[[], AsyncIterator[Any]], lost: Callable[[str], Any]
    ) -> None:
        """Pass on a stream of the exchange, and start it again when it breaks."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async for event in listen():
                    self._inbox.put(event)
                    pause = _FIRST_PAUSE
                text = "the stream has ended"
            except Exception as error:  # noqa: BLE001 - an adapter's fault must not end the node
                text = self._redact(f"{type(error).__name__}: {error}")
                LOG.warning("a stream of the exchange broke: %s", text)
            self._inbox.put(lost(text))
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class _Said:
    """What came from the executor, so that it can be counted when it has been dealt with."""

    message: Any


def _link_lost(text: str) -> AccountLink:
    return AccountLink(up=False, text=text)


def _data_lost(text: str) -> DataLost:
    return DataLost(text=text)
