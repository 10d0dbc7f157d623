"""Where each key and value of a TOML document stands.

``tomllib`` says what a document means but not where; errors about a setting need both. The scanner
below is no second parser: it reads only documents that tomllib has already accepted, so it looks
for the ends of things and takes their correctness for granted. Keys with escapes are decoded by
tomllib itself.

A path is a tuple of keys and array indices: ``("venue", 0, "name")`` is the name in the first
``[[venue]]`` table. Lines and columns count characters from 1.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]

_BLANK = " \t\r"
_BREAKING = " \t\r\n"
_VALUE_ENDS = ",]}#\n"
# A multi-line string may end in one or two quotes of its own before the closing three.
_STRING = re.compile(
    r'''"""(?:\\.|[^\\])*?"""(?:"{0,2})|"(?:\\.|[^"\\])*"'''
    r"""|'''.*?'''(?:'{0,2})|'[^']*'""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text: line and column, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Located:
    """Where a key stands, and where its value begins.

    For a table opened by a header or by a dotted key, and for an array's element, both are the
    same place.
    """

    key: Position
    value: Position


def locate(text: str) -> dict[KeyPath, Located]:
    """Find every key, table and array element of a valid TOML document.

    Args:
        text: A document that ``tomllib.loads`` accepts.

    Returns:
        The place of every path; a table that stands in several places has its first.
    """
    return _Scanner(text).scan()


class _Scanner:
    """Walks over a document once, noting where things begin."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[KeyPath, Located] = {}
        self.table_counts: dict[KeyPath, int] = {}
        self.line_starts = [0, *(i + 1 for i, char in enumerate(text) if char == "\n")]

    def scan(self) -> dict[KeyPath, Located]:
        table: KeyPath = ()
        while self._skip_space():
            if self.text.startswith("[[", self.at):
                table = self._header(brackets=2)
            elif self.text[self.at] == "[":
                table = self._header(brackets=1)
            else:
                self._pair(table)
        return self.found

    def _header(self, *, brackets: int) -> KeyPath:
        """Read ``[a.b]`` or ``[[a.b]]``; return the path that the lines below it extend."""
        start = self.at
        self.at += brackets
        keys = self._dotted_key()
        self.at += brackets
        path: KeyPath = ()
        for index, (key, position) in enumerate(keys):
            path = (*path, key)
            self._note(path, position)
            if brackets == 2 and index == len(keys) - 1:
                self.table_counts[path] = self.table_counts.get(path, 0) + 1
            if path in self.table_counts:
                path = (*path, self.table_counts[path] - 1)
        self._note(path, self._position(start))
        return path

    def _pair(self, table: KeyPath) -> None:
        path = table
        keys = self._dotted_key()
        for key, position in keys:
            path = (*path, key)
            self._note(path, position)
        self.at += 1  # the equals sign
        self._skip(_BLANK)
        self.found[path] = Located(keys[-1][1], self._position(self.at))
        self._value(path)

    def _dotted_key(self) -> list[tuple[str, Position]]:
        """Read a key such as ``a . "b c"`` and the blanks after it."""
        keys = []
        while True:
            self._skip(_BLANK)
            position = self._position(self.at)
            keys.append((self._simple_key(), position))
            self._skip(_BLANK)
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _simple_key(self) -> str:
        start = self.at
        if self.text[start] in "\"'":
            self._string()
            decoded: str = tomllib.loads(f"key = {self.text[start : self.at]}")["key"]
            return decoded
        while self.text[self.at] not in " \t.=]":
            self.at += 1
        return self.text[start : self.at]

    def _value(self, path: KeyPath) -> None:
        opening = self.text[self.at]
        if opening in "\"'":
            self._string()
        elif opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in _VALUE_ENDS:
                self.at += 1

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self._skip_separators() != "]":
            element = (*path, index)
            self._note(element, self._position(self.at))
            self._value(element)
            index += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self._skip_separators() != "}":
            self._pair(path)
        self.at += 1

    def _string(self) -> None:
        """Move past a string of any of the four kinds."""
        found = _STRING.match(self.text, self.at)
        assert found is not None, "tomllib has accepted the string"  # noqa: S101
        self.at = found.end()

    def _skip_separators(self) -> str:
        """Move to the next element or closing bracket inside brackets, and return its first."""
        while self._skip_space() and self.text[self.at] == ",":
            self.at += 1
        return self.text[self.at]

    def _skip_space(self) -> bool:
        """Move past blanks, line ends and comments; tell whether anything follows."""
        while True:
            self._skip(_BREAKING)
            if not self.text.startswith("#", self.at):
                return self.at < len(self.text)
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end

    def _skip(self, characters: str) -> None:
        while self.at < len(self.text) and self.text[self.at] in characters:
            self.at += 1

    def _note(self, path: KeyPath, position: Position) -> None:
        self.found.setdefault(path, Located(position, position))

    def _position(self, offset: int) -> Position:
        line = bisect_right(self.line_starts, offset)
        return Position(line, offset - self.line_starts[line - 1] + 1)
