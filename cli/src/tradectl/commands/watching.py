"""``tradectl ps|status|logs``: which sessions there are, how one is, and what its nodes say."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tradectl_sdk.errors import ExitStatus, NotFoundError, TradectlError

from tradectl.layout import Cell, Column
from tradectl.session import session_of
from tradectl.sessions import (
    Reference,
    ask_node,
    chosen,
    described,
    journal_of,
    mode_of,
    runs,
    seen_state,
    sessions_of,
    tail_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tradectl_sdk.bus.messages.control import NodeStatus
    from tradectl_sdk.nodes.session_folder import SessionFolder

_STYLES = {
    "running": "ok", "ready": "ok", "halted": "fail", "failed": "fail", "lost": "fail",
    "starting": "warn", "waiting": "warn", "reconciling": "warn",
}  # fmt: skip
LOGS = ("supervisor", "gateway", "executor", "host")
_POLL = 0.3  # seconds between two looks at a growing log


def ps(
    context: typer.Context,
    *,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="List sessions that have ended, too.")
    ] = False,
) -> ExitStatus:
    """List the sessions that run."""
    session = session_of(context)
    found = [one for one in sessions_of(session).list() if everything or runs(one)]
    rows, documents = [], []
    for folder in found:
        what, state = described(folder), seen_state(folder)
        mode = mode_of(folder)
        pids = {name: node.get("pid", 0) for name, node in folder.state().get("nodes", {}).items()}
        rows.append(
            (
                Cell(folder.id, "bold"),
                Cell(mode, "live" if mode == "LIVE" else ""),
                str(what.get("name", "?")),
                ", ".join(_names(what)),
                Cell(state, _STYLES.get(state, "")),
                str(what.get("created", ""))[:19].replace("T", " "),
            )
        )
        documents.append(
            {
                "session": folder.id,
                "mode": mode.lower(),
                "strategy": what.get("name"),
                "instruments": _names(what),
                "state": state,
                "created": what.get("created"),
                "supervisor": folder.state().get("supervisor"),
                "pids": pids,
            }
        )
    titles = ("SESSION", "MODE", "STRATEGY", "INSTRUMENTS", "STATE", "STARTED")
    if rows:
        columns = [Column(title=title, rank=2 * (title == "STARTED")) for title in titles]
        session.out.table(columns, rows)
    else:
        session.out.note("no session runs here" if not everything else "there are no sessions")
    session.out.result("ps/1", {"sessions": documents})
    session.out.next(*_next_after_ps(found, everything=everything))
    return ExitStatus.OK


def _next_after_ps(found: list[SessionFolder], *, everything: bool) -> list[str]:
    if found:
        return [f"tradectl status {found[0].id}"]
    return ["tradectl paper start --help", *([] if everything else ["tradectl ps --all"])]


def status(context: typer.Context, reference: Reference = "") -> ExitStatus:
    """Show how a session is: its nodes, its kill switch, its account.

    Exits with 6 when it does not run.
    """
    session = session_of(context)
    folder = chosen(session, reference)
    what, state, mode = described(folder), seen_state(folder), mode_of(folder)
    nodes = [_node(folder, name) for name in ("gateway", "executor", "host")]
    account = _account(folder)
    switch = account.get("switch", "")
    out = session.out
    out.fields(
        [
            ("session", Cell(f"{folder.id}  {mode}", "live" if mode == "LIVE" else "bold")),
            ("strategy", f"{what.get('name', '?')} on {', '.join(_names(what))}"),
            (
                "state",
                Cell(_with(state, str(folder.state().get("text", ""))), _STYLES.get(state, "")),
            ),
            ("kill switch", Cell(switch or "-", "" if switch in {"", "active"} else "fail")),
            *((name, value) for name, value in account.items() if name != "switch"),
        ]
    )
    out.line()
    titles = ("NODE", "STATE", "PID", "LIFE", "SAYS")
    out.table(
        [Column(title=t, wrap=t == "SAYS", right=t in {"PID", "LIFE"}) for t in titles],
        [
            (n["name"], Cell(n["state"], _STYLES.get(n["state"], "")), str(n["pid"] or "-"),
             str(n["epoch"] or "-"), n["text"])
            for n in nodes
        ],
    )  # fmt: skip
    out.result(
        "status/1",
        {
            "session": folder.id,
            "mode": mode.lower(),
            "state": state,
            "nodes": nodes,
            "account": account,
        },
    )
    if runs(folder):
        out.next(f"tradectl orders {folder.id}", f"tradectl logs {folder.id} -f")
        return ExitStatus.OK
    out.next(f"tradectl parity {folder.id}", f"tradectl {mode.lower()} start --resume {folder.id}")
    return ExitStatus.NOT_FOUND


def _node(folder: SessionFolder, name: str) -> dict[str, Any]:
    from tradectl_sdk.bus.messages.control import AskStatus, NodeStatus

    seen = folder.state().get("nodes", {}).get(name, {})
    try:
        told: NodeStatus | None = ask_node(folder, name, AskStatus(), NodeStatus, seconds=2.0)
    except TradectlError:
        told = None
    if told is None:
        state = str(seen.get("state", "not started")) if runs(folder) else "ended"
        text = "does not answer" if state == "running" else str(seen.get("text", ""))
        return {"name": name, "state": state, "pid": 0, "epoch": 0,
                "text": text, "figures": {}}  # fmt: skip
    return {
        "name": name,
        "state": told.state,
        "pid": told.pid,
        "epoch": told.epoch,
        "text": _says(told),
        "figures": told.figures,
    }


def _says(told: NodeStatus) -> str:
    figures = ", ".join(f"{name} {value}" for name, value in told.figures.items())
    return "; ".join(part for part in (told.text, figures) if part)


def _account(folder: SessionFolder) -> dict[str, str]:
    try:
        with journal_of(folder) as journal:
            working = sum(1 for _ in journal.orders(working=True))
            held = journal.positions()
            money = journal.balance()
            switch = journal.state.switch
    except TradectlError:
        return {}
    return {
        "switch": switch,
        "cash": f"{money.cash:,.2f} {money.currency}",
        "positions": ", ".join(f"{quantity:f} {name}" for name, quantity in held.items()) or "none",
        "working orders": str(working),
    }


def logs(
    context: typer.Context,
    reference: Reference = "",
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as they grow; Ctrl-C ends it.")
    ] = False,
    node: Annotated[
        str, typer.Option("--node", help="One of supervisor, gateway, executor, host.")
    ] = "",
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="How many to begin with.")
    ] = 40,
) -> ExitStatus:
    """Show what the processes of a session have logged, in the order of time."""
    session = session_of(context)
    folder = chosen(session, reference)
    if node and node not in LOGS:
        raise NotFoundError(f"there is no node {node!r}", hint=f"nodes are {', '.join(LOGS)}")
    files = {name: folder.log(name) for name in ((node,) if node else LOGS)}
    # What continues a line has its time, and stays behind it because sorting is stable.
    found = sorted(
        (line for name, path in files.items() for line in _read(name, path, lines)),
        key=lambda line: line[:2],
    )
    shown = found[-lines:] if lines else []
    for _, name, text in shown:
        session.out.line(f"{name:<10} {text}" if not node else text)
    session.out.result(
        "logs/1",
        {"session": folder.id, "lines": [{"node": name, "text": text} for _, name, text in shown]},
    )
    if not found:
        session.out.note(f"session {folder.id} has logged nothing yet")
    if follow and not session.options.json:
        _follow(session.out.line, files, bare=bool(node))
    session.out.next(f"tradectl status {folder.id}")
    return ExitStatus.OK


def _read(name: str, path: Path, count: int) -> list[tuple[str, str, str]]:
    """Return the last lines of a log, each with what sorts it: the time it begins with."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", errors="replace") as file:
        return tail_of(_stamped(name, file), max(count, 1))


def _stamped(name: str, lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield lines with their time; what continues a line, as a traceback does, has that line's."""
    stamp = ""
    for line in lines:
        stamp = line[:23] if line[:4].isdigit() else stamp
        yield stamp, name, line.rstrip("\n")


def _follow(write: Any, files: dict[str, Path], *, bare: bool) -> None:
    places = {name: path.stat().st_size if path.exists() else 0 for name, path in files.items()}
    while True:
        for name, path in files.items():
            if not path.exists() or path.stat().st_size <= places[name]:
                continue
            with path.open("rb") as file:
                file.seek(places[name])
                fresh = file.read()
            whole, line_break, _ = fresh.rpartition(b"\n")
            places[name] += len(whole) + len(line_break)
            for line in whole.decode(errors="replace").splitlines() if line_break else []:
                write(line if bare else f"{name:<10} {line}")
        time.sleep(_POLL)


def _names(what: dict[str, Any]) -> list[str]:
    found = what.get("instruments", [])
    return [f"{one.get('symbol')}.{one.get('venue')}" for one in found if isinstance(one, dict)]


def _with(state: str, text: str) -> str:
    return f"{state}: {text}" if text else state
