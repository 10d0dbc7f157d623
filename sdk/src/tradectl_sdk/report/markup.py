"""Sections as HTML; every text that comes from outside is escaped here and nowhere else."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.report.axes import written
from tradectl_sdk.report.contents import Cell, Chart, Table, Words
from tradectl_sdk.report.curves import month_ends
from tradectl_sdk.report.drawing import data_of, draw
from tradectl_sdk.report.thinning import one_a_pixel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.report.contents import Section
    from tradectl_sdk.runs.metrics.drawdown import Integers

_TABLE_ROWS = 60  # of the table behind a chart
# Characters of a row from which on paper it is printed smaller, so that it is printed whole
_WIDE = (120, 155, 205, 270, 355, 450)
_GAP = 1.3  # characters between two columns
_WRAPPED = 24  # characters of a column whose text may be broken


def section_html(section: Section, level: int = 2) -> str:
    """Write one section under a heading of this level."""
    key = escape(section.key, quote=True)
    parts = "\n".join(_part(part) for part in section.parts)
    return (
        f'<section id="{key}" aria-labelledby="{key}-title">'
        f'<h{level} id="{key}-title">{escape(section.title)}</h{level}>\n{parts}\n</section>'
    )


def _part(part: Chart | Table | Words) -> str:
    if isinstance(part, Chart):
        return _chart(part)
    if isinstance(part, Table):
        return table_html(part)
    tone = f' class="{escape(part.tone, quote=True)}"' if part.tone else ""
    return "\n".join(f"<p{tone}>{escape(line)}</p>" for line in part.lines)


def _chart(chart: Chart) -> str:
    key = escape(chart.key, quote=True)
    note = f'<p class="note">{escape(chart.note)}</p>' if chart.note else ""
    return (
        f'<figure class="figure" data-chart="{key}">'
        f"<figcaption>{escape(chart.title)}{_unit(chart)}</figcaption>"
        f"{_legend(chart)}"
        f'<div class="canvas">{draw(chart)}</div>'
        f'<script type="application/json">{data_of(chart)}</script>'
        f"{note}{table_html(behind(chart))}</figure>"
    )


def _unit(chart: Chart) -> str:
    if not chart.unit or chart.unit == "percent":
        return ""
    return f' <span class="unit">{escape(chart.unit)}</span>'


def _legend(chart: Chart) -> str:
    if len(chart.lines) + len(chart.marks) < 2:
        return ""
    items = [
        f'<li><svg class="key" viewBox="0 0 20 10" aria-hidden="true">'
        f'<path class="line c{index % 8}" d="M0 5H20"/></svg>{escape(line.name)}</li>'
        for index, line in enumerate(chart.lines)
    ]
    shapes = {"up": "M10 0l5 9h-10z", "down": "M10 9l5 -9h-10z", "dot": "M7 5h6"}
    items += [
        f'<li><svg class="key" viewBox="0 0 20 10" aria-hidden="true">'
        f'<path class="mark {marks.shape}" d="{shapes[marks.shape]}"/></svg>'
        f"{escape(marks.name)}</li>"
        for marks in chart.marks
    ]
    return f'<ul class="legend">{"".join(items)}</ul>'


def behind(chart: Chart) -> Table:
    """The table behind a chart: its curves at the ends of months, or at even distances."""
    longest = max(chart.lines, key=lambda line: line.time.size)
    rows = _sampled(longest.time)
    times = longest.time[rows]
    columns = []
    for line in chart.lines:
        at = np.searchsorted(line.time, times, side="right") - 1
        columns.append(
            [
                written(float(line.values[index]), chart.unit)
                if index >= 0 and np.isfinite(line.values[index])
                else ""
                for index in at.tolist()
            ]
        )
    stamps = [str(each).replace("T", " ") for each in times.astype("M8[ns]").astype("M8[m]")]
    return Table(
        key=f"{chart.key}-data",
        caption=f"{chart.title}: values",
        head=("Time (UTC)", *(line.name for line in chart.lines)),
        rows=tuple(zip(stamps, *columns, strict=True)),
        folded=True,
    )


def _sampled(time: Integers) -> Integers:
    ends = month_ends(time)
    if 6 <= ends.size <= _TABLE_ROWS:
        return ends
    if ends.size > _TABLE_ROWS:
        return ends[:: -(ends.size // -_TABLE_ROWS)]
    return one_a_pixel(time, _TABLE_ROWS)


def table_html(table: Table) -> str:
    """Write a table; wide ones scroll within themselves."""
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    head = "".join(
        f'<th scope="col"{_kind(table, index)}>{escape(name)}</th>'
        for index, name in enumerate(table.head)
    )
    body = "".join(f"<tr>{''.join(_cells(table, row))}</tr>" for row in table.rows)
    caption = escape(table.caption)
    name = escape(table.caption, quote=True)
    inner = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{name}"><table{_wide(table)}>'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        f"</table></div>{note}"
    )
    if table.folded:
        return f"<details><summary>{caption}</summary>{inner}</details>"
    return inner


def _wide(table: Table) -> str:
    """Say how much wider than paper a table is, if it is."""
    breadth = 0.0
    for index, name in enumerate(table.head):
        texts = (_cell(row[index]).text for row in table.rows if index < len(row))
        longest = max(map(len, texts), default=0)
        if index == 0 or index in table.text_columns:
            longest = min(longest, _WRAPPED)
        breadth += max(longest, *map(len, name.split() or [""])) + _GAP
    level = sum(breadth > each for each in _WIDE)
    return f' class="wide-{level}"' if level else ""


def _cell(value: Cell | str) -> Cell:
    return value if isinstance(value, Cell) else Cell(value)


def _cells(table: Table, row: tuple[Cell | str, ...]) -> Iterator[str]:
    for index, value in enumerate(row):
        cell = _cell(value)
        title = f' title="{escape(cell.title, quote=True)}"' if cell.title else ""
        if index == 0:
            yield f'<th scope="row"{title}>{escape(cell.text)}</th>'
        else:
            kind = _kind(table, index, cell.tone)
            yield f"<td{kind}{title}>{escape(cell.text)}</td>"


def _kind(table: Table, index: int, tone: str = "") -> str:
    number = index > 0 and index not in table.text_columns
    names = " ".join(name for name in ("number" if number else "", tone) if name)
    return f' class="{escape(names, quote=True)}"' if names else ""
