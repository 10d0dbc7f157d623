"""The strategy host: what it is told goes in, what its strategy wants comes out.

A bar is handed to the strategy when all is known that came before it: the executor has passed on
what the account was told before (``executions``), no bar before it is missing, and models have said
what they make of it. Executions come before data. Whatever stands in the way is said and recorded;
nothing is passed over in silence.

Pure: no clock, no file, no network. The shell gives it the time and does what it says.
"""

from __future__ import annotations

import traceback
from collections import deque
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.link import Fresh, PeerBack, PeerChanged, PeerLost, Stale
from tradectl_sdk.bus.messages.control import BarsFetched, Declined, StopNode
from tradectl_sdk.bus.messages.events import (
    AccountSnapshot,
    Filled,
    OrderChanged,
    Progress,
    SwitchState,
)
from tradectl_sdk.bus.messages.intents import Cursor, StrategyFailed
from tradectl_sdk.bus.messages.market import Bars, Feed
from tradectl_sdk.nodes.effects import Effects
from tradectl_sdk.nodes.host import records as of
from tradectl_sdk.nodes.host.continuity import Continuity
from tradectl_sdk.nodes.host.handing import Arrived, Foreseen, Turn, Turns
from tradectl_sdk.nodes.host.inbox import Inbox
from tradectl_sdk.nodes.host.tape import instants
from tradectl_sdk.nodes.host.trader import Trader
from tradectl_sdk.nodes.inputs import Datum, Missed, Received

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.nodes.host.continuity import Hole
    from tradectl_sdk.nodes.host.handing import Forecasts
    from tradectl_sdk.nodes.host.setup import HostSetup
    from tradectl_sdk.nodes.inputs import Input

EXECUTOR, GATEWAY, MODELS = "executor", "gateway", "models"


