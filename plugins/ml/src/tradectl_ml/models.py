"""Pipelines of scikit-learn as models; it is imported when one is fitted.

All arithmetic runs on one thread. Sums that several threads share are taken in an order nobody
chose, and a sweep runs its trials in processes that are forked from one with forecasts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from tradectl_sdk.models import Features, Model

from tradectl_ml.features import Stream, make_features
from tradectl_ml.threads import on_one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tradectl_sdk import Bars
    from tradectl_sdk.models import Predictor

    from tradectl_ml.settings import (
        BoostingSettings,
        LogisticSettings,
        RidgeSettings,
        WalkSettings,
    )

    FloatArray = NDArray[np.float64]


class Pipeline(Model):
    """What the models have in common: features, schedule, and the library they are made of."""

    libraries = ("numpy", "scikit-learn", "scipy")

    def __init__(self, settings: WalkSettings) -> None:
        self.schedule = settings.schedule()
        self.settings = settings.model_dump(mode="json")
        self._names = settings.features

    def features(self, bars: Bars) -> Features:
        """Compute the features that the settings name."""
        return make_features(bars, self._names)

    def stream(self) -> Stream:
        """Make them bar by bar."""
        return Stream(self._names)


class Ridge(Pipeline):
    """Standardised features, least squares with a penalty (Hoerl and Kennard, 1970)."""

    def __init__(self, settings: RidgeSettings) -> None:
        super().__init__(settings)
        self._alpha = settings.alpha

    def fit(self, features: FloatArray, labels: FloatArray) -> Predictor:
        """Learn the return."""
        from sklearn import linear_model

        return Regression(_scaled(linear_model.Ridge(alpha=self._alpha)), features, labels)


class Logistic(Pipeline):
    """Standardised features, logistic regression of the sign."""

    def __init__(self, settings: LogisticSettings) -> None:
        super().__init__(settings)
        self._c = settings.c

    def fit(self, features: FloatArray, labels: FloatArray) -> Predictor:
        """Learn whether the return is above zero."""
        from sklearn.linear_model import LogisticRegression

        rises = labels > 0
        if rises.all() or not rises.any():
            return Always(1.0 if rises.all() else -1.0)
        return Sign(_scaled(LogisticRegression(C=self._c, max_iter=1000)), features, rises)


class Boosting(Pipeline):
    """Gradient boosting of trees on histograms (Friedman, 2001), without early stopping.

    Early stopping would set rows aside by chance, among them neighbours of rows it learns from.
    """

    def __init__(self, settings: BoostingSettings) -> None:
        super().__init__(settings)
        self._how = settings

    def fit(self, features: FloatArray, labels: FloatArray) -> Predictor:
        """Learn the return."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        how = self._how
        trees = HistGradientBoostingRegressor(
            max_iter=how.trees,
            learning_rate=how.learning_rate,
            max_leaf_nodes=how.leaves,
            min_samples_leaf=how.leaf_rows,
            early_stopping=False,
            random_state=how.seed,
        )
        return Regression(trees, features, labels)


class Regression:
    """A fitted estimator whose prediction is the forecast."""

    def __init__(self, estimator: Any, features: FloatArray, labels: NDArray[Any]) -> None:
        with on_one_thread():
            self._estimator = estimator.fit(features, labels)

    def predict(self, features: FloatArray) -> FloatArray:
        """Forecast the return of each row."""
        with on_one_thread():
            return np.asarray(self._estimator.predict(features), np.float64)


class Sign(Regression):
    """A fitted classifier of rises and falls."""

    def predict(self, features: FloatArray) -> FloatArray:
        """Say how much likelier a rise is than a fall, from -1 to 1."""
        with on_one_thread():
            chances = self._estimator.predict_proba(features)
        return np.asarray(2.0 * chances[:, 1] - 1.0, np.float64)


class Always:
    """What is learned where all labels have one sign."""

    def __init__(self, forecast: float) -> None:
        self._forecast = forecast

    def predict(self, features: FloatArray) -> FloatArray:
        """Forecast the same for every row."""
        return np.full(len(features), self._forecast)


def _scaled(estimator: Any) -> Any:
    """Put standardising before an estimator; it is learned from the same rows."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), estimator)
