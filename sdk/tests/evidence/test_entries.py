from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence import entries
from tradectl_sdk.evidence.entries import entry_evidence

MARKET = np.random.default_rng(8).normal(0.001, 0.01, 400)


def blind(seed: int, n: int = 400) -> np.ndarray:
    """Positions of five periods that know nothing."""
    drawn = np.random.default_rng(seed).integers(-1, 2, n // 5).repeat(5)
    return drawn.astype(float)


def test_a_rule_that_knows_the_next_period_is_seen() -> None:
    found = entry_evidence(np.sign(MARKET), MARKET, draws=300)
    assert found.p_value == pytest.approx(1 / 301)
    assert found.rotation == pytest.approx(1 / 400)
    assert found.bootstrap == pytest.approx(1 / 301)


def test_a_rule_that_knows_the_wrong_way_is_seen_not_to() -> None:
    found = entry_evidence(-np.sign(MARKET), MARKET, draws=300)
    assert min(found.p_value, found.rotation, found.bootstrap) > 0.99


def test_blind_rules_have_p_values_that_are_spread_evenly() -> None:
    found = [entry_evidence(blind(n), MARKET, draws=99, seed=n) for n in range(120)]
    for values in ([one.p_value for one in found], [one.rotation for one in found]):
        assert np.mean(values) == pytest.approx(0.5, abs=0.09)
        assert 0.02 <= np.mean(np.array(values) <= 0.1) <= 0.2


def test_a_rising_market_alone_earns_nothing() -> None:
    held = np.ones(400)
    held[:4] = 0.0
    found = entry_evidence(held, np.full(400, 0.01), draws=50)
    assert found.mean == pytest.approx(0.0, abs=1e-12)
    assert found.p_value == 1.0


@settings(max_examples=20, deadline=None)
@given(
    held=st.lists(st.sampled_from([-1.0, 0.0, 0.0, 1.0]), min_size=8, max_size=30),
    seed=st.integers(0, 9),
)
def test_random_entries_keep_count_length_and_direction(held: list[float], seed: int) -> None:
    array = np.array(held)
    if not np.count_nonzero(np.diff(array)):
        return
    begin, length = entries._spans(array)
    assert sum(length) == np.count_nonzero(array)
    # Where every period earns one, what is earned is what is held, wherever it is entered.
    generator = np.random.default_rng(seed)
    drawn = entries._random_entries(array, np.ones(array.size), 20, generator)
    assert drawn == pytest.approx(np.full(20, array.mean()))
    assert len(begin) == len(length)


def test_random_entries_reach_both_ends() -> None:
    held, ends = np.zeros(12), np.zeros(12)
    held[5:7] = 1.0
    ends[[0, -1]] = 1.0
    drawn = entries._random_entries(held, ends, 400, np.random.default_rng(0))
    assert set(drawn * 12) == {0.0, 1.0}
    assert np.mean(drawn > 0) == pytest.approx(2 / 11, abs=0.06)


def test_a_seed_gives_the_same_numbers_again() -> None:
    first, again, other = (
        entry_evidence(blind(1), MARKET, draws=50, seed=seed).drawn for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("held", "message"),
    [(np.ones(400), "never changed"), (np.ones(9), "length 9"), (np.full(400, np.nan), "missing")],
)
def test_what_cannot_be_tested_is_refused(held: np.ndarray, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        entry_evidence(held, MARKET)
