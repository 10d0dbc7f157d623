"""``tradectl model``, and ``--model`` of commands that run over past bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

RUN = ("SPX.SAMPLE", "--end", "2001-06-01")
FOLLOW = """
from tradectl_sdk import Strategy, param

class Follow(Strategy):
    \"\"\"Holds while a signal is above a bound.\"\"\"
    least: float = param(0.0, ge=-1.0, le=1.0)
    def on_start(self, ctx):
        self.signal = ctx.signal("mood")
    def on_bar(self, ctx, bar):
        if self.signal.value > self.least and ctx.position == 0:
            ctx.buy(1)
        elif self.signal.value < self.least and ctx.position > 0:
            ctx.close()
"""


def test_models_are_listed_and_shown_with_their_settings(run) -> None:
    answer = run("model", "list", "--json")
    assert [each["name"] for each in answer.data] == ["boosting", "logistic", "ridge"]
    assert answer.data[2]["plugin"] == "ml"
    shown = run("model", "show", "logistic")
    assert "embargo" in shown.out
    assert "0.1" in shown.out
    assert "next: tradectl model fit logistic" in shown.err
    keys = [each["key"] for each in run("model", "show", "boosting", "--json").data["settings"]]
    assert keys[:2] == ["horizon", "embargo"]
    assert keys[-1] == "seed"


def test_a_model_that_is_not_there_is_not_found(run) -> None:
    answer = run("model", "show", "rigde")
    assert answer.status == 6
    assert "did you mean ridge?" in answer.err


def test_a_fit_says_what_was_learned_and_what_came_of_it(run) -> None:
    answer = run("model", "fit", "ridge:horizon=5,embargo=1,first=300,every=200", *RUN, "--json")
    data = answer.data
    assert [fit["start"] for fit in data["fits"]] == [300, 500]
    assert [fit["train_stop"] for fit in data["fits"]] == [295, 495]
    assert data["fits"][0]["rows"] == 295 - 99
    assert data["fits"][0]["learned"]["rank_correlation"] > data["ahead"]["rank_correlation"]
    assert data["ahead"]["count"] == data["bars"] - 300 - 5
    assert data["chance"] == pytest.approx(1.96 / (data["ahead"]["count"] / 5) ** 0.5)
    assert data["about"]["libraries"]["scikit-learn"]
    shown = run("model", "fit", "ridge:first=300,every=200", *RUN)
    assert "verdict" in shown.out
    assert "2000-03" in shown.out
    assert "next: tradectl backtest forecast-threshold SPX.SAMPLE --model ridge:" in shown.err


def test_a_backtest_reads_the_signal_that_a_model_makes(run, project: Path) -> None:
    (project / "follow.py").write_text(FOLLOW)
    words = ("backtest", "follow.py", *RUN, "--engine", "interpreted")
    answer = run(*words, "--model", "mood=ridge:first=300,every=200")
    assert answer.status == 0
    said = " ".join(answer.out.split())
    assert "signal mood ridge, return over 5 bars; 2 fits walk-forward" in said
    assert "look-ahead      ok" in answer.out
    again = run(*words, "--model", "mood=ridge:first=300,every=200")
    assert "answered from the store" in again.out
    missing = run(*words)
    assert missing.status == 3
    assert "--model mood=MODEL" in missing.err
    wrong = run(*words, "--model", "mood=ridge:frist=300")
    assert wrong.status == 2
    assert "frist  unknown key, did you mean first?" in wrong.err


@pytest.mark.parametrize("command", ["sweep", "optimize"])
def test_a_search_hands_its_model_on_to_the_backtest_it_names_next(
    run, project: Path, command: str
) -> None:
    (project / "follow.py").write_text(FOLLOW)
    more = ("--trials", "2", "--out-of-sample", "0") if command == "optimize" else ()
    answer = run(
        command, "follow.py", *RUN, "--engine", "interpreted", "--set", "least=0,0.001",
        "--model", "mood=ridge:first=300,every=200", *more,
    )  # fmt: skip
    assert answer.status == 0
    assert "--model mood=ridge:first=300,every=200" in answer.err
