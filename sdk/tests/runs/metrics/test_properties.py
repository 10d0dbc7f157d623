"""Laws that hold for every series of returns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tradectl_sdk.runs.metrics import drawdown, growth, moments, ratios, relative, trading

# Whole basis points: variation is either absent or well above rounding noise.
RETURNS = arrays(np.int64, st.integers(3, 60), elements=st.integers(-5_000, 8_000)).map(
    lambda basis_points: basis_points / 10_000
)
LEVELS = arrays(np.int64, st.integers(1, 60), elements=st.integers(1, 10_000)).map(
    lambda cents: cents / 100
)


def close(first: float, second: float) -> bool:
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    return first == pytest.approx(second, rel=1e-7, abs=1e-9)


@given(RETURNS, st.sampled_from([0.25, 3.0, 10.0]))
def test_ratios_and_shapes_ignore_leverage(returns: np.ndarray, scale: float) -> None:
    for measure in (
        lambda r: ratios.sharpe_ratio(r, 252),
        lambda r: ratios.sortino_ratio(r, 252),
        ratios.omega_ratio,
        moments.skewness,
        moments.kurtosis,
        moments.tail_ratio,
        moments.autocorrelation,
        trading.profit_factor,
        trading.system_quality_number,
        trading.kelly_fraction,
    ):
        assert close(measure(returns), measure(scale * returns))


@given(RETURNS, st.randoms(use_true_random=False))
def test_distribution_measures_ignore_the_order(returns: np.ndarray, random: object) -> None:
    shuffled = returns.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for measure in (
        growth.cumulative_return,
        lambda r: ratios.sharpe_ratio(r, 252),
        lambda r: growth.downside_deviation(r, 252),
        moments.value_at_risk,
        moments.expected_shortfall,
        moments.skewness,
        growth.share_positive,
        trading.win_rate,
    ):
        assert close(measure(returns), measure(shuffled))


@given(RETURNS, st.floats(0, 1))
def test_quantiles_are_those_of_numpy_to_the_bit(returns: np.ndarray, share: float) -> None:
    assert moments.quantile(returns, share) == float(np.quantile(returns, share))


@given(RETURNS)
def test_expected_shortfall_is_at_least_value_at_risk(returns: np.ndarray) -> None:
    risk = moments.value_at_risk(returns)
    assert moments.expected_shortfall(returns) >= risk - 1e-12
    assert -returns.max() - 1e-12 <= risk <= -returns.min() + 1e-12


@given(LEVELS)
def test_drawdowns_lie_between_nothing_and_everything(levels: np.ndarray) -> None:
    found = drawdown.find_drawdowns(np.arange(levels.size) * 10**9, levels)
    assert (found.depth >= 0).all()
    assert (found.depth < 1).all()
    assert 0 <= found.pain_index <= found.ulcer_index <= found.max_drawdown < 1
    assert found.max_drawdown == found.depth.max()
    if levels.size > 1:
        assert 0 <= found.time_under_water <= 1 + 1e-12


@given(LEVELS, st.sampled_from([0.5, 4.0]))
def test_drawdowns_ignore_the_currency(levels: np.ndarray, rate: float) -> None:
    time = np.arange(levels.size)
    first, second = (drawdown.find_drawdowns(time, each) for each in (levels, rate * levels))
    assert (first.depth == second.depth).all()
    assert (first.starts == second.starts).all()


@given(LEVELS)
def test_maximum_drawdown_equals_its_definition(levels: np.ndarray) -> None:
    found = drawdown.find_drawdowns(np.arange(levels.size), levels)
    worst = max(1 - low / high for i, high in enumerate(levels) for low in levels[i:])
    assert found.max_drawdown == pytest.approx(worst, abs=1e-12)


@given(RETURNS, st.sampled_from([-2.0, 0.5, 3.0]), st.sampled_from([0.0, 0.001]))
def test_beta_and_alpha_recover_a_straight_line(
    benchmark: np.ndarray, slope: float, intercept: float
) -> None:
    assume(moments.sample_deviation(benchmark) > 1e-6)
    returns = intercept + slope * benchmark
    assert close(relative.beta(returns, benchmark), slope)
    assert close(relative.alpha(returns, benchmark, 252), 252 * intercept)
    assert close(relative.correlation(returns, benchmark), math.copysign(1, slope))


@given(RETURNS)
def test_measured_against_itself_there_is_nothing_to_see(returns: np.ndarray) -> None:
    assert relative.tracking_error(returns, returns, 252) == 0
    assert math.isnan(relative.information_ratio(returns, returns, 252))
    for up in (True, False):
        captured = relative.capture_ratio(returns, returns, up=up)
        assert math.isnan(captured) or captured == 1


@given(RETURNS, st.integers(0, 59))
def test_a_missing_return_is_never_passed_over(returns: np.ndarray, place: int) -> None:
    returns[place % returns.size] = np.nan
    for measure in (
        growth.cumulative_return,
        growth.best,
        growth.worst,
        growth.share_positive,
        lambda r: growth.annual_volatility(r, 252),
        lambda r: growth.downside_deviation(r, 252),
        lambda r: ratios.sharpe_ratio(r, 252),
        lambda r: ratios.sortino_ratio(r, 252),
        ratios.omega_ratio,
        moments.skewness,
        moments.autocorrelation,
        moments.value_at_risk,
        moments.expected_shortfall,
        moments.tail_ratio,
        moments.stability,
    ):
        assert math.isnan(measure(returns))


@given(st.integers(2, 3_000), st.integers(0, 2**32), st.sampled_from([1e-12, 1e-3, 1.0, 1e150]))
def test_mean_and_deviation_are_numpys_to_the_last_bit(size: int, seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(rng.normal(), scale, size)
    assert moments.mean(values) == values.mean()
    deviation = moments.sample_deviation(values)
    assert deviation in {0.0, values.std(ddof=1)}
    assert (deviation == 0) == (values.std(ddof=1) <= moments._NOISE * abs(values.mean()))
