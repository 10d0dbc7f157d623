"""``tradectl notify``: who is told what sessions do, and whether it gets through."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus, NotFoundError, did_you_mean

from tradectl.commands import noun
from tradectl.layout import Column
from tradectl.session import session_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.config import SenderSection
    from tradectl_sdk.notify import Notice, Sender

    from tradectl.session import Session

app = noun("List the senders of notices, and try them.")

_HOW = "name a sender under [notify.NAME] in tradectl.toml"


def _senders(incomplete: str) -> list[str]:
    """Complete the name of a sender."""
    from tradectl_sdk.config import discover_settings

    return [name for name in discover_settings().settings.notify if name.startswith(incomplete)]


@app.command("list")
def list_(context: typer.Context) -> ExitStatus:
    """List the senders that the settings describe."""
    session = session_of(context)
    found = _described(session)
    columns = [
        Column(title="SENDER"),
        Column(title="NOTIFIER"),
        Column(title="FROM"),
        Column(title="ABOUT", wrap=True),
    ]
    rows = [(name, one.notifier, one.level, ", ".join(one.kinds)) for name, one in found.items()]
    if rows:
        session.out.table(columns, rows)
    else:
        session.out.note(f"nobody is told anything; {_HOW}")
    session.out.result(
        "notify-list/1",
        {
            "senders": [
                {"name": n, "notifier": s.notifier, "level": s.level, "kinds": list(s.kinds)}
                for n, s in found.items()
            ]
        },
    )
    session.out.next(f"tradectl notify test {next(iter(found))}" if found else "tradectl --help")
    return ExitStatus.OK


@app.command("test")
def try_(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help="The sender; all when left out.", autocompletion=_senders)
    ] = "",
) -> ExitStatus:
    """Send one notice to a sender, or to all, and say what came of it."""
    from tradectl_sdk.errors import NotDeliveredError

    session = session_of(context)
    senders = _made(session, name)
    outcomes = []
    for sender in senders:
        try:
            sender.notifier.send([_trial(sender.name)])
        except NotDeliveredError as error:
            session.out.warn(f"{sender.name}: {error.message}", hint=error.hint)
            outcomes.append({"sender": sender.name, "delivered": False, "text": error.message})
        else:
            session.out.line(f"{sender.name}  delivered")
            outcomes.append({"sender": sender.name, "delivered": True, "text": ""})
    session.out.result("notify-test/1", {"senders": outcomes})
    session.out.next("tradectl notify list")
    return ExitStatus.OK if all(one["delivered"] for one in outcomes) else ExitStatus.EXCHANGE


def _described(session: Session) -> Mapping[str, SenderSection]:
    loaded, _ = session.checked()
    return loaded.settings.notify


def _made(session: Session, name: str) -> list[Sender]:
    from tradectl_sdk.pipelines.notifying import make_senders

    loaded, plugins = session.checked()
    wanted = loaded.settings.notify
    if name:
        if name not in wanted:
            near = did_you_mean(name, wanted)
            raise NotFoundError(f"there is no sender {name!r}", hint=near or _HOW)
        wanted = {name: wanted[name]}
    if not wanted:
        raise NotFoundError("there is no sender", hint=_HOW)
    return list(make_senders(wanted, plugins))


def _trial(sender: str) -> Notice:
    from tradectl_sdk.notify import Level, Notice

    now = time.time_ns()
    return Notice(
        id=f"test-{now}",
        time=now,
        level=Level.INFO,
        kind="session",
        session="",
        strategy="tradectl",
        live=False,
        title=f"this is a test of sender {sender}",
    )
