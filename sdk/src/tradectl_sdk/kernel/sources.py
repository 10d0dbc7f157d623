"""What a compiled unit depends on, as one digest.

The digest covers the live code objects of every method of every kernel class and of every plain
function they can reach, the constants those mention, the shape, the compiler's own text and the
processor. Code objects rather than files: they are what runs, they cost no reading, and they
exist in a notebook too. Line numbers are part of a code object, so the places that exceptions
name are always right.

A digest takes milliseconds, and a sweep asks for the same one at every call. So the walk remembers
each thing it looked up and where; as long as every one of them is still the very same object, the
digest is too. A class or function defined again, in a notebook or by a reload, is another object.
"""

from __future__ import annotations

import functools
import hashlib
import platform
import sys
import types
from enum import Enum
from itertools import repeat
from operator import call, is_
from pathlib import Path
from typing import TYPE_CHECKING, Any

import llvmlite
import numpy as np

from tradectl_sdk.kernel.machine import processor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.kernel.shape import Shape

_FIXED = frozenset(sys.stdlib_module_names) | {"numpy", "llvmlite"}  # known by their versions
_NUMBERS = (bool, int, float, str, type(None))


def fingerprint(shape: Shape, function: types.FunctionType) -> str:
    """Return the key under which the unit for a shape and its entry is stored."""
    known = _known.get((shape, function))
    if known is not None and known.current():
        return known.digest.hexdigest()
    reach = _Reach()
    reach.add("environment", *environment())
    reach.add("shape", shape.describe())
    reach.function(function)
    for struct in shape.structs:
        for cls in struct.cls.__mro__[:-1]:
            reach.kernel_class(cls)
    reach.settle()
    _known.pop((shape, function), None)
    while len(_known) >= _REMEMBERED:
        _known.pop(next(iter(_known)))
    _known[shape, function] = reach
    return reach.digest.hexdigest()


@functools.cache
def environment() -> tuple[str, ...]:
    """Return what object code depends on besides the sources."""
    own = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        own.update(path.read_bytes())
    return (
        own.hexdigest(),
        llvmlite.__version__,
        np.__version__,
        sys.version,
        platform.machine(),
        *processor(),
    )


