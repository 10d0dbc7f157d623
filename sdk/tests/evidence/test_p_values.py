from __future__ import annotations

import pytest
from tradectl_sdk.errors import UsageError
from tradectl_sdk.evidence import resampled_p_value


@pytest.mark.parametrize(
    ("as_good", "draws", "expected"),
    [(0, 999, 0.001), (0, 1, 0.5), (49, 999, 0.05), (999, 999, 1.0), (3, 7, 0.5)],
)
def test_what_was_observed_is_one_more_draw(as_good: int, draws: int, expected: float) -> None:
    assert resampled_p_value(as_good, draws) == pytest.approx(expected, rel=1e-15)


def test_a_test_at_a_level_is_wrong_that_often_and_no_oftener() -> None:
    """Where all 20 ranks of an observation among 19 draws are as likely, one in 20 is rejected."""
    found = [resampled_p_value(rank, 19) for rank in range(20)]
    assert sum(value <= 0.05 for value in found) == 1
    assert sum(value <= 0.1 for value in found) == 2


def test_nothing_drawn_says_nothing() -> None:
    with pytest.raises(UsageError, match="draws was 0, expected 1 or more"):
        resampled_p_value(0, 0)
