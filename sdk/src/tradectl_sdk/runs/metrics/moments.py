"""Moments, tails and trend of a series of returns.

Every function takes a float64 array of shape (n,) and returns a float. NaN in gives NaN out: a
missing return is never skipped in silence. NaN also stands for "undefined": too few values, or a
division by nothing.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# A deviation this small relative to the mean is rounding noise of equal values.
_NOISE = 8 * float(np.finfo(np.float64).eps)


def ratio(numerator: float, denominator: float) -> float:
    """Divide, or return NaN when there is nothing to divide by."""
    return numerator / denominator if denominator else math.nan


def mean(values: Floats) -> float:
    """Arithmetic mean; NaN for an empty array."""
    return _mean(values) if values.size else math.nan


def _mean(values: Floats) -> float:
    # As ``values.mean()`` computes it, to the bit, in a third of the time for a few years' days.
    return float(np.add.reduce(values) / values.size)


class Spread:
    """How values lie about their mean, for who wants to know several things of it.

    Attributes:
        average: As :func:`mean`.
        deviation: As :func:`sample_deviation`.
    """

    def __init__(self, values: Floats) -> None:
        self.average, self.deviation = mean(values), math.nan
        self._centred = values - self.average
        if values.size >= 2:
            # As ``values.std(ddof=1)``, to the bit.
            squares = np.add.reduce(np.square(self._centred))
            deviation = math.sqrt(squares / (values.size - 1))
            self.deviation = 0.0 if deviation <= _NOISE * abs(self.average) else deviation

    def standardised_moments(self) -> tuple[float, float]:
        """:func:`skewness` and :func:`kurtosis`, to the bit."""
        centred = self._centred
        if centred.size < 2 or not self.deviation:
            return math.nan, math.nan
        variance = float(centred @ centred) / centred.size
        third, fourth = _mean(centred**3), _mean(centred**4)
        return third / math.pow(variance, 1.5), fourth / math.pow(variance, 2.0)


def sample_deviation(values: Floats) -> float:
    """Standard deviation with n - 1 in the denominator (ddof 1); NaN for fewer than two values.

    Equal values give exactly 0, not the rounding noise of their mean.
    """
    return Spread(values).deviation


def skewness(values: Floats) -> float:
    """Third standardised moment, population form (g1, no small-sample correction).

    The form that the standard error of the Sharpe ratio uses. NaN without variation.
    """
    return Spread(values).standardised_moments()[0]


def kurtosis(values: Floats) -> float:
    """Fourth standardised moment, population form (Pearson: 3 for a normal distribution)."""
    return Spread(values).standardised_moments()[1]


def excess_kurtosis(values: Floats) -> float:
    """Kurtosis less 3 (Fisher, g2): 0 for a normal distribution, more for fat tails."""
    return kurtosis(values) - 3.0


def autocorrelation(values: Floats, lag: int = 1) -> float:
    """Sample autocorrelation at a lag: lagged products over the sum of squares (Box-Jenkins).

    NaN for fewer than ``lag + 2`` values or no variation.
    """
    if values.size < lag + 2 or not sample_deviation(values):
        return math.nan
    centred = values - values.mean()
    return float(centred[:-lag] @ centred[lag:]) / float(centred @ centred)


def quantile(values: Floats, share: float) -> float:
    """The value that a share of all lies below, between neighbours in a straight line.

    Hyndman and Fan (1996), type 7, to the bit what ``np.quantile`` gives, which would import masked
    arrays on the way. NaN for an empty array.
    """
    if not values.size:
        return math.nan
    ordered = np.sort(values)  # NaN comes last
    if math.isnan(ordered[-1]):
        return math.nan
    place = (ordered.size - 1) * share
    before = math.floor(place)
    low, high = float(ordered[before]), float(ordered[min(before + 1, ordered.size - 1)])
    part = place - before
    # Taken from the nearer neighbour, so that it never leaves the two.
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def value_at_risk(returns: Floats, confidence: float = 0.95) -> float:
    """Historical value at risk: the loss that the share ``1 - confidence`` of returns exceeds.

    A loss is a positive number; negative when even the quantile is a gain. NaN for an empty array.
    """
    return -quantile(returns, 1 - confidence) if returns.size else math.nan


def expected_shortfall(returns: Floats, confidence: float = 0.95) -> float:
    """Mean loss among the returns at or beyond the historical value at risk (CVaR).

    Never less than ``value_at_risk`` of the same returns (Acerbi and Tasche 2002).
    """
    if not returns.size or np.isnan(returns).any():
        return math.nan
    cutoff = quantile(returns, 1 - confidence)
    tail = returns[returns <= cutoff]
    return -float(tail.mean())


def tail_ratio(returns: Floats) -> float:
    """Size of the 95th percentile over the size of the 5th; NaN when the latter is 0."""
    if not returns.size:
        return math.nan
    return ratio(abs(quantile(returns, 0.95)), abs(quantile(returns, 0.05)))


def stability(returns: Floats) -> float:
    """R squared of a straight line through the cumulative log returns: 1 is perfectly steady.

    NaN for fewer than three returns, a return of -100 % or less, or a flat curve.
    """
    if returns.size < 3 or not float(returns.min()) > -1:
        return math.nan
    curve = np.cumsum(np.log1p(returns))
    if not sample_deviation(curve):
        return math.nan
    index = np.arange(curve.size, dtype=np.float64)
    return float(np.corrcoef(index, curve)[0, 1]) ** 2
