"""Fewer points that look the same: the lowest and the highest of what falls on one pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tradectl_sdk.runs.metrics.drawdown import Integers
    from tradectl_sdk.runs.metrics.moments import Floats


def thinned(time: Integers, values: Floats, pixels: int) -> Integers:
    """Choose the points of a curve that a picture of some width can show.

    The first and the last point stay, and of every pixel in between the lowest and the highest,
    so that no spike is lost.

    Args:
        time: UTC nanoseconds, not decreasing, shape (n,).
        values: Finite, shape (n,).
        pixels: How wide the picture is.

    Returns:
        Indices in order; all of them where there are no more than two a pixel.
    """
    if time.size <= 2 * pixels:
        return np.arange(time.size)
    kept = [0, time.size - 1]
    starts = pixel_starts(time, pixels)
    for start, end in zip(starts, [*starts[1:], time.size], strict=True):
        part = values[start:end]
        kept += [start + int(part.argmin()), start + int(part.argmax())]
    return np.unique(np.array(kept, dtype=np.int64))


def one_a_pixel(time: Integers, pixels: int) -> Integers:
    """Choose the first point of every pixel, as indices; all where there are few."""
    if time.size <= pixels:
        return np.arange(time.size)
    return np.array(pixel_starts(time, pixels), dtype=np.int64)


def pixel_starts(time: Integers, pixels: int) -> list[int]:
    """Index of the first point on every pixel that has one."""
    edges = np.linspace(float(time[0]), float(time[-1]), pixels + 1)[:-1]
    starts = np.unique(np.searchsorted(time, edges.astype(np.int64)))
    return [int(start) for start in starts if start < time.size]
