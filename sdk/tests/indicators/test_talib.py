"""Equality with TA-Lib 0.8 on random bars, and every place where the conventions differ.

Both sides compute the same real number in another order of operations, so they may differ by
rounding: a few thousand operations on prices around 100 leave less than 1e-9 of the price. Ratios
of small ranges (stochastic) lose up to three more digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tradectl_sdk.indicators import (
    ADX,
    ATR,
    EMA,
    MACD,
    OBV,
    RSI,
    SMA,
    WMA,
    Bollinger,
    Indicator,
    RollingMax,
    RollingMin,
    StandardDeviation,
    Stochastic,
    TrueRange,
    compute,
    compute_outputs,
)

if TYPE_CHECKING:
    from collections.abc import Callable

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")

N = 2000


@pytest.fixture(scope="module")
def bars() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(20240229)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, N)))
    opening = np.r_[100.0, close[:-1]] * np.exp(rng.normal(0.0, 0.003, N))  # gaps
    high = np.maximum(opening, close) * (1.0 + np.abs(rng.normal(0.0, 0.004, N)))
    low = np.minimum(opening, close) * (1.0 - np.abs(rng.normal(0.0, 0.004, N)))
    volume = rng.integers(1, 10_000, N).astype(float)
    return {"high": high, "low": low, "close": close, "volume": volume}


HLC = ("high", "low", "close")

SAME: list[tuple[str, Callable[[], Indicator], tuple[str, ...], dict[str, int | float], list[str]]]
SAME = [
    ("SMA", lambda: SMA(17), ("close",), {"timeperiod": 17}, ["value"]),
    ("EMA", lambda: EMA(17), ("close",), {"timeperiod": 17}, ["value"]),
    ("WMA", lambda: WMA(17), ("close",), {"timeperiod": 17}, ["value"]),
    ("RSI", lambda: RSI(14), ("close",), {"timeperiod": 14}, ["value"]),
    ("MACD", MACD, ("close",), {}, ["value", "signal", "histogram"]),
    ("ATR", lambda: ATR(14), HLC, {"timeperiod": 14}, ["value"]),
    ("TRANGE", TrueRange, HLC, {}, ["value"]),
    ("STDDEV", lambda: StandardDeviation(20), ("close",), {"timeperiod": 20}, ["value"]),
    (
        "BBANDS",
        lambda: Bollinger(20, 2.5),
        ("close",),
        {"timeperiod": 20, "nbdevup": 2.5, "nbdevdn": 2.5},
        ["upper", "value", "lower"],
    ),
    ("MAX", lambda: RollingMax(13), ("close",), {"timeperiod": 13}, ["value"]),
    ("MIN", lambda: RollingMin(13), ("close",), {"timeperiod": 13}, ["value"]),
    (
        "STOCH",
        lambda: Stochastic(14, 3, 5),
        HLC,
        {"fastk_period": 14, "slowk_period": 3, "slowd_period": 5},
        ["value", "d"],
    ),
    (
        "STOCHF",
        lambda: Stochastic(14, 1, 3),
        HLC,
        {"fastk_period": 14, "fastd_period": 3},
        ["value", "d"],
    ),
]


@pytest.mark.parametrize(("name", "make", "inputs", "options", "outputs"), SAME)
def test_equals_talib_with_the_same_warm_up(
    bars: dict[str, np.ndarray],
    name: str,
    make: Callable[[], Indicator],
    inputs: tuple[str, ...],
    options: dict[str, int | float],
    outputs: list[str],
) -> None:
    columns = [bars[column] for column in inputs]
    theirs = getattr(talib, name)(*columns, **options)
    theirs = theirs if isinstance(theirs, (tuple, list)) else (theirs,)
    ours = compute_outputs(make(), *columns)
    for want, output in zip(theirs, outputs, strict=True):
        np.testing.assert_allclose(ours[output], want, rtol=1e-9, atol=1e-9)


def test_adx_settles_on_talibs_which_is_seeded_by_one_value_less(
    bars: dict[str, np.ndarray],
) -> None:
    columns = [bars[name] for name in HLC]
    ours = compute_outputs(ADX(14), *columns)
    for output, name in (("value", "ADX"), ("plus_di", "PLUS_DI"), ("minus_di", "MINUS_DI")):
        theirs = getattr(talib, name)(*columns, timeperiod=14)
        np.testing.assert_allclose(ours[output][27:], theirs[27:], atol=6.0)
        np.testing.assert_allclose(ours[output][500:], theirs[500:], rtol=1e-9)  # 0.93 ** 470
    assert np.flatnonzero(~np.isnan(ours["value"]))[0] == 27
    assert np.flatnonzero(~np.isnan(talib.ADX(*columns, timeperiod=14)))[0] == 27


def test_obv_is_talibs_less_the_first_volume(bars: dict[str, np.ndarray]) -> None:
    close, volume = bars["close"], bars["volume"]
    np.testing.assert_array_equal(
        compute(OBV(), close, volume), talib.OBV(close, volume) - volume[0]
    )


def test_where_nothing_moves_rsi_and_stochastic_are_neutral_and_talib_says_zero() -> None:
    flat = np.full(60, 100.0)
    assert talib.RSI(flat, 14)[-1] == 0.0
    assert compute(RSI(14), flat)[-1] == 50.0
    assert talib.STOCH(flat, flat, flat)[0][-1] == 0.0
    assert compute(Stochastic(5), flat, flat, flat)[-1] == 50.0
