"""The root of the tree, and what an exit status means."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator


class ExitStatus(enum.IntEnum):
    """What a command's exit status means; ``tradectl help exit-codes`` prints this table."""

    OK = 0, "everything went well"
    FINDING = 1, "a check found something: bias, a parity difference, a failed doctor row"
    USAGE = 2, "the command line, the configuration, a plugin or a strategy is wrong"
    DATA = 3, "data is missing or bad"
    CREDENTIAL = 4, "keys are missing or were refused"
    EXCHANGE = 5, "an exchange or the network failed"
    NOT_FOUND = 6, "what was asked for does not exist or is not running"
    RISK = 7, "refused by the risk gate, or because it is not safe"
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


def error_classes() -> Iterator[type[TradectlError]]:
    """Yield every error class, the root first and each branch in the order it was defined."""

    def walk(cls: type[TradectlError]) -> Iterator[type[TradectlError]]:
        yield cls
        for child in cls.__subclasses__():
            if child.__module__.startswith(__package__):
                yield from walk(child)

    return walk(TradectlError)
