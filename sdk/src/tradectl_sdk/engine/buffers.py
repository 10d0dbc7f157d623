"""Memory that machine code and plain Python share.

A memoryview hands out Python ints and floats, twice as fast as a NumPy array hands out its own
scalars, and costs no copy. Short per-instrument tables are lists, which are faster still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Ints: TypeAlias = "memoryview[int]"
Floats: TypeAlias = "memoryview[float]"


def _view(array: NDArray[Any]) -> Any:
    # NumPy 2.4 declares no buffer protocol on Python 3.11, so type checkers refuse the plain call.
    return memoryview(array)  # type: ignore[arg-type]


def ints(count: int) -> Ints:
    """Return zeroed int64 memory."""
    view: Ints = _view(np.zeros(count, np.int64))
    return view


def table(rows: int, width: int) -> Ints:
    """Return a zeroed int64 table; memory that is never touched costs nothing."""
    view: Ints = _view(np.zeros((rows, width), np.int64))
    return view


def floats(count: int) -> Floats:
    """Return float64 memory, uninitialised."""
    view: Floats = _view(np.empty(count, np.float64))
    return view


def view_ints(array: NDArray[np.int64]) -> Ints:
    """View an int64 array, copying only when it is not contiguous."""
    view: Ints = _view(np.ascontiguousarray(array, np.int64))
    return view


def view_floats(array: NDArray[np.float64]) -> Floats:
    """View a float64 array, copying only when it is not contiguous."""
    view: Floats = _view(np.ascontiguousarray(array, np.float64))
    return view


def doubled(memory: Ints) -> Ints:
    """Return zeroed memory of twice the rows that begins with what ``memory`` held."""
    held = np.asarray(memory)
    larger: NDArray[Any] = np.zeros((2 * len(held), *held.shape[1:]), np.int64)
    larger[: len(held)] = held
    view: Ints = _view(larger)
    return view
