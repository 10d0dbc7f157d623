"""What the functions of this room insist on."""

from __future__ import annotations

import operator

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
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(
            f"{name} was no array of numbers, expected one",
            hint="a list of numbers will do; rows of a table must be equally long",
        ) from None
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


def chance(seed: int) -> np.random.Generator:
    """Return the source of chance of a seed.

    Raises:
        UsageError: If it is no whole number from 0 on.
    """
    return np.random.default_rng(whole_number(seed, 0, "seed"))


def at_least(value: float, least: float, name: str) -> None:
    """Refuse a number that is too small.

    Raises:
        UsageError: If it is, or if it is NaN.
    """
    try:
        enough = bool(value >= least)
    except (TypeError, ValueError):
        raise UsageError(
            f"{name} was {value!r}, expected a number of {least:g} or more",
            hint=f"such as {name}={max(least, 1):g}",
        ) from None
    if not enough:
        raise UsageError(f"{name} was {value:g}, expected {least:g} or more")


def whole_number(value: int, least: int, name: str) -> int:
    """Return a count as Python's whole number.

    Raises:
        UsageError: If it is none, or too small.
    """
    try:
        found = operator.index(value)
    except TypeError:
        raise UsageError(
            f"{name} was {value!r}, expected a whole number of {least} or more",
            hint=f"such as {name}={max(least, 1)}",
        ) from None
    at_least(found, least, name)
    return found
