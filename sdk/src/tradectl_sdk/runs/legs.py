"""Fills cut into legs: what opened a position and what closed one, flips split in two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.runs.values import Integers, Records, apportion, money_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from tradectl_sdk.domain.instrument import Instrument


@dataclass(frozen=True, slots=True, eq=False)
class Legs:
    """Parts of fills, ordered by instrument and then by time; every field has shape (n,).

    Attributes:
        fill: Index of the fill the leg is a part of.
        lots: Quantity, positive.
        before: Signed position before the leg.
        opens: Whether the leg opens or adds to a position.
        value: Money units traded.
        fee: Money units paid; the legs of a fill add up to its fee.
    """

    fill: Integers
    lots: Integers
    before: Integers
    opens: npt.NDArray[np.bool_]
    value: Integers
    fee: Integers


def cut_into_legs(fills: Records, instruments: Sequence[Instrument]) -> Legs:
    """Cut fills into legs. Every instrument is flat before its first fill.

    Args:
        fills: Fills in the order they happened, of ``FILL_DTYPE``, shape (m,).
        instruments: The run's instruments.

    Returns:
        At least one leg a fill, two for a fill that turned the position around.
    """
    order = np.argsort(fills["instrument"], kind="stable")
    lots, side = fills["quantity"][order], fills["side"][order]
    before = _positions_before(fills["instrument"][order], side * lots)
    closable = np.where(before * side < 0, np.minimum(np.abs(before), lots), 0)
    flips = (closable > 0) & (closable < lots)

    source = np.repeat(np.arange(order.size), 1 + flips)
    second = np.concatenate(([False], source[1:] == source[:-1]))[: source.size]
    first_of_two = np.concatenate((second[1:], [False]))[: source.size]
    fill = order[source]
    whole, closing = lots[source], closable[source]
    part = np.where(second, whole - closing, np.where(first_of_two, closing, whole))
    before = np.where(second, 0, before[source])

    def split(total: Integers, head: Integers) -> Integers:
        return np.where(second, total - head, np.where(first_of_two, head, total))

    instrument, price = fills["instrument"][fill], fills["price"][fill]
    fee = fills["fee"][fill]
    return Legs(
        fill=fill,
        lots=part,
        before=before,
        opens=second | (closing == 0),
        value=split(
            money_values(instrument, price, whole, instruments),
            money_values(instrument, price, closing, instruments),
        ),
        fee=split(fee, apportion(fee, closing, whole)),
    )


def _positions_before(instrument: Integers, signed: Integers) -> Integers:
    """Signed position before each fill, fills being grouped by instrument."""
    before = np.concatenate(([0], np.cumsum(signed)))[:-1]
    firsts = np.flatnonzero(np.diff(instrument, prepend=-1))
    lengths = np.diff(np.append(firsts, instrument.size))
    offsets: Integers = np.repeat(before[firsts], lengths)
    return before - offsets
