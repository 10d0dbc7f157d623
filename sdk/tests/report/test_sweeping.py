"""A sweep's report: the map shows the table's values, the better the stronger."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from tradectl_sdk.evidence.sharpe import SHARPE_CONVENTION
from tradectl_sdk.report.contents import Cell
from tradectl_sdk.report.map_drawing import map_files
from tradectl_sdk.report.sweeping import sweep_sections, trials_csv
from tradectl_sdk.research import SweepTable, Trial
from tradectl_sdk.research.places import Place
from tradectl_sdk.research.storing import StoredSweep

POINTS = [{"fast": fast, "slow": slow} for fast in (5, 10) for slow in (20, 40, 60)]
SHARPE = [0.1, 0.2, 0.9, 0.3, math.nan, 0.5]


def stored(points=POINTS, axes=None) -> StoredSweep:
    trials = [Trial(number, metrics=(value, abs(value))) for number, value in enumerate(SHARPE)]
    trials[4] = Trial(4, reason="<b>broke</b>")
    return StoredSweep(
        identity={"data": [{"instrument": "A.TEST", "timeframe": "1d", "bars": 1000}]},
        about={
            "strategy": "cross",
            "axes": axes or {"fast": [5, 10], "slow": [20, 40, 60]},
            "where": ["fast < slow"],
            "given": {"share": 0.5},
        },
        table=SweepTable.of(points, ("sharpe_ratio", "max_drawdown"), trials),
    )


@pytest.fixture
def sections():
    return {each.key: each for each in sweep_sections(stored(), "sharpe_ratio")}


def test_the_map_has_every_value_at_its_place(sections):
    shown = sections["map"].parts[0]
    assert shown.head == ("fast", "20", "40", "60")
    assert [row[0] for row in shown.rows] == ["5", "10"]
    texts = [[cell.text for cell in row[1:]] for row in shown.rows]
    assert texts == [["0.10", "0.20", "0.90"], ["0.30", "-", "0.50"]]


def test_the_better_the_stronger_whichever_way_is_better(sections):
    sharpe, drawdown = sections["map"].parts
    assert sharpe.rows[0][3].tone == drawdown.rows[0][1].tone == "gain-4"
    assert sharpe.rows[0][1].tone == drawdown.rows[0][3].tone == ""
    assert sharpe.rows[1][2].tone == ""
    assert sharpe.caption.endswith("; the stronger the colour, the higher")
    assert drawdown.caption.endswith("; the stronger the colour, the lower")
    assert drawdown.folded


def test_trials_are_ranked_and_failures_have_reasons(sections):
    assert [row[0] for row in sections["trials"].parts[0].rows] == ["2", "5", "3", "1", "0"]
    assert sections["failures"].parts[0].rows == (("<b>broke</b>", "1"),)
    facts = dict(sections["sweep"].parts[0].rows)
    assert facts["Tried"] == "6 trials, of which 1 failed"
    assert facts["slow"] == "20, 40, 60"


def test_what_speaks_against_the_best_stands_before_it(sections):
    assert list(sections) == ["sweep", "evidence", "map", "trials", "failures"]
    rows = dict(sections["evidence"].parts[1].rows)
    assert rows["Deflated Sharpe of the best"].endswith(f" ({SHARPE_CONVENTION})")
    assert rows["Best"] == "fast=5, slow=60: 0.90"
    assert rows["Around it"] == (
        "a peak: 3 neighbours with only 0.20 in the middle, beside its 0.90; at the edge of slow"
    )
    assert all(isinstance(cell, Cell | str) for row in rows.items() for cell in row)


def test_whether_the_choice_was_luck_is_told_once_it_was_asked(sections):
    rows = dict(sections["evidence"].parts[1].rows)
    sweep = stored()
    asking = f"tradectl overfitting {sweep.sweep_id[:10]}"
    assert rows["Choosing the best"] == f"not asked yet: {asking}"
    weighing = {
        "looked_at": [0, 1, 2, 3, 5], "words": "it holds",
        "reality_check": 0.125, "superior_predictive_ability": 0.5,
    }  # fmt: skip
    found = {each.key: each for each in sweep_sections(sweep, "sharpe_ratio", weighing)}
    rows = dict(found["evidence"].parts[1].rows)
    assert rows["Choosing the best"] == "it holds (5 of the trials were looked at)"
    assert rows["As many worthless trials"] == (
        "50.0 % have so good a best one by Hansen's test, 12.5 % by White's"
    )
    weighing |= {"superior_predictive_ability": 1 / 2001}
    found = {each.key: each for each in sweep_sections(sweep, "sharpe_ratio", weighing)}
    assert dict(found["evidence"].parts[1].rows)["As many worthless trials"].startswith(
        "under 0.1 % have so good a best one"
    )
    weighing |= {"superior_predictive_ability": None, "looked_at": list(range(6))}
    found = {each.key: each for each in sweep_sections(sweep, "sharpe_ratio", weighing)}
    rows = dict(found["evidence"].parts[1].rows)
    assert rows["Choosing the best"] == "it holds"
    assert "As many worthless trials" not in rows


def test_a_sweep_over_several_places_is_sent_to_weigh_its_choice_as_well():
    alone = stored()
    several = replace(alone, table=replace(alone.table, places=(Place("A.TEST"),)))
    for sweep in (alone, several):
        found = {each.key: each for each in sweep_sections(sweep, "sharpe_ratio")}
        rows = dict(found["evidence"].parts[1].rows)
        assert rows["Choosing the best"].startswith("not asked yet: tradectl overfitting s-")


def test_one_varied_parameter_needs_no_map():
    points = [{"fast": fast} for fast in range(6)]
    sections = sweep_sections(stored(points, {"fast": list(range(6))}), "sharpe_ratio")
    (found,) = [each for each in sections if each.key == "map"]
    assert "One parameter was varied" in found.parts[0].lines[0]


@pytest.fixture
def placed():
    trials = [Trial(n, (value, 0.1 * n, value - 1)) for n, value in enumerate([1.5, 2.0, 0.5, 1.0])]
    names = ("sharpe_ratio", "max_drawdown", "total_return")
    places = [Place("A.TEST", "2001-01-01:"), Place("B.TEST", "2001-01-01:")]
    points = [{"fast": 5}, {"fast": 10}]
    sweep = stored(points, {"fast": [5, 10]})
    table = SweepTable.of(points * 2, names, trials, places)
    about = {**sweep.about, "instruments": ["A.TEST", "B.TEST"], "windows": ["2001-01-01:"]}
    found = sweep_sections(replace(sweep, table=table, about=about), "sharpe_ratio")
    return {each.key: each for each in found}


def test_sets_are_told_by_the_middle_and_the_worst_of_their_places(placed):
    assert list(placed) == ["sweep", "evidence", "places", "map", "trials"]
    sets, places = placed["places"].parts
    assert sets.head == ("fast", "Sharpe", "Worst Sharpe", "Gains", "Max drawdown", "Return")
    assert sets.rows[0][:4] == ("10", "1.50", "1.00", "1 of 2")
    assert sets.rows[1][:4] == ("5", "1.00", "0.50", "1 of 2")
    assert places.caption == "Where fast=10 was tried"
    assert [row[:3] for row in places.rows] == [
        ("A.TEST", "2001-01-01:", "2.00"),
        ("B.TEST", "2001-01-01:", "1.00"),
    ]
    facts = dict(placed["sweep"].parts[0].rows)
    assert facts["Data"] == "A.TEST 1d, each by itself, 1,000 bars"
    assert facts["Tried"] == "4 trials: 2 parameter sets in 2 places, of which 0 failed"
    assert dict(placed["evidence"].parts[1].rows)["Best"] == "fast=10: 1.50"


def test_an_instrument_is_an_axis_of_the_map_and_trials_say_where(placed):
    shown = placed["map"].parts[0]
    assert shown.caption.startswith("Sharpe by instrument (down) and fast (across)")
    assert [row[0] for row in shown.rows] == ["A.TEST", "B.TEST"]
    assert [cell.text for cell in shown.rows[0][1:]] == ["1.50", "2.00"]
    trials = placed["trials"].parts[0]
    assert trials.head[:4] == ("Trial", "Instrument", "Window", "fast")
    assert trials.rows[0][:4] == ("1", "A.TEST", "2001-01-01:", "10")
    assert len({part.key for section in placed.values() for part in section.parts
                if hasattr(part, "key")}) == 8  # fmt: skip


def test_every_map_becomes_a_picture_that_stands_alone():
    ((name, text),) = map_files(stored(), "sharpe_ratio")
    assert name == "map-sharpe-ratio-fast-slow.svg"
    root = ET.fromstring(text)  # noqa: S314 - our own
    rects = root.findall("{*}rect")
    texts = [one.text for one in root.findall("{*}text")]
    assert texts[0] == "Sharpe by fast (down) and slow (across)"
    assert texts[1:6] == ["20", "40", "60", "5", "10"]
    assert texts[6:] == ["0.10", "0.20", "0.90", "0.30", "0.50"]  # what failed has no cell
    shades = [float(one.get("fill-opacity")) for one in rects]
    assert max(shades) == shades[2]
    assert min(shades) == shades[0]


def test_all_trials_become_a_table_for_other_programs():
    rows = list(csv.DictReader(trials_csv(stored()).splitlines()))
    assert [row["trial"] for row in rows] == [str(number) for number in range(6)]
    assert (rows[2]["fast"], rows[2]["slow"], rows[2]["sharpe_ratio"]) == ("5", "60", "0.9")
    assert (rows[4]["sharpe_ratio"], rows[4]["reason"]) == ("", "<b>broke</b>")
    assert "instrument" not in rows[0]
