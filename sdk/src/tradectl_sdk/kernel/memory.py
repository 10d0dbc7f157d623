"""A kernel's state in native memory, for the length of one run.

Every kernel of the census gets a struct of 8-byte words: those that are the only one of their
struct first, at the places the compiler knows them by. Arrays and memoryviews go in by address,
lists by a copy, all copies of one type in a row. What compiled code never stores into is never
written back.
"""

from __future__ import annotations

import contextlib
from array import array
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

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
from tradectl_sdk.kernel.likeness import Likeness

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.kernel.merging import Layout
    from tradectl_sdk.kernel.partition import Look
    from tradectl_sdk.kernel.shape import Census

    _Pack = Callable[["Memory", Any, Any, int], None]

_CODES = {"float64": "d", "int64": "q", "bool": "b"}
_DTYPES = {float: "float64", int: "int64", bool: "bool"}


class _Copies:
    """Copies of the lists of one element type, one after another.

    Attributes:
        places: Words that hold the address of a list, with the first element it holds there.
    """

    def __init__(self, code: str) -> None:
        self.elements = array(code)
        self.places: list[tuple[int, int]] = []
        self._firsts: dict[int, int] = {}
        self._lists: list[list[Any]] = []
        self._truth = code == "b"

    def add(self, place: int, values: list[Any]) -> None:
        """Copy a list, once, and remember which word is to hold its address."""
        first = self._firsts.get(id(values))
        if first is None:
            first = self._firsts[id(values)] = len(self.elements)
            self.elements.extend(values)
            self._lists.append(values)
        self.places.append((place, first))

    def address(self, values: list[Any]) -> int | None:
        """Where the copy of a list lies; None without one. For when no list will be added."""
        first = self._firsts.get(id(values))
        return None if first is None else self._at(first)

    def point(self, words: memoryview[int]) -> None:
        """Write the addresses, now that no list will be added."""
        for place, first in self.places:
            words[place] = self._at(first)

    def _at(self, first: int) -> int:
        return self.elements.buffer_info()[0] + self.elements.itemsize * first

    def write_back(self) -> None:
        """Copy what the lists became into them."""
        now: list[Any] = self.elements.tolist()
        now = list(map(bool, now)) if self._truth else now
        first = 0
        for values in self._lists:
            end = first + len(values)
            values[:] = now[first:end]
            first = end

    def place(self, values: list[Any]) -> tuple[list[Any], int, int]:
        """A list, and where its elements are, for :meth:`write_back_to`."""
        first = self._firsts[id(values)]
        return values, first, first + len(values)

    def write_back_to(self, places: Iterable[tuple[list[Any], int, int]]) -> None:
        """Copy what some of the lists became into them."""
        elements, truth = self.elements, self._truth
        for values, first, end in places:
            now = elements[first:end].tolist()
            values[:] = map(bool, now) if truth else now


_Word: TypeAlias = "tuple[Any, str, int, bool, bool]"  # an attribute: object, name, place, type
Reading: TypeAlias = "tuple[list[_Word], list[tuple[_Copies, list[tuple[list[Any], int, int]]]]]"


class Binding:
    """What binding objects to memory takes that depends on a layout alone: worked out once.

    Args:
        layout: Which structs the compiler took for one.
        stored: What compiled code may store into, by struct and attribute.
    """

    def __init__(self, layout: Layout, stored: Iterable[tuple[int, str]]) -> None:
        shape = layout.shape
        self.shape, self.numbers = shape, layout.numbers
        self.places = [
            (shape.place(number), each.size) for number, each in enumerate(shape.structs)
        ]
        self.plans = [
            [(each.name, each.slot, *Memory.packing(each.kind)) for each in struct.fields]
            for struct in shape.structs
        ]
        self.changed: list[list[tuple[str, int, bool, bool]]] = [[] for _ in shape.structs]
        for number, name in sorted(stored):
            found = shape.structs[number].field(name)
            assert found is not None  # noqa: S101 - it was compiled from this very shape
            place = found.name, found.slot
            self.changed[number].append((*place, found.kind == FLOAT, found.kind == BOOL))


