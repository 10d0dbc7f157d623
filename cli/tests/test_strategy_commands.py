from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_market import CROSS
from tradectl.strategy_file import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]


def test_list_names_every_strategy_with_what_it_does_and_where_it_is_from(run: Run) -> None:
    answer = run("strategy", "list")
    assert answer.status == 0
    (line,) = [line for line in answer.out.splitlines() if line.startswith("sma-cross")]
    assert "fast average" in line
    assert "tradectl-strategies" in line
    names = {each["name"] for each in run("strategy", "list", "--json").data}
    assert names >= {"buy-and-hold", "sma-cross", "support-resistance"}


def test_list_without_plugins_is_no_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADECTL_PLUGINS", "")
    answer = run("strategy", "list")
    assert (answer.status, answer.out) == (0, "")
    assert "tradectl strategy new" in answer.err


def test_show_has_parameters_and_warm_up(run: Run) -> None:
    answer = run("strategy", "show", "sma-cross")
    assert answer.status == 0
    (line,) = [line for line in answer.out.splitlines() if line.startswith("fast")]
    assert line.split()[:5] == ["fast", "int", "20", "2", "200"]
    assert "99 bars of 1d" in answer.out
    data = run("strategy", "show", "sma-cross", "--json").data
    assert data["warmup"] == 99
    assert [each["name"] for each in data["parameters"]] == ["fast", "slow", "share"]


def test_show_takes_a_file(run: Run, project: Path) -> None:
    (project / "cross.py").write_text(CROSS)
    data = run("strategy", "show", "cross.py", "--json").data
    assert (data["name"], data["warmup"], data["source"]) == ("Cross", 5, "cross.py")
    assert run("strategy", "show", "cross.py:Cross").status == 0


def test_show_says_why_a_strategy_would_not_start(run: Run, project: Path) -> None:
    text = CROSS.replace("self.average = SMA(self.bars)", 'self.level = ctx.signal("mood")')
    (project / "moody.py").write_text(text)
    data = run("strategy", "show", "moody.py", "--json").data
    assert data["warmup"] is None
    assert "mood" in data["warmup_unknown"]
    assert "n/a: there is no signal 'mood'" in run("strategy", "show", "moody.py").out


@pytest.mark.parametrize(
    ("name", "text", "status", "message"),
    [
        ("sma-cros", "", 6, "did you mean sma-cross?"),
        ("none.py", "", 6, "there is no file none.py"),
        ("broken.py", "class Broken(:\n", 2, "broken.py:1"),
        ("raises.py", "1 / 0\n", 2, "raises.py:1"),
        ("empty.py", "x = 1\n", 6, "has no strategy"),
        ("cross.py:Crss", CROSS, 6, "did you mean Cross?"),
    ],
)
def test_what_is_no_strategy(
    run: Run, project: Path, name: str, text: str, status: int, message: str
) -> None:
    if text:
        (project / name.partition(":")[0]).write_text(text)
    answer = run("strategy", "show", name)
    assert answer.status == status
    assert message in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("template", list(TEMPLATES))
def test_a_new_strategy_is_short_and_runs_at_once(run: Run, project: Path, template: str) -> None:
    answer = run("strategy", "new", "my_first-idea.py", "--template", template)
    assert answer.status == 0
    assert "next: tradectl backtest my_first-idea.py\n" in answer.err
    assert "tradectl strategy check my_first-idea.py\n" in answer.err
    text = (project / "my_first-idea.py").read_text()
    assert len(text.splitlines()) <= 25
    assert "class MyFirstIdea(Strategy)" in text
    done = run("backtest", "my_first-idea.py", "--engine", "interpreted", "--json")
    assert done.status == 0
    assert done.data["metrics"]["values"]["trades"] > 0


def test_a_new_strategy_overwrites_nothing(run: Run, project: Path) -> None:
    (project / "mine.py").write_text("precious")
    answer = run("strategy", "new", "mine.py")
    assert answer.status == 2
    assert "nothing is overwritten" in answer.err
    assert (project / "mine.py").read_text() == "precious"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mine.txt",), "call it mine.py"),
        (("1st.py",), "expected a name such as my_strategy.py"),
        (("mine.py", "--template", "trnd"), "did you mean trend?"),
    ],
)
def test_a_new_strategy_of_an_impossible_name(
    run: Run, project: Path, words: tuple[str, ...], message: str
) -> None:
    answer = run("strategy", "new", *words)
    assert answer.status == 2
    assert message in answer.err
    assert [path.name for path in project.iterdir()] == [".git"]


def test_completion_knows_strategies(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TRADECTL_COMPLETE", "bash")
    assert run("strategy", "show", "sma").out.startswith("sma-cross\t")
    assert run("backtest", "donch").out.startswith("donchian-breakout\t")
    assert run("backtest", "sma-cross", "--set", "fa").out.startswith("fast=\t")
    assert run("backtest", "sma-cross", "--assume", "slippage_b").out.startswith("slippage_bps=\t")
