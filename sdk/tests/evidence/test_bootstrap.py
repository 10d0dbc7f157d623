from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence import bootstrap


def autoregressive(n: int, memory: float, seed: int = 3) -> np.ndarray:
    shocks = np.random.default_rng(seed).normal(size=n)
    for at in range(1, n):
        shocks[at] += memory * shocks[at - 1]
    return shocks


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 60), block=st.floats(1, 80), seed=st.integers(0, 9))
def test_samples_are_runs_of_the_series_that_wrap_around(n: int, block: float, seed: int) -> None:
    found = bootstrap.stationary_indices(n, 5, block, np.random.default_rng(seed))
    assert found.shape == (5, n)
    assert found.min() >= 0
    assert found.max() < n


def test_blocks_have_the_length_that_was_asked_for() -> None:
    drawn = bootstrap.stationary_indices(400, 300, 8.0, np.random.default_rng(0))
    goes_on = np.diff(drawn, axis=1) % 400 == 1
    # A new block goes on by chance once in 400 times, too.
    assert 1.0 / (1.0 - goes_on.mean()) == pytest.approx(8.0, rel=0.05)
    alone = bootstrap.stationary_indices(400, 300, 1.0, np.random.default_rng(0))
    assert (np.diff(alone, axis=1) % 400 == 1).mean() < 0.01


@pytest.mark.parametrize(("memory", "rel"), [(0.0, 1e-6), (0.3, 0.3), (0.8, 0.05)])
def test_the_block_length_is_near_that_of_another_implementation(memory: float, rel: float) -> None:
    from arch.bootstrap import optimal_block_length

    series = autoregressive(600, memory)
    theirs = float(optimal_block_length(series)["stationary"].iloc[0])
    # Where there is dependence it looks one lag further than the paper says.
    assert bootstrap.block_length(series) == pytest.approx(max(theirs, 1.0), rel=rel)


def test_a_series_that_does_not_move_has_blocks_of_one() -> None:
    assert bootstrap.block_length(np.full(50, 0.25)) == 1.0


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(5).normal(0.1, 1.0, 400)
    found = bootstrap.confidence_interval(
        values, lambda samples: samples.mean(axis=1), block=1.0, draws=4000, seed=1
    )
    reach = 1.96 * values.std() / 20
    assert found.estimate == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - reach, abs=0.01)
    assert found.high == pytest.approx(values.mean() + reach, abs=0.01)


def test_dependence_widens_the_interval() -> None:
    values = autoregressive(800, 0.7)
    width = {}
    for block in (1.0, None):
        found = bootstrap.confidence_interval(values, lambda s: s.mean(axis=1), block=block)
        width[block] = found.high - found.low
    assert width[None] > 1.5 * width[1.0]


@pytest.mark.parametrize(
    "statistic", [bootstrap.sharpe_of, bootstrap.growth_of, bootstrap.drawdown_of]
)
def test_a_seed_gives_the_same_numbers_again(
    statistic: bootstrap.Statistic,
) -> None:
    values = autoregressive(60, 0.2) / 100
    first, again, other = (
        bootstrap.bootstrap_statistic(values, statistic, draws=50, seed=seed) for seed in (4, 4, 5)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.isfinite(first).all()


def test_growth_and_drawdown_of_a_path_made_by_hand() -> None:
    path = np.array([[0.1, -0.5, 0.2], [0.0, 0.1, 0.1], [-0.25, 0.0, 0.0]])
    assert bootstrap.growth_of(path) == pytest.approx([-0.34, 0.21, -0.25])
    assert bootstrap.drawdown_of(path) == pytest.approx([0.5, 0.0, 0.25])


@pytest.mark.parametrize("bad", [[1.0] * 7, [np.nan] * 9, [[1.0] * 9] * 9, [np.inf] * 9])
def test_what_cannot_be_computed_with_is_refused(bad: list[float]) -> None:
    with pytest.raises(UsageError):
        bootstrap.block_length(bad)
