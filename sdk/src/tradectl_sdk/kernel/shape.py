"""What an object graph looks like to machine code: classes, attribute names and their kinds.

Lengths and values are no part of a shape, so that a sweep over windows compiles once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tradectl_sdk.kernel.kinds import Kind, slots


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute and where it lies: ``slot`` counts 8-byte words from the struct's start."""

    name: str
    kind: Kind
    slot: int


@dataclass(frozen=True, slots=True)
class Struct:
    """All objects of one class whose attributes look alike.

    Attributes:
        cls: Their class.
        fields: Their attributes in order.
        single: Whether there is only one such object, whose place is known when compiling.
        size: Number of 8-byte slots.
    """

    cls: type
    fields: tuple[Field, ...]
    single: bool
    size: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", sum(slots(each.kind) for each in self.fields))

    def field(self, name: str) -> Field | None:
        """Return the attribute of this name, or None."""
        return next((each for each in self.fields if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Shape:
    """Every struct reachable from the entry object, which is of the first one.

    Attributes:
        structs: They.
        singles: Words that all single objects take together.
    """

    structs: tuple[Struct, ...]
    singles: int = field(init=False, compare=False, repr=False)
    _hash: int = field(init=False, compare=False, repr=False)
    _places: dict[int, int] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash(self.structs))  # hundreds of parts: once is enough
        places, slot = {}, 0
        for number, struct in enumerate(self.structs):
            if struct.single:
                places[number] = slot
                slot += struct.size
        object.__setattr__(self, "_places", places)
        object.__setattr__(self, "singles", slot)

    def __hash__(self) -> int:
        return self._hash

    def place(self, number: int) -> int | None:
        """Return where the only object of a struct lies, in 8-byte words; None for several.

        Single objects come first in memory, one after another, the entry object before all.
        """
        return self._places.get(number)

    def describe(self) -> str:
        """Return the shape as text that is the same in every process (for the cache key)."""
        return "\n".join(
            f"{struct.cls.__module__}.{struct.cls.__qualname__} {struct.single} {struct.fields!r}"
            for struct in self.structs
        )


@dataclass(frozen=True, slots=True)
class Census:
    """The kernels found, in order of discovery; ``members[i]`` is of ``structs[numbers[i]]``."""

    shape: Shape
    members: list[Any]
    numbers: list[int]
