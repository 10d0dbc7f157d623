"""Structs that compiled code cannot tell apart after all: a variable holds now one, now another.

Where an object has a struct of its own, ``average = self.fast if rising else self.slow`` makes a
variable of two kinds. Nothing is wrong with that as long as the two look alike: the compiler
starts again with the two taken for one, and with all they refer to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tradectl_sdk.kernel.kinds import Buffer, Kernel, Kernels, Kind, Tuple
from tradectl_sdk.kernel.partition import Union, with_alias
from tradectl_sdk.kernel.shape import Field, Shape, Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tradectl_sdk.kernel.program import Merges


class ApartError(Exception):
    """Two structs meet in one variable.

    Attributes:
        structs: Their numbers.
    """

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"structs {first} and {second}")
        self.structs = first, second


@dataclass(frozen=True, slots=True)
class Layout:
    """A shape with some structs taken for one.

    Attributes:
        shape: As the compiler sees it, with as many structs; what was merged is single no more.
        numbers: For each struct, the one it is taken for.
    """

    shape: Shape
    numbers: tuple[int, ...]


def lay_out(shape: Shape, merges: Merges) -> Layout | None:
    """Take structs for one, and those they refer to; None where they do not look alike."""
    structs, aliases = Union(), Union()
    todo = list(merges)
    while todo:
        one, two = sorted(structs.find(number) for number in todo.pop())
        if not structs.join(one, two):
            continue
        first, second = shape.structs[one], shape.structs[two]
        names = [[field.name for field in struct.fields] for struct in (first, second)]
        if first.cls is not second.cls or names[0] != names[1]:
            return None
        for ours, theirs in zip(first.fields, second.fields, strict=True):
            if replace(ours, kind=_plain(ours.kind)) != replace(theirs, kind=_plain(theirs.kind)):
                return None
            todo += _pairs(ours.kind, theirs.kind, aliases)
    numbers = [structs.find(number) for number in range(len(shape.structs))]
    return Layout(Shape(tuple(_renamed(shape.structs, numbers, aliases))), tuple(numbers))


def _plain(kind: Kind) -> Kind:
    """Return a kind without the numbers of structs and memories."""
    match kind:
        case Kernel() | Kernels():
            return replace(kind, index=0)
        case Tuple():
            return Tuple(tuple(map(_plain, kind.items)))
    return with_alias(kind, 0)


def _pairs(one: Kind, two: Kind, aliases: Union) -> Iterator[tuple[int, int]]:
    """Yield the structs that two attributes refer to; their memories become one on the way."""
    if isinstance(one, Kernel | Kernels) and isinstance(two, Kernel | Kernels):
        yield one.index, two.index
    elif isinstance(one, Tuple) and isinstance(two, Tuple):
        for first, second in zip(one.items, two.items, strict=True):
            yield from _pairs(first, second, aliases)
    elif isinstance(one, Buffer) and isinstance(two, Buffer):
        aliases.join(one.alias, two.alias)


def _renamed(structs: Iterable[Struct], numbers: list[int], aliases: Union) -> Iterator[Struct]:
    for number, struct in zip(numbers, structs, strict=True):
        fields = [
            Field(field.name, _rename(field.kind, numbers, aliases), field.slot)
            for field in struct.fields
        ]
        single = struct.single and numbers.count(number) == 1
        yield Struct(struct.cls, tuple(fields), single=single)


def _rename(kind: Kind, numbers: list[int], aliases: Union) -> Kind:
    match kind:
        case Kernel() | Kernels():
            return replace(kind, index=numbers[kind.index])
        case Tuple():
            return Tuple(tuple(_rename(item, numbers, aliases) for item in kind.items))
        case Buffer():
            return with_alias(kind, aliases.find(kind.alias))
    return kind
