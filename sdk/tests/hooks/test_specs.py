from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel
from tradectl_sdk.errors import PluginError
from tradectl_sdk.hooks import DataSourceSpec, ExchangeSpec, RiskRuleSpec, StrategySpec

if TYPE_CHECKING:
    from conftest import FakeSite


class Model(BaseModel):
    """Settings of a component."""


def strategy(**changes: Any) -> StrategySpec:
    fields = {"name": "acme-trend", "summary": "Follow the trend", "factory": "acme.trend:Trend"}
    return StrategySpec(**{**fields, **changes})


def test_a_record_cannot_be_changed_or_extended() -> None:
    record = strategy()

    with pytest.raises(dataclasses.FrozenInstanceError):
        record.name = "other"  # type: ignore[misc]
    assert not hasattr(record, "__dict__")


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        ({"name": "My Trend"}, "name of a strategy was 'My Trend', expected lower-case", "my-tr"),
        ({"name": "é"}, "name of a strategy was 'é', expected lower-case", ""),
        ({"name": None}, "name of a strategy was None, expected lower-case", ""),
        ({"summary": " "}, "strategy 'acme-trend': summary was empty", ""),
        ({"summary": "a\nb"}, "strategy 'acme-trend': summary had several lines", ""),
        ({"factory": "acme"}, "factory was 'acme', expected 'package.module:Class'", ""),
        ({"factory": 1}, "strategy 'acme-trend': factory expected string", ""),
        ({"settings": "acme"}, "settings was 'acme', expected 'package.module:Class'", ""),
        ({"settings": 1}, "settings was 1, expected a pydantic model", ""),
        ({"capabilities": {"x"}}, "capabilities was a set, expected a frozenset", ""),
        (
            {"capabilities": frozenset({"multi-instruments"})},
            "capability 'multi-instruments' is not known",
            "did you mean multi-instrument?",
        ),
        (
            {"capabilities": frozenset({"x"})},
            "capability 'x' is not known",
            "known are compiled, multi-instrument, multi-timeframe",
        ),
    ],
)
def test_a_malformed_record_says_what_was_expected(
    changes: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(PluginError) as caught:
        strategy(**changes)

    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_factory_is_imported_when_it_is_loaded(site: FakeSite) -> None:
    site.module("fake_trend", "from tradectl_sdk.strategy import Strategy\nclass T(Strategy): pass")

    assert strategy(factory="fake_trend:T").load().__name__ == "T"


@pytest.mark.parametrize(
    ("factory", "message", "hint"),
    [
        ("fake_none:T", "could not be imported: No module named 'fake_none'", "files are missing"),
        ("fake_code:Missing", "does not exist: module 'fake_code' has no attribute", ""),
        ("fake_code:function", "was a function, expected a class", ""),
        ("fake_code:Other", "does not derive from Strategy", "write class Other(Strategy)"),
        ("fake_exit:T", "raised on import: SystemExit: 1", ""),
    ],
)
def test_a_factory_that_cannot_be_used_is_explained(
    site: FakeSite, factory: str, message: str, hint: str
) -> None:
    site.module("fake_code", "def function(): pass\nclass Other: pass")
    site.module("fake_exit", "raise SystemExit(1)")

    with pytest.raises(PluginError) as caught:
        strategy(factory=factory).load()

    assert caught.value.message.startswith(f"strategy 'acme-trend': factory {factory!r} ")
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_kinds_that_say_so_take_a_function_and_nothing_else(site: FakeSite) -> None:
    site.module("fake_rules", "def make(): return 'made'\nclass Rule: pass\nnumber = 5")

    def rule(factory: str) -> RiskRuleSpec:
        return RiskRuleSpec(name="acme", summary="A rule", factory=f"fake_rules:{factory}")

    assert rule("make").load()() == "made"
    assert isinstance(rule("Rule").load(), type)
    with pytest.raises(PluginError, match="was a int, expected a class or a function"):
        rule("number").load()


def test_an_interrupted_import_is_the_users_doing(site: FakeSite) -> None:
    site.module("fake_slow", "raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        strategy(factory="fake_slow:T").load()


def test_settings_are_given_as_class_or_reference(site: FakeSite) -> None:
    site.module("fake_settings", "from pydantic import BaseModel\nclass M(BaseModel): pass")

    assert strategy().load_settings() is None
    assert strategy(settings=Model).load_settings() is Model
    loaded = strategy(settings="fake_settings:M").load_settings()
    assert loaded is not None
    assert loaded.__name__ == "M"


def test_settings_that_are_no_model_are_refused() -> None:
    with pytest.raises(PluginError, match="settings 'builtins:int' is no pydantic model"):
        strategy(settings="builtins:int").load_settings()


def test_a_kind_without_a_base_class_takes_any_class() -> None:
    record = DataSourceSpec(name="archive", summary="Bars", factory="collections:OrderedDict")

    assert record.load().__name__ == "OrderedDict"


def test_declaring_components_imports_nothing_heavy() -> None:
    script = "import sys, tradectl_sdk.hooks; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    ).stdout.split()

    assert not {"numpy", "pydantic", "numba", "duckdb", "typer"} & set(modules)


def test_an_exchange_names_where_it_can_be_tried() -> None:
    def exchange(rehearsal: str) -> ExchangeSpec:
        return ExchangeSpec(name="acme", summary="A", factory="a:b", rehearsal=rehearsal)

    assert exchange("").load_rehearsal() is None
    assert exchange("os.path:join").load_rehearsal() is os.path.join
    with pytest.raises(PluginError, match="rehearsal"):
        exchange("no reference")
    with pytest.raises(PluginError, match="could not be imported"):
        exchange("no_such_module:stage").load_rehearsal()
