"""A kernel's state in native memory, for the length of one run.

Every kernel of the census gets a struct of 8-byte words. Arrays and memoryviews go in by address,
lists by a copy that is written back. What compiled code never stores into is never written back.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

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
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.kernel.shape import Census, Field

_CODES = {"float64": "d", "int64": "q", "bool": "b"}


@dataclass(slots=True)
class _Row:
    """A list's copy in native memory."""

    original: list[Any]
    copy: array[Any]
    truth: bool


class Memory:
    """The structs of one census, bound to its objects."""

    def __init__(self, census: Census) -> None:
        self._census = census
        self._rows: dict[int, _Row] = {}
        self._keep: list[Any] = []
        structs = [census.shape.structs[number] for number in census.numbers]
        self._starts: list[int] = []
        total = 0
        for struct in structs:
            self._starts.append(total)
            total += struct.size
        self._words = np.zeros(total + 1, np.int64)
        self._places = {id(member): i for i, member in enumerate(census.members)}
        words: list[int] = []
        self._floats: list[tuple[int, float]] = []
        for member, struct in zip(census.members, structs, strict=True):
            for field in struct.fields:
                if not isinstance(field.kind, Opaque):
                    words.extend(self._pack(field.kind, getattr(member, field.name), len(words)))
        self._words[:total] = words
        view = self._words.view(np.float64)
        for place, number in self._floats:
            view[place] = number

    @property
    def address(self) -> int:
        """Where the entry object's struct lies."""
        return int(self._words.ctypes.data)

    def _pack(self, kind: Kind, value: Any, place: int) -> Iterator[int]:
        """Yield the words of one attribute."""
        match kind:
            case Tuple():
                for item_kind, item in zip(kind.items, value, strict=True):
                    for word in self._pack(item_kind, item, place):
                        yield word
                        place += 1
            case Kernel():
                yield self.address + 8 * self._starts[self._places[id(value)]]
            case Kernels():
                starts = [self._starts[self._places[id(item)]] for item in value]
                table = self.address + 8 * np.array(starts, np.int64)
                self._keep.append(table)
                yield int(table.ctypes.data)
                yield len(table)
            case Buffer(origin="list"):
                yield from self._pack_list(kind, value)
            case Buffer():
                view = np.asarray(value)
                self._keep.append(view)
                yield int(view.ctypes.data)
                yield from view.shape
            case _ if kind == FLOAT:
                self._floats.append((place, value))
                yield 0
            case _ if kind != NONE and not isinstance(kind, Opaque):
                yield int(value)

    def _pack_list(self, kind: Buffer, value: list[Any]) -> tuple[int, int]:
        row = self._rows.get(id(value))
        if row is None:
            row = _Row(value, array(_CODES[kind.dtype], value), kind.dtype == "bool")
            self._rows[id(value)] = row
        return row.copy.buffer_info()

    def write_back(self, stored: frozenset[tuple[int, str]]) -> None:
        """Copy the lists, and every attribute compiled code may have changed, into the objects."""
        floats = self._words.view(np.float64)
        census = self._census
        for start, member, number in zip(self._starts, census.members, census.numbers, strict=True):
            for field in census.shape.structs[number].fields:
                if (number, field.name) in stored:
                    place = start + field.slot
                    number_type = floats if field.kind == FLOAT else self._words
                    _restore(member, field, number_type[place].item())
        for row in self._rows.values():
            row.original[:] = map(bool, row.copy) if row.truth else row.copy.tolist()


def _restore(member: Any, field: Field, word: float) -> None:
    """Set one attribute; an enum stays an enum as long as its value is a member's."""
    value: Any = bool(word) if field.kind == BOOL else word
    old = getattr(member, field.name)
    if field.kind == INT and isinstance(old, IntEnum):
        try:
            value = type(old)(int(word))
        except ValueError:
            value = int(word)
    if old is not value:
        setattr(member, field.name, value)