class _Reach:
    """A walk over everything compiled code can mention, feeding a digest on the way."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self._seen: set[Any] = set()
        self._keep: list[Any] = []  # ids stay taken while their objects live
        # What was seen, and where it was found: in dictionaries, as attributes, in functions.
        self._sizes: list[tuple[Mapping[str, Any], int]] = []
        self._entries: dict[tuple[int, str], tuple[Mapping[str, Any], str, Any]] = {}
        self._attributes: dict[tuple[int, str], tuple[Any, str, Any]] = {}
        self._functions: list[tuple[types.FunctionType, types.CodeType, Any, Any]] = []
        self._rows: list[tuple[tuple[Any, ...], ...]] = []

    def settle(self) -> None:
        """Arrange what was seen for :meth:`current`, now that the walk is over."""
        attributes = list(self._attributes.values())
        fleeting = [found for found in attributes if found[2] in _FLEETING]
        lasting = [found for found in attributes if found[2] not in _FLEETING]
        entries = [(names.get, name, seen) for names, name, seen in self._entries.values()]
        self._rows = [tuple(zip(*each, strict=True)) or ((),) * 3 for each in (entries, lasting)]
        self._attributes = {(id(found[0]), found[1]): found for found in fleeting}
        self._entries = {}

    def current(self) -> bool:
        """Whether everything that was seen is still in its place."""
        # More than a thousand look-ups, asked for at every run: they are left to map().
        (getters, names, entries), (owners, attributes, values) = self._rows
        return (
            all(len(names) == size for names, size in self._sizes)
            and all(map(is_, map(call, getters, names, repeat(_ABSENT)), entries))
            and all(map(is_, map(getattr, owners, attributes, repeat(_ABSENT)), values))
            and all(_look(o, n) is seen for o, n, seen in self._attributes.values())
            and all(
                f.__code__ is code and f.__defaults__ is defaults and f.__kwdefaults__ == named
                for f, code, defaults, named in self._functions
            )
        )

    def _entry(self, names: Mapping[str, Any], name: str) -> Any:
        """Look up a name where names are kept, and remember what was there."""
        found = names.get(name, _ABSENT)
        self._entries[id(names), name] = names, name, found
        return found

    def _attribute(self, owner: Any, name: str) -> Any:
        """Look up an attribute, and remember what was there."""
        self._attributes[id(owner), name] = owner, name, _look(owner, name)
        return getattr(owner, name, _ABSENT)

    def add(self, *parts: object) -> None:
        """Feed parts that cannot run into one another."""
        for part in parts:
            data = part if isinstance(part, bytes) else repr(part).encode()
            self.digest.update(len(data).to_bytes(8, "little") + data)

    def kernel_class(self, cls: type) -> None:
        """Feed every method and constant of a class."""
        if not self._first(cls):
            return
        self.add("class", cls.__module__, cls.__qualname__)
        names = vars(cls)
        self._sizes.append((names, len(names)))
        for name in list(names):
            attribute = self._entry(names, name)
            match attribute:
                case types.FunctionType():
                    self.add(name)
                    self.function(attribute)
                case property(fget=types.FunctionType() as getter):
                    self.add(name, "property")
                    self.function(getter)
                case staticmethod(__func__=types.FunctionType() as plain):
                    self.add(name, "static")
                    self.function(plain)
                case _ if not name.startswith("__"):
                    self.add(name)
                    self._value(getattr(cls, name, None), ())

    def function(self, function: types.FunctionType) -> None:
        """Feed a function's code and everything its names stand for."""
        if not self._first(function):
            return
        code, names = function.__code__, function.__globals__
        named = dict(function.__kwdefaults__) if function.__kwdefaults__ else None
        self._functions.append((function, code, function.__defaults__, named))
        self._code(code)
        self.add(repr(function.__defaults__), repr(function.__kwdefaults__))
        for name in code.co_names:
            found = self._entry(names, name)
            if found is not _ABSENT:
                self.add(name)
                self._value(found, code.co_names)
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self.add(name)
            found = self._attribute(cell, "cell_contents")
            self._value(None if found is _ABSENT else found, code.co_names)

    def _code(self, code: types.CodeType) -> None:
        self.add(
            code.co_filename,
            code.co_qualname,
            code.co_firstlineno,
            code.co_flags,
            code.co_argcount,
            code.co_kwonlyargcount,
            code.co_code,
            code.co_names,
            code.co_varnames,
            code.co_freevars,
            code.co_linetable,
        )
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._code(constant)
            else:
                self.add(_stable(constant))

    def _value(self, value: Any, names: tuple[str, ...]) -> None:
        """Feed what a name stands for; ``names`` are the attributes that may be asked of it."""
        match value:
            case types.FunctionType():
                self.function(value)
            case types.ModuleType():
                self._members(value, value.__name__, names)
            case type() if issubclass(value, Enum):
                self.add(value.__qualname__, [(name, item.value) for name, item in _items(value)])
            case type():
                self._members(value, value.__module__, names)
            case np.ndarray():
                self.add(value.dtype.str, value.shape, value.flags.writeable, value.tobytes())
            case tuple() | Enum() | bool() | int() | float() | str() | None:
                self.add(_stable(value))
            case _:
                self.add(type(value).__qualname__)

    def _members(self, owner: Any, module: str, names: tuple[str, ...]) -> None:
        self.add(module, getattr(owner, "__qualname__", ""))
        if module.partition(".")[0] in _FIXED or not self._first((id(owner), names)):
            return
        for name in names:
            found = self._attribute(owner, name)
            if found is not _ABSENT:
                self.add(name)
                self._value(found, names)

    def _first(self, thing: Any) -> bool:
        key = thing if isinstance(thing, tuple) else id(thing)
        new = key not in self._seen
        self._seen.add(key)
        self._keep.append(thing)
        return new


_REMEMBERED = 64
_ABSENT = object()
_FLEETING = (types.MethodType, types.MappingProxyType)  # the digest holds no more than their types
_known: dict[tuple[Shape, types.FunctionType], _Reach] = {}


def _look(owner: Any, name: str) -> Any:
    """Return an attribute, or its type where a new object is made at every look."""
    found = getattr(owner, name, _ABSENT)
    return type(found) if isinstance(found, _FLEETING) else found


def _items(cls: type[Enum]) -> list[tuple[str, Enum]]:
    return list(cls.__members__.items())


def _stable(value: Any) -> str:
    """Return a text that is the same in every process (a set has no order of its own)."""
    if isinstance(value, frozenset):
        return f"frozenset({sorted(map(_stable, value))})"
    if isinstance(value, tuple):
        return f"({', '.join(map(_stable, value))})"
    if isinstance(value, Enum):
        return f"{type(value).__qualname__}={value.value!r}"
    return repr(value) if isinstance(value, (*_NUMBERS, bytes)) else type(value).__qualname__
