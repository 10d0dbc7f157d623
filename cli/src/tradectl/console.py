"""Everything tradectl prints goes through one :class:`Output`.

Data goes to standard output; messages, warnings, progress and errors go to standard error.
With ``--json`` standard output gets exactly one document, the envelope, and nothing else does; a
command that fails prints its error document to standard error and leaves standard output empty.
Colour is for terminals only, and never carries meaning alone.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any, TextIO

from tradectl.layout import Cell, Column, clean, lay_out
from tradectl.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tradectl.failures import Failure

STYLES: Mapping[str, str] = {
    "heading": "2",
    "dim": "2",
    "bold": "1",
    "ok": "32",
    "warn": "33",
    "fail": "31",
    "skip": "2",
    "live": "1;31",
}


def may_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Say whether a stream may get colours: a terminal, not dumb, and NO_COLOR not set."""
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return stream.isatty()


class Output:
    """What one command prints.

    A command calls :meth:`result` once with the data of its JSON document, draws the same data
    for people with :meth:`table`, :meth:`fields` and :meth:`line` (which are silent with
    ``--json``), and names what to do next with :meth:`next`. Call :meth:`finish` last; the
    application does that for every command.

    Args:
        as_json: Print one JSON document instead of screens.
        quiet: Print no messages and no next steps.
        colour: False for none at all; True for streams that can show it.
        stdout: Where data goes.
        stderr: Where everything else goes.
        width: Terminal cells of a line; found out when left out.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        quiet: bool = False,
        colour: bool = True,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        width: int | None = None,
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._out = stdout or sys.stdout
        self._err = stderr or sys.stderr
        self._colour = {
            stream: colour and may_colour(stream, os.environ) for stream in (self._out, self._err)
        }
        self._width = width
        self._warnings: list[dict[str, str]] = []
        self._next: list[str] = []
        self._result: tuple[str, object] | None = None

    @property
    def width(self) -> int | None:
        """Terminal cells of a line of data, or None where lines may be as long as they are."""
        if self._width is not None:
            return self._width
        if self._out.isatty() or os.environ.get("COLUMNS", "").isdigit():
            return shutil.get_terminal_size().columns
        return None

    @property
    def draws_blocks(self) -> bool:
        """Whether data may hold block characters, which not every encoding has."""
        try:
            "░▒▓█".encode(getattr(self._out, "encoding", None) or "utf-8")
        except UnicodeEncodeError:
            return False
        return True

    def line(self, text: str = "", style: str = "") -> None:
        """Print a line of data."""
        self.cells(Cell(text, style))

    def cells(self, *cells: Cell) -> None:
        """Print a line of data whose parts differ in style."""
        if not self.as_json:
            self._write(self._out, cells)

    def text(self, text: str, *, indent: str = "") -> None:
        """Print paragraphs, broken at the terminal's edge (at 88 where there is none)."""
        width = min(self.width or 88, 88)
        for paragraph in text.strip().split("\n\n"):
            self.line(_paragraph(paragraph, width, indent))
            self.line()

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str | Cell]]) -> None:
        """Print rows in aligned columns; those that find no room are named on standard error."""
        if self.as_json:
            return
        body = [[_cell(value) for value in row] for row in rows]
        table = lay_out(columns, body, width=self.width)
        for line in table.lines:
            self._write(self._out, _with_gutters(line))
        if table.hidden:
            self.note(f"no room for: {', '.join(table.hidden)} (a wider terminal or --json has it)")

    def fields(self, pairs: Iterable[tuple[str, str | Cell]]) -> None:
        """Print names and values as two columns without a heading."""
        if self.as_json:
            return
        columns = (Column(title=""), Column(title="", wrap=True))
        rows = [(Cell(name, "dim"), _cell(value)) for name, value in pairs]
        for line in lay_out(columns, rows, width=self.width).lines:
            self._write(self._out, _with_gutters(line))

    def note(self, text: str) -> None:
        """Say something on standard error that is neither data nor a warning."""
        if not (self.quiet or self.as_json):
            self._write(self._err, (Cell(text, "dim"),))

    def warn(self, message: str, *, hint: str = "") -> None:
        """Warn; with ``--json`` the warning is part of the document."""
        self._warnings.append({"message": message, "hint": hint})
        if self.as_json:
            return
        self._write(self._err, (Cell("warning:", "warn"), Cell(f" {message}")))
        if hint:
            self._write(self._err, (Cell("  hint:", "dim"), Cell(f" {hint}")))

    def next(self, *commands: str) -> None:
        """Name the sensible next commands; they are printed when the command is done."""
        self._next += commands

    def result(self, schema: str, data: object) -> None:
        """Give the data of the JSON document.

        Args:
            schema: Name and version, such as ``plugin-list/1``.
            data: Plain values, dataclasses, paths, decimals, dates.
        """
        self._result = (schema, data)

    def finish(self, *, ok: bool) -> None:
        """Print what waits until the command is done: the document, or the next steps."""
        if self.as_json and self._result is not None:
            schema, data = self._result
            self._write_json(
                self._out,
                {
                    "schema": f"tradectl.{schema}",
                    "ok": ok,
                    "data": plain(data),
                    "warnings": self._warnings,
                    "next": self._next,
                },
            )
        elif self._next and not (self.as_json or self.quiet):
            if self._err.isatty():
                self._err.write("\n")
            for number, command in enumerate(self._next):
                self._write(
                    self._err, (Cell("     " if number else "next:", "dim"), Cell(f" {command}"))
                )

    def failure(self, failure: Failure) -> None:
        """Print why the command failed, the hint that mends it last."""
        if self.as_json:
            self._write_json(self._err, failure.document())
            return
        if failure.traceback:
            self._write(self._err, (Cell(failure.traceback.rstrip()),))
        self._write(self._err, (Cell("error:", "fail"), Cell(f" {failure.message}")))
        for detail in (*failure.problems, *failure.findings):
            self._write(self._err, (Cell(f"  {detail}"),))
        if failure.hint:
            self._write(self._err, (Cell("hint:", "dim"), Cell(f" {failure.hint}")))

    def _write(self, stream: TextIO, cells: Iterable[Cell]) -> None:
        colour = self._colour[stream]
        text = "".join(_styled(cell, colour=colour) for cell in cells)
        if stream is self._err:
            self._out.flush()  # where both end in one file, they keep the order they were said in
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(text.rstrip().encode(encoding, "backslashreplace").decode(encoding) + "\n")

    def _write_json(self, stream: TextIO, document: Mapping[str, Any]) -> None:
        indent = 2 if stream.isatty() else None
        stream.write(json.dumps(document, indent=indent, allow_nan=False) + "\n")


def _cell(value: str | Cell) -> Cell:
    return Cell(value) if isinstance(value, str) else value


def _with_gutters(line: Sequence[Cell]) -> list[Cell]:
    return [part for cell in line for part in (cell, Cell("  "))][:-1]


def _styled(cell: Cell, *, colour: bool) -> str:
    text = clean(cell.text)
    code = STYLES.get(cell.style, "")
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code and text.strip() else text


def _paragraph(paragraph: str, width: int, indent: str) -> str:
    """Refill a paragraph, but leave lists and indented blocks as they are."""
    lines = paragraph.split("\n")
    if any(line.startswith((" ", "-", "*")) for line in lines):
        return "\n".join(indent + line for line in lines)
    return textwrap.fill(
        " ".join(lines),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
