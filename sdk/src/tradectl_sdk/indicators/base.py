"""What every indicator shares: the outputs it names, and the check of its parameters."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, ClassVar, SupportsIndex

from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import MutableSequence


class Indicator:
    """A streaming indicator: one value in, one value out, nothing remembered but its window.

    Subclasses add ``update``, which takes one float per input column, advances the state and
    returns ``value``. An indicator with several outputs keeps each in an attribute of its own,
    names them in ``OUTPUTS`` (the main one, always ``value``, first) and overrides ``write``.

    Attributes:
        value: The main output after the last update; NaN until the indicator is ready.
        ready: Whether enough has been seen. Once true it stays true.
        OUTPUTS: Attribute names of all outputs, the main one first.
    """

    OUTPUTS: ClassVar[tuple[str, ...]] = ("value",)

    value: float
    ready: bool

    def write(self, out: MutableSequence[float], at: int) -> None:
        """Store the outputs, in the order of ``OUTPUTS``, in ``out`` from index ``at`` on."""
        out[at] = self.value


def whole_number(value: SupportsIndex, name: str, *, least: int = 1) -> int:
    """Return ``value`` as an int, refusing what cannot count bars.

    Raises:
        UsageError: It is no whole number, or below ``least``.
    """
    hint = f"use a whole number of at least {least}"
    if isinstance(value, bool):
        raise UsageError(f"{name} was {value!r}, expected a whole number", hint=hint)
    try:
        number = operator.index(value)
    except TypeError:
        raise UsageError(f"{name} was {value!r}, expected a whole number", hint=hint) from None
    if number < least:
        raise UsageError(f"{name} was {number}, expected at least {least}", hint=hint)
    return number


def positive_number(value: float, name: str) -> float:
    """Return ``value`` as a float, refusing all but finite numbers above zero.

    Raises:
        UsageError: It is no number, not finite, or not above zero.
    """
    hint = "use a finite number above 0"
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise UsageError(f"{name} was {value!r}, expected a number", hint=hint) from None
    if not (math.isfinite(number) and number > 0.0):
        raise UsageError(f"{name} was {number}, expected a finite number above 0", hint=hint)
    return number
