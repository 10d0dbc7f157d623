"""What stands opposite a host in its tests: an executor with a paper venue, in no time at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from rehearsal import Listener, stream_bar
from tradectl_sdk.bus.messages.events import (
    AccountSnapshot,
    Filled,
    Holding,
    OpenOrder,
    OrderChanged,
    Progress,
)
from tradectl_sdk.bus.messages.intents import Cancel, Cursor, Intents, Modify, Place, Tie
from tradectl_sdk.bus.messages.market import Bars
from tradectl_sdk.data.bars import to_floats
from tradectl_sdk.domain.orders import OrderStatus
from tradectl_sdk.domain.records import FILL_DTYPE, FILL_FIELDS, ORDER_FIELDS
from tradectl_sdk.engine.build import build
from tradectl_sdk.engine.gate import ApprovedOrder, OrderRequest
from tradectl_sdk.engine.orders import CHANGE_ENTRY, FILL_ENTRY
from tradectl_sdk.engine.streaming import StreamingFeed
from tradectl_sdk.exchange.values import BarClosed
from tradectl_sdk.nodes.host import HostCore, HostSetup
from tradectl_sdk.nodes.host.records import Began
from tradectl_sdk.nodes.inputs import Datum, Received

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.engine import Plan

COLUMN = {name: index for index, name in enumerate(ORDER_FIELDS)}


def began(epoch: int = 1) -> Began:
    return Began(session="s", mode="paper", strategy="gambler", epoch=epoch, time=0, identity=b"{}")


def exact(plan: Plan) -> Plan:
    """A plan whose prices are the floats nearest to their ticks, as those of stored bars are."""
    columns = [
        replace(series, prices=tuple(to_floats(ticks, one.tick_size) for ticks in series.ticks))
        for one, series in zip(plan.instruments, plan.columns, strict=True)
    ]
    return replace(plan, columns=columns)


def closed_bars(plan: Plan) -> list[list[BarClosed]]:
    """The bars of a plan, as messages, by instant."""
    by_time: dict[int, list[BarClosed]] = {}
    for one, series in zip(plan.instruments, plan.columns, strict=True):
        cells = (series.time, *series.ticks, series.lots)
        for time, open_, high, low, close, lots in zip(*(c.tolist() for c in cells), strict=True):
            bar = BarClosed(
                instrument=one.id,
                length=series.length,
                time=time,
                open=open_,
                high=high,
                low=low,
                close=close,
                volume=lots,
            )
            by_time.setdefault(time, []).append(bar)
    return [by_time[time] for time in sorted(by_time)]


class Executor:
    """Keeps orders of all lives of a host at a simulated venue, and says what becomes of them."""

    def __init__(self, plan: Plan) -> None:
        quiet = replace(plan, make_strategy=Listener, make_rules=tuple, warmup=0)
        empty = [replace(one, **_nothing(one)) for one in plan.columns]
        engine = build(replace(quiet, columns=empty), StreamingFeed())
        self.instruments = [one.id for one in plan.instruments]
        self.series = plan.columns
        self.feed, self.desk, self.venue = engine.feed, engine.desk, engine.desk.venue
        self.places: dict[tuple[int, int], int] = {}  # (epoch, number) -> row
        self.names: list[tuple[int, int]] = []  # row -> (epoch, number)
        self.heard: dict[int, int] = {}
        self.told = 0
        self.seq = 0
        self.shown: dict[int, tuple[int, ...]] = {}
        self.read: list[Intents] = []

    @property
    def executions(self) -> Cursor:
        return Cursor(1, self.seq)

    # What it is told -----------------------------------------------------------------------

    def take(self, intents: Intents) -> Iterator[Any]:
        """Read intents, unless they were read before, and say what was taken."""
        if intents.number <= self.heard.get(intents.epoch, 0):
            return
        self.heard[intents.epoch] = intents.number
        self.read.append(intents)
        for command in intents.commands:
            self._do(command, intents)
        yield from self._ended(intents.epoch)
        yield from self._silent(intents.epoch, None)
        yield Progress(executions=self.executions, heard=intents.number)

    def _do(self, command: Any, intents: Intents) -> None:
        if isinstance(command, Place):
            self._place(command, intents)
        elif isinstance(command, Cancel):
            row = self.places[command.epoch or intents.epoch, command.number]
            self.venue.cancel(row, intents.decided)
        elif isinstance(command, Modify):
            self._modify(command, intents)
        elif isinstance(command, Tie):
            first = self.places[command.epoch or intents.epoch, command.first]
            second = self.places[command.second_epoch or intents.epoch, command.second]
            if self.venue.orders.alive(first) and self.venue.orders.alive(second):
                self.venue.tie(first, second)

    def _modify(self, modify: Modify, intents: Intents) -> None:
        row = self.places[modify.epoch or intents.epoch, modify.number]
        request = OrderRequest()
        request.limit, request.trigger = modify.limit, modify.trigger
        approved = ApprovedOrder(request)
        approved.lots = modify.lots - self.cells(row)["filled"]
        if self.venue.orders.alive(row) or self.cells(row)["status"] == OrderStatus.HELD:
            self.venue.modify(row, approved, intents.decided)

    def _place(self, place: Place, intents: Intents) -> None:
        request = OrderRequest()
        for name in ("side", "type", "time_in_force", "flags", "lots", "limit", "trigger", "trail"):
            setattr(request, name, getattr(place, name))
        request.expires = place.expires
        request.instrument = self.instruments.index(place.instrument)
        upcoming = self.venue.orders.upcoming
        if place.parent:
            request.parent = self.places[intents.epoch, place.parent] + 1
        if place.group:
            first = self.places.get((intents.epoch, place.group), upcoming - 1)
            request.group = first + 1
        approved = ApprovedOrder(request)
        approved.lots = place.lots
        row = self.venue.submit(approved, intents.decided)
        assert (intents.epoch, place.number) not in self.places, "an order was placed twice"
        self.places[intents.epoch, place.number] = row
        self.names.append((intents.epoch, place.number))

    def _ended(self, epoch: int) -> Iterator[Any]:
        """Say which orders were cut down to what had filled; their ends are nobody else's news."""
        journal = self.venue.booking.journal
        while journal.told < journal.count:
            kind, row = journal.entries[2 * journal.told : 2 * journal.told + 2]
            journal.told += 1
            if kind == CHANGE_ENTRY - OrderStatus.FILLED:
                yield self.changed(row, int(OrderStatus.FILLED), epoch, None)

    # What the market does ------------------------------------------------------------------

    def pass_bars(self, epoch: int, bars: list[BarClosed]) -> tuple[list[Any], Bars]:
        """Match bars; return what is told of it, and the bars as they are published then."""
        now = bars[0].time
        for bar in bars:
            stream = self.instruments.index(bar.instrument)
            at = int(np.searchsorted(self.series[stream].time, now))
            cells = tuple(column[at].item() for column in self.series[stream].flat)
            self.feed.append(stream, stream_bar(cells))
        self.venue.match(now)
        for bar in bars:
            self.feed.advance(self.instruments.index(bar.instrument))
        events = [*self._journalled(epoch), *self._silent(epoch, self.executions)]
        return (
            [*events, Progress(executions=self.executions, heard=self.heard.get(epoch, 0))],
            Bars(executions=self.executions, bars=tuple(bars)),
        )

    def _journalled(self, epoch: int) -> Iterator[Any]:
        journal = self.venue.booking.journal
        while journal.told < journal.count:
            kind, subject = journal.entries[2 * journal.told : 2 * journal.told + 2]
            journal.told += 1
            self.seq += 1
            if kind == FILL_ENTRY:
                yield self.filled(subject)
            else:
                yield self.changed(subject, kind, epoch, self.executions)

    def _silent(self, epoch: int, at: Cursor | None) -> Iterator[Any]:
        rows = self.venue.orders.rows
        for row in range(self.venue.orders.count):
            status = rows[row, COLUMN["status"]]
            terms = ("quantity", "limit", "trigger")
            state = (status, *(rows[row, COLUMN[name]] for name in terms))
            alive = self.venue.orders.alive(row)
            if alive and self.shown.get(row) != state:
                self.shown[row] = state
                yield self.changed(row, status, epoch, at)

    def changed(self, row: int, status: int, epoch: int, at: Cursor | None) -> OrderChanged:
        cells = self.cells(row)
        return OrderChanged(
            epoch=self.names[row][0],
            number=self.names[row][1],
            instrument=self.instruments[cells["instrument"]],
            status=status,
            lots=cells["quantity"],
            limit=cells["limit"],
            trigger=cells["trigger"],
            trail=cells["trail"],
            reason=cells["reason"],
            time=cells["closed"],
            heard=self.heard.get(epoch, 0),
            at=at,
        )

    def filled(self, number: int) -> Filled:
        rows = self.venue.booking.fills.rows
        fill = {name: rows[number, k] for k, name in enumerate(FILL_FIELDS)}
        row = fill["order"] - 1
        later = range(number + 1, self.venue.booking.fills.count)
        last = all(rows[k, FILL_FIELDS.index("order")] != fill["order"] for k in later)
        whole = last and self.cells(row)["status"] == OrderStatus.FILLED
        spent = 0
        for k in later:  # the cash right after this fill, not after the instant
            value = self.desk.market.value(*(rows[k, FILL_FIELDS.index(n)] for n in _VALUED))
            spent += rows[k, FILL_FIELDS.index("side")] * value
            spent += rows[k, FILL_FIELDS.index("fee")]
        return Filled(
            epoch=self.names[row][0],
            number=self.names[row][1],
            trade_id=str(fill["id"]),
            instrument=self.instruments[fill["instrument"]],
            side=fill["side"],
            lots=fill["quantity"],
            price=fill["price"],
            fee=fill["fee"],
            maker=bool(fill["liquidity"]),
            time=fill["time"],
            reason=fill["reason"],
            reference=fill["reference"],
            position=fill["position"],
            cash=self.desk.account.cash + spent,
            status=int(OrderStatus.FILLED if whole else OrderStatus.PARTIALLY_FILLED),
            at=self.executions,
        )

    def cells(self, row: int) -> dict[str, int]:
        rows = self.venue.orders.rows
        return {name: rows[row, k] for name, k in COLUMN.items()}

    # The truth -----------------------------------------------------------------------------

    def snapshot(self, epoch: int, recent: tuple[Any, ...] = ()) -> AccountSnapshot:
        account = self.desk.account
        held = zip(self.instruments, account.lots, strict=True)
        return AccountSnapshot(
            at=Cursor(1, 0),
            executions=self.executions,
            cash=account.cash,
            holdings=tuple(Holding(instrument=name, lots=lots) for name, lots in held),
            orders=tuple(self.open_order(row) for row in self.open_rows),
            heard=self.heard.get(epoch, 0),
            recent=recent,
        )

    @property
    def open_rows(self) -> list[int]:
        orders = self.venue.orders
        held = int(OrderStatus.HELD)
        return [
            row
            for row in range(orders.count)
            if orders.alive(row) or self.cells(row)["status"] == held
        ]

    def open_order(self, row: int) -> OpenOrder:
        cells = self.cells(row)
        mine = self.names[row][0]

        def number(order: int) -> int:
            epoch, name = self.names[order - 1] if order else (mine, 0)
            return name if epoch == mine else 0

        same = ("side", "type", "time_in_force", "flags", "filled", "limit", "trigger", "trail")
        return OpenOrder(
            epoch=mine,
            number=self.names[row][1],
            instrument=self.instruments[cells["instrument"]],
            lots=cells["quantity"],
            expires=cells["expires"],
            status=cells["status"],
            pending=0,
            group=number(cells["group"]),
            parent=number(cells["parent"]),
            created=cells["created"],
            **{name: cells[name] for name in same},
        )

    @property
    def fills(self) -> np.ndarray:
        table = self.venue.booking.fills
        return np.asarray(table.rows)[: table.count].view(FILL_DTYPE)[:, 0]


