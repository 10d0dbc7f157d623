from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Answer

    Run = Callable[..., Answer]
    Install = Callable[..., None]

GOOD = """
from tradectl_sdk.hooks import Hooks, StrategySpec, hookimpl

class Good(Hooks):
    @hookimpl
    def tradectl_strategies(self):
        yield StrategySpec(name="good-one", summary="A good one", factory="good:Missing")

plugin = Good()
"""
MISSPELT = """
from tradectl_sdk.hooks import Hooks, hookimpl

class Misspelt(Hooks):
    @hookimpl
    def tradectl_stratgies(self):
        return ()

plugin = Misspelt()
"""


@pytest.fixture
def good(install: Install) -> None:
    install("acme-good", {"tradectl.v1": {"good": "good:plugin"}}, {"good": GOOD})


@pytest.fixture
def broken(install: Install) -> None:
    install("acme-broken", {"tradectl.v1": {"broken": "broken:plugin"}}, {"broken": "1 / 0"})
    install("acme-typo", {"tradectl.v1": {"typo": "typo:plugin"}}, {"typo": MISSPELT})
    install("acme-next", {"tradectl.v2": {"next": "nextapi:plugin"}}, {"nextapi": "1 / 0"})


def test_list_shows_each_plugin_and_what_it_provides(run: Run, good: None) -> None:
    answer = run("plugin", "list")
    assert answer.status == 0
    heading, *lines = answer.out.splitlines()
    assert heading.split() == ["PLUGIN", "FROM", "STATUS", "PROVIDES"]
    words = [line.split() for line in lines]
    assert ["good", "acme-good", "1.0", "loaded", "strategy:", "good-one"] in words
    assert any(line[:2] == ["strategies", "tradectl-strategies"] for line in words)
    assert answer.err.startswith("next: tradectl plugin info ")


def test_a_command_that_is_refused_is_told_and_named(run: Run, install: Install) -> None:
    install("acme-evil", {"tradectl.commands": {"backtest": "evil:app"}}, {"evil": "1 / 0"})

    answer = run("plugin", "list", "--strict")

    assert answer.status == 2
    assert "plugin 'backtest' (acme-evil 1.0) failed at gate: tradectl backtest is built in" in (
        answer.err
    )
    assert "acme-evil" in run("doctor").out
    assert "acme-evil" not in run("plugin", "info", "strategies").err


def test_list_as_json_has_the_whole_record(run: Run, good: None) -> None:
    plugins = {plugin["name"]: plugin for plugin in run("plugin", "list", "--json").data["plugins"]}
    assert plugins["good"]["provides"] == [
        {"kind": "strategy", "name": "good-one", "summary": "A good one"}
    ]
    assert plugins["good"]["hooks"] == ["tradectl_strategies"]
    assert plugins["good"]["failure"] is None


def test_broken_plugins_are_named_with_what_mends_them_and_the_rest_goes_on(
    run: Run, good: None, broken: None
) -> None:
    answer = run("plugin", "list")
    assert answer.status == 0
    assert "good-one" in answer.out
    warnings = [line for line in answer.err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 3
    assert "plugin 'broken' (acme-broken 1.0) failed at import" in warnings[0]
    assert "plugin 'next' (acme-next 1.0) failed at gate: built for plugin API 2" in warnings[1]
    assert "plugin 'typo' (acme-typo 1.0) failed at register" in warnings[2]
    assert "hint: did you mean tradectl_strategies?" in answer.err
    assert "Traceback" not in answer.err


def test_strict_makes_a_broken_plugin_a_failure(run: Run, broken: None) -> None:
    assert run("plugin", "list", "--strict").status == 2
    assert run("plugin", "list", "--strict", "--json").data["failures"][0]["plugin"] == "broken"


def test_strict_is_content_when_nothing_is_broken(run: Run, good: None) -> None:
    assert run("plugin", "list", "--strict").status == 0


def test_no_plugins_at_all_is_no_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADECTL_PLUGINS", "")
    answer = run("plugin", "list")
    assert answer.status == 0
    assert "blocked" in answer.out
    assert "not named in TRADECTL_PLUGINS" in answer.out
    assert "next: tradectl plugin new NAME" in answer.err


def test_the_settings_can_disable_a_plugin(
    run: Run, good: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADECTL__PLUGINS__DISABLED", '["good"]')
    (plugin,) = [
        plugin
        for plugin in run("plugin", "list", "--json").data["plugins"]
        if plugin["name"] == "good"
    ]
    assert (plugin["status"], plugin["provides"]) == ("blocked", [])


def _but_times(text: str) -> str:
    return re.sub(r"\d+\.\d ms", "N ms", text)


def test_info_takes_the_name_of_the_plugin_or_of_its_distribution(run: Run, good: None) -> None:
    answer = run("plugin", "info", "good")
    assert _but_times(answer.out) == _but_times(run("plugin", "info", "ACME_good").out)
    assert "good:plugin" in answer.out
    assert "A good one" in answer.out
    assert answer.err == "next: tradectl plugin check good\n"


def test_info_on_a_broken_plugin_says_why(run: Run, broken: None) -> None:
    answer = run("plugin", "info", "broken")
    assert answer.status == 0
    assert "ZeroDivisionError" in answer.err


@pytest.mark.parametrize("command", ["info", "check"])
@pytest.mark.parametrize(
    ("name", "hint"),
    [("godo", "did you mean good?"), ("xyz", "tradectl plugin list shows what is installed")],
)
def test_a_plugin_that_is_not_there(
    run: Run, good: None, command: str, name: str, hint: str
) -> None:
    answer = run("plugin", command, name)
    assert answer.status == 6
    assert answer.err == f"error: plugin {name!r} is not installed\nhint: {hint}\n"


def test_check_passes_what_is_sound(run: Run) -> None:
    answer = run("plugin", "check", "samples")
    assert answer.status == 0
    assert "failed" not in answer.out
    assert " passed" in answer.err


def test_check_shows_the_rule_that_was_broken_and_exits_with_1(run: Run, good: None) -> None:
    answer = run("plugin", "check", "good")
    assert answer.status == 1
    (line,) = [line for line in answer.out.splitlines() if line.lstrip().startswith("failed")]
    assert "factories_resolve" in line
    assert "rule: Every component can be imported" in answer.out


def test_check_as_json_is_not_ok_but_has_the_report(run: Run, good: None) -> None:
    answer = run("plugin", "check", "good", "--json")
    assert answer.status == 1
    assert '"ok": false' in answer.out
    assert answer.data["counts"]["failed"] == 1
