from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from cli_market import CROSS, wave, write_csv
from tradectl.heat_map import heat_map
from tradectl_sdk.evidence.sharpe import SHARPE_CONVENTION
from tradectl_sdk.research.places import Dimension
from tradectl_sdk.research.table import Surface

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]

TWO = CROSS.replace(
    'doc="bars in the average")',
    'doc="bars in the average")\n    lots: int = param(10, ge=1, le=40, doc="shares to buy")',
).replace("ctx.buy(10)", "ctx.buy(self.lots)")
SWEEP = ("sweep", "two.py", "ABC.TEST", "--engine", "interpreted", "--workers", "1")
GRID = ("--set", "bars=4:12:4", "--set", "lots=10,20,30")


@pytest.fixture
def ready(run: Run, project: Path) -> Path:
    """A project with a strategy of two parameters and a series."""
    (project / "two.py").write_text(TWO)
    write_csv(project / "prices.csv")
    assert run("data", "import", "prices.csv", "--instrument", "ABC.TEST").status == 0
    return project


def sweeps_of(project: Path) -> list[Path]:
    return list((project / ".tradectl" / "runs").glob("s-*"))


def test_the_screen_shows_the_map_the_best_and_what_to_doubt(run: Run, ready: Path) -> None:
    answer = run(*SWEEP, *GRID)
    assert answer.status == 0
    blocks = {b.splitlines()[0].split("  ")[0]: b for b in answer.out.split("\n\n")}
    assert "bars      4, 8, 12" in blocks["sweep"]
    assert "tried     9 trials" in blocks["sweep"]
    assert len(blocks["Sharpe"].splitlines()) == 6  # title, name, three rows, scale
    doubts = blocks["Before you believe the best"]
    assert "9 trials, all of them counted" in doubts
    assert "deflated Sharpe" in doubts
    assert SHARPE_CONVENTION in " ".join(doubts.split())
    assert "around it" in doubts
    assert "the best of 9 trials looks better than it will be" in answer.err
    (folder,) = sweeps_of(ready)
    assert {each.name for each in folder.iterdir()} == {"manifest.json", "trials.npz"}


def test_json_has_every_trial_and_what_speaks_for_the_best(run: Run, ready: Path) -> None:
    answer = run(*SWEEP, *GRID, "--where", "bars > 4", "--json")
    assert json.loads(answer.out)["schema"] == "tradectl.sweep/1"
    data = answer.data
    assert len(data["trials"]) == 6
    assert data["where"] == ["bars > 4"]
    assert data["ranked"][0] == data["evidence"]["best"]
    assert data["evidence"]["trials"] == 6
    assert data["evidence"]["sharpe_error"] == SHARPE_CONVENTION
    assert data["evidence"]["shape"] in {"plateau", "peak", "unknown"}
    assert isinstance(data["trials"][0]["final_equity"], str)
    assert data["trials"][0]["metrics"]["deflated_sharpe"] is not None


def test_the_next_step_is_the_backtest_of_a_trial_and_equals_it(run: Run, ready: Path) -> None:
    words = (*SWEEP, *GRID, "--set", "lots=20", "--cash", "5000", "--start", "2024-02-01")
    words += ("--warmup", "60")
    words = tuple(w for w in words if w != "lots=10,20,30")
    words = tuple(w for n, w in enumerate(words) if not (w == "--set" and words[n + 1] == "--set"))
    data = run(*words, "--hashes", "--json").data
    answer = run(*words, "--hashes")
    (line,) = [x for x in answer.err.splitlines() if x.startswith("next: tradectl backtest")]
    command = shlex.split(line)[2:]
    assert command[-2:] == ["--trials", "3"]
    assert "lots=20" in command
    record = run(*command, "--engine", "interpreted", "--json").data
    chosen = next(
        each for each in data["trials"] if f"bars={each['parameters']['bars']}" in command
    )
    assert chosen["order_list_hash"] == record["order_list_hash"]
    assert chosen["final_equity"] == record["final_equity"]
    for name, value in chosen["metrics"].items():
        assert value == record["metrics"]["values"][name], name


