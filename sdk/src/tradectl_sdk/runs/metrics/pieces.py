"""Long curves in pieces: what is computed of a point is needed for a sum or an extreme only.

A sum of floats depends on the order of its additions. NumPy adds a long array by halves (pairwise
summation, Higham 1993), so sums here are taken by the same halves, down to pieces that fit into a
cache: they are equal to NumPy's of the whole array, to the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Floats = npt.NDArray[np.float64]

PIECE = 65_536  # points; at least 16, so that a half is not nothing
_STEP = 8  # halves are whole multiples of it, as NumPy's are


class Curve(Protocol):
    """What is read like a float64 array of shape (n,): one, or one that is computed where read."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    def __getitem__(self, rows: slice | npt.NDArray[np.int64], /) -> Floats:
        """Values at some points."""


def pieces(size: int) -> Iterator[slice]:
    """Cut so many points into pieces, in order."""
    for start in range(0, size, PIECE):
        yield slice(start, min(start + PIECE, size))


def sums(size: int, values_of: Callable[[slice], tuple[Floats, ...]]) -> Floats:
    """Add up several values of every point.

    Args:
        size: Number of points.
        values_of: The values of the points of a piece, arrays of its shape; called once for each
            piece, in order.

    Returns:
        The sums, as NumPy's ``sum`` of the whole arrays.
    """
    return _sums(0, size, values_of)


def _sums(start: int, stop: int, values_of: Callable[[slice], tuple[Floats, ...]]) -> Floats:
    size = stop - start
    if size <= PIECE:
        return np.array([np.add.reduce(values) for values in values_of(slice(start, stop))])
    half = start + size // 2 // _STEP * _STEP
    before = _sums(start, half, values_of)
    return before + _sums(half, stop, values_of)
