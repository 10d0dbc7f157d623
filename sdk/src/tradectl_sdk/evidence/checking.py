"""What the functions of this room insist on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradectl_sdk.errors import UsageError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def finite_array(
    values: npt.ArrayLike, name: str, *, dimensions: int = 1, least: int = 2
) -> Floats:
    """Return values as float64, if they are what can be computed with.

    Args:
        values: What was given.
        name: What to call it in an error.
        dimensions: Dimensions it is to have.
        least: Fewest entries along the first one.

    Raises:
        UsageError: For another shape, too few values, NaN or infinities.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != dimensions:
        raise UsageError(f"{name} had {array.ndim} dimensions, expected {dimensions}")
    if array.shape[0] < least:
        raise UsageError(f"{name} had length {array.shape[0]}, expected {least} or more")
    if not np.isfinite(array).all():
        raise UsageError(
            f"{name} had missing or infinite values, expected finite ones",
            hint="leave such periods out, knowing what that means",
        )
    return array


def at_least(value: float, least: float, name: str) -> None:
    """Refuse a number that is too small.

    Raises:
        UsageError: If it is, or if it is NaN.
    """
    if not value >= least:
        raise UsageError(f"{name} was {value:g}, expected {least:g} or more")
