"""Walking a model through bars: what each fit sees, and where forecasts stand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from small_models import LeastSquares, Line, Spy, past_returns
from tradectl_sdk.errors import ModelError
from tradectl_sdk.models import Features, forward_returns, judge, walk_forward


def test_a_label_is_the_return_over_the_horizon(bars):
    labels, close = forward_returns(bars, 3), bars.floats("close")
    assert labels[10] == close[13] / close[10] - 1
    assert np.isnan(labels[-3:]).all()
    assert np.isfinite(labels[:-3]).all()
    assert np.isnan(forward_returns(bars.rows(0, 3), 3)).all()


def test_each_fit_sees_the_rows_of_its_fold_and_no_other(bars):
    spy = Spy(horizon=4, embargo=2, first=100, every=100)
    walk = walk_forward(spy, bars)
    known, labels = past_returns(bars).values, forward_returns(bars, 4)
    assert [(fit.fold.start, fit.rows) for fit in walk.fits] == [(100, 90), (200, 190), (300, 290)]
    for (features, learned), fit in zip(spy.seen, walk.fits, strict=True):
        rows = slice(5, fit.fold.start - 6 + 1)  # the first five lack a feature
        np.testing.assert_array_equal(features, known[rows])
        np.testing.assert_array_equal(learned, labels[rows])


def test_forecasts_begin_with_the_first_fit_and_come_from_the_latest(bars):
    walk = walk_forward(LeastSquares(first=100, every=60), bars)
    assert np.isnan(walk.values[:100]).all()
    assert np.isfinite(walk.values[100:]).all()
    known, labels = past_returns(bars).values, forward_returns(bars, 3)
    rows = slice(5, 160 - 3 + 1)
    weights = np.linalg.lstsq(known[rows], labels[rows], rcond=None)[0]
    np.testing.assert_array_equal(walk.values[160:220], Line(weights).predict(known[160:220]))


@pytest.mark.parametrize("cut", [101, 160, 161, 219, 399])
def test_later_bars_change_no_forecast(bars, cut):
    whole = walk_forward(LeastSquares(), bars).values
    np.testing.assert_array_equal(
        walk_forward(LeastSquares(), bars.rows(0, cut)).values, whole[:cut]
    )


def test_what_the_future_holds_changes_no_forecast(bars):
    """Not only its absence: labels that reach beyond the fit are purged, not cut off."""
    other = bars.close.copy()
    other[161:] = other[161:][::-1] * 2
    changed = replace(bars, close=other)
    np.testing.assert_array_equal(
        walk_forward(LeastSquares(), changed).values[:161],
        walk_forward(LeastSquares(), bars).values[:161],
    )


def test_rows_without_a_feature_are_neither_learned_from_nor_forecast(bars):
    class Holes(LeastSquares):
        def features(self, bars):
            known = past_returns(bars)
            values = known.values.copy()
            values[50] = np.inf
            values[150] = np.nan
            return Features(names=known.names, values=values)

    walk = walk_forward(Holes(first=100, every=300), bars)
    assert walk.fits[0].rows == 100 - 3 + 1 - 5 - 1
    assert np.isnan(walk.values[150])
    assert np.isfinite(walk.values[151])


def test_too_few_rows_make_no_forecast(bars):
    walk = walk_forward(LeastSquares(first=20, every=20), bars)
    assert walk.fits[0].fold.start == 40
    assert np.isnan(walk.values[:40]).all()


class Raises(LeastSquares):
    def fit(self, features, labels):
        raise ZeroDivisionError("no\nway")


class TooFew(LeastSquares):
    def features(self, bars):
        known = past_returns(bars)
        return Features(names=known.names, values=known.values[1:])


class Flat(LeastSquares):
    def features(self, bars):
        return Features(names=("one",), values=bars.floats("close"))


class Nameless(LeastSquares):
    def features(self, bars):
        return Features(names=("one",), values=past_returns(bars).values)


class Short(LeastSquares):
    def fit(self, features, labels):
        return type("One", (), {"predict": lambda self, rows: rows[:1, 0]})()


class Absent(LeastSquares):
    def fit(self, features, labels):
        return Line(np.full(features.shape[1], math.nan))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Raises, "Raises: fit raised ZeroDivisionError: no way"),
        (TooFew, "TooFew: features gave 399 rows, expected a row for each bar"),
        (Flat, r"features were float64\[400\], expected float64 of shape \(bars, 1\)"),
        (Nameless, "features had 4 columns and 1 names"),
        (Short, r"Short: predict gave float64\[1\], expected 64 finite numbers"),
        (Absent, r"predict gave float64\[64\], not all finite, expected 64"),
    ],
)
def test_what_a_model_does_wrong_is_said_with_its_name(bars, model, message):
    with pytest.raises(ModelError, match=message):
        walk_forward(model(), bars)


def test_forecasts_are_judged_by_rank_sign_and_error():
    forecasts = np.array([3.0, 1.0, 2.0, np.nan, 0.0])
    came = np.array([0.3, -0.1, 0.2, 0.5, 0.1])
    found = judge(forecasts, came)
    assert found.count == 4
    assert found.rank_correlation == pytest.approx(0.8)  # ranks 4 2 3 1 and 4 1 3 2
    assert found.hits == pytest.approx(2 / 3)
    errors = (2.7**2 + 1.1**2 + 1.8**2 + 0.1**2) / (0.09 + 0.01 + 0.04 + 0.01)
    assert found.r_squared == pytest.approx(1 - errors)
    assert judge(came, came).r_squared == 1.0
    assert judge(np.ones(4), came[:4]).rank_correlation is None
    assert judge(np.array([1.0, 1.0, 2.0]), np.array([5.0, 5.0, 9.0])).rank_correlation == 1.0
    nothing = judge(np.full(3, np.nan), np.ones(3))
    assert (nothing.count, nothing.rank_correlation, nothing.hits, nothing.r_squared) == (
        0,
        None,
        None,
        None,
    )


def test_a_fit_is_judged_by_the_rows_it_learned_from(bars):
    walk = walk_forward(LeastSquares(first=200, every=200), bars, judged=True)
    (fit,) = walk.fits
    known, labels = past_returns(bars).values, forward_returns(bars, 3)
    rows = slice(5, 198)
    weights = np.linalg.lstsq(known[rows], labels[rows], rcond=None)[0]
    assert fit.learned == judge(Line(weights).predict(known[rows]), labels[rows])
    assert fit.learned.r_squared > 0
