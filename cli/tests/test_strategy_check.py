"""``tradectl strategy check``: one list on the screen, as JSON, and in the exit status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cli_market import CROSS, RESTLESS, write_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]

PEEK = '''
from tradectl_sdk import Strategy

class Peek(Strategy):
    """Knows the next close, and does nothing with it yet."""

    def on_start(self, ctx):
        self.feed = ctx._market._feed
        self.expected = 0.0

    def on_bar(self, ctx, bar):
        row = self.feed.next[0]
        self.expected = self.feed.close[row] if row < self.feed.end[0] else 0.0
'''


@pytest.fixture
def ready(run: Run, project: Path) -> Path:
    """A project with bars and strategies."""
    write_csv(project / "abc.csv")
    assert run("data", "import", "abc.csv", "--instrument", "ABC.TEST").status == 0
    (project / "cross.py").write_text(CROSS)
    (project / "peek.py").write_text(PEEK)
    (project / "restless.py").write_text(RESTLESS)
    return project


def test_what_never_trades_is_found_and_ends_with_status_one(run: Run, ready: Path) -> None:
    words = ("strategy", "check", "peek.py", "ABC.TEST", "--only", "look-ahead")
    answer = run(*words, "--engine", "interpreted")
    assert answer.status == 1
    assert "look-ahead  fail  expected at 2024-" in answer.out
    assert "next: tradectl backtest peek.py ABC.TEST --engine interpreted" in answer.err
    answer = run(*words, "--engine", "interpreted", "--json")
    document = json.loads(answer.out)
    assert (document["schema"], document["data"]["passed"]) == ("tradectl.check/1", False)
    (check,) = document["data"]["checks"]
    assert check["status"] == "fail"
    assert check["facts"].keys() == {"name", "time", "cut", "now", "later"}


def test_an_honest_strategy_goes_through_all_checks(run: Run, ready: Path) -> None:
    words = ("strategy", "check", "cross.py", "ABC.TEST", "--set", "bars=8")
    answer = run(*words, "--engine", "interpreted")
    assert answer.status == 0
    assert "parameters  bars=8" in answer.out
    assert "ABC.TEST  1d  2024-01-01 to 2024-07-18  200 bars" in answer.out
    listed = [line.split("  ")[1] for line in answer.out.split("Checks\n")[1].splitlines()]
    assert listed == [
        "determinism", "look-ahead", "prepared columns", "warm-up", "fill timing", "fill volume",
        "target and stop", "enough trades", "costs", "latency",
    ]  # fmt: skip
    assert "in 2 other processes" in answer.out
    assert "next: tradectl backtest cross.py ABC.TEST --set bars=8" in answer.err


def test_a_strategy_that_does_not_repeat_itself_is_found(run: Run, ready: Path) -> None:
    words = ("strategy", "check", "restless.py", "ABC.TEST", "--only", "determinism")
    answer = run(*words, "--engine", "interpreted")
    assert answer.status == 1
    assert "two runs on the same data differ" in answer.out


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("cross.py", "ABC.TEST", "--only", "cost"), 2, "did you mean costs?"),
        (("cross.py", "NOPE.TEST"), 3, "NOPE.TEST"),
        (("crss.py",), 6, "there is no file crss.py"),
        (("cross.py", "ABC.TEST", "--bars", "5"), 2, "--bars"),
    ],
)
def test_what_cannot_be_checked_is_said(
    run: Run, ready: Path, words: tuple[str, ...], status: int, message: str
) -> None:
    answer = run("strategy", "check", *words)
    assert (answer.status, message in answer.err) == (status, True)