def test_samples_are_drawn_and_say_so(run: Run, ready: Path) -> None:
    words = (*SWEEP, "--set", "bars=2:50", "--set", "lots=1:40", "--sample", "5")
    answer = run(*words, "--seed", "3")
    assert "5 trials, drawn with seed 3" in answer.out
    first, again = (run(*words, "--seed", "3", "--json").data["trials"] for _ in range(2))
    other = run(*words, "--seed", "4", "--json").data["trials"]
    assert [t["parameters"] for t in first] == [t["parameters"] for t in again]
    assert [t["parameters"] for t in first] != [t["parameters"] for t in other]


def test_failed_trials_say_why_and_only_a_sweep_of_failures_is_a_finding(
    run: Run, ready: Path
) -> None:
    answer = run(*SWEEP, "--set", "bars=48:51")
    assert answer.status == 0
    assert "4 trials, 1 failed" in answer.out
    assert "1 trial failed: Cross: bars was 51, expected 2 to 50" in answer.out
    answer = run(*SWEEP, "--set", "bars=51:52")
    assert answer.status == 1
    assert "no trial has a value" in answer.err
    assert "none of them traded" not in answer.err
    answer = run(*SWEEP, "--set", "bars=20,30", "--warmup", "5000")
    assert "none of them traded: where bars are fewer than the warm-up" in answer.err


def test_metrics_rank_map_and_add_columns(run: Run, ready: Path) -> None:
    data = run(*SWEEP, *GRID, "--metric", "max_drawdown", "--metric", "win_rate", "--json").data
    assert data["ranked_by"] == "max_drawdown"
    values = [data["trials"][n]["metrics"]["max_drawdown"] for n in data["ranked"]]
    assert values == sorted(values)
    assert "win_rate" in data["trials"][0]["metrics"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no parameter has several values"),
        (("--set", "bars=5"), "no parameter has several values"),
        (("--set", "brs=5:9"), "did you mean bars?"),
        (("--set", "brs=5"), "brs is not a parameter; did you mean bars?"),
        (("--set", "bars=9:5"), "bars goes from 9 down to 5, expected the lesser first"),
        (("--set", "bars=1:x"), "expected FIRST:LAST"),
        (("--set", "bars=2:9", "--where", "bars < brs"), "did you mean bars?"),
        (("--set", "bars=2:9", "--where", "bars < 1"), "nothing to try"),
        (("--set", "bars=2:9", "--metric", "sharp"), "sharp is not a metric"),
        (("--set", "bars=2:50", "--set", "lots=1:9000"), "the grid has 441,000 trials, about"),
        (("--set", "bars=2:9", "--sample", "0"), "--sample"),
    ],
)
def test_wrong_words_are_refused_and_nothing_is_kept(
    run: Run, ready: Path, words: tuple[str, ...], message: str
) -> None:
    answer = run(*SWEEP, *words)
    assert answer.status == 2
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert sweeps_of(ready) == []


def test_kept_sweeps_are_listed_shown_ranked_anew_and_deleted(run: Run, ready: Path) -> None:
    assert "there are no sweeps yet" in run("sweeps", "list").err
    first = run(*SWEEP, *GRID, "--json").data
    assert run(*SWEEP, *GRID, "--json").data["stored"]
    short = first["sweep"][:10]
    assert short in run("sweeps", "list").out
    (row,) = run("sweeps", "list", "--json").data
    assert (row["trials"], row["failed"]) == (9, 0)
    shown = run("sweeps", "show", short, "--metric", "total_return", "--json").data
    assert shown["trials"] == first["trials"]
    assert shown["ranked_by"] == "total_return"
    refused = run("sweeps", "show", short, "--metric", "win_rate")
    assert refused.status == 2
    assert "win_rate was not computed in this sweep" in refused.err
    assert run("sweeps", "rm", short, "s-ffffffff").status == 6
    assert sweeps_of(ready)
    assert run("sweeps", "rm", short).status == 0
    assert sweeps_of(ready) == []


def test_a_damaged_sweep_is_listed_and_can_be_deleted(run: Run, ready: Path) -> None:
    run(*SWEEP, *GRID)
    (folder,) = sweeps_of(ready)
    (folder / "manifest.json").write_text("{")
    assert "damaged" in run("sweeps", "list").out
    answer = run("sweeps", "show", folder.name[:10])
    assert answer.status == 3
    assert "is damaged" in answer.err
    assert run("sweeps", "rm", folder.name[:10]).status == 0


