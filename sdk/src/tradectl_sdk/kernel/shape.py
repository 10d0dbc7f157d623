"""What an object graph looks like to machine code: classes, attribute names and their kinds.

Lengths and values are no part of a shape, so that a sweep over windows compiles once. Objects
that look alike share one struct (two averages, say), found by refining a partition: objects start
out equal when class and plain attributes agree and are told apart as soon as the kernels they
refer to are. This works for graphs with cycles as well (the strategy knows the context, the
context its strategy).
"""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tradectl_sdk.errors import NotCompilableError
from tradectl_sdk.kernel.kinds import (
    BOOL,
    FLOAT,
    INT,
    NONE,
    Buffer,
    Kernel,
    Kernels,
    Kind,
    Opaque,
    Tuple,
    slots,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DTYPES = ("float64", "int64", "int32", "int8", "uint8", "bool")
_FORMATS = {"d": "float64", "q": "int64", "l": "int64", "i": "int32", "b": "int8", "B": "uint8"}
_FORMATS["?"] = "bool"
if np.dtype("l").itemsize != 8:  # pragma: no cover - Windows: a C long has 32 bits there
    _FORMATS["l"] = "int32"
_ELEMENTS = {float: "float64", int: "int64", bool: "bool"}
_FOREIGN = frozenset(sys.stdlib_module_names) - {"__main__"} | {"numpy", "pandas", "polars"}
_PLAIN: dict[type, Kind] = {bool: BOOL, int: INT, float: FLOAT, type(None): NONE}

# What an attribute is before its kind is made: the type of a number, the place of a kernel, the
# words for what compiled code may not touch, or a tuple that begins with what it describes.
_Part: TypeAlias = Any
_Look: TypeAlias = "tuple[type, tuple[tuple[str, _Part], ...]]"
_REMEMBERED = 64
_known: dict[tuple[_Look, ...], tuple[Shape, list[int]]] = {}


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute and where it lies: ``slot`` counts 8-byte words from the struct's start."""

    name: str
    kind: Kind
    slot: int


@dataclass(frozen=True, slots=True)
class Struct:
    """All objects of one class whose attributes look alike."""

    cls: type
    fields: tuple[Field, ...]

    @property
    def size(self) -> int:
        """Number of 8-byte slots."""
        return sum(slots(field.kind) for field in self.fields)

    def field(self, name: str) -> Field | None:
        """Return the attribute of this name, or None."""
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True, slots=True)
class Shape:
    """Every struct reachable from the entry object, which is of the first one."""

    structs: tuple[Struct, ...]
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash(self.structs))  # hundreds of parts: once is enough

    def __hash__(self) -> int:
        return self._hash

    def describe(self) -> str:
        """Return the shape as text that is the same in every process (for the cache key)."""
        return "\n".join(
            f"{struct.cls.__module__}.{struct.cls.__qualname__} {struct.fields!r}"
            for struct in self.structs
        )


@dataclass(frozen=True, slots=True)
class Census:
    """The kernels found, in order of discovery; ``members[i]`` is of ``structs[numbers[i]]``."""

    shape: Shape
    members: list[Any]
    numbers: list[int]


@dataclass(frozen=True, slots=True)
class _Members:
    """A list of kernels before it is known which of them look alike."""

    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Looks:
    """The structs a list of kernels consists of; refining may still tell them apart."""

    numbers: frozenset[int]


def take_census(root: Any) -> Census:
    """Find every kernel reachable from an object and say what they look like.

    Raises:
        NotCompilableError: The object itself is no kernel.
    """
    if not is_kernel(root):
        raise NotCompilableError(
            f"{type(root).__qualname__} is no kernel, expected an object of a plain Python class",
            hint="pass an initialised object whose class was written in Python",
        )
    members: list[Any] = [root]
    places = {id(root): 0}
    looks: list[_Look] = []
    for member in members:  # grows while it is walked
        attributes = _attributes(member)
        parts = tuple([(name, _part(value, members, places)) for name, value in attributes])
        looks.append((type(member), parts))
    key = tuple(looks)
    known = _known.get(key)
    if known is None:
        while len(_known) >= _REMEMBERED:
            _known.pop(next(iter(_known)))
        known = _known[key] = _refine(looks)
    return Census(known[0], members, known[1])


def is_kernel(value: Any) -> bool:
    """Return True for an instance of a plain class that is not Python's or NumPy's own."""
    cls = type(value)
    return (
        bool(cls.__flags__ & 0x200)  # a heap type: written in Python, not in C
        and not isinstance(value, (type, Enum, BaseException, types.ModuleType, int, float, str))
        and not isinstance(value, (tuple, list, dict, set, frozenset, bytes, np.ndarray))
        and cls.__module__.partition(".")[0] not in _FOREIGN
    )


