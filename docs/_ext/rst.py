"""The pieces of reStructuredText that reference pages are made of."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def section(title: str) -> Iterator[str]:
    """Yield a heading."""
    yield from ("", title, "-" * len(title), "")


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield a list-table; cells are reStructuredText of one line."""
    yield from ("", ".. list-table::", "   :header-rows: 1", "   :align: left", "")
    for row in (header, *rows):
        for position, cell in enumerate(row):
            marker = "* -" if position == 0 else "  -"
            yield f"   {marker} {cell}".rstrip()
    yield ""


def literal(text: str) -> Iterator[str]:
    """Yield text as it is, without highlighting."""
    yield from ("", ".. code-block:: text", "", *textwrap.indent(text, "   ").splitlines(), "")
