"""What a strategy author writes: a class with declared parameters and handlers.

A strategy is a *kernel* (see :mod:`tradectl_sdk.kernel`): plain Python that also runs as machine
code. ``on_start`` and ``on_stop`` always run as plain Python, so they may use anything; the other
handlers are compiled when they can be and mean the same either way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, overload
from weakref import WeakKeyDictionary

from tradectl_sdk.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.engine.bars import Bar
    from tradectl_sdk.engine.context import Context, Fill, OrderUpdate

ParameterValue = bool | int | float
_MOST = 2**53  # whole numbers up to here are floats without loss
_declared: WeakKeyDictionary[type, Mapping[str, Parameter]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A declared parameter of a strategy.

    Attributes:
        name: The attribute it becomes.
        default: Its value unless set; its type is the parameter's type.
        ge: Least value allowed, if any.
        le: Greatest value allowed, if any.
        choices: The only values allowed, if not empty.
        doc: One line about it, with the unit.
    """

    name: str
    default: ParameterValue
    ge: float | None = None
    le: float | None = None
    choices: tuple[ParameterValue, ...] = ()
    doc: str = ""

    @property
    def type(self) -> type[ParameterValue]:
        """bool, int or float."""
        return type(self.default)

    def check(self, value: object) -> ParameterValue:
        """Convert a value, given as such or as text, and check its bounds.

        Raises:
            UsageError: If it has the wrong type or lies outside the bounds.
        """
        converted = self.convert(value)
        if self.choices and converted not in self.choices:
            allowed = ", ".join(map(str, self.choices))
            raise UsageError(f"{self.name} was {value}, expected one of {allowed}")
        low = -math.inf if self.ge is None else self.ge
        high = math.inf if self.le is None else self.le
        if not low <= converted <= high:
            raise UsageError(f"{self.name} was {value}, expected {low:g} to {high:g}")
        return converted

    def convert(self, value: object) -> ParameterValue:
        """Convert a value, given as such or as text, whether or not it lies in the bounds.

        Raises:
            UsageError: If it has the wrong type.
        """
        if type(value) is int is self.type and -_MOST <= value <= _MOST:
            return value  # what a sweep gives, again and again
        wrong = UsageError(f"{self.name} was {value!r}, expected {_ARTICLES[self.type]}")
        if self.type is bool:
            word = str(value).lower()
            if word in {"true", "false"}:
                return word == "true"
            raise wrong
        if isinstance(value, bool):
            raise wrong
        try:
            number = float(str(value))
        except ValueError:
            raise wrong from None
        if not math.isfinite(number) or (self.type is int and number != int(number)):
            raise wrong
        return (
            int(str(value))
            if self.type is int and not isinstance(value, float)
            else (self.type(number))
        )


_ARTICLES = {bool: "true or false", int: "a whole number", float: "a number"}


class _Declared:
    """A parameter as it stands in a class body, before it knows its name."""

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self.parameter, "name", name)

    def __get__(self, instance: object, owner: type) -> ParameterValue:
        return self.parameter.default


@overload
def param(default: bool, *, doc: str = "") -> bool: ...
@overload
def param(
    default: int,
    *,
    ge: int | None = None,
    le: int | None = None,
    choices: tuple[int, ...] = (),
    doc: str = "",
) -> int: ...
@overload
def param(
    default: float,
    *,
    ge: float | None = None,
    le: float | None = None,
    choices: tuple[float, ...] = (),
    doc: str = "",
) -> float: ...
def param(
    default: ParameterValue,
    *,
    ge: float | None = None,
    le: float | None = None,
    choices: tuple[ParameterValue, ...] = (),
    doc: str = "",
) -> Any:
    """Declare a parameter in the body of a strategy.

    As in ``fast: int = param(10, ge=2, le=200)``; the default's type is the parameter's type.

    Args:
        default: The value unless set; bool, int or float.
        ge: Least value allowed.
        le: Greatest value allowed.
        choices: The only values allowed.
        doc: One line about it, with the unit.

    Raises:
        UsageError: If the default itself is not allowed.
    """
    parameter = Parameter(
        name="default", default=default, ge=ge, le=le, choices=tuple(choices), doc=doc
    )
    parameter.check(default)
    return _Declared(parameter)


class Strategy:
    """A trading strategy; subclass it and write ``on_bar``.

    Parameters declared with :func:`param` become instance attributes, set from keyword arguments::

        SmaCross(fast=20).fast == 20

    Attributes:
        warmup: Bars that are fed through the handlers before orders are accepted; may be set in
            ``on_start``, where the parameters are known.
        portfolio: False: each instrument of a run gets a strategy object of its own. True: one
            object sees all instruments and tells them apart by ``bar.instrument``.
        signals: Prepared columns it reads with ``ctx.signal``, by name; ``forecast=ridge`` names
            the model that makes one unless the run is given another.

    Raises:
        UsageError: If an argument is not a declared parameter, or outside its bounds.
    """

    warmup: int = 0
    portfolio: ClassVar[bool] = False
    signals: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **parameters: object) -> None:
        declared = type(self).parameters()
        problems = []
        values: dict[str, ParameterValue] = {n: p.default for n, p in declared.items()}
        for name, value in parameters.items():
            if name not in declared:
                near = did_you_mean(name, declared)
                problems.append(f"{name} is not a parameter{'; ' + near if near else ''}")
                continue
            try:
                values[name] = declared[name].check(value)
            except UsageError as error:
                problems.append(error.message)
        if problems:
            raise UsageError(
                f"{type(self).__name__}: {'; '.join(problems)}",
                hint=f"its parameters are {', '.join(declared) or 'none'}",
            )
        self.__dict__.update(values)

    @classmethod
    def parameters(cls) -> Mapping[str, Parameter]:
        """Return the declared parameters by name, those of base classes first."""
        found = _declared.get(cls)
        if found is None:
            found = _declared[cls] = {
                name: value.parameter
                for base in reversed(cls.__mro__)
                for name, value in vars(base).items()
                if isinstance(value, _Declared)
            }
        return found

    @classmethod
    def signal_names(cls) -> tuple[str, ...]:
        """Return the names of the prepared columns it reads, without models."""
        return tuple(word.partition("=")[0] for word in cls.signals)

    def on_start(self, ctx: Context) -> None:
        """Prepare: make indicators, ask for series. Runs once, as plain Python, before data."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Decide on a bar that has just closed."""

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        """Take note of a fill, before the bar it happened in is delivered."""

    def on_order(self, ctx: Context, order: OrderUpdate) -> None:
        """Take note of an order that was denied, cancelled, expired, rejected or triggered."""

    def on_stop(self, ctx: Context) -> None:
        """Look back. Runs once, as plain Python, after the last bar; orders are denied."""
