"""What a report shows as files for other programs: charts as SVG, numbers as CSV."""

from __future__ import annotations

import csv
import io
import re
from html import escape
from typing import TYPE_CHECKING, Any

from tradectl_sdk.report.assets import asset
from tradectl_sdk.report.contents import Chart
from tradectl_sdk.report.drawing import HEIGHT, WIDTH, inside
from tradectl_sdk.runs.rendering import fills_to_json, iso_times, orders_to_json, trades_to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tradectl_sdk.report.contents import Section
    from tradectl_sdk.runs.record import RunRecord

_HEAD = 34  # room for title and legend above a chart
_LETTER = 7.0  # about what a letter is wide
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def svg_files(sections: Iterable[Section]) -> Iterator[tuple[str, str]]:
    """Draw every chart as a picture that stands alone, as (file name, text) pairs."""
    for section in sections:
        for part in section.parts:
            if isinstance(part, Chart):
                yield f"{file_stem(part.key)}.svg", svg_file(part)


def svg_file(chart: Chart) -> str:
    """Draw one chart with its title and the names of its curves."""
    label = escape(f"{chart.title}. {chart.summary}", quote=True)
    unit = "" if chart.unit in {"", "percent"} else f" ({chart.unit})"
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {-_HEAD} {WIDTH} {HEIGHT + _HEAD}" '
        f'width="{WIDTH}" height="{HEIGHT + _HEAD}" role="img" aria-label="{label}">'
        f"<style>{asset('chart.css')}</style>"
        f'<text class="head" x="8" y="-14">{escape(chart.title + unit)}</text>'
        f"{''.join(_names(chart))}{inside(chart)}</svg>\n"
    )
    return _NOT_XML.sub("\ufffd", text)


def csv_files(record: RunRecord) -> Iterator[tuple[str, str]]:
    """Write the numbers of a run, none thinned or rounded, as (file name, text) pairs."""
    exposure = record.exposure
    curve = [iso_times(record.time), record.equity.tolist()]
    heads = ["time", "equity"]
    if exposure is not None:
        curve.append(exposure.tolist())
        heads.append("exposure")
    yield "equity.csv", csv_text(heads, zip(*curve, strict=True))
    yield "trades.csv", _table(trades_to_json(record.trades, record.instruments))
    yield "fills.csv", _table(fills_to_json(record.fills, record.instruments))
    yield "orders.csv", _table(orders_to_json(record.orders, record.instruments))
    metrics = record.metrics
    rows = ((name, value, metrics.undefined.get(name)) for name, value in metrics.values.items())
    yield "metrics.csv", csv_text(("metric", "value", "undefined"), rows)


def file_stem(key: str) -> str:
    """Make a file's name of a key, whoever gave it."""
    return re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")[:80] or "chart"


def _names(chart: Chart) -> Iterator[str]:
    names = [(line.name, f"line c{index % 8}") for index, line in enumerate(chart.lines)]
    if len(names) < 2:
        return
    right = float(WIDTH - 14)
    for name, kind in reversed(names):
        shown = name[:40]
        left = right - _LETTER * len(shown)
        yield f'<text class="name" x="{left:.0f}" y="-14">{escape(shown)}</text>'
        yield f'<path class="{kind}" d="M{left - 26:.0f} -18h20"/>'
        right = left - 44


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    heads = list(rows[0]) if rows else []
    return csv_text(heads, (row.values() for row in rows))


def csv_text(heads: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Write a table as CSV; None is an empty field."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    return file.getvalue()
