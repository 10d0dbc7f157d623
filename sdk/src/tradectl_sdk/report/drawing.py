"""A chart as SVG that needs neither script nor network."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.report.axes import time_ticks, value_ticks, written
from tradectl_sdk.report.thinning import one_a_pixel, thinned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradectl_sdk.report.contents import Chart, Line, Marks
    from tradectl_sdk.runs.metrics.drawdown import Integers
    from tradectl_sdk.runs.metrics.moments import Floats

WIDTH, HEIGHT = 960, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 14, 12, 30
DRAWN_PIXELS = 400  # resolution of the picture that needs no script
KEPT_PIXELS = 800  # resolution that zooming finds
KEPT_MARKS = 800
_SHAPES = {"up": "M{x} {y}l5 9h-10z", "down": "M{x} {y}l5 -9h-10z", "dot": "M{x} {y}m-3 0h6"}
_NANOSECONDS = 1_000_000_000


class Frame:
    """Where moments and values of a chart lie in its picture."""

    def __init__(self, chart: Chart) -> None:
        curves = [(line.time, finite(line.values)) for line in chart.lines]
        times = [time for time, _ in curves if time.size]
        self.start = min((int(time[0]) for time in times), default=0)
        self.end = max((int(time[-1]) for time in times), default=1)
        self.low, self.high = _range(chart)

    def x(self, time: Integers) -> Floats:
        """Horizontal places, shape (n,)."""
        span = max(self.end - self.start, 1)
        places: Floats = _LEFT + (time - self.start) / span * (WIDTH - _LEFT - _RIGHT)
        return places

    def y(self, values: Floats) -> Floats:
        """Vertical places, shape (n,)."""
        share = (self.high - values) / (self.high - self.low)
        places: Floats = _TOP + share * (HEIGHT - _TOP - _BOTTOM)
        return places


def finite(values: Floats) -> Floats:
    """The values that can be drawn."""
    return values[np.isfinite(values)]


def draw(chart: Chart) -> str:
    """Draw a chart as an ``svg`` element of a page, which has the style for it."""
    label = escape(f"{chart.title}. {chart.summary}", quote=True)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" class="chart" role="img" aria-label="{label}">'
        f"{inside(chart)}</svg>"
    )


def inside(chart: Chart) -> str:
    """Draw axes, curves and marks."""
    frame = Frame(chart)
    parts = [*_axes(frame, chart.unit)]
    parts += [_line(frame, line, index) for index, line in enumerate(chart.lines)]
    parts += [_marks(frame, marks) for marks in chart.marks]
    return "".join(parts)


def data_of(chart: Chart) -> str:
    """The chart's points as JSON that is safe inside a ``script`` element."""
    document = {
        "unit": chart.unit,
        "lines": [
            {"name": line.name, "filled": line.filled, **_line_points(line)} for line in chart.lines
        ],
        "marks": [
            {"name": marks.name, "shape": marks.shape, **_mark_points(marks)}
            for marks in chart.marks
        ],
    }
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _range(chart: Chart) -> tuple[float, float]:
    drawn: tuple[Line | Marks, ...] = (*chart.lines, *chart.marks)
    values = [each for each in (finite(one.values) for one in drawn) if each.size]
    low = min((float(each.min()) for each in values), default=0.0)
    high = max((float(each.max()) for each in values), default=1.0)
    if any(line.filled for line in chart.lines):
        low, high = min(low, 0.0), max(high, 0.0)
    room = (high - low) * 0.04 or abs(high) * 0.01 or 1.0
    touches = any(line.filled for line in chart.lines)
    return (
        low if touches and low == 0 else low - room,
        high if touches and high == 0 else high + room,
    )


def _axes(frame: Frame, unit: str) -> Iterator[str]:
    ticks = value_ticks(frame.low, frame.high, 5)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0.0
    for value in ticks:
        y = float(frame.y(np.array([value]))[0])
        name = "zero" if value == 0 else "grid"
        yield f'<path class="{name}" d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"/>'
        text = escape(written(value, unit, step))
        yield f'<text class="tick" text-anchor="end" x="{_LEFT - 8}" y="{y + 4:.1f}">{text}</text>'
    for moment, text in time_ticks(frame.start, frame.end, 8):
        x = float(frame.x(np.array([moment]))[0])
        yield (
            f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{HEIGHT - 8}">{text}</text>'
        )


def _drawable(line: Line, pixels: int) -> tuple[Integers, Floats]:
    kept = np.isfinite(line.values)
    time, values = (line.time, line.values) if kept.all() else (line.time[kept], line.values[kept])
    chosen = thinned(time, values, pixels)
    return time[chosen], values[chosen]


def _line(frame: Frame, line: Line, index: int) -> str:
    time, values = _drawable(line, DRAWN_PIXELS)
    if not time.size:
        return ""
    xs, ys = frame.x(time), frame.y(values)
    points = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs.tolist(), ys.tolist(), strict=True))
    area = ""
    if line.filled:
        zero = float(frame.y(np.zeros(1))[0])
        ends = f"{xs[-1]:.1f} {zero:.1f}L{xs[0]:.1f} {zero:.1f}"
        area = f'<path class="area c{index % 8}" d="M{points}L{ends}Z"/>'
    return f'{area}<path class="line c{index % 8}" d="M{points}"/>'


def _marks(frame: Frame, marks: Marks) -> str:
    chosen = one_a_pixel(marks.time, KEPT_MARKS)
    xs, ys = frame.x(marks.time[chosen]), frame.y(marks.values[chosen])
    shape = _SHAPES[marks.shape]
    path = "".join(
        shape.format(x=f"{x:.1f}", y=f"{y:.1f}")
        for x, y in zip(xs.tolist(), ys.tolist(), strict=True)
    )
    return f'<path class="mark {marks.shape}" d="{path}"/>' if path else ""


def _line_points(line: Line) -> dict[str, Any]:
    time, values = _drawable(line, KEPT_PIXELS)
    return _points(time, values)


def _mark_points(marks: Marks) -> dict[str, Any]:
    chosen = one_a_pixel(marks.time, KEPT_MARKS)
    return _points(marks.time[chosen], marks.values[chosen])


def _points(time: Integers, values: Floats) -> dict[str, Any]:
    """Moments as seconds, each but the first as the distance from the one before; values."""
    steps = np.diff(time, prepend=0)
    if (steps % _NANOSECONDS == 0).all():
        seconds: list[float] = (steps // _NANOSECONDS).tolist()
    else:
        seconds = [round(each, 3) for each in (steps / _NANOSECONDS).tolist()]
    return {"t": seconds, "v": [float(f"{value:.8g}") for value in values.tolist()]}
