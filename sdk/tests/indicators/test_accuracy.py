"""Numbers against their definitions: brute force, exact fractions, long runs, hard cases."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tradectl_sdk.errors import UsageError
from tradectl_sdk.indicators import (
    EMA,
    MACD,
    OBV,
    RSI,
    SMA,
    SMMA,
    VWAP,
    WMA,
    Bollinger,
    Keltner,
    RollingMax,
    RollingMin,
    RollingVWAP,
    StandardDeviation,
    Stochastic,
    compute,
    compute_outputs,
)

PRICES = st.lists(st.floats(0.01, 1e6, allow_subnormal=False), min_size=1, max_size=80)
WINDOWS = st.integers(1, 12)


def windows(x: list[float], n: int) -> list[list[float]]:
    return [x[i + 1 - n : i + 1] for i in range(n - 1, len(x))]


@given(x=st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=80), n=WINDOWS)
def test_window_extremes_equal_brute_force(x: list[float], n: int) -> None:
    assert compute(RollingMax(n), x)[n - 1 :].tolist() == [max(w) for w in windows(x, n)]
    assert compute(RollingMin(n), x)[n - 1 :].tolist() == [min(w) for w in windows(x, n)]


@given(x=st.lists(st.sampled_from([1.0, 2.0, 3.0, math.nan]), min_size=1, max_size=60), n=WINDOWS)
def test_window_extremes_are_nan_exactly_while_a_nan_is_inside(x: list[float], n: int) -> None:
    x = [1.0] * n + x  # ready before the first NaN
    for cls, extreme in ((RollingMax, max), (RollingMin, min)):
        want = [math.nan if any(map(math.isnan, w)) else extreme(w) for w in windows(x, n)]
        np.testing.assert_array_equal(compute(cls(n), x)[n - 1 :], want)


@given(x=PRICES, n=WINDOWS)
def test_sma_keeps_its_stated_bound(x: list[float], n: int) -> None:
    got = compute(SMA(n), x)
    for i, w in enumerate(windows(x, n), n - 1):
        largest = max(x[max(0, i + 1 - 2 * n) : i + 1])
        error = abs(Fraction(got[i]) - sum(map(Fraction, w)) / n)
        assert error <= 3 * n * 2.0**-53 * largest


@given(x=PRICES, n=WINDOWS)
def test_wma_equals_its_definition(x: list[float], n: int) -> None:
    got = compute(WMA(n), x)[n - 1 :]
    weights = np.arange(1, n + 1) / (n * (n + 1) / 2)
    want = [float(np.dot(weights, w)) for w in windows(x, n)]
    np.testing.assert_allclose(got, want, atol=1e-14 * n * max(x), rtol=0.0)


def test_averages_do_not_drift_over_a_long_run() -> None:
    """A running sum alone would keep what the large values left behind, some 1e-3."""
    x = np.r_[np.full(1000, 1e13), np.random.default_rng(3).normal(100.0, 1.0, 200_000)]
    tail = math.fsum(x[-50:]) / 50
    assert compute(SMA(50), x)[-1] == pytest.approx(tail, rel=1e-14)
    weights = np.arange(1, 51) / 1275.0
    assert compute(WMA(50), x)[-1] == pytest.approx(float(np.dot(weights, x[-50:])), rel=1e-13)


@pytest.mark.parametrize(("cls", "alpha"), [(EMA, 2.0 / 6.0), (SMMA, 1.0 / 5.0)])
def test_recursive_averages_start_from_a_simple_one(cls: type[EMA], alpha: float) -> None:
    x = [3.0, 1.0, 4.0, 1.0, 6.0, 9.0, 2.0]
    seed = 15.0 / 5.0
    first = seed + alpha * (9.0 - seed)
    second = first + alpha * (2.0 - first)
    assert compute(cls(5), x)[4:] == pytest.approx([seed, first, second], rel=1e-15)


def exact_deviation(w: list[float]) -> float:
    values = [Fraction(v) for v in w]
    mean = sum(values) / len(values)
    return math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))


@given(
    x=st.lists(st.integers(-1000, 1000), min_size=1, max_size=60),
    n=WINDOWS,
    level=st.sampled_from([0.0, 1e6, 1e12, -1e15]),
)
@settings(max_examples=60)
def test_deviation_is_exact_at_any_level(x: list[int], n: int, level: float) -> None:
    values = [level + v for v in x]
    got = compute(StandardDeviation(n), values)[n - 1 :]
    want = [exact_deviation(w) for w in windows(values, n)]
    np.testing.assert_allclose(got, want, rtol=1e-13, atol=0.0)


def test_deviation_forgets_an_outlier_the_moment_it_leaves() -> None:
    x = [100.0 + 0.01 * (i % 7) for i in range(60)]
    for place in range(20, 31):
        spiked = [*x[:place], 1e15, *x[place + 1 :]]
        got = compute(StandardDeviation(10), spiked)
        want = [exact_deviation(w) for w in windows(spiked, 10)]
        np.testing.assert_allclose(got[9:], want, rtol=1e-12)


@given(level=st.floats(1e-6, 1e12), n=WINDOWS)
def test_equal_prices_close_the_bands_completely(level: float, n: int) -> None:
    bands = compute_outputs(Bollinger(n), [level] * 40)
    for column in bands.values():
        assert set(column[n - 1 :]) == {level}


@given(x=PRICES)
def test_oscillators_stay_within_their_range(x: list[float]) -> None:
    for got in (compute(RSI(3), x), compute(Stochastic(3, 1, 1), x, x, x)):
        known = got[~np.isnan(got)]
        assert ((known >= 0.0) & (known <= 100.0)).all()


def test_rsi_of_rises_only_is_100_and_of_falls_only_0() -> None:
    rising = [float(i) for i in range(1, 30)]
    assert compute(RSI(14), rising)[-1] == 100.0
    assert compute(RSI(14), rising[::-1])[-1] == 0.0


def test_obv_adds_on_rises_subtracts_on_falls_and_ignores_the_rest() -> None:
    got = compute(OBV(), [5.0, 6.0, 6.0, 4.0], [10.0, 20.0, 40.0, 80.0])
    assert got.tolist() == [0.0, 20.0, 20.0, -60.0]


def test_vwap_starts_afresh_with_a_session_and_is_nan_until_volume_trades() -> None:
    vwap = VWAP()
    assert vwap.update(12.0, 6.0, 9.0, 10.0) == 9.0
    assert vwap.update(21.0, 15.0, 18.0, 20.0) == 15.0
    vwap.new_session()
    assert math.isnan(vwap.value)
    assert math.isnan(vwap.update(50.0, 50.0, 50.0, 0.0))
    assert vwap.update(31.0, 29.0, 30.0, 5.0) == 30.0


def test_vwap_ends_sessions_of_a_known_length_by_itself() -> None:
    prices = [1.0, 3.0, 10.0, 20.0, 100.0]
    got = compute(VWAP(2), prices, prices, prices, [1.0] * 5)
    assert got.tolist() == [1.0, 2.0, 10.0, 15.0, 100.0]


def test_rolling_vwap_of_a_window_without_volume_is_nan_not_rounding_noise() -> None:
    volume = [0.1, 0.2, 0.3, 0.7, 0.0, 0.0, 0.0, 0.0, 0.0, 0.4]
    price = [100.0] * 10
    got = compute(RollingVWAP(3), price, price, price, volume)
    assert np.isnan(got[6:9]).all()
    assert got[9] == pytest.approx(100.0)
    assert got[2:6] == pytest.approx([100.0] * 4)


@given(
    x=st.lists(st.floats(1.0, 1e4), min_size=1, max_size=50),
    data=st.data(),
    n=WINDOWS,
)
@settings(max_examples=50)
def test_rolling_vwap_equals_brute_force(x: list[float], data: st.DataObject, n: int) -> None:
    volume = data.draw(st.lists(st.floats(0.1, 1e3), min_size=len(x), max_size=len(x)))
    got = compute(RollingVWAP(n), x, x, x, volume)[n - 1 :]
    pairs = zip(windows(x, n), windows(volume, n), strict=True)
    want = [math.fsum(map(float.__mul__, p, v)) / math.fsum(v) for p, v in pairs]
    np.testing.assert_allclose(got, want, rtol=1e-13)


def test_an_indicator_can_feed_another() -> None:
    x = np.random.default_rng(1).normal(100.0, 1.0, 80)
    rsi, smoothed = RSI(14), EMA(9)
    chained = [smoothed.update(rsi.update(float(v))) for v in x]
    np.testing.assert_array_equal(chained, compute(EMA(9), compute(RSI(14), x)))
    assert math.isnan(chained[21])
    assert not math.isnan(chained[22])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: MACD(26, 12, 9), r"slow was 12, expected more than fast \(26\)"),
        (lambda: MACD(12, 12, 9), r"slow was 12, expected more than fast \(12\)"),
        (lambda: MACD(12, 26, 0), "signal was 0, expected at least 1"),
        (lambda: Stochastic(14, 0, 3), "smooth was 0, expected at least 1"),
        (lambda: Keltner(20, 0), "atr_window was 0, expected at least 1"),
        (lambda: Keltner(20, 10, 0.0), "multiplier was 0.0, expected a finite number above 0"),
        (lambda: Bollinger(20, math.inf), "deviations was inf, expected a finite number above 0"),
        (lambda: Bollinger(20, "wide"), "deviations was 'wide', expected a number"),
        (lambda: VWAP(-1), "session_bars was -1, expected at least 0"),
    ],
)
def test_parameters_out_of_range_are_refused_with_what_was_expected(make, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as caught:
        make()
    assert caught.value.hint
