"""What risk rules remember between orders, taken down so that a restart does not forget a loss.

A rule is a kernel: its attributes are numbers, flags, texts, lists of numbers and other kernels.
What changes among them is written down by rule and name, and put into fresh rules at start, as long
as a rule still has the shape it had.
"""

from __future__ import annotations

import enum
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tradectl_sdk.nodes.executor.noted_list import NotedList

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tradectl_sdk.engine.gate import Rule

Value = int | float | bool | str
_SHAPE = "@shape"


class RuleMemory:
    """Watches rules for changes of what they remember."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        lists: dict[int, tuple[Any, NotedList]] = {}
        self._rules = {
            f"{place}.{type(one).__name__}": list(_memories(one, lists))
            for place, one in enumerate(rules)
        }
        self._shapes = {
            name: ",".join(one.shape for one in memories) for name, memories in self._rules.items()
        }
        self._watches = [
            (name, _Watch(list(memories)))
            for name, whole in self._rules.items()
            for _, memories in groupby(whole, key=lambda one: id(one.values))
        ]

    def restore(self, kept: Mapping[str, Mapping[str, Value]]) -> list[str]:
        """Put what was kept into the rules; return those whose shape has changed since."""
        strangers = []
        for name, values in kept.items():
            if values.get(_SHAPE) != self._shapes.get(name):
                strangers.append(name)
                continue
            by_path = {one.path: one for one in self._rules[name]}
            for path, value in values.items():
                if path != _SHAPE:
                    whole, _, place = path.rstrip("]").partition("[")
                    by_path[whole].put(value, place)
        return strangers

    def changes(self) -> dict[str, dict[str, Value]]:
        """Return what has changed since the last call."""
        found: dict[str, dict[str, Value]] = {}
        for name, watch in self._watches:
            if watch.sees_a_change():
                changed = found.get(name) or {_SHAPE: self._shapes[name]}
                watch.collect(changed)
                if len(changed) > 1:
                    found[name] = changed
        return found

    def undo(self) -> None:
        """Let the rules forget what has changed since the last call of :meth:`changes`."""
        for memories in self._rules.values():
            for memory in memories:
                memory.undo()


class _Watch:
    """Attributes of one object: what they were in all is compared first, since most stay."""

    __slots__ = ("_lists", "_memories", "_pick", "_seen", "_values")

    def __init__(self, memories: list[_Number | _Numbers]) -> None:
        names = [one.name for one in memories]
        self._memories = memories
        self._lists = [one for one in memories if isinstance(one, _Numbers)]
        self._values = memories[0].values
        self._pick = itemgetter(*names, names[0])  # a tuple, even of one
        self._seen = self._pick(self._values)

    def sees_a_change(self) -> bool:
        """Whether any of them may be another one."""
        is_changed: bool = self._pick(self._values) != self._seen
        for one in self._lists:
            is_changed = is_changed or one.seen.is_moved
        return is_changed

    def collect(self, changed: dict[str, Value]) -> None:
        """Add what has changed to a table, and take it for seen."""
        for memory in self._memories:
            memory.collect(changed)
        self._seen = self._pick(self._values)


class _Number:
    """One attribute of a rule, or of something within it, as it was last seen."""

    def __init__(self, owner: Any, name: str, path: str) -> None:
        self.path = self.shape = path
        self.values = vars(owner)
        self.name = name
        self.seen = self.values[name]

    def collect(self, changed: dict[str, Value]) -> None:
        """Add what has changed to a table, and take it for seen."""
        present = self.values[self.name]
        if present is not self.seen and present != self.seen:
            changed[self.path] = present.value if isinstance(present, enum.Enum) else present
            self.seen = present

    def put(self, value: Value, _place: str) -> None:
        """Set the attribute, and take that for seen."""
        present = self.values[self.name]
        own = type(present)(value) if isinstance(present, enum.Enum) else value
        self.values[self.name] = self.seen = own

    def undo(self) -> None:
        """Set it to what was last seen."""
        self.values[self.name] = self.seen


class _Numbers:
    """An attribute that is a list of numbers; the rule has one that notes what is changed."""

    def __init__(self, owner: Any, name: str, path: str, noted: NotedList) -> None:
        self.path = path
        self.shape = f"{path}[{len(noted)}]"
        self.values = vars(owner)
        self.name = name
        self.values[name] = self.seen = noted

    def collect(self, changed: dict[str, Value]) -> None:
        """Add the elements that have changed to a table, and take them for seen."""
        if self.values[self.name] is not self.seen:
            self._adopt()
        seen = self.seen
        for place in seen.changed():
            changed[f"{self.path}[{place}]"] = seen[place]
        seen.settle()

    def _adopt(self) -> None:
        """Follow a rule that has put another list in the place of ours."""
        former = self.seen.former()
        present = list(self.values[self.name])
        self.seen = NotedList(former)
        self.seen[:] = present
        self.values[self.name] = self.seen

    def put(self, value: Value, place: str) -> None:
        """Set one element, and take that for seen."""
        self.seen[int(place)] = value
        self.seen.settle()

    def undo(self) -> None:
        """Set all elements to what was last seen."""
        self.seen.undo()
        self.values[self.name] = self.seen


def _memories(
    thing: Any, lists: dict[int, tuple[Any, NotedList]], prefix: str = "", depth: int = 0
) -> Iterator[_Number | _Numbers]:
    """Yield everything that a rule could remember by; a list with two names stays one list."""
    for name, value in list(vars(thing).items()):
        path = f"{prefix}{name}"
        if isinstance(value, enum.Enum | bool | int | float | str):
            yield _Number(thing, name, path)
        elif isinstance(value, list):
            if all(isinstance(element, bool | int | float) for element in value):
                _, noted = lists.setdefault(id(value), (value, NotedList(value)))
                lists[id(noted)] = noted, noted
                yield _Numbers(thing, name, path, noted)
        elif hasattr(value, "__dict__") and depth < 3:
            yield from _memories(value, lists, f"{path}.", depth + 1)
