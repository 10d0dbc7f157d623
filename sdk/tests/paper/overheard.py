"""A backtest that is overheard, and a paper venue that is told the same orders."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec
from tradectl_sdk.engine import Columns, Outcome, Plan
from tradectl_sdk.engine import run as engine_run
from tradectl_sdk.engine.build import build
from tradectl_sdk.engine.columns import O_LOTS
from tradectl_sdk.engine.engine import GROW
from tradectl_sdk.engine.run import Mode, grow
from tradectl_sdk.exchange import Accepted, BarClosed, OrderRef, Ticket, TradeReport
from tradectl_sdk.paper import MemoryLedger, PaperCore, PaperSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tradectl_sdk.paper import Ledger


@dataclass
class Command:
    """Something a strategy did: ``place``, ``cancel``, ``modify`` or ``tie``."""

    kind: str
    time: int
    orders: tuple[int, ...] = ()
    ticket: Ticket | None = None
    terms: dict[str, int] = field(default_factory=dict)


def overhear(plan: Plan) -> list[Command]:
    """Run a plan and return what its strategies did, in order."""
    engine = build(plan)
    venue, heard = engine.desk.venue, []
    names = [str(one.id) for one in plan.instruments]
    submit, cancel, tie = venue.submit, venue.cancel, venue.tie

    def on_submit(approved: Any, now: int) -> int:
        row = submit(approved, now)
        request = approved.request
        ticket = Ticket(
            client_id=f"o{row + 1}",
            instrument=names[request.instrument],
            side=request.side,
            type=request.type,
            time_in_force=request.time_in_force,
            flags=request.flags,
            lots=approved.lots,
            limit=request.limit,
            trigger=request.trigger,
            trail=request.trail,
            expires=request.expires,
            decided=now,
            group=f"o{request.group}" if request.group else "",
            parent=f"o{request.parent}" if request.parent else "",
        )
        heard.append(Command("place", now, (row + 1,), ticket))
        return row

    def on_cancel(row: int, now: int) -> bool:
        heard.append(Command("cancel", now, (row + 1,)))
        return cancel(row, now)

    def on_tie(first: int, second: int) -> None:
        heard.append(Command("tie", engine.desk.time, (first + 1, second + 1)))
        tie(first, second)

    def on_modify(row: int, approved: Any, now: int) -> None:
        modify(row, approved, now)
        rows, request = engine.desk.orders.rows, approved.request
        terms = {"limit": request.limit, "trigger": request.trigger}
        if not request.parent:
            terms["lots"] = rows[row, O_LOTS]
        heard.append(Command("modify", now, (row + 1,), terms=terms))

    modify = venue.modify
    venue.modify = on_modify
    venue.submit, venue.cancel, venue.tie = on_submit, on_cancel, on_tie
    while engine.run() == GROW:
        grow(engine)
    return heard


def bars_by_instant(plan: Plan) -> Iterator[tuple[int, list[BarClosed]]]:
    """The bars of a plan, instant by instant."""
    found: dict[int, list[BarClosed]] = {}
    for columns in plan.columns:
        for at, time in enumerate(columns.time.tolist()):
            found.setdefault(time, []).append(bar_of(plan, columns, at))
    yield from sorted(found.items())


def bar_of(plan: Plan, columns: Columns, at: int) -> BarClosed:
    """One bar as an exchange tells it."""
    open_, high, low, close = (int(column[at]) for column in columns.ticks)
    return BarClosed(
        instrument=str(plan.instruments[columns.instrument].id),
        length=columns.length,
        time=int(columns.time[at]),
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=int(columns.lots[at]),
    )


@dataclass
class Rehearsal:
    """A paper venue that follows a backtest.

    Attributes:
        core: The venue as it ended.
        trades: What it told of fills, in order.
    """

    core: PaperCore
    trades: list[TradeReport]


def rehearse(
    plan: Plan,
    *,
    ledger: Ledger | None = None,
    table_rows: int = 1024,
    after_instant: Callable[[PaperCore], PaperCore] = lambda core: core,
) -> Rehearsal:
    """Let a paper venue see the bars of a plan and the orders of its backtest."""
    settings = PaperSettings(assumptions=plan.assumptions, table_rows=table_rows)
    core = PaperCore(plan.instruments, ledger or MemoryLedger(), settings)
    commands, trades = iter([*overhear(plan), None]), []
    command = next(commands)
    for time, bars in bars_by_instant(plan):
        core.bars(bars, time)
        while command is not None and command.time == time:
            tickets = [command.ticket]
            follower = next(commands)
            while follower is not None and follower.ticket and follower.ticket.parent:
                tickets.append(follower.ticket)
                follower = next(commands)
            _perform(core, command, tickets, time)
            command = follower
        trades += [one for one in core.told() if isinstance(one, TradeReport)]
        core = after_instant(core)
    assert command is None
    core.save(0)
    return Rehearsal(core, trades)


def _perform(core: PaperCore, command: Command, tickets: list[Ticket], now: int) -> None:
    if command.kind == "place":
        for outcome in core.submit(tickets, now):
            assert isinstance(outcome, Accepted), outcome
    elif command.kind == "cancel":
        core.cancel(_ref(core, command.orders[0]), now)
    else:
        order = command.orders[-1]
        terms = command.terms or {"group": f"o{command.orders[0]}"}
        ticket = _tickets(core)[order]
        answer = core.amend(_ref(core, order), _as_it_is(core, ticket, terms, now), now)
        assert isinstance(answer, Accepted), answer


def _as_it_is(core: PaperCore, ticket: Ticket, terms: dict[str, Any], now: int) -> Ticket:
    """The ticket of an order as it stands now, with changes."""
    report = core.query(_ref(core, int(ticket.client_id[1:])))
    present = {"lots": report.lots, "limit": report.limit, "trigger": report.trigger}
    changed = present | terms | {"decided": now}
    if ticket.trail:
        changed["trigger"] = 0  # it keeps the one it has trailed to
    return msgspec.structs.replace(ticket, **changed)


def _tickets(core: PaperCore) -> dict[int, Ticket]:
    return {int(r.ticket.client_id[1:]): r.ticket for r in core.ledger.working()}


def _ref(core: PaperCore, order: int) -> OrderRef:
    client_id = f"o{order}"
    found = core.ledger.by_client_id(client_id)
    name = found.ticket.instrument if found else next(iter(core.instruments))
    return OrderRef(instrument=name, client_id=client_id)


def same_as_backtest(plan: Plan, rehearsal: Rehearsal) -> Outcome:
    """Fail unless the venue did to the order what the backtest did; return its outcome."""
    outcome = engine_run(plan, Mode.INTERPRETED)
    names = [str(one.id) for one in plan.instruments]
    expected = [
        (
            f"o{fill['order']}",
            names[fill["instrument"]],
            *(int(fill[k]) for k in ("time", "side", "quantity", "price", "reference", "fee")),
            bool(fill["liquidity"]),
            int(fill["reason"]),
        )
        for fill in outcome.fills
    ]
    found = [
        (
            *(one.client_id, one.instrument, one.time, one.side, one.lots, one.price),
            *(one.reference, one.fee, one.maker, one.reason),
        )
        for one in rehearsal.trades
    ]
    assert found == expected
    core = rehearsal.core
    for row in outcome.orders:
        if row["status"] == 2:  # denied: it never reached a venue
            continue
        record = core.ledger.by_client_id(f"o{row['id']}")
        for at, name in enumerate(row.dtype.names):
            if name not in {"id", "group", "parent", "instrument"}:
                assert record.row[at] == row[name], (record.ticket, name)
    assert core.wallet.units["USD"] == outcome.cash
    held = {one.instrument: one.lots for one in core.positions()}
    assert [held.get(name, 0) for name in names] == list(outcome.positions)
    return outcome


def with_assumptions(plan: Plan, **changes: Any) -> Plan:
    """The same plan under other assumptions."""
    return replace(plan, assumptions=replace(plan.assumptions, **changes))
