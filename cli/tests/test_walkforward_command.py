from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cli_market import CROSS, write_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]

WALK = (
    "walkforward", "cross.py", "ABC.TEST", "--engine", "interpreted", "--workers", "1",
    "--train", "60", "--test", "30", "--set", "bars=4:12:4",
)  # fmt: skip


@pytest.fixture
def ready(run: Run, project: Path) -> Path:
    """A project with a strategy and a series of 200 bars."""
    (project / "cross.py").write_text(CROSS)
    write_csv(project / "prices.csv")
    assert run("data", "import", "prices.csv", "--instrument", "ABC.TEST").status == 0
    return project


def test_the_screen_shows_each_window_and_a_verdict(run: Run, ready: Path) -> None:
    answer = run(*WALK, "--embargo", "5")
    assert answer.status == 0
    blocks = {b.splitlines()[0].split("  ")[0]: b for b in answer.out.split("\n\n")}
    assert "4 windows, rolling: 60 bars, then 30 after an embargo of 5" in blocks["Cross"]
    assert "12 trials, all of them counted" in blocks["Cross"]
    assert "15 bars at the end" in blocks["Cross"]
    assert len(blocks["TRADED"].splitlines()) == 5
    for word in ("return", "max drawdown", "gaining", "efficiency", "stability"):
        assert f"  {word}" in blocks["Out of sample, one after another"]
    assert "out of sample it gained" in blocks["verdict"]
    (line,) = [x for x in answer.err.splitlines() if x.startswith("next: ")]
    assert line.endswith("--trials 12")


def test_json_has_windows_and_the_curve(run: Run, ready: Path) -> None:
    answer = run(*WALK, "--anchored", "--json")
    assert json.loads(answer.out)["schema"] == "tradectl.walkforward/1"
    data = answer.data
    assert [each["bars"] for each in data["windows"]] == [[60, 30], [90, 30], [120, 30], [150, 30]]
    assert len(data["equity"]) == len(data["time"]) == 120
    assert data["trials"] == 12
    assert data["growth"] == pytest.approx(data["equity"][-1] / 100_000)


def test_a_loss_out_of_sample_is_a_finding(run: Run, ready: Path) -> None:
    answer = run(*WALK, "--assume", "default_fee=0.3")
    assert answer.status == 1
    assert "choosing parameters this way does not work" in answer.out
    assert "--assume default_fee=0.3 --set bars=" in answer.err


def test_a_walk_in_which_nothing_could_be_tried_says_why(run: Run, ready: Path) -> None:
    answer = run(*WALK[:-1], "bars=60,70")
    assert answer.status == 1
    assert "8 trials, 8 failed, all of them counted" in answer.out
    assert "4 trials failed: Cross: bars was 60, expected 2 to 50" in answer.out
    assert "all 8 trials of 4 windows failed: nothing was traded" in answer.out
    assert "choosing parameters this way does not work" not in answer.out


def test_the_next_line_names_the_models_too(run: Run, ready: Path) -> None:
    model = "mood=ridge:first=30,every=20,features=return_1"
    answer = run(*WALK, "--model", model)
    assert answer.status in {0, 1}
    (line,) = [x for x in answer.err.splitlines() if x.startswith("next: ")]
    assert f"--model {model} " in line


def test_wrong_words_are_refused(run: Run, ready: Path) -> None:
    for words, message in {
        ("--train", "190"): "one window takes 220 bars, expected at most the 200 there are",
        ("--metric", "sharp"): "sharp is not a metric",
        ("--test", "1"): "--test",
    }.items():
        answer = run(*WALK, *words)
        assert answer.status == 2
        assert message in answer.err
    answer = run(*WALK[:-2], "--set", "bars=5")
    assert answer.status == 2
    assert "no parameter has several values" in answer.err
    assert "did you mean bars?" in run(*WALK[:-2], "--set", "brs=5").err


def test_walks_are_kept_listed_shown_reported_and_deleted(run: Run, ready: Path) -> None:
    assert "there are no walks forward yet" in run("walks", "list").err
    first = run(*WALK, "--json").data
    again = run(*WALK)
    assert "answered from the store" in again.out
    assert f"tradectl report {first['walk'][:10]}" in again.err
    short = first["walk"][:10]
    assert short in run("walks", "list").out
    (row,) = run("walks", "list", "--json").data
    assert (row["windows"], row["verdict"], row["problem"]) == (4, first["verdict"], None)
    shown = run("walks", "show", short, "--json").data
    assert shown == {**first, "stored": True}
    assert run("walks", "show", short).out == again.out
    answer = run("report", short)
    assert (answer.status, answer.out) == (0, f"written  report-{first['walk'][2:10]}.html\n")
    text = (ready / f"report-{first['walk'][2:10]}.html").read_text(encoding="utf-8")
    assert "Parameter stability" in text
    assert run("report", short, short).status == 2
    answer = run("report", short, "--svg", "charts", "--csv", "numbers")
    assert answer.out.splitlines()[1:] == ["written  charts, 4 files", "written  numbers, 3 files"]
    assert len(list((ready / "charts").glob("*.svg"))) == 4
    assert run("report", "w-ffffffff").status == 6
    assert run("walks", "rm", short, "w-ffffffff").status == 6
    assert run("walks", "rm", short).status == 0
    assert "there are no walks forward yet" in run("walks", "list").err


def test_a_damaged_walk_is_listed_and_walked_anew(run: Run, ready: Path) -> None:
    walk_id = run(*WALK, "--json").data["walk"]
    (ready / ".tradectl" / "runs" / walk_id / "manifest.json").write_text("{")
    assert "damaged" in run("walks", "list").out
    assert run("walks", "show", walk_id).status == 3
    assert not run(*WALK, "--json").data["stored"]
    assert run(*WALK, "--json").data["stored"]
    assert not run(*WALK, "--fresh", "--json").data["stored"]


def test_executors_are_named(run: Run, ready: Path) -> None:
    answer = run(*WALK, "--executor", "nobody")
    assert answer.status != 0
    assert "nobody" in answer.err
