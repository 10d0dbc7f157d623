"""What an optimiser may choose from: a range or a list of values for each parameter."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.errors import UsageError
from tradectl_sdk.research.neighbourhood import Layout, has_ends
from tradectl_sdk.research.space import Axis, require_rising

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.strategy import Parameter, ParameterValue

_TENTHS = 10  # steps that a long range counts for where neighbours are looked for


@dataclass(frozen=True, slots=True)
class Range:
    """What one parameter may be.

    Attributes:
        name: The parameter.
        low: Least value.
        high: Greatest value.
        step: Distance of two values; None where everything in between is allowed.
        choices: The only values, in order, where they were listed; the bounds say nothing then.
    """

    name: str
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    choices: tuple[ParameterValue, ...] = ()

    @classmethod
    def parse(cls, text: str, declared: Mapping[str, Parameter]) -> Range:
        """Read ``fast=5:50``, ``fast=5:50:5`` or ``slow=20,50,100``.

        A range without a step is of all whole numbers, or of all numbers for a parameter that is
        no whole number.

        Raises:
            UsageError: If it has another form, names no parameter, or leaves nothing to choose.
        """
        name, _, words = (part.strip() for part in text.partition("="))
        if ":" not in words:
            return cls(name, choices=Axis.parse(text, declared).values)
        Axis.of(name, [declared[name].default] if name in declared else [], declared)
        parameter = declared[name]
        if parameter.type is bool:
            raise UsageError(f"{name} is true or false, expected {name}=true,false")
        low, high, step = _numbers(name, words)
        if step is None and parameter.type is int:
            step = Decimal(1)
        if step is not None:
            high = low + (high - low) // step * step
        for value in (low, high, *([step] if step else [])):
            parameter.convert(f"{value:f}")
        if parameter.type is int:
            return cls(name, int(low), int(high), int(step or 1))
        return cls(name, float(low), float(high), None if step is None else float(step))

    def place(self, value: ParameterValue) -> float:
        """Where a value is, in steps; a range of more than ten steps counts for ten."""
        if self.choices:
            return float(self.choices.index(value))
        span = self.high - self.low
        steps = span / self.step if self.step else float(_TENTHS)
        return (value - self.low) / span * min(steps, _TENTHS) if span else 0.0

    @property
    def last(self) -> float:
        """The greatest place of a value."""
        return self.place(self.choices[-1] if self.choices else self.high)

    @property
    def stepped(self) -> bool:
        """Whether places are whole numbers, so that nothing is between one and the next."""
        few = self.step is not None and (self.high - self.low) / self.step < _TENTHS + 0.5
        return bool(self.choices) or few

    def __str__(self) -> str:
        """Return it as people write it."""
        if self.choices:
            return ", ".join(str(value).lower() for value in self.choices)
        words = f"{self.low:.15g} to {self.high:.15g}"
        whole = self.step is None or (self.step == 1 and isinstance(self.low, int))
        return words if whole else f"{words} by {self.step:.15g}"


def range_layout(ranges: Sequence[Range], points: Sequence[Mapping[str, ParameterValue]]) -> Layout:
    """Say where points are, in steps along each range that leaves a choice."""
    varied = [each for each in ranges if each.last > 0]
    rows = [[each.place(point[each.name]) for each in varied] for point in points]
    return Layout(
        names=tuple(each.name for each in varied),
        places=np.array(rows, np.float64).reshape(len(points), len(varied)),
        last=np.array([each.last for each in varied]),
        stepped=all(each.stepped for each in varied),
        ended=frozenset(each.name for each in varied if not each.choices or has_ends(each.choices)),
    )


def _numbers(name: str, text: str) -> tuple[Decimal, Decimal, Decimal | None]:
    wrong = UsageError(
        f"the range of {name} was {text!r}, expected LOW:HIGH or LOW:HIGH:STEP",
        hint="the greatest value is part of it, as in 5:50:5",
    )
    try:
        low, high, *rest = (Decimal(part.strip()) for part in text.split(":"))
    except (InvalidOperation, ValueError):
        raise wrong from None
    step = rest[0] if rest else None
    if len(rest) > 1 or not all(one.is_finite() for one in (low, high, *rest)):
        raise wrong
    require_rising("range", name, low, high, step)
    return low, high, step
