from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tradectl import __version__, application, table
from tradectl.table import BUILT_IN, PANELS, Row
from tradectl_sdk.errors import DataError, ExitStatus, ImportRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Answer

    Run = Callable[..., Answer]
    Start = Callable[..., Answer]


def _raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make every command raise."""

    def raise_it(*_: object) -> int:
        secret = "sk-12345"  # noqa: F841, S105 - a local variable that must not be printed
        raise error

    monkeypatch.setattr(application, "_invoke", raise_it)


def test_without_arguments_it_shows_the_help_screen(run: Run) -> None:
    assert run().out == run("--help").out == run("-h").out
    assert run().status == 0


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_the_help_screen_has_a_document_too(run: Run, words: list[str]) -> None:
    names = [command["name"] for command in run(*words, "--json").data]
    assert names[0] == "doctor"
    assert "plugin" in names


def test_help_groups_the_commands_in_the_order_of_the_panels(run: Run) -> None:
    lines = run("--help").out.splitlines()
    shown = [line for line in lines if line in PANELS]
    assert shown == [panel for panel in PANELS if panel in shown]
    for row in BUILT_IN:
        assert any(line.startswith(f"  {row.name} ") and row.help in line for line in lines)


@pytest.mark.parametrize("row", BUILT_IN, ids=lambda row: row.name)
def test_every_row_of_the_table_leads_to_a_command_with_help(row: Row, run: Run) -> None:
    assert row.panel in PANELS
    answer = run(row.name, "--help")
    assert answer.status == 0
    assert answer.out.startswith(f"Usage: tradectl {row.name} ")
    assert "Every command: --json" in answer.out


@pytest.mark.parametrize("words", [["--version"], ["-V"]])
def test_version_prints_one_line(run: Run, words: list[str]) -> None:
    assert run(*words).out == f"tradectl {__version__}\n"


def test_an_unknown_command_is_refused_with_the_nearest(run: Run) -> None:
    answer = run("pluggin", "list")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err == "error: tradectl has no command 'pluggin'\nhint: did you mean plugin?\n"


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--jsn"], "tradectl has no option --jsn", "tradectl --help lists them"),
        (["--versoin"], "tradectl has no option --versoin", "did you mean --version?"),
        (["plugin"], "tradectl plugin needs a command: list, info, check or new", "--help"),
        (["plugin", "lst"], "tradectl plugin has no command 'lst'", "did you mean list?"),
        (["plugin", "list", "--strct"], "tradectl plugin list has no option --strct", "--strict?"),
        (["optimize", "--range"], "tradectl optimize has no option --range", "mean --set?"),
        (["optimize", "--metric"], "has no option --metric", "did you mean --objective?"),
        (["sweep", "--objective"], "has no option --objective", "did you mean --metric?"),
        (["version", "--quite"], "tradectl version has no option --quite", "did you mean --quiet?"),
        (["plugin", "info"], "tradectl plugin info: missing argument 'name'", "--help shows"),
        (["version", "1"], "got unexpected extra argument(s) (1)", "tradectl version --help"),
        (
            ["doctor", "--warmup=3"],
            "tradectl doctor: option '--warmup' does not",
            "tradectl doctor",
        ),
        (
            ["--version", "now"],
            "--version stands alone, was followed by now",
            "tradectl now --help",
        ),
        (["-h", "doctor"], "-h stands alone, was followed by doctor", "tradectl doctor --help"),
        (["--project", "--quiet"], "--project needs a folder, was followed by --quiet", "path"),
        (["config", "show", "--project"], "--project needs a folder", "path/to/project"),
    ],
)
def test_wrong_lines_are_refused_with_a_hint(
    run: Run, words: list[str], message: str, hint: str
) -> None:
    answer = run(*words)
    assert (answer.status, answer.out) == (2, "")
    first, *_, last = answer.err.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert last.startswith("hint: ")
    assert hint in last


def test_an_error_as_json_leaves_standard_output_empty(run: Run) -> None:
    answer = run("pluggin", "--json")
    assert answer.out == ""
    assert json.loads(answer.err) == {
        "schema": "tradectl.error/1",
        "ok": False,
        "error": {
            "code": "USAGE",
            "exit": 2,
            "message": "tradectl has no command 'pluggin'",
            "hint": "did you mean plugin?",
            "problems": [],
        },
    }


def test_json_holds_for_errors_in_the_global_options_too(run: Run) -> None:
    assert run("--json", "--project").error["code"] == "USAGE"


def test_an_error_of_tradectl_gives_its_own_exit_status(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _raising(monkeypatch, DataError("row 7 was out of order, expected rising times"))
    answer = run("doctor")
    assert answer.status == ExitStatus.DATA
    assert answer.err.splitlines() == [
        "error: row 7 was out of order, expected rising times",
        "hint: tradectl explain DATA",
    ]


def test_every_finding_of_a_refused_import_is_printed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = ["order: row 7, expected rising times", "ohlc: row 9, high below low"]
    _raising(monkeypatch, ImportRefusedError("x.csv broke 2 rules", findings=findings, hint="mend"))
    assert run("doctor").err.splitlines() == [
        "error: x.csv broke 2 rules",
        "  order: row 7, expected rising times",
        "  ohlc: row 9, high below low",
        "hint: mend",
    ]
    assert run("doctor", "--json").error["findings"] == findings


def test_a_bug_shows_no_traceback_unless_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, ZeroDivisionError("division by zero"))
    answer = run("doctor")
    assert answer.status == ExitStatus.BUG
    assert answer.err.splitlines() == [
        "error: internal error: ZeroDivisionError: division by zero",
        "hint: run the same command again with --debug, and report what it prints",
    ]


@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_debug_shows_the_traceback_but_no_local_variables(
    run: Run, monkeypatch: pytest.MonkeyPatch, json_too: list[str]
) -> None:
    _raising(monkeypatch, ZeroDivisionError("division by zero"))
    answer = run("doctor", "--debug", *json_too)
    assert answer.status == ExitStatus.BUG
    assert "Traceback (most recent call last)" in answer.err
    assert "sk-12345" not in answer.err.replace('secret = "sk-12345"', "")


def test_ctrl_c_is_no_bug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, KeyboardInterrupt())
    answer = run("doctor")
    assert (answer.status, answer.err) == (130, "error: interrupted\n")


def test_a_failed_command_leaves_no_document(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, DataError("bad"))
    answer = run("doctor", "--json")
    assert answer.out == ""
    assert answer.error["code"] == "DATA"


COMMAND = """
import typer
from tradectl.session import session_of

