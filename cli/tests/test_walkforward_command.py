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
