"""Random TOML documents, written in every form the language has, with what stands where."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.config.positions import KeyPath

# Everything that could be taken for structure, inside keys and strings.
_TRICKY = "ab\"'\\#=[]{},.\t é"
_KEYS = st.one_of(st.sampled_from(["a", "b", "key", "x-1", "1"]), st.text(_TRICKY, max_size=3))
_STRINGS = st.text(_TRICKY + "\n", max_size=8)
_PLAIN = st.sampled_from(
    ["1", "-1_000", "0xff", "1.5e3", "true", "inf", "1979-05-27 07:32:00Z", "07:32:00"]
)
_GAPS = st.sampled_from(["", " ", "\t ", "  "])
_BREAKS = st.sampled_from(["", " ", "\n", '# ] = """ \'\n', " # {[\n\n\t"])
_LINE_ENDS = st.sampled_from(["\n", "  \n", " # a = [1, '\n", "\n\n# [no.table]\n"])


class _Scalar(str):
    """Marks a literal, already written as TOML."""

    __slots__ = ()


@st.composite
def _string_literals(draw: Callable[..., Any]) -> _Scalar:
    text = draw(_STRINGS)
    forms = [json.dumps(text, ensure_ascii=False)]
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    forms.append(f'"""\n{escaped}"""')
    if '""' not in text:
        forms.append(f'"""{text.replace(chr(92), chr(92) * 2)}"""')
    if "'" not in text:
        forms.append(f"'''{text}'''")
        if "\n" not in text:
            forms.append(f"'{text}'")
    forms.append("'''it''s'''''")
    return _Scalar(draw(st.sampled_from(forms)))


_SCALARS = _PLAIN.map(_Scalar) | _string_literals()
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(_KEYS, inner, max_size=3),
        st.lists(st.dictionaries(_KEYS, inner, max_size=2), min_size=1, max_size=3),
    ),
    max_leaves=10,
)


@dataclass
class Document:
    """A text, and the literal expected at each scalar's place."""

    draw: Callable[..., Any]
    text: str = ""
    literals: dict[KeyPath, str] = field(default_factory=dict)

    def table(self, values: dict[str, Any], path: KeyPath, names: list[str]) -> None:
        """Write a table: its pairs first, then the tables below it under headers of their own."""
        below = []
        for key, value in values.items():
            form = self.draw(st.sampled_from(["inline", "dotted", "header"]))
            tables = isinstance(value, list) and value and all(isinstance(v, dict) for v in value)
            if form == "header" and (isinstance(value, dict) or tables):
                below.append((key, value))
            else:
                self.pair(key, value, (*path, key), dotted=form == "dotted")
                self.text += self.draw(_LINE_ENDS)
        for key, value in below:
            name = [*names, self.key(key)]
            elements = value if isinstance(value, list) else [value]
            opening, closing = ("[[", "]]") if isinstance(value, list) else ("[", "]")
            for index, element in enumerate(elements):
                gap = self.draw(_GAPS)
                self.text += f"{opening}{gap}{f'{gap}.{gap}'.join(name)}{gap}{closing}"
                self.text += self.draw(_LINE_ENDS)
                inner = (*path, key, index) if isinstance(value, list) else (*path, key)
                self.table(element, inner, name)

    def pair(self, key: str, value: Any, path: KeyPath, *, dotted: bool) -> None:
        self.text += self.draw(_GAPS)
        self.pair_after(self.key(key), value, path, dotted=dotted)

    def pair_after(self, start: str, value: Any, path: KeyPath, *, dotted: bool) -> None:
        """Write ``start = value``, or ``start.inner = value`` once for each of its members."""
        if dotted and isinstance(value, dict) and value:
            for count, (key, inner) in enumerate(value.items()):
                self.text += "\n" if count else ""
                name = f"{start}{self.draw(_GAPS)}.{self.draw(_GAPS)}{self.key(key)}"
                self.pair_after(name, inner, (*path, key), dotted=True)
        else:
            self.text += f"{start}{self.draw(_GAPS)}={self.draw(_GAPS)}"
            self.value(value, path)

    def value(self, value: Any, path: KeyPath) -> None:
        if isinstance(value, _Scalar):
            self.literals[path] = str(value)
            self.text += value
        elif isinstance(value, list):
            self.text += "["
            for index, element in enumerate(value):
                self.text += self.draw(_BREAKS)
                self.value(element, (*path, index))
                self.text += self.draw(_BREAKS)
                self.text += "," if index < len(value) - 1 or self.draw(st.booleans()) else ""
            self.text += self.draw(_BREAKS) + "]"
        else:
            self.text += "{"
            for count, (key, inner) in enumerate(value.items()):
                self.text += ", " if count else ""
                self.pair(key, inner, (*path, key), dotted=False)
            self.text += self.draw(_GAPS) + "}"

    def key(self, key: str) -> str:
        return self.draw(st.sampled_from(spellings(key)))


def spellings(key: str) -> list[str]:
    """Return the ways to write a key."""
    ways = [json.dumps(key, ensure_ascii=False), json.dumps(key)]
    if "'" not in key:
        ways.append(f"'{key}'")
    if re.fullmatch(r"[A-Za-z0-9_-]+", key):
        ways.append(key)
    return ways


@st.composite
def documents(draw: Callable[..., Any]) -> Document:
    """Generate documents."""
    document = Document(draw)
    document.table(draw(st.dictionaries(_KEYS, _VALUES, max_size=4)), (), [])
    return document
