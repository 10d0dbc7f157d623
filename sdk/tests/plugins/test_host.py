from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.errors import NotFoundError, PluginError, pip_install
from tradectl_sdk.hooks import DataSourceSpec, HookSet, hookspec
from tradectl_sdk.plugins import Plugins, Status

if TYPE_CHECKING:
    from conftest import FakeSite


def test_a_loaded_plugin_tells_its_hooks_and_how_long_its_import_took(site: FakeSite) -> None:
    site.strategies("acme", "a", top="import time; time.sleep(0.01)")

    info = site.plugins().load().info("acme")

    assert (info.status, info.hooks) == (Status.LOADED, ("tradectl_strategies",))
    assert info.import_ms >= 10


def test_plugins_are_found_by_name_or_distribution(site: FakeSite) -> None:
    site.plugin("acme")
    plugins = site.plugins()

    assert plugins.info("Acme") == plugins.info("tradectl_acme")
    with pytest.raises(NotFoundError, match="plugin 'acne' is not installed") as caught:
        plugins.info("acne")
    assert caught.value.hint == "did you mean acme?"


def test_of_several_plugins_by_one_name_the_one_that_passed_is_meant(site: FakeSite) -> None:
    for name in ("tradectl-a", "tradectl-b", "tradectl-c"):
        site.distribution(name, {"tradectl.v1": {"acme": "m:plugin"}})

    plugins = site.plugins(disabled=["tradectl-a"])

    assert plugins.info("acme").distribution == "tradectl-b"
    assert [plugin.status for plugin in plugins.infos] == ["blocked", "found", "failed"]


def test_two_spellings_of_one_name_in_a_distribution_are_told_apart(site: FakeSite) -> None:
    site.distribution("tradectl-twin", {"tradectl.v1": {"Acme": "m:one", "acme": "m:two"}})

    infos = site.plugins().infos

    assert [(plugin.reference, plugin.status) for plugin in infos] == [
        ("m:one", "found"),
        ("m:two", "failed"),
    ]


