"""The simulator itself: it plays real cores, repeats itself exactly, and notices what is wrong."""

from __future__ import annotations

import pytest
from tradectl_sdk.testing.simulation import CALM, Script, simulate

QUIET = Script(climate=CALM, halts=False, bars=40, rest=40)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_goes_wrong_where_nothing_goes_wrong(seed: int) -> None:
    verdict = simulate(seed, QUIET)
    assert verdict.violations == ()
    assert verdict.orders > 5
    assert verdict.trades > 5
    assert verdict.faults == {}


@pytest.mark.parametrize("seed", [3, 4])
def test_one_seed_gives_one_trace(seed: int) -> None:
    first, second = simulate(seed), simulate(seed)
    assert first == second
    assert first.faults
    assert first.digest != simulate(seed + 100).digest
