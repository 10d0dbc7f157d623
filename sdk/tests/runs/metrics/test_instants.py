"""What follows from a run's instants serves every run over them."""

from __future__ import annotations

import numpy as np
import pytest
from tradectl_sdk.errors import DataError
from tradectl_sdk.runs.metrics import METRICS
from tradectl_sdk.runs.metrics.instants import Instants
from tradectl_sdk.runs.metrics.report import compute_metrics
from tradectl_sdk.runs.metrics.sample import Sample

HOUR = 3_600_000_000_000


def test_metrics_are_the_same_with_instants_that_are_known_already() -> None:
    time = np.arange(24 * 90, dtype=np.int64) * HOUR
    known = Instants(time, 90)
    for seed in range(3):
        equity = 1000.0 + np.cumsum(np.random.default_rng(seed).normal(0, 1, time.size))
        terms = {"time": time, "equity": equity, "initial_equity": 1000.0, "session_close": 90}
        with_them = compute_metrics(Sample(**terms, instants=known), METRICS.values())
        assert with_them == compute_metrics(Sample(**terms), METRICS.values())
        assert with_them.values["sharpe_ratio"] is not None


def test_months_end_where_a_new_one_begins() -> None:
    days = np.array([0, 30, 31, 58, 59], np.int64)  # the first two of January, and so on
    assert Instants(days * 24 * HOUR + HOUR).month_ends.tolist() == [1, 3, 4]


def test_times_that_go_back_are_refused() -> None:
    with pytest.raises(DataError, match="went back at row 2"):
        Instants(np.array([1, 5, 4], np.int64))
    with pytest.raises(DataError, match="empty"):
        Instants(np.empty(0, np.int64))
