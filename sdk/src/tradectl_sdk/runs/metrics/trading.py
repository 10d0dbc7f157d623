"""Statistics of closed trades.

``profits`` are the net profits of closed trades in the account's currency, in the order the trades
were closed, float64 of shape (n,). A trade that made exactly nothing is neither won nor lost. NaN
stands for "undefined": no trade, none won, none lost.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tradectl_sdk.runs.metrics.moments import Floats, mean, ratio, sample_deviation


def win_rate(profits: Floats) -> float:
    """Share of the trades that made money."""
    return ratio(float(np.count_nonzero(profits > 0)), float(profits.size))


def profit_factor(profits: Floats) -> float:
    """Sum of the profits over the sum of the losses; NaN when nothing was lost."""
    won, lost = profits[profits > 0].sum(), -profits[profits < 0].sum()
    return ratio(float(won), float(lost))


def average_win(profits: Floats) -> float:
    """Mean profit of the winning trades."""
    return mean(profits[profits > 0])


def average_loss(profits: Floats) -> float:
    """Mean result of the losing trades, a negative number."""
    return mean(profits[profits < 0])


def payoff_ratio(profits: Floats) -> float:
    """Average win over the size of the average loss."""
    return ratio(average_win(profits), -average_loss(profits))


def largest_win(profits: Floats) -> float:
    """Largest profit of one trade; NaN when none was won."""
    return float(profits.max()) if (profits > 0).any() else math.nan


def largest_loss(profits: Floats) -> float:
    """Largest loss of one trade, a negative number; NaN when none was lost."""
    return float(profits.min()) if (profits < 0).any() else math.nan


def longest_streak(chosen: npt.NDArray[np.bool_]) -> int:
    """Length of the longest run of True."""
    padded = np.zeros(chosen.size + 2, dtype=np.int8)
    padded[1:-1] = chosen
    edges = np.flatnonzero(np.diff(padded))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0


def system_quality_number(profits: Floats) -> float:
    """Square root of n times the mean over the standard deviation (ddof 1) (Tharp 2008).

    Tharp caps n at 100; this does not.
    """
    return ratio(mean(profits), sample_deviation(profits)) * math.sqrt(profits.size)


def kelly_fraction(profits: Floats) -> float:
    """Share of capital that Kelly (1956) would stake: win rate less loss rate over payoff.

    Trades that made nothing count as not won. Negative without an edge; NaN unless some trades
    were won and some lost.
    """
    rate = win_rate(profits)
    return rate - ratio(1.0 - rate, payoff_ratio(profits))
