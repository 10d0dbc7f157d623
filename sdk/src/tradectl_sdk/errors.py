"""Every error tradectl raises on purpose, drawn as one tree.

::

    TradectlError                  code  exit status
    ├── UsageError                 USAGE              2  the command or call makes no sense
    ├── ConfigError                CONFIG             2  settings are wrong; lists every problem
    ├── PluginError                PLUGIN             2  a plugin could not be loaded or used
    ├── StrategyError              STRATEGY           2  a strategy raised, or cannot run
    │   ├── NotCompilableError     NOT_COMPILABLE     2  a kernel uses what machine code cannot
    │   └── KernelRaisedError      KERNEL_RAISED      2  an exception left compiled code
    ├── DataError                  DATA               3  data is bad
    │   ├── DataMissingError       DATA_MISSING       3  data is not there
    │   └── ImportRefusedError     IMPORT_REFUSED     3  a file holds bad bars; lists them
    ├── CredentialError            CREDENTIAL         4  keys are missing or refused
    ├── ExchangeError              EXCHANGE           5  an exchange or the network failed
    ├── NotFoundError              NOT_FOUND          6  no such thing, or it is not running
    ├── RiskRefusedError           RISK_REFUSED       7  the risk gate said no
    ├── DeadlineError              DEADLINE           8  it took too long
    └── InternalError              INTERNAL          70  a bug in tradectl

A class docstring is the long text that ``tradectl explain CODE`` prints, so it is written for
the person who met the error: what happened, why tradectl insists, what to do.

Messages are sentences without a full stop that say what was found and what was expected.
The hint says what mends it.
"""

from __future__ import annotations

import difflib
import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class ExitStatus(enum.IntEnum):
    """What a command's exit status means; ``tradectl help exit-codes`` prints this table."""

    OK = 0, "everything went well"
    FINDING = 1, "a check found something: bias, a parity difference, a failed doctor row"
    USAGE = 2, "the command line, the configuration, a plugin or a strategy is wrong"
    DATA = 3, "data is missing or bad"
    CREDENTIAL = 4, "keys are missing or were refused"
    EXCHANGE = 5, "an exchange or the network failed"
    NOT_FOUND = 6, "what was asked for does not exist or is not running"
    RISK = 7, "the risk gate refused"
    DEADLINE = 8, "it took too long"
    BUG = 70, "a bug in tradectl"
    INTERRUPTED = 130, "interrupted with Ctrl-C"

    summary: str

    def __new__(cls, value: int, summary: str) -> ExitStatus:
        """Keep the meaning beside the number."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.summary = summary
        return member


class TradectlError(Exception):
    """Something went wrong that tradectl knows about.

    Args:
        message: One sentence without a full stop: what was found, what was expected.
        hint: What mends it, or an empty string when nobody knows.
    """

    code: ClassVar[str] = "TRADECTL"
    exit_status: ClassVar[ExitStatus] = ExitStatus.BUG

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message, the hint on a line of its own."""
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


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


class StrategyError(TradectlError):
    """A strategy raised an exception, or cannot run as it is written.

    The message names the file, the line and the bar. Nothing that the run had produced so far was
    kept: a run is stored whole or not at all. ``--engine interpreted`` runs the strategy as plain
    Python, where print and a debugger work; ``--debug`` shows the whole traceback.
    """

    code = "STRATEGY"
    exit_status = ExitStatus.USAGE


class NotCompilableError(StrategyError):
    """A strategy or another kernel uses something that machine code cannot express.

    With ``--engine auto`` this is only a notice, and the run goes on interpreted with the same
    result. With ``--engine compiled`` it is an error. The message names the line and the
    construct. A kernel's attributes may be ints, floats, bools, enums, fixed-size lists of floats
    or ints, NumPy arrays and other kernels, and they may not change type after ``on_start``.
    """

    code = "NOT_COMPILABLE"


