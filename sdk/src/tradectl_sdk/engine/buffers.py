"""Memory that machine code and plain Python share.

A memoryview hands out Python ints and floats, twice as fast as a NumPy array hands out its own
scalars, and costs no copy. Short per-instrument tables are lists, which are faster still.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Ints: TypeAlias = "memoryview[int]"
Floats: TypeAlias = "memoryview[float]"


def _view(array: NDArray[Any]) -> Any:
    # NumPy 2.4 declares no buffer protocol on Python 3.11, so type checkers refuse the plain call.
    return memoryview(array)  # type: ignore[arg-type]


# Clearing fresh pages costs as much as a third of a run with many orders. A sweep makes the same
# tables again and again, so the memory of the last ones is used anew once nobody refers to it.
_LEAST, _MOST = 1 << 20, 8  # bytes worth keeping; how many are kept
_kept: dict[int, NDArray[Any]] = {}
_OURS = 2  # references to an array taken out of there: the variable and an argument


def _memory(shape: tuple[int, ...], dtype: type) -> Any:
    """Return a view of memory that may hold anything."""
    for key in list(_kept):
        array = _kept.pop(key, None)  # out of reach of other threads while it is looked at
        if array is None:
            continue
        free = sys.getrefcount(array) == _OURS
        view = _view(array) if free and array.shape == shape and array.dtype == dtype else None
        _kept[key] = array
        if view is not None:
            return view
    array = np.empty(shape, dtype)
    if array.nbytes >= _LEAST:
        while len(_kept) >= _MOST:
            _kept.pop(next(iter(_kept)), None)
        _kept[id(array)] = array
    return _view(array)


def ints(count: int) -> Ints:
    """Return zeroed int64 memory; what is never touched costs nothing."""
    view: Ints = _view(np.zeros(count, np.int64))
    return view


def table(rows: int, width: int) -> Ints:
    """Return an int64 table, uninitialised; whoever adds a row writes all of it."""
    view: Ints = _memory((rows, width), np.int64)
    return view


def floats(count: int) -> Floats:
    """Return float64 memory, uninitialised."""
    view: Floats = _memory((count,), np.float64)
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
