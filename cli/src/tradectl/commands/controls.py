"""``tradectl reconcile|panic|risk``: what a person asks of a session's executor."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.asking import confirmed
from tradectl.commands import noun
from tradectl.layout import Cell, Column
from tradectl.session import session_of
from tradectl.sessions import Reference, ask_executor, chosen, mode_of

if TYPE_CHECKING:
    from tradectl_sdk.nodes.session_folder import SessionFolder

    from tradectl.session import Session

LONG = 60.0  # seconds for what the venue has to answer

risk = noun("Stop a session from adding risk, and let it go on.")
_Why = Annotated[str, typer.Option("--why", help="Why, for the journal.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def reconcile(
    context: typer.Context,
    reference: Reference = "",
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Take over from the venue what differs.")
    ] = False,
    yes: _Yes = False,
) -> ExitStatus:
    """Compare a session's account with the venue's now.

    Exits with 1 when they differ. Orders that add risk are not sent until they agree again, or
    until --apply takes the venue's side.
    """
    from tradectl_sdk.bus.messages.control import Reconcile, Reconciled

    session = session_of(context)
    folder = chosen(session, reference)
    question = f"take over from the venue what differs in {_named(folder)}?"
    if apply and not confirmed(session, question, yes=yes):
        return ExitStatus.OK
    answer = ask_executor(folder, Reconcile(apply=apply), Reconciled, LONG)
    out = session.out
    if answer.differences:
        out.table(
            [Column(title="WHAT"), Column(title="OURS"), Column(title="THE VENUE'S"),
             Column(title="APPLYING WOULD", wrap=True)],
            [(d.subject, d.ours, d.theirs, d.remedy) for d in answer.differences],
        )  # fmt: skip
    else:
        out.line(f"{folder.id}  our account and the venue's agree", "ok")
    out.result(
        "reconcile/1",
        {
            "session": folder.id,
            "applied": answer.applied,
            "differences": [
                {"subject": d.subject, "ours": d.ours, "theirs": d.theirs, "remedy": d.remedy}
                for d in answer.differences
            ],
        },
    )
    if answer.differences and not answer.applied:
        out.next(f"tradectl reconcile {folder.id} --apply")
        return ExitStatus.FINDING
    out.next(f"tradectl status {folder.id}")
    return ExitStatus.OK


def panic(
    context: typer.Context,
    reference: Reference = "",
    *,
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Close every position, too, with market orders.")
    ] = False,
    yes: _Yes = False,
) -> ExitStatus:
    """Halt a session and cancel all its working orders, now.

    The kill switch stays thrown, over restarts too, until tradectl risk resume.
    """
    from tradectl_sdk.bus.messages.control import CancelEverything, Done

    session = session_of(context)
    folder = chosen(session, reference)
    question = f"close every position of {_named(folder)} with market orders?"
    if flatten and not confirmed(session, question, yes=yes):
        return ExitStatus.OK
    order = CancelEverything(flatten=flatten, by=getpass.getuser())
    answer = ask_executor(folder, order, Done, LONG)
    session.out.line(f"{folder.id}  halted", "fail")
    for line in answer.lines:
        session.out.line(f"  {line}")
    if answer.left:
        session.out.warn(
            f"the end of {answer.left} is not confirmed yet",
            hint=f"tradectl orders {folder.id} shows what still works",
        )
    session.out.result(
        "panic/1", {"session": folder.id, "lines": list(answer.lines), "left": answer.left}
    )
    session.out.next(f"tradectl orders {folder.id}", f"tradectl risk resume {folder.id}")
    return ExitStatus.OK


@risk.command()
def halt(
    context: typer.Context,
    reference: Reference = "",
    *,
    reducing: Annotated[
        bool, typer.Option("--reducing", help="Let orders pass that only reduce a position.")
    ] = False,
    why: _Why = "",
) -> ExitStatus:
    """Throw the kill switch: nothing new is sent, and what works is cancelled."""
    session = session_of(context)
    folder = chosen(session, reference)
    _move(session, folder, "reducing" if reducing else "halted", why)
    session.out.next(f"tradectl risk resume {folder.id}", f"tradectl orders {folder.id}")
    return ExitStatus.OK


@risk.command()
def resume(
    context: typer.Context, reference: Reference = "", *, why: _Why = "", yes: _Yes = False
) -> ExitStatus:
    """Release the kill switch; only a person can."""
    session = session_of(context)
    folder = chosen(session, reference)
    if not confirmed(session, f"let {_named(folder)} trade again?", yes=yes):
        return ExitStatus.OK
    _move(session, folder, "active", why)
    session.out.next(f"tradectl status {folder.id}")
    return ExitStatus.OK


def _move(session: Session, folder: SessionFolder, state: str, why: str) -> None:
    from tradectl_sdk.bus.messages.control import Done, SetSwitch

    asked = SetSwitch(state=state, by=getpass.getuser(), text=why)
    answer = ask_executor(folder, asked, Done, LONG)
    session.out.cells(
        Cell(folder.id, "bold"),
        Cell(f"  the kill switch is {state.upper()}", "ok" if state == "active" else "fail"),
    )
    for line in answer.lines:
        if line != f"the kill switch is {state}":
            session.out.line(f"  {line}")
    session.out.result(
        "switch/1", {"session": folder.id, "state": state, "lines": list(answer.lines)}
    )


def _named(folder: SessionFolder) -> str:
    return f"{mode_of(folder)} session {folder.id}"
