from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from tradectl_sdk import __version__
from tradectl_sdk.plugins.discovery import Policy, discover, is_plainly_met
from tradectl_sdk.plugins.records import Phase, Status

if TYPE_CHECKING:
    from tradectl_sdk.plugins.discovery import Discovery

    from conftest import FakeSite


def discovered(site: FakeSite, policy: Policy | None = None) -> Discovery:
    return discover(policy, path=[site.folder])


def test_plugins_are_found_without_import(site: FakeSite) -> None:
    site.plugin("acme", top="raise SystemExit('imported')")

    (plugin,) = discovered(site).plugins

    assert (plugin.name, plugin.source, plugin.api) == ("acme", "tradectl-acme 1.0", 1)
    assert (plugin.status, plugin.summary) == (Status.FOUND, "All of tradectl-acme")


@pytest.mark.parametrize(
    ("api", "older"), [(0, "the plugin is the older one"), (2, "tradectl-sdk is the older one")]
)
def test_another_api_version_is_refused_with_both_versions(
    site: FakeSite, api: int, older: str
) -> None:
    site.plugin("next", group=f"tradectl.v{api}")

    (plugin,) = discovered(site).plugins

    assert plugin.status is Status.FAILED
    assert str(plugin.failure) == (
        "plugin 'next' (tradectl-next 1.0) failed at gate: "
        f"built for plugin API {api}, this is API 1"
    )
    assert plugin.failure is not None
    assert plugin.failure.hint.startswith(older)


def test_nothing_refused_at_the_gate_is_imported(site: FakeSite) -> None:
    """In a process of its own, where ``sys.modules`` tells the truth."""
    site.plugin("good")
    site.plugin("next", group="tradectl.v2")
    site.plugin("blocked")
    site.plugin("disabled")
    script = """
import json, sys
from tradectl_sdk.plugins import Plugins
plugins = Plugins.discover(path=[sys.argv[1]], disabled=["tradectl-disabled"])
before = [name for name in sys.modules if name.startswith("fake_")]
plugins.strategies()
after = [name for name in sys.modules if name.startswith("fake_")]
print(json.dumps([before, after, {p.name: p.status for p in plugins.infos}]))
"""
    finished = subprocess.run(
        [sys.executable, "-c", script, str(site.folder)],
        env={
            **os.environ,
            "PYTHONPATH": str(site.folder),
            "TRADECTL_PLUGINS": "good,tradectl_next,disabled",
        },
        capture_output=True,
        check=True,
        text=True,
    )

    before, after, statuses = json.loads(finished.stdout)

    assert before == []
    assert [name.split("_")[1] for name in after] == ["good"]
    assert statuses == {
        "blocked": "blocked",
        "disabled": "blocked",
        "good": "loaded",
        "next": "failed",
    }


def test_an_empty_variable_allows_no_plugin(site: FakeSite) -> None:
    site.plugin("acme")

    (plugin,) = discovered(site, Policy.read({"TRADECTL_PLUGINS": ""})).plugins

    assert (plugin.status, plugin.reason) == (Status.BLOCKED, "not named in TRADECTL_PLUGINS")
    assert plugin.failure is None


@pytest.mark.parametrize("name", ["acme-one", "Acme_One", "tradectl-acme-one", "TRADECTL.Acme.one"])
def test_plugins_are_named_by_plugin_or_distribution_in_any_spelling(
    site: FakeSite, name: str
) -> None:
    site.plugin("acme-one")
    site.plugin("other")

    allowed = discovered(site, Policy.read({"TRADECTL_PLUGINS": f" {name} ,"}))
    disabled = discovered(site, Policy.read({}, [name]))

    assert [plugin.status for plugin in allowed.plugins] == [Status.FOUND, Status.BLOCKED]
    assert [plugin.status for plugin in disabled.plugins] == [Status.BLOCKED, Status.FOUND]
    assert disabled.plugins[0].reason == "disabled in the configuration"


def test_a_blocked_plugin_is_no_failure_even_when_it_is_broken(site: FakeSite) -> None:
    site.plugin("next", group="tradectl.v2")

    (plugin,) = discovered(site, Policy.read({}, ["next"])).plugins

    assert (plugin.status, plugin.failure) == (Status.BLOCKED, None)


def test_a_name_in_the_variable_that_means_nobody_is_reported(site: FakeSite) -> None:
    site.plugin("acme")

    (failure,) = discovered(site, Policy.read({"TRADECTL_PLUGINS": "acne"})).failures

    assert str(failure) == (
        "plugin 'acne' failed at gate: TRADECTL_PLUGINS names it, but it is not installed"
    )
    assert failure.hint == "did you mean acme?"


