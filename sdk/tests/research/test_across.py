"""One parameter set over many places: the middle, the worst, and what speaks for it."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import chain

import pytest
from tradectl_sdk.research import SweepStore, SweepTable, Trial
from tradectl_sdk.research.across import gains, middle, sets_to_json, worst, worst_trial
from tradectl_sdk.research.maps import maps_of
from tradectl_sdk.research.places import Dimension, Place
from tradectl_sdk.research.storing import StoredSweep

SETS = [{"window": 5}, {"window": 9}]
PLACES = [Place(i, w) for i in ("A.T", "B.T") for w in ("2001-01-01:", ":2001-01-01")]
SHARPE = [[1.0, 0.4], [3.0, 0.5], [-1.0, 0.6], [2.0, 0.7]]  # by place and set
DRAWDOWN = [[0.1, 0.3], [0.2, 0.3], [0.9, 0.4], [0.1, math.nan]]
GAIN = [[0.1, 0.3], [0.2, -0.3], [-0.9, 0.4], [0.1, 0.1]]


@pytest.fixture
def table() -> SweepTable:
    rows = zip(*map(chain.from_iterable, (SHARPE, DRAWDOWN, GAIN)), strict=True)
    trials = [Trial(number, row, final_equity=100 - number) for number, row in enumerate(rows)]
    trials[3] = Trial(3, reason="it raised")
    names = ("sharpe_ratio", "max_drawdown", "total_return")
    return SweepTable.of(SETS * 4, names, trials, PLACES)


def test_a_set_is_its_middle_and_a_place_where_it_failed_is_its_worst(table):
    found = middle(table)
    assert len(found) == 2
    assert found.metrics["sharpe_ratio"].tolist() == [1.5, pytest.approx(0.5)]
    assert found.metrics["max_drawdown"][0] == pytest.approx(0.15)
    assert math.isnan(found.metrics["max_drawdown"][1])  # none in half of the places
    assert found.final_equity.tolist() == [94, 0]
    assert found.reasons == {}
    assert middle(found) is found


def test_the_worst_is_the_least_or_the_most(table):
    assert worst(table, "sharpe_ratio")[0] == -1.0
    assert worst(table, "max_drawdown")[0] == 0.9
    assert math.isnan(worst(table, "sharpe_ratio")[1])
    assert gains(table).tolist() == [3, 3]
    assert [worst_trial(table, "sharpe_ratio", number) for number in (0, 1)] == [4, 1]
    assert [worst_trial(table, "max_drawdown", number) for number in (0, 1)] == [4, 5]


def test_a_set_as_plain_values(table):
    assert sets_to_json(table)[1] == {
        "set": 1,
        "parameters": {"window": 9},
        "median": {
            "sharpe_ratio": pytest.approx(0.5),
            "max_drawdown": None,
            "total_return": pytest.approx(0.2),
        },
        "worst": {"sharpe_ratio": None, "max_drawdown": None, "total_return": None},
        "share_gaining": 0.75,
        "failed": 1,
    }


def test_a_dimension_is_no_parameter_of_that_name(table):
    surface = table.surface("sharpe_ratio", Dimension.WINDOW, "window")
    assert surface.xs == ("2001-01-01:", ":2001-01-01")  # in the order of the sweep
    assert surface.ys == (5, 9)
    assert surface.values.tolist() == [[0.0, 2.5], [0.5, pytest.approx(0.7)]]
    assert table.values("window") == [5, 9] * 4
    assert table.row(3) | {"metrics": None} == {
        "trial": 3,
        "instrument": "A.T",
        "window": ":2001-01-01",
        "parameters": {"window": 9},
        "metrics": None,
        "reason": "it raised",
    }


def test_maps_have_places_for_axes_and_count_failures_as_the_ranking_does(table):
    def maps(axes, **given):
        about = {"axes": axes}
        stored = StoredSweep(identity={}, about=about, table=replace(table, **given))
        found = maps_of(stored, "sharpe_ratio")
        return [(one.surface.down, one.surface.across, one.others) for one in found]

    assert maps({"window": [5, 9]}) == [
        ("instrument", "window", ("window",)),
        ("window", "window", ("instrument",)),
        ("instrument", "window", ("window",)),
    ]
    assert maps({"window": [5]}) == [("instrument", "window", ())]
    assert maps({"a": [1, 2], "window": [5, 9]}, points=[{"a": 1, **p} for p in SETS * 4])[0] == (
        "a",
        "window",
        ("instrument", "window"),
    )
    assert maps({"window": [5, 9]}, places=()) == []


def test_evidence_is_of_sets_and_counts_all_trials(table, tmp_path):
    about = {"axes": {"window": [5, 9]}, "created": ""}
    stored = StoredSweep(identity={"what": "x"}, about=about, table=table)
    evidence = stored.evidence("sharpe_ratio")
    assert (evidence.best, evidence.trials) == (0, 8)
    assert evidence.around == pytest.approx(0.5)
    found = SweepStore(tmp_path).load(SweepStore(tmp_path).save(stored))
    assert (found.table.places, found.table.points) == (PLACES, SETS * 4)
    assert found.evidence("sharpe_ratio") == evidence
