"""``tradectl help``: the topics that concern every command."""

from __future__ import annotations

from typing import Annotated

import typer
from tradectl_sdk.errors import ExitStatus, UsageError, did_you_mean

from tradectl import table
from tradectl.layout import Column
from tradectl.screens import help_screen
from tradectl.session import session_of
from tradectl.topics import TOPICS


def _topics() -> list[tuple[str, str]]:
    return [(name, topic.summary) for name, topic in TOPICS.items()]


def help_(
    context: typer.Context,
    topic: Annotated[
        str,
        typer.Argument(
            help="exit-codes, environment or output; all of them when left out.",
            autocompletion=_topics,
        ),
    ] = "",
) -> ExitStatus:
    """Explain what concerns every command: exit codes, environment, output."""
    out = session_of(context).out
    if topic in TOPICS:
        TOPICS[topic].show(out)
        return ExitStatus.OK
    if topic:
        raise _unknown(topic)
    help_screen(out)
    out.line()
    out.table([Column(title="TOPIC"), Column(title="tradectl help TOPIC", wrap=True)], _topics())
    out.result("help/1", {"topics": dict(_topics())})
    return ExitStatus.OK


def _unknown(topic: str) -> UsageError:
    """Return the error; who asks for help on a command is told where it is."""
    if topic in {row.name for row in table.rows()}:
        return UsageError(f"{topic} is a command, not a topic", hint=f"tradectl {topic} --help")
    return UsageError(
        f"there is no topic {topic!r}, there are {', '.join(TOPICS)}",
        hint=did_you_mean(topic, TOPICS) or "tradectl help",
    )
