"""Models that forecast, fitted walk-forward: each learns from the past only, whatever it is.

A model says what it looks at and how it learns; which rows it may learn from is decided here. That
keeps the one mistake that makes any model look brilliant out of reach of whoever writes one::

    from tradectl_sdk.models import Features, Model, Schedule, walk_forward

    class Momentum(Model):
        schedule = Schedule(horizon=5, first=250, every=50)

        def features(self, bars): ...        # what is known at the close of each bar
        def fit(self, features, labels): ... # something with a method predict(features)

    walk_forward(Momentum(), bars).values    # one forecast beside each bar, NaN before the first
"""

from __future__ import annotations

from tradectl_sdk.models.following import Following
from tradectl_sdk.models.model import Features, FeatureStream, Model, Predictor
from tradectl_sdk.models.quality import Quality, judge
from tradectl_sdk.models.schedule import Fold, Schedule
from tradectl_sdk.models.walking import Fit, Walk, forward_returns, walk_forward

__all__ = [
    "FeatureStream",
    "Features",
    "Fit",
    "Fold",
    "Following",
    "Model",
    "Predictor",
    "Quality",
    "Schedule",
    "Walk",
    "forward_returns",
    "judge",
    "walk_forward",
]
