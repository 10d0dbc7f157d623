"""How good forecasts were, once it is known what came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Forecasts beside what came.

    Attributes:
        count: Pairs of a forecast and what came.
        rank_correlation: Spearman's correlation of the two, the information coefficient: 1 where
            the order is right, 0 where there is no relation; None where one of them never varies.
        hits: Share of forecasts other than 0 whose sign was right; None where there is none.
        r_squared: One minus the squared error of the forecasts over that of always forecasting
            nothing (Campbell and Thompson, "Predicting excess stock returns out of sample", RFS
            2008, against 0 in place of their mean); below 0 where nothing would have been the
            better forecast. Means something only for forecasts in units of return.
    """

    count: int
    rank_correlation: float | None
    hits: float | None
    r_squared: float | None


def judge(forecasts: FloatArray, came: FloatArray) -> Quality:
    """Compare forecasts with what came, both of shape (n,); pairs with a NaN are left out."""
    both = np.isfinite(forecasts) & np.isfinite(came)
    first, second = forecasts[both], came[both]
    total = float(np.sum(second**2))
    signed = first != 0
    return Quality(
        count=len(first),
        rank_correlation=_correlation(_ranks(first), _ranks(second)),
        hits=float(np.mean(np.sign(first[signed]) == np.sign(second[signed])))
        if signed.any()
        else None,
        r_squared=1.0 - float(np.sum((second - first) ** 2)) / total if total else None,
    )


def _ranks(values: FloatArray) -> FloatArray:
    """Rank of each value from 1; equal ones share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    mean: FloatArray = last - (count - 1) / 2.0
    return mean[place]


def _correlation(first: FloatArray, second: FloatArray) -> float | None:
    if len(first) < 2:
        return None
    left, right = first - first.mean(), second - second.mean()
    scale = float(np.sqrt(np.sum(left**2) * np.sum(right**2)))
    return float(np.sum(left * right)) / scale if scale else None
