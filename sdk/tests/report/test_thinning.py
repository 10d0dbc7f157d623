"""Thinned curves keep their ends and spikes; ticks are round."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.report.axes import time_ticks, value_ticks, written
from tradectl_sdk.report.thinning import thinned

SECOND = 1_000_000_000


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 900), st.integers(2, 60))
def test_ends_and_extremes_stay_and_no_more_than_two_a_pixel(seed, count, pixels):
    time = np.arange(count, dtype=np.int64) * SECOND
    values = np.random.default_rng(seed).normal(size=count)
    kept = thinned(time, values, pixels)
    assert kept.size <= 2 * pixels + 2
    assert (kept[0], kept[-1]) == (0, count - 1)
    assert (np.diff(kept) > 0).all()
    assert (values[kept].min(), values[kept].max()) == (values.min(), values.max())


def test_moments_far_apart_are_thinned_by_time():
    time = np.concatenate((np.arange(1000), [10**6])).astype(np.int64) * SECOND
    assert thinned(time, np.sin(np.arange(1001)), 100).tolist()[-1] == 1000


@settings(max_examples=40, deadline=None)
@given(st.floats(-1e9, 1e9), st.floats(1e-4, 1e9), st.integers(2, 10))
def test_value_ticks_lie_within_and_are_even(low, share, count):
    span = share * max(abs(low), 1)
    ticks = value_ticks(low, low + span, count)
    assert len(ticks) <= count + 2
    steps = np.diff(ticks)
    if steps.size:
        assert np.allclose(steps, steps[0], rtol=1e-3)


def test_time_ticks_are_round():
    year = np.datetime64("2020-01-01", "ns").astype(np.int64)
    later = np.datetime64("2024-06-01", "ns").astype(np.int64)
    assert [text for _, text in time_ticks(year, later, 8)] == [
        "2020", "2021", "2022", "2023", "2024",
    ]  # fmt: skip
    day = time_ticks(year, year + 86_400 * SECOND, 8)
    assert [text[-5:] for _, text in day] == ["00:00", "06:00", "12:00", "18:00", "00:00"]


def test_values_are_written_for_people():
    assert written(0.1234, "percent") == "12.34 %"
    assert written(-0.0, "") == "0.00"
    assert written(1234567.0, "USD", 50_000) == "1,234,567"
    assert written(0.25, "", 0.05) == "0.25"
