from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tradectl import checkup, warmup

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def findings(answer: Answer) -> dict[str, dict[str, str]]:
    return {row["check"]: row for row in answer.data}


def test_a_sound_installation_has_nothing_to_mend(run: Run) -> None:
    answer = run("doctor")
    assert answer.status == 0
    assert not [line for line in answer.out.splitlines() if line.startswith(("fail", "warn"))]
    assert run("doctor", "--json").out.startswith('{"schema": "tradectl.doctor/1", "ok": true')


def test_the_rows_on_the_screen_are_those_of_the_document(run: Run) -> None:
    screen = [line.split()[0] for line in run("doctor").out.splitlines()[1:]]
    assert screen == [row["verdict"] for row in run("doctor", "--json").data]


def test_wrong_settings_fail_with_every_problem(run: Run, project: Path) -> None:
    (project / "tradectl.toml").write_text("[backtest]\ncsh = 1\n")
    answer = run("doctor", "--json")
    assert answer.status == 1
    assert findings(answer)["settings"]["verdict"] == "fail"
    assert "backtest.csh" in findings(answer)["settings"]["message"]


def test_a_broken_plugin_is_a_warning(run: Run, install: Callable[..., None]) -> None:
    install("acme-broken", {"tradectl.v1": {"broken": "broken:plugin"}}, {"broken": "1 / 0"})
    answer = run("doctor", "--json")
    assert answer.status == 0
    assert "acme-broken" in findings(answer)["plugins"]["message"]


def test_a_folder_that_cannot_be_written_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup.os, "access", lambda *_: False)  # root may write everywhere
    answer = run("doctor", "--json")
    assert answer.status == 1
    assert findings(answer)["catalog"]["verdict"] == "fail"
    assert "data.catalog" in findings(answer)["catalog"]["hint"]


def test_a_file_where_a_folder_should_be_fails(run: Run, project: Path) -> None:
    (project / ".tradectl").write_text("in the way")
    answer = run("doctor", "--json")
    assert answer.status == 1
    assert findings(answer)["runs"]["verdict"] == "fail"
    assert "runs.directory" in findings(answer)["runs"]["hint"]


@pytest.mark.parametrize(
    ("free", "verdict", "status"), [(10**12, "ok", 0), (10**9, "warn", 0), (10**6, "fail", 1)]
)
def test_little_disk_space_is_noticed(
    run: Run, monkeypatch: pytest.MonkeyPatch, free: int, verdict: str, status: int
) -> None:
    monkeypatch.setattr(checkup.shutil, "disk_usage", lambda _: Usage(10**13, 0, free))
    answer = run("doctor", "--json")
    assert (findings(answer)["disk"]["verdict"], answer.status) == (verdict, status)


def test_the_folder_of_compiled_strategies_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRADECTL_CACHE_DIR", str(tmp_path / "cache"))
    row = findings(run("doctor", "--json"))["kernel cache"]
    assert row["verdict"] == "ok"
    assert row["message"].startswith(str(tmp_path / "cache"))
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TRADECTL_CACHE_DIR", str(tmp_path / "file" / "cache"))
    row = findings(run("doctor", "--json"))["kernel cache"]
    assert row["verdict"] == "warn"
    assert "TRADECTL_CACHE_DIR" in row["hint"]


def test_warm_up_compiles_and_compares(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRADECTL_CACHE_DIR", str(tmp_path / "cache"))
    answer = run("doctor", "--warmup")
    assert answer.status == 0
    assert "equal to its Python twin" in answer.out
    assert findings(run("doctor", "--warmup", "--json"))["warm-up"]["verdict"] == "ok"


def test_machine_code_that_differs_from_python_fails(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warmup, "compile_kernel", lambda *_, **__: lambda _: 1.0)
    answer = run("doctor", "--warmup", "--json")
    assert answer.status == 1
    assert "machine code gave 1.0" in findings(answer)["warm-up"]["message"]


def test_versions_that_differ_fail(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup.tradectl_sdk, "__version__", "0.2.0")
    answer = run("doctor", "--json")
    assert answer.status == 1
    assert findings(answer)["versions"]["verdict"] == "fail"


def test_a_missing_compiler_is_a_warning_and_missing_extras_are_skipped(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tradectl_sdk.kernel", None)
    monkeypatch.setattr(checkup.importlib.util, "find_spec", lambda _: None)
    answer = run("doctor", "--json")
    assert findings(answer)["compiler"]["verdict"] == "warn"
    assert findings(answer)["feather files"]["verdict"] == "skip"
    assert answer.status == 0


def test_every_row_that_is_not_ok_says_what_mends_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    (project / ".tradectl").write_text("in the way")
    monkeypatch.setattr(checkup.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(checkup.shutil, "disk_usage", lambda _: Usage(10**13, 0, 10**6))
    monkeypatch.setenv("TRADECTL_PLUGINS", "nothing-of-this-name")
    rows = run("doctor", "--json").data
    troubled = [row for row in rows if row["verdict"] != "ok"]
    assert len(troubled) >= 5
    assert all(row["hint"] for row in troubled)
