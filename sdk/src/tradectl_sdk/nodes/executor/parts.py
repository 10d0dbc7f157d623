"""What an executor's core is made of, and the order in which its parts have their say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.domain.money import plain
from tradectl_sdk.errors import UsageError
from tradectl_sdk.nodes.executor import records as of
from tradectl_sdk.nodes.executor.admission import Admission
from tradectl_sdk.nodes.executor.answers import Answers
from tradectl_sdk.nodes.executor.changes import Changes
from tradectl_sdk.nodes.executor.forgetting import Forgetting
from tradectl_sdk.nodes.executor.gatekeeper import Gatekeeper
from tradectl_sdk.nodes.executor.groups import Groups
from tradectl_sdk.nodes.executor.identity import ClientIdMaker
from tradectl_sdk.nodes.executor.order import ENDED, UNKNOWN
from tradectl_sdk.nodes.executor.probing import Prober
from tradectl_sdk.nodes.executor.reconciliation import Reconciler
from tradectl_sdk.nodes.executor.reports import Reports
from tradectl_sdk.nodes.executor.routing import Router
from tradectl_sdk.nodes.executor.standing import Standing
from tradectl_sdk.nodes.executor.state import HALTED
from tradectl_sdk.nodes.executor.switch import Switch
from tradectl_sdk.nodes.executor.triggers import Triggers
from tradectl_sdk.nodes.executor.watching import Waiting, Watcher

if TYPE_CHECKING:
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.nodes.executor.order import Order
    from tradectl_sdk.nodes.executor.recorder import Recorder
    from tradectl_sdk.nodes.executor.reports import Past
    from tradectl_sdk.nodes.executor.setup import Bounds, Setup
    from tradectl_sdk.nodes.executor.state import State


@dataclass(slots=True)
class Parts:
    """The parts of a core that has been started."""

    state: State
    recorder: Recorder
    standing: Standing
    gatekeeper: Gatekeeper
    router: Router
    groups: Groups
    reports: Reports
    prober: Prober
    answers: Answers
    admission: Admission
    triggers: Triggers
    watcher: Watcher
    waiting: Waiting
    reconciler: Reconciler
    switch: Switch
    forgetting: Forgetting
    bounds: Bounds
    could: tuple[bool, bool] = (False, False)

    @classmethod
    def made(cls, setup: Setup, state: State, recorder: Recorder, past: Past, epoch: int) -> Parts:
        """Write down that a life begins, and put its parts together."""
        check_continuity(setup, state)
        ids = ClientIdMaker(setup.card, setup.account)
        recorder.write(
            of.Started(
                recorder.now,
                epoch,
                setup.account,
                setup.strategy,
                setup.margin,
                tuple(terms_of(one) for one in setup.instruments),
            )
        )
        standing = Standing(state, setup)
        groups = Groups(state, recorder)
        router = Router(setup, state, recorder, standing, ids)
        reports = Reports(state, recorder, router, groups, past)
        prober = Prober(setup, state, recorder, standing, reports)
        gatekeeper = Gatekeeper(setup, state, recorder)
        changes = Changes(setup, state, recorder, standing, gatekeeper, router)
        triggers = Triggers(setup, state, recorder, groups)
        reconciler = Reconciler(setup, state, recorder, standing, reports, prober, router)
        return cls(
            state,
            recorder,
            standing,
            gatekeeper,
            router,
            groups,
            reports,
            prober,
            Answers(state, recorder, router, reports, prober),
            Admission(setup, state, recorder, standing, gatekeeper, router, groups, changes),
            triggers,
            Watcher(state, standing, gatekeeper, triggers),
            Waiting(setup.bounds),
            reconciler,
            Switch(setup, state, recorder, standing, groups, reconciler),
            Forgetting(state, recorder, setup.bounds),
            setup.bounds,
        )

    def due(self, now: int) -> None:
        """Do what time brings."""
        self.answers.expire(now)
        venue_time = self.standing.venue_time(now) if self.standing.offset is not None else 0
        self.triggers.expire(max(venue_time, self.state.ledger.prices.time))
        for key, time in list(self.router.overdue.items()):
            order = self.state.book.orders.get(key)
            if order is None or order.ended:
                del self.router.overdue[key]
            elif 0 < time <= now:
                self.router.overdue[key] = 0
                self.recorder.touched[key] = None

    def _resume(self) -> None:
        """Look at every order once something has become possible: asking at all, or sending."""
        if any(self.could):
            live = self.state.book.all_live()
            self.recorder.touched.update(dict.fromkeys(one.key for one in live))

    def work(self) -> None:
        """Let every order that was written about have what it needs, and look at the account."""
        standing, touched = self.standing, self.recorder.touched
        could = (standing.gateway > 0, standing.can_send)
        if could != self.could:
            self.could = could
            self._resume()
        if touched:
            self._work_touched(touched)
        if self.admission.parked:
            self.admission.judge_parked()
        halted = self.state.switch == HALTED
        if halted:
            self.switch.tick()
        if touched:
            self._work_touched(touched)
        prober = self.prober
        if prober.wants_lists or (halted and self.switch.wants_proof):
            self.reconciler.soon()
        if prober.doubts:
            prober.ask(self.recorder.now)
        self.reconciler.tick(self.recorder.now)

    def _work_touched(self, touched: dict[int, None]) -> None:
        orders = self.state.book.orders
        while touched:
            keys = list(touched)
            touched.clear()
            for key in keys:
                order = orders.get(key)
                if order is not None:
                    self._work_one(order)

    def _work_one(self, order: Order) -> None:
        if not ENDED[order.status]:
            self.router.work(order)
        if self.prober.doubts or order.doubted or order.status == UNKNOWN:
            self.prober.review(order)
        if order.expires:
            self.triggers.watch(order)
        if not order.settled:
            self.reconciler.soon(self.bounds.settle)
        elif ENDED[order.status]:
            self.groups.ended(order)

    def next_time(self) -> int | None:
        """When something is due at the latest."""
        soonest = self.reconciler.next_time() if self.standing.gateway else None
        for time in self._times():
            if time is not None and (soonest is None or time < soonest):
                soonest = time
        return soonest

    def _times(self) -> list[int | None]:
        """When something is due of what there is; most of the time there is next to nothing."""
        times: list[int | None] = []
        if self.router.requests:
            times.append(self.answers.next_deadline)
        if self.admission.parked:
            times.append(self.admission.next_deadline)
        if self.triggers.dated:
            times.append(self.triggers.next_time(self.standing.offset or 0))
        if self.waiting.queue:
            times.append(self.waiting.next_deadline)
        if self.prober.doubts:
            times.append(self.prober.next_time())
        if self.state.flatten:
            times.append(self.switch.next_time())
        if self.router.overdue:
            times += [time for time in self.router.overdue.values() if time]
        return times


def terms_of(one: Instrument) -> of.Terms:
    """Return the terms by which a journal's numbers are to be read."""
    return of.Terms(
        one.symbol,
        one.venue,
        one.base,
        one.quote,
        plain(one.tick_size),
        plain(one.lot_size),
        plain(one.multiplier),
        plain(one.min_notional),
    )


