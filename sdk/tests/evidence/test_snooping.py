from __future__ import annotations

import sys

import numpy as np
import pytest
from tradectl_sdk.errors import UsageError
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
