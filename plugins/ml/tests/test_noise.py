"""Pure noise, labels that overlap: what shuffled folds praise, walking forward does not.

Neighbouring rows share all but one bar of a twenty-bar label. A fold drawn by chance leaves a row's
neighbours in the training set, and a model of neighbours then knows the answer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tradectl_sdk.models import forward_returns, judge, walk_forward

HORIZON, FIRST, EVERY = 20, 500, 100


def in_shuffled_folds(make: Any, rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    from sklearn.model_selection import KFold, cross_val_predict

    folds = KFold(5, shuffle=True, random_state=0)
    return cross_val_predict(make(), rows, labels, cv=folds)


@pytest.mark.parametrize("seed", [0, 1])
def test_shuffled_folds_look_brilliant_and_walking_forward_does_not(random_walk, neighbours, seed):
    noise = random_walk(1500, seed)
    model = neighbours(horizon=HORIZON, first=FIRST, every=EVERY)
    known, labels = model.features(noise).values, forward_returns(noise, HORIZON)
    rows = np.flatnonzero(np.isfinite(known).all(axis=1) & np.isfinite(labels))
    shuffled = judge(in_shuffled_folds(model.estimator, known[rows], labels[rows]), labels[rows])
    walked = judge(walk_forward(model, noise).values, labels)
    assert shuffled.r_squared > 0.6
    assert shuffled.rank_correlation > 0.75
    assert walked.r_squared < 0
    assert abs(walked.rank_correlation) < 3 * (HORIZON / walked.count) ** 0.5
