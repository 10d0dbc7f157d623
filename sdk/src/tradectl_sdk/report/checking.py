"""Sections from outside: refused whole where they are not what a page can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.errors import PluginError
from tradectl_sdk.report.contents import Cell, Chart, Section, Table, Words
from tradectl_sdk.report.markup import section_html

if TYPE_CHECKING:
    from tradectl_sdk.report.contents import Line, Marks

LARGEST = 500_000  # characters of one section's HTML
_MOST_CURVES = 8  # more cannot be told apart
_SHAPES = {"up", "down", "dot"}


def checked(section: object) -> Section:
    """Return a section that a page can show.

    Raises:
        PluginError: If it is none, is too large, or does not fit together; says how.
    """
    if not isinstance(section, Section):
        raise PluginError(f"gave a {type(section).__name__}, expected a Section or None")
    _text(section.key, "key")
    _text(section.title, "title")
    for part in section.parts:
        if isinstance(part, Chart):
            _check_chart(part)
        elif isinstance(part, Table):
            _check_table(part)
        elif not isinstance(part, Words):
            kind = type(part).__name__
            raise PluginError(f"had a {kind} as a part, expected Chart, Table or Words")
    size = len(section_html(section))
    if size > LARGEST:
        raise PluginError(f"was {size:,} characters of HTML, expected at most {LARGEST:,}")
    return section


def _check_chart(chart: Chart) -> None:
    _text(chart.key, "key of a chart")
    if not 1 <= len(chart.lines) <= _MOST_CURVES:
        raise PluginError(
            f"chart {chart.key!r} had {len(chart.lines)} lines, expected 1 to {_MOST_CURVES}"
        )
    curves: tuple[Line | Marks, ...] = (*chart.lines, *chart.marks)
    for curve in curves:
        _check_curve(chart, curve)
    for marks in chart.marks:
        if marks.shape not in _SHAPES:
            raise PluginError(
                f"marks {marks.name!r} had shape {marks.shape!r}, expected up, down or dot"
            )


def _check_curve(chart: Chart, curve: Line | Marks) -> None:
    what = f"{curve.name!r} of chart {chart.key!r}"
    time, values = np.asarray(curve.time), np.asarray(curve.values)
    if time.ndim != 1 or time.shape != values.shape:
        raise PluginError(f"{what} had times {time.shape} and values {values.shape}")
    if time.dtype != np.int64:
        raise PluginError(f"times of {what} were {time.dtype}, expected int64 of UTC nanoseconds")
    if (np.diff(time) < 0).any():
        raise PluginError(f"times of {what} went back, expected them in order")


def _check_table(table: Table) -> None:
    _text(table.key, "key of a table")
    for row in table.rows:
        if len(row) != len(table.head):
            raise PluginError(
                f"a row of table {table.key!r} had {len(row)} cells, expected {len(table.head)}"
            )
        for cell in row:
            _text(cell.text if isinstance(cell, Cell) else cell, f"a cell of {table.key!r}")


def _text(value: object, what: str) -> None:
    if not isinstance(value, str):
        raise PluginError(f"{what} was a {type(value).__name__}, expected text")
