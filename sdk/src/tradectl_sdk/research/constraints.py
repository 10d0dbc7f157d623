"""Conditions between parameters, such as ``fast < slow``."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tradectl_sdk.strategy import ParameterValue

_FORM = re.compile(r"\s*([\w.+-]+)\s*(<=|>=|==|!=|<|>)\s*([\w.+-]+)\s*")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

_SHOWN = 12  # names in a hint


@dataclass(frozen=True, slots=True)
class Constraint:
    """One comparison of two parameters, or of a parameter with a number.

    Attributes:
        left: A parameter's name, or a number.
        sign: ``<``, ``<=``, ``>``, ``>=``, ``==`` or ``!=``.
        right: As ``left``.
    """

    left: str | float
    sign: str
    right: str | float

    @classmethod
    def parse(cls, text: str, names: Iterable[str]) -> Constraint:
        """Read a condition as people write it.

        Raises:
            UsageError: If it has another form, or names what is no parameter.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise UsageError(
                f"the condition was {text!r}, expected two parameters and a comparison",
                hint="such as 'fast < slow'; several conditions are given one by one",
            )
        known = list(names)
        return cls(_side(found[1], known), found[2], _side(found[3], known))

    def holds(self, values: Mapping[str, ParameterValue]) -> bool:
        """Whether it is true of these parameters."""
        left, right = (
            values[side] if isinstance(side, str) else side for side in (self.left, self.right)
        )
        return _COMPARE[self.sign](left, right)

    def __str__(self) -> str:
        """Return it as people write it."""
        left, right = (
            side if isinstance(side, str) else f"{side:.15g}" for side in (self.left, self.right)
        )
        return f"{left} {self.sign} {right}"


def _side(word: str, known: list[str]) -> str | float:
    if word in known:
        return word
    try:
        return float(word)
    except ValueError:
        raise UsageError(
            f"{word} in the condition is not a parameter",
            hint=did_you_mean(word, known) or f"there is {_named(known)}",
        ) from None


def _named(known: list[str]) -> str:
    """Name some of what there is: metrics are many."""
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return ", ".join(known[:_SHOWN]) + more or "none"
