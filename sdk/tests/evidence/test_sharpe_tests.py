"""Numbers that the authors of the 2025 revision assert in their program (G13 of the list)."""

from __future__ import annotations

import math

import pytest
from tradectl_sdk.evidence.sharpe import probabilistic_sharpe
from tradectl_sdk.evidence.sharpe_tests import SharpeTest, planned_false_discovery

FUND = SharpeTest(count=24, skew=-2.448, kurt=10.164)
OBSERVED = 0.036 / 0.079


def test_the_published_numbers() -> None:
    assert FUND.error(OBSERVED) == pytest.approx(0.329, abs=5e-4)
    assert SharpeTest(count=24).error(OBSERVED) == pytest.approx(0.214, abs=5e-4)
    assert FUND.minimum_track_record(OBSERVED) == pytest.approx(13.029, abs=5e-4)
    assert FUND.probability(OBSERVED) == pytest.approx(0.987, abs=5e-4)
    assert FUND.probability(OBSERVED, 0.1) == pytest.approx(0.939, abs=5e-4)
    miss = FUND.miss_probability(0.5)
    assert miss == pytest.approx(0.315, abs=5e-4)
    assert planned_false_discovery(0.05, 0.05, 0.315) == pytest.approx(0.581, abs=5e-4)
    assert FUND.observed_false_discovery(OBSERVED, 0.5, 0.05) == pytest.approx(0.306, abs=5e-4)


def test_the_two_conventions_differ_where_the_moments_are_not_normal() -> None:
    older = probabilistic_sharpe(OBSERVED, 0.0, 24, skew=FUND.skew, kurt=FUND.kurt)
    assert FUND.probability(OBSERVED) - older > 0.05


def test_what_cannot_be_computed_is_nan() -> None:
    assert math.isnan(SharpeTest(count=0).error(0.1))
    assert math.isnan(FUND.minimum_track_record(0.1, 0.1))
    assert math.isnan(SharpeTest(count=9, skew=9.0).probability(0.5, 0.3))
    assert math.isnan(planned_false_discovery(0.0, 0.0, 0.0))
