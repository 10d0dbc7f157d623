from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.errors import PluginError
from tradectl_sdk.plugins import discover_commands

if TYPE_CHECKING:
    from tradectl_sdk.plugins import PluginCommands

    from conftest import FakeSite


def market(site: FakeSite, name: str = "market", dist: str = "tradectl-market") -> None:
    site.distribution(dist, {"tradectl.commands": {name: "fake_market:app"}})


def commands(site: FakeSite, **options: object) -> PluginCommands:
    options = {"environment": {}, **options}
    return discover_commands(path=[site.folder], **options)  # type: ignore[arg-type]


def test_a_command_takes_its_help_from_the_distribution(site: FakeSite) -> None:
    market(site)

    command = commands(site).commands["market"]

    assert command.summary == "All of tradectl-market"
    assert (command.distribution, command.version) == ("tradectl-market", "1.0")


def test_a_command_is_imported_when_it_is_loaded(site: FakeSite) -> None:
    market(site)
    site.module("fake_market", "app = 42")

    assert commands(site).commands["market"].load() == 42


def test_a_command_that_cannot_be_imported_names_its_distribution(site: FakeSite) -> None:
    market(site)
    site.module("fake_market", "raise SystemExit(3)")

    with pytest.raises(PluginError) as caught:
        commands(site).commands["market"].load()

    assert caught.value.message == (
        "plugin 'market' (tradectl-market 1.0) failed at import: "
        "command 'market' raised SystemExit: 3"
    )


@pytest.mark.parametrize("names", ["market", "tradectl-market"])
def test_commands_are_blocked_like_plugins(site: FakeSite, names: str) -> None:
    market(site)

    assert not commands(site, environment={"TRADECTL_PLUGINS": ""}).commands
    assert commands(site, environment={"TRADECTL_PLUGINS": names}).commands
    assert not commands(site, disabled=[names]).commands


def test_a_plugin_cannot_replace_a_built_in_command(site: FakeSite) -> None:
    market(site, name="live")

    found = commands(site, builtins={"live"})

    assert not found.commands
    assert str(found.failures[0]) == (
        "plugin 'live' (tradectl-market 1.0) failed at gate: tradectl live is built in and stays so"
    )


def test_of_two_commands_with_one_name_the_later_fails(site: FakeSite) -> None:
    market(site, dist="tradectl-b")
    market(site, dist="tradectl-a")

    found = commands(site)

    assert found.commands["market"].distribution == "tradectl-a"
    assert "'market' is already taken by tradectl-a 1.0" in str(found.failures[0])
    assert found.failures[0].distribution == "tradectl-b"


@pytest.mark.parametrize(
    ("name", "reference", "message"),
    [
        ("a b", "m:app", "expected a command of lower-case letters"),
        ("a", "m", "its entry point was 'm'"),
    ],
)
def test_a_malformed_command_is_refused(
    site: FakeSite, name: str, reference: str, message: str
) -> None:
    site.distribution("tradectl-market", {"tradectl.commands": {name: reference}})

    assert message in str(commands(site).failures[0])


def test_finding_commands_imports_next_to_nothing(site: FakeSite) -> None:
    market(site)
    script = """
import sys
from tradectl_sdk.plugins import discover_commands
assert "market" in discover_commands(path=[sys.argv[1]]).commands
print(*sys.modules)
"""
    finished = subprocess.run(
        [sys.executable, "-c", script, str(site.folder)],
        env={k: v for k, v in os.environ.items() if k != "TRADECTL_PLUGINS"},
        capture_output=True,
        check=True,
        text=True,
    )
    heavy = {"pluggy", "pydantic", "numpy", "email", "importlib.metadata", "packaging"}

    assert not heavy & set(finished.stdout.split())
