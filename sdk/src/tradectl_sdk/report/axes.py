"""Where the ticks of an axis are, and how its values are written."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tradectl_sdk.runs.metrics.drawdown import Integers

# Unit of numpy's datetimes, multiples of it that make good steps, and how a tick is written.
_UNITS = (
    ("Y", (50, 20, 10, 5, 2, 1), "{0:.4}"),
    ("M", (6, 3, 1), "{0:.7}"),
    ("D", (14, 7, 2, 1), "{0:.10}"),
    ("h", (12, 6, 3, 1), "{0:.10} {1}"),
    ("m", (30, 15, 5, 1), "{1}"),
    ("s", (30, 15, 5, 1), "{1}"),
)


def value_ticks(low: float, high: float, count: int) -> list[float]:
    """Round values within a range, about ``count`` of them."""
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return [low]
    rough = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def time_ticks(start: int, end: int, count: int) -> list[tuple[int, str]]:
    """Round moments between two, at most ``count`` of them, as (UTC nanoseconds, text)."""
    best: list[tuple[int, str]] = []
    for unit, steps, form in _UNITS:
        for step in steps:
            found = _moments(start, end, unit, step, count)
            if found is None:
                return best
            if found.size >= len(best):
                best = [(int(each), _written(int(each), form)) for each in found]
    return best


def _moments(start: int, end: int, unit: str, step: int, count: int) -> Integers | None:
    """Multiples of a step within a range, None when they are too many."""
    edges = np.array([start, end], dtype="M8[ns]").astype(f"M8[{unit}]").astype(np.int64)
    first, last = int(edges[0]) // step * step, int(edges[1])
    if unit == "Y":
        first = (int(edges[0]) + 1970) // step * step - 1970
    if (last - first) // step >= count:
        return None
    numbers = np.arange(first, last + 1, step).astype(f"M8[{unit}]")
    moments: Integers = numbers.astype("M8[ns]").astype(np.int64)
    return moments[(moments >= start) & (moments <= end)]


def _written(moment: int, form: str) -> str:
    date, _, clock = str(np.datetime64(moment, "ns").astype("M8[s]")).partition("T")
    return form.format(date, clock[:5])


def written(value: float, unit: str, step: float = 0.0) -> str:
    """Write a value for people.

    Args:
        value: The value; a fraction where the unit is ``percent``.
        unit: ``percent``, or anything else.
        step: Distance of two ticks, which says how many digits are of use; two where it is 0.
    """
    if unit == "percent":
        value, step = value * 100, step * 100
    digits = 2 if step <= 0 else max(0, -math.floor(math.log10(step) + 1e-9))
    if step > 0 and digits < 6 and abs(step * 10**digits - round(step * 10**digits)) > 1e-6:
        digits += 1
    text = f"{value:,.{digits}f}"
    text = text.lstrip("-") if not text.strip("-0.,") else text
    return f"{text} %" if unit == "percent" else text