BROKEN = {
    "a module that is not there": (
        {"top": "import no_such_module_here"},
        (
            "failed at import: module 'MODULE' raised ModuleNotFoundError: "
            "No module named 'no_such_module_here'"
        ),
        "install the package that provides 'no_such_module_here' into this environment",
    ),
    "a module that raises": (
        {"top": "raise ValueError('two\\nlines')"},
        "failed at import: module 'MODULE' raised ValueError: two lines",
        "",
    ),
    "a module that exits": (
        {"top": "raise SystemExit"},
        "failed at import: module 'MODULE' raised SystemExit",
        "",
    ),
    "a misspelt hook": (
        {"body": "@hookimpl\ndef tradectl_stratgies(self): return ()"},
        "failed at register: hook 'tradectl_stratgies' does not exist",
        "did you mean tradectl_strategies?",
    ),
    "a misspelt hook without its mark": (
        {"body": "def tradectl_stratgies(self): return ()"},
        "failed at register: hook 'tradectl_stratgies' does not exist",
        "did you mean tradectl_strategies?",
    ),
    "a misspelt hook in its mark": (
        {"body": "@hookimpl(specname='tradectl_stratgies')\ndef f(self): return ()"},
        "failed at register: hook 'tradectl_stratgies' does not exist",
        "did you mean tradectl_strategies?",
    ),
    "a hook without its mark": (
        {"body": "def tradectl_strategies(self): return ()"},
        "failed at register: hook 'tradectl_strategies' is not marked",
        "put @hookimpl above it",
    ),
    "wrong arguments": (
        {"body": "@hookimpl\ndef tradectl_strategies(self, settings): return ()"},
        "failed at register: hook 'tradectl_strategies' takes (settings), expected ()",
        "",
    ),
    "a wrapper": (
        {"body": "@hookimpl(wrapper=True)\ndef tradectl_strategies(self): return (yield)"},
        "failed at register: hook 'tradectl_strategies' is a wrapper; tradectl has none",
        "",
    ),
    "nothing": (
        {"body": "@hookimpl\ndef tradectl_strategies(self): pass"},
        (
            "failed at collect: hook 'tradectl_strategies' returned a NoneType, "
            "expected an iterable of StrategySpec"
        ),
        "",
    ),
    "one record instead of several": (
        {
            "body": "@hookimpl\ndef tradectl_strategies(self):\n"
            "    return StrategySpec(name='a', summary='A', factory='a:A')"
        },
        (
            "failed at collect: hook 'tradectl_strategies' returned a StrategySpec, "
            "expected an iterable of StrategySpec"
        ),
        "write yield StrategySpec(...)",
    ),
    "records of another kind": (
        {
            "body": "@hookimpl\ndef tradectl_strategies(self):\n"
            "    yield DataSourceSpec(name='a', summary='A', factory='a:A')"
        },
        (
            "failed at collect: hook 'tradectl_strategies' yielded a DataSourceSpec, "
            "expected StrategySpec"
        ),
        "",
    ),
    "a generator that raises midway": (
        {
            "body": "@hookimpl\ndef tradectl_strategies(self):\n"
            "    yield StrategySpec(name='half', summary='A', factory='a:A')\n"
            "    raise RuntimeError('midway')"
        },
        "failed at collect: hook 'tradectl_strategies' raised RuntimeError: midway",
        "",
    ),
    "a generator without end": (
        {
            "body": "@hookimpl\ndef tradectl_strategies(self):\n"
            "    while True: yield StrategySpec(name='a', summary='A', factory='a:A')"
        },
        "failed at collect: hook 'tradectl_strategies' yielded more than 10000 records",
        "",
    ),
    "a record that is wrong in itself": (
        {
            "body": "@hookimpl\ndef tradectl_strategies(self):\n"
            "    yield StrategySpec(name='My Trend', summary='A', factory='a:A')"
        },
        (
            "failed at collect: name of a strategy was 'My Trend', "
            "expected lower-case letters, digits and hyphens"
        ),
        "call it 'my-trend'",
    ),
    "one name twice": (
        {
            "body": "@hookimpl\ndef tradectl_strategies(self):\n"
            "    return [StrategySpec(name='a', summary='A', factory='a:A')] * 2"
        },
        "failed at collect: it offers strategy 'a' twice",
        "",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_named_and_the_rest_goes_on(site: FakeSite, kind: str) -> None:
    how, message, hint = BROKEN[kind]
    site.plugin("broken", how.get("body", ""), top=how.get("top", ""))
    site.strategies("good", "sound")
    plugins = site.plugins()

    assert list(plugins.strategies()) == ["sound"]

    info = plugins.info("broken")
    assert info.failure is not None
    module = info.reference.partition(":")[0]
    expected = f"plugin 'broken' (tradectl-broken 1.0) {message.replace('MODULE', module)}"
    assert (str(info.failure), info.failure.hint) == (expected, hint)
    assert plugins.failures == (info.failure,)
    assert info.status is Status.FAILED
    assert plugins.info("good").status is Status.LOADED


def test_an_entry_point_to_nothing_gets_the_nearest_name(site: FakeSite) -> None:
    site.module("fake_typo", "plugin_object = 1")
    site.distribution("tradectl-typo", {"tradectl.v1": {"typo": "fake_typo:plugin_objct"}})

    (failure,) = site.plugins().load().failures

    assert str(failure) == (
        "plugin 'typo' (tradectl-typo 1.0) failed at import: "
        "module 'fake_typo' has no 'plugin_objct'"
    )
    assert failure.hint == "did you mean plugin_object?"


@pytest.mark.parametrize(
    ("attribute", "message", "hint"),
    [
        ("Plugin", "was a class, expected an instance", "write plugin = Plugin()"),
        ("hookimpl", "was a HookimplMarker, expected an instance", ""),
    ],
)
def test_what_is_no_plugin_object_is_refused(
    site: FakeSite, attribute: str, message: str, hint: str
) -> None:
    site.module(
        "fake_odd", "from tradectl_sdk.hooks import Hooks, hookimpl\nclass Plugin(Hooks): pass"
    )
    site.distribution("tradectl-odd", {"tradectl.v1": {"odd": f"fake_odd:{attribute}"}})

    (failure,) = site.plugins().load().failures

    assert message in failure.message
    assert failure.hint == hint


def test_two_entry_points_to_one_object_are_told_apart(site: FakeSite) -> None:
    site.module(
        "fake_twin",
        "from tradectl_sdk.hooks import Hooks\nclass Plugin(Hooks): pass\nplugin = Plugin()",
    )
    entry_points = {"tradectl.v1": {"one": "fake_twin:plugin", "two": "fake_twin:plugin"}}
    site.distribution("tradectl-twin", entry_points)

    (failure,) = site.plugins().load().failures

    assert failure.plugin == "two"
    assert "its entry point names the same object as plugin 'one'" in str(failure)


def test_a_hook_of_a_later_sdk_may_be_optional(site: FakeSite) -> None:
    site.plugin("acme", "@hookimpl(optionalhook=True)\ndef tradectl_moon_phases(self): pass")

    assert site.plugins().load().info("acme").status is Status.LOADED


def test_arguments_with_defaults_are_the_plugins_own(site: FakeSite) -> None:
    site.plugin("acme", "@hookimpl\ndef tradectl_strategies(self, cache=None): return ()")

    assert site.plugins().load().info("acme").status is Status.LOADED


def test_what_a_plugin_prints_stays_out_of_standard_output(
    site: FakeSite, capsys: pytest.CaptureFixture[str]
) -> None:
    body = "@hookimpl\ndef tradectl_strategies(self):\n    print('asked')\n    return ()"
    site.plugin("acme", body, top="print('imported')")

    site.plugins().strategies()

    assert capsys.readouterr() == ("", "imported\nasked\n")


def test_a_plugin_that_fails_in_one_hook_keeps_what_it_offers_in_others(site: FakeSite) -> None:
    site.plugin(
        "half",
        """
        @hookimpl
        def tradectl_strategies(self):
            raise RuntimeError("first")

        @hookimpl
        def tradectl_data_sources(self):
            yield DataSourceSpec(name="archive", summary="A", factory="a:A")
        """,
    )
    plugins = site.plugins()

    assert not plugins.strategies()
    assert list(plugins.data_sources()) == ["archive"]
    assert [offered.name for offered in plugins.offered_by("half")] == ["archive"]


def test_a_plugin_refused_for_its_name_does_not_pass_for_the_one_that_has_it(
    site: FakeSite,
) -> None:
    site.strategies("acme", "trend")
    site.distribution("tradectl-late", {"tradectl.v1": {"acme": "m:plugin"}})
    plugins = site.plugins()

    assert [offered.name for offered in plugins.offered_by("tradectl-acme")] == ["trend"]
    assert plugins.offered_by("tradectl-late") == ()


def test_every_failure_of_a_plugin_is_kept(site: FakeSite) -> None:
    site.plugin(
        "worse",
        """
        @hookimpl
        def tradectl_strategies(self):
            raise RuntimeError("first")

        @hookimpl
        def tradectl_data_sources(self):
            raise RuntimeError("second")
        """,
    )
    plugins = site.plugins()
    plugins.strategies()
    plugins.data_sources()

    assert sorted(failure.message[-5:] for failure in plugins.failures) == ["econd", "first"]
    assert "first" in str(plugins.info("worse").failure)


def test_hooks_are_called_once(site: FakeSite) -> None:
    top = "calls = []"
    body = "@hookimpl\ndef tradectl_strategies(self):\n    calls.append(1)\n    return ()"
    site.plugin("acme", body, top=top)
    plugins = site.plugins()
    plugins.strategies()
    plugins.strategies()

    module = sys.modules[plugins.info("acme").reference.partition(":")[0]]
    assert module.calls == [1]


def test_a_keyboard_interrupt_is_the_users(site: FakeSite) -> None:
    site.plugin("acme", top="raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        site.plugins().load()


def test_a_component_is_loaded_on_demand(site: FakeSite) -> None:
    site.module("fake_trend", "from tradectl_sdk.strategy import Strategy\nclass T(Strategy): pass")
    body = offering_factory("fake_trend:T")
    site.plugin("acme", body)

    assert site.plugins().strategies()["trend"].load().__name__ == "T"


def offering_factory(factory: str) -> str:
    return (
        "@hookimpl\ndef tradectl_strategies(self):\n"
        f"    yield StrategySpec(name='trend', summary='A', factory={factory!r}, "
        "settings='fake_no_such:M')"
    )


def test_a_component_that_cannot_be_imported_names_plugin_and_remedy(site: FakeSite) -> None:
    site.module("fake_ml", "import torch_that_is_not_there")
    metadata = (
        "Name: tradectl-acme\nVersion: 1.0\n"
        'Requires-Dist: torch-that-is-not-there>=2; extra == "ml"\n'
    )
    site.plugin("acme", offering_factory("fake_ml:T"), metadata=metadata)
    trend = site.plugins().strategies()["trend"]

    with pytest.raises(PluginError) as caught:
        trend.load()

    assert caught.value.message == (
        "plugin 'acme' (tradectl-acme 1.0) failed at import: strategy 'trend': factory "
        "'fake_ml:T' could not be imported: No module named 'torch_that_is_not_there'"
    )
    assert caught.value.hint == pip_install("'tradectl-acme[ml]'")
    with pytest.raises(PluginError, match="settings 'fake_no_such:M' could not be imported"):
        trend.load_settings()


class TestStrict:
    """As live trading loads plugins."""

    def test_sound_plugins_pass(self, site: FakeSite) -> None:
        site.strategies("good", "a")

        assert list(site.plugins(strict=True).strategies()) == ["a"]

    def test_a_failure_at_the_gate_raises_at_once(self, site: FakeSite) -> None:
        site.plugin("next", group="tradectl.v2")

        with pytest.raises(PluginError, match=r"'next' .* failed at gate"):
            site.plugins(strict=True)

    def test_a_failing_import_raises_and_keeps_its_cause(self, site: FakeSite) -> None:
        site.plugin("broken", top="raise ValueError('x')")

        with pytest.raises(PluginError, match=r"'broken' .* failed at import") as caught:
            site.plugins(strict=True).load()

        assert isinstance(caught.value.__cause__, ValueError)

    def test_a_failing_hook_raises_every_time(self, site: FakeSite) -> None:
        site.plugin("broken", "@hookimpl\ndef tradectl_strategies(self): return 1")
        plugins = site.plugins(strict=True).load()

        for _ in range(2):
            with pytest.raises(PluginError, match="failed at collect"):
                plugins.strategies()

    def test_several_failures_are_listed_together(self, site: FakeSite) -> None:
        site.plugin("one", top="raise ValueError")
        site.plugin("two", top="raise ValueError")

        with pytest.raises(PluginError, match="2 plugins failed") as caught:
            site.plugins(strict=True).load()

        assert "plugin 'one'" in caught.value.message
        assert "plugin 'two'" in caught.value.message

    def test_a_blocked_plugin_may_be_broken(self, site: FakeSite) -> None:
        site.plugin("broken", top="raise ValueError")

        site.plugins(strict=True, disabled=["broken"]).load()


@dataclass(frozen=True)
class Finished:
    run: str


class WatchingHooks:
    """A plugin API with one observer."""

    @hookspec
    def tradectl_run_finished(self, event: Finished) -> None:
        """A run is over."""


WATCHING = HookSet(
    specification=WatchingHooks,
    providers={},
    observers=MappingProxyType({"tradectl_run_finished": Finished}),
)


class TestObservers:
    @pytest.fixture(autouse=True)
    def watching_api(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let plugins import the API from a module of this name."""
        api = ModuleType("fake_api")
        api.WatchingHooks = WatchingHooks  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "fake_api", api)

    def watcher(self, site: FakeSite, name: str, arguments: str, statement: str) -> None:
        site.module(
            f"fake_{name}",
            f"""
            from fake_api import WatchingHooks
            from tradectl_sdk.hooks import hookimpl

            seen = []

            class Plugin(WatchingHooks):
                @hookimpl
                def tradectl_run_finished({arguments}):
                    {statement}

            plugin = Plugin()
            """,
        )
        site.distribution(f"tradectl-{name}", {"tradectl.v1": {name: f"fake_{name}:plugin"}})

    def test_what_an_observer_raises_is_logged_and_stops_nobody(
        self, site: FakeSite, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.watcher(site, "a", "self, event", "raise RuntimeError('observer broke')")
        self.watcher(site, "b", "self", "raise SystemExit(1)")
        self.watcher(site, "c", "self, event", "seen.append(event.run)")
        plugins = site.plugins(hooks=WATCHING)

        with caplog.at_level(logging.ERROR, logger="tradectl.plugins"):
            plugins.notify("tradectl_run_finished", Finished("run-1"))

        assert sys.modules["fake_c"].seen == ["run-1"]
        assert [record.getMessage() for record in caplog.records] == [
            (
                "plugin 'a' (tradectl-a 1.0) failed at observe: "
                "hook 'tradectl_run_finished' raised RuntimeError: observer broke"
            ),
            (
                "plugin 'b' (tradectl-b 1.0) failed at observe: "
                "hook 'tradectl_run_finished' raised SystemExit: 1"
            ),
        ]
        assert all(record.exc_info for record in caplog.records)
        assert plugins.failures == ()

    def test_a_hook_or_event_that_is_not_declared_is_the_callers_mistake(
        self, site: FakeSite
    ) -> None:
        plugins = site.plugins(hooks=WATCHING)

        with pytest.raises(KeyError, match="tradectl_run_started"):
            plugins.notify("tradectl_run_started", Finished("run-1"))
        with pytest.raises(TypeError, match="event was a str, expected Finished"):
            plugins.notify("tradectl_run_finished", "run-1")

    def test_a_kind_nobody_declares_is_the_callers_mistake(self, site: FakeSite) -> None:
        with pytest.raises(KeyError, match="DataSourceSpec"):
            site.plugins(hooks=WATCHING).collect(DataSourceSpec)


def test_the_first_party_plugin_is_found_like_a_strangers() -> None:
    plugins = Plugins.discover(environment={"TRADECTL_PLUGINS": "strategies"}, strict=True)

    assert plugins.strategies()["buy-and-hold"].plugin.distribution == "tradectl-strategies"
