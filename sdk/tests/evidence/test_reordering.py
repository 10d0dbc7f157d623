from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence import reordering as module
from tradectl_sdk.evidence.reordering import return_paths, trade_paths

PROFITS = st.lists(st.floats(-40, 40), min_size=2, max_size=12)


@settings(max_examples=20, deadline=None)
@given(profits=PROFITS, seed=st.integers(0, 9))
def test_shuffling_changes_the_way_but_not_the_end(profits: list[float], seed: int) -> None:
    found = trade_paths(profits, 100.0, how="shuffle", draws=30, seed=seed)
    assert found.final == pytest.approx(np.full(30, 100.0 + sum(profits)))
    assert (found.drawdown >= 0).all()


def test_the_deepest_drawdowns_are_those_of_all_orders() -> None:
    profits = [30.0, -20.0, -10.0]
    wanted = set()
    for order in itertools.permutations(profits):
        path = 100 + np.cumsum((0.0, *order))
        wanted.add(round(float((1 - path / np.maximum.accumulate(path)).max()), 9))
    found = trade_paths(profits, 100.0, how="shuffle", draws=200, seed=1)
    assert {round(float(each), 9) for each in found.drawdown} == wanted


def test_resampling_keeps_the_mean_and_spreads_the_end() -> None:
    profits = np.random.default_rng(2).normal(1, 5, 50)
    found = trade_paths(profits, 1000.0, how="resample", draws=4000, seed=3)
    assert found.final.mean() == pytest.approx(1000 + profits.sum(), abs=3)
    assert found.final.std() == pytest.approx(profits.std() * 50**0.5, rel=0.05)


def test_ruin_is_a_fall_to_that_share_on_the_way() -> None:
    # Half of the orders lose 60 of 100 before they win it back.
    found = trade_paths([-60.0, 60.0], 100.0, how="shuffle", draws=2000, seed=0)
    assert found.ruin_probability == pytest.approx(0.5, abs=0.04)
    never = trade_paths([-60.0, 60.0], 100.0, how="shuffle", ruin=0.3, draws=200)
    assert never.ruin_probability == 0.0
    assert trade_paths([-60.0, -60.0], 100.0, how="shuffle").drawdown.max() == pytest.approx(1.2)


def test_pieces_change_nothing_but_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    profits = [1.0, -2.0, 3.0, -1.0]
    whole = trade_paths(profits, 50.0, how="shuffle", draws=40)
    monkeypatch.setattr(module, "_AT_ONCE", 12)
    pieces = trade_paths(profits, 50.0, how="shuffle", draws=40)
    assert np.array_equal(whole.drawdown, pieces.drawdown)


@pytest.mark.parametrize(
    ("profits", "equity"), [([1.0], 1.0), ([1.0, np.nan], 1.0), ([1.0, 2.0], 0.0)]
)
def test_what_cannot_be_played_is_refused(profits: list[float], equity: float) -> None:
    with pytest.raises(UsageError):
        trade_paths(profits, equity, how="shuffle")


def test_returns_drawn_again_multiply_and_spread_around_what_they_were() -> None:
    returns = np.random.default_rng(3).normal(0.001, 0.01, 250)
    found = return_paths(returns, 1000.0, draws=3000, block=1.0, seed=1)
    logs = np.log1p(returns)
    assert np.log(found.final / 1000).mean() == pytest.approx(logs.sum(), abs=0.01)
    assert np.log(found.final / 1000).std() == pytest.approx(logs.std() * 250**0.5, rel=0.05)
    same = return_paths(np.full(8, 0.1), 100.0, draws=5)
    assert same.final == pytest.approx(np.full(5, 100 * 1.1**8))
    assert same.drawdown.max() == 0.0
    assert return_paths(np.full(8, -0.1), 100.0, ruin=0.44, draws=5).ruin_probability == 1.0
    assert return_paths(np.full(8, -0.1), 100.0, ruin=0.43, draws=5).ruin_probability == 0.0


@pytest.mark.parametrize("how", ["shuffel", "", None, 3])
def test_another_way_of_playing_is_refused_in_words(how: Any) -> None:
    with pytest.raises(UsageError, match="expected shuffle or resample"):
        trade_paths([1.0, -2.0], 100.0, how=how)
