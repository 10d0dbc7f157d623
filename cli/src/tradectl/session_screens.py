"""What a session shows when it starts and when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl.figures import plural
from tradectl.layout import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk import Session, SessionResult

    from tradectl.console import Output


def show_start(out: Output, session: Session) -> None:
    """Say what is started, LIVE in capitals and red."""
    plan = session.opened.plan
    mode = Cell("LIVE", "live") if plan.mode == "live" else Cell("paper", "bold")
    out.cells(mode, Cell(f"  {session.id}", "bold"))
    values = ", ".join(f"{name}={value}" for name, value in plan.parameters.items())
    out.fields(
        [
            ("strategy", f"{plan.name}  {values}".rstrip()),
            ("trades", f"{', '.join(plan.names)}  {plan.timeframe}"),
            *((f"signal {name}", _made_by(one)) for name, one in plan.models.items()),
            ("data", _source(session)),
            ("folder", str(session.folder.path)),
        ]
    )


def _made_by(model: Mapping[str, Any]) -> str:
    return f"{model['model']}, fitted as bars come; {model['hash'][:12]}"


def _source(session: Session) -> str:
    plan = session.opened.plan
    if plan.replay is None:
        return f"{plan.exchange}, live"
    pace = f"at {plan.replay.speed:g} times the pace" if plan.replay.speed else "as fast as it goes"
    return f"replay of the catalog, {pace}"


def show_end(out: Output, result: SessionResult) -> None:
    """Say what a session has come to."""
    filled = sum(one.filled > 0 for one in result.orders)
    held = ", ".join(f"{quantity} {name}" for name, quantity in result.positions.items())
    out.line()
    out.fields(
        [
            ("ended", f"{result.state}  {result.text}".rstrip()),
            ("orders", f"{plural(len(result.orders), 'order')}, {filled} of them filled"),
            ("fills", f"{len(result.fills):,}"),
            ("holds", held or "nothing"),
            ("cash", f"{result.cash:,.2f} {result.currency}"),
        ]
    )


def session_document(session: Session) -> dict[str, Any]:
    """Return what a program is told of a session."""
    plan = session.opened.plan
    return {
        "session": session.id,
        "mode": plan.mode,
        "strategy": plan.name,
        "parameters": dict(plan.parameters),
        "instruments": list(plan.names),
        "timeframe": plan.timeframe,
        "models": {name: dict(one) for name, one in plan.models.items()},
        "exchange": plan.exchange or None,
        "folder": str(session.folder.path),
    }


def result_document(result: SessionResult) -> dict[str, Any]:
    """Return what a program is told of what a session came to."""
    return {
        "state": result.state,
        "text": result.text,
        "orders": len(result.orders),
        "fills": len(result.fills),
        "positions": dict(result.positions),
        "cash": result.cash,
        "currency": result.currency,
    }
