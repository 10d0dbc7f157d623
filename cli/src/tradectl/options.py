"""The options every command takes, wherever on the line they stand.

They are taken out of the command line before a command sees it. So they work before and after
the sub-command, for commands that plugins bring, and for errors in the rest of the line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


class GlobalOption(NamedTuple):
    """One global option as help and completion show it.

    Attributes:
        names: Its spellings, the long one first.
        metavar: What its value is called, or an empty string for a flag.
        field: The attribute of :class:`GlobalOptions` it sets.
        help: One line.
    """

    names: tuple[str, ...]
    metavar: str
    field: str
    help: str


GLOBAL_OPTIONS = (
    GlobalOption(("--json",), "", "json", "Print the result as one JSON document"),
    GlobalOption(("--quiet", "-q"), "", "quiet", "Print data, warnings and errors only"),
    GlobalOption(("--no-color",), "", "no_color", "No colours (NO_COLOR=1 does the same)"),
    GlobalOption(("--debug",), "", "debug", "Show the traceback of an error"),
    GlobalOption(("--project",), "DIR", "project", "Work in this project, not the current folder"),
)

_BY_NAME = {name: option for option in GLOBAL_OPTIONS for name in option.names}


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalOptions:
    """What the global options of one command line say."""

    json: bool = False
    quiet: bool = False
    no_color: bool = False
    debug: bool = False
    project: Path | None = None


def split(words: Sequence[str]) -> tuple[GlobalOptions, list[str]]:
    """Separate the global options from the rest of the line.

    Words after ``--`` are left alone. An unknown option is somebody else's to judge.

    Raises:
        UsageError: ``--project`` stands there without a folder, or a flag with a value.
    """
    said: dict[str, Any] = {}
    rest: list[str] = []
    queue = iter(words)
    for word in queue:
        if word == "--":
            rest += [word, *queue]
            break
        name, equals, value = word.partition("=")
        option = _BY_NAME.get(name)
        if option is None:
            rest.append(word)
        elif option.metavar:
            said[option.field] = _folder(name, value if equals else next(queue, ""))
        elif equals:
            raise UsageError(f"{name} takes no value, was {word}", hint=f"write {name} alone")
        else:
            said[option.field] = True
    return GlobalOptions(**said), rest


def _folder(name: str, value: str) -> Path:
    if not value or value.startswith("-"):
        found = f", was followed by {value}" if value else ""
        raise UsageError(f"{name} needs a folder{found}", hint=f"write {name} path/to/project")
    return Path(value).expanduser()
