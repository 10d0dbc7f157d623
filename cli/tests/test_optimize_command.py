from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest
from cli_market import CROSS, write_csv
from tradectl_sdk.evidence.sharpe import SHARPE_CONVENTION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]

OPTIMIZE = ("optimize", "cross.py", "ABC.TEST", "--engine", "interpreted", "--trials", "6")
SET = ("--set", "bars=2:30")


@pytest.fixture
def ready(run: Run, project: Path) -> Path:
    """A project with a strategy and a series of its own."""
    (project / "cross.py").write_text(CROSS)
    write_csv(project / "prices.csv")
    assert run("data", "import", "prices.csv", "--instrument", "ABC.TEST").status == 0
    return project


def test_the_screen_shows_both_samples_and_what_to_doubt(run: Run, ready: Path) -> None:
    answer = run(*OPTIMIZE, *SET, "--where", "trades >= 1")
    assert answer.status == 0
    head, table, doubts = answer.out.split("\n\n")
    assert "in sample      ABC.TEST 1d, 140 bars" in head
    assert "out of sample  from 2024-05-20, starting cold" in head
    assert "bars           2 to 30" in head
    assert "tried          6 trials by tpe, seed 0" in head
    assert "SHARPE IN  SHARPE OUT" in table
    assert "6 trials, all of them counted" in doubts
    assert "deflated Sharpe" in doubts
    assert SHARPE_CONVENTION in " ".join(doubts.split())
    assert "look once" in answer.err


def test_json_has_every_trial_and_the_next_step_is_its_backtest(run: Run, ready: Path) -> None:
    words = (*OPTIMIZE, *SET, "--out-of-sample", "0", "--cash", "5000", "--warmup", "60")
    answer = run(*words, "--json")
    assert json.loads(answer.out)["schema"] == "tradectl.optimize/1"
    data = answer.data
    assert len(data["trials"]) == 6
    assert data["ranked"][0] == data["evidence"]["best"]
    assert data["evidence"]["sharpe_error"] == SHARPE_CONVENTION
    assert data["out_of_sample"] is None
    (line,) = [x for x in run(*words, "--resume").err.splitlines() if x.startswith("next: ")]
    command = shlex.split(line)[2:]
    assert command[-2:] == ["--trials", "6"]
    record = run(*command, "--engine", "interpreted", "--json").data
    (chosen,) = [
        each
        for each in data["trials"]
        if f"bars={each['parameters']['bars']}" in command and each["again_in_sample"]
    ][:1]
    assert chosen["final_equity"] == record["final_equity"]
    for name, value in chosen["again_in_sample"].items():
        assert value == record["metrics"]["values"][name], name


def test_a_study_is_resumed_or_started_over_when_asked(run: Run, ready: Path) -> None:
    assert run(*OPTIMIZE, *SET).status == 0
    refused = run(*OPTIMIZE, *SET)
    assert refused.status == 2
    assert "this study was begun before" in refused.err
    more = (*OPTIMIZE[:-1], "8")
    assert "8 trials by tpe, seed 0, 6 of them before" in run(*more, *SET, "--resume").out
    assert "6 of them" not in run(*OPTIMIZE, *SET, "--fresh").out


def test_stopped_trials_are_counted_apart_and_say_where(run: Run, ready: Path) -> None:
    asked = ("--pruner", "hyperband", "--objective", "total_return", "--out-of-sample", "0")
    words = (*OPTIMIZE[:-1], "16", "--set", "bars=2:6", *asked)
    data = run(*words, "--json").data
    stopped = [each for each in data["trials"] if each["pruned"]]
    assert stopped
    assert all(each["final_equity"] is None and not each["reason"] for each in stopped)
    assert {round(each["pruned"]["share"], 2) for each in stopped} <= {0.11, 0.33}
    shown = run(*words, "--resume", "--workers", "2")
    assert f"16 of them before, {len(stopped)} stopped early by hyperband" in shown.out


def test_where_no_trial_meets_the_limits_that_is_a_finding(run: Run, ready: Path) -> None:
    answer = run(*OPTIMIZE, *SET, "--where", "trades > 5000")
    assert answer.status == 1
    assert "6 beyond the limits" in answer.out
    assert "no trial met the limits" in answer.err


def test_several_objectives_show_the_front(run: Run, ready: Path) -> None:
    both = ("--objective", "total_return", "--objective", "max_drawdown")
    answer = run(*OPTIMIZE, *SET, *both, "--sampler", "nsga2")
    assert "Trials that no other one beats in everything" in answer.out
    assert "good is        Return, Max drawdown" in answer.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no parameter has several values"),
        (("--set", "bars=5"), "no parameter has several values"),
        (("--set", "brs=5:9"), "did you mean bars?"),
        (("--set", "brs=5"), "brs is not a parameter; did you mean bars?"),
        ((*SET, "--objective", "sharp"), "sharp is not a metric"),
        ((*SET, "--out-of-sample", "much"), "expected a share such as 30%"),
        ((*SET, "--out-of-sample", "130%"), "expected 0 to less than 1"),
        ((*SET, "--sampler", "magic"), "magic"),
        ((*SET, "--pruner", "magic"), "magic"),
        ((*SET, "--batch", "0"), "--batch"),
        ((*SET, "--sampler", "cmaes"), "cmaes needs two ranges"),
        ((*SET, "--storage", "postgresql://me:s3cret@db/x", "--debug"), "holds a password"),
        ((*SET, "--storage", "sqlite:///s3cret"), "is no PostgreSQL database"),
    ],
)
def test_wrong_words_are_refused_and_nothing_is_kept(
    run: Run, ready: Path, words: tuple[str, ...], message: str
) -> None:
    answer = run(*OPTIMIZE, *words)
    assert answer.status == 2
    assert message in answer.err
    assert "Traceback" not in answer.err or "--debug" in words
    assert "s3cret" not in answer.err + answer.out
    assert not list((ready / ".tradectl").glob("runs/o-*"))
