"""What a report is made of: sections with charts, tables and words, all plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradectl_sdk.runs.metrics.drawdown import Integers
    from tradectl_sdk.runs.metrics.moments import Floats
    from tradectl_sdk.runs.record import RunRecord

    Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prices:
    """Bars of one instrument as a chart needs them.

    Attributes:
        instrument: Its name.
        time: UTC nanoseconds at which each bar closed, shape (n,).
        close: Last price of each, shape (n,).
    """

    instrument: str
    time: Integers
    close: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportedRun:
    """One run, with what is to be said of it that its record does not hold in words.

    Attributes:
        record: The run.
        assumptions: What was assumed, as (what, how) pairs.
        remarks: What its numbers should not be read without.
        prices: The bars it ran on, as far as they are still there.
        missing: Why there are no bars, for each instrument that has none.
        added: Sections that plugins add.
        failed: Why there is no section, for each that a plugin could not make.
    """

    record: RunRecord
    assumptions: Pairs = ()
    remarks: tuple[str, ...] = ()
    prices: tuple[Prices, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[Section, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """One curve of a chart.

    Attributes:
        name: What the legend calls it.
        time: UTC nanoseconds, not decreasing, shape (n,).
        values: What is drawn, shape (n,); what is not finite is left out.
        filled: Whether the room between curve and zero is filled.
    """

    name: str
    time: Integers
    values: Floats
    filled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Marks:
    """Points of one kind on a chart.

    Attributes:
        name: What the legend calls them.
        time: UTC nanoseconds, not decreasing, shape (n,).
        values: Where they are, shape (n,).
        shape: ``up``, ``down`` or ``dot``; colour alone tells nothing.
    """

    name: str
    time: Integers
    values: Floats
    shape: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chart:
    """Curves over time.

    Attributes:
        key: Names it within the report and as a file.
        title: Stands above it.
        summary: The chart in a sentence, for those who do not see it.
        lines: Its curves; at least one.
        marks: Points on them.
        unit: ``percent`` for fractions, or what the numbers are, such as a currency.
        note: What to know about how it was drawn.
    """

    key: str
    title: str
    summary: str
    lines: tuple[Line, ...]
    marks: tuple[Marks, ...] = ()
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a table.

    Attributes:
        text: What is shown.
        tone: ``gain`` or ``loss`` with a strength from 1 to 4, such as ``gain-2``; or nothing.
        title: What explains the value.
    """

    text: str
    tone: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under a heading.

    Attributes:
        key: Names it within the report and as a file.
        caption: What it holds.
        head: Headings.
        rows: As many cells each as there are headings; the first one names the row.
        text_columns: Columns beside the first that hold words instead of numbers.
        folded: Whether it is shown only on request.
        note: What to know about it.
    """

    key: str
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell | str, ...], ...]
    text_columns: frozenset[int] = frozenset()
    folded: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Paragraphs.

    Attributes:
        lines: One paragraph each, plain text.
        tone: ``warn`` where it should be seen, or nothing.
    """

    lines: tuple[str, ...]
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report.

    Attributes:
        key: Names it within the report.
        title: Its heading.
        parts: What it shows, from top to bottom.
    """

    key: str
    title: str
    parts: tuple[Chart | Table | Words, ...]
