"""Comparing our account with the venue's: at start, at every reconnection, and ever again.

The venue's lists are facts first: every trade and report in them is taken in. What then still
differs is told, and stops orders that add risk until it is gone or a person says that the venue is
right. A difference counts when two lists in a row show it, since a list is not made in an instant.
An order that we think works and the venue does not list is asked for, never dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.control import Declined, Reconciled
from tradectl_sdk.bus.messages.orders import FetchAccount
from tradectl_sdk.domain.orders import OrderEvent
from tradectl_sdk.errors import ExitStatus
from tradectl_sdk.exchange.values import OrderReport, TradeReport
from tradectl_sdk.nodes.executor import comparing
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.inferring import Inference
from tradectl_sdk.nodes.executor.order import SUBMITTED, UNKNOWN
from tradectl_sdk.nodes.executor.reports import digest
from tradectl_sdk.nodes.failpoints import failpoint

if TYPE_CHECKING:
    from tradectl_sdk.bus.messages.intents import Cursor
    from tradectl_sdk.bus.messages.orders import AccountFetched
    from tradectl_sdk.nodes.executor.comparing import Finding
    from tradectl_sdk.nodes.executor.probing import Prober
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.reports import Reports
    from tradectl_sdk.nodes.executor.routing import Router
    from tradectl_sdk.nodes.executor.setup import Setup
    from tradectl_sdk.nodes.executor.standing import Standing
    from tradectl_sdk.nodes.executor.state import State

ACCEPT = int(OrderEvent.ACCEPT)
SECOND = 1_000_000_000
FIRST_RETRY, LONGEST_RETRY = SECOND, 30 * SECOND


class Reconciler:
    """Fetches the account, takes in what it says, and compares the rest.

    Attributes:
        findings: What differs, as last confirmed.
        due: When the account is fetched next, None while that is under way or impossible.
        stream: How far the gateway's account stream has been dealt with; None before the first
            fetch of a gateway's life has told where it stands.
    """

    def __init__(
        self,
        setup: Setup,
        state: State,
        recorder: Recorder,
        standing: Standing,
        reports: Reports,
        prober: Prober,
        router: Router,
    ) -> None:
        self.findings: tuple[Finding, ...] = ()
        self.due: int | None = None
        self.stream: Cursor | None = None
        self._setup = setup
        self._bounds = setup.bounds
        self._state = state
        self._recorder = recorder
        self._standing = standing
        self._reports = reports
        self._prober = prober
        self._router = router
        self._inference = Inference(setup, state, recorder, reports)
        self._asked = 0
        self._asked_at = 0
        self._deadline = 0
        self._retry = FIRST_RETRY
        self._suspected: tuple[Finding, ...] = ()
        self._waiting: list[tuple[str, bool]] = []  # ports that want to hear, and to apply
        self._events_at_ask = 0
        self.events = 0  # of the account stream, to see whether a list was made while some came

    # When ------------------------------------------------------------------------------------

    def connected(self) -> None:
        """A life of the gateway that we had not spoken to: nothing is known any more."""
        self._asked = 0
        self.stream = None
        self._suspected = ()
        self.due = self._recorder.now

    def soon(self, delay: int = 0) -> None:
        """Fetch the account no later than after a delay."""
        if self._standing.gateway == 0:
            return
        time = self._recorder.now + delay
        self.due = time if self.due is None else min(self.due, time)

    def ask_for(self, port: str, *, apply: bool) -> None:
        """Compare now, and tell a port what comes of it."""
        self._waiting.append((port, apply))
        self.soon()

    def disconnected(self) -> None:
        """The gateway is gone."""
        self._asked = 0
        self.due = None

    def next_time(self) -> int | None:
        """When something is to be done."""
        return self._deadline if self._asked else self.due

    def tick(self, now: int) -> None:
        """Fetch the account when that is due."""
        if self._asked and self._deadline <= now:
            self._asked = 0
            self._again()
        if self._asked or self.due is None or self.due > now or self._standing.gateway == 0:
            return
        self._asked, self._asked_at = self._recorder.next_request(), now
        self._deadline = now + self._setup.answer_time
        self._events_at_ask = self.events
        self.due = None
        self._recorder.ask(
            FetchAccount(
                request=self._asked,
                epoch=self._state.epoch,
                instruments=tuple(str(one.id) for one in self._setup.instruments),
                since=self._since(now),
            )
        )

    def _since(self, now: int) -> int:
        """From when on ended orders and trades could concern us."""
        overlap = self._setup.answer_time + self._bounds.clock_margin
        times = [self._state.compared or self._standing.venue_time(now)]
        times += [self._state.book.orders[key].sent_venue for key in self._prober.doubts]
        orders = self._state.book.orders.values()
        times += [one.sent_venue for one in orders if not one.settled]
        return max(min(time for time in times if time) - overlap, 0)

    def _again(self) -> None:
        self.due = self._recorder.now + self._retry
        self._retry = min(2 * self._retry, LONGEST_RETRY)

    # What ------------------------------------------------------------------------------------

    def fetched(self, message: AccountFetched) -> None:
        """Take in the account as the venue shows it, and compare."""
        if message.request != self._asked:
            return
        self._asked = 0
        failpoint("executor.reconcile.begun")
        if self.stream is None or message.executions.epoch != self.stream.epoch:
            self.stream = message.executions
        learns = self._standing.offset is None or self._setup.card.simulated
        if learns and message.venue_time:
            self._standing.compare_clocks(message.venue_time - self._recorder.now)
        present, strangers = self._take_in(message)
        self._prober.listed(message, present)
        if not self._complete(message):
            self._again()
            self._answer_failure(message)
            return
        self._retry = FIRST_RETRY
        self._question_the_missing(message, present)
        if self._inference.infer(message):
            self.soon(self._bounds.settle)
        self._fund(message)
        findings = self._compare(message, strangers)
        failpoint("executor.reconcile.compared")
        self._conclude(message, findings)

    def _complete(self, message: AccountFetched) -> bool:
        card = self._setup.card
        parts: list[object] = [message.open_orders]
        if card.trades_since:
            parts.append(message.trades)
        if card.closed_orders:
            parts.append(message.closed_orders)
        parts.append(message.balances)  # cash begins with them
        if self._setup.margin:
            parts.append(message.positions)
        return all(part is not None for part in parts)

    def _take_in(self, message: AccountFetched) -> tuple[set[int], list[OrderReport]]:
        """Take in lists as the facts they are; return our orders in them, and strangers."""
        present: set[int] = set()
        strangers = []
        book = self._state.book
        for trade in message.trades or ():
            ours = book.find(trade.instrument, trade.client_id, trade.venue_id) is not None
            if (ours or trade.time >= self._state.since) and self._reports.trade(trade):
                self._mark(trade, present)
        for report in message.closed_orders or ():
            if self._reports.absorb(report, proven=True):
                self._mark(report, present)
        for report in message.open_orders or ():
            if self._reports.absorb(report, proven=True):
                self._mark(report, present)
            else:
                strangers.append(report)
        return present, strangers

    def _mark(self, one: OrderReport | TradeReport, present: set[int]) -> None:
        found = self._state.book.find(one.instrument, one.client_id, one.venue_id)
        if found is not None and self._state.book.orders[found[0]].revision == found[1]:
            present.add(found[0])

    def _question_the_missing(self, message: AccountFetched, present: set[int]) -> None:
        listed = {report.client_id or report.venue_id for report in message.open_orders or ()}
        for order in self._state.book.all_live():
            if not order.at_venue or order.status in {SUBMITTED, UNKNOWN}:
                continue
            if order.client_id in listed or order.venue_id in listed:
                continue
            unfilled = order.key not in present or order.leg_remaining > 0
            if unfilled and order.sent < self._asked_at:
                self._prober.doubt(order)

    def _fund(self, message: AccountFetched) -> None:
        """Take what the account holds for what was there before, the first time it is seen."""
        held = {one.currency: one.total for one in message.balances or ()}
        ledger, own = self._state.ledger, self._setup.currency
        bases = [] if self._setup.margin else ledger.bases
        for currency in dict.fromkeys([own, *bases]):
            if currency in ledger.baseline:
                continue
            found = held.get(currency, 0)
            cash = None
            if currency == own:
                cash = found if self._setup.cash is None else self._setup.cash
            self._recorder.write(of.Funded(self._recorder.now, currency, found - (cash or 0), cash))

    def _compare(
        self, message: AccountFetched, strangers: list[OrderReport]
    ) -> tuple[Finding, ...]:
        found = [
            *comparing.foreign_orders(self._setup, strangers),
            *comparing.foreign_trades(list(self._state.orphans.values())),
        ]
        if message.positions is not None and (message.positions or self._setup.margin):
            found += comparing.positions(self._setup, self._state, message.positions)
        found += comparing.balances(self._setup, self._state, message.balances or ())
        return tuple(found)

    # What comes of it ------------------------------------------------------------------------

    def _conclude(self, message: AccountFetched, findings: tuple[Finding, ...]) -> None:
        before = {one.identity for one in self._suspected}
        confirmed = tuple(one for one in findings if one.identity in before)
        quiet = self._events_at_ask == self.events
        new = len(confirmed) < len(findings)
        if findings and (new or not quiet):
            self._suspected = findings
            self.due = self._recorder.now + self._bounds.confirm_after
            if not confirmed:
                return
        self._suspected = findings
        self._settle(message, confirmed)
        if self.due is None:
            self.due = self._recorder.now + self._bounds.reconcile_every

    def _settle(self, message: AccountFetched, confirmed: tuple[Finding, ...]) -> None:
        apply = any(apply for _, apply in self._waiting)
        if apply and confirmed:
            self._apply(message, confirmed)
        told = tuple(f"{one.shown.subject}: ours {one.shown.ours}, theirs {one.shown.theirs}"
                     for one in confirmed)  # fmt: skip
        self._recorder.write(
            of.Compared(
                self._recorder.now, message.venue_time, told, applied=apply and bool(confirmed)
            )
        )
        self.findings = () if apply else confirmed
        self._standing.agreed = not any(one.blocks for one in self.findings)
        self._standing.opened = self._standing.opened or self._standing.agreed
        answer = Reconciled(
            differences=tuple(one.shown for one in confirmed),
            applied=apply and bool(confirmed),
            time=self._recorder.now,
        )
        for port, _ in self._waiting:
            self._recorder.answer(port, answer)
        self._waiting.clear()

    def _answer_failure(self, message: AccountFetched) -> None:
        text = "; ".join(message.failures) or "the venue did not show the whole account"
        for port, _ in self._waiting:
            self._recorder.answer(
                port,
                Declined(
                    status=int(ExitStatus.EXCHANGE),
                    text=f"the account could not be compared: {text}",
                    hint="it is tried again by itself; nothing that adds risk is sent meanwhile",
                ),
            )
        self._waiting.clear()

    def _apply(self, message: AccountFetched, findings: tuple[Finding, ...]) -> None:
        """Take the venue's side, on a person's word; balances last, since trades explain them."""
        reports = [one.report for one in findings]
        for report in reports:
            if isinstance(report, OrderReport):
                self._adopt_order(report)
        for report in reports:
            if isinstance(report, TradeReport):
                self._adopt_trade(report)
        for one in findings:
            if one.kind == comparing.POSITION:
                ours = self._state.ledger.position(one.name)
                theirs = {p.instrument: p.lots for p in message.positions or ()}
                change = theirs.get(one.name, 0) - ours
                self._recorder.write(of.Shifted(self._recorder.now, one.name, change))
                self._router.position_changed(one.name)
        for one in comparing.balances(self._setup, self._state, message.balances or ()):
            self._adopt_balance(one)

    def _adopt_balance(self, finding: Finding) -> None:
        ledger, currency = self._state.ledger, finding.name
        units = ledger.baseline[currency]
        cash = None
        if finding.kind == comparing.CASH:
            cash = ledger.cash + finding.change
        else:
            units += finding.change
        self._recorder.write(of.Funded(self._recorder.now, currency, units, cash))

    def _adopt_trade(self, trade: TradeReport) -> None:
        if (trade.instrument, trade.trade_id) in self._state.trades:
            return  # of an order that has just been taken over
        self._recorder.write(
            of.Booked(
                self._recorder.now,
                0,
                0,
                trade.instrument,
                trade.trade_id,
                digest(trade),
                trade.side,
                trade.lots,
                trade.price,
                trade.fee,
                trade.fee_currency,
                trade.maker,
                trade.time,
            )
        )
        self._router.position_changed(trade.instrument)

    def _adopt_order(self, report: OrderReport) -> None:
        """Take over an order that somebody else placed; it belongs to no host."""
        if report.instrument not in self._state.ledger.instruments:
            return
        now, key = self._recorder.now, self._state.book.next_key
        trades = [one for one in self._state.orphans.values() if one.venue_id == report.venue_id]
        self._recorder.write(
            of.Placed(
                now,
                key,
                epoch=0,
                number=0,
                instrument=report.instrument,
                side=report.side,
                type=report.type,
                time_in_force=0,
                flags=0,
                lots=report.lots,
                limit=report.limit,
                trigger=report.trigger,
                trail=0,
                expires=0,
                group=0,
                parent=0,
                decided=report.time,
                event=-1,
                asked=report.lots,
                filled=max(report.filled - sum(one.lots for one in trades), 0),
            )
        )
        self._recorder.write(
            of.Sent(
                now,
                key,
                report.client_id,
                report.type,
                report.lots,
                report.limit,
                report.trigger,
                report.time,
            )
        )
        order = self._state.book.orders[key]
        self._recorder.write(
            of.Seen(now, key, report.venue_id, 0, report.filled, 0, 0, report.time)
        )
        self._recorder.move(order, ACCEPT, venue_time=report.time)
        self._reports.claim_orphans(order)