def test_a_disabled_name_is_reported_only_when_it_resembles_a_plugin(site: FakeSite) -> None:
    site.plugin("acme")

    found = discovered(site, Policy.read({}, ["acne", "something-else"]))

    assert [failure.plugin for failure in found.failures] == ["acne"]


def test_one_plugin_name_in_two_distributions_fails_for_the_later(site: FakeSite) -> None:
    site.distribution("tradectl-b", {"tradectl.v1": {"acme": "b:plugin"}})
    site.distribution("tradectl-a", {"tradectl.v1": {"Acme": "a:plugin"}})

    first, second = discovered(site).plugins

    assert (first.distribution, first.status) == ("tradectl-a", Status.FOUND)
    assert str(second.failure) == (
        "plugin 'acme' (tradectl-b 1.0) failed at gate: "
        "the name 'acme' is already taken by tradectl-a 1.0"
    )


def test_disabling_one_of_two_lets_the_other_in(site: FakeSite) -> None:
    site.distribution("tradectl-b", {"tradectl.v1": {"acme": "b:plugin"}})
    site.distribution("tradectl-a", {"tradectl.v1": {"acme": "a:plugin"}})

    blocked, found = discovered(site, Policy.read({}, ["tradectl-a"])).plugins

    assert (blocked.status, found.status) == (Status.BLOCKED, Status.FOUND)


@pytest.mark.parametrize(
    ("name", "reference", "message"),
    [
        ("acme plugin", "acme:plugin", "expected a name of lower-case letters"),
        ("acme", "acme plugin", "its entry point was 'acme plugin'"),
        ("acme", "acme", "its entry point was 'acme', expected 'package.module:Class'"),
    ],
)
def test_a_malformed_entry_point_is_refused(
    site: FakeSite, name: str, reference: str, message: str
) -> None:
    site.distribution("tradectl-acme", {"tradectl.v1": {name: reference}})

    (plugin,) = discovered(site).plugins

    assert plugin.failure is not None
    assert plugin.failure.phase is Phase.GATE
    assert message in plugin.failure.message


def test_an_unknown_group_is_reported_with_the_nearest(site: FakeSite) -> None:
    site.distribution("tradectl-acme", {"tradectl.command": {"acme": "acme:app"}})

    (failure,) = discovered(site).failures

    assert str(failure) == (
        "distribution tradectl-acme 1.0 failed at discover: "
        "entry-point group 'tradectl.command' is not known"
    )
    assert failure.hint == "did you mean tradectl.commands?"


@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        ("tradectl-sdk>=99", "needs tradectl-sdk>=99, this is "),
        ("Tradectl_SDK ~= 99.0", "needs tradectl-sdk~=99.0, this is "),
        ("tradectl-sdk >>> 1", "Requires-Dist 'tradectl-sdk >>> 1' is not valid"),
        ("tradectl-sdk>=0", ""),
        ("tradectl-sdk>=99; python_version < '3'", ""),
        ("tradectl-sdk-extras>=99", ""),
        ("-", ""),
    ],
)
def test_a_plugin_is_held_to_the_sdk_it_requires(
    site: FakeSite, requirement: str, message: str
) -> None:
    metadata = f"Name: tradectl-acme\nVersion: 1.0\nRequires-Dist: {requirement}\n"
    site.plugin("acme", metadata=metadata)

    (plugin,) = discovered(site).plugins

    assert message in str(plugin.failure) if message else plugin.failure is None


_RELEASES = st.lists(st.integers(0, 2), min_size=1, max_size=4).map(
    lambda parts: ".".join(map(str, parts))
)


@given(least=_RELEASES.filter(lambda text: "." in text), version=_RELEASES)
@settings(max_examples=200, deadline=None)
def test_what_is_plainly_met_is_what_the_specification_says(least: str, version: str) -> None:
    line = f"tradectl-sdk[extra] ~= {least}"
    assert is_plainly_met(line, version) is Requirement(line).specifier.contains(version)


def test_the_usual_requirement_needs_no_parser(
    site: FakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = f"Name: tradectl-acme\nVersion: 1.0\nRequires-Dist: tradectl-sdk~={__version__}\n"
    site.plugin("acme", metadata=metadata)
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)

    (plugin,) = discovered(site).plugins

    assert plugin.failure is None