def check_continuity(setup: Setup, state: State) -> None:
    """See that what the journal holds can be read with what is traded now.

    Raises:
        UsageError: If not.
    """
    if state.epoch == 0:
        return
    for what, kept, given in (
        ("account", state.account, setup.account),
        ("strategy", state.strategy, setup.strategy),
        ("kind of account", _kind(margin=state.margin), _kind(margin=setup.margin)),
    ):
        if kept != given:
            raise UsageError(
                f"the {what} was {given}, expected {kept}, which the journal was kept for",
                hint="each account and strategy has a journal of its own",
            )
    now = {str(one.id): terms_of(one) for one in setup.instruments}
    for terms in state.terms:
        name = f"{terms.symbol}.{terms.venue}"
        if not state.ledger.position(name) and not state.book.live(name):
            continue
        if name not in now:
            raise UsageError(f"{name} was left out, and the journal holds a position or orders")
        grid, before = _grid(now[name]), _grid(terms)
        if grid != before:
            raise UsageError(
                f"the grid of {name} was {grid}, expected {before}, in which the journal counts",
                hint="close what is held under the former grid first",
            )


def _kind(*, margin: bool) -> str:
    return "margin" if margin else "cash"


def _grid(terms: of.Terms) -> tuple[str, str, str]:
    return terms.tick_size, terms.lot_size, terms.multiplier