class KernelRaisedError(StrategyError):
    """An exception left compiled code.

    The message names the exception, the function and the line. Compiled code raises what plain
    Python would raise there, and OverflowError where a whole number outgrows 64 bits;
    ``--engine interpreted`` runs the same code as plain Python and shows the whole traceback.

    Attributes:
        exception: Name of the exception's class, such as ``ZeroDivisionError``.
        text: The exception's message where it was a constant, else an empty string.
        function: Qualified name of the function that raised.
        filename: The file it stands in.
        line: The line, counted from 1.
    """

    code = "KERNEL_RAISED"

    def __init__(self, exception: str, text: str, function: str, filename: str, line: int) -> None:
        what = f"{exception}: {text}" if text else exception
        super().__init__(f"{filename}:{line}: {what}, in {function}")
        self.exception = exception
        self.text = text
        self.function = function
        self.filename = filename
        self.line = line


class DataError(TradectlError):
    """Market data is bad: unsorted, duplicated, inconsistent, truncated or of the wrong shape.

    The message names the file, the row and the reason. tradectl never repairs in silence and
    never fills gaps by itself; ``tradectl data import --repair`` mends what can be mended and
    keeps a record of every change. Nothing was written: imports happen whole or not at all.
    """

    code = "DATA"
    exit_status = ExitStatus.DATA


class DataMissingError(DataError):
    """The data asked for is not in the catalog.

    ``tradectl data list`` shows what is there, ``tradectl data import FILE`` adds to it.
    """

    code = "DATA_MISSING"


class ImportRefusedError(DataError):
    """A file holds bars that break a rule, and nothing of it was stored.

    The message lists each rule that was broken, how often, and its first rows, columns and values
    as they stand in the file; rows are counted from 1 without the header. Rules: unreadable_time,
    missing, not_a_number, missing_volume, non_positive, ohlc, negative_volume, future, off_grid,
    order, duplicate, conflict, spike, level_shift, timeframe, off_tick.

    ``--repair`` mends what can be mended and records each change beside the data;
    ``--accept RULE`` declares findings of non_positive, spike, level_shift and timeframe genuine.
    """

    code = "IMPORT_REFUSED"

    def __init__(self, message: str, *, findings: Iterable[object] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.findings = tuple(findings)

    def __str__(self) -> str:
        """Return the message, every finding on a line of its own, then the hint."""
        lines = [self.message, *(f"  {finding}" for finding in self.findings)]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class CredentialError(TradectlError):
    """Keys are missing, were refused, or can do more than they should.

    tradectl refuses keys that can withdraw. Keys live in the gateway only, never in a project
    file, an option or a log.
    """

    code = "CREDENTIAL"
    exit_status = ExitStatus.CREDENTIAL


class ExchangeError(TradectlError):
    """An exchange or the network on the way to it failed.

    An order whose outcome is unknown stays UNKNOWN until the exchange has given evidence; it is
    never sent again.
    """

    code = "EXCHANGE"
    exit_status = ExitStatus.EXCHANGE


class NotFoundError(TradectlError):
    """What was asked for does not exist, or is not running.

    The message lists near matches where there are any. The ``list`` command of the same noun
    (``plugin list``, ``strategy list``, ``runs list``, ``data list``) shows what there is.
    """

    code = "NOT_FOUND"
    exit_status = ExitStatus.NOT_FOUND


class RiskRefusedError(TradectlError):
    """The risk gate refused.

    Every order passes the gate; each refusal carries a reason code. Limits are set under
    ``[risk]`` in tradectl.toml.
    """

    code = "RISK_REFUSED"
    exit_status = ExitStatus.RISK


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


def error_classes() -> Iterator[type[TradectlError]]:
    """Yield every error class, the root first and each branch in the order it was defined."""

    def walk(cls: type[TradectlError]) -> Iterator[type[TradectlError]]:
        yield cls
        for child in cls.__subclasses__():
            if child.__module__ == __name__:
                yield from walk(child)

    return walk(TradectlError)


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ``did you mean X?`` for the nearest of the choices, or an empty string."""
    near = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""


def pip_install(arguments: str) -> str:
    """Return the command that has pip install into this environment, for hints.

    Environments made by uv, and by venv where Debian leaves ensurepip out, have no pip of their
    own; a pip from outside is told which environment is meant.
    """
    import importlib.util
    import shlex
    import sys

    if importlib.util.find_spec("pip"):
        return f"python -m pip install {arguments}"
    return f"pip --python {shlex.quote(sys.prefix)} install {arguments}"
