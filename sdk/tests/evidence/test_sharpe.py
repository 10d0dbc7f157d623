"""Numbers that Bailey, Lopez de Prado and others published (G10 to G12 of the golden list)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tradectl_sdk.evidence import sharpe as significance

HEDGE_FUND = {"skew": -2.448, "kurt": 10.164}


def test_probabilistic_sharpe_of_the_paper() -> None:
    assert significance.probabilistic_sharpe(0.458, 0, 24) == pytest.approx(0.982, abs=5e-4)
    fat = significance.probabilistic_sharpe(0.458, 0, 24, **HEDGE_FUND)
    assert fat == pytest.approx(0.913, abs=5e-4)
    longer = significance.probabilistic_sharpe(0.458, 0, 36, **HEDGE_FUND)
    # The paper's ratio is itself rounded: .458 gives .9535.
    assert longer == pytest.approx(0.953, abs=6e-4)


@pytest.mark.parametrize(
    ("periods", "moments", "years"),
    [(252, {}, 2.73), (52, {}, 2.83), (12, {}, 3.24), (12, {"skew": -0.72, "kurt": 5.78}, 4.99)],
)
def test_minimum_track_record_of_the_paper(
    periods: int, moments: dict[str, float], years: float
) -> None:
    root = math.sqrt(periods)
    needed = significance.minimum_track_record(2 / root, 1 / root, **moments)
    assert needed / periods == pytest.approx(years, abs=5e-3)


@pytest.mark.parametrize("word", ["per period", "n - 1", "Pearson", "observed", "2012", "2014"])
def test_the_convention_says_all_that_another_one_may_do_otherwise(word: str) -> None:
    assert word in significance.SHARPE_CONVENTION


def test_no_track_record_is_long_enough_for_a_ratio_below_the_reference() -> None:
    assert math.isnan(significance.minimum_track_record(0.1, 0.1))


def test_deflated_sharpe_of_the_paper() -> None:
    reference = math.sqrt(0.5 / 250) * significance.expected_maximum(100)
    assert reference == pytest.approx(0.1132, abs=5e-5)
    probability = significance.deflated_sharpe(
        2.5 / math.sqrt(250), 1250, 100, trial_variance=0.5 / 250, skew=-3, kurt=10
    )
    assert probability == pytest.approx(0.9004, abs=5e-5)


def test_one_trial_deflates_nothing_and_more_trials_deflate_more() -> None:
    one, ten, many = (significance.deflated_sharpe(0.1, 500, n) for n in (1, 10, 1000))
    assert one == significance.probabilistic_sharpe(0.1, 0, 500)
    assert one > ten > many


def test_expected_maximum_of_ten_draws() -> None:
    assert significance.expected_maximum(10) == pytest.approx(1.5746, abs=5e-5)


def test_standard_error_agrees_with_simulation() -> None:
    rng = np.random.default_rng(7)
    draws = rng.normal(0.2, 1.0, (4000, 200))
    estimates = draws.mean(axis=1) / draws.std(axis=1, ddof=1)
    assert significance.sharpe_standard_error(0.2, 200) == pytest.approx(estimates.std(), rel=0.04)


def test_a_single_return_tells_nothing() -> None:
    assert math.isnan(significance.sharpe_standard_error(1.0, 1))
    assert math.isnan(significance.probabilistic_sharpe(1.0, 0.0, 1))
    assert math.isnan(significance.deflated_sharpe(1.0, 1, 5))


def test_how_many_trials_five_years_bear() -> None:
    assert significance.minimum_backtest_length(45) == pytest.approx(4.998, abs=5e-4)
    assert significance.minimum_backtest_length(45) < 5 < significance.minimum_backtest_length(46)
    assert significance.minimum_backtest_length(1) == 0.0
    assert math.isnan(significance.minimum_backtest_length(45, 0.0))
