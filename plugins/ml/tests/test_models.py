"""The models: what they learn, and that they learn it the same way again."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError
from tradectl_ml.models import Always, Boosting, Logistic, Ridge, on_one_thread
from tradectl_ml.settings import BoostingSettings, LogisticSettings, RidgeSettings
from tradectl_sdk.models import Schedule, forward_returns, judge, walk_forward

MADE = {
    "ridge": lambda **how: Ridge(RidgeSettings(**how)),
    "logistic": lambda **how: Logistic(LogisticSettings(**how)),
    "boosting": lambda **how: Boosting(BoostingSettings(trees=20, **how)),
}


@pytest.fixture(scope="module")
def learnable():
    """Rows whose label is half the first column, half noise."""
    draw = np.random.default_rng(1)
    rows = draw.normal(0, 1, (1000, 3))
    return rows, 0.01 * (rows[:, 0] + draw.normal(0, 1, 1000))


@pytest.mark.parametrize("name", MADE)
def test_what_can_be_learned_is_learned(name, learnable):
    rows, labels = learnable
    predictor = MADE[name]().fit(rows[:700], labels[:700])
    ahead = predictor.predict(rows[700:])
    assert ahead.dtype == np.float64
    assert judge(ahead, labels[700:]).rank_correlation > 0.5
    assert judge(ahead, labels[700:]).hits > 0.65


def test_ridge_is_the_penalised_least_squares_of_the_book(learnable):
    rows, labels = learnable
    scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    penalty = 50.0 * np.eye(3)
    weights = np.linalg.solve(scaled.T @ scaled + penalty, scaled.T @ (labels - labels.mean()))
    found = MADE["ridge"](alpha=50.0).fit(rows, labels).predict(rows)
    np.testing.assert_allclose(found, labels.mean() + scaled @ weights, atol=1e-12)


def test_logistic_says_how_much_likelier_up_than_down(learnable):
    rows, labels = learnable
    found = MADE["logistic"]().fit(rows, labels).predict(rows)
    assert -1 <= found.min() < 0 < found.max() <= 1
    sure = found > 0.5
    assert np.mean(labels[sure] > 0) > 0.7


@pytest.mark.parametrize(("sign", "forecast"), [(1, 1.0), (-1, -1.0)])
def test_labels_of_one_sign_are_forecast_as_such(learnable, sign, forecast):
    rows, labels = learnable
    found = MADE["logistic"]().fit(rows, sign * np.abs(labels))
    assert isinstance(found, Always)
    assert set(found.predict(rows[:5])) == {forecast}


def test_libraries_beneath_are_kept_to_one_thread(learnable):
    from threadpoolctl import threadpool_info

    MADE["boosting"]().fit(*learnable)
    with on_one_thread():
        counts = {each["user_api"]: each["num_threads"] for each in threadpool_info()}
    assert counts == {"blas": 1, "openmp": 1}


def test_a_fold_is_the_fit_anybody_would_make_of_its_rows(random_walk):
    bars = random_walk(700, seed=2)
    model = MADE["ridge"](horizon=5, embargo=3, first=600, every=60)
    walk = walk_forward(model, bars)
    known, labels = model.features(bars).values, forward_returns(bars, 5)
    rows = slice(99, 660 - 5 - 3 + 1)  # from the first with all features to the last known label
    expected = MADE["ridge"]().fit(known[rows], labels[rows]).predict(known[660:])
    np.testing.assert_array_equal(walk.values[660:], expected)


def test_settings_make_the_schedule_and_are_what_the_model_was_made_with():
    model = MADE["ridge"](
        horizon=3, embargo=2, first=90, every=7, window=60, features="rsi_14+return_1"
    )
    assert model.schedule == Schedule(horizon=3, embargo=2, first=90, every=7, window=60)
    assert model.settings["features"] == ["rsi_14", "return_1"]
    assert model.settings["alpha"] == 1.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("return_1+retrun_5", "names no feature 'retrun_5'; did you mean return_5?"),
        ("return_1+return_1", "each once"),
        ("", "names no feature ''"),
    ],
)
def test_features_that_nobody_knows_are_refused(given, message):
    with pytest.raises(ValidationError, match=message.replace("?", r"\?")):
        RidgeSettings(features=given)


def test_scikit_learn_is_imported_when_a_model_is_fitted_and_not_before():
    program = (
        "import sys; from tradectl_ml.models import Ridge; from tradectl_ml.settings import *;"
        "Ridge(RidgeSettings()); sys.exit('sklearn' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
