"""What a strategy's code reaches outside the run: arrays it closes over, globals, class bodies.

Cutting the data of a run does not cut those. So what lies beside the bars, one value for each, is
taken away from the cut on as well: a strategy that reads only what is known by now cannot tell.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
import types
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.data import Bars
from tradectl_sdk.pipelines.checking.watching import LEAST_COLUMN

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

_FOREIGN = frozenset(sys.stdlib_module_names) - {"__main__"} | {
    "numpy", "pandas", "polars", "scipy", "sklearn", "tradectl_sdk",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beside:
    """Something outside the run that holds a value for each of its bars.

    Attributes:
        name: What the code calls it.
        value: It.
        put: Puts another value in its place.
    """

    name: str
    value: Any
    put: Callable[[Any], None]


def beside(cls: type, lengths: Collection[int], times: Sequence[int]) -> list[Beside]:
    """Find what a class's code reaches that has a value for each bar.

    Args:
        cls: The strategy's class.
        lengths: Of the run's series.
        times: When bars opened or closed, UTC nanoseconds; the keys of dictionaries.
    """
    known = frozenset(times)
    return [one for one in _reached(cls) if _lies_beside(one.value, lengths, known)]


@contextlib.contextmanager
def taken_away(found: Sequence[Beside], row: int, last: int) -> Iterator[None]:
    """Take away, for a while, what stands beside bars from ``row`` on or later than ``last``."""
    try:
        for one in found:
            one.put(without_the_rest(one.value, row, last))
        yield
    finally:
        for one in found:
            one.put(one.value)


def without_the_rest(value: Any, row: int, last: int) -> Any:
    """A copy without the values from a row on; what stands there instead is no such value."""
    if isinstance(value, dict):
        return {key: each for key, each in value.items() if (_moment(key) or 0) <= last}
    if isinstance(value, Bars):
        return value.rows(0, row)
    if isinstance(value, np.ndarray):
        copy = value.copy()
        rest = copy[row:]
        if copy.dtype.kind == "f":
            rest[...] = np.nan
        elif copy.dtype.kind in "iub":
            rest[...] = ~rest
        else:
            rest[...] = np.zeros(1, copy.dtype)[0]
        return copy
    if hasattr(value, "iloc"):
        return value.iloc[:row].reindex(value.index)
    return type(value)([*value[:row], *(_blank(one) for one in value[row:])])


def _blank(value: object) -> object:
    if isinstance(value, bool):
        return not value
    return ~value if isinstance(value, int) else float("nan")


def _lies_beside(value: Any, lengths: Collection[int], times: frozenset[int]) -> bool:
    if isinstance(value, dict):
        return len(value) >= LEAST_COLUMN and sum(_moment(k) in times for k in value) > 1
    sized = isinstance(value, np.ndarray | list | tuple | Bars) or hasattr(value, "iloc")
    if not sized or (isinstance(value, np.ndarray) and not value.ndim):
        return False
    return len(value) >= LEAST_COLUMN and len(value) in lengths


def _moment(key: object) -> int | None:
    """A key of a dictionary as UTC nanoseconds, if it is a moment."""
    if isinstance(key, int):
        return key
    if isinstance(key, np.datetime64):
        return int(key.astype("M8[ns]").astype(np.int64))
    if isinstance(key, dt.datetime):
        moment = key if key.tzinfo else key.replace(tzinfo=dt.UTC)
        return int(moment.timestamp()) * 1_000_000_000
    return None


def _reached(cls: type) -> Iterator[Beside]:
    """Yield everything that code of a class names, of its own modules and those they reach."""
    waiting: list[Any] = [base for base in cls.__mro__ if not _foreign(base.__module__)]
    met: set[int] = set()
    while waiting:
        one = waiting.pop()
        if id(one) in met:
            continue
        met.add(id(one))
        for found in _of_class(one) if isinstance(one, type) else _of_function(one):
            value = found.value
            if isinstance(value, type | types.FunctionType) and not _foreign(value.__module__):
                waiting.append(value)
            elif _is_own_object(value):
                yield from _of_object(value, found.name)
            else:
                yield found


def _of_class(cls: type) -> Iterator[Beside]:
    for name, value in list(vars(cls).items()):
        if isinstance(value, classmethod | staticmethod):
            yield Beside(name, value.__func__, _keep)
        elif isinstance(value, property):
            yield Beside(name, value.fget, _keep)
        else:
            yield Beside(f"{cls.__name__}.{name}", value, partial(setattr, cls, name))


def _keep(_new: Any) -> None:
    """What is only looked through is not replaced."""


def _of_function(function: types.FunctionType) -> Iterator[Beside]:
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # a cell that is not filled yet
            yield Beside(name, cell.cell_contents, partial(setattr, cell, "cell_contents"))
    named = frozenset(_names(code))
    space = function.__globals__
    for name in sorted(named & space.keys()):
        value = space[name]
        if isinstance(value, types.ModuleType) and not _foreign(value.__name__):
            yield from _of_module(value, named)
        else:
            yield Beside(name, value, partial(space.__setitem__, name))
    for place, value in enumerate(function.__defaults__ or ()):
        yield Beside(f"a default of {function.__name__}", value, _default(function, place))


def _default(function: types.FunctionType, place: int) -> Callable[[Any], None]:
    def put(new: Any) -> None:
        values = list(function.__defaults__ or ())
        values[place] = new
        function.__defaults__ = tuple(values)

    return put


def _of_module(module: types.ModuleType, named: Collection[str]) -> Iterator[Beside]:
    for name, value in list(vars(module).items()):
        if name in named:
            yield Beside(f"{module.__name__}.{name}", value, partial(setattr, module, name))


def _of_object(owner: Any, called: str) -> Iterator[Beside]:
    for name, value in list(vars(owner).items()):
        yield Beside(f"{called}.{name}", value, partial(vars(owner).__setitem__, name))


def _is_own_object(value: Any) -> bool:
    return (
        hasattr(value, "__dict__")
        and not isinstance(value, type | types.FunctionType | types.ModuleType)
        and not _foreign(type(value).__module__)
    )


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _foreign(module: str) -> bool:
    return module.partition(".")[0] in _FOREIGN
