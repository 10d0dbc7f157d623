"""Matching closing legs with the oldest open lots."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tradectl_sdk.runs.legs import Legs
from tradectl_sdk.runs.values import Integers, Records, apportion


def match_first_in_first_out(fills: Records, legs: Legs) -> Legs:
    """Cut legs further, so that every opening part is followed by the part that closes it.

    Lots entered and lots left, each laid end to end, are two rulers over the same length: the
    parts lie between neighbouring marks of either. The rulers agree whenever the position is
    flat, so longs and shorts of one instrument need no telling apart.

    Args:
        fills: The fills the legs were cut from.
        legs: Legs ordered by instrument and time.

    Returns:
        Legs of which every opening one starts a trade; the last ones of an instrument may have
        nothing that closes them. ``before`` has no meaning in them and is 0.
    """
    instrument = fills["instrument"][legs.fill]
    bounds = np.append(np.flatnonzero(np.diff(instrument, prepend=-1)), instrument.size)
    parts = [_match(np.arange(low, high), legs) for low, high in pairwise(bounds)]
    leg, start, stop = (np.concatenate(column) for column in zip(*parts, strict=True))
    whole = legs.lots[leg]

    def share(amount: Integers) -> Integers:
        return apportion(amount[leg], stop, whole) - apportion(amount[leg], start, whole)

    return Legs(
        fill=legs.fill[leg],
        lots=stop - start,
        before=np.zeros(leg.size, dtype=np.int64),
        opens=legs.opens[leg],
        value=share(legs.value),
        fee=share(legs.fee),
    )


def _match(own: Integers, legs: Legs) -> tuple[Integers, Integers, Integers]:
    """Match one instrument's legs; return leg, first lot and one past the last lot of each part."""
    entries, exits = own[legs.opens[own]], own[~legs.opens[own]]
    entered, left = np.cumsum(legs.lots[entries]), np.cumsum(legs.lots[exits])
    marks = np.union1d(entered, left)
    begin = np.concatenate(([0], marks[:-1]))
    entry = np.searchsorted(entered, marks)
    exit_ = np.searchsorted(left, marks)
    matched = exit_ < exits.size

    # Two rows a part, the second one missing where nothing closed it.
    leg = np.column_stack((entries[entry], np.append(exits, -1)[exit_])).ravel()
    before_leg = np.column_stack(
        ((entered - legs.lots[entries])[entry], np.append(left - legs.lots[exits], 0)[exit_])
    ).ravel()
    keep = np.column_stack((np.ones_like(matched), matched)).ravel()
    start = (np.repeat(begin, 2) - before_leg)[keep]
    stop = (np.repeat(marks, 2) - before_leg)[keep]
    return leg[keep], start, stop
