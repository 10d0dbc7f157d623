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


class RuleMemory:
    """Watches rules for changes of what they remember."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = {f"{place}.{type(one).__name__}": one for place, one in enumerate(rules)}
        self._before = {name: dict(_values(rule)) for name, rule in self._rules.items()}
        self._shapes = {name: _shape(values) for name, values in self._before.items()}

    def restore(self, kept: Mapping[str, Mapping[str, Value]]) -> list[str]:
        """Put what was kept into the rules; return those whose shape has changed since."""
        strangers = []
        for name, values in kept.items():
            if name not in self._rules or values.get(_SHAPE) != self._shapes[name]:
                strangers.append(name)
                continue
            self.put({name: values})
        self._before = {name: dict(_values(rule)) for name, rule in self._rules.items()}
        return strangers

    def put(self, values: Mapping[str, Mapping[str, Value]]) -> None:
        """Set attributes of rules."""
        for name, changes in values.items():
            for path, value in changes.items():
                if path != _SHAPE:
                    _set(self._rules[name], path, value)

    def changes(self) -> dict[str, dict[str, Value]]:
        """Return what has changed since the last call."""
        found: dict[str, dict[str, Value]] = {}
        for name, rule in self._rules.items():
            before = self._before[name]
            changed = {p: v for p, v in _values(rule) if before.get(p) != v}
            if changed:
                before.update(changed)
                found[name] = {_SHAPE: self._shapes[name], **changed}
        return found

    def undo(self) -> None:
        """Let the rules forget what has changed since the last call of :meth:`changes`."""
        self.put(self._before)


def _values(thing: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Value]]:
    """Yield the path and value of everything a rule could remember."""
    for name, value in vars(thing).items():
        path = f"{prefix}{name}"
        if isinstance(value, enum.Enum):
            yield path, value.value
        elif isinstance(value, bool | int | float | str):
            yield path, value
        elif isinstance(value, list):
            for place, element in enumerate(value):
                if isinstance(element, bool | int | float):
                    yield f"{path}[{place}]", element
        elif hasattr(value, "__dict__") and depth < 3:
            yield from _values(value, f"{path}.", depth + 1)


def _shape(values: Mapping[str, Value]) -> str:
    return f"{len(values)}:{','.join(path for path in values if not path.endswith(']'))}"


def _set(thing: Any, path: str, value: Value) -> None:
    *parents, last = path.split(".")
    for name in parents:
        thing = getattr(thing, name)
    if last.endswith("]"):
        name, _, place = last[:-1].partition("[")
        getattr(thing, name)[int(place)] = value
    else:
        present = getattr(thing, last)
        setattr(thing, last, type(present)(value) if isinstance(present, enum.Enum) else value)
