"""Maps of a sweep as pictures: on the page they are tables, which no other program can show."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.report.assets import asset
from tradectl_sdk.report.exporting import file_stem
from tradectl_sdk.report.inputs import colour_words, value_text
from tradectl_sdk.research.maps import maps_of
from tradectl_sdk.research.table import LESS_IS_BETTER
from tradectl_sdk.runs.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.research.storing import StoredSweep
    from tradectl_sdk.research.table import Surface

_WIDE, _HIGH = 64, 26  # a cell
_LEFT, _TOP = 96, 64  # room for the names of rows and columns


def map_files(sweep: StoredSweep, metric: str) -> Iterator[tuple[str, str]]:
    """Draw every map of a metric as a picture that stands alone, as (file name, text) pairs."""
    for one in maps_of(sweep, metric):
        surface = one.surface
        stem = file_stem(f"map-{metric}-{surface.down}-{surface.across}")
        others = f", the middle over {', '.join(one.others)}" if one.others else ""
        yield f"{stem}.svg", map_svg(surface, others)


def map_svg(surface: Surface, others: str = "") -> str:
    """Draw a metric over two parameters: a cell for each pair, the stronger its colour, the better.

    Args:
        surface: The values.
        others: Words on what they are the middle of.
    """
    metric = METRICS[surface.metric]
    title = f"{metric.label} by {surface.down} (down) and {surface.across} (across){others}"
    rows, columns = surface.values.shape
    width, height = max(_LEFT + _WIDE * columns + 8, 8 * len(title) + 16), _TOP + _HIGH * rows + 8
    label = escape(f"{title}; {colour_words(surface.metric)}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{label}">'
        f"<style>{asset('chart.css')}</style>"
        f'<text class="head" x="8" y="22">{escape(title)}</text>'
        f"{''.join(_names(surface))}{''.join(_cells(surface))}</svg>\n"
    )


def _names(surface: Surface) -> Iterator[str]:
    for column, value in enumerate(surface.xs):
        x = _LEFT + _WIDE * (column + 0.5)
        text = escape(value_text(value)[:10])
        yield f'<text class="tick" x="{x:g}" y="{_TOP - 8}" text-anchor="middle">{text}</text>'
    for row, value in enumerate(surface.ys):
        y = _TOP + _HIGH * (row + 0.65)
        text = escape(value_text(value)[:14])
        yield f'<text class="tick" x="{_LEFT - 8}" y="{y:g}" text-anchor="end">{text}</text>'


def _cells(surface: Surface) -> Iterator[str]:
    kind = METRICS[surface.metric].kind
    values = -surface.values if surface.metric in LESS_IS_BETTER else surface.values
    known = np.sort(values[np.isfinite(values)])
    for row, column in np.ndindex(values.shape):
        value = float(values[row, column])
        if not np.isfinite(value):
            continue
        share = np.searchsorted(known, value) / max(known.size - 1, 1)
        x, y = _LEFT + _WIDE * column, _TOP + _HIGH * row
        yield (
            f'<rect x="{x}" y="{y}" width="{_WIDE - 2}" height="{_HIGH - 2}" fill="#1f6feb" '
            f'fill-opacity="{0.05 + 0.5 * share:.2f}"/>'
            f'<text class="tick" x="{x + _WIDE / 2 - 1:g}" y="{y + _HIGH * 0.65:g}" '
            f'text-anchor="middle">{kind.format(float(surface.values[row, column]))}</text>'
        )
