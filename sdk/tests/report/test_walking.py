"""A walk's report: the verdict first, then what it rests on."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tradectl_sdk.evidence.sharpe import SHARPE_CONVENTION
from tradectl_sdk.report.contents import Cell
from tradectl_sdk.report.walking import walk_csv_files, walk_sections

sys.path.insert(0, str(Path(__file__).parents[1] / "research"))  # for walked

from test_walks import DAY, walked


@pytest.fixture
def sections():
    return {each.key: each for each in walk_sections(walked())}


def test_the_verdict_stands_first_and_is_seen_unless_it_holds(sections):
    assert list(sections) == [
        "verdict", "equity-section", "windows-section", "choices", "metrics-section",
    ]  # fmt: skip
    conventions = dict(sections["metrics-section"].parts[1].rows)
    assert conventions["sharpe error"] == SHARPE_CONVENTION
    words, facts = sections["verdict"].parts
    assert words.tone == "warn"
    (line,) = words.lines
    assert line.startswith("Out of sample it gained 1.7 % over 2 windows, 100 % of them gaining")
    assert line.endswith("fewer than 4 windows say nothing.")
    rows = dict(facts.rows)
    assert rows["Windows"] == "2, rolling windows: 9 bars, then 3"
    assert rows["Tried"] == "8 trials, all of them counted"
    assert rows["The same in all"] == "lots=2"
    assert "Embargo" not in rows
    one = walked().pieces[0]
    four = (
        replace(one, in_growth=1.01, times=one.times + 30 * DAY * number) for number in range(4)
    )
    held = replace(walked(), pieces=tuple(four))
    assert held.verdict == "hold"
    assert walk_sections(held)[0].parts[0].tone == ""


def test_windows_show_the_choice_and_what_it_was_worth(sections):
    chart, table = sections["windows-section"].parts
    assert table.head[3:7] == ("fast", "how", "Sharpe in", "Sharpe out")
    first, second = table.rows
    assert first[:5] == ("1", "1970-01-10", "1970-01-13", "5", "wide")
    assert first[5:8] == ("0.50", "-0.25", Cell("1.00 %", "gain-1"))
    assert second[3:7] == ("-", "-", "-", "-")
    assert [line.name for line in chart.lines] == ["in sample", "out of sample"]


def test_the_curve_is_the_stitched_one_with_a_dot_where_a_window_begins(sections):
    equity, fallen = sections["equity-section"].parts
    walk = walked()
    assert equity.lines[0].values.tobytes() == walk.equity.tobytes()
    assert equity.marks[0].time.tolist() == [piece.times[0] for piece in walk.pieces]
    assert fallen.lines[0].values.max() <= 0


def test_choices_are_counted_and_numbers_are_drawn(sections):
    table, *charts = sections["choices"].parts
    assert table.rows == (("fast", "5: 1, 6: 0, 7: 0"), ("how", "wide: 1, narrow: 0"))
    assert [chart.key for chart in charts] == ["chosen-fast"]
    assert charts[0].marks[0].values.tolist() == [5.0]
    idle = replace(walked(), pieces=(walked().pieces[1],))
    (section,) = [each for each in walk_sections(idle) if each.key == "choices"]
    assert "Nothing could be chosen" in section.parts[0].lines[0]


def test_equity_windows_and_metrics_become_tables_for_other_programs():
    walk = walked()
    files = {name: list(csv.DictReader(text.splitlines())) for name, text in walk_csv_files(walk)}
    assert list(files) == ["equity.csv", "windows.csv", "metrics.csv"]
    assert [float(row["equity"]) for row in files["equity.csv"]] == walk.equity.tolist()
    assert len(files["windows.csv"]) == 2
    for row, piece in zip(files["windows.csv"], walk.pieces, strict=True):
        told = float(row["out_of_sample"] or "nan")
        np.testing.assert_equal(told, piece.out_of_sample)
        assert np.datetime64(row["begin"].rstrip("Z"), "ns").astype(np.int64) == piece.begin
        chosen = piece.parameters or dict.fromkeys(walk.axes, "")
        assert all(row[name] == str(value) for name, value in chosen.items())
    values = {row["metric"]: row["value"] for row in files["metrics.csv"]}
    assert float(values["total_return"]) == walk.metrics.values["total_return"]
