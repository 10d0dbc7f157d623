"""Names in the settings, and plugins' own tables, are held to what plugins offer."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.config import PluginsSection, Settings
from tradectl_sdk.errors import ConfigError
from tradectl_sdk.pipelines.configuration import check_plugin_tables, load_checked_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import FakeSite

    Problems = Callable[..., list[str]]

TOP = """
from pydantic import BaseModel, Field
from tradectl_sdk.config import RiskSection
from tradectl_sdk.hooks import CostModelSpec, ExchangeSpec, RiskRuleSpec

class Own(BaseModel):
    most: int = Field(3, ge=1)

class Rate(BaseModel):
    rate: float
"""
BODY = """
@hookimpl
def tradectl_risk_rules(self):
    for name, model in [("account", RiskSection), ("own", Own), ("bare", None)]:
        yield RiskRuleSpec(name=name, summary="A rule", factory="x:y", settings=model)

@hookimpl
def tradectl_exchanges(self):
    yield ExchangeSpec(name="venue", summary="A venue", factory="x:y")

@hookimpl
def tradectl_cost_models(self):
    for name, role, model in [("flat", "fees", Rate), ("slide", "slippage", None)]:
        yield CostModelSpec(name=name, summary="A model", factory="x:y", settings=model,
                            capabilities=frozenset({role}))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder / "tradectl.toml"


@pytest.fixture
def problems(site: FakeSite, project: Path, tmp_path: Path) -> Problems:
    """Load a text with plugins acme (rules, models) and plain (a strategy) installed."""
    site.plugin("acme", BODY, top=TOP)
    site.strategies("plain", "one")

    def found(text: str, **variables: str) -> list[str]:
        project.write_text(text)
        environment = {"TRADECTL_CONFIG_HOME": str(tmp_path / "user"), **variables}
        try:
            load_checked_settings(project=project, environment=environment, path=[site.folder])
        except ConfigError as error:
            return [str(each).replace(f"{project}:", "") for each in error.problems]
        return []

    return found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[plugins.plain]\nx = 1",
            "2:1  plugins.plain.x  unknown key, plugin 'plain' has no settings of its own",
        ),
        (
            "[plugins.plain]\nmax_order = 1",
            (
                "2:1  plugins.plain.max_order  unknown key, plugin 'plain' has no settings "
                "of its own, did you mean risk.max_orders?"
            ),
        ),
        (
            "[plugins.acm]\nmost = 1",
            "1:10  plugins.acm  no plugin of this name is installed, did you mean acme?",
        ),
        (
            "[plugins.tradectl-plain]",
            (
                "1:10  plugins.tradectl-plain  no plugin of this name is installed, "
                "did you mean plain?"
            ),
        ),
        ("[plugins.zzz]", "1:10  plugins.zzz  no plugin of this name is installed"),
        ("[plugins]\nacme = {mst = 1}", "2:9  plugins.acme.mst  unknown key, did you mean most?"),
        ("[plugins.acme]\nmost = 0", "2:8  plugins.acme.most  was 0, expected at least 1"),
        (
            "[risk]\nrules = ['own', 'onw']",
            "2:17  risk.rules  names 'onw', which no plugin offers, did you mean own?",
        ),
        (
            "[risk]\nrules = ['zzz']",
            "2:10  risk.rules  names 'zzz', which no plugin offers, there is account, bare, own",
        ),
        ("[risk]\nrules = ['own', 'own']", "2:17  risk.rules  names 'own' twice"),
        (
            "[backtest.fees]\nmodel = 'flt'",
            "2:9  backtest.fees.model  names 'flt', which no plugin offers, did you mean flat?",
        ),
        (
            "[backtest.fees]\nmodel = 'slide'",
            (
                "2:9  backtest.fees.model  was 'slide', which is no model of fees, "
                "models of fees are flat"
            ),
        ),
        (
            "[backtest.slippage]\nmodel = 'slide'\nspeed = 1",
            "3:1  backtest.slippage.speed  unknown key",
        ),
        (
            "[backtest.fees]\nmodel = 'flat'\nrte = 1\nrate = 1",
            "3:1  backtest.fees.rte  unknown key, did you mean rate?",
        ),
        ("[backtest.fees]\nmodel = 'flat'", "1:11  backtest.fees.rate  is missing"),
        (
            "[paper]\nexchange = 'venu'",
            "2:12  paper.exchange  names 'venu', which no plugin offers, did you mean venue?",
        ),
        ("[live]\nexchange = 'x'", "2:12  live.exchange  names 'x', which no plugin offers"),
        (
            "[exchange.mine]\nadapter = 'venu'",
            "2:1  exchange.mine.adapter  names 'venu', which no plugin offers, did you mean venue?",
        ),
        ("[exchange.vneue]", "1:11  exchange.vneue.adapter  names 'vneue', which no plugin"),
        ("[exchange.venue]\nurl = 1", "2:1  exchange.venue.url  unknown key"),
    ],
)
def test_a_typing_error_is_named_with_its_place(problems: Problems, text: str, problem: str):
    (found,) = problems(text)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[plugins.plain]",
        "[plugins.acme]\nmost = 2",
        "[plugins]\ndisabled = ['plain']\n[plugins.plain]\nx = 1",
        "[plugins]\ndisabled = ['gone']\n[plugins.gone]\nx = 1",
        "[risk]\nrules = ['own', 'account']",
        "[paper]\nexchange = 'venue'",
        "[live]\nexchange = 'mine'\n[exchange.mine]\nadapter = 'venue'",
        "[backtest.fees]\nmodel = 'flat'\nrate = 0.5\n[backtest.slippage]\nmodel = 'slide'",
    ],
)
def test_what_somebody_answers_to_is_accepted(problems: Problems, text: str):
    assert problems(text) == []