class Memory:
    """The structs of one census, bound to its objects.

    Args:
        census: The objects.
        binding: How objects of their shape are bound.
        exchanged: Places of members that :meth:`exchange` will put others in.

    Attributes:
        words: All structs, as integers.
        floats: The same words as floats.
    """

    def __init__(self, census: Census, binding: Binding, exchanged: Sequence[int] = ()) -> None:
        self._members, self._binding = list(census.members), binding
        self._numbers = [binding.numbers[number] for number in census.numbers]
        self._starts, size = _places(binding, self._numbers)
        self._words = np.zeros(size + 1, np.int64)
        self.words: memoryview[int] = memoryview(self._words)  # type: ignore[arg-type]
        self.floats: memoryview[float] = memoryview(self._words.view(np.float64))  # type: ignore[arg-type]
        self._places = {id(member): i for i, member in enumerate(census.members)}
        self._base = int(self._words.ctypes.data)
        self._exchanged = exchanged
        self._kept: list[Any] = []  # what is pointed to
        self._keep = self._kept
        self._lists = self._adding = _lists()
        self._fill([place for place in range(len(self._members)) if place not in set(exchanged)])
        self._first = self._words.copy() if exchanged else self._words
        self._first_lists = {name: copies.elements[:] for name, copies in self._lists.items()}
        if exchanged:
            self._fill_exchanged()
        self._filled = self._words.copy() if exchanged else self._words

    @property
    def address(self) -> int:
        """Where the entry object's struct lies."""
        return self._base + 8 * self._starts[0]

    def exchange(self, members: Sequence[Any]) -> None:
        """Be what it was at first, with other objects, that look alike, in the exchanged places."""
        self._begin_anew(self._first)
        self._take_in(members)
        self._fill_exchanged()

    def likeness(
        self,
        members: Sequence[Any],
        looks: Sequence[Look],
        fixed: Sequence[Any],
        memories: Container[int],
    ) -> Likeness:
        """Return how the exchanged objects look; arguments are those of :class:`Likeness`."""
        words = [
            {
                name: self._starts[place] + slot
                for name, slot, _, _ in self._binding.plans[self._numbers[place]]
            }
            for place in self._exchanged
        ]
        return Likeness(members, looks, fixed, memories, words)

    def exchange_alike(self, objects: Sequence[Any], likeness: Likeness) -> bool:
        """Do what :meth:`exchange` does if objects plainly look as the first ones; say whether."""
        self._begin_anew(self._filled)
        self._keep, self._adding = [], _lists()
        members = likeness.take(objects, self)
        if members is None:
            return False
        self._take_in(members)
        self._point_to_lists()
        return True

    def _begin_anew(self, words: NDArray[np.int64]) -> None:
        self._words[:] = words
        for name, elements in self._first_lists.items():
            self._lists[name].elements[:] = elements

    def _take_in(self, members: Sequence[Any]) -> None:
        for place, member in zip(self._exchanged, members, strict=True):
            del self._places[id(self._members[place])]
            self._members[place] = member
        self._places.update(
            (id(member), place) for place, member in zip(self._exchanged, members, strict=True)
        )

    def put(self, member: Any, name: str) -> None:
        """Take over an attribute that has changed; no list."""
        place = self._places[id(member)]
        for own, slot, pack, kind in self._binding.plans[self._numbers[place]]:
            if own == name:
                pack(self, kind, getattr(member, name), self._starts[place] + slot)

    def _fill_exchanged(self) -> None:
        self._keep, self._adding = [], _lists()
        self._fill(self._exchanged)

    def _fill(self, places: Iterable[int]) -> None:
        plans = self._binding.plans
        for place in places:
            member, start = self._members[place], self._starts[place]
            for name, slot, pack, kind in plans[self._numbers[place]]:
                if kind is FLOAT:
                    self.floats[start + slot] = getattr(member, name)
                elif kind is INT:
                    self.words[start + slot] = getattr(member, name)
                else:
                    pack(self, kind, getattr(member, name), start + slot)
        self._point_to_lists()

    def _point_to_lists(self) -> None:
        for copies in self._adding.values():
            copies.point(self.words)

    def add_list(self, element: type, values: list[Any], place: int) -> None:
        """Copy a list of numbers that no other attribute holds."""
        self._adding[_DTYPES[element]].add(place, values)
        self.words[place + 1] = len(values)

    @classmethod
    def packing(cls, kind: Kind) -> tuple[_Pack, Kind]:
        """Return what writes the words of an attribute, and its kind."""
        match kind:
            case Tuple():
                return cls._pack_tuple, kind
            case Kernel():
                return cls._pack_kernel, kind
            case Kernels():
                return cls._pack_kernels, kind
            case Buffer(origin="list"):
                return cls._pack_list, kind
            case Buffer():
                return cls._pack_array, kind
            case Opaque():
                return _pack_nothing, kind
        if kind == NONE:
            return _pack_nothing, kind
        return (cls._pack_float if kind == FLOAT else cls._pack_whole), kind

    def _pack_tuple(self, kind: Tuple, value: Any, place: int) -> None:
        for item_kind, item in zip(kind.items, value, strict=True):
            pack, _ = self.packing(item_kind)
            pack(self, item_kind, item, place)
            place += slots(item_kind)

    def _pack_kernel(self, kind: Kernel, value: Any, place: int) -> None:  # noqa: ARG002
        self.words[place] = self._base + 8 * self._starts[self._places[id(value)]]

    def _pack_kernels(self, kind: Kernels, value: Any, place: int) -> None:
        starts = [self._starts[self._places[id(item)]] for item in value]
        if self._binding.shape.structs[kind.index].single:
            self.words[place] = self._base + 8 * starts[0]
            self.words[place + 1] = len(starts)
        else:
            self._point(place, self._base + 8 * np.array(starts, np.int64))

    def _pack_array(self, kind: Buffer, value: Any, place: int) -> None:  # noqa: ARG002
        self._point(place, np.asarray(value))

    def _point(self, place: int, elements: np.ndarray[Any, Any]) -> None:
        self._keep.append(elements)
        self.words[place] = elements.__array_interface__["data"][0]
        for axis, length in enumerate(elements.shape):
            self.words[place + 1 + axis] = length

    def _pack_list(self, kind: Buffer, value: list[Any], place: int) -> None:
        known = None if self._adding is self._lists else self._lists[kind.dtype].address(value)
        if known is None:
            self._adding[kind.dtype].add(place, value)
        else:
            self.words[place] = known
        self.words[place + 1] = len(value)

    def _pack_float(self, kind: Kind, value: float, place: int) -> None:  # noqa: ARG002
        self.floats[place] = value

    def _pack_whole(self, kind: Kind, value: int, place: int) -> None:  # noqa: ARG002
        self.words[place] = int(value)

    def write_back(self) -> None:
        """Copy the lists, and every attribute compiled code may have changed, into the objects."""
        for place in range(len(self._members)):
            self._write_back(place)
        for copies in self._lists.values():
            copies.write_back()
        if self._adding is not self._lists:
            for copies in self._adding.values():
                copies.write_back()

    def reading(self, wanted: Iterable[tuple[Any, Sequence[str]]]) -> Reading:
        """Return what :meth:`write_back_to` takes to look after some attributes alone.

        Args:
            wanted: Objects that are not exchanged, each with the names of its attributes.
        """
        words: list[_Word] = []
        held: dict[str, list[tuple[list[Any], int, int]]] = {}
        for member, names in wanted:
            place = self._places[id(member)]
            number, start = self._numbers[place], self._starts[place]
            for name, slot, real, truth in self._binding.changed[number]:
                if name in names:
                    words.append((member, name, start + slot, real, truth))
            for name, _, pack, kind in self._binding.plans[number]:
                if name in names and isinstance(kind, Buffer) and pack is Memory._pack_list:
                    values = getattr(member, name)
                    held.setdefault(kind.dtype, []).append(self._lists[kind.dtype].place(values))
        return words, [(self._lists[dtype], lists) for dtype, lists in held.items()]

    def write_back_to(self, reading: Reading) -> None:
        """Write back to some attributes alone."""
        words, lists = reading
        for word in words:
            self._write_word(*word)
        for copies, held in lists:
            copies.write_back_to(held)

    def _write_back(self, place: int) -> None:
        member, start = self._members[place], self._starts[place]
        for name, slot, real, truth in self._binding.changed[self._numbers[place]]:
            self._write_word(member, name, start + slot, real, truth)

    def _write_word(self, member: Any, name: str, place: int, real: bool, truth: bool) -> None:
        if real:
            setattr(member, name, self.floats[place])
        else:
            word = self.words[place]
            _restore(member, name, bool(word) if truth else word)


def _lists() -> dict[str, _Copies]:
    return {name: _Copies(code) for name, code in _CODES.items()}


def _places(binding: Binding, numbers: list[int]) -> tuple[list[int], int]:
    """Return each member's first word, and how many words there are."""
    starts, size = [], binding.shape.singles
    for number in numbers:
        place, length = binding.places[number]
        starts.append(size if place is None else place)
        size += length if place is None else 0
    return starts, size


def _pack_nothing(memory: Memory, kind: Kind, value: Any, place: int) -> None:
    """Leave out what compiled code does not look at."""


def _restore(member: Any, name: str, value: int) -> None:
    """Set an attribute that is no float; an enum stays one as long as its value is a member's."""
    old = getattr(member, name)
    if isinstance(old, IntEnum):
        with contextlib.suppress(ValueError):
            value = type(old)(value)
    if old is not value:
        setattr(member, name, value)
