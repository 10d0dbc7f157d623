"""The 2025 revision of the Sharpe ratio's tests: the error is taken at the hypothesis.

Lopez de Prado, Lipton and Zoonekynd (2025), "How to use the Sharpe ratio", for independent returns.
It differs from :mod:`tradectl_sdk.evidence.sharpe` in two ways: the standard error is evaluated at
the ratio that is supposed, not at the one observed, and n stands where that has n - 1. Never mix
the two. Ratios are per period, kurtosis is Pearson's (3 for a normal distribution); what cannot be
computed is NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharpeTest:
    """Returns whose Sharpe ratio is tested.

    Attributes:
        count: Number of returns.
        skew: Their skewness.
        kurt: Their Pearson's kurtosis.
    """

    count: int
    skew: float = 0.0
    kurt: float = 3.0

    def error(self, supposed: float) -> float:
        """Standard error of the observed ratio if the true one is as supposed."""
        if self.count < 1:
            return math.nan
        return math.sqrt(self._spread(supposed) / self.count)

    def probability(self, observed: float, null: float = 0.0) -> float:
        """Probabilistic Sharpe ratio: one less the p-value of ``true ratio = null``."""
        return _below(observed, null, self.error(null))

    def minimum_track_record(
        self, observed: float, null: float = 0.0, confidence: float = 0.95
    ) -> float:
        """Periods needed to reject the null at that confidence; NaN where none would do."""
        if not observed > null:
            return math.nan
        return self._spread(null) * (_NORMAL.inv_cdf(confidence) / (observed - null)) ** 2

    def miss_probability(
        self, alternative: float, null: float = 0.0, confidence: float = 0.95
    ) -> float:
        """Probability of overlooking a true ratio of that size (error of the second kind)."""
        critical = null + _NORMAL.inv_cdf(confidence) * self.error(null)
        return _below(critical, alternative, self.error(alternative))

    def observed_false_discovery(
        self, observed: float, alternative: float, prior: float, null: float = 0.0
    ) -> float:
        """Probability that a ratio this large is no discovery, given what was observed.

        Args:
            observed: The ratio found.
            alternative: Ratio of a strategy that has skill.
            prior: Share of the strategies tried that have skill.
            null: Ratio of one that has none.
        """
        lucky = (1.0 - prior) * (1.0 - self.probability(observed, null))
        skilled = prior * (1.0 - _below(observed, alternative, self.error(alternative)))
        return lucky / (lucky + skilled) if lucky + skilled > 0 else math.nan

    def _spread(self, supposed: float) -> float:
        spread = 1.0 - self.skew * supposed + (self.kurt - 1.0) / 4.0 * supposed**2
        return spread if spread > 0 else math.nan


def planned_false_discovery(prior: float, false_alarm: float, miss: float) -> float:
    """Share of the discoveries that will be false, before anything is observed.

    Args:
        prior: Share of the strategies tried that have skill.
        false_alarm: Probability of an error of the first kind.
        miss: Probability of an error of the second kind.
    """
    lucky, skilled = false_alarm * (1.0 - prior), (1.0 - miss) * prior
    return lucky / (lucky + skilled) if lucky + skilled > 0 else math.nan


def _below(value: float, centre: float, error: float) -> float:
    return _NORMAL.cdf((value - centre) / error) if error > 0 else math.nan
