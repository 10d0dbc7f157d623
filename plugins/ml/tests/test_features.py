"""What the models look at, against its definition."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tradectl_ml.features import FEATURES, make_features

WARM_UP = {
    "return_1": 1, "return_5": 5, "return_21": 21, "volatility_21": 21, "volatility_change": 63,
    "trend_20": 19, "trend_100": 99, "rsi_14": 14, "range_20": 19, "bar_range": 14, "volume_21": 20,
}  # fmt: skip


@pytest.fixture(scope="module")
def bars(random_walk):
    return random_walk(300, seed=7)


@pytest.fixture(scope="module")
def known(bars):
    found = make_features(bars, tuple(FEATURES))
    return dict(zip(found.names, found.values.T, strict=True))


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_begins_when_its_window_is_full_and_never_stops(known, name):
    assert int(np.flatnonzero(np.isfinite(known[name]))[0]) == WARM_UP[name]
    assert np.isfinite(known[name][WARM_UP[name] :]).all()


def test_values_are_those_of_the_definitions(bars, known):
    close, volume = bars.floats("close"), bars.floats("volume")
    high, low = bars.floats("high"), bars.floats("low")
    at = 250
    steps = np.diff(np.log(close))
    assert known["return_5"][at] == pytest.approx(math.log(close[at] / close[at - 5]))
    assert known["volatility_21"][at] == pytest.approx(_deviation(steps[at - 21 : at]))
    ratio = _deviation(steps[at - 10 : at]) / _deviation(steps[at - 63 : at])
    assert known["volatility_change"][at] == pytest.approx(ratio - 1)
    assert known["trend_100"][at] == pytest.approx(close[at] / close[at - 99 : at + 1].mean() - 1)
    top, bottom = high[at - 19 : at + 1].max(), low[at - 19 : at + 1].min()
    assert known["range_20"][at] == pytest.approx((close[at] - bottom) / (top - bottom) - 0.5)
    usual = volume[at - 20 : at + 1].mean()
    assert known["volume_21"][at] == pytest.approx(math.log((1 + volume[at] / usual) / 2))


def _deviation(steps):
    return float(np.std(steps))


def test_features_do_not_depend_on_the_level_of_prices(bars, known):
    tenfold = replace(
        bars, **{name: getattr(bars, name) * 10 for name in ("open", "high", "low", "close")}
    )
    again = make_features(tenfold, tuple(FEATURES))
    np.testing.assert_allclose(again.values, np.column_stack(list(known.values())), atol=1e-9)


def test_where_nothing_moves_and_nobody_counts_volume_features_are_neutral(bars):
    still = replace(
        bars,
        volume=np.zeros_like(bars.volume),
        **{name: np.full_like(bars.close, 500) for name in ("open", "high", "low", "close")},
    )
    last = dict(
        zip(FEATURES, make_features(still, tuple(FEATURES)).values[-1].tolist(), strict=True)
    )
    assert np.isfinite(list(last.values())).all()
    assert {last[name] for name in ("return_21", "volatility_change", "range_20", "volume_21")} == {
        0.0
    }