OVER = ("sweep", "two.py", "ABC.TEST", "XYZ.TEST", "--each", *SWEEP[3:])


@pytest.fixture
def both(run: Run, ready: Path) -> Path:
    """Another series, which begins later."""
    write_csv(ready / "other.csv", [[*row[:5], "900"] for row in wave()[40:]])
    assert run("data", "import", "other.csv", "--instrument", "XYZ.TEST").status == 0
    return ready


def test_places_are_axes_and_sets_are_ranked_by_the_middle_of_them(run: Run, both: Path) -> None:
    answer = run(*OVER, *GRID, "--windows", "2")
    assert answer.status == 0
    blocks = {b.splitlines()[0].split("  ")[0]: b for b in answer.out.split("\n\n")}
    head = blocks["sweep"]
    assert "data      ABC.TEST 1d, XYZ.TEST 1d, each by itself, 320 bars" in head
    assert "windows   2024-02-10:2024-04-30, 2024-04-30:2024-07-19" in head
    assert "tried     36 trials: 9 parameter sets in 4 places" in head
    titles = [title for title in blocks if title.startswith("Sharpe by")]
    assert titles == [
        "Sharpe by bars and lots, the middle over instrument, window",
        "Sharpe by instrument and bars, the middle over lots, window",
        "Sharpe by window and bars, the middle over lots, instrument",
        "Sharpe by instrument and window, the middle over bars, lots",
    ]
    assert "XYZ.TEST  " in blocks[titles[3]]
    sets = blocks["Parameter sets, the middle over 4 places"].splitlines()
    assert sets[1].split()[:5] == ["bars", "lots", "SHARPE", "WORST", "GAINS"]
    assert " of 4 " in sets[2]
    (title,) = [title for title in blocks if title.startswith("Place by place: bars=")]
    assert len(blocks[title].splitlines()) == 6
    assert "36 trials, all of them counted" in blocks["Before you believe the best"]
    assert "36" in run("sweeps", "list").out


def test_every_trial_of_a_place_is_a_backtest_and_the_next_step_is_the_worst_of_them(
    run: Run, both: Path
) -> None:
    words = (
        *OVER,
        "--set",
        "bars=4,8",
        "--window",
        "2024-03-01:2024-05-01",
        "--window",
        "2024-05-01:",
    )
    words += ("--cash", "5000", "--hashes")
    answer = run(*words)
    data = run(*words, "--json").data
    assert data["instruments"] == ["ABC.TEST", "XYZ.TEST"]
    assert data["windows"] == ["2024-03-01:2024-05-01", "2024-05-01:"]
    best = data["evidence"]["best"]
    own = [each for each in data["trials"] if each["trial"] % 2 == best]
    sharpe = [each["metrics"]["sharpe_ratio"] for each in own]
    assert data["sets"][best]["worst"]["sharpe_ratio"] == min(sharpe)
    assert data["sets"][best]["median"]["sharpe_ratio"] == pytest.approx(np.median(sharpe))
    (line,) = [x for x in answer.err.splitlines() if x.startswith("next: tradectl backtest")]
    command = shlex.split(line)[2:]
    record = run(*command, "--engine", "interpreted", "--json").data
    worst = min(own, key=lambda each: each["metrics"]["sharpe_ratio"])
    chosen = f"bars={worst['parameters']['bars']}"
    assert chosen in command
    assert worst["instrument"] in command
    assert worst["order_list_hash"] == record["order_list_hash"]
    assert worst["final_equity"] == record["final_equity"]
    for name, value in worst["metrics"].items():
        assert value == record["metrics"]["values"][name], name


def test_one_set_in_several_places_needs_no_grid_and_becomes_a_page(run: Run, both: Path) -> None:
    answer = run(*OVER, "--set", "bars=4", "--windows", "2")
    assert answer.status == 0
    assert "4 trials: 1 parameter set in 4 places" in answer.out
    assert "Sharpe, the middle" not in answer.out
    assert "looks better than it will be" not in answer.err
    assert "tradectl overfitting" not in answer.err
    (folder,) = sweeps_of(both)
    assert run("report", folder.name[:10]).status == 0
    text = (both / f"report-{folder.name[2:10]}.html").read_text(encoding="utf-8")
    assert "Sharpe by instrument (down) and window (across)" in text
    assert "2024-02-10:2024-04-30" in text
    assert run("sweeps", "show", folder.name[:10]).out.splitlines()[1:] == [
        line for line in answer.out.splitlines()[1:] if not line.startswith("run ")
    ]


