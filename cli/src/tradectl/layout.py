"""Tables as lines of text: measured, aligned, and narrower on a narrow terminal.

Pure functions; :mod:`tradectl.console` prints what they return.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GUTTER = "  "
NARROWEST_TEXT = 24  # a wrapped column is never squeezed below this
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Cell:
    """Text with the style it is shown in, where colours are shown at all."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How one column is laid out.

    Attributes:
        title: Its heading.
        right: Align to the right, as numbers want it.
        wrap: Long text continues on the next line instead of pushing the table over the edge.
        rank: 0 stays on every terminal; of the others the highest leaves first.
    """

    title: str
    right: bool = False
    wrap: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A laid-out table: lines of cells already padded, and the columns that found no room."""

    lines: tuple[tuple[Cell, ...], ...]
    hidden: tuple[str, ...] = ()


def clean(text: str) -> str:
    """Replace control characters, which could move the cursor or recolour a terminal."""
    return _CONTROL.sub("?", text.replace("\t", " "))


def cells_wide(text: str) -> int:
    """Return how many terminal cells a text takes: two for East Asian wide, none for combining."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def lay_out(
    columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, width: int | None
) -> Table:
    """Lay rows out in columns.

    Args:
        columns: One for each cell of a row; without any title there is no heading.
        rows: The cells; their text may contain line breaks only in columns that wrap.
        width: Terminal cells there are, or None for as many as needed.
    """
    body = [tuple(row) for row in rows]
    widths = [
        max(cells_wide(part) for part in (column.title, *_lines_of(body, index)))
        for index, column in enumerate(columns)
    ]
    shown = _that_fit(columns, widths, width)
    if width is not None:
        _squeeze(columns, widths, shown, width)
    head = tuple(Cell(column.title, "heading") for column in columns)
    lines: list[tuple[Cell, ...]] = []
    for row in (head, *body) if any(column.title for column in columns) else body:
        lines += _padded(columns, widths, shown, row)
    hidden = tuple(column.title for i, column in enumerate(columns) if i not in shown)
    return Table(lines=tuple(lines), hidden=hidden)


def _lines_of(rows: Iterable[Sequence[Cell]], index: int) -> Iterable[str]:
    for row in rows:
        yield from row[index].text.split("\n")


def _total(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[i] for i in shown) + len(GUTTER) * (len(shown) - 1)


def _that_fit(columns: Sequence[Column], widths: Sequence[int], width: int | None) -> list[int]:
    """Return the indexes of the columns that stay."""
    shown = list(range(len(columns)))
    if width is None:
        return shown
    least = [
        min(wide, NARROWEST_TEXT) if column.wrap else wide
        for column, wide in zip(columns, widths, strict=True)
    ]
    while _total(least, shown) > width:
        leaving = max(shown, key=lambda i: (columns[i].rank, i))
        if not columns[leaving].rank:
            break
        shown.remove(leaving)
    return shown


def _squeeze(columns: Sequence[Column], widths: list[int], shown: list[int], width: int) -> None:
    """Take what is too much from the columns that wrap, the widest first."""
    while (excess := _total(widths, shown) - width) > 0:
        soft = [i for i in shown if columns[i].wrap and widths[i] > NARROWEST_TEXT]
        if not soft:
            return
        widest = max(soft, key=lambda i: widths[i])
        widths[widest] = max(NARROWEST_TEXT, widths[widest] - excess)


def _padded(
    columns: Sequence[Column], widths: Sequence[int], shown: Sequence[int], row: Sequence[Cell]
) -> Iterable[tuple[Cell, ...]]:
    """Yield the lines of one row, each cell padded to its column's width but the last."""
    parts = {
        i: _wrapped(row[i].text, widths[i]) if columns[i].wrap else [row[i].text] for i in shown
    }
    for number in range(max(len(lines) for lines in parts.values())):
        line = []
        for i in shown:
            text = parts[i][number] if number < len(parts[i]) else ""
            blank = " " * (widths[i] - cells_wide(text))
            last = i == shown[-1]
            line.append(
                Cell(
                    blank + text if columns[i].right else text + ("" if last else blank),
                    row[i].style,
                )
            )
        yield tuple(line)


def _wrapped(text: str, width: int) -> list[str]:
    lines = [
        piece for line in text.split("\n") for piece in textwrap.wrap(line, max(width, 1)) or [""]
    ]
    return lines or [""]
