"""Return per unit of risk.

Every function takes float64 period returns of shape (n,). Risk-free rates and targets are per
period (the annual rate divided by the periods in a year). NaN in gives NaN out. A ratio without
risk to divide by is undefined (NaN), not infinite: no losing period in a sample is a short sample,
not the absence of risk.
"""

from __future__ import annotations

import math

import numpy as np

from tradectl_sdk.runs.metrics.growth import downside_deviation
from tradectl_sdk.runs.metrics.moments import Floats, mean, ratio, sample_deviation


def sharpe_ratio(
    returns: Floats, periods_per_year: float, risk_free: Floats | float = 0.0
) -> float:
    """Mean excess return over its standard deviation (ddof 1), times sqrt(periods in a year).

    Sharpe (1994), "The Sharpe ratio". NaN for fewer than two returns or no variation.
    """
    excess = returns - risk_free
    return ratio(mean(excess), sample_deviation(excess)) * math.sqrt(periods_per_year)


def sortino_ratio(returns: Floats, periods_per_year: float, target: Floats | float = 0.0) -> float:
    """Annualised mean return above a target over the annualised downside deviation.

    Sortino and Price (1994). NaN for fewer than two returns or none below the target.
    """
    if returns.size < 2:
        return math.nan
    annual_excess = mean(returns - target) * periods_per_year
    return ratio(annual_excess, downside_deviation(returns, periods_per_year, target))


def omega_ratio(returns: Floats, threshold: float = 0.0) -> float:
    """Sum of the gains above a threshold over the sum of the losses below it.

    Keating and Shadwick (2002). NaN when nothing lies below the threshold.
    """
    excess = returns - threshold
    gains = float(np.maximum(excess, 0.0).sum())
    losses = float(np.maximum(-excess, 0.0).sum())
    return ratio(gains, losses)


def calmar_ratio(annual_return: float, max_drawdown: float) -> float:
    """Compound annual growth over the maximum drawdown of the same span (Young 1991).

    NaN when there was no drawdown. Young's own form uses the last 36 months only.
    """
    return ratio(annual_return, max_drawdown)


def martin_ratio(annual_return: float, risk_free: float, ulcer_index: float) -> float:
    """Annual return above the risk-free rate over the ulcer index (Martin 1987), also UPI."""
    return ratio(annual_return - risk_free, ulcer_index)


def pain_ratio(annual_return: float, risk_free: float, pain_index: float) -> float:
    """Annual return above the risk-free rate over the pain index (Becker 2006)."""
    return ratio(annual_return - risk_free, pain_index)
