"""What is wrong with a strategy, a model or data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.errors.base import ExitStatus, TradectlError

if TYPE_CHECKING:
    from collections.abc import Iterable


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


class ModelError(TradectlError):
    """A model raised an exception, or gave what cannot be used.

    The message names the model, what it was asked for and what came. Features are a row of floats
    for each bar, forecasts one finite number for each row. A backtest was not run, for forecasts
    are made before its first bar; a session's strategy has failed, and was shown no bar without
    its forecast. ``--debug`` shows the whole traceback, and
    ``tradectl plugin check`` holds a plugin's models to what is expected of them.
    """

    code = "MODEL"
    exit_status = ExitStatus.USAGE


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
