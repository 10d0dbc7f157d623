"""The gateway's core with a simulated way to the venue."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.messages.control import BarsFetched, Declined, FetchBars
from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    Answered,
    FetchAccount,
    QueryAnswered,
    QueryOrder,
    Submit,
)
from tradectl_sdk.bus.publishing import PublisherCore
from tradectl_sdk.exchange import AccountLink, FeedState, Subscription, Unclear
from tradectl_sdk.nodes.gateway import GatewayCore, GatewayRules
from tradectl_sdk.nodes.gateway.inputs import (
    EXECUTOR,
    MARKET,
    Call,
    ClockUnknown,
    MeasureClock,
    Opened,
    Performed,
    Wake,
)
from tradectl_sdk.testing.simulation.agenda import MILLISECOND, SECOND
from tradectl_sdk.testing.simulation.process import SESSION, Process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradectl_sdk.bus.messages.wire import Ask
    from tradectl_sdk.exchange import AccountEvent, MarketEvent
    from tradectl_sdk.nodes.effects import Effects
    from tradectl_sdk.testing.simulation.venue import SimulatedVenue

PATIENCE = 8 * SECOND


class GatewayProcess(Process):
    """One gateway, whose calls travel to the venue and back.

    Attributes:
        core: The core of its present life.
        on_call: Called with what the exchange is about to be asked.
    """

    role = "gateway"
    peers = ("executor",)

    def __init__(self, *args: Any, venue: SimulatedVenue, length: int) -> None:
        super().__init__(*args)
        self.core: GatewayCore
        self.publisher: PublisherCore
        self.listeners: dict[str, Callable[[Any], None]] = {}
        self.on_call: Callable[[Any], None] = lambda _: None
        self._venue = venue
        self._rules = GatewayRules(
            streams=tuple(Subscription(instrument=name, length=length) for name in venue.bars),
            grace=SECOND // 2,
            silence=3 * length,
            clock_limit=4 * SECOND,
            clock_interval=20 * SECOND,
        )
        self._connected = False
        self._hears_account = False
        self._hears_market = True
        self._last_news = 0
        self._coming: deque[MarketEvent] = deque()
        venue.on_news = self._news

    def begin(self) -> None:
        """Connect to the venue after a moment."""
        self.core = GatewayCore(self.life, self._rules)
        self.publisher = PublisherCore(SESSION, self.life, self.agenda.now)
        self._connected = self._hears_account = False
        self._hears_market = True
        self._coming.clear()
        self._later(self.weather.way(), self._open)

    def _open(self) -> None:
        self._venue.core.told()  # what was told while nobody listened is lost
        self._connected = self._hears_account = True
        self._step(Opened(card=self._venue.card))
        self._step(AccountLink(up=True, text="connected"))

    # The channel -----------------------------------------------------------------------------

    def take(self, port: str, message: Any) -> None:
        """Step the core with what the executor says."""
        self._step(message, attend=False)

    def turn(self, now: int) -> None:
        """Say what was collected."""
        if self.is_due:
            self._step(Wake(), attend=False)
        self._carry_out(self.core.settle())
        if (pulse := self.publisher.pulse(now)) is not None:
            self._broadcast(pulse)

    def further_wakes(self) -> list[int]:
        """The publisher says something now and then."""
        return [self.publisher.wake]

    def _step(self, event: Any, *, attend: bool = True) -> None:
        effects = self.core.step(self.agenda.now, event)
        self.want(effects.wake)
        self._carry_out(effects)
        if attend:
            self.attend()

    def _carry_out(self, effects: Effects) -> None:
        for port, message in effects.messages:
            if port == EXECUTOR:
                self.send("executor", message)
            elif port == MARKET:
                self._broadcast(self.publisher.publish(self.agenda.now, message))
        for call in effects.calls:
            self._perform(call)

    def _broadcast(self, frame: Any) -> None:
        for name, hear in self.listeners.items():
            self.wires.carry(self.role, name, frame, hear)

    def asked(self, asker: str, ask: Ask, hear: Callable[[Any], None]) -> None:
        """Answer a subscriber that misses something."""
        if self.alive and not self.frozen:
            for answer in self.publisher.answer(ask):
                self.wires.carry(self.role, asker, answer, hear)

    def bars_asked(self, question: FetchBars, answer: Callable[[Any], None]) -> None:
        """Answer a host that misses bars."""
        if not self.alive or self.weather.strikes("question_fails"):
            answer(Declined(status=5, text="simulated"))
            return
        found = self._venue.history(
            question.instrument, question.length, question.since, question.until
        )
        answer(BarsFetched(bars=tuple(found)))

    # The venue -------------------------------------------------------------------------------

    def _perform(self, call: Call) -> None:
        waiting = [call.number]

        def finish(result: Any) -> None:
            if waiting:
                waiting.clear()
                self._step(Performed(number=call.number, result=result))

        clock = self.core.clock
        sent = self.agenda.now + (clock.offset if clock is not None else 0)
        self.trace.note(self.role, "asks", type(call.what).__name__, call.number)
        self.on_call(call.what)
        self._venue.ask(call, sent, self._while_alive(finish))
        self._later(PATIENCE, lambda: finish(unanswered(call)))

    def market(self, events: Sequence[MarketEvent]) -> None:
        """Hear what the venue publishes of the market."""
        if self._connected and self._hears_market:
            self._bring(events)

    def _bring(self, events: Sequence[MarketEvent]) -> None:
        """Let market data travel: what one connection brings comes late, but in order."""
        delay = self.weather.way()
        self._coming.extend(events)
        for _ in events:
            self._later(delay, lambda: self._step(self._coming.popleft()))

    def _news(self) -> None:
        """Hear what the venue tells of the account, if the stream is up."""
        events = self._venue.core.told()
        if not self.alive or not self._hears_account:
            return
        # In order, and before any market data that are sent after it
        due = max(self.agenda.now + 2 * MILLISECOND, self._last_news + 1)
        for event in events:
            self._tell(event, due)
        self._last_news = due

    def _tell(self, event: AccountEvent, due: int) -> None:
        delay = due - self.agenda.now
        if self.weather.strikes("news_late"):
            delay += self.weather.between(0.05, 4)
        self._later(delay, lambda: self._step(event))
        if self.weather.strikes("news_twice"):
            self._later(delay + self.weather.between(0, 1), lambda: self._step(event))

    def break_stream(self, *, silently: bool) -> None:
        """Lose the account stream for a while; silently means that nobody notices at first."""
        if not self.alive or not self._hears_account:
            return
        self._hears_account = False
        self.trace.note(self.role, "stream breaks", silently)
        if not silently:
            self._step(AccountLink(up=False, text="simulated"))
        self._later(self.weather.between(0.5, 6), self._restore_stream)

    def _restore_stream(self) -> None:
        self._venue.core.told()
        self._hears_account = True
        self._step(AccountLink(up=False, text="silent too long"))
        self._step(AccountLink(up=True, text="reconnected"))

    def break_market(self, *, silently: bool) -> None:
        """Lose market data for a while; silently means that nobody notices at first."""
        if not self.alive or not self._connected or not self._hears_market:
            return
        self._hears_market = False
        self.trace.note(self.role, "market breaks", silently)
        if not silently:
            self._bring([FeedState(live=False, text="simulated")])
        self._later(self.weather.between(0.5, 20), self._restore_market)

    def _restore_market(self) -> None:
        self._hears_market = True
        self._bring([FeedState(live=False, text="silent too long"), FeedState(live=True)])

    # Time ------------------------------------------------------------------------------------

    def _later(self, delay: int, action: Callable[[], None]) -> None:
        """Do something after a while, if this life still runs then."""
        alive = self._while_alive(lambda _: action())
        self.agenda.after(delay, lambda: alive(None))

    def _while_alive(self, action: Callable[[Any], None]) -> Callable[[Any], None]:
        life = self.life

        def act(value: Any) -> None:
            if not self.alive or self.life != life:
                return
            if self.frozen:
                self.agenda.at(self._frozen_until, lambda: act(value))
            else:
                self._guarded(lambda: action(value))

        return act


def unanswered(call: Call) -> Any:
    """What a call comes to whose answer nobody waits for any longer."""
    what, text = call.what, "no answer in time"
    if isinstance(what, QueryOrder):
        return QueryAnswered(request=what.request, order=what.order, failed=text)
    if isinstance(what, FetchAccount):
        return AccountFetched(
            request=what.request, venue_time=0, since=what.since, failures=(text,)
        )
    if isinstance(what, MeasureClock):
        return ClockUnknown(text=text)
    count = len(what.tickets) if isinstance(what, Submit) else 1
    return Answered(request=what.request, outcomes=(Unclear(text=text),) * count)
