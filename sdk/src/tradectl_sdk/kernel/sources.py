"""What a compiled unit depends on, as one digest.

The digest covers the live code objects of every method of every kernel class and of every plain
function they can reach, the constants those mention, the shape, the compiler's own text and the
processor. Code objects rather than files: they are what runs, they cost no reading, and they
exist in a notebook too. Line numbers are part of a code object, so the places that exceptions
name are always right.
"""

from __future__ import annotations

import functools
import hashlib
import platform
import sys
import types
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import llvmlite
import numpy as np

from tradectl_sdk.kernel.machine import processor

if TYPE_CHECKING:
    from tradectl_sdk.kernel.shape import Shape

_FIXED = frozenset(sys.stdlib_module_names) | {"numpy", "llvmlite"}  # known by their versions
_NUMBERS = (bool, int, float, str, type(None))


def fingerprint(shape: Shape, function: types.FunctionType) -> str:
    """Return the key under which the unit for a shape and its entry is stored."""
    reach = _Reach()
    reach.add("environment", *environment())
    reach.add("shape", shape.describe())
    reach.function(function)
    for struct in shape.structs:
        for cls in struct.cls.__mro__[:-1]:
            reach.kernel_class(cls)
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
        for name, attribute in list(vars(cls).items()):
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
        code = function.__code__
        self._code(code)
        self.add(repr(function.__defaults__), repr(function.__kwdefaults__))
        for name in code.co_names:
            if name in function.__globals__:
                self.add(name)
                self._value(function.__globals__[name], code.co_names)
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self.add(name)
            self._value(getattr(cell, "cell_contents", None), code.co_names)

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
            if hasattr(owner, name):
                self.add(name)
                self._value(getattr(owner, name), names)

    def _first(self, thing: Any) -> bool:
        key = thing if isinstance(thing, tuple) else id(thing)
        new = key not in self._seen
        self._seen.add(key)
        self._keep.append(thing)
        return new


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
