"""A sound model passes, and what is wrong with one is found by the check that says so."""

from __future__ import annotations

import sys
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from tradectl_sdk.models import Features, Model, Schedule
from tradectl_sdk.testing import Outcome, model_checks, run_checks

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from small_models import FittedOnEverything, LeastSquares, Line, ScaledByAll, Tomorrow, past_returns

KINDS = {"capabilities": {"returns"}}


def failures(cls: type, **about: object) -> set[str]:
    checks = model_checks(lambda settings: cls(), **about)
    return {each.name for each in run_checks(checks) if each.status is Outcome.FAILED}


def test_a_sound_model_passes() -> None:
    results = run_checks(model_checks(lambda settings: LeastSquares(), capabilities={"returns"}))
    assert [
        (each.name, each.message) for each in results if each.status is not Outcome.PASSED
    ] == []
    assert len(results) == 9


class NoModel:
    """Looks like one."""

    schedule = Schedule(first=50, every=50)


class Undocumented(LeastSquares):
    def fit(self, features, labels):
        return super().fit(features, labels)


class Unwritable(LeastSquares):
    """Settings that no run can be named by."""

    settings = MappingProxyType({"it": object()})


class Elsewhere(LeastSquares):
    """Names a library that is not there."""

    libraries = ("no-such-distribution",)


class NeedsVolume(LeastSquares):
    """Divides by the volume."""

    def features(self, bars):
        known = past_returns(bars)
        volume = bars.floats("volume")
        values = known.values / np.where(volume > 0, 1.0, np.nan)[:, None]
        return Features(names=known.names, values=values)


class Moody(LeastSquares):
    """Draws from the generator that everybody shares."""

    def fit(self, features, labels):
        line = super().fit(features, labels)
        line.weights = line.weights * (1 + np.random.random())  # noqa: NPY002
        return line


class Drifting(LeastSquares):
    """Makes other features bar by bar than all at once."""

    def stream(self):
        class Rows:
            def add(self, bars):
                return np.tile([1.0, 0.0, 0.0, 0.0], (len(bars), 1))

        return Rows()


class Standardising(LeastSquares):
    """Takes the mean of all rows that are forecast together."""

    def fit(self, features, labels):
        line = super().fit(features, labels)

        class Centred(Line):
            def predict(self, features):
                return super().predict(features - features.mean(axis=0))

        return Centred(line.weights)


class Loud(LeastSquares):
    """Forecasts in percent of percent."""

    def fit(self, features, labels):
        line = super().fit(features, labels)
        return Line(line.weights * 10_000)


@pytest.mark.parametrize(
    ("cls", "found"),
    [
        (NoModel, {"is_a_documented_model"}),
        (Undocumented, {"is_a_documented_model"}),
        (Unwritable, {"says_what_it_was_made_with"}),
        (Elsewhere, {"says_what_it_was_made_with"}),
        (NeedsVolume, {"walks_through_any_market"}),
        (Tomorrow, {"features_are_of_their_moment", "forecasts_are_of_their_moment"}),
        (ScaledByAll, {"features_are_of_their_moment"}),
        (FittedOnEverything, {"forecasts_are_of_their_moment"}),
        (Moody, {"forecasts_the_same_every_time"}),
        (Standardising, {"forecasts_each_row_by_itself"}),
        (Drifting, {"forecasts_a_session_as_it_does_a_backtest"}),
        (Loud, {"forecasts_in_units_of_return"}),
    ],
)
def test_what_is_wrong_is_found(cls: type, found: set[str]) -> None:
    assert found <= failures(cls, capabilities={"returns"})


def test_what_forecasts_no_returns_may_be_of_any_size() -> None:
    assert failures(Loud) == set()


def test_without_settings_a_model_is_made_with_none() -> None:
    given: list[object] = []

    def make(settings: object) -> Model:
        given.append(settings)
        return LeastSquares()

    run_checks(model_checks(make))
    assert set(given) == {None}
