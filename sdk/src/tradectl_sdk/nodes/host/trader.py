"""A strategy at work: the live engine with what it is told and what it wants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tradectl_sdk.bus.messages.events import Filled
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.engine.gate import OrderRequest
from tradectl_sdk.engine.growing import GrowingColumn
from tradectl_sdk.engine.live_build import live_engine, no_bars
from tradectl_sdk.nodes.host.outbox import Outbox
from tradectl_sdk.nodes.host.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.bus.messages.events import AccountSnapshot, OpenOrder, OrderChanged
    from tradectl_sdk.domain.timeframe import Timeframe
    from tradectl_sdk.engine import Columns, Plan
    from tradectl_sdk.exchange.values import BarClosed
    from tradectl_sdk.nodes.host.handing import Forecasts
    from tradectl_sdk.nodes.host.setup import HostSetup


class Trader:
    """The engine of a host, and the ways into it.

    Attributes:
        outbox: What the strategy wants.
        engine: The engine.
        tape: Where bars go in.
    """

    def __init__(self, setup: HostSetup, snapshot: AccountSnapshot) -> None:
        self._instruments = setup.instruments
        self._index = {name: index for index, name in enumerate(setup.instruments)}
        self.outbox = Outbox(setup.strategy, setup.epoch, setup.instruments)
        signals = {name: [GrowingColumn() for _ in setup.instruments] for name in setup.signals}
        self.engine = live_engine(
            replace(_with_longer_bars(setup.plan), growing=signals),
            self.outbox,
            cash=snapshot.cash,
            holdings=self._holdings(snapshot),
            keep=setup.keep,
        )
        self.tape = Tape(self.engine, setup.instruments, signals.values())

    def turn(self, bars: Sequence[BarClosed], forecasts: Forecasts, *, late: bool) -> bool:
        """Hand the bars of one instant to the strategy; return whether there was any for it."""
        now = bars[0].time
        streams = self.tape.put(now, bars, forecasts)
        if not streams:
            return False
        self.engine.catching_up = late
        self.engine.turn(now, streams)
        self.engine.catching_up = False
        return True

    def apply(self, event: OrderChanged | Filled, known: int) -> None:
        """Take an execution into the tables.

        Args:
            event: What was told.
            known: When the strategy will hear of it.
        """
        order = self.outbox.id_of(event.epoch, event.number)
        if isinstance(event, Filled):
            self._fill(order, event, known)
        elif order:
            self.outbox.read(event.heard)
            self.engine.hearsay.changed(
                order,
                status=event.status,
                pending=event.pending,
                lots=event.lots,
                limit=event.limit,
                trigger=event.trigger,
                trail=event.trail,
                reason=event.reason,
                time=event.time,
                stale=event.heard > 0 and self.outbox.outdates(order, event.heard),
            )
        if OrderStatus(event.status).terminal and order:
            self.outbox.forget(order)

    def _fill(self, order: int, event: Filled, known: int) -> None:
        instrument = self._index.get(event.instrument)
        if instrument is None:
            return  # of something the session does not trade; the cash comes with the next fill
        self.engine.hearsay.filled(
            order,
            instrument=instrument,
            side=event.side,
            lots=event.lots,
            price=event.price,
            fee=event.fee,
            maker=event.maker,
            time=event.time,
            known=known,
            bar=self.engine.bars_told(instrument),
            reason=event.reason,
            reference=event.reference,
            position=event.position,
            cash=event.cash,
            status=event.status,
        )

    # Where a host starts, or its executor does ---------------------------------------------

    def adopt(self, orders: Sequence[OpenOrder]) -> None:
        """Take over orders of earlier lives, under ids of this one."""
        groups: dict[tuple[int, int], int] = {}
        for each in orders:
            if each.instrument in self._index:
                request = self._request(each)
                group = (each.epoch, each.group)
                upcoming = self.engine.desk.orders.upcoming
                request.group = groups.setdefault(group, upcoming) if each.group else 0
                order = self.engine.hearsay.adopt(
                    request, filled=each.filled, status=each.status, created=each.created
                )
                self.outbox.adopt(order, each.epoch, each.number)

    def compare(self, snapshot: AccountSnapshot, now: int) -> None:
        """Take over the account as an executor shows it after its restart."""
        engine = self.engine
        for instrument, lots in enumerate(self._holdings(snapshot)):
            engine.desk.account.hold(instrument, lots)
        engine.desk.account.own(snapshot.cash)
        shown = {self.outbox.id_of(one.epoch, one.number): one for one in snapshot.orders}
        for order in engine.hearsay.open_orders:
            if order not in shown and not self.outbox.outdates(order, snapshot.heard):
                engine.hearsay.lose(order, now)
                self.outbox.forget(order)
        for order, one in shown.items():
            engine.hearsay.changed(
                order,
                status=one.status,
                pending=one.pending,
                lots=one.lots,
                limit=one.limit,
                trigger=one.trigger,
                trail=one.trail,
                reason=0,
                time=now,
                stale=self.outbox.outdates(order, snapshot.heard),
            )

    def _request(self, order: OpenOrder) -> OrderRequest:
        request = OrderRequest()
        request.instrument = self._index[order.instrument]
        request.side = order.side
        request.type = order.type
        request.time_in_force = order.time_in_force
        request.flags = order.flags
        request.lots = order.lots
        request.limit = order.limit
        request.trigger = order.trigger
        request.trail = order.trail
        request.expires = order.expires
        request.parent = self.outbox.id_of(order.epoch, order.parent) if order.parent else 0
        return request

    def _holdings(self, snapshot: AccountSnapshot) -> list[int]:
        held = {one.instrument: one.lots for one in snapshot.holdings}
        return [held.get(name, 0) for name in self._instruments]


def _with_longer_bars(plan: Plan) -> Plan:
    return replace(plan, resample=_longer_series)


def _longer_series(instrument: int, timeframe: Timeframe) -> Columns:
    return no_bars(instrument, timeframe.nanoseconds, drives=False)
