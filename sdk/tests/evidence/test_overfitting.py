"""Cases of the vignette of the R package pbo (G14 of the golden list), and laws."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence.overfitting import backtest_overfitting

NOISE = np.random.default_rng(11).normal(0, 0.01, (320, 20))


def test_sixteen_blocks_make_as_many_splits_as_published() -> None:
    assert len(backtest_overfitting(NOISE).logits) == 12_870


def test_recentred_noise_is_overfit_for_certain() -> None:
    found = backtest_overfitting(NOISE - NOISE.mean(axis=0), blocks=10)
    assert found.probability == 1.0
    assert found.loss_probability == 1.0
    assert found.slope < -0.9


def test_one_trial_with_skill_among_noise_is_not() -> None:
    skilled = NOISE.copy()
    skilled[:, 7] += 0.02
    found = backtest_overfitting(skilled, blocks=10)
    assert found.probability == 0.0
    assert found.loss_probability == 0.0


def test_choosing_among_noise_is_a_coin_toss_on_average() -> None:
    found = [
        backtest_overfitting(np.random.default_rng(n).normal(size=(160, 10)), blocks=8).probability
        for n in range(40)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.1)


def test_the_splits_are_those_of_a_plain_loop() -> None:
    returns = np.random.default_rng(2).normal(size=(24, 3))
    logits = []
    for chosen in combinations(range(4), 2):
        rows = np.repeat(np.isin(np.arange(4), chosen), 6)
        inside, outside = (
            part.mean(axis=0) / part.std(axis=0, ddof=1) for part in (returns[rows], returns[~rows])
        )
        share = np.sum(outside <= outside[inside.argmax()]) / 4
        logits.append(math.log(share / (1 - share)))
    found = backtest_overfitting(returns, blocks=4)
    assert found.logits == pytest.approx(logits)
    assert found.probability == np.mean(np.array(logits) <= 0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), scale=st.floats(0.01, 100))
def test_neither_the_scale_nor_the_order_of_trials_matters(seed: int, scale: float) -> None:
    returns = np.random.default_rng(seed).normal(size=(40, 5))
    first = backtest_overfitting(returns, blocks=4)
    other = backtest_overfitting(scale * returns[:, ::-1], blocks=4)
    assert other.probability == first.probability
    assert other.out_of_sample == pytest.approx(first.out_of_sample)


def test_a_trial_that_never_trades_has_a_ratio_of_nought() -> None:
    returns = np.column_stack([np.zeros(40), -np.abs(NOISE[:40, 0])])
    found = backtest_overfitting(returns, blocks=4)
    assert (found.in_sample == 0).all()
    assert found.loss_probability == 0.0


@pytest.mark.parametrize("seed", range(6))
def test_a_half_without_trades_counts_as_nought_whatever_the_other_one_earned(seed: int) -> None:
    returns = np.random.default_rng(seed).normal(0.0002, 0.01, (80, 4))
    returns[:40, :2] = 0.0  # as strategies that are still warming up
    found = backtest_overfitting(returns, blocks=4)
    for number, chosen in enumerate(combinations(range(4), 2)):
        inside = np.repeat(np.isin(np.arange(4), chosen), 20)
        best = _ratios(returns[inside]).argmax()
        outside = _ratios(returns[~inside])
        equal = np.sum(outside == outside[best])
        share = (np.sum(outside < outside[best]) + (equal + 1) / 2) / 5
        assert found.logits[number] == pytest.approx(math.log(share / (1 - share)))
        assert found.out_of_sample[number] == pytest.approx(outside[best])


def _ratios(returns: np.ndarray) -> np.ndarray:
    moved = np.ptp(returns, axis=0) > 0
    return np.where(moved, returns.mean(axis=0), 0.0) / np.where(
        moved, returns.std(axis=0, ddof=1), 1.0
    )


@pytest.mark.parametrize("trials", [2, 5, 9, 33])
def test_equal_trials_share_their_ranks(trials: int) -> None:
    returns = np.repeat(np.random.default_rng(1).normal(0, 0.01, (1600, 1)), trials, axis=1)
    assert (backtest_overfitting(returns).logits == 0.0).all()


@pytest.mark.parametrize(
    ("shape", "blocks", "message"),
    [((40, 1), 4, "1 trial"), ((40, 5), 5, "even"), ((7, 5), 4, "length 7"), ((9,), 4, "dim")],
)
def test_what_cannot_be_split_is_refused(shape: tuple[int, ...], blocks: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        backtest_overfitting(np.ones(shape), blocks=blocks)