class HostCore:
    """One life of a strategy host.

    Attributes:
        state: ``waiting`` for an executor, ``ready``, ``failed`` or ``stopped``.
        text: Why it failed.
        data: How far market data were handed over.
    """

    def __init__(self, setup: HostSetup) -> None:
        self.state = "waiting"
        self.text = ""
        self.data = Cursor(0, 0)
        self._heard = Cursor(0, 0)  # of the market stream, whatever it was
        self._setup = setup
        self._trader: Trader | None = None
        self._greeted = False  # whether the executor's present life has shown the account
        self._inbox = Inbox()
        lengths = [one.length for one in setup.plan.columns]
        self._continuity = Continuity(setup.instruments, lengths)
        self._waiting: deque[Arrived] = deque()
        self._turns = Turns(bool(setup.signals), setup.thinking)
        self._holes: list[Hole] = []
        self._deadline = self._again = 0
        self._effects = Effects(records=[setup.began])
        self._handlers: dict[type, Callable[[int, Any], None]] = {
            AccountSnapshot: self._start,
            OrderChanged: self._execution,
            Filled: self._execution,
            Progress: self._progress,
            SwitchState: self._switch,
            PeerChanged: self._peer_changed,
            PeerLost: self._peer_lost,
            PeerBack: self._peer_back,
            Stale: self._stale,
            Fresh: self._fresh,
            BarsFetched: self._fetched,
            Declined: self._declined,
            StopNode: self._stop,
            Feed: self._feed,
            Foreseen: self._foreseen,
        }

    @property
    def over(self) -> bool:
        """Whether it has failed or stopped, and does nothing any more."""
        return self.state in {"failed", "stopped"}

    @property
    def executions(self) -> Cursor:
        """How far the account stream has been heard of."""
        return self._inbox.progress

    @property
    def holdings(self) -> dict[str, int]:
        """What the strategy believes to hold, signed lots by instrument."""
        if self._trader is None:
            return {}
        lots = self._trader.engine.desk.account.lots
        return dict(zip(self._setup.instruments, lots, strict=True))

    @property
    def read(self) -> Cursor:
        """How far market data were dealt with, other messages than bars among them."""
        return self.data if self.busy else max(self.data, self._heard)

    @property
    def busy(self) -> int:
        """How many messages of market data have not reached the strategy yet.

        What was heard of the account and is kept for the next bar is not under way.
        """
        return len(self._waiting) + len(self._turns)

    def step(self, now: int, event: Input) -> Effects:
        """Take in an event and return what is to be done.

        Args:
            now: UTC nanoseconds.
            event: What has happened.
        """
        if not self.over:
            try:
                self._take(now, event)
                self._deliver(now)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - nothing of it is lost
                self._fail(now, f"{type(error).__name__}: {error}", traceback.format_exc())
        effects, self._effects = self._effects, Effects()
        if self._holes and not self.over:
            effects.wake_at(self._again)
        if self._turns.deadline and not self.over:
            effects.wake_at(self._turns.deadline)
        return effects

    # What comes in -------------------------------------------------------------------------

    def _take(self, now: int, event: Input) -> None:
        if isinstance(event, Datum):
            self._heard = max(self._heard, event.at)
            if isinstance(event.message, Bars):
                self._waiting.append(Arrived(event.at, event.message, self._continuity.arrive()))
            elif isinstance(event.message, Feed):
                self._feed(now, event.message)
        elif isinstance(event, Missed):
            self._heard = max(self._heard, event.found)
            self._continuity.doubt()
            self._notice("gap", now, f"messages before {event.found} are missing")
        elif isinstance(event, Received):
            handler = self._handlers.get(type(event.message))
            if handler is not None:
                handler(now, event.message)
        if self._holes and now >= self._again:
            self._ask(now)
        if 0 < self._turns.deadline <= now:
            raise RuntimeError(f"models have not answered for {self._setup.thinking / 1e9:g} s")

    def _start(self, now: int, snapshot: AccountSnapshot) -> None:
        found = of.Found(snapshot=snapshot, time=now)
        if self._trader is None:
            self._record(found)
            self._trader = Trader(self._setup, snapshot)
            self._warm(self._trader)
            self._trader.adopt(snapshot.orders)
        else:
            self._resume(self._trader, now, found)
        self._inbox.reach(snapshot.executions)
        self._greeted = True
        self.state = "ready"

    def _warm(self, trader: Trader) -> None:
        for bars in instants(self._setup.history):
            foreseen = self._setup.foreseen
            beside = tuple(foreseen.get((bar.instrument, bar.time), ()) for bar in bars)
            forecasts = beside if self._setup.signals else ()
            self._record(of.Warmed(bars=bars, forecasts=forecasts))
            trader.turn(bars, forecasts, late=True)
        trader.outbox.denied.clear()  # as many as it likes; that is what warming up means

    def _resume(self, trader: Trader, now: int, found: of.Found) -> None:
        """Go on with an executor in another life, which may have seen what we have not."""
        snapshot = found.snapshot
        for event in snapshot.recent:
            self._inbox.add(event)
        self._apply(trader, now, None, trader.engine.desk.time)
        self._record(found)
        trader.compare(snapshot, now)
        trader.outbox.read(snapshot.heard)
        for intents in trader.outbox.unread:
            self._effects.messages.append((EXECUTOR, intents))

    def _execution(self, _now: int, event: OrderChanged | Filled) -> None:
        self._inbox.add(event)

    def _progress(self, _now: int, message: Progress) -> None:
        self._inbox.reach(message.executions)
        if self._trader is not None:
            self._trader.outbox.read(message.heard)

    def _switch(self, now: int, message: SwitchState) -> None:
        self._notice("switch", now, f"{message.state}: {message.text}")

    def _peer_changed(self, now: int, peer: PeerChanged) -> None:
        self.state, self._greeted = "waiting", False
        if self._trader is not None:
            self._notice("executor changed", now, f"epoch {peer.epoch}")

    def _peer_lost(self, now: int, peer: PeerLost) -> None:
        """Nothing is decided that the executor could not judge at once."""
        self.state = "waiting"
        self._notice("executor lost", now, peer.text)

    def _peer_back(self, now: int, _peer: PeerBack) -> None:
        self.state = "ready" if self._greeted else "waiting"
        self._notice("executor back", now)

    def _stale(self, now: int, message: Stale) -> None:
        if self._continuity.distrust():
            self._notice("stale", now, message.text)

    def _fresh(self, now: int, _message: Fresh) -> None:
        if self._continuity.trust():
            self._notice("fresh", now)

    def _feed(self, now: int, message: Feed) -> None:
        state = message.state
        judge = self._continuity.trust if state.live else self._continuity.distrust
        if judge(state.instrument):
            what = "fresh" if state.live else "stale"
            self._notice(what, now, f"{state.instrument} {state.text}".strip())

    def _stop(self, now: int, _message: StopNode) -> None:
        if self._trader is not None:
            self._trader.engine.stop()
        self._record(of.Ended(time=now))
        self.state = "stopped"

    # Handing over --------------------------------------------------------------------------

    def _deliver(self, now: int) -> None:
        """Hand over all bars whose turn has come, and executions where they need not wait."""
        self._work_off(now)
        while self.state == "ready" and self._waiting and not self._holes and not self._turns:
            arrived = self._waiting[0]
            if arrived.message.executions > self._inbox.progress or not self._pass(now, arrived):
                break
            self._waiting.popleft()
            self._work_off(now)
        trader = self._trader
        if self._setup.at_once and self.state == "ready" and trader is not None:
            self._hear(trader, now)
        if len(self._waiting) > self._setup.most_waiting:
            raise RuntimeError(
                f"{len(self._waiting)} messages of market data wait for the executor, "
                f"expected at most {self._setup.most_waiting}"
            )

    def _pass(self, now: int, arrived: Arrived) -> bool:
        """Hand over the bars of one message, unless some before them are missing."""
        trader = self._trader
        assert trader is not None  # noqa: S101 - ready means that there is one
        self._continuity.doubted |= arrived.doubted
        arrived.doubted.clear()  # what is mended is in doubt no more
        bars = [bar for bar in arrived.message.bars if bar.instrument not in self._continuity.stale]
        if not bars:
            self.data = arrived.at
            return True
        closing = [bar.instrument for bar in bars]
        self._holes = self._continuity.holes(bars[0].time, trader.tape.last, closing)
        if self._holes:
            self._deadline = now + self._setup.patience
            self._ask(now)
            return False
        self._turns.add(arrived.turn(bars))
        return True

    def _work_off(self, now: int) -> None:
        """Hand over what is to be handed over, as far as models have answered."""
        while self._trader is not None and not self.over:
            if (question := self._turns.question(now)) is not None:
                self._effects.messages.append((MODELS, question))
            if (coming := self._turns.take(ready=self.state == "ready")) is None:
                return
            self._turn(self._trader, now, *coming)

    def _foreseen(self, now: int, message: Foreseen) -> None:
        if message.text:
            self._fail(now, message.text, message.traceback)
        elif text := self._turns.answer(now, message.forecasts):
            self._notice("models late", now, text)

    def _turn(self, trader: Trader, now: int, turn: Turn, forecasts: Forecasts) -> None:
        if not turn.late:
            self._apply(trader, now, turn.executions, turn.bars[0].time)
        at, bars, late = turn.at, turn.bars, turn.late
        self._record(of.Saw(at=at, bars=bars, time=now, late=late, forecasts=forecasts))
        if trader.turn(bars, forecasts, late=late):
            self._decide(trader, now, at)
            if not late:
                self._value(trader)
        self.data = at

    def _hear(self, trader: Trader, now: int) -> None:
        """Tell the strategy what was heard, though no bar has closed."""
        until = self._waiting[0].message.executions if self._waiting else None
        until = self._turns.executions or until
        latest = self._apply(trader, now, until, trader.engine.desk.time)
        if latest >= 0:
            trader.engine.hear(latest)
            self._decide(trader, now, self.data)

    def _apply(self, trader: Trader, now: int, until: Cursor | None, known: int) -> int:
        """Take what was told into the tables; return the time of the latest, -1 for nothing."""
        latest = -1
        for event in self._inbox.release(until):
            self._record(of.Heard(event=event, time=now))
            trader.apply(event, known)
            latest = max(latest, event.time)
        return latest

    def _decide(self, trader: Trader, now: int, at: Cursor) -> None:
        outbox = trader.outbox
        self._effects.records += outbox.denied
        outbox.denied.clear()
        intents = outbox.take(trader.engine.desk.time, at)
        if intents is not None:
            self._record(of.Decided(intents=intents, time=now))
            self._effects.messages.append((EXECUTOR, intents))
        if outbox.waiting > self._setup.most_unread:
            raise RuntimeError(
                f"the executor has left {outbox.waiting} messages unread, "
                f"expected at most {self._setup.most_unread}"
            )

    def _value(self, trader: Trader) -> None:
        engine = trader.engine
        cash = engine.desk.account.cash
        self._record(of.Valued(at=engine.desk.time, equity=engine.value, cash=cash))

    # Missing bars --------------------------------------------------------------------------

    def _ask(self, now: int) -> None:
        """Ask for the next page of what is missing, or give up."""
        hole = next(hole for hole in self._holes if not hole.done)
        if now >= self._deadline:
            raise RuntimeError(
                f"bars of {hole.instrument} that opened from {hole.since} to {hole.until} are "
                "missing, and the gateway did not give them"
            )
        self._effects.messages.append((GATEWAY, hole.request))
        self._again = min(now + self._setup.retry, self._deadline)

    def _fetched(self, now: int, page: BarsFetched) -> None:
        open_holes = [hole for hole in self._holes if not hole.done]
        if not open_holes:
            return
        open_holes[0].take(page.bars)
        if len(open_holes) > 1 or not open_holes[0].done:
            self._deadline = now + self._setup.patience
            self._ask(now)
        else:
            self._mend(now)

    def _declined(self, now: int, answer: Declined) -> None:
        if self._holes:
            self._notice("gap", now, answer.text)

    def _mend(self, now: int) -> None:
        """Hand over what was missing; it is too late to act on it, so orders are denied."""
        found = [bar for hole in self._holes for bar in hole.found]
        self._notice("mended", now, f"{len(found)} bars")
        for bars in instants(found):
            self._turns.add(Turn(at=self.data, bars=bars, late=True))
        self._continuity.mended(self._holes)
        self._holes = []
        self._work_off(now)

    # Saying it -----------------------------------------------------------------------------

    def _record(self, frame: of.Frame) -> None:
        self._effects.records.append(frame)

    def _notice(self, what: str, now: int, text: str = "") -> None:
        self._record(of.Noticed(what=what, time=now, text=text))

    def _fail(self, now: int, text: str, trace: str) -> None:
        """Say what went wrong, and do nothing any more; what was half decided is not sent."""
        self.state, self.text = "failed", text
        setup = self._setup
        self._record(of.Failed(time=now, text=text, traceback=trace))
        failure = StrategyFailed(
            strategy=setup.strategy, epoch=setup.epoch, text=text, traceback=trace
        )
        self._effects.messages.append((EXECUTOR, failure))
