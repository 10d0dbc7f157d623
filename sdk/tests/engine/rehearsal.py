"""A live engine beside a venue that answers at once: the engine's own, bar by bar."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.domain.records import FILL_FIELDS, ORDER_FIELDS
from tradectl_sdk.engine.build import build
from tradectl_sdk.engine.columns import (
    F_FEE,
    F_INSTRUMENT,
    F_LIQUIDITY,
    F_LOTS,
    F_ORDER,
    F_POSITION,
    F_PRICE,
    F_REASON,
    F_REFERENCE,
    F_SIDE,
    F_TIME,
    O_CLOSED,
    O_FILLED,
    O_ID,
    O_LIMIT,
    O_LOTS,
    O_REASON,
    O_STATUS,
    O_TRAIL,
    O_TRIGGER,
)
from tradectl_sdk.engine.gate import ApprovedOrder, OrderRequest
from tradectl_sdk.engine.live_build import live_engine
from tradectl_sdk.engine.orders import FILL_ENTRY
from tradectl_sdk.engine.streaming import StreamBar, StreamingFeed
from tradectl_sdk.strategy import Strategy

if TYPE_CHECKING:
    from tradectl_sdk.engine import Plan


class Listener(Strategy):
    """Does nothing, but wants to be told: it switches the journal on."""

    def on_order(self, ctx, order) -> None: ...


class Rehearsal:
    """A live engine whose intents go to a simulated venue, and the venue's news back.

    Everything is heard at the instant it happens, before the bars of that instant.
    """

    def __init__(self, plan: Plan, *, keep: int = 1_000_000) -> None:
        self.plan = plan
        self.bars = [
            list(zip(*(c.tolist() for c in one.flat), strict=True)) for one in plan.columns
        ]
        quiet = replace(plan, make_strategy=Listener, make_rules=tuple, warmup=0)
        venue = build(
            replace(quiet, columns=[cut(one, 0) for one in plan.columns]), StreamingFeed()
        )
        self.feed, self.venue, self.desk = venue.feed, venue.desk.venue, venue.desk
        self.theirs: dict[int, int] = {}  # our id -> the venue's
        self.ours: dict[int, int] = {}
        self.shown: dict[int, tuple[int, ...]] = {}
        cash = venue.desk.account.cash
        held = plan.holdings or [0] * len(plan.instruments)
        self.engine = live_engine(plan, self, cash=cash, holdings=held, keep=keep)
        self.denied: list[tuple[int, int]] = []
        self.times: list[int] = []
        self.equity: list[float] = []

    # The outlet ----------------------------------------------------------------------------

    def place(self, order, request, lots) -> None:
        approved = ApprovedOrder(copy.copy(request))
        approved.lots = lots
        approved.request.parent = self.theirs.get(request.parent, 0)
        upcoming = self.venue.orders.upcoming
        approved.request.group = (
            upcoming if request.group == order else self.theirs.get(request.group, 0)
        )
        row = self.venue.submit(approved, self.engine.desk.time)
        theirs = self.venue.orders.rows[row, O_ID]
        self.theirs[order], self.ours[theirs] = theirs, order

    def deny(self, order, request, reason, now) -> None:
        self.denied.append((order, reason))

    def cancel(self, order) -> None:
        self.venue.cancel(self.theirs[order] - 1, self.engine.desk.time)

    def modify(self, order, lots, limit, trigger) -> None:
        row = self.theirs[order] - 1
        request = OrderRequest()
        request.limit, request.trigger = limit, trigger
        approved = ApprovedOrder(request)
        approved.lots = lots - self.venue.orders.rows[row, O_FILLED]
        self.venue.modify(row, approved, self.engine.desk.time)

    def tie(self, first, second) -> None:
        self.venue.tie(self.theirs[first] - 1, self.theirs[second] - 1)

    # One instant ---------------------------------------------------------------------------

    def run(self, bars: int | None = None) -> Rehearsal:
        """Pass all instants, or those of the first bars of each series."""
        rows = [each[:bars] for each in self.bars]
        moments = sorted({row[0] for each in rows for row in each})
        for now in moments:
            due = [k for k, each in enumerate(rows) if any(row[0] == now for row in each)]
            self.step(now, due)
        return self

    def step(self, now: int, due: list[int]) -> None:
        bars = {k: stream_bar(next(row for row in self.bars[k] if row[0] == now)) for k in due}
        self.match(now, bars)
        for stream, bar in bars.items():
            self.engine.feed.append(stream, bar)
        self.engine.turn(now, due)
        self.acknowledge()
        self.times.append(now)
        self.equity.append(self.engine.value)

    def match(self, now: int, bars: dict[int, StreamBar]) -> None:
        for stream, bar in bars.items():
            self.feed.append(stream, bar)
        self.venue.booking.journal.told = self.venue.booking.journal.count  # of our own commands
        self.venue.match(now)
        for stream in bars:
            self.feed.advance(stream)
        self.tell(now)

    def tell(self, now: int) -> None:
        journal = self.venue.booking.journal
        while journal.told < journal.count:
            kind, subject = journal.entries[2 * journal.told], journal.entries[2 * journal.told + 1]
            journal.told += 1
            if kind == FILL_ENTRY:
                self.tell_fill(subject, now)
            else:
                self.tell_change(subject, kind)
        self.acknowledge()

    def acknowledge(self) -> None:
        """Tell of orders that were taken, and of what a venue changes without a word."""
        for row in range(self.venue.orders.count):
            self.tell_silently(row)

    def tell_fill(self, number: int, now: int) -> None:
        fill = [self.venue.booking.fills.rows[number, k] for k in range(len(FILL_FIELDS))]
        rows = self.venue.booking.fills.rows
        self.tell_trigger(fill[F_ORDER] - 1)
        later = range(number + 1, self.venue.booking.fills.count)
        last = all(rows[k, F_ORDER] != fill[F_ORDER] for k in later)
        status = self.venue.orders.rows[fill[F_ORDER] - 1, O_STATUS]
        ended = status == OrderStatus.FILLED and last
        before = self.engine.desk.account.cash
        value = self.desk.market.value(fill[F_INSTRUMENT], fill[F_PRICE], fill[F_LOTS])
        self.engine.hearsay.filled(
            self.ours[fill[F_ORDER]],
            instrument=fill[F_INSTRUMENT],
            side=fill[F_SIDE],
            lots=fill[F_LOTS],
            price=fill[F_PRICE],
            fee=fill[F_FEE],
            maker=bool(fill[F_LIQUIDITY]),
            time=fill[F_TIME],
            known=now,
            bar=self.engine.bars_told(fill[F_INSTRUMENT]),
            reason=fill[F_REASON],
            reference=fill[F_REFERENCE],
            position=fill[F_POSITION],
            cash=before - fill[F_SIDE] * value - fill[F_FEE],
            status=int(OrderStatus.FILLED if ended else OrderStatus.PARTIALLY_FILLED),
        )

    def tell_trigger(self, row: int) -> None:
        """Tell where a trailing stop stood when it filled."""
        cells, mine = self.venue.orders.rows, self.engine.desk.orders
        at = mine.row_of(self.ours[cells[row, O_ID]])
        if mine.alive(at):
            mine.rows[at, O_TRIGGER] = cells[row, O_TRIGGER]

    def tell_change(self, row: int, status: int, pending: int = 0) -> None:
        cells = self.venue.orders.rows
        self.engine.hearsay.changed(
            self.ours[cells[row, O_ID]],
            status=status,
            pending=pending,
            lots=cells[row, O_LOTS],
            limit=cells[row, O_LIMIT],
            trigger=cells[row, O_TRIGGER],
            trail=cells[row, O_TRAIL],
            reason=cells[row, O_REASON],
            time=cells[row, O_CLOSED],
            stale=False,
        )

    def tell_silently(self, row: int) -> None:
        cells = self.venue.orders.rows
        status = cells[row, O_STATUS]
        now = (status, cells[row, O_LOTS], cells[row, O_TRIGGER])
        if self.venue.orders.alive(row) and self.shown.get(row) != now:
            self.shown[row] = now
            self.tell_change(row, status)

    # What came of it -----------------------------------------------------------------------

    @property
    def orders(self) -> np.ndarray:
        table = self.engine.desk.orders
        return np.asarray(table.rows)[: table.count, : len(ORDER_FIELDS)].copy()

    @property
    def fills(self) -> np.ndarray:
        table = self.engine.desk.venue.booking.fills
        return np.asarray(table.rows)[: table.count].copy()


def stream_bar(row: tuple) -> StreamBar:
    time, open_, high, low, close, volume, *ticks, lots = row
    return StreamBar(
        time=time, ticks=tuple(ticks), lots=lots, prices=(open_, high, low, close), volume=volume
    )


def cut(columns, bars: int):
    part = slice(0, bars)
    return replace(
        columns,
        time=columns.time[part],
        ticks=tuple(one[part] for one in columns.ticks),
        lots=columns.lots[part],
        prices=tuple(one[part] for one in columns.prices),
        volume=columns.volume[part],
    )