def _attributes(member: Any) -> Iterator[tuple[str, Any]]:
    """Yield the instance's attributes: its dictionary, then the slots of its classes."""
    own = getattr(member, "__dict__", {})
    yield from own.items()
    for cls in type(member).__mro__:
        slot_names = cls.__dict__.get("__slots__", ())
        for slot_name in (slot_names,) if isinstance(slot_names, str) else slot_names:
            hidden = slot_name.startswith("__")
            if hidden and slot_name.endswith("__"):
                continue
            name = f"_{cls.__name__.lstrip('_')}{slot_name}" if hidden else slot_name
            if name not in own and hasattr(member, name):
                yield name, getattr(member, name)


def _part(value: Any, members: list[Any], places: dict[int, int]) -> _Part:
    """Return what an attribute is, in built-in types alone: they hash and compare fastest."""
    cls = type(value)
    if cls in _PLAIN and cls is not int:
        return cls
    if isinstance(value, int):
        return int if -(2**63) <= value < 2**63 else "an int beyond 64 bits"
    if isinstance(value, float):
        return float
    if cls is memoryview or isinstance(value, (list, np.ndarray)):
        return _elements(value, members, places)
    if cls is tuple:
        return ("tuple", *[_part(item, members, places) for item in value])
    if not is_kernel(value):
        return _in_words(value)
    return _place(value, members, places)


def _place(kernel: Any, members: list[Any], places: dict[int, int]) -> int:
    """Return a kernel's place among the members, a new one if it was not met before."""
    place = places.setdefault(id(kernel), len(members))
    if place == len(members):
        members.append(kernel)
    return place


def _elements(value: Any, members: list[Any], places: dict[int, int]) -> _Part:
    if isinstance(value, list):
        found = set(map(type, value))
        if len(found) == 1 and (cls := next(iter(found))) in _ELEMENTS:
            return ("list", _ELEMENTS[cls], 1, True)
        if value and all(map(is_kernel, value)):
            return ("kernels", *[_place(item, members, places) for item in value])
        return "an empty list" if not value else "a list that is not all floats or all ints"
    if isinstance(value, np.ndarray):
        origin, dtype, writable = "array", value.dtype.name, value.flags.writeable
        width = 0
        aligned = value.flags.c_contiguous and value.flags.aligned and value.dtype.isnative
    else:
        origin, dtype = "view", _FORMATS.get(value.format, value.format)
        writable, aligned = not value.readonly, value.c_contiguous
        width = value.shape[1] if value.ndim == 2 else 0
    if dtype in DTYPES and value.ndim in {1, 2} and aligned:
        return (origin, dtype, value.ndim, writable, width)
    order = "" if aligned else " that is not C-contiguous"
    return f"a {value.ndim}-dimensional array of {dtype}{order}"


def _in_words(value: Any) -> str:
    if isinstance(value, np.generic):
        return f"a NumPy scalar ({type(value).__name__})"
    name = type(value).__name__
    return "a string" if name == "str" else f"a {name}"


def _refine(looks: list[_Look]) -> tuple[Shape, list[int]]:
    """Split the members into the fewest structs, numbered in order of first appearance."""
    described = [
        (cls, tuple([(name, _kind(part)) for name, part in parts])) for cls, parts in looks
    ]
    numbers = [0] * len(looks)
    count = 0
    while True:
        seen: dict[Any, int] = {}
        following = []
        for cls, attributes in described:
            look = tuple([(name, _renumber(kind, numbers)) for name, kind in attributes])
            following.append(seen.setdefault((cls, look), len(seen)))
        numbers = following
        if len(seen) == count:
            break
        count = len(seen)
    return Shape(tuple(_lay_out(cls, look) for cls, look in seen)), numbers


def _kind(part: _Part) -> Kind | _Members:
    """Return a part's kind; a kernel is known by its place among the members for now."""
    match part:
        case type():
            return _PLAIN[part]
        case int():
            return Kernel(part)
        case str():
            return Opaque(part)
        case "tuple", *items:
            return _tuple([_kind(item) for item in items])
        case "kernels", *places:
            return _Members(tuple(places))
    return Buffer(*part)


def _tuple(items: list[Kind | _Members]) -> Kind:
    # A list of kernels inside a tuple is left out of the language: there is no use for it.
    unlisted = [Opaque("a list of kernels") if isinstance(i, _Members) else i for i in items]
    return Tuple(tuple(unlisted))


def _renumber(kind: Kind | _Members, numbers: list[int]) -> Kind | _Looks:
    if isinstance(kind, _Members):
        return _Looks(frozenset(numbers[place] for place in kind.places))
    if isinstance(kind, Kernel):
        return Kernel(numbers[kind.index])
    if isinstance(kind, Tuple):
        return Tuple(tuple(_settled(_renumber(item, numbers)) for item in kind.items))
    return kind


def _settled(kind: Kind | _Looks) -> Kind:
    if not isinstance(kind, _Looks):
        return kind
    alike = len(kind.numbers) == 1
    return Kernels(min(kind.numbers)) if alike else Opaque("a list of unlike kernels")


def _lay_out(cls: type, look: tuple[tuple[str, Kind | _Looks], ...]) -> Struct:
    fields, slot = [], 0
    for name, found in look:
        kind = _settled(found)
        fields.append(Field(name, kind, slot))
        slot += slots(kind)
    return Struct(cls, tuple(fields))
