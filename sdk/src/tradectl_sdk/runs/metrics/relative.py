"""Measured against a benchmark.

``returns`` and ``benchmark`` are float64 period returns of the same periods, shape (n,). NaN in
gives NaN out; NaN also stands for "undefined": too few periods or a benchmark that does not move.
"""

from __future__ import annotations

import math

import numpy as np

from tradectl_sdk.runs.metrics.moments import Floats, mean, ratio, sample_deviation


def beta(returns: Floats, benchmark: Floats) -> float:
    """Covariance with the benchmark over the benchmark's variance: the least-squares slope."""
    if returns.size < 2 or not sample_deviation(benchmark):
        return math.nan
    moves = benchmark - benchmark.mean()
    return float((returns - returns.mean()) @ moves) / float(moves @ moves)


def alpha(
    returns: Floats, benchmark: Floats, periods_per_year: float, risk_free: float = 0.0
) -> float:
    """Jensen's (1968) alpha, annualised arithmetically: periods in a year times the intercept.

    Args:
        returns: Period returns, shape (n,).
        benchmark: Benchmark returns of the same periods, shape (n,).
        periods_per_year: Periods in a year.
        risk_free: Risk-free return per period.
    """
    explained = beta(returns, benchmark) * (mean(benchmark) - risk_free)
    return (mean(returns) - risk_free - explained) * periods_per_year


def correlation(returns: Floats, benchmark: Floats) -> float:
    """Pearson's correlation with the benchmark."""
    slope = beta(returns, benchmark)
    return ratio(slope * sample_deviation(benchmark), sample_deviation(returns))


def tracking_error(returns: Floats, benchmark: Floats, periods_per_year: float) -> float:
    """Annualised standard deviation (ddof 1) of the returns less the benchmark's."""
    return sample_deviation(returns - benchmark) * math.sqrt(periods_per_year)


def information_ratio(returns: Floats, benchmark: Floats, periods_per_year: float) -> float:
    """Annualised mean active return over the tracking error (Grinold and Kahn 1999)."""
    active = returns - benchmark
    return ratio(mean(active), sample_deviation(active)) * math.sqrt(periods_per_year)


def treynor_ratio(
    returns: Floats, benchmark: Floats, periods_per_year: float, risk_free: float = 0.0
) -> float:
    """Annualised mean return above the risk-free rate over beta (Treynor 1965)."""
    return ratio((mean(returns) - risk_free) * periods_per_year, beta(returns, benchmark))


def _geometric_mean(returns: Floats) -> float:
    if not returns.size or not float(returns.min()) > -1:
        return math.nan
    return math.expm1(float(np.log1p(returns).mean()))


def capture_ratio(returns: Floats, benchmark: Floats, *, up: bool) -> float:
    """Geometric mean return over the benchmark's, in the periods when the benchmark rose (fell).

    Morningstar's up (down) capture, per period and so free of any annualisation; 1 is the
    benchmark itself. NaN when the benchmark never rose (fell).
    """
    chosen = benchmark > 0 if up else benchmark < 0
    return ratio(_geometric_mean(returns[chosen]), _geometric_mean(benchmark[chosen]))
