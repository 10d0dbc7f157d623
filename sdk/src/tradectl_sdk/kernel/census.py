"""A census: every kernel an object leads to, and what each of them looks like.

It is taken before every run, so what it collects is made of built-in types, which hash and compare
fastest; a graph that looks like an earlier one costs no more than the walk.
"""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.errors import NotCompilableError
from tradectl_sdk.kernel.partition import PLAIN, Look, Part, refine
from tradectl_sdk.kernel.shape import Census, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DTYPES = ("float64", "int64", "int32", "int8", "uint8", "bool")
_FORMATS = {"d": "float64", "q": "int64", "l": "int64", "i": "int32", "b": "int8", "B": "uint8"}
_FORMATS["?"] = "bool"
if np.dtype("l").itemsize != 8:  # pragma: no cover - Windows: a C long has 32 bits there
    _FORMATS["l"] = "int32"
_ITSELF = frozenset(PLAIN) - {int}  # types that are parts of a look as they are
_ELEMENTS = {float: "float64", int: "int64", bool: "bool"}
_FOREIGN = frozenset(sys.stdlib_module_names) - {"__main__"} | {"numpy", "pandas", "polars"}

Overlaps = tuple[tuple[int, int], ...]
_REMEMBERED = 64
_known: dict[tuple[tuple[Look, ...], Overlaps], tuple[Shape, list[int]]] = {}


@dataclass(slots=True)
class Walk:
    """What was met so far, each thing under a number of its own."""

    members: list[Any]
    places: dict[int, int] = field(default_factory=dict)  # of kernels, by id
    memories: dict[int, int] = field(default_factory=dict)  # of lists, arrays and views, by id
    spans: list[tuple[int, int, int]] = field(default_factory=list)  # first byte, end, memory
    kernels: dict[type, bool] = field(default_factory=dict)  # whether a class is one of kernels
    slotted: dict[type, bool] = field(default_factory=dict)  # whether it has slots

    def place(self, kernel: Any) -> int:
        """Return a kernel's place among the members, a new one if it was not met before."""
        place = self.places.setdefault(id(kernel), len(self.members))
        if place == len(self.members):
            self.members.append(kernel)
        return place

    def memory(self, value: Any) -> int:
        """Return the number of a list, an array or a view."""
        number = self.memories.get(id(value))
        if number is None:
            number = self.memories[id(value)] = len(self.memories)
            if not isinstance(value, list):
                array = np.asarray(value)
                first: int = array.__array_interface__["data"][0]
                self.spans.append((first, first + array.nbytes, number))
        return number

    def looks(self) -> list[Look]:
        """Walk to the end and return what each member looks like."""
        looks = []
        for member in self.members:  # grows while it is walked
            parts = tuple(
                [
                    (name, cls if (cls := type(value)) in _ITSELF else part_of(value, self))
                    for name, value in self._attributes(member)
                ]
            )
            if getattr(type(member), "ONE_IS_KNOWN", False):
                parts = tuple([(name, _known_one(part, member, name)) for name, part in parts])
            looks.append((type(member), parts))
        return looks

    def _attributes(self, member: Any) -> Iterable[tuple[str, Any]]:
        cls = type(member)
        slotted = self.slotted.get(cls)
        if slotted is None:
            slotted = any(one.__dict__.get("__slots__", ()) for one in cls.__mro__)
            slotted = self.slotted[cls] = slotted or not hasattr(member, "__dict__")
        return attributes(member) if slotted else member.__dict__.items()

    def is_kernel(self, value: Any) -> bool:
        """Whether something is a kernel, as :func:`is_kernel` says, asked once for each class."""
        found = self.kernels.get(type(value))
        if found is None:
            found = self.kernels[type(value)] = is_kernel(value)
        return found

    def overlaps(self) -> Overlaps:
        """Return the pairs of arrays that share bytes, as two views of one array do."""
        found = []
        reach, last = 0, -1
        for first, end, number in sorted(self.spans):
            if first < min(reach, end):
                found.append((last, number))
            if end > reach:
                reach, last = end, number
        return tuple(found)


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
    walk = Walk([root], {id(root): 0})
    looks, overlaps = walk.looks(), walk.overlaps()
    key = tuple(looks), overlaps
    known = _known.get(key)
    if known is None:
        while len(_known) >= _REMEMBERED:
            _known.pop(next(iter(_known)))
        known = _known[key] = refine(looks, overlaps)
    return Census(known[0], walk.members, known[1])


def is_kernel(value: Any) -> bool:
    """Return True for an instance of a plain class that is not Python's or NumPy's own.

    A class with ``NEVER_COMPILED = True`` is for plain Python only: neither its objects nor what
    they refer to are looked at. One with ``ONE_IS_KNOWN = True`` holds a list for each instrument,
    or the like, in many attributes: where there is but one, machine code knows, and looks it up
    without asking how long the list is. Its objects with more of them are of another shape.
    """
    cls = type(value)
    return (
        bool(cls.__flags__ & 0x200)  # a heap type: written in Python, not in C
        and not isinstance(value, (type, Enum, BaseException, types.ModuleType, int, float, str))
        and not isinstance(value, (tuple, list, dict, set, frozenset, bytes, np.ndarray))
        and cls.__module__.partition(".")[0] not in _FOREIGN
        and not getattr(cls, "NEVER_COMPILED", False)
    )


def attributes(member: Any) -> Iterator[tuple[str, Any]]:
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


def part_of(value: Any, walk: Walk) -> Part:
    """Return what an attribute is, in built-in types alone: they hash and compare fastest."""
    cls = type(value)
    if cls in _ITSELF:
        return cls
    if isinstance(value, int):
        return int if -(2**63) <= value < 2**63 else "an int beyond 64 bits"
    if isinstance(value, float):
        return float
    if cls is memoryview or isinstance(value, (list, np.ndarray)):
        return _elements(value, walk)
    if cls is tuple:
        return ("tuple", *[part_of(item, walk) for item in value])
    if not walk.is_kernel(value):
        return _in_words(value)
    return walk.place(value)


def _elements(value: Any, walk: Walk) -> Part:
    if isinstance(value, list):
        found = set(map(type, value))
        if len(found) == 1 and (cls := next(iter(found))) in _ELEMENTS:
            return ("list", _ELEMENTS[cls], 1, True, 0, walk.memory(value))
        if value and all(map(walk.is_kernel, value)):
            return ("kernels", *[walk.place(item) for item in value])
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
        return (origin, dtype, value.ndim, writable, width, walk.memory(value))
    order = "" if aligned else " that is not C-contiguous"
    return f"a {value.ndim}-dimensional array of {dtype}{order}"


def _known_one(part: Part, member: Any, name: str) -> Part:
    """Make it part of a list's look that it has but one element."""
    if isinstance(part, tuple) and part[0] == "list" and len(getattr(member, name)) == 1:
        return (*part[:4], 1, part[5])
    return part


def _in_words(value: Any) -> str:
    if isinstance(value, np.generic):
        return f"a NumPy scalar ({type(value).__name__})"
    name = type(value).__name__
    return "a string" if name == "str" else f"a {name}"
