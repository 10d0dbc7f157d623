from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.errors import NotFoundError, PluginError
from tradectl_sdk.testing import Outcome, PluginReport, check_plugin
from tradectl_sdk.testing import imports as imports_module

if TYPE_CHECKING:
    from conftest import FakeSite

OFFER = """
@hookimpl
def tradectl_data_sources(self):
    yield DataSourceSpec(name="archive", summary="Bars", factory="{factory}", settings={settings})
"""


@pytest.fixture(autouse=True)
def archive(site: FakeSite) -> None:
    """A data source that does as little as one may."""
    site.module(
        "fake_archive",
        """
        class Archive:
            name = "archive"
            def series(self): ...
            def fetch(self, *arguments): ...
        """,
    )


def offer(factory: str = "fake_archive:Archive", settings: str = "None") -> str:
    return OFFER.format(factory=factory, settings=settings)


def failures(report: PluginReport) -> dict[str, str]:
    return {
        result.name: result.message for result in report.results if result.status is Outcome.FAILED
    }


def checked(site: FakeSite, body: str = "", top: str = "") -> dict[str, str]:
    site.plugin("acme", body or offer(), top=top)
    return failures(check_plugin("acme", site.plugins()))


def test_a_sound_plugin_passes(site: FakeSite) -> None:
    site.plugin("acme", offer())

    report = check_plugin("acme", site.plugins())

    assert report.passed
    assert report.count(Outcome.PASSED) == len(report.results) - report.count(Outcome.SKIPPED)
    assert "data source:archive:is_a_data_source" in [result.name for result in report.results]


@pytest.mark.parametrize(
    ("top", "check", "message"),
    [
        ("import numpy", "import_is_light", "import brought in numpy"),
        ("print('hello')", "import_prints_nothing", "import printed 'hello\\n'"),
        (
            "import os; os.write(2, b'raw')",
            "import_prints_nothing",
            "import printed 'raw'",
        ),
        (
            "import socket; socket.socket().close()",
            "import_opens_no_socket",
            "import used the network: socket.__new__",
        ),
        (
            "import threading; threading.Thread(target=int, name='sneaky').start()",
            "import_starts_no_thread",
            "import started a thread: sneaky",
        ),
        (
            "import subprocess; subprocess.run(['true'])",
            "import_starts_no_process",
            "import started a process: subprocess.Popen",
        ),
        (
            "from pathlib import Path; Path(__file__ + '.log').write_text('x')",
            "import_writes_no_file",
            "import wrote a file: ",
        ),
        (
            "import os; os.environ.setdefault('ACME', '1')",
            "import_leaves_the_environment",
            "import changed the environment: ACME",
        ),
    ],
)
def test_what_an_import_does_to_the_world_is_found(
    site: FakeSite, monkeypatch: pytest.MonkeyPatch, top: str, check: str, message: str
) -> None:
    monkeypatch.setenv("ACME", "")  # so that it is put back afterwards
    monkeypatch.delenv("ACME")

    found = checked(site, top=top)

    assert list(found) == [check]
    assert found[check].startswith(message)


def test_offers_that_depend_on_string_hashes_are_found(site: FakeSite) -> None:
    body = """
    @hookimpl
    def tradectl_data_sources(self):
        name = "n" + str(hash("acme") % 1000)
        yield DataSourceSpec(name=name, summary="Bars", factory="fake_archive:Archive")
    """

    assert list(checked(site, body)) == ["offers_the_same_every_time"]


def test_a_plugin_without_hooks_fails(site: FakeSite) -> None:
    assert list(checked(site, "pass")) == ["implements_a_hook"]


def test_a_factory_that_is_not_there_fails_once(site: FakeSite) -> None:
    found = checked(site, offer(factory="fake_nowhere:Thing"))

    assert list(found) == ["factories_resolve"]
    assert "No module named 'fake_nowhere'" in found["factories_resolve"]


