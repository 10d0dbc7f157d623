from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]


@pytest.fixture
def settings_file(project: Path) -> Path:
    file = project / "tradectl.toml"
    file.write_text("[backtest]\ncash = 5000\n")
    return file


def test_show_lists_every_setting(run: Run, settings_file: Path) -> None:
    answer = run("config", "show")
    assert answer.status == 0
    assert ["backtest.cash", "5000"] in [line.split() for line in answer.out.splitlines()]
    assert "data.catalog" in answer.out


def test_show_says_where_values_came_from(
    run: Run, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADECTL__PLUGINS__DISABLED", '["x"]')
    lines = run("config", "show", "--origin").out.splitlines()
    origins = {line.split()[0]: line for line in lines}
    assert origins["backtest.cash"].endswith(f"{settings_file}:2:1")
    assert "environment variable TRADECTL__PLUGINS__DISABLED" in origins["plugins.disabled"]
    assert origins["runs.directory"].endswith("default")


def test_show_as_json_keeps_decimals_exact(run: Run, settings_file: Path) -> None:
    rows = {row["key"]: row for row in run("config", "show", "--json").data}
    assert rows["backtest.cash"]["value"] == "5000"
    assert rows["backtest.cash"]["origin"]["line"] == 2


def test_show_can_be_narrowed_to_a_section_or_key(run: Run) -> None:
    assert len(run("config", "show", "backtest.cash", "--json").data) == 1
    assert all(
        row["key"].startswith("data.") for row in run("config", "show", "data", "--json").data
    )


def test_show_of_an_unknown_section_names_the_nearest(run: Run) -> None:
    answer = run("config", "show", "backtset")
    assert answer.status == 6
    assert "did you mean backtest?" in answer.err


def test_validate_is_content_with_what_is_right(run: Run, settings_file: Path) -> None:
    answer = run("config", "validate")
    assert answer.status == 0
    assert answer.out == f"valid  1 setting given ({settings_file})\n"


def test_validate_lists_every_problem_with_its_place(run: Run, settings_file: Path) -> None:
    settings_file.write_text('[backtest]\ncsh = 1\ncash = "much"\n\n[data]\ncatalog = 5\n')
    answer = run("config", "validate")
    assert (answer.status, answer.out) == (2, "")
    lines = answer.err.splitlines()
    assert lines[0] == "error: 3 problems in the settings"
    assert lines[1].startswith(f"  {settings_file}:2:1  backtest.csh  unknown key, did you mean")
    assert lines[2].startswith(f"  {settings_file}:3:8  backtest.cash")
    assert lines[3].startswith(f"  {settings_file}:6:11  data.catalog")
    assert lines[4].startswith("hint: ")


def test_problems_as_json_have_their_places(run: Run, settings_file: Path) -> None:
    settings_file.write_text("[backtest]\ncsh = 1\n")
    (problem,) = run("config", "validate", "--json").error["problems"]
    assert problem["key"] == "backtest.csh"
    assert (problem["file"], problem["line"], problem["column"]) == (str(settings_file), 2, 1)


def test_broken_toml_and_unreadable_files_are_problems_too(run: Run, settings_file: Path) -> None:
    settings_file.write_text("[backtest\n")
    assert "not valid TOML" in run("config", "validate").err
    settings_file.write_bytes(b"\xff\xfe")
    assert "is not UTF-8" in run("config", "validate").err


def test_validate_looks_names_up(run: Run, settings_file: Path) -> None:
    settings_file.write_text(
        "[plugins.strategis]\nx = 1\n[plugins.risk]\nmax_ordrs = 1\n"
        "[risk]\nrules = ['colar']\n[backtest.fees]\nmodel = 'per-unt'\n"
    )
    answer = run("config", "validate")
    assert answer.status == 2
    assert [line.removeprefix(f"  {settings_file}:") for line in answer.err.splitlines()] == [
        "error: 4 problems in the settings",
        "1:10  plugins.strategis  no plugin of this name is installed, did you mean strategies?",
        (
            "4:1  plugins.risk.max_ordrs  unknown key, plugin 'risk' has no settings of its own, "
            "did you mean risk.max_orders?"
        ),
        "6:10  risk.rules  names 'colar', which no plugin offers, did you mean collar?",
        "8:9  backtest.fees.model  names 'per-unt', which no plugin offers, did you mean per-unit?",
        "hint: tradectl config schema prints every setting there is",
    ]


def test_a_backtest_refuses_what_validate_refuses(run: Run, settings_file: Path) -> None:
    settings_file.write_text("[plugins.risk]\nmax_order_quantity = 1\n")
    answer = run("backtest", "buy-and-hold")
    assert answer.status == 2
    assert "did you mean risk.max_order_quantity?" in answer.err


def test_schema_accepts_what_validate_accepts(run: Run) -> None:
    schema = json.loads(run("config", "schema").out)
    jsonschema.validate({"backtest": {"cash": 5000}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"backtest": {"csh": 5000}}, schema)


def test_path_names_the_files(run: Run, settings_file: Path) -> None:
    answer = run("config", "path", "--json")
    assert answer.data["project file"] == str(settings_file)
    assert str(settings_file) in run("config", "path").out


def test_another_project_can_be_named(run: Run, settings_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "tradectl.toml").write_text("[backtest]\ncash = 7\n")
    assert " 7\n" in run("config", "show", "backtest", "--project", str(other)).out
    assert run("config", "show", "--project", str(tmp_path / "nowhere")).status == 2
