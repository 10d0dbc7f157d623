"""The executor: takes intents, approves, journals, sends, and keeps the account's truth.

A core without I/O: :meth:`ExecutorCore.step` is given the time and what has come, and returns what
is to be written, said and waited for. Nothing it says may leave before what it wrote is on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.link import Fresh, PeerBack, PeerChanged, PeerLost, Stale
from tradectl_sdk.bus.messages.control import CancelEverything, Reconcile, SetSwitch
from tradectl_sdk.bus.messages.events import AccountSnapshot, Holding, Progress
from tradectl_sdk.bus.messages.intents import Cursor, Intents, StrategyFailed
from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    Answered,
    ClockOffset,
    QueryAnswered,
)
from tradectl_sdk.engine.bars import NEVER
from tradectl_sdk.exchange.values import AccountLink, OrderReport, TradeReport
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.events import open_order
from tradectl_sdk.nodes.executor.parts import Parts
from tradectl_sdk.nodes.executor.recorder import GATEWAY, HOST, MARKET, Recorder
from tradectl_sdk.nodes.executor.reports import Nothing
from tradectl_sdk.nodes.executor.state import ACTIVE, HALTED
from tradectl_sdk.nodes.inputs import Datum, Missed, Received

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.nodes.effects import Effects
    from tradectl_sdk.nodes.executor.reports import Past
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.executor.state import State
    from tradectl_sdk.nodes.inputs import Input


class ExecutorCore:
    """One account, one strategy, one journal.

    Args:
        setup: What it is told once.
        state: What its journal says; a fresh :class:`~.state.State` for an empty one.
        past: What the journal knows of what has left memory.
    """

    def __init__(self, setup: Setup, state: State, past: Past | None = None) -> None:
        self.setup = setup
        self.state = state
        self._past = past or Nothing()
        self._recorder = Recorder(state)
        self._parts: Parts | None = None
        self._host_waits = False
        self._told = (Cursor(0, 0), 0)
        self._due = 0
        self._on_gateway: dict[type, Callable[[Any], None]] = {
            PeerChanged: self._gateway_changed,
            PeerLost: self._gateway_lost,
            PeerBack: self._gateway_back,
            OrderReport: self._account_event,
            TradeReport: self._account_event,
            AccountLink: self._account_event,
            Answered: self._answered,
            QueryAnswered: self._queried,
            AccountFetched: self._fetched,
            ClockOffset: self._clock,
        }

    @property
    def parts(self) -> Parts:
        """What the core is made of, once it has been started."""
        if self._parts is None:
            raise RuntimeError("the executor has not been started")
        return self._parts

    def start(self, now: int, epoch: int = 0) -> Effects:
        """Begin a life; call it once, before any step.

        Args:
            now: UTC nanoseconds.
            epoch: Number of the life, where somebody else counts them as well.

        Raises:
            UsageError: If the setup contradicts what the journal holds.
        """
        recorder = self._recorder
        recorder.begin(now)
        epoch = max(epoch, self.state.epoch + 1)
        self._parts = Parts.made(self.setup, self.state, recorder, self._past, epoch)
        self.parts.answers.lose_former()
        self._settle(now)
        return recorder.effects

    def step(self, now: int, event: Input, *, more: bool = False) -> Effects:
        """Deal with one thing that has come, and with what is due.

        Args:
            now: UTC nanoseconds.
            event: What has come.
            more: Whether another step follows before anything is carried out. How far we have got
                and when something is due next is said by the last one then.
        """
        recorder = self._recorder
        recorder.begin(now)
        if isinstance(event, Received):
            self._receive(event.port, event.message)
        elif isinstance(event, Datum):
            self.parts.watcher.read(event.at, event.message)
            self._due = 0  # what is to end at a time may be due by the time of data
        elif isinstance(event, Missed):
            self.parts.watcher.missed(event.found)
            self.parts.reconciler.soon()
        self._settle(now, more=more)
        return recorder.effects

    def _receive(self, port: str, message: Any) -> None:
        if port == GATEWAY:
            handler = self._on_gateway.get(type(message))
            if handler is not None:
                handler(message)
        elif port == HOST:
            self._from_host(message)
        elif port == MARKET:
            if isinstance(message, (Stale, Fresh)):
                self.parts.standing.stream_fresh = isinstance(message, Fresh)
        else:
            self._control(port, message)

    # The host --------------------------------------------------------------------------------

    def _from_host(self, message: Any) -> None:
        if isinstance(message, PeerChanged):
            self._host_changed(message)
        elif isinstance(message, Intents):
            if self._is_present_host(message):
                self.parts.waiting.add(self._recorder.now, message)
        elif isinstance(message, StrategyFailed):
            self.parts.switch.failed(message)

    def _host_changed(self, peer: PeerChanged) -> None:
        state, recorder = self.state, self._recorder
        recorder.telling = False
        self.parts.waiting.clear()
        if peer.epoch < state.host_epoch:
            recorder.notice("host", text=f"life {peer.epoch} of the host came after "
                                         f"{state.host_epoch}")  # fmt: skip
            return
        if peer.epoch > state.host_epoch:
            recorder.write(of.HostMet(recorder.now, peer.epoch))
        self._host_waits = True

    def _is_present_host(self, intents: Intents) -> bool:
        state = self.state
        if intents.strategy == state.strategy and intents.epoch == state.host_epoch:
            return not 0 < intents.number <= state.heard
        self._recorder.notice(
            "intents", text=f"of {intents.strategy!r} in life {intents.epoch}, expected "
                            f"{state.strategy!r} in life {state.host_epoch}",
        )  # fmt: skip
        return False

    def _greet_host(self) -> None:
        """Give the host its snapshot, once the account is known to be right."""
        reconciler = self.parts.reconciler
        if not self.parts.standing.opened or reconciler.stream is None:
            return
        self._host_waits = False
        self._recorder.tell(self._snapshot(reconciler.stream))
        self._recorder.telling = True
        self._told = (reconciler.stream, self.state.heard)

    def _snapshot(self, stream: Cursor) -> AccountSnapshot:
        state = self.state
        orders = state.book.orders

        def number(key: int) -> int:
            return orders[key].number if key in orders else 0

        return AccountSnapshot(
            at=Cursor(state.epoch, self._recorder.request),
            executions=stream,
            cash=state.ledger.cash,
            holdings=tuple(
                Holding(instrument=name, lots=lots)
                for name in state.ledger.instruments
                if (lots := state.ledger.position(name))
            ),
            orders=tuple(
                open_order(one, number(one.group), number(one.parent))
                for one in state.book.all_live()
                if one.number and not one.ending
            ),
            state=state.switch,
            heard=state.heard,
            recent=tuple(state.recent),
        )

    def _report_progress(self, stream: Cursor | None) -> None:
        heard = self.state.heard
        if stream is not None and (self._told[1] != heard or self._told[0] != stream):
            self._told = (stream, heard)
            self._recorder.tell(Progress(executions=stream, heard=heard))

    # The gateway -----------------------------------------------------------------------------

    def _gateway_changed(self, peer: PeerChanged) -> None:
        parts = self.parts
        parts.standing.gateway = max(peer.epoch, 1)
        parts.standing.doubt()
        parts.answers.lose_all("the gateway that was asked is gone")
        parts.answers.lose_former()
        parts.prober.gateway_changed()
        parts.reconciler.connected()

    def _gateway_lost(self, _notice: PeerLost) -> None:
        self.parts.standing.gateway = 0
        self.parts.standing.doubt()
        self.parts.reconciler.disconnected()

    def _gateway_back(self, peer: PeerBack) -> None:
        """It is the same life, and nothing it said is missing: only time has passed."""
        self.parts.standing.gateway = max(peer.epoch, 1)
        self.parts.reconciler.soon()

    def _account_event(self, message: OrderReport | TradeReport | AccountLink) -> None:
        parts = self.parts
        parts.reconciler.events += 1
        stream = parts.reconciler.stream
        if stream is not None:
            stream = Cursor(stream.epoch, stream.seq + 1)
            parts.reconciler.stream = self._recorder.at = stream
        if isinstance(message, OrderReport):
            if not parts.reports.absorb(message):
                parts.reconciler.soon(self.setup.bounds.settle)
        elif isinstance(message, TradeReport):
            if not parts.reports.trade(message):
                parts.reconciler.soon(self.setup.bounds.settle)
        else:
            parts.standing.link_up = message.up
            parts.standing.agreed = False
            parts.reconciler.soon()

    def _answered(self, message: Answered) -> None:
        self.parts.answers.answered(message)

    def _queried(self, message: QueryAnswered) -> None:
        self.parts.prober.answered(message)

    def _fetched(self, message: AccountFetched) -> None:
        self.parts.reconciler.fetched(message)
        self.parts.switch.prove(message)

    def _clock(self, message: ClockOffset) -> None:
        self.parts.standing.compare_clocks(message.offset, message.uncertainty)

    # People and tools ------------------------------------------------------------------------

    def _control(self, port: str, message: Any) -> None:
        if isinstance(message, SetSwitch):
            self.parts.switch.set(port, message)
        elif isinstance(message, CancelEverything):
            self.parts.switch.panic(port, message)
        elif isinstance(message, Reconcile):
            self.parts.reconciler.ask_for(port, apply=message.apply)

    # How it is --------------------------------------------------------------------------------

    @property
    def condition(self) -> tuple[str, str]:
        """Where it stands, in the words of a node's status, and why."""
        if self._parts is None:
            return "starting", ""
        state, standing = self.state, self.parts.standing
        why = f": {state.switch_text}" if state.switch_text else ""
        switched = f"the kill switch is {state.switch}{why}"
        if state.switch == HALTED:
            proven = "" if state.proven else "; the venue has yet to show that nothing works"
            return "halted", switched + proven
        if standing.gateway == 0:
            return "waiting", "for the gateway"
        if not standing.is_sure:
            differing = "; ".join(one.shown.subject for one in self.parts.reconciler.findings)
            silent = "" if standing.link_up else "the venue does not tell what it does"
            return "reconciling", differing or silent
        if standing.clock_is_off:
            return "waiting", "our clock and the venue's are too far apart"
        return "ready", "" if state.switch == ACTIVE else switched

    @property
    def data(self) -> Cursor:
        """How far market data were read."""
        return Cursor(0, 0) if self._parts is None else self.parts.watcher.at

    @property
    def executions(self) -> Cursor:
        """How far the gateway's account stream was dealt with."""
        stream = None if self._parts is None else self.parts.reconciler.stream
        return stream or Cursor(0, 0)

    @property
    def busy(self) -> int:
        """Requests that have not been answered, orders in doubt, and intents that wait."""
        if self._parts is None:
            return 0
        parts = self._parts
        return len(parts.router.requests) + len(parts.prober.doubts) + len(parts.waiting)

    @property
    def awaits_answers(self) -> bool:
        """Whether a gateway that is there has still to answer."""
        parts = self._parts
        return parts is not None and parts.standing.gateway != 0 and bool(parts.router.requests)

    @property
    def figures(self) -> dict[str, int | float | str]:
        """What else there is to say."""
        book = self.state.book
        return {
            "kill switch": self.state.switch,
            "orders": book.live_count,
            "unknown orders": sum(book.unknown.values()),
            "orders in memory": len(book.orders),
            "trade ids in memory": len(self.state.trades),
        }

    # What follows ----------------------------------------------------------------------------

    def _settle(self, now: int, *, more: bool = False) -> None:
        """Do what is due and what follows from what was written, until nothing does."""
        parts, recorder = self.parts, self._recorder
        if now >= self._due:
            parts.due(now)
        if parts.waiting.queue:
            self._read_waiting(parts, now)
        parts.work()
        if self._host_waits:
            self._greet_host()
        recorder.at = None
        if more:
            return
        parts.forgetting.tidy()
        if recorder.telling:
            self._report_progress(parts.reconciler.stream)
        time = parts.next_time()
        self._due = NEVER if time is None else time
        if time is not None:
            recorder.effects.wake_at(max(time, now))

    def _read_waiting(self, parts: Parts, now: int) -> None:
        waiting = parts.waiting
        while waiting.queue and (ready := waiting.ready(now, parts.watcher.at)) is not None:
            intents, behind = ready
            if not 0 < intents.number <= self.state.heard:
                parts.admission.read(intents, behind=behind)