app = typer.Typer()

@app.command()
def search(context: typer.Context, word: str = "") -> None:
    session_of(context).out.line(f"searching {word}")

@app.command()
def stop() -> None:
    raise typer.Exit(6)
"""


def test_nothing_gets_in_as_a_plugin_of_pydantic(start: Run, install: Callable[..., None]) -> None:
    points = {"pydantic": {"sneaky": "sneaky:plugin"}, "tradectl.v1": {"sneaky": "sneaky:plugin"}}
    install("acme-sneaky", points, {"sneaky": "print('imported')"})

    answer = start("plugin", "list", TRADECTL_PLUGINS="")

    assert (answer.status, "imported" in answer.out + answer.err) == (0, False)


def test_metadata_that_nobody_can_read_stop_nothing(
    start: Run, install: Callable[..., None], site: Path
) -> None:
    install("acme-broken", {}, {})
    (site / "acme_broken-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe")

    assert start("config", "validate").status == 0


def test_a_plugin_may_bring_a_command(run: Run, install: Callable[..., None]) -> None:
    points = {"tradectl.commands": {"bazaar": "bazaar_cli:app"}}
    install("acme-bazaar", points, {"bazaar_cli": COMMAND})
    assert "  bazaar " in run("--help").out
    assert "The acme-bazaar package" in run("--help").out
    assert run("bazaar", "search", "--word", "x", "--json").status == 0
    assert run("bazaar", "search", "--word", "x").out == "searching x\n"
    assert run("bazaar", "stop").status == 6
    assert "--install-completion" not in run("bazaar", "--help").out


def test_a_plugin_cannot_replace_a_built_in_command(run: Run, install: Callable[..., None]) -> None:
    points = {"tradectl.commands": {"doctor": "evil:app"}}
    install("evil", points, {"evil": "raise SystemExit('imported')"})
    assert table.find("doctor").plugin is None
    assert run("doctor").status in {0, 1}


def test_a_plugin_command_that_cannot_be_imported_names_its_distribution(
    run: Run, install: Callable[..., None]
) -> None:
    points = {"tradectl.commands": {"broken": "broken_cli:app"}}
    install("acme-broken", points, {"broken_cli": "import nothing_of_this_name"})
    answer = run("broken")
    assert answer.status == ExitStatus.USAGE
    assert "acme-broken" in answer.err
    assert "nothing_of_this_name" in answer.err
    assert "Traceback" not in answer.err


def test_a_disabled_plugins_command_is_not_imported(
    run: Run, install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    points = {"tradectl.commands": {"loud": "loud_cli:app"}}
    install("acme-loud", points, {"loud_cli": "raise SystemExit('imported')"})
    monkeypatch.setenv("TRADECTL__PLUGINS__DISABLED", '["acme-loud"]')
    answer = run("loud")
    assert answer.status == ExitStatus.USAGE
    assert "'loud' of acme-loud is disabled in the settings" in answer.err
    monkeypatch.setenv("TRADECTL_PLUGINS", "strategies")
    assert "tradectl has no command 'loud'" in run("loud").err
