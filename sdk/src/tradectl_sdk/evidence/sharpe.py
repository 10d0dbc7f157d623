"""How far to believe a Sharpe ratio.

Sharpe ratios here are *per period*, not annualised. One convention throughout: the standard error
of Mertens (2002), which is Lo's (2002) for independent returns with skewness and kurtosis
admitted, with n - 1 in the denominator as Bailey and Lopez de Prado write it::

    se(SR)^2 = (1 - skew * SR + (kurtosis - 1) / 4 * SR^2) / (n - 1)

with Pearson's kurtosis (3 for a normal distribution) at the *observed* ratio. The 2025 revision by
Lopez de Prado, Lipton and Zoonekynd evaluates it at the null hypothesis instead and gives other
numbers. Autocorrelated returns make every figure here too sure of itself.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

# How every output names this convention
SHARPE_CONVENTION: Final = (
    "Mertens 2002 per period, with n - 1, Pearson's kurtosis and the observed ratio; "
    "Bailey and Lopez de Prado 2012 and 2014"
)
_EULER_MASCHERONI = 0.5772156649015329
_NORMAL = NormalDist()


def sharpe_standard_error(sharpe: float, count: int, skew: float = 0.0, kurt: float = 3.0) -> float:
    """Standard error of a per-period Sharpe ratio (Lo 2002, Mertens 2002).

    Args:
        sharpe: Observed ratio per period.
        count: Number of returns it was estimated from.
        skew: Skewness of the returns.
        kurt: Pearson's kurtosis of the returns.

    Returns:
        The error, NaN for fewer than two returns or moments that no distribution can have.
    """
    if count < 2:
        return math.nan
    variance = (1.0 - skew * sharpe + (kurt - 1.0) / 4.0 * sharpe**2) / (count - 1)
    return math.sqrt(variance) if variance > 0 else math.nan


def confidence_interval(
    estimate: float, standard_error: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Two-sided normal interval around an estimate."""
    reach = _NORMAL.inv_cdf(0.5 + confidence / 2.0) * standard_error
    return estimate - reach, estimate + reach


def probabilistic_sharpe(
    sharpe: float, reference: float, count: int, skew: float = 0.0, kurt: float = 3.0
) -> float:
    """Probability that the true ratio exceeds a reference (Bailey and Lopez de Prado 2012).

    Both ratios per period; NaN where the standard error is undefined.
    """
    error = sharpe_standard_error(sharpe, count, skew, kurt)
    return math.nan if math.isnan(error) else _NORMAL.cdf((sharpe - reference) / error)


@lru_cache(maxsize=64)  # a sweep asks for the same number in each of its trials
def expected_maximum(trials: int) -> float:
    """Expected largest of that many independent standard normal draws, approximately.

    Bailey et al. (2014), "Pseudo-mathematics and financial charlatanism"; 0 for a single trial.
    """
    if trials < 2:
        return 0.0
    first = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    second = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return (1.0 - _EULER_MASCHERONI) * first + _EULER_MASCHERONI * second


def deflated_sharpe(
    sharpe: float,
    count: int,
    trials: int,
    *,
    trial_variance: float | None = None,
    skew: float = 0.0,
    kurt: float = 3.0,
) -> float:
    """Probability that the best of many trials has skill (Bailey and Lopez de Prado 2014).

    The probabilistic Sharpe ratio against what the best of ``trials`` worthless strategies would
    show by luck.

    Args:
        sharpe: Observed ratio per period of the chosen trial.
        count: Number of returns.
        trials: Independent trials made, this one included; 1 leaves the reference at 0.
        trial_variance: Variance of the trials' ratios per period; by default ``1 / (count - 1)``,
            the sampling variance of worthless normal strategies.
        skew: Skewness of the returns.
        kurt: Pearson's kurtosis of the returns.
    """
    if count < 2:
        return math.nan
    variance = 1.0 / (count - 1) if trial_variance is None else trial_variance
    reference = math.sqrt(variance) * expected_maximum(trials)
    return probabilistic_sharpe(sharpe, reference, count, skew, kurt)


def minimum_track_record(
    sharpe: float,
    reference: float = 0.0,
    *,
    skew: float = 0.0,
    kurt: float = 3.0,
    confidence: float = 0.95,
) -> float:
    """Returns needed before the ratio exceeds the reference at the confidence given.

    Bailey and Lopez de Prado (2012), both ratios per period.

    Returns:
        A number of periods; NaN when the observed ratio does not exceed the reference, since no
        length would do.
    """
    if not sharpe > reference:
        return math.nan
    spread = 1.0 - skew * sharpe + (kurt - 1.0) / 4.0 * sharpe**2
    return 1.0 + spread * (_NORMAL.inv_cdf(confidence) / (sharpe - reference)) ** 2


def minimum_backtest_length(trials: int, sharpe: float = 1.0) -> float:
    """Years below which the best of so many worthless trials shows that annual ratio by luck.

    Bailey et al. (2014), "Pseudo-mathematics and financial charlatanism": the square of the
    expected maximum over the ratio.

    Args:
        trials: Independent trials made.
        sharpe: Annualised ratio that is not to appear by luck, above 0.
    """
    return (expected_maximum(trials) / sharpe) ** 2 if sharpe > 0 else math.nan
