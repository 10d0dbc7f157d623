"""Arithmetic too rare for machine instructions: plain Python that is compiled with the unit."""

from __future__ import annotations


def true_divide(a: int, b: int) -> float:
    """Return ``a / b`` rounded once, for ints beyond 2**53 (``long_true_divide`` in CPython).

    Bits of the quotient are made by long division until there are at least 55: the 53 of a
    float, one to round by, and one that says whether anything was left.
    """
    negative = (a < 0) != (b < 0)
    a, b = abs(a), abs(b)
    quotient, rest, scale = a // b, a % b, 1.0
    while quotient < 1 << 54 and (quotient or rest):
        scale *= 0.5
        quotient *= 2
        missing = b - rest
        if rest >= missing:
            quotient += 1
            rest -= missing
        else:
            rest += rest
    if rest:
        quotient |= 1
    result = float(quotient) * scale
    return -result if negative else result
