"""What is said beside the best trial is what its neighbours and the number of trials say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tradectl_sdk.research import SweepTable, Trial, weigh
from tradectl_sdk.research.evidence import grid_places, neighbours

AXES = {"a": list(range(6)), "b": [1, 10, 100, 1000, 10000], "fixed": [7]}
POINTS = [{"a": a, "b": b, "fixed": 7} for a in AXES["a"] for b in AXES["b"]]


def table_of(values, metric="sharpe_ratio"):
    trials = [
        Trial(n, (float(value), 0.25), reason="" if math.isfinite(value) else "it raised")
        for n, value in enumerate(values)
    ]
    return SweepTable.of(POINTS[: len(trials)], (metric, "deflated_sharpe"), trials)


def hill(height, width):
    """A hill around a=2, b=100, on nothing."""
    return [
        height * math.exp(-((p["a"] - 2) ** 2 + (math.log10(p["b"]) - 2) ** 2) / width)
        for p in POINTS
    ]


def evidence_of(values, metric="sharpe_ratio"):
    table = table_of(values, metric)
    return weigh(table, metric, grid_places(table.points, AXES))


def test_steps_count_values_of_the_grid_and_leave_out_what_does_not_vary():
    places = grid_places(POINTS, AXES)
    assert places.shape == (30, 2)
    assert places[7].tolist() == [1, 2]


def test_neighbours_are_one_step_away_along_every_parameter():
    places = grid_places(POINTS, AXES)
    known = np.ones(30, bool)
    assert neighbours(places, 12, known=known).tolist() == [6, 7, 8, 11, 13, 16, 17, 18]
    known[7] = False
    assert 7 not in neighbours(places, 12, known=known)


def test_the_reach_grows_where_few_were_tried_and_gives_up_in_the_end():
    places = np.array([[0, 0], [2, 0], [0, 2], [2, 2], [2, 1], [40, 40]], np.float64)
    known = np.ones(6, bool)
    assert neighbours(places, 0, known=known).tolist() == [1, 2, 3, 4]
    assert neighbours(places, 5, known=known).tolist() == []
    assert neighbours(np.empty((6, 0)), 5, known=known).tolist() == []


def test_a_wide_hill_is_a_plateau_and_a_needle_is_a_peak():
    wide = evidence_of(hill(1.0, 8.0))
    assert (wide.best, wide.shape, len(wide.neighbours)) == (12, "plateau", 8)
    assert 0.5 < wide.kept < 1
    needle = evidence_of(hill(1.0, 0.1))
    assert (needle.best, needle.shape) == (12, "peak")
    assert needle.kept == pytest.approx(0.0, abs=1e-3)
    assert needle.trials == 30
    assert needle.deflated_sharpe == 0.25


def test_where_less_is_better_a_basin_is_a_plateau():
    basin = evidence_of([1 - value for value in hill(1.0, 8.0)], "max_drawdown")
    assert (basin.best, basin.shape) == (12, "plateau")
    assert basin.steadiest == 12


def test_the_steadiest_stands_on_the_hill_and_not_on_the_needle():
    values = hill(1.0, 6.0)
    values[29] = 5.0
    found = evidence_of(values)
    assert (found.best, found.shape, found.steadiest) == (29, "peak", 12)
    values[29], values[22] = 0.0, 5.0
    found = evidence_of(values)
    assert (found.best, found.shape) == (22, "peak")
    assert found.steadiest not in (22, None)
    assert found.steadiest_around == pytest.approx(max(values[12], 0.8), rel=0.3)


def test_what_cannot_be_said_is_not_said():
    nothing = evidence_of([math.nan] * 4)
    assert (nothing.best, nothing.shape, nothing.trials) == (None, "unknown", 4)
    alone = evidence_of([1.0])
    assert (alone.best, alone.shape, alone.steadiest) == (0, "unknown", None)
    flat = evidence_of([1.0] * 30)
    assert (flat.shape, flat.kept) == ("plateau", 1.0)


def test_more_trials_than_the_table_has_can_be_counted():
    table = table_of([1.0, 2.0])
    assert weigh(table, "sharpe_ratio", np.zeros((2, 1)), tried=40).trials == 40
