"""``tradectl orders|fills|positions|balance``: what a session's executor has written down.

They read the executor's journal, so they also tell of a session that does not run any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from tradectl_sdk.domain.money import plain
from tradectl_sdk.errors import ExitStatus, TradectlError

from tradectl.figures import iso, moment, plural
from tradectl.layout import Cell, Column
from tradectl.session import session_of
from tradectl.sessions import Reference, ask_node, chosen, journal_of, mode_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from tradectl_sdk.nodes.executor.position_rows import PositionRow
    from tradectl_sdk.nodes.executor.reading import FillRow, OrderRow
    from tradectl_sdk.nodes.session_folder import SessionFolder

    from tradectl.console import Output

_STYLES = {"denied": "fail", "rejected": "fail", "unknown": "warn", "filled": "ok"}
_Most = Annotated[
    int, typer.Option("--most", "-n", min=1, help="How many to show at most, the latest.")
]


def orders(
    context: typer.Context,
    reference: Reference = "",
    *,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Show orders that have ended, too.")
    ] = False,
    most: _Most = 50,
) -> ExitStatus:
    """Show the working orders of a session, or all of them."""
    session = session_of(context)
    folder = chosen(session, reference)
    with journal_of(folder) as journal:
        found = list(journal.orders(working=not everything))
    shown = found[-most:]
    titles = ("ORDER", "INSTRUMENT", "SIDE", "TYPE", "QUANTITY", "FILLED", "LIMIT", "TRIGGER",
              "STATUS", "WHY", "PLACED")  # fmt: skip
    numbers = {"QUANTITY", "FILLED", "LIMIT", "TRIGGER"}
    columns = [
        Column(title=title, right=title in numbers, rank=_RANKS.get(title, 0)) for title in titles
    ]
    _show(session.out, folder, columns, [_order(one) for one in shown], len(found), "order")
    session.out.result(
        "orders/1", {"session": folder.id, "orders": [_order_document(one) for one in shown]}
    )
    session.out.next(f"tradectl fills {folder.id}", f"tradectl positions {folder.id}")
    return ExitStatus.OK


_RANKS = {"PLACED": 3, "WHY": 2, "TRIGGER": 1}


def fills(context: typer.Context, reference: Reference = "", *, most: _Most = 50) -> ExitStatus:
    """Show the fills of a session, the latest last."""
    session = session_of(context)
    folder = chosen(session, reference)
    with journal_of(folder) as journal:
        found = list(journal.fills())
    shown = found[-most:]
    titles = ("TIME", "INSTRUMENT", "SIDE", "QUANTITY", "PRICE", "FEE", "ORDER", "TRADE", "")
    numbers = {"QUANTITY", "PRICE", "FEE"}
    columns = [
        Column(title=title, right=title in numbers, rank=int(title == "TRADE")) for title in titles
    ]
    _show(session.out, folder, columns, [_fill(one) for one in shown], len(found), "fill")
    session.out.result(
        "fills/1", {"session": folder.id, "fills": [_fill_document(one) for one in shown]}
    )
    session.out.next(f"tradectl positions {folder.id}", f"tradectl parity {folder.id}")
    return ExitStatus.OK


def positions(context: typer.Context, reference: Reference = "") -> ExitStatus:
    """Show what a session holds, what it was entered at, and what it has gained since."""
    session = session_of(context)
    folder = chosen(session, reference)
    last = _last_prices(folder)
    with journal_of(folder) as journal:
        held = journal.valued_positions(last or {})
    titles = ("INSTRUMENT", "QUANTITY", "ENTRY", "LAST", "VALUE", "UNREALISED", "")
    columns = [
        Column(title=title, right=title not in {"INSTRUMENT", ""}, rank=int(title == "VALUE"))
        for title in titles
    ]
    _show(session.out, folder, columns, [_position(one) for one in held], len(held), "position")
    if held and last is None:
        session.out.note("no last prices: the executor, which follows the market, does not answer")
    session.out.result(
        "positions/1",
        {"session": folder.id, "positions": [_position_document(one) for one in held]},
    )
    session.out.next(f"tradectl balance {folder.id}", f"tradectl orders {folder.id}")
    return ExitStatus.OK


def _last_prices(folder: SessionFolder) -> Mapping[str, int] | None:
    """Ask the executor for prices in ticks; None where there is none that answers."""
    from tradectl_sdk.bus.messages.control import AskPrices, LastPrices

    try:
        return ask_node(folder, "executor", AskPrices(), LastPrices, seconds=2.0).ticks
    except TradectlError:
        return None


def balance(context: typer.Context, reference: Reference = "") -> ExitStatus:
    """Show the money of a session."""
    session = session_of(context)
    folder = chosen(session, reference)
    with journal_of(folder) as journal:
        money = journal.balance()
    session.out.fields(
        [
            ("session", _named(folder)),
            ("cash", f"{money.cash:,.2f} {money.currency}"),
            ("fees paid", f"{money.fees:,.2f} {money.currency}"),
            *((f"fees in {name}", plain(fee)) for name, fee in money.other_fees.items()),
        ]
    )
    session.out.result(
        "balance/1",
        {
            "session": folder.id,
            "currency": money.currency,
            "cash": money.cash,
            "fees": money.fees,
            "other_fees": money.other_fees,
        },
    )
    session.out.next(f"tradectl positions {folder.id}")
    return ExitStatus.OK


def _show(
    out: Output,
    folder: SessionFolder,
    columns: list[Column],
    rows: list[Any],
    count: int,
    noun: str,
) -> None:
    if rows:
        out.table(columns, rows)
    left_out = f", the latest {len(rows)} shown" if len(rows) < count else ""
    out.note(f"{folder.id} ({mode_of(folder)}): {plural(count, noun)}{left_out}")


def _named(folder: SessionFolder) -> Cell:
    mode = mode_of(folder)
    return Cell(f"{folder.id} ({mode})", "live" if mode == "LIVE" else "")


def _order(one: OrderRow) -> tuple[Any, ...]:
    why = ": ".join(part for part in (one.reason.lower().replace("_", " "), one.text) if part)
    return (
        str(one.key),
        one.instrument,
        one.side,
        one.type.replace("_", " "),
        plain(one.quantity),
        plain(one.filled),
        _number(one.limit),
        _number(one.trigger),
        Cell(one.status.replace("_", " "), _STYLES.get(one.status, "")),
        why,
        moment(one.created),
    )


def _order_document(one: OrderRow) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        **asdict(one),
        "created": iso(one.created),
        "closed": iso(one.closed) if one.closed else None,
    }


def _fill(one: FillRow) -> tuple[Any, ...]:
    marks = [word for word, holds in (("late", one.late), ("inferred", one.inferred)) if holds]
    return (
        moment(one.time),
        one.instrument,
        one.side,
        plain(one.quantity),
        plain(one.price),
        f"{plain(one.fee)} {one.fee_currency}",
        str(one.order) if one.order else "-",
        one.trade_id,
        Cell(", ".join(marks), "warn"),
    )


def _fill_document(one: FillRow) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(one), "time": iso(one.time)}


def _position(one: PositionRow) -> tuple[Any, ...]:
    gain = one.unrealised
    return (
        one.instrument,
        _signed(one.quantity),
        _number(one.entry),
        _number(one.last),
        _money(one.value),
        "-" if gain is None else Cell(f"{gain:+,.2f}", "fail" if gain < 0 else ""),
        one.currency,
    )


def _position_document(one: PositionRow) -> dict[str, Any]:
    return {
        "instrument": one.instrument,
        "quantity": one.quantity,
        "currency": one.currency,
        "entry_price": one.entry,
        "last_price": one.last,
        "value": one.value,
        "unrealised": one.unrealised,
    }


def _money(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def _number(value: Decimal | None) -> str:
    return "-" if value is None else plain(value)


def _signed(value: Decimal) -> str:
    return f"+{plain(value)}" if value > 0 else plain(value)
