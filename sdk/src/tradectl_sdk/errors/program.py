"""What is wrong with a call, the settings, a plugin, or tradectl itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.errors.base import ExitStatus, TradectlError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class UsageError(TradectlError):
    """The command or call makes no sense as it stands.

    An option is missing, two options contradict each other, or a value is outside its range.
    Nothing was done. ``tradectl COMMAND --help`` shows what the command takes.
    """

    code = "USAGE"
    exit_status = ExitStatus.USAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a configuration, with the place where it stands.

    Attributes:
        key: Dotted path of the setting, such as ``risk.max_notional``.
        message: What is wrong with it.
        file: The file it was read from, if it came from one.
        line: Line in that file, counted from 1; 0 when unknown.
        column: Column in that line, counted from 1; 0 when unknown.
        origin: Where a value came from that stood in no file, such as an environment variable.
    """

    key: str
    message: str
    file: Path | None = None
    line: int = 0
    column: int = 0
    origin: str = ""

    @property
    def place(self) -> str:
        """``file:line:column`` as editors and terminals understand it, or the origin."""
        if self.file is None:
            return self.origin
        position = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{position}"

    def __str__(self) -> str:
        """Return place, key and message on one line."""
        return "  ".join(part for part in (self.place, self.key, self.message) if part)


class ConfigError(TradectlError):
    """The settings are wrong, and nothing was started.

    tradectl refuses unknown keys: a typo in a risk limit must never pass in silence. All problems
    are listed at once, each with the file, line and column it stands at, or the environment
    variable or option it came from.

    ``tradectl config show --origin`` says where each value in force came from,
    ``tradectl config validate`` checks without starting anything, and
    ``tradectl config schema`` prints a JSON schema that editors understand.
    """

    code = "CONFIG"
    exit_status = ExitStatus.USAGE

    def __init__(self, message: str, *, problems: Iterable[Problem] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        """Return the message, every problem on a line of its own, then the hint."""
        lines = [self.message, *(f"  {problem}" for problem in self.problems)]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class PluginError(TradectlError):
    """A plugin could not be loaded or used; the others go on.

    The message names the plugin, the distribution it came in and the phase that failed:

    - discover: the installed package's metadata is broken;
    - gate: it is blocked, or was built for another plugin API;
    - import: its code raised when it was imported;
    - register: it implements a hook that does not exist, or with the wrong arguments;
    - collect: its hook raised, gave something of the wrong type, or a name already taken.

    ``tradectl plugin list`` shows the state of each plugin, ``tradectl plugin check NAME`` runs
    the conformance suite, and ``TRADECTL_PLUGINS=a,b`` limits loading to the plugins named.
    """

    code = "PLUGIN"
    exit_status = ExitStatus.USAGE


class NotFoundError(TradectlError):
    """What was asked for does not exist, or is not running.

    The message lists near matches where there are any. The ``list`` command of the same noun
    (``plugin list``, ``strategy list``, ``runs list``, ``data list``) shows what there is.
    """

    code = "NOT_FOUND"
    exit_status = ExitStatus.NOT_FOUND


class DeadlineError(TradectlError):
    """Something took longer than it was allowed to."""

    code = "DEADLINE"
    exit_status = ExitStatus.DEADLINE


class InternalError(TradectlError):
    """A bug in tradectl: something happened that its authors thought impossible.

    Run the command again with ``--debug`` and report the traceback.
    """

    code = "INTERNAL"
    exit_status = ExitStatus.BUG
