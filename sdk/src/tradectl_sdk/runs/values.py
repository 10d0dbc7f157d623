"""Exact worth of fills in money units, on whole arrays at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.domain.instrument import Instrument

Integers = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]

_MAX_INT64 = 2**63 - 1


def money_values(
    instrument: Integers, ticks: Integers, lots: Integers, instruments: Sequence[Instrument]
) -> Integers:
    """Worth of lots at prices, in money units, rounded half up as the simulated account does.

    Args:
        instrument: Index into ``instruments``, shape (n,).
        ticks: Prices, not negative, shape (n,). Products must fit 64 bits, which the risk gate
            sees to for every order.
        lots: Quantities, not negative, shape (n,).
        instruments: The run's instruments.

    Returns:
        Money units, shape (n,).
    """
    if not instrument.size:
        return np.empty(0, dtype=np.int64)
    scales = [each.value_scale for each in instruments]
    numerator = np.array([scale.numerator for scale in scales], dtype=np.int64)[instrument]
    if all(scale.denominator == 1 for scale in scales):
        return ticks * lots * numerator
    denominator = np.array([scale.denominator for scale in scales], dtype=np.int64)[instrument]
    whole, rest = np.divmod(lots, denominator)
    rounded: Integers = (ticks * rest * numerator + denominator // 2) // denominator
    return ticks * whole * numerator + rounded


def apportion(amount: Integers, part: Integers, whole: Integers) -> Integers:
    """Return ``amount * part // whole`` without overflow, shape (n,).

    Shares of consecutive parts, each taken as the difference of two calls, add up exactly.
    """
    if not amount.size:
        return amount
    shares: Integers
    if int(np.abs(amount).max()) * int(part.max()) <= _MAX_INT64:
        shares = amount * part // whole
        return shares
    exact = amount.astype(object) * part.astype(object) // whole.astype(object)
    shares = exact.astype(np.int64)
    return shares


def exact_sum(values: Integers) -> int:
    """Sum int64 values without wrapping around, whatever they add up to."""
    upper, lower = values >> 32, values & 0xFFFF_FFFF
    return (int(upper.sum()) << 32) + int(lower.sum())


def traded_value(fills: Records, instruments: Sequence[Instrument]) -> int:
    """Value bought plus value sold, in money units."""
    values = money_values(fills["instrument"], fills["price"], fills["quantity"], instruments)
    return exact_sum(values)


def slippage_cost(fills: Records, instruments: Sequence[Instrument]) -> int:
    """What the fills cost beyond their reference prices, in money units; negative is a gain."""
    worse = (fills["price"] - fills["reference"]) * fills["side"]
    size = money_values(fills["instrument"], np.abs(worse), fills["quantity"], instruments)
    return exact_sum(np.sign(worse) * size)
