"""The venue: the paper venue's own core behind an interface that fails as real ones do.

The venue itself never fails: its ledger is the truth that everything is held to. What fails is the
way to it, what it says, and when it says it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tradectl_sdk.bus.messages.orders import (
    AccountFetched,
    AmendOrder,
    Answered,
    CancelOrder,
    ClockOffset,
    FetchAccount,
    QueryAnswered,
    QueryOrder,
    Submit,
)
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.exchange import (
    Absent,
    Accepted,
    BarClosed,
    OrderRef,
    OrderReport,
    Print,
    Refused,
    TradeReport,
    Unclear,
)
from tradectl_sdk.nodes.gateway.inputs import ClockUnknown, MeasureClock
from tradectl_sdk.paper import Matching, MemoryLedger, PaperCore
from tradectl_sdk.testing.simulation.agenda import MILLISECOND, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.exchange import CancelOutcome, Card, Ticket
    from tradectl_sdk.nodes.gateway.inputs import Call
    from tradectl_sdk.paper import PaperSettings
    from tradectl_sdk.testing.simulation.agenda import Agenda, Trace
    from tradectl_sdk.testing.simulation.weather import Weather

WINDOW = 5 * SECOND  # after its time stamp in which a request is accepted
PROCESSING = 10 * SECOND
WORKING = {OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED}
LISTS = ("open_orders", "closed_orders", "trades")
LAG = 5.0  # seconds for which a new order may be missing from lists


class SimulatedVenue:
    """One account at one venue, with everything that ever reached it.

    Attributes:
        core: The venue itself.
        card: What it says it can do.
        bars: All bars so far, by instrument, oldest first.
        taken: Every ticket that made an order, in order.
        skew: How far its clock is ahead, nanoseconds.
    """

    def __init__(
        self,
        agenda: Agenda,
        weather: Weather,
        trace: Trace,
        chance: Random,
        *,
        instruments: Sequence[Instrument],
        settings: PaperSettings,
        groups: bool,
    ) -> None:
        self.ledger = MemoryLedger()
        self.core = PaperCore(instruments, self.ledger, settings)
        self.card: Card = replace(
            self.core.card,
            groups=self.core.card.groups if groups else frozenset(),
            amends=groups,
            request_window=WINDOW,
            processing_timeout=PROCESSING,
            simulated=False,
        )
        self.bars: dict[str, list[BarClosed]] = {str(one.id): [] for one in instruments}
        self.taken: list[Ticket] = []
        self.skew = 0
        self.on_ticket: Callable[[Ticket], None] = lambda _: None
        self.on_news: Callable[[], None] = lambda: None
        self._prints = settings.matching is Matching.PRINTS
        self._agenda = agenda
        self._weather = weather
        self._trace = trace
        self._chance = chance
        self._hidden: dict[str, int] = {}  # client id -> until when lists do not show it

    @property
    def now(self) -> int:
        """The venue's clock."""
        return self._agenda.now + self.skew

    # The market ----------------------------------------------------------------------------

    def close_bars(self, bars: Sequence[BarClosed]) -> None:
        """Let bars of one instant close."""
        for bar in bars:
            self.bars[bar.instrument].append(bar)
        if not self._prints:
            self.core.bars(bars, bars[0].time)
        self.on_news()

    def trade(self, print_: Print) -> None:
        """Let others trade."""
        if self._prints:
            self.core.print(print_, self.now)
            self.on_news()

    def history(self, instrument: str, length: int, since: int, until: int) -> list[BarClosed]:
        """Closed bars that opened in [since, until)."""
        return [bar for bar in self.bars[instrument] if since <= bar.time - length < until]

    # Requests ------------------------------------------------------------------------------

    def ask(self, call: Call, sent: int, answer: Callable[[Any], None]) -> None:
        """Let a request travel to the venue and its answer back, if both arrive.

        Args:
            call: The request.
            sent: Its time stamp, by the venue's clock as we know it.
            answer: Called with the result, at most once.
        """
        weather = self._weather
        if weather.strikes("request_lost"):
            return
        delay = weather.way()
        if weather.strikes("request_late"):
            delay += weather.between(1, 12)
        self._agenda.after(delay, lambda: self._arrive(call, sent, answer))

    def _arrive(self, call: Call, sent: int, answer: Callable[[Any], None]) -> None:
        result = self._do(call.what, sent)
        if self._weather.strikes("answer_lost"):
            return
        self._agenda.after(self._weather.way(), lambda: answer(result))

    def _do(self, what: Any, sent: int) -> Any:
        match what:
            case Submit():
                return self._change(what, len(what.tickets), sent, lambda: self._submit(what))
            case CancelOrder():
                return self._change(what, 1, sent, lambda: [self._cancel(what.order)])
            case AmendOrder():
                return self._change(
                    what, 1, sent, lambda: [self.core.amend(what.order, what.ticket, self.now)]
                )
            case QueryOrder():
                return self._query(what)
            case FetchAccount():
                return self._fetch(what)
            case MeasureClock():
                if self._weather.strikes("question_fails"):
                    return ClockUnknown(text="simulated")
                return ClockOffset(offset=self.skew, uncertainty=80 * MILLISECOND)
        raise TypeError(type(what).__name__)

    def _change(
        self, what: Any, count: int, sent: int, do: Callable[[], Sequence[Any]]
    ) -> Answered:
        if self.now > sent + WINDOW:
            outcomes: Sequence[Any] = [Refused(code="too_old", text="outside its window")] * count
        elif self._weather.strikes("refused"):
            outcomes = [Refused(code="busy", text="too many requests")] * count
        else:
            outcomes = do()
            self.on_news()
        if self._weather.strikes("answer_unreadable"):
            outcomes = [Unclear(text="504")] * count
        return Answered(request=what.request, outcomes=tuple(outcomes))

    def _submit(self, what: Submit) -> Sequence[Any]:
        before = len(self.ledger.working())
        for ticket in what.tickets:
            self._trace.note("venue", "ticket", ticket.client_id, ticket.side, ticket.lots)
        outcomes = self.core.submit(what.tickets, self.now)
        for ticket, outcome in zip(what.tickets, outcomes, strict=True):
            if not isinstance(outcome, Refused):
                self.taken.append(ticket)
                self.on_ticket(ticket)
                if self._weather.strikes("listing_lags"):
                    self._hidden[ticket.client_id] = self.now + self._weather.between(1, LAG)
                if self._weather.strikes("cut_short"):
                    self._cut_short(ticket)
        self._trace.note("venue", "working", before, len(self.ledger.working()))
        return outcomes

    def _cut_short(self, ticket: Ticket) -> None:
        """Fill half of an order, where it can be filled by now, and end the rest."""
        ref = OrderRef(instrument=ticket.instrument, client_id=ticket.client_id)
        if isinstance(self.core.fill(ref, max(ticket.lots // 2, 1), self.now), Accepted):
            self.core.expire(ref, self.now)

    def _cancel(self, order: OrderRef) -> CancelOutcome:
        found = self.core.query(order)
        working = isinstance(found, OrderReport) and found.status in WORKING
        if not working or not self._weather.strikes("cancel_late"):
            return self.core.cancel(order, self.now)

        def end() -> None:
            self.core.cancel(order, self.now)
            self.on_news()

        self._agenda.after(self._weather.between(0.5, 5), end)
        return Accepted()

    # Questions -----------------------------------------------------------------------------

    def _query(self, what: QueryOrder) -> QueryAnswered:
        venue_time = self.now
        if self._weather.strikes("question_fails"):
            return QueryAnswered(request=what.request, order=what.order, failed="simulated")
        result = self.core.query(what.order)
        if isinstance(result, OrderReport) and self._is_hidden(result):
            result = Absent()
        return QueryAnswered(
            request=what.request, order=what.order, result=result, venue_time=venue_time
        )

    def _fetch(self, what: FetchAccount) -> AccountFetched:
        core, names, since = self.core, what.instruments, what.since
        parts: dict[str, Any] = {
            "open_orders": lambda: [one for one in core.open_orders() if not self._is_hidden(one)],
            "closed_orders": lambda: [o for name in names for o in core.closed_orders(name, since)],
            "trades": lambda: [one for name in names for one in core.trades(name, since)],
            "balances": core.balances,
            "positions": core.positions,
        }
        found: dict[str, Any] = {}
        failures = []
        empty = LISTS if self._weather.strikes("lists_empty") else ()
        for name, ask in parts.items():
            if name in empty:
                found[name] = ()
            elif self._weather.strikes("question_fails"):
                failures.append(f"{name}: simulated")
                found[name] = None
            else:
                found[name] = tuple(ask())
        return AccountFetched(
            request=what.request,
            venue_time=self.now,
            since=since,
            failures=tuple(failures),
            **found,
        )

    def _is_hidden(self, report: OrderReport) -> bool:
        return self._hidden.get(report.client_id, 0) > self.now

    # The truth -----------------------------------------------------------------------------

    def all_trades(self) -> list[TradeReport]:
        """Every trade of the account."""
        return [one for name in self.bars for one in self.core.trades(name, 0)]

    def position(self, instrument: str) -> int:
        """Signed lots that were traded in all."""
        return sum(one.side * one.lots for one in self.core.trades(instrument, 0))
