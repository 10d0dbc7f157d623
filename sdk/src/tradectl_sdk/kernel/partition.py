"""Which objects share a struct, and which attributes may share memory.

A struct is what the compiler knows objects by: two attributes of different structs are never the
same place, so the more structs, the more LLVM may keep in registers. Every object gets a struct of
its own, therefore, except that the members of one list share theirs, with all they refer to, since
compiled code cannot tell them apart. Within these groups a partition is refined: objects start out
equal when class and plain attributes agree and are told apart as soon as the kernels they refer to
are. All of this works for graphs with cycles as well (the strategy knows the context, the context
its strategy).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

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
from tradectl_sdk.kernel.shape import Field, Shape, Struct

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

# What an attribute is before its kind is made: the type of a number, the place of a kernel, the
# words for what compiled code may not touch, or a tuple that begins with what it describes.
Part: TypeAlias = Any
Look: TypeAlias = "tuple[type, tuple[tuple[str, Part], ...]]"
PLAIN: dict[type, Kind] = {bool: BOOL, int: INT, float: FLOAT, type(None): NONE}
_MOST_GROUPS = 200  # beyond, objects that look alike share a struct wherever they are


@dataclass(frozen=True, slots=True)
class _Members:
    """A list of kernels before it is known which of them look alike."""

    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Looks:
    """The structs a list of kernels consists of; refining may still tell them apart."""

    numbers: frozenset[int]


class Union:
    """Things that turn out to be the same, found by walking to what stands for them."""

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}

    def find(self, thing: Any) -> Any:
        """Return what stands for a thing."""
        while (above := self._above.get(thing, thing)) != thing:
            thing = above
        return thing

    def join(self, first: Any, second: Any) -> bool:
        """Make two things the same; return False when they were already."""
        first, second = self.find(first), self.find(second)
        self._above[second] = first
        return bool(first != second)


def refine(looks: list[Look], overlaps: Iterable[tuple[int, int]]) -> tuple[Shape, list[int]]:
    """Split the members into structs, numbered in order of first appearance.

    Args:
        looks: What each member looks like.
        overlaps: Pairs of memories, by number, that share bytes.
    """
    described = [
        (cls, tuple([(name, _kind(part)) for name, part in parts])) for cls, parts in looks
    ]
    groups = _groups(looks)
    numbers = [0] * len(looks)
    count = 0
    while True:
        seen: dict[Any, int] = {}
        following = []
        for group, (cls, attributes) in zip(groups, described, strict=True):
            look = tuple([(name, _renumber(kind, numbers)) for name, kind in attributes])
            following.append(seen.setdefault((cls, look, group), len(seen)))
        numbers = following
        if len(seen) == count:
            break
        count = len(seen)
    aliases = _aliases(looks, numbers, overlaps)
    structs = [
        Struct(cls, _lay_out(look, aliases, number), single=numbers.count(number) == 1)
        for (cls, look, _), number in seen.items()
    ]
    return Shape(tuple(structs)), numbers


def _groups(looks: list[Look]) -> list[int]:
    """Return a number for each member, the same for those that one list holds, and so on down."""
    below = [dict(_below(parts)) for _, parts in looks]
    union = Union()
    todo = [
        (places[0], other) for each in below for places in each.values() for other in places[1:]
    ]
    while todo:
        first, second = (union.find(place) for place in todo.pop())
        if looks[first][0] is looks[second][0] and union.join(first, second):
            for path, places in below[second].items():
                held = below[first].setdefault(path, places)
                todo += [(held[0], other) for other in places]
    groups = [union.find(place) for place in range(len(looks))]
    return groups if len(set(groups)) <= _MOST_GROUPS else [0] * len(looks)


def _below(parts: tuple[tuple[Any, Part], ...]) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Yield the kernels that attributes refer to: a path, and the places found there."""
    for name, part in parts:
        if isinstance(part, tuple) and part[0] == "tuple":
            yield from _below(tuple([((name, i), item) for i, item in enumerate(part[1:])]))
        elif isinstance(part, tuple) and part[0] == "kernels":
            yield name, part[1:]
        elif isinstance(part, int) and not isinstance(part, type):
            yield name, (part,)


def _aliases(
    looks: list[Look], numbers: list[int], overlaps: Iterable[tuple[int, int]]
) -> dict[tuple[int, str], int]:
    """Return a number above 0 for each attribute that holds memory; different ones share none."""
    union, fields = Union(), dict.fromkeys(_held(looks, numbers))
    for place, memory in fields:
        union.join(place, memory)
    for first, second in overlaps:
        union.join(first, second)
    found: dict[Any, int] = {}
    return {place: found.setdefault(union.find(place), len(found) + 1) for place, _ in fields}


def _held(looks: list[Look], numbers: list[int]) -> Iterator[tuple[tuple[int, str], int]]:
    """Yield each attribute that holds memory, as struct and name, with the memory's number."""
    for number, (_, parts) in zip(numbers, looks, strict=True):
        for name, part in parts:
            yield from (((number, name), memory) for memory in _memories(part))


def _memories(part: Part) -> Iterator[int]:
    if isinstance(part, tuple) and part[0] == "tuple":
        for item in part[1:]:
            yield from _memories(item)
    elif isinstance(part, tuple) and part[0] != "kernels":
        yield part[-1]


def _kind(part: Part) -> Kind | _Members:
    """Return a part's kind; a kernel is known by its place among the members for now."""
    match part:
        case type():
            return PLAIN[part]
        case int():
            return Kernel(part)
        case str():
            return Opaque(part)
        case "tuple", *items:
            return _tuple([_kind(item) for item in items])
        case "kernels", *places:
            return _Members(tuple(places))
    return Buffer(*part[:-1])


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


def _lay_out(
    look: tuple[tuple[str, Kind | _Looks], ...],
    aliases: dict[tuple[int, str], int],
    number: int,
) -> tuple[Field, ...]:
    fields, slot = [], 0
    for name, found in look:
        kind = with_alias(_settled(found), aliases.get((number, name), 0))
        fields.append(Field(name, kind, slot))
        slot += slots(kind)
    return tuple(fields)


def with_alias(kind: Kind, alias: int) -> Kind:
    """Return a kind whose memory, where it has any, has this number."""
    if isinstance(kind, Tuple):
        return Tuple(tuple(with_alias(item, alias) for item in kind.items))
    return replace(kind, alias=alias) if isinstance(kind, Buffer) else kind
