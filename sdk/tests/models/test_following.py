"""Bar by bar, in whatever pieces, by whatever thread: the bits of walking through all at once."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest
from small_models import LeastSquares, past_returns
from tradectl_sdk.errors import ModelError
from tradectl_sdk.models import Following, walk_forward
from tradectl_sdk.models.blocks import BLOCK, forecast_rows


class Blas(LeastSquares):
    """Forecasts with a product of matrices, whose rounding depends on their shape."""

    def fit(self, features, labels):
        weights = np.linalg.lstsq(features, labels, rcond=None)[0]
        return type("Product", (), {"predict": lambda self, rows: rows @ weights})()

    def features(self, bars):
        known = past_returns(bars)
        values = known.values.copy()
        values[150:151] = np.nan  # one that is not forecast, in the middle of a block
        return type(known)(names=known.names, values=values)


def followed(make, bars, pieces, *, ahead=False):
    following = Following(make, bars.instrument, bars.timeframe)
    found, start = [], 0
    for piece in pieces:
        following.see(bars.rows(start, start + piece))
        found.append(following.forecast(start))
        if ahead:
            following.fit_ahead()
        start += piece
    return np.concatenate(found)


@pytest.mark.parametrize("pieces", [[1] * 400, [170, 1, 1, 100, 128], [400], [0, 399, 1]])
@pytest.mark.parametrize("schedule", [{}, {"embargo": 3, "window": 80}, {"every": 1000}])
def test_bar_by_bar_gives_the_very_bits_of_all_at_once(bars, pieces, schedule):
    make = partial(Blas, **schedule)
    whole = walk_forward(make(), bars).values
    assert np.isfinite(whole[100:]).sum() == 299
    assert followed(make, bars, pieces, ahead=True).tobytes() == whole.tobytes()


class Short(LeastSquares):
    """Says how far its features look back: five bars and their own."""

    memory = 6

    def __init__(self, **schedule):
        super().__init__(**schedule)
        self.lengths = []

    def features(self, bars):
        self.lengths.append(len(bars))
        return past_returns(bars)


@pytest.mark.parametrize("pieces", [[1] * 400, [3, 1, 1, 1, 300, 1, 93], [400], [0, 399, 1]])
def test_a_model_that_says_how_far_it_looks_back_is_asked_for_those_bars_alone(bars, pieces):
    made = []

    def make():
        made.append(Short())
        return made[-1]

    whole = walk_forward(Short(), bars).values
    assert followed(make, bars, pieces).tobytes() == whole.tobytes()
    assert sum(made[0].lengths) <= sum(pieces) + 11 * len(pieces)  # the first one streams


def test_a_memory_that_is_too_short_is_found_before_anything_is_forecast(bars):
    class Forgetful(Short):
        memory = 5

    with pytest.raises(ModelError, match="Forgetful: the features of a bar were others"):
        followed(Forgetful, bars, [150])
    with pytest.raises(ModelError, match="memory was 0, expected at least 1"):
        followed(type("Nothing", (Short,), {"memory": 0}), bars, [150])


def test_how_many_bars_follow_changes_no_bit(bars):
    """Not the last digit either, which is what a session needs that knows no bar ahead."""
    whole = walk_forward(Blas(), bars).values
    for cut in (101, 130, 161, 399):
        shorter = walk_forward(Blas(), bars.rows(0, cut)).values
        assert shorter.tobytes() == whole[:cut].tobytes()


def test_a_later_life_makes_the_fit_of_the_one_before(bars):
    whole = walk_forward(Blas(embargo=2), bars).values
    following = Following(partial(Blas, embargo=2), bars.instrument, bars.timeframe)
    following.see(bars.rows(0, 250))  # remembered, and not forecast again
    following.see(bars.rows(250, 251))
    assert following.forecast(250).tobytes() == whole[250:251].tobytes()


def test_a_fit_is_made_when_what_it_learns_from_is_known_and_once(bars):
    fits = []

    class Counted(Blas):
        def fit(self, features, labels):
            fits.append(len(features))
            return super().fit(features, labels)

    following = Following(partial(Counted, embargo=2), bars.instrument, bars.timeframe)
    following.see(bars.rows(0, 98))
    following.fit_ahead()
    assert fits == []
    following.see(bars.rows(98, 99))  # its label ends here, and the fit is for bar 100
    following.fit_ahead()
    assert len(fits) == 1
    following.see(bars.rows(99, 160))
    assert np.isfinite(following.forecast(100)).sum() == 59
    assert len(fits) == 1


def test_while_a_fit_is_made_ahead_the_one_before_answers(bars):
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Blas):
        def fit(self, features, labels):
            if len(features) > 100:
                begun.set()
                assert go_on.wait(60)
            return super().fit(features, labels)

    whole = walk_forward(Blas(embargo=5), bars).values
    following = Following(partial(Slow, embargo=5), bars.instrument, bars.timeframe)
    following.see(bars.rows(0, 156))
    following.forecast(155)
    making = threading.Thread(target=following.fit_ahead)
    making.start()
    assert begun.wait(60)
    following.see(bars.rows(156, 160))
    assert following.forecast(156).tobytes() == whole[156:160].tobytes()
    go_on.set()
    following.see(bars.rows(160, 161))
    assert following.forecast(160).tobytes() == whole[160:161].tobytes()
    making.join()


def test_what_a_model_does_wrong_is_said_with_its_name(bars):
    class Raises(LeastSquares):
        def fit(self, features, labels):
            raise ZeroDivisionError("no way")

    with pytest.raises(ModelError, match="Raises: fit raised ZeroDivisionError: no way"):
        followed(Raises, bars, [101])


def test_a_model_is_always_asked_for_as_many_rows_each_at_its_place():
    asked = []

    def predict(rows):
        asked.append(rows.copy())
        return rows[:, 0]

    rows = np.arange(100.0).reshape(-1, 1)
    usable = rows[:, 0] != 40
    found = forecast_rows(predict, rows, usable, 3)
    assert np.isnan(found[40])
    np.testing.assert_array_equal(found[usable], rows[usable, 0])
    assert [len(each) for each in asked] == [BLOCK, BLOCK]
    np.testing.assert_array_equal(asked[0][3:43, 0], rows[:40, 0])
    assert asked[1][0, 0] == rows[61, 0]
    assert np.isnan(forecast_rows(predict, rows, np.zeros(100, bool), 0)).all()
    assert len(asked) == 2
