from __future__ import annotations

import sys

import numpy as np
import pytest
from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence.bootstrap import stationary_indices
from tradectl_sdk.evidence.snooping import data_snooping

NOISE = np.random.default_rng(1).normal(0, 0.01, (250, 6))


def test_skill_among_noise_is_seen_and_noise_is_not() -> None:
    skilled = NOISE.copy()
    skilled[:, 2] += 0.004
    found = data_snooping(skilled, draws=300)
    assert max(found.reality_check, found.superior) < 0.02
    noise = data_snooping(NOISE - NOISE.mean(axis=0), draws=300)
    assert min(noise.reality_check, noise.superior) > 0.3


def test_bad_rules_spoil_the_reality_check_more_than_hansens_test() -> None:
    skilled = np.random.default_rng(4).normal(0, 0.01, (250, 6))
    skilled[:, 0] += 0.0012
    skilled[:, 1:] *= 8
    skilled[:, 1:] -= 0.02
    found = data_snooping(skilled, draws=300)
    assert found.superior < found.reality_check
    assert found.lower <= found.superior <= found.upper


def by_definition(rules: np.ndarray, block: float, draws: int) -> tuple[float, float]:
    """White's and Hansen's p-value, written down as in Hansen (2005), sections 2 and 4."""
    n, q = len(rules), 1 - 1 / block
    mean, apart = rules.mean(axis=0), rules - rules.mean(axis=0)
    variance = (apart**2).mean(axis=0)
    for lag in range(1, n):
        kernel = (n - lag) / n * q**lag + lag / n * q ** (n - lag)
        variance += 2 * kernel * (apart[:-lag] * apart[lag:]).sum(axis=0) / n
    error = np.sqrt(variance)
    poor = np.sqrt(n) * mean / error < -np.sqrt(2 * np.log(np.log(n)))
    drawn = stationary_indices(n, draws, block, np.random.default_rng(12))
    white = hansen = 0
    for rows in drawn:
        again = rules[rows].mean(axis=0)
        white += max(again - mean) >= max(mean)
        hansen += max((again - np.where(poor, 0, mean)) / error) >= max(mean / error)
    return (white + 1) / (draws + 1), (hansen + 1) / (draws + 1)


def test_both_tests_are_those_of_their_definitions() -> None:
    rules = np.random.default_rng(9).normal(0, 0.01, (120, 4))
    rules[1:] += 0.4 * rules[:-1]
    rules[:, 0] += 0.0015
    rules[:, 1:] *= [1, 3, 8]
    rules[:, 3] -= 0.04
    white, hansen = by_definition(rules, block=4, draws=2000)
    found = data_snooping(rules, draws=2000, block=4)
    assert found.reality_check == pytest.approx(white, abs=0.04)
    assert found.superior == pytest.approx(hansen, abs=0.04)
    assert 0.05 < hansen < white - 0.2, "tell the two apart, and both from the ends"


def test_hansens_test_takes_every_rule_by_its_own_error() -> None:
    """A rule that is traded eight times as large knows as much as before."""
    skilled = NOISE - NOISE.mean(axis=0)
    skilled[:, 0] += 0.002
    loud = skilled * [1, 8, 8, 8, 8, 8]
    plain, found = (data_snooping(rules, draws=300, block=3) for rules in (skilled, loud))
    assert found.superior == pytest.approx(plain.superior, abs=1e-9)
    assert found.superior < 0.05 < plain.reality_check + 0.2 < found.reality_check


def test_no_probability_is_nought_however_good_the_best_rule_is() -> None:
    found = data_snooping(NOISE + np.array([0.05, 0, 0, 0, 0, 0]), draws=99)
    assert (found.reality_check, found.superior, found.lower, found.upper) == (0.01,) * 4


def test_a_rule_that_gains_the_same_every_day_is_beyond_chance() -> None:
    steady = np.column_stack([np.full(250, 0.002), NOISE[:, 1:]])
    assert data_snooping(steady, draws=99).superior == 0.01
    losing = np.column_stack([np.full(250, -0.002), NOISE])
    assert data_snooping(losing, draws=99, block=3) == data_snooping(NOISE, draws=99, block=3)


def test_no_draws_are_refused() -> None:
    with pytest.raises(UsageError, match="draws was 0, expected 1 or more"):
        data_snooping(NOISE, draws=0)


def test_nothing_beats_a_benchmark_that_is_the_best_rule() -> None:
    found = data_snooping(NOISE[:, :1], NOISE[:, 0] + 0.001 * NOISE[:, 1] + 0.001, draws=100)
    assert found.reality_check > 0.9
    assert found.superior > 0.4


def test_rules_that_do_nothing_are_no_evidence() -> None:
    skilled = NOISE + 0.001
    idle = np.column_stack([skilled, np.zeros((250, 3))])
    assert data_snooping(idle, draws=100) == data_snooping(skilled, draws=100)
    with pytest.raises(UsageError, match="nothing to test"):
        data_snooping(np.zeros((250, 3)))
    with pytest.raises(UsageError, match="nothing to test"):
        data_snooping(NOISE[:, :1], NOISE[:, 0])


def test_a_seed_gives_the_same_numbers_again() -> None:
    first, again, other = (data_snooping(NOISE, draws=200, seed=s, block=3) for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(UsageError, match="9 periods, expected 250"):
        data_snooping(NOISE, np.zeros(9))


def test_without_arch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arch.bootstrap", None)
    with pytest.raises(UsageError, match="not installed") as caught:
        data_snooping(NOISE)
    assert "tradectl-sdk[evidence]" in caught.value.hint
