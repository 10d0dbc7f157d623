"""From settings to rules, by name and through the plugins."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.config import PluginsSection, RiskSection
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.engine import Assumptions
from tradectl_sdk.errors import ConfigError, NotFoundError, UsageError
from tradectl_sdk.pipelines.risk import make_rules

if TYPE_CHECKING:
    from conftest import FakeSite

ONE = [Instrument(symbol="X", venue="T", tick_size=Decimal("0.01"), lot_size=Decimal(1))]

TOP = """
from pydantic import BaseModel
from tradectl_sdk.hooks import RiskRuleSpec

class Own(BaseModel):
    most: int = 3

class Rule:
    reason = 30
    def __init__(self, most): self.most = most
    def check(self, order, account, market, now): return min(order.lots, self.most)
    def observe(self, now, equity): pass

def make(settings, instruments, assumptions):
    return Rule(settings.most) if settings.most else None

def bare(settings, instruments, assumptions):
    assert settings is None
    return Rule(len(instruments))
"""
BODY = """
@hookimpl
def tradectl_risk_rules(self):
    here = __name__
    for name, factory, model in [("account", "bare", None), ("own", "make", "Own")]:
        yield RiskRuleSpec(
            name=name,
            summary="A rule",
            factory=f"{here}:{factory}",
            settings=model and f"{here}:{model}",
            capabilities=frozenset({"observes-equity"} if name == "own" else ()),
        )
"""


def made(site: FakeSite, risk: RiskSection, sections: PluginsSection | None = None) -> Any:
    site.plugin("acme", BODY, top=TOP)
    return make_rules(risk, site.plugins(), ONE, Assumptions(), sections=sections)


def test_the_first_party_rules_are_the_default():
    make, observing, words = make_rules(RiskSection(), None, ONE, Assumptions())
    names = [type(rule).__name__ for rule in make()]
    assert names == ["CashAccount", "OrderRate", "PriceCollar"]
    assert observing is False
    assert words[0].startswith("account: Cash covers")
    assert len(words) == len(names)


def test_limits_switch_rules_on_and_observers_are_known():
    risk = RiskSection(max_daily_loss=Decimal(5), max_order_notional=Decimal(9))
    make, observing, words = make_rules(risk, None, ONE, Assumptions(margin=True))
    names = [type(rule).__name__ for rule in make()]
    assert names == ["MarginAccount", "OrderNotional", "OrderRate", "PriceCollar", "DailyLoss"]
    assert observing is True
    assert words[-1].startswith("daily-loss: ")


def test_every_run_gets_fresh_rules():
    make, _, _ = make_rules(RiskSection(), None, ONE, Assumptions())
    assert not set(map(id, (first := make()))) & set(map(id, make()))
    assert first


def test_the_account_rule_cannot_be_left_out(site):
    make, observing, words = made(site, RiskSection(rules=()))
    assert [rule.most for rule in make()] == [1]
    assert (observing, words) == (False, ["account: A rule"])


def test_rules_are_asked_in_the_order_of_the_list(site):
    make, observing, _ = made(site, RiskSection(rules=("own", "account")))
    assert [rule.most for rule in make()] == [3, 1]
    assert observing is True


def test_a_plugin_s_rule_has_its_plugin_s_settings(site):
    sections = PluginsSection.model_validate({"acme": {"most": 8}})
    make, _, _ = made(site, RiskSection(rules=("own",)), sections)
    assert [rule.most for rule in make()] == [1, 8]


def test_a_rule_without_a_limit_is_not_asked(site):
    sections = PluginsSection.model_validate({"acme": {"most": 0}})
    make, observing, words = made(site, RiskSection(rules=("own",)), sections)
    assert [rule.most for rule in make()] == [1]
    assert observing is False
    assert len(words) == 1


def test_a_typing_error_in_a_plugin_s_settings_is_never_silent(site):
    sections = PluginsSection.model_validate({"acme": {"msot": 8}})
    with pytest.raises(ConfigError) as caught:
        made(site, RiskSection(rules=("own",)), sections)
    (problem,) = caught.value.problems
    assert (problem.key, problem.message) == (
        "plugins.acme.msot",
        "unknown key, did you mean most?",
    )


def test_a_rule_that_nobody_offers_is_never_silent(site):
    with pytest.raises(NotFoundError, match="names 'onw', which no plugin") as caught:
        made(site, RiskSection(rules=("onw",)))
    assert "did you mean own?" in caught.value.hint


def test_a_rule_named_twice_is_refused(site):
    with pytest.raises(UsageError, match="names 'own' twice"):
        made(site, RiskSection(rules=("own", "account", "own")))


def test_without_any_plugin_there_is_no_trading_past_the_gate(site):
    with pytest.raises(NotFoundError, match="'account'"):
        make_rules(RiskSection(), site.plugins(), ONE, Assumptions())
