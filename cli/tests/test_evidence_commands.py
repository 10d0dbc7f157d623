from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest
from cli_market import CROSS, wave, write_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]

WORDS = ("cross.py", "ABC.TEST", "--engine", "interpreted")


@pytest.fixture
def ready(run: Run, project: Path) -> Path:
    """A project with a strategy and a series."""
    (project / "cross.py").write_text(CROSS)
    write_csv(project / "prices.csv")
    assert run("data", "import", "prices.csv", "--instrument", "ABC.TEST").status == 0
    return project


def test_significance_shows_three_questions_and_a_verdict(run: Run, ready: Path) -> None:
    answer = run("significance", *WORDS, "--draws", "200")
    assert answer.status == 0
    blocks = {b.splitlines()[0].split("  ")[0]: b for b in answer.out.split("\n\n")}
    assert "bars=5" in blocks["Cross"]
    assert "ABC.TEST  1d  194 bars" in blocks["Cross"]
    assert "basis points a bar above" in blocks["Entries"]
    assert "% of 200 sets" in blocks["How often chance does as well"]
    assert "random entries earn as much" in blocks["verdict"]
    assert "next: tradectl" in answer.err


def test_significance_in_json_is_the_same_again_for_the_same_seed(run: Run, ready: Path) -> None:
    words = ("significance", *WORDS, "--draws", "200", "--set", "bars=9", "--json")
    answer = run(*words)
    assert json.loads(answer.out)["schema"] == "tradectl.significance/1"
    assert answer.data["parameters"] == {"bars": 9}
    assert answer.data == run(*words).data
    assert answer.data["random_mean"] != run(*words, "--seed", "1").data["random_mean"]


def test_significance_of_several_series_shows_each_and_all_together(run: Run, ready: Path) -> None:
    write_csv(ready / "more.csv", wave(190))
    assert run("data", "import", "more.csv", "--instrument", "DEF.TEST").status == 0
    words = ("significance", "cross.py", "ABC.TEST", "DEF.TEST", "--each", "--draws", "200")
    answer = run(*words, "--engine", "interpreted")
    assert answer.status == 0
    assert "ABC.TEST, DEF.TEST  1d  184 times in common" in answer.out
    blocks = {b.splitlines()[0]: b for b in answer.out.split("\n\n")}
    rows = blocks["Each by itself"].splitlines()[2:]
    assert [row.split()[0] for row in rows] == ["ABC.TEST", "DEF.TEST"]
    assert "2 series that count as 1.0 independent ones" in blocks["All together, as equal shares"]
    assert "the same one for every series" in blocks["How often chance does as well"]
    data = run(*words, "--engine", "interpreted", "--json").data
    assert [one["instrument"] for one in data["series"]] == ["ABC.TEST", "DEF.TEST"]


def test_montecarlo_places_a_run_among_what_it_could_have_been(run: Run, ready: Path) -> None:
    run_id = run("backtest", *WORDS, "--json").data["run"]
    answer = run("montecarlo", run_id[:10], "--paths", "50", "--noisy", "2")
    assert answer.status == 0
    for title in ("Final equity in", "Max drawdown", "Ruin, a fall to 50 % of the cash"):
        assert title in answer.out
    for kind in ("trades in another order", "days drawn again", "noised bars"):
        # In another order the trades end where they ended: nothing to show in the first table.
        assert answer.out.count(f"  {kind}") == (2 if kind.startswith("trades") else 3)
    assert answer.out.count("\n- ") == 3
    words = ("montecarlo", run_id[:10], "--paths", "50", "--noisy", "2", "--json")
    data = run(*words).data
    assert [each["name"] for each in data["spreads"]] == ["trades", "returns", "bars"]
    assert data["run"] == run_id
    assert data == run(*words).data
    assert data["spreads"] != run(*words, "--seed", "4").data["spreads"]


def test_a_strategy_that_changed_is_not_run_on_noised_bars(run: Run, ready: Path) -> None:
    run_id = run("backtest", *WORDS, "--json").data["run"]
    (ready / "cross.py").write_text(CROSS.replace("ctx.buy(10)", "ctx.buy(9)"))
    answer = run("montecarlo", run_id, "--paths", "9", "--noisy", "2")
    assert answer.status == 0
    assert "noised bars: left out, the strategy, a rule or a cost model changed" in answer.err
    assert "  noised bars" not in answer.out


def test_a_run_that_is_not_there_is_not_found(run: Run, ready: Path) -> None:
    answer = run("montecarlo", "r-00000000")
    assert answer.status == 6
    assert "there is no run" in answer.err


def test_the_next_line_is_the_backtest_of_what_was_compared(run: Run, ready: Path) -> None:
    write_csv(ready / "more.csv", wave(1000))
    assert run("data", "import", "more.csv", "--instrument", "LONG.TEST").status == 0
    asked = (
        "--start", "2024-02-01", "--end", "2026-06-01", "--cash", "5000",
        "--assume", "slippage_bps=3", "--warmup", "7", "--set", "bars=3",
    )  # fmt: skip
    words = ("significance", "cross.py", "LONG.TEST", "--engine", "interpreted", "--draws", "200")
    (line,) = [x for x in run(*words, *asked).err.splitlines() if x.startswith("next: ")]
    command = shlex.split(line.removeprefix("next: tradectl "))
    assert command[:3] == ["backtest", "cross.py", "LONG.TEST"]
    pairs = set(zip(command[3::2], command[4::2], strict=True))
    assert pairs == set(zip(asked[::2], asked[1::2], strict=True))
