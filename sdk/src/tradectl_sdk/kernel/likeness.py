"""Objects that plainly look as earlier ones did, taken over into memory at the first look.

Taking a census of a few objects, comparing it and filling a struct for each goes over all they hold
several times, which takes as long as running ten thousand bars. Where they hold numbers, lists of
numbers and one another only, one look at each does all of that: is everything of the very type it
was, each object at the same place in the graph, and no list one that anything else has?
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tradectl_sdk.kernel.census import attributes

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from tradectl_sdk.kernel.memory import Memory
    from tradectl_sdk.kernel.partition import Look, Part

_NUMBERS = {"float64": float, "int64": int, "bool": bool}
_IDLE = {str, type(None)}  # what compiled code does not look at, but for its type


@dataclass(slots=True)
class _Form:
    """What an object holds: its attributes by number, with where each belongs in memory."""

    cls: type
    names: tuple[str, ...]
    types: list[type]
    reals: list[tuple[int, int]] = field(default_factory=list)
    wholes: list[tuple[int, int]] = field(default_factory=list)
    lists: list[tuple[int, int, type]] = field(default_factory=list)  # and the elements' type
    kernels: list[tuple[int, int]] = field(default_factory=list)  # and their place in the graph


class Likeness:
    """How objects look that others are exchanged for.

    Args:
        members: They, with what only they lead to, in the order of their places from 0 on.
        looks: What each looks like; objects that are not exchanged have places below 0.
        fixed: These, the one with place -1 first.
        memories: Lists and arrays that they hold, by id.
        words: Where each member's attributes are in memory, by name.

    Attributes:
        plain: Whether one look will do.
    """

    def __init__(
        self,
        members: Sequence[Any],
        looks: Sequence[Look],
        fixed: Sequence[Any],
        memories: Container[int],
        words: Sequence[Mapping[str, int]],
    ) -> None:
        self._fixed, self._memories = fixed, memories
        self._outside = {id(one) for one in fixed}
        self._forms: list[_Form] = []
        self.plain = True
        met: set[int] = set()
        for member, look, places in zip(members, looks, words, strict=True):
            self.plain = self.plain and self._learn(member, look, places, met)

    def _learn(self, member: Any, look: Look, places: Mapping[str, int], met: set[int]) -> bool:
        """Learn how an object looks; return whether one look at others will do."""
        cls, parts = look
        names = tuple(name for name, _ in parts)
        if getattr(cls, "ONE_IS_KNOWN", False) or names != tuple(getattr(member, "__dict__", ())):
            return False
        values = [getattr(member, name) for name in names]
        form = _Form(cls, names, list(map(type, values)))
        self._forms.append(form)
        return len(names) == sum(1 for _ in attributes(member)) and all(
            self._note(form, number, value, part, places[name], met)
            for number, (value, (name, part)) in enumerate(zip(values, parts, strict=True))
        )

    def _note(
        self, form: _Form, number: int, value: Any, part: Part, word: int, met: set[int]
    ) -> bool:
        cls = type(value)
        if part is float and cls is float:
            form.reals.append((number, word))
        elif part is cls and cls in {int, bool}:
            form.wholes.append((number, word))
        elif isinstance(part, int) and not isinstance(part, type):
            form.kernels.append((number, part))
        elif cls is list and part[0] == "list" and self._is_new(value, met):
            form.lists.append((number, word, _NUMBERS[part[1]]))
        else:
            return cls in _IDLE
        return True

    def _is_new(self, values: list[Any], met: set[int]) -> bool:
        """Whether a list is in no attribute that was looked at before."""
        known = id(values) in met or id(values) in self._memories
        met.add(id(values))
        return not known

    def take(self, objects: Sequence[Any], memory: Memory) -> list[Any] | None:
        """Write objects into memory and return them with what they lead to; None if they differ.

        All words but those of numbers and lists are as they were for the first objects.
        """
        members = list(objects)
        known, met = {id(one) for one in members}, set[int]()
        if len(known) < len(members) or known & self._outside:
            return None
        try:
            for number, form in enumerate(self._forms):
                if not self._take(form, members[number], members, known, met, memory):
                    return None
        except (ValueError, OverflowError):  # an int that 64 bits do not hold
            return None
        return members

    def _take(
        self,
        form: _Form,
        member: Any,
        members: list[Any],
        known: set[int],
        met: set[int],
        memory: Memory,
    ) -> bool:
        if type(member) is not form.cls or tuple(member.__dict__) != form.names:
            return False
        values = list(member.__dict__.values())
        if list(map(type, values)) != form.types:
            return False
        floats, words = memory.floats, memory.words
        for number, word in form.reals:
            floats[word] = values[number]
        for number, word in form.wholes:
            words[word] = values[number]
        for number, word, element in form.lists:
            if set(map(type, values[number])) != {element} or not self._is_new(values[number], met):
                return False
            memory.add_list(element, values[number], word)
        return all(
            self._is_in_place(values[number], place, members, known)
            for number, place in form.kernels
        )

    def _is_in_place(self, value: Any, place: int, members: list[Any], known: set[int]) -> bool:
        """Whether an object is the one at its place; one that is met first takes the next place."""
        if place < 0:
            return value is self._fixed[-1 - place]
        if place < len(members):
            return value is members[place]
        if id(value) in known or id(value) in self._outside:
            return False
        known.add(id(value))
        members.append(value)
        return True
