"""The stationary bootstrap: samples of dependent returns with blocks of random length.

Politis and Romano (1994): a block begins anywhere, goes on with probability ``1 - 1 / block`` and
wraps around at the end, so the samples are stationary. The length is chosen as Politis and White
(2004) do, with the correction of Patton, Politis and White (2009).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tradectl_sdk.evidence.checking import (
    Floats,
    Integers,
    at_least,
    chance,
    finite_array,
    whole_number,
)

Statistic = Callable[[Floats], Floats]  # (draws, n) -> (draws,)

_AT_ONCE = 2_000_000  # values drawn in one piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval by percentiles of the bootstrap.

    Attributes:
        estimate: The statistic of the data.
        low: Lower end.
        high: Upper end.
        confidence: Share of the samples between the two.
    """

    estimate: float
    low: float
    high: float
    confidence: float


def block_length(values: npt.ArrayLike) -> float:
    """Return the expected block length that suits the dependence in a series.

    Args:
        values: The series, shape (n,), n at least 8.

    Returns:
        A length of 1 or more; 1 for a series that does not move.

    Raises:
        UsageError: For too few values, or missing ones.
    """
    series = finite_array(values, "values", least=8)
    n = series.size
    apart = series - series.mean()
    if not np.square(apart).sum() > 1e-24 * np.square(series).sum():
        return 1.0
    quiet = max(5, int(math.log10(n)))  # lags in a row that have to be insignificant
    lags = min(math.ceil(math.sqrt(n)) + quiet, n - 1)
    covariance = np.array([apart[lag:] @ apart[: n - lag] for lag in range(lags + 1)]) / n
    reach = min(2 * _last_significant(covariance / covariance[0], n, quiet), lags)
    lag = np.arange(-reach, reach + 1)
    weight = np.clip(2.0 * (1.0 - np.abs(lag) / max(reach, 1)), 0.0, 1.0)
    spectrum = weight * covariance[np.abs(lag)]
    bend, level = float(np.abs(lag) @ spectrum), float(spectrum.sum())
    if level == 0.0:
        return 1.0
    length = (bend**2 / level**2 * n) ** (1 / 3)
    return float(np.clip(length, 1.0, math.ceil(min(3 * math.sqrt(n), n / 3))))


def _last_significant(correlation: Floats, n: int, quiet: int) -> int:
    """Return the last lag before the first row of insignificant ones, at least 1."""
    loud = np.abs(correlation[1:]) > 2.0 * math.sqrt(math.log10(n) / n)
    for first in range(loud.size - quiet + 1):
        if not loud[first : first + quiet].any():
            return max(first, 1)
    found = np.flatnonzero(loud)
    return int(found[-1]) + 1 if found.size else 1


def stationary_indices(
    n: int, draws: int, block: float, generator: np.random.Generator
) -> Integers:
    """Draw positions of the stationary bootstrap.

    Args:
        n: Length of the series and of each sample.
        draws: Number of samples.
        block: Expected block length, 1 or more; 1 draws independently.
        generator: Source of chance.

    Returns:
        Positions in the series, shape (draws, n).
    """
    n = whole_number(n, 1, "n")
    at_least(block, 1, "block")
    begins = generator.random((draws, n)) < 1.0 / block
    begins[:, 0] = True
    start = generator.integers(0, n, (draws, n))
    at = np.arange(n)
    last = np.maximum.accumulate(np.where(begins, at, 0), axis=1)
    return (np.take_along_axis(start, last, axis=1) + at - last) % n


def bootstrap_statistic(
    values: npt.ArrayLike,
    statistic: Statistic,
    *,
    draws: int = 2000,
    block: float | None = None,
    seed: int = 0,
) -> Floats:
    """Compute a statistic of many samples of a series.

    Args:
        values: The series, shape (n,).
        statistic: Turns samples of shape (draws, n) into shape (draws,).
        draws: Number of samples.
        block: Expected block length; chosen by ``block_length`` unless given.
        seed: Of the chance.

    Returns:
        One value for each sample, shape (draws,).

    Raises:
        UsageError: For too few values, or missing ones.
    """
    series = finite_array(values, "values", least=8)
    draws = whole_number(draws, 1, "draws")
    length = block_length(series) if block is None else block
    generator = chance(seed)
    step = max(1, _AT_ONCE // series.size)
    return np.concatenate(
        [
            statistic(series[stationary_indices(series.size, count, length, generator)])
            for count in _pieces(draws, step)
        ]
    )


def confidence_interval(
    values: npt.ArrayLike,
    statistic: Statistic,
    *,
    confidence: float = 0.95,
    draws: int = 2000,
    block: float | None = None,
    seed: int = 0,
) -> Interval:
    """Return a percentile interval of a statistic; the arguments are ``bootstrap_statistic``'s.

    NaN where a sample has no value of the statistic.
    """
    series = finite_array(values, "values", least=8)
    drawn = bootstrap_statistic(series, statistic, draws=draws, block=block, seed=seed)
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(
        estimate=float(statistic(series[None, :])[0]),
        low=float(low),
        high=float(high),
        confidence=confidence,
    )


def sharpe_of(samples: Floats) -> Floats:
    """Sharpe ratio per period (ddof 1) of each row; NaN for a row that does not move."""
    deviation = samples.std(axis=1, ddof=1)
    ratios = np.full(samples.shape[0], np.nan)
    np.divide(samples.mean(axis=1), deviation, out=ratios, where=deviation > 0)
    return ratios


def growth_of(samples: Floats) -> Floats:
    """Compound return of each row of simple returns."""
    growth: Floats = np.prod(1.0 + samples, axis=1) - 1.0
    return growth


def drawdown_of(samples: Floats) -> Floats:
    """Largest share lost from a peak, the start included, of each row of simple returns."""
    wealth = np.cumprod(1.0 + samples, axis=1)
    peak = np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)
    deepest: Floats = (1.0 - wealth / peak).max(axis=1)
    return np.maximum(deepest, 0.0)


def _pieces(total: int, step: int) -> list[int]:
    return [min(step, total - done) for done in range(0, total, step)]
