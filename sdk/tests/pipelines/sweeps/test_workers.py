"""How trials are handed to workers."""

from __future__ import annotations

import pytest
from tradectl_sdk.pipelines.sweeps.workers import Pool, can_fork
from tradectl_sdk.research.table import Trial

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system cannot fork")


@pytest.mark.parametrize("trials", [1, 3, 400])
def test_every_trial_is_handed_out_once_and_the_last_ones_one_by_one(trials: int) -> None:
    told: list[tuple[int, ...]] = []
    pool = Pool(Trial, 2)
    pool.results(range(trials), lambda rows: told.append(tuple(row.number for row in rows)))
    assert sorted(number for chunk in told for number in chunk) == list(range(trials))
    assert pool.deaths == 0
    by_time = sorted(told)
    assert [len(chunk) for chunk in by_time[-2:]] == [1] * min(trials, 2)
    assert trials < 400 or len(by_time[0]) == 50