def test_wrong_windows_are_refused_and_nothing_is_kept(run: Run, both: Path) -> None:
    for words, message in (
        (("--windows", "2", "--window", "2024-03-01:"), "were both given"),
        (("--windows", "0"), "--windows"),
        (("--windows", "100"), "100 windows take 200 bars, expected at most the 160"),
        (("--window", "2024-03-01"), "expected FROM:TO"),
        (("--window", "2024-03-01:2023-03-01"), "is empty"),
        (("--window", "2024-03-01:2030-03-01"), "leave that side out: 2024-03-01:"),
        (("--window", "2024-03-01:", "--start", "2024-01-01"), "beside a start or an end"),
        (("--set", "brs=5"), "brs is not a parameter; did you mean bars?"),
        (("--set", "bars=2:50", "--set", "lots=1:40", "--windows", "8"), "in each of 16 places"),
    ):
        answer = run(*OVER, *words)
        assert answer.status == 2, words
        assert message in answer.err
    assert sweeps_of(both) == []


SURFACE = Surface(
    "sharpe_ratio",
    "fast",
    "slow",
    (1, 2, 3),
    (10, 20),
    np.array([[0.0, 0.5, 1.0], [0.2, np.nan, 0.9]]),
)


def test_the_map_is_fuller_for_more_and_fits() -> None:
    lines = heat_map(SURFACE, str, width=80, blocks=True)
    assert lines[:4] == ["slow", "  10     ▒▒▒███", "  20  ░░░???███", "      1  fast 3"]
    assert "was not tried" in lines[-1]
    narrow = heat_map(SURFACE, str, width=10, blocks=False)
    assert narrow[1] == "  10  .+#"
    assert heat_map(SURFACE, str, width=8, blocks=True) == []
    assert all(
        ord(sign) < 128 for line in heat_map(SURFACE, str, width=80, blocks=False) for sign in line
    )


def test_windows_stand_beside_the_map_as_they_are_called() -> None:
    windows = ("2001-01-01:", ":2001-01-01")
    over = replace(SURFACE, down=Dimension.WINDOW, ys=windows)
    lines = heat_map(over, str, width=80, blocks=True)
    assert lines[:3] == ["     window", "2001-01-01:     ▒▒▒███", ":2001-01-01  ░░░???███"]
    across = replace(SURFACE, across=Dimension.WINDOW, xs=(*windows, "2002-01-01:"))
    assert heat_map(across, str, width=80, blocks=True)[3] == (
        "      window 2001-01-01: to 2002-01-01:"
    )


def test_a_sweep_becomes_a_page_with_its_map(run: Run, ready: Path) -> None:
    swept = run(*SWEEP, *GRID)
    (folder,) = sweeps_of(ready)
    assert f"tradectl report {folder.name[:10]}" in swept.err
    answer = run("report", folder.name[:8], "--metric", "total_return")
    assert (answer.status, answer.out) == (0, f"written  report-{folder.name[2:10]}.html\n")
    text = (ready / f"report-{folder.name[2:10]}.html").read_text(encoding="utf-8")
    assert "Return by bars (down) and lots (across)" in text
    words = " ".join(run("report", "--help").out.replace("│", " ").split())
    assert "or one id of a sweep or a walk, from s- or w- on" in words
    assert run("report", folder.name[2:8]).status == 6
    answer = run("report", folder.name, "--svg", "maps", "--csv", "numbers", "--json")
    assert answer.data["pictures"] == ["maps/map-sharpe-ratio-bars-lots.svg"]
    lines = (ready / "numbers" / "trials.csv").read_text().splitlines()
    assert lines[0].startswith("trial,bars,lots,total_return,sharpe_ratio,")
    assert len(lines) == 1 + 9
    assert run("report", folder.name, folder.name).status == 2
    assert run("report", folder.name, "--metric", "nonsense").status == 2
