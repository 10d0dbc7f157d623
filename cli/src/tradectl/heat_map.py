"""A metric over two parameters or places as lines of text, fuller for more.

The shade says all: colours may be off, and not everybody sees them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tradectl_sdk.research.table import Surface

BLOCKS = " ░▒▓█"
SIGNS = ".-+*#"
_NOTHING = "?"


def heat_map(
    surface: Surface, form: Callable[[float], str], *, width: int | None, blocks: bool
) -> list[str]:
    """Draw a surface.

    Args:
        surface: The metric and its values.
        form: Writes a value for people.
        width: Terminal cells there are, or None for as many as needed.
        blocks: Whether block characters can be shown; plain signs stand for them where not.

    Returns:
        Lines: the rows from the least value up, the columns' values, and what the shades mean.
        Empty where nothing is known, or where a row finds no room.
    """
    values = surface.values
    labels = [_label(value) for value in surface.ys]
    margin = max(len(surface.down), *map(len, labels)) + 2
    wide = next((w for w in (3, 2, 1) if width is None or margin + w * len(surface.xs) <= width), 0)
    if not (np.isfinite(values).any() and wide):
        return []
    shades = BLOCKS if blocks else SIGNS
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    lines = [f"{surface.down.rjust(margin - 2)}"]
    for label, row in zip(labels, values, strict=True):
        cells = "".join(_shade(value, low, high, shades) * wide for value in row)
        lines.append(f"{label.rjust(margin - 2)}  {cells}")
    lines.append(" " * margin + _scale(surface, wide * len(surface.xs)))
    return [*lines, *_legend(low, high, shades, form, missing=bool(np.isnan(values).any()))]


def _label(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _shade(value: float, low: float, high: float, shades: str) -> str:
    if math.isnan(value):
        return _NOTHING
    if high <= low:
        return shades[-1]
    return shades[min(int((value - low) / (high - low) * len(shades)), len(shades) - 1)]


def _scale(surface: Surface, length: int) -> str:
    """The parameter's first and last value under the ends of the rows, its name between."""
    first, last = _label(surface.xs[0]), _label(surface.xs[-1])
    room = length - len(first) - len(last)
    if room >= len(surface.across) + 2:
        return f"{first}{surface.across.center(room)}{last}"
    return f"{surface.across} {first} to {last}"


def _legend(
    low: float, high: float, shades: str, form: Callable[[float], str], *, missing: bool
) -> Iterator[str]:
    step = (high - low) / len(shades)
    parts = [f"'{shade}' from {form(low + place * step)}" for place, shade in enumerate(shades)]
    yield ""
    yield ", ".join(parts) if high > low else f"'{shades[-1]}' is {form(low)} everywhere"
    if missing:
        yield f"'{_NOTHING}' was not tried, failed or is undefined"
