"""From the ``[risk]`` settings to the rules of the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.config.settings import ALWAYS, PluginsSection, RiskSection
from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.components import loaded, named, own_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from pydantic import BaseModel

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import Assumptions, Rule
    from tradectl_sdk.hooks import RiskRuleSpec
    from tradectl_sdk.plugins import Plugins, Provided

OBSERVES = "observes-equity"


def make_rules(
    risk: RiskSection,
    plugins: Plugins | None,
    instruments: Sequence[Instrument],
    assumptions: Assumptions,
    *,
    sections: PluginsSection | None = None,
) -> tuple[Callable[[], Sequence[Rule]], bool, list[str]]:
    """Return what makes the rules of a run, as :class:`~tradectl_sdk.engine.Plan` wants it.

    Args:
        risk: The limits, and the names of the rules that are asked.
        plugins: Where rules are looked up; the installed plugins unless given.
        instruments: What is traded, in order.
        assumptions: About the account.
        sections: The plugins' own settings, for rules that have a table of their own.

    Returns:
        What makes fresh rules; whether one wants to see the equity; and a line on each rule that
        is asked, ``name: summary``. A rule whose settings set no limit is not asked.

    Raises:
        NotFoundError: When no plugin offers a rule that is named.
        ConfigError: When a plugin's own settings are wrong.
        UsageError: When a rule is named twice.
    """
    offered = loaded(plugins).risk_rules()
    chosen = [named(offered, name, "risk.rules") for name in _names(risk)]
    makers = [
        _maker(rule, risk, sections or PluginsSection(), instruments, assumptions)
        for rule in chosen
    ]
    asked = [
        (rule.spec, make) for rule, make in zip(chosen, makers, strict=True) if make() is not None
    ]

    def make_all() -> Sequence[Rule]:
        made = [make() for _, make in asked]
        return [rule for rule in made if rule is not None]

    observing = any(OBSERVES in spec.capabilities for spec, _ in asked)
    return make_all, observing, [f"{spec.name}: {spec.summary}" for spec, _ in asked]


def tables_of_rules(
    risk: RiskSection, plugins: Plugins | None, sections: PluginsSection
) -> dict[str, dict[str, Any]]:
    """Return the plugins' own tables that a run depends on: those its rules read.

    Nothing else of a run reads one. Cost models and models of signals have settings beside their
    names, strategies have parameters, and data count by what is in them; where an executor finds
    its workers makes no other run.
    """
    offered = loaded(plugins).risk_rules()
    rules = [offered[name] for name in _names(risk) if name in offered]
    owners = {one.plugin.name for one in rules if one.load_settings() not in {None, RiskSection}}
    tables = {name: dict(sections.section(name)) for name in sorted(owners)}
    return {name: table for name, table in tables.items() if table}


def _names(risk: RiskSection) -> list[str]:
    """Return the rules to ask; the account rule comes first unless the list places it."""
    names = [*risk.rules] if ALWAYS in risk.rules else [ALWAYS, *risk.rules]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"risk.rules names {name!r} twice")
    return names


def _maker(
    rule: Provided[RiskRuleSpec],
    risk: RiskSection,
    sections: PluginsSection,
    instruments: Sequence[Instrument],
    assumptions: Assumptions,
) -> Callable[[], Rule | None]:
    factory, settings = rule.load(), _settings(rule, risk, sections)

    def make() -> Rule | None:
        made: Rule | None = factory(settings, instruments, assumptions)
        return made

    return make


def _settings(
    rule: Provided[RiskRuleSpec], risk: RiskSection, sections: PluginsSection
) -> BaseModel | None:
    """Return what the rule's model says it wants: ``[risk]``, its plugin's table, or nothing."""
    model = rule.load_settings()
    if model is None:
        return None
    if model is RiskSection:
        return risk
    name = rule.plugin.name
    return own_settings(model, sections.section(name), ("plugins", name))