def test_all_problems_come_at_once_in_the_order_of_the_file(problems: Problems):
    text = "[risk]\nrules = ['onw']\n[backtest]\ncsh = 1\n[plugins.plain]\nx = 1\n[runs]\ny = 2"
    places = [line.partition("  ")[0] for line in problems(text)]
    assert places == ["2:10", "4:1", "6:1", "8:1"]


def test_a_variable_is_held_to_the_plugins_too(problems: Problems):
    (found,) = problems("", TRADECTL__PLUGINS__PLAIN__X="1")
    assert found.startswith("environment variable TRADECTL__PLUGINS__PLAIN__X  plugins.plain.x")


def test_nothing_is_said_of_a_plugin_that_does_not_load(problems: Problems, site: FakeSite):
    site.distribution("broken", {"tradectl.v1": {"broken": "nowhere:plugin"}})
    assert problems("[plugins.broken]\nx = 1") == []


def test_the_table_of_a_command_is_the_commands_to_check(problems: Problems, site: FakeSite):
    site.distribution("tradectl-market", {"tradectl.commands": {"market": "nowhere:app"}})
    assert problems("[plugins.market]\nx = 1") == []


def test_a_model_that_cannot_be_imported_is_a_problem(problems: Problems, site: FakeSite):
    body = """
    @hookimpl
    def tradectl_strategies(self):
        yield StrategySpec(name="s", summary="S", factory="x:y", settings="nowhere:Model")
    """
    site.plugin("late", body)
    (found,) = problems("[plugins.late]\nx = 1")
    assert found.startswith("1:10  plugins.late  cannot be checked: ")
    assert "'nowhere:Model' could not be imported" in found


def test_the_plugins_that_the_settings_allow_are_returned(site: FakeSite, project: Path):
    site.strategies("plain", "one")
    site.strategies("other", "two")
    project.write_text("[plugins]\ndisabled = ['other']\n[backtest]\ncash = 7")
    loaded, plugins = load_checked_settings(project=project, environment={}, path=[site.folder])
    assert loaded.settings.backtest.cash == Decimal(7)
    assert list(plugins.strategies()) == ["one"]


def test_settings_made_in_a_program_are_held_to_the_plugins_too(site: FakeSite):
    site.strategies("plain", "one")
    check_plugin_tables(Settings().plugins, site.plugins())
    check_plugin_tables(PluginsSection.model_validate({"plain": {}}), site.plugins())
    with pytest.raises(ConfigError, match=r"plugins\.plain\.x  unknown key"):
        check_plugin_tables(PluginsSection.model_validate({"plain": {"x": 1}}), site.plugins())
