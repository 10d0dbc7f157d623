"""What risk rules remember between orders, taken down so that a restart does not forget a loss.

A rule is a kernel: its attributes are numbers, flags, texts, lists of numbers and other kernels.
What changes among them is written down by rule and name, and put into fresh rules at start, as long
as a rule still has the shape it had.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tradectl_sdk.engine.gate import Rule

Value = int | float | bool | str
_SHAPE = "@shape"
_STRETCH = 40  # elements of a list that are compared at once


class RuleMemory:
    """Watches rules for changes of what they remember."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = {
            f"{place}.{type(one).__name__}": list(_memories(one)) for place, one in enumerate(rules)
        }
        self._shapes = {
            name: ",".join(one.shape for one in memories) for name, memories in self._rules.items()
        }

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
        for name, memories in self._rules.items():
            changed: dict[str, Value] = {}
            for memory in memories:
                memory.collect(changed)
            if changed:
                found[name] = {_SHAPE: self._shapes[name], **changed}
        return found

    def undo(self) -> None:
        """Let the rules forget what has changed since the last call of :meth:`changes`."""
        for memories in self._rules.values():
            for memory in memories:
                memory.undo()


class _Memory:
    """One attribute of a rule, or of something within it, as it was last seen."""

    def __init__(self, owner: Any, name: str, path: str) -> None:
        self.path = path
        self._values = vars(owner)
        self._name = name
        present = self._values[name]
        self._is_list = isinstance(present, list)
        self._before = present.copy() if self._is_list else present
        self.shape = f"{path}[{len(present)}]" if self._is_list else path

    def collect(self, changed: dict[str, Value]) -> None:
        """Add what has changed to a table, and take it for seen."""
        present, before = self._values[self._name], self._before
        if self._is_list:
            self._collect_elements(present, before, changed)
        elif present != before:
            changed[self.path] = present.value if isinstance(present, enum.Enum) else present
            self._before = present

    def _collect_elements(
        self, present: list[Any], before: list[Any], changed: dict[str, Value]
    ) -> None:
        """Look at a stretch at a time: of a long list an order changes an element or two."""
        for start in range(0, len(present), _STRETCH):
            stretch = slice(start, start + _STRETCH)
            now, then = present[stretch], before[stretch]
            if now == then:
                continue
            for place, (value, former) in enumerate(zip(now, then, strict=False), start):
                if value != former:
                    changed[f"{self.path}[{place}]"] = value
            before[stretch] = now

    def put(self, value: Value, place: str) -> None:
        """Set the attribute, or one element of it, and take that for seen."""
        present = self._values[self._name]
        if place:
            present[int(place)] = value
            self._before = present.copy()
        else:
            own = type(present)(value) if isinstance(present, enum.Enum) else value
            self._values[self._name] = self._before = own

    def undo(self) -> None:
        """Set it to what was last seen."""
        if self._is_list:
            self._values[self._name][:] = self._before
        else:
            self._values[self._name] = self._before


def _memories(thing: Any, prefix: str = "", depth: int = 0) -> Iterator[_Memory]:
    """Yield everything that a rule could remember by."""
    for name, value in vars(thing).items():
        path = f"{prefix}{name}"
        if isinstance(value, enum.Enum | bool | int | float | str):
            yield _Memory(thing, name, path)
        elif isinstance(value, list):
            if all(isinstance(element, bool | int | float) for element in value):
                yield _Memory(thing, name, path)
        elif hasattr(value, "__dict__") and depth < 3:
            yield from _memories(value, f"{path}.", depth + 1)