_VALUED = ("instrument", "price", "quantity")


def _nothing(columns: Any) -> dict[str, Any]:
    return {
        "time": columns.time[:0],
        "ticks": tuple(one[:0] for one in columns.ticks),
        "lots": columns.lots[:0],
        "prices": tuple(one[:0] for one in columns.prices),
        "volume": columns.volume[:0],
    }


class Session:
    """A host and its counterpart, joined by hand."""

    def __init__(self, plan: Plan, **setup: Any) -> None:
        self.plan = plan
        self.setup = setup
        self.executor = Executor(plan)
        self.instants = closed_bars(plan)
        self.frames: list[Any] = []
        self.now = 0
        self.epoch = 0
        self.published = 0
        self.core: HostCore
        self.start(self.first_history())

    def began(self) -> Began:
        """What a life of the host begins with."""
        return began(self.epoch)

    def first_history(self) -> tuple[BarClosed, ...]:
        """Bars before the session."""
        return ()

    def start(self, history: tuple[BarClosed, ...] = ()) -> None:
        """Begin a life of the host."""
        self.epoch += 1
        made = HostSetup(began=self.began(), plan=self.plan, history=history, **self.setup)
        self.core = HostCore(made)
        self.say(self.executor.snapshot(self.epoch))

    def run(self, start: int = 0, end: int | None = None) -> Session:
        for bars in self.instants[start:end]:
            self.pass_bars(bars)
        return self

    def pass_bars(self, bars: list[BarClosed]) -> None:
        events, message = self.executor.pass_bars(self.epoch, bars)
        for event in events:
            self.say(event)
        self.publish(message)

    def publish(self, message: Any) -> list[Any]:
        self.published += 1
        return self.step(Datum(Cursor(1, self.published), message))

    def say(self, message: Any, port: str = "executor") -> list[Any]:
        return self.step(Received(port, message))

    def step(self, event: Any) -> list[Any]:
        """Step the host; what it wants is done at once. Returns what it said."""
        self.now += 1
        effects = self.core.step(self.now, event)
        self.frames += effects.records
        for port, message in effects.messages:
            if port == "executor" and isinstance(message, Intents):
                for answer in list(self.executor.take(message)):
                    self.say(answer)
        return effects.messages

    @property
    def engine(self) -> Any:
        return self.core._trader.engine

    def check(self) -> None:
        """Fail unless host and executor agree on every open order and on the account."""
        mine, theirs = self.engine.desk, self.executor.desk
        assert mine.account.lots == theirs.account.lots
        assert mine.account.cash == theirs.account.cash
        assert mine.account.open_buys == theirs.account.open_buys
        assert mine.account.open_sells == theirs.account.open_sells
        outbox = self.core._trader.outbox
        named = {}
        for order in self.engine.hearsay.open_orders:
            row = mine.orders.row_of(order)
            epoch, number = outbox._name(order)
            cells = [mine.orders.rows[row, COLUMN[name]] for name in _COMPARED]
            if cells[-1] == OrderStatus.SUBMITTED:
                cells[-1] = int(OrderStatus.ACCEPTED)  # told, and waits for the next bar
            named[epoch or self.epoch, number] = cells
        truth = {
            self.executor.names[row]: [self.executor.cells(row)[name] for name in _COMPARED]
            for row in self.executor.open_rows
        }
        assert named == truth


_COMPARED = (
    "created", "instrument", "side", "type", "flags", "quantity", "filled", "limit", "trigger",
    "trail", "expires", "status",
)  # fmt: skip
