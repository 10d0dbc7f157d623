"""What a strategy holds at one moment, as plain values by the names one would write."""

from __future__ import annotations

import enum
import hashlib
import marshal
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.engine import Series, Signal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tradectl_sdk.strategy import Strategy

_DEPTH = 6  # objects inside objects
_LONG = 1024  # of longer sequences the newest values are compared, which every change passes
_NEWEST = 256
_PLAIN = (float, int, bool, str, bytes, type(None))
_OURS = frozenset({"on_bar", "on_start"})  # what a watched strategy carries of the watcher's


def leaves(strategy: Strategy, without: Collection[str] = ()) -> Iterator[tuple[str, Any]]:
    """Yield what a strategy holds, deeply: names such as ``average.value`` and plain values.

    A sequence of numbers is one value, a tuple. What belongs to the engine is left out, but for
    the values that prepared columns and longer bars show at the moment.

    Args:
        strategy: Whose attributes.
        without: Attributes to leave out.
    """
    for name, value in vars(strategy).items():
        if name not in _OURS and name not in without:
            yield from _of(value, name, _DEPTH)


def digest(strategy: Strategy, without: Collection[str] = ()) -> bytes:
    """Eight bytes that differ, but for odd chance, where what a strategy holds differs."""
    seen: set[int] = set()
    held = [
        _frozen(value, _DEPTH, seen)
        for name, value in vars(strategy).items()
        if name not in _OURS and name not in without
    ]
    try:
        written = marshal.dumps(held, 2)
    except ValueError:  # a list that begins with a number and goes on with objects
        written = marshal.dumps([each for pair in leaves(strategy, without) for each in pair], 2)
    return hashlib.blake2b(written, digest_size=8).digest()


def _frozen(value: Any, depth: int, seen: set[int]) -> Any:
    """The same as the leaves without their names, each object once; made after every bar."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is list and (not value or type(value[0]) in _PLAIN):
        return value if len(value) <= _LONG else [len(value), *value[-_NEWEST:]]
    if not depth or id(value) in seen or _is_foreign(kind):
        shown = isinstance(value, Signal | Series)
        return [each for _, each in _shown(value, "")] if shown else None
    seen.add(id(value))
    if kind is list or kind is tuple:
        return [_frozen(each, depth - 1, seen) for each in value]
    if hasattr(value, "__dict__") and not hasattr(value, "to_numpy"):
        return [_frozen(each, depth - 1, seen) for each in vars(value).values()]
    return [each for _, each in _of(value, "", depth)]


def differing(now: Mapping[str, Any], later: Mapping[str, Any]) -> tuple[str, Any, Any] | None:
    """The first name whose value differs, and both values; None for one that is not there."""
    for name in dict.fromkeys([*later, *now]):
        first, second = now.get(name), later.get(name)
        if marshal.dumps(first, 2) == marshal.dumps(second, 2):
            continue
        if isinstance(first, tuple) and isinstance(second, tuple) and len(first) == len(second):
            at = next(i for i, pair in enumerate(zip(first, second, strict=True)) if _differ(*pair))
            return f"{name}[{at}]", first[at], second[at]
        return name, first, second
    return None


def _differ(first: Any, second: Any) -> bool:
    return marshal.dumps(first, 2) != marshal.dumps(second, 2)


def _of(value: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
    kind = type(value)
    if kind in _PLAIN:
        yield name, value
    elif isinstance(value, Signal | Series):
        yield from _shown(value, name)
    elif isinstance(value, np.generic | np.ndarray | list | tuple):
        yield from _sequence(value, name, depth)
    elif isinstance(value, enum.Enum):
        yield name, value.name
    elif depth and not _is_foreign(kind):
        yield from _parts(value, name, depth - 1)


def _shown(value: Signal | Series, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Signal):
        yield f"{name}.value", float(value.value)
    elif value.count:
        yield f"{name}.time", value.time
        for price in ("open", "high", "low", "close", "volume"):
            yield f"{name}.{price}", getattr(value, price)


def _sequence(value: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, np.generic):
        yield from _of(value.item(), name, 0)
        return
    size = len(value) if isinstance(value, list | tuple) or value.ndim else 1
    newest = value[-_NEWEST:] if size > _LONG else value
    plain = newest.ravel().tolist() if isinstance(newest, np.ndarray) else newest
    if all(type(one) in _PLAIN for one in plain):
        yield name, (size, *plain) if size > _LONG else tuple(plain)
    elif depth:
        for place, part in enumerate(plain):
            yield from _of(part, f"{name}[{place}]", depth - 1)


def _parts(value: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _of(part, f"{name}[{key!r}]", depth)
    elif isinstance(value, set | frozenset):
        yield name, tuple(sorted(map(repr, value)))
    elif hasattr(value, "to_numpy"):  # a data frame or one of its columns
        yield from _of(np.asarray(value.to_numpy()), name, depth)
    elif hasattr(value, "__dict__"):
        for part, inner in vars(value).items():
            yield from _of(inner, f"{name}.{part}", depth)
    else:
        try:
            parts = list(value)  # a deque and its like
        except TypeError:
            return
        yield from _of(parts, name, depth)


def _is_foreign(kind: type) -> bool:
    """Whether looking inside says nothing of the strategy: functions, modules, the engine."""
    return kind.__module__.startswith("tradectl_sdk.engine") or kind.__name__ in {
        "function", "method", "builtin_function_or_method", "module", "type", "generator",
    }  # fmt: skip
