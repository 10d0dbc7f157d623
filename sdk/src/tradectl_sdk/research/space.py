"""The parameter sets of a sweep: all points of a grid, or a random sample of them.

A grid is never written out: its points are numbered, and a number is turned into a point when it
is wanted, so that a grid with more points than memory can be counted, sampled and refused.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from tradectl_sdk.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tradectl_sdk.research.constraints import Constraint
    from tradectl_sdk.strategy import Parameter, ParameterValue

MOST_VALUES = 1_000_000  # of one axis
_MOST_SAMPLED = 2**62  # points a sample can be drawn from


@dataclass(frozen=True, slots=True)
class Axis:
    """The values one parameter takes, in order.

    Attributes:
        name: The parameter.
        values: Its values, each once; of the parameter's type, but not held to its bounds: a
            value out of bounds is a failed trial, not an error of the sweep.
    """

    name: str
    values: tuple[ParameterValue, ...]

    @classmethod
    def parse(cls, text: str, declared: Mapping[str, Parameter]) -> Axis:
        """Read ``fast=5:50:5`` (first, last and step, the last included) or ``slow=20,50,100``.

        Raises:
            UsageError: If it has another form, names no parameter, or has no values.
        """
        name, equals, words = (part.strip() for part in text.partition("="))
        if not (name and equals):
            raise UsageError(
                f"the grid was {text!r}, expected NAME=VALUES", hint="such as fast=5:50:5"
            )
        return cls.of(name, _words(name, words), declared)

    @classmethod
    def of(cls, name: str, values: Sequence[object], declared: Mapping[str, Parameter]) -> Axis:
        """Make an axis of values given one by one, typed or as text.

        Raises:
            UsageError: If there is no such parameter, there are no values, or one is of another
                type than the parameter.
        """
        if name not in declared:
            raise UsageError(
                f"{name} is not a parameter",
                hint=did_you_mean(name, declared)
                or f"the strategy's parameters are {', '.join(declared) or 'none'}",
            )
        require_several("grid", name, values)
        found = tuple(dict.fromkeys(declared[name].convert(value) for value in values))
        if not found:
            raise UsageError(f"the grid of {name} is empty, expected at least one value")
        return cls(name, found)


def require_several(kind: str, name: str, values: object) -> None:
    """Refuse one value where several belong.

    Raises:
        UsageError: If it is one, or nothing that could be gone through.
    """
    if not isinstance(values, Iterable):
        raise UsageError(
            f"the {kind} of {name} was {values!r}, expected several values",
            hint=f"such as [10, 20], or parameters={{{name!r}: {values!r}}} for all trials",
        )


def _words(name: str, text: str) -> list[str]:
    if ":" in text:
        return _range(name, text)
    return [word.strip() for word in text.split(",") if word.strip()]


def _range(name: str, text: str) -> list[str]:
    """Count in decimals, so that 0.1:0.5:0.1 ends with 0.5 and not with 0.30000000000000004."""
    wrong = UsageError(
        f"the grid of {name} was {text!r}, expected FIRST:LAST or FIRST:LAST:STEP",
        hint="the last value is part of it, as in 5:50:5",
    )
    try:
        first, last, *rest = (Decimal(part.strip()) for part in text.split(":"))
    except (InvalidOperation, ValueError):
        raise wrong from None
    step = rest[0] if rest else Decimal(1)
    if len(rest) > 1 or not all(one.is_finite() for one in (first, last, step)):
        raise wrong
    require_rising("grid", name, first, last, step)
    count = int((last - first) / step) + 1
    if count > MOST_VALUES:
        raise UsageError(
            f"the grid of {name} has {count:,} values, expected at most {MOST_VALUES:,}",
            hint="take a larger step",
        )
    return [f"{(first + step * number).normalize():f}" for number in range(count)]


def require_rising(
    kind: str, name: str, first: Decimal, last: Decimal, step: Decimal | None
) -> None:
    """Refuse numbers that go down, or nowhere.

    Raises:
        UsageError: If the last is less than the first, or the step is not more than 0.
    """
    if last < first:
        by = f":{step}" if step is not None and step > 0 and step != 1 else ""
        raise UsageError(
            f"the {kind} of {name} goes from {first} down to {last}, expected the lesser first",
            hint=f"write it as {name}={last}:{first}{by}",
        )
    if step is not None and step <= 0:
        raise UsageError(
            f"the step of the {kind} of {name} was {step}, expected more than 0",
            hint="such as 5:50:5",
        )


@dataclass(frozen=True, slots=True)
class Space:
    """What is tried.

    Attributes:
        axes: The grid.
        sample: Points to draw from the grid at random, each at most once; None for all of it.
        seed: Of the draw.
        constraints: Conditions that a point must meet to be tried at all.
        bare: Whether a grid without axes will do: one point, which is tried in several places.
    """

    axes: tuple[Axis, ...]
    sample: int | None = None
    seed: int = 0
    constraints: tuple[Constraint, ...] = ()
    bare: bool = False

    def __post_init__(self) -> None:
        """Check that there is something to try.

        Raises:
            UsageError: If there is no axis, one is there twice, or the sample is empty.
        """
        if not self.axes and not self.bare:
            raise UsageError(
                "there is no grid, expected the values of at least one parameter",
                hint="such as fast=5:50:5",
            )
        names = [axis.name for axis in self.axes]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise UsageError(f"the grid of {twice} was given twice, expected it once")
        if self.sample is not None and self.sample < 1:
            raise UsageError(f"the sample was {self.sample}, expected at least 1")

    @property
    def size(self) -> int:
        """Points of the whole grid, constraints aside."""
        return math.prod(len(axis.values) for axis in self.axes)

    @property
    def most(self) -> int:
        """Trials there are at most: the grid, or the sample where that is smaller."""
        return self.size if self.sample is None else min(self.sample, self.size)

    def point(self, number: int) -> dict[str, ParameterValue]:
        """Return a point of the grid; the last axis changes fastest."""
        found: dict[str, ParameterValue] = {}
        for axis in reversed(self.axes):
            number, place = divmod(number, len(axis.values))
            found[axis.name] = axis.values[place]
        return {axis.name: found[axis.name] for axis in self.axes}

    def points(self, fixed: Mapping[str, ParameterValue]) -> list[dict[str, ParameterValue]]:
        """Return the points to try, in the order of the grid.

        Args:
            fixed: Values of the parameters without an axis, for the constraints.

        Raises:
            UsageError: If no point meets the constraints.
        """
        points = (self.point(number) for number in self._numbers())
        found = [
            point
            for point in points
            if all(each.holds({**fixed, **point}) for each in self.constraints)
        ]
        if not found:
            conditions = " and ".join(map(str, self.constraints))
            raise UsageError(f"no point of the grid meets {conditions}, so there is nothing to try")
        return found

    def _numbers(self) -> Iterator[int]:
        if self.most == self.size:
            return iter(range(self.size))
        if self.size > _MOST_SAMPLED:
            raise UsageError(f"the grid has {self.size:.3g} points, expected at most 2^62")
        draw = random.Random(self.seed)  # noqa: S311 - chance, not secrecy
        return iter(sorted(draw.sample(range(self.size), self.most)))
