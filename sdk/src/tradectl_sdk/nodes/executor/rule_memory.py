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
        self._before: dict[str, dict[str, Value | list[Value]]] = {}
        self._take_down()
        self._shapes = {name: _shape(values) for name, values in self._before.items()}

    def _take_down(self) -> None:
        self._before = {name: dict(_values(rule)) for name, rule in self._rules.items()}

    def restore(self, kept: Mapping[str, Mapping[str, Value]]) -> list[str]:
        """Put what was kept into the rules; return those whose shape has changed since."""
        strangers = []
        for name, values in kept.items():
            if name not in self._rules or values.get(_SHAPE) != self._shapes[name]:
                strangers.append(name)
                continue
            for path, value in values.items():
                if path != _SHAPE:
                    _set(self._rules[name], path, value)
        self._take_down()
        return strangers

    def changes(self) -> dict[str, dict[str, Value]]:
        """Return what has changed since the last call."""
        found: dict[str, dict[str, Value]] = {}
        for name, rule in self._rules.items():
            changed: dict[str, Value] = {}
            before = self._before[name]
            for path, value in _values(rule):
                if value == before[path]:
                    continue
                if isinstance(value, list):
                    for place in _differing(value, before[path], 0, len(value)):
                        changed[f"{path}[{place}]"] = value[place]
                else:
                    changed[path] = value
                before[path] = value
            if changed:
                found[name] = {_SHAPE: self._shapes[name], **changed}
        return found

    def undo(self) -> None:
        """Let the rules forget what has changed since the last call of :meth:`changes`."""
        for name, values in self._before.items():
            for path, value in values.items():
                _set(self._rules[name], path, value)


def _values(
    thing: Any, prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, Value | list[Value]]]:
    """Yield the path and value of everything a rule could remember; lists are copies."""
    for name, value in vars(thing).items():
        path = f"{prefix}{name}"
        if isinstance(value, enum.Enum):
            yield path, value.value
        elif isinstance(value, bool | int | float | str):
            yield path, value
        elif isinstance(value, list):
            if all(isinstance(element, bool | int | float) for element in value[:1]):
                yield path, value.copy()
        elif hasattr(value, "__dict__") and depth < 3:
            yield from _values(value, f"{path}.", depth + 1)


def _differing(now: list[Value], before: Any, low: int, high: int) -> Iterator[int]:
    """Yield the places where two lists differ, found by halving: most often there is one."""
    if now[low:high] == before[low:high]:
        return
    if high - low == 1:
        yield low
        return
    middle = (low + high) // 2
    yield from _differing(now, before, low, middle)
    yield from _differing(now, before, middle, high)


def _shape(values: Mapping[str, Value | list[Value]]) -> str:
    sizes = (f"{p}[{len(v)}]" if isinstance(v, list) else p for p, v in values.items())
    return ",".join(sizes)


def _set(thing: Any, path: str, value: Value | list[Value]) -> None:
    *parents, last = path.split(".")
    for name in parents:
        thing = getattr(thing, name)
    if last.endswith("]"):
        name, _, place = last[:-1].partition("[")
        getattr(thing, name)[int(place)] = value
        return
    present = getattr(thing, last)
    if isinstance(value, list):
        present[:] = value
    else:
        setattr(thing, last, type(present)(value) if isinstance(present, enum.Enum) else value)
