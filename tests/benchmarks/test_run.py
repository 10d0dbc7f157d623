"""The runner from end to end at tiny sizes, and what it does when something is not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import datasets, measuring, rules
from benchmarks.catalogue import ENGINES, WORKLOADS, interpreter
from benchmarks.engines.tradectl import prepare
from benchmarks.running import Limits, measure, run_process

ROOT = Path(__file__).resolve().parents[2]


def bench(folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Run it with no peers; return its status and its results."""
    output = folder / "results.json"
    places = {"TRADECTL_PEERS": str(folder)}
    command = [sys.executable, "-m", "benchmarks", f"--output={output}", f"--data={folder}"]
    done = subprocess.run(
        [*command, "--repeats=1", "--budget=1", *options],
        cwd=ROOT,
        env=os.environ | places,
        capture_output=True,
        text=True,
        check=False,
    )
    assert output.exists(), done.stderr
    return done.returncode, json.loads(output.read_text())


def test_a_quick_run_is_equal_in_every_way_of_tradectl(tmp_path: Path) -> None:
    options = ("--workloads=A,C,D", "--engines=tradectl,vectorbt", "--size=300")
    status, found = bench(tmp_path, *options)
    rows = {(row["workload"], row["mode"]): row for row in found["rows"]}
    assert found["missing"] == {"vectorbt": "not installed"}
    assert set(rows) == {(w, m) for w in "ACD" for m in ("compiled", "interpreted")}
    assert all(row["equal"] for row in rows.values())
    assert status == 0
    assert rows["C", "compiled"]["units"] == 300 * datasets.WIDTH
    assert all(0 < row["seconds"] <= row["first_seconds"] for row in rows.values())
    assert all(row["peak_mb"] > 1 for row in rows.values())


@pytest.mark.parametrize("mode", ["all cores", "one core"])
def test_every_pair_of_a_sweep_is_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(rules, "FASTS", (5, 9))
    monkeypatch.setattr(rules, "SLOWS", (30, 35, 60))
    monkeypatch.setattr("tradectl_sdk.pipelines.sweeps.local._WORTH_FORKING", 0.0)
    datasets.make(tmp_path, "B-2000")
    task = measuring.Task("B", 2_000, mode, tmp_path, 0, 1.0)
    row = measuring.measure(task, prepare(task))
    expected = datasets.expected(tmp_path, "B-2000")["next_open"]
    assert len(expected["trades"]) == 6
    assert sum(expected["trades"]) > 30
    assert rules.agrees(row["result"], expected)
    assert row["peak_mb"] > 1


@pytest.mark.slow
def test_the_command_is_measured_in_a_project_of_its_own(tmp_path: Path) -> None:
    options = ("--workloads=P", "--engines=tradectl", "--size=1000")
    status, found = bench(tmp_path, *options)
    assert found["missing"] == {}
    modes = {row["mode"]: row["equal"] for row in found["rows"]}
    assert modes == {"first start": True, "second start": True, "after a change": True}
    assert status == 0


def test_a_wrong_result_is_no_success(tmp_path: Path) -> None:
    datasets.make(tmp_path, "A-300")
    path = tmp_path / "expected.json"
    known = json.loads(path.read_text())
    known["A-300"]["next_open"]["equity"] += 0.01
    path.write_text(json.dumps(known))
    status, found = bench(tmp_path, "--workloads=A", "--engines=tradectl", "--size=300")
    assert [row["equal"] for row in found["rows"]] == [False, False]
    assert status == 1


def test_an_engine_that_fails_is_told_with_its_reason(tmp_path: Path) -> None:
    datasets.make(tmp_path, "A-300")
    python, engine = Path(sys.executable), ENGINES["flox"]
    why = measure(python, engine, WORKLOADS["A"], 300, "on_bar", tmp_path, Limits())
    assert why == "ModuleNotFoundError: No module named 'flox_py'"


def test_a_process_that_does_not_end_is_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    done = run_process(command, folder=tmp_path, timeout=0.2, environment={})
    assert done.error == "stopped after 0.2 s"


def test_an_environment_is_named_or_found_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADECTL_PEERS", str(tmp_path))
    assert interpreter(ENGINES["flox"]) is None
    python = tmp_path / "venv-flox" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert interpreter(ENGINES["flox"]) == python
    monkeypatch.setenv("TRADECTL_PEER_FLOX", sys.executable)
    assert interpreter(ENGINES["flox"]) == Path(sys.executable)
    monkeypatch.setenv("TRADECTL_PEER_FLOX", str(tmp_path / "nowhere"))
    assert interpreter(ENGINES["flox"]) is None


@pytest.mark.parametrize("option", ["--workloads=A,X", "--engines=nobody"])
def test_an_unknown_choice_is_refused(option: str) -> None:
    command = [sys.executable, "-m", "benchmarks", option]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "expected some of" in done.stderr


def count_calls(repeats: int, budget: float, *, once: bool = False) -> int:
    calls: list[None] = []
    task = measuring.Task("A", 1, "", Path(), repeats, budget)
    work = measuring.Work(lambda: calls.append(None), lambda _: {}, once=once)
    assert len(measuring.measure(task, work)["seconds"]) == len(calls)
    return len(calls)


def test_calls_end_with_the_repeats_the_budget_or_the_material() -> None:
    assert count_calls(3, 60.0) == 4
    assert count_calls(0, 60.0) == 1
    assert count_calls(3, 0.0) == 1
    assert count_calls(3, 60.0, once=True) == 1