def test_a_summary_that_fills_no_list_fails(site: FakeSite) -> None:
    found = checked(site, offer().replace("Bars", "B" * 81))

    assert found == {
        "describes_itself": "summary of 'archive' has 81 characters, expected at most 80"
    }


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("class M(BaseModel): pass", "M accepts unknown keys"),
        (
            (
                "class Inner(BaseModel): x: int = 1\n"
                "class M(BaseModel, extra='forbid'): inner: Inner = Inner()"
            ),
            "Inner accepts unknown keys",
        ),
        ("M = int", "settings 'fake_settings:M' is no pydantic model"),
    ],
)
def test_settings_that_let_a_typo_pass_are_found(site: FakeSite, model: str, message: str) -> None:
    site.module("fake_settings", f"from pydantic import BaseModel\n{model}")

    found = checked(site, offer(settings="'fake_settings:M'"))

    assert list(found) == ["settings_forbid_unknown_keys"]
    assert message in found["settings_forbid_unknown_keys"]


def test_settings_that_refuse_typos_pass(site: FakeSite) -> None:
    site.module(
        "fake_settings", "from pydantic import BaseModel\nclass M(BaseModel, extra='forbid'): pass"
    )

    assert checked(site, offer(settings="'fake_settings:M'")) == {}


def test_a_plugin_that_cannot_be_imported_fails_once_with_its_reason(site: FakeSite) -> None:
    found = checked(site, top="raise ValueError('no luck')")

    assert list(found) == ["loads_without_failure"]
    assert "failed at import" in found["loads_without_failure"]
    assert "ValueError: no luck" in found["loads_without_failure"]


def test_a_plugin_that_ends_the_interpreter_is_found(site: FakeSite) -> None:
    """Not even loaded here: that would end the tests."""
    site.module("fake_end", "import os; os._exit(7)")

    with pytest.raises(AssertionError, match="import ended the interpreter with status 7"):
        imports_module.probe_import("fake_end", "plugin", [], environment={})


def test_an_import_that_takes_for_ever_is_found(
    site: FakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.module("fake_slow", "import time; time.sleep(60)")
    monkeypatch.setattr(imports_module, "_DEADLINE_SECONDS", 0.5)

    with pytest.raises(AssertionError, match=r"import took over 0\.5 seconds"):
        imports_module.probe_import("fake_slow", "plugin", [], environment={})


def test_a_hook_that_raises_is_told_by_the_first_check(site: FakeSite) -> None:
    found = checked(site, "@hookimpl\ndef tradectl_strategies(self): raise ValueError('x')")

    assert list(found) == ["loads_without_failure"]


def test_a_blocked_plugin_fails_and_is_not_imported(site: FakeSite) -> None:
    site.plugin("acme", top="raise ValueError")

    report = check_plugin("acme", site.plugins(disabled=["acme"]))

    assert failures(report) == {
        "loads_without_failure": "was blocked: disabled in the configuration"
    }
    assert report.count(Outcome.PASSED) == 1  # it describes itself


def test_a_malformed_entry_point_is_no_ground_for_more(site: FakeSite) -> None:
    site.distribution("tradectl-acme", {"tradectl.v1": {"acme": "not a reference"}})

    report = check_plugin("acme", site.plugins())

    assert list(failures(report)) == ["loads_without_failure"]


def test_a_name_that_is_not_installed_raises(site: FakeSite) -> None:
    with pytest.raises(NotFoundError):
        check_plugin("acme", site.plugins())


def test_a_strict_host_raises_as_it_does_elsewhere(site: FakeSite) -> None:
    site.plugin("acme", top="raise ValueError")

    with pytest.raises(PluginError):
        check_plugin("acme", site.plugins(strict=True))


def test_a_report_becomes_json(site: FakeSite) -> None:
    site.plugin("acme", offer(), top="print('x')")

    report = check_plugin(
        "acme", site.plugins(), expected_failures={"import_prints_nothing": "it greets"}
    )
    told = json.loads(json.dumps(report.as_dict()))

    assert (told["plugin"], told["distribution"], told["passed"]) == ("acme", "tradectl-acme", True)
    assert told["counts"]["xfail"] == 1
    assert {
        "name": "import_prints_nothing",
        "doc": "Importing it writes nothing to standard output or standard error.",
        "status": "xfail",
        "message": "it greets (import printed 'x\\n')",
    } in told["results"]
