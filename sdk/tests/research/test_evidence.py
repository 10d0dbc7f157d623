"""What is said beside the best trial is what its neighbours and the number of trials say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tradectl_sdk.research import SweepTable, Trial, weigh
from tradectl_sdk.research.neighbourhood import Layout, grid_layout
from tradectl_sdk.research.telling import around_words

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
    return weigh(table, metric, grid_layout(table.points, AXES))


def scattered(*places, **given):
    rows = np.array(places, np.float64)
    names = tuple("abc"[: rows.shape[1]])
    return Layout(names=names, places=rows, last=rows.max(axis=0, initial=0), **given)


def test_steps_count_values_of_the_grid_and_leave_out_what_does_not_vary():
    layout = grid_layout(POINTS, AXES)
    assert layout.names == ("a", "b")
    assert layout.places.shape == (30, 2)
    assert layout.places[7].tolist() == [1, 2]
    assert layout.last.tolist() == [5, 4]


def test_neighbours_are_one_step_away_along_every_parameter():
    layout = grid_layout(POINTS, AXES)
    known = np.ones(30, bool)
    assert layout.neighbours(12, known=known).tolist() == [6, 7, 8, 11, 13, 16, 17, 18]
    known[7] = False
    assert 7 not in layout.neighbours(12, known=known)


def test_the_reach_grows_where_few_were_tried_and_gives_up_in_the_end():
    layout = scattered([0, 0], [2, 0], [0, 2], [2, 2], [2, 1], [40, 40])
    known = np.ones(6, bool)
    assert layout.neighbours(0, known=known).tolist() == [1, 2, 3, 4]
    assert layout.neighbours(5, known=known).tolist() == []
    assert scattered(*[[]] * 6).neighbours(5, known=known).tolist() == []


def test_the_corner_of_a_grid_has_few_neighbours_and_they_are_enough():
    known = np.ones(30, bool)
    complete = grid_layout(POINTS, AXES)
    assert complete.neighbours(0, known=known).tolist() == [1, 5, 6]
    assert complete.neighbours(2, known=known).tolist() == [1, 3, 6, 7, 8]
    left_out = [n for n in range(30) if n != 6]
    sample = grid_layout([POINTS[n] for n in left_out], AXES)
    assert len(sample.neighbours(0, known=known[:29])) > 3
    wedge = grid_layout([POINTS[n] for n in left_out], AXES, whole=True)  # a condition
    assert wedge.neighbours(0, known=known[:29]).tolist() == [1, 5]
    assert scattered([0, 0], [0, 1], [1, 0], [1, 1]).neighbours(0, known=known[:4]).size == 0


def test_places_that_are_no_whole_numbers_are_steps_away_all_the_same():
    layout = scattered([0.1 * 3 / 0.1], [2.0], [4.0], [1.5])
    assert layout.neighbours(0, known=np.ones(4, bool)).tolist() == [1, 2]


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


def test_neighbours_that_failed_are_the_worst_and_not_left_out():
    ridge = hill(0.1, 2.0)
    at = {(p["a"], p["b"]): n for n, p in enumerate(POINTS)}
    best, beside = at[2, 100], at[2, 1000]
    ridge[best], ridge[beside] = 2.0, 1.9
    around = list(grid_layout(POINTS, AXES).neighbours(best, known=np.ones(30, bool)))
    failed = list(ridge)
    for number in around:
        if number != beside:
            failed[number] = math.nan
    for metric, sign in (("sharpe_ratio", 1), ("max_drawdown", -1)):
        found = evidence_of([sign * value for value in failed], metric)
        assert (found.best, found.shape, found.around) == (best, "peak", None)
        assert len(found.neighbours) == 8
        assert found.steadiest != best
        assert abs(found.steadiest_around) < 0.1
        assert found.to_json()["lead_kept"] == 0.0
        table = table_of(failed, metric)
        assert around_words(found, table) == (
            "a peak: most of its 8 neighbours failed or have no value"
        )
    few = list(ridge)
    few[around[0]] = math.nan  # one of eight is the worst one, whatever it was before
    assert evidence_of(few).around == pytest.approx(evidence_of(ridge).around, rel=0.5)


def test_trials_that_say_nothing_of_their_points_are_no_neighbours():
    values = hill(1.0, 8.0)
    values[11] = math.nan
    table = table_of(values)
    found = weigh(table, "sharpe_ratio", grid_layout(POINTS, AXES), but={11})
    assert 11 not in found.neighbours
    assert found.shape == "plateau"


def test_more_trials_than_the_table_has_can_be_counted():
    table = table_of([1.0, 2.0])
    assert weigh(table, "sharpe_ratio", scattered([0], [0]), tried=40).trials == 40


def test_a_point_that_was_tried_again_counts_once():
    once = evidence_of(hill(1.0, 0.1))
    points = [*POINTS, *[POINTS[12]] * 20]
    values = [*hill(1.0, 0.1), *[1.0] * 20]
    trials = [Trial(n, (value, 0.25)) for n, value in enumerate(values)]
    table = SweepTable.of(points, ("sharpe_ratio", "deflated_sharpe"), trials)
    found = weigh(table, "sharpe_ratio", grid_layout(points, AXES))
    assert found.trials == 50
    assert found.shape == "peak"
    assert (found.kept, found.neighbours) == (once.kept, once.neighbours)
    beside = [*POINTS, *[POINTS[7]] * 20]  # nor do neighbours count twice
    values = [*hill(1.0, 0.1), *[hill(1.0, 0.1)[7]] * 20]
    table = SweepTable.of(beside, ("sharpe_ratio",), [Trial(n, (v,)) for n, v in enumerate(values)])
    assert weigh(table, "sharpe_ratio", grid_layout(beside, AXES)).neighbours == once.neighbours


def small(values, size, metric="sharpe_ratio"):
    axes = {"a": list(range(size[0])), "b": list(range(size[1]))}
    points = [{"a": a, "b": b} for a in axes["a"] for b in axes["b"]]
    table = SweepTable.of(points, (metric,), [Trial(n, (v,)) for n, v in enumerate(values)])
    evidence = weigh(table, metric, grid_layout(points, axes, whole=True))
    return evidence, around_words(evidence, table)


def test_the_best_in_a_corner_is_weighed_by_its_three_neighbours_and_said_to_stand_there():
    evidence, words = small([1.0, 0.9, 0.1, 0.9, 0.8, 0.1, 0.1, 0.1, 0.1], (3, 3))
    assert (evidence.shape, evidence.neighbours) == ("plateau", (1, 3, 4))
    assert evidence.edges == ("a", "b")
    assert words == (
        "a plateau: 3 neighbours with 0.90 in the middle, beside its 1.00; at the edge of a and b"
    )
    _, words = small([1.0, 0.1, 0.3, 0.1, 0.1, 0.3, 0.3, 0.3, 0.3], (3, 3))
    assert words.startswith("a peak: 3 neighbours with only 0.10 in the middle")
    inside, _ = small([0.1, 0.2, 0.3, 0.1, 1.0, 0.3, 0.2, 0.1, 0.3], (3, 3))
    assert inside.edges == ()


def test_a_grid_of_neighbours_only_is_weighed_by_what_they_keep_of_the_whole():
    evidence, words = small([1.0, 0.9, 0.8, 0.1], (2, 2))
    assert (evidence.shape, evidence.around, evidence.edges) == ("plateau", 0.8, ())
    assert evidence.kept == pytest.approx(0.8)
    assert words == "a plateau: 3 neighbours with 0.80 in the middle, beside its 1.00"
    assert small([1.0, 0.4, 0.4, 0.1], (2, 2))[0].shape == "peak"
    assert small([1.0, -0.4, -0.4, 0.1], (2, 2))[0].kept == pytest.approx(-0.4)
    basin = small([0.10, 0.12, 0.15, 0.5], (2, 2), "max_drawdown")[0]
    assert (basin.shape, basin.kept) == ("plateau", pytest.approx(0.10 / 0.15))
    assert small([0.1, 0.3, 0.5, 0.5], (2, 2), "max_drawdown")[0].shape == "peak"
    evidence, words = small([-0.1, -0.4, -0.4, -0.5], (2, 2))
    assert (evidence.shape, evidence.kept) == ("unknown", None)
    assert words == (
        "unknown: 3 neighbours with -0.40 in the middle, beside its -0.10, "
        "and neither a point farther away nor a value above zero"
    )
    assert small([1.0] * 4, (2, 2))[0].shape == "plateau"
    assert small([1.0], (1, 1))[1] == "unknown: too few neighbouring points were tried"
