"""How far a trade went for and against its owner while it was open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.runs.values import Integers, Records

Floats = npt.NDArray[np.float64]


def with_excursions(trades: Records, ranges: Mapping[int, tuple[Floats, Floats]]) -> Records:
    """Add the maximum favourable and adverse excursion of every closed trade.

    An excursion is the largest move from the average entry price, as a share of that price, over
    the bars from the entry's up to but without the exit's, and the exit itself. The exit's bar is
    left out because most of it may lie after the exit; the entry's is taken whole.

    Args:
        trades: Trades of ``TRADE_DTYPE``.
        ranges: High and low prices of every bar, shape (bars,) each, by instrument.

    Returns:
        A copy; open trades and instruments without bars keep NaN.
    """
    trades = trades.copy()
    for instrument, (high, low) in ranges.items():
        rows = np.flatnonzero((trades["instrument"] == instrument) & (trades["open"] == 0))
        if not rows.size or not high.size:
            continue
        own = trades[rows]
        entry, long = own["entry_price"], own["side"] > 0
        top = np.maximum(_extreme(np.maximum, high, own), own["exit_price"]) / entry - 1
        bottom = 1 - np.minimum(_extreme(np.minimum, low, own), own["exit_price"]) / entry
        trades["favourable"][rows] = np.maximum(np.where(long, top, bottom), 0)
        trades["adverse"][rows] = np.maximum(np.where(long, bottom, top), 0)
    return trades


def _extreme(pick: np.ufunc, prices: Floats, trades: Records) -> Floats:
    """Largest or smallest price of each trade's bars; its exit price when it has none."""
    start: Integers = trades["entry_bar"]
    stop: Integers = np.minimum(trades["exit_bar"], prices.size)
    # reduceat takes every second span, [start, stop); the pad keeps stop a valid index.
    spans = np.column_stack((start, stop)).ravel()
    padded = np.append(prices, prices[-1])
    extremes: Floats = pick.reduceat(padded, spans)[::2]
    return np.where(start < stop, extremes, trades["exit_price"])
