"""How much, how fast and how unevenly: growth and its annualised forms.

Every function takes float64 arrays of shape (n,) or floats. Returns are simple period returns
(0.01 is one per cent). NaN in gives NaN out; NaN also stands for "undefined".
"""

from __future__ import annotations

import math

import numpy as np

from tradectl_sdk.runs.metrics.moments import Floats, ratio, sample_deviation


def simple_returns(levels: Floats) -> Floats:
    """Turn n + 1 levels into n simple returns; NaN where the earlier level is not positive.

    A return on nothing, or on debt, has no meaning.
    """
    before = levels[:-1]
    if before.size and np.minimum.reduce(before) > 0 and np.maximum.reduce(before) < math.inf:
        usual: Floats = levels[1:] / before - 1.0
        return usual
    with np.errstate(divide="ignore", invalid="ignore"):
        returns: Floats = levels[1:] / before - 1.0
    returns[~(before > 0)] = np.nan
    return returns


def cumulative_return(returns: Floats) -> float:
    """Compound simple returns; NaN for an empty array."""
    return float(np.prod(1.0 + returns)) - 1.0 if returns.size else math.nan


def compound_growth(total: float, years: float) -> float:
    """Constant yearly return that leads to the total return (CAGR): (1 + total)^(1/years) - 1.

    Args:
        total: Return over the whole span; -1 is the loss of everything.
        years: Length of the span.

    Returns:
        The rate; NaN when the span is empty, more than everything was lost, or the rate is too
        large for a float.
    """
    if not years > 0 or not total >= -1:
        return math.nan
    try:
        return float((1.0 + total) ** (1.0 / years)) - 1.0
    except OverflowError:
        return math.nan


def annual_volatility(returns: Floats, periods_per_year: float) -> float:
    """Standard deviation (ddof 1) times the square root of the periods in a year."""
    return sample_deviation(returns) * math.sqrt(periods_per_year)


def downside_deviation(
    returns: Floats, periods_per_year: float, target: Floats | float = 0.0
) -> float:
    """Annualised root mean square of the shortfalls below a target.

    The mean is over all n returns, not over the shortfalls alone (Sortino and van der Meer 1991;
    Sortino and Price 1994). 0 when no return falls short; NaN for an empty array.

    Args:
        returns: Period returns, shape (n,).
        periods_per_year: Periods in a year.
        target: Return per period that is the least acceptable, one number or shape (n,).
    """
    if not returns.size:
        return math.nan
    shortfall = np.minimum(returns - target, 0.0)
    return math.sqrt(float(shortfall @ shortfall) / returns.size * periods_per_year)


def share_positive(returns: Floats) -> float:
    """Share of the returns above 0; NaN for an empty array or a NaN in it."""
    if not returns.size or np.isnan(returns).any():
        return math.nan
    return ratio(float(np.count_nonzero(returns > 0)), float(returns.size))


def best(returns: Floats) -> float:
    """Largest return; NaN for an empty array."""
    return float(returns.max()) if returns.size else math.nan


def worst(returns: Floats) -> float:
    """Smallest return; NaN for an empty array."""
    return float(returns.min()) if returns.size else math.nan
