"""Choosing between two levels."""

from __future__ import annotations


def nearer(one: float, other: float, side: int) -> float:
    """Return whichever level comes first in a direction.

    Args:
        one: A level, NaN for none.
        other: Another level, NaN for none.
        side: +1 upwards, -1 downwards; both levels lie on that side of the price in question.
    """
    if other != other:  # noqa: PLR0124 - NaN: there is no other
        return one
    if one != one or side * (other - one) < 0.0:  # noqa: PLR0124
        return other
    return one
