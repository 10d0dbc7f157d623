from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_market import CROSS, write_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]

ABC = ("backtest", "cross.py", "ABC.TEST", "--engine", "interpreted", "--json")


@pytest.fixture
def two(run: Run, project: Path) -> tuple[str, str]:
    """Two runs that differ in a parameter."""
    (project / "cross.py").write_text(CROSS)
    write_csv(project / "prices.csv")
    assert run("data", "import", "prices.csv", "--instrument", "ABC.TEST").status == 0
    first, second = (run(*ABC, "--set", f"bars={bars}").data["run"] for bars in (5, 20))
    return first, second


def test_list_has_the_numbers_that_matter(run: Run, two: tuple[str, str]) -> None:
    answer = run("runs", "list")
    heading, *lines = answer.out.splitlines()
    assert heading.split()[:2] == ["RUN", "FINISHED"]
    assert {line.split()[0] for line in lines} == {run_id[:8] for run_id in two}
    assert all("ABC.TEST 1d" in line and " % " in line for line in lines)
    assert "next: tradectl runs show r-" in answer.err
    (newest,) = run("runs", "list", "--last", "1", "--json").data
    assert newest["metrics"]["trades"] > 0
    assert "1 older ones" in run("runs", "list", "--last", "1").err


def test_no_runs_is_no_error(run: Run) -> None:
    answer = run("runs", "list")
    assert (answer.status, answer.out) == (0, "")
    assert "next: tradectl backtest" in answer.err


def test_show_is_the_screen_of_the_backtest(run: Run, two: tuple[str, str]) -> None:
    answer = run("runs", "show", two[0])
    assert answer.status == 0
    assert answer.out.startswith("Cross\n")
    assert "Assumptions\n" in answer.out
    assert two[0] in answer.out
    assert run("runs", "show", two[0][:8]).out == answer.out


def test_every_fill_is_there_with_its_reason(run: Run, two: tuple[str, str]) -> None:
    data = run("runs", "show", two[0], "--fills", "--json").data
    assert data["run"] == two[0]
    assert {"time", "instrument", "side", "quantity", "price", "fee", "reason"} <= set(
        data["fills"][0]
    )
    assert set(data["reasons"]) == {fill["reason"] for fill in data["fills"]}
    screen = run("runs", "show", two[0], "--fills").out
    assert len(screen.split("\n\n")[0].splitlines()) == len(data["fills"]) + 1
    assert "market_open  market order" in screen


@pytest.mark.parametrize(("what", "title"), [("orders", "CREATED"), ("trades", "NET USD")])
def test_orders_and_trades_are_tables(
    run: Run, two: tuple[str, str], what: str, title: str
) -> None:
    screen = run("runs", "show", two[0], f"--{what}").out.splitlines()
    assert title in screen[0]
    rows = run("runs", "show", two[0], f"--{what}", "--json").data[what]
    assert len(screen) == len(rows) + 1
    assert "fills" not in run("runs", "show", two[0], "--json").data


def test_diff_shows_inputs_results_and_the_first_differing_fill(
    run: Run, two: tuple[str, str]
) -> None:
    answer = run("runs", "diff", *two)
    assert answer.status == 0
    (parameter,) = [line for line in answer.out.splitlines() if "parameters.bars" in line]
    assert parameter.split() == ["parameters.bars", "5", "20"]
    assert "Return" in answer.out
    assert "metrics more with --all" in answer.err
    assert len(run("runs", "diff", *two, "--all").out) > len(answer.out)
    data = run("runs", "diff", *two, "--json").data
    assert data["fill"]["first"] != data["fill"]["second"]
    assert [change["key"] for change in data["inputs"]] == ["bars"]


def test_a_run_does_not_differ_from_itself(run: Run, two: tuple[str, str]) -> None:
    out = run("runs", "diff", two[0], two[0]).out
    assert [line for line in out.splitlines() if line == "  the same"] == ["  the same"] * 3


def test_rm_removes_all_or_none(run: Run, project: Path, two: tuple[str, str]) -> None:
    assert run("runs", "rm", two[0], "r-00000000").status == 6
    assert len(run("runs", "list", "--json").data) == 2
    answer = run("runs", "rm", two[0][:10], two[0], "--json")
    assert answer.data["deleted"] == [two[0]]
    assert [each["run"] for each in run("runs", "list", "--json").data] == [two[1]]


@pytest.mark.parametrize("command", ["show", "diff", "rm"])
def test_unknown_and_ambiguous_runs(run: Run, two: tuple[str, str], command: str) -> None:
    more = two[:1] if command == "diff" else ()
    unknown = run("runs", command, "r-ffffffff", *more)
    assert unknown.status == 6
    assert "there is no run 'r-ffffffff'" in unknown.err
    short = run("runs", command, two[0][:3], *more)
    assert short.status == 2
    alone = two[0][:3] != two[1][:3]
    assert ("give at least 4 digits" if alone else "give more digits") in short.err
    assert len(run("runs", "list", "--json").data) == 2


def test_a_damaged_run_is_named_and_hides_no_other(
    run: Run, project: Path, two: tuple[str, str]
) -> None:
    (project / ".tradectl" / "runs" / two[0] / "manifest.json").write_text("{}")
    answer = run("runs", "list")
    assert answer.status == 0
    assert two[1][:8] in answer.out
    assert f"run {two[0][:8]} is damaged" in answer.err
    shown = run("runs", "show", two[0])
    assert shown.status == 3
    assert f"tradectl runs rm {two[0][:8]}" in shown.err
    assert run("runs", "rm", two[0]).status == 0


def test_completion_knows_runs(
    run: Run, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_TRADECTL_COMPLETE", "bash")
    lines = run("runs", "show", "r-").out.splitlines()
    assert sorted(lines) == sorted(f"{run_id[:8]}\tCross" for run_id in two)
