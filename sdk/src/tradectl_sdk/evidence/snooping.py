"""Whether the best of many rules beats a benchmark, given that many were tried.

White's reality check (2000) and Hansen's test of superior predictive ability (2005), drawn by
``arch``, which is imported on use: ``pip install tradectl-sdk[evidence]``. Hansen's takes every
rule by its own standard error, so that loud rules drown no quiet one; White's as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence.bootstrap import block_length
from tradectl_sdk.evidence.checking import Floats, at_least, finite_array, whole_number
from tradectl_sdk.evidence.p_values import resampled_p_value

_STILL = (
    1e-9  # of a rule's largest return: less deviation than that is what rounding leaves of none
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooping:
    """Probabilities of so good a best rule if none beat the benchmark, by ``resampled_p_value``.

    Attributes:
        reality_check: White's; spoilt by many bad rules.
        superior: Hansen's consistent one.
        lower: Hansen's lower bound.
        upper: Hansen's upper bound.
    """

    reality_check: float
    superior: float
    lower: float
    upper: float


def data_snooping(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike | None = None,
    *,
    draws: int = 1000,
    block: float | None = None,
    seed: int = 0,
) -> Snooping:
    """Test the best of many rules against a benchmark.

    Args:
        returns: Returns per period of every rule tried, shape (periods, rules).
        benchmark: Returns of what to beat, shape (periods,); nothing at all unless given.
        draws: Samples of the stationary bootstrap.
        block: Expected block length; the mean of ``block_length`` over the rules unless given.
        seed: Of the chance.

    Raises:
        UsageError: For missing values, lengths that differ, no draws, rules that all did what the
            benchmark did, or where ``arch`` is not installed.
    """
    draws = whole_number(draws, 1, "draws")
    seed = whole_number(seed, 0, "seed")
    if block is not None:
        at_least(block, 1, "block")
    rules = finite_array(returns, "returns", dimensions=2, least=8)
    zero = np.zeros(rules.shape[0])
    against = zero if benchmark is None else finite_array(benchmark, "benchmark", least=8)
    if against.size != rules.shape[0]:
        raise UsageError(f"benchmark had {against.size} periods, expected {rules.shape[0]}")
    better = _different(rules - against[:, None])
    length = round(np.mean([block_length(rule) for rule in better.T])) if block is None else block
    length = max(1, int(length))
    white = _p_values(better, length, draws, seed)
    hansen = _p_values(better / _standard_errors(better, length), length, draws, seed)
    return Snooping(
        reality_check=white["upper"],
        superior=hansen["consistent"],
        lower=hansen["lower"],
        upper=hansen["upper"],
    )


def _different(better: Floats) -> Floats:
    """Leave out rules that did what the benchmark did: of none at all, chance looks impossible."""
    differs = (better != 0.0).any(axis=0)
    if not differs.any():
        raise UsageError(
            "no rule ever did anything else than the benchmark, so there is nothing to test",
            hint="take rules that trade",
        )
    return np.ascontiguousarray(better[:, differs])


def _standard_errors(better: Floats, block: int) -> Floats:
    """Return those of the means, times the root of the periods, that the bootstrap itself has.

    Politis and Romano (1994), lemma 1, whose covariances wrap around as the samples do; a rule
    that does not move gets next to nothing. The option of ``arch`` 8.0 for it changes nothing.
    """
    periods = better.shape[0]
    lag = np.arange(1, periods)
    power = np.square(np.abs(np.fft.rfft(better - better.mean(axis=0), axis=0))) / periods
    covariance = np.fft.irfft(power, periods, axis=0)
    weight = (1.0 - lag / periods) * (1.0 - 1.0 / block) ** lag
    variance = covariance[0] + 2.0 * (weight @ covariance[1:])
    errors: Floats = np.sqrt(np.maximum(variance, 0.0))
    least: Floats = _STILL * np.abs(better).max(axis=0)
    return np.maximum(errors, least)


def _p_values(better: Floats, block: int, draws: int, seed: int) -> dict[str, float]:
    try:
        from arch.bootstrap import SPA
    except ImportError as error:
        raise UsageError(
            "the tests of data snooping need arch, which is not installed",
            hint="pip install 'tradectl-sdk[evidence]'",
        ) from error
    zero = np.zeros(better.shape[0])
    test = SPA(zero, -better, block_size=block, reps=draws, seed=seed)
    test.compute()
    return {
        str(name): resampled_p_value(round(float(share) * draws), draws)
        for name, share in test.pvalues.items()
    }
