"""The topics of ``tradectl help``: what concerns every command alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tradectl_sdk.errors import ExitStatus

from tradectl.environment import ENVIRONMENT
from tradectl.layout import Column

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl.console import Output

_OUTPUT = """
Data goes to standard output. Messages, warnings, progress, errors and the line "next:" go to
standard error, so that tradectl runs list > runs.txt holds the list and nothing else.

Colours and moving lines are for terminals. --no-color, NO_COLOR=1 and TERM=dumb switch them off.
On a narrow terminal a table drops columns and says which. --quiet leaves out messages and next
steps; warnings and errors stay.

With --json standard output gets one document, numbers raw, decimals as strings, times in ISO 8601:

  {"schema": "tradectl.plugin-list/1", "ok": true, "data": ..., "warnings": [...], "next": [...]}

The number in the schema changes when a field goes or changes its meaning, not when one is added.
"ok" is false when a check found something (exit status 1); the data are there all the same.

A command that fails leaves standard output empty and prints one document to standard error:

  {"schema": "tradectl.error/1", "ok": false, "error": {"code": "CONFIG", "exit": 2,
   "message": ..., "hint": ..., "problems": [{"key", "file", "line", "column", "message"}]}}
"""


class Topic(NamedTuple):
    """One page of help.

    Attributes:
        summary: One line for the list of topics.
        show: Prints the page and gives its JSON data.
    """

    summary: str
    show: Callable[[Output], None]


def _exit_codes(out: Output) -> None:
    statuses = [(str(int(status)), status.summary) for status in ExitStatus]
    out.table([Column(title="STATUS", right=True), Column(title="MEANING", wrap=True)], statuses)
    data = [{"status": int(s), "name": s.name, "meaning": s.summary} for s in ExitStatus]
    out.result("exit-codes/1", data)
    out.next("tradectl explain")


def _environment(out: Output) -> None:
    out.table([Column(title="VARIABLE"), Column(title="MEANING", wrap=True)], ENVIRONMENT)
    data = [{"name": name, "meaning": meaning} for name, meaning in ENVIRONMENT]
    out.result("environment/1", data)
    out.next("tradectl config show --origin")


def _output(out: Output) -> None:
    out.text(_OUTPUT)
    out.result("help/1", {"topic": "output", "text": _OUTPUT.strip()})


TOPICS = {
    "exit-codes": Topic("What each exit status means", _exit_codes),
    "environment": Topic("The environment variables tradectl reads", _environment),
    "output": Topic("Streams, colours and the documents of --json", _output),
}
