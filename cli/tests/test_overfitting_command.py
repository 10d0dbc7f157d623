from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cli_market import CROSS, write_csv
from test_sweep_commands import GRID, SWEEP, TWO, sweeps_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]


@pytest.fixture
def swept(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a sweep whose trials run again without being compiled."""
    from tradectl_sdk.engine import Mode
    from tradectl_sdk.engine import run as engine_run
    from tradectl_sdk.pipelines import overfitting as module

    monkeypatch.setattr(module, "run", lambda plan, _, **__: engine_run(plan, Mode.INTERPRETED))
    (project / "two.py").write_text(TWO)
    write_csv(project / "prices.csv")
    assert run("data", "import", "prices.csv", "--instrument", "ABC.TEST").status == 0
    answer = run(*SWEEP, *GRID)
    (folder,) = sweeps_of(project)
    assert f"tradectl overfitting {folder.name[:10]}" in answer.err
    return folder.name


def test_the_screen_says_in_words_whether_the_choice_was_luck(run: Run, swept: str) -> None:
    answer = run("overfitting", swept[:8], "--blocks", "4")
    blocks = {b.splitlines()[0].split("  ")[0]: b for b in answer.out.split("\n\n")}
    assert "looked at  9 trials\n" in blocks["Cross"]
    assert "halves     6, all ways to halve 4 blocks" in blocks["Cross"]
    other = blocks["The best of one half, on the other half"]
    assert [line.split()[0] for line in other.splitlines()[1:]] == ["overfitting", "loss", "slope"]
    chance = blocks["So good a best one among as many worthless trials"]
    assert "of the time (White)" in chance
    assert "of the time (Hansen)" in chance
    assert "choosing the best of these trials does no better than" in blocks["verdict"]
    assert f"next: tradectl report {swept[:10]}" in answer.err


def test_json_is_the_same_again_and_tells_what_was_looked_at(run: Run, swept: str) -> None:
    words = ("overfitting", swept, "--blocks", "4", "--most", "3", "--json")
    answer = run(*words)
    assert json.loads(answer.out)["schema"] == "tradectl.overfitting/1"
    data = answer.data
    assert data["sweep"] == swept
    assert (data["trials"], len(data["looked_at"]), data["splits"]) == (9, 3, 6)
    assert answer.status == (1 if data["verdict"] == "luck" else 0)
    assert run(*words).data == data


def test_the_answer_is_in_the_report_once_it_was_asked_for(
    run: Run, project: Path, swept: str
) -> None:
    page = project / f"report-{swept[2:10]}.html"
    run("report", swept)
    assert f"not asked yet: tradectl overfitting {swept[:10]}" in page.read_text(encoding="utf-8")
    words = run("overfitting", swept, "--blocks", "4", "--json").data["words"]
    run("report", swept)
    assert words in page.read_text(encoding="utf-8")
    assert run("sweeps", "rm", swept).status == 0
    assert sweeps_of(project) == []


def test_what_cannot_be_asked_is_refused_in_words(run: Run, project: Path, swept: str) -> None:
    assert run("overfitting", "s-ffffffff").status == 6
    odd = run("overfitting", swept, "--blocks", "5")
    assert (odd.status, "blocks was 5, expected an even number" in odd.err) == (2, True)
    (project / "two.py").write_text(CROSS + "    other = 1\n")
    changed = run("overfitting", swept)
    assert changed.status in {2, 3}
    assert "Traceback" not in changed.err


def test_an_optimisation_is_asked_too_with_its_strategy_named(
    run: Run, project: Path, swept: str
) -> None:
    words = ("optimize", "two.py", "ABC.TEST", "--engine", "interpreted", "--trials", "9")
    grid = ("--set", "bars=4:6", "--set", "lots=10,20", "--sampler", "random")
    made = run(*words, *grid, "--json").data
    name = made["study"]
    shown = run(*words, *grid, "--resume").err
    assert f"tradectl overfitting {name[:10]} --strategy two.py\n" in shown
    answer = run("overfitting", name[:10], "--blocks", "4", "--strategy", "two.py")
    assert answer.status in {0, 1}
    assert f"Cross  {name[:10]}" in answer.out
    assert "next: tradectl significance" in answer.err
    data = run("overfitting", name, "--blocks", "4", "--strategy", "two.py", "--json").data
    assert (data["sweep"], data["trials"]) == (name, 9)
    points = [tuple(each["parameters"].values()) for each in made["trials"]]
    assert data["looked_at"] == sorted({points.index(point) for point in points})
    nowhere = run("overfitting", name)
    assert nowhere.status != 0
    assert "Cross" in nowhere.err
    assert run("overfitting", "o-ffffffff").status == 6
    journal = project / ".tradectl" / "runs" / name / "about.json"
    journal.write_text("{")
    assert run("overfitting", name, "--strategy", "two.py").status == 3
