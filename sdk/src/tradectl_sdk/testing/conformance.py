"""Which checks a plugin gets, and the report on them.

One list serves pytest in the author's repository, ``tradectl plugin check NAME``, and whoever
grades plugins.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.errors import PluginError
from tradectl_sdk.hooks import ExchangeSpec, ExecutorSpec, ModelSpec, RiskRuleSpec
from tradectl_sdk.plugins.host import Plugins
from tradectl_sdk.testing.checks import Check, CheckResult, Outcome, run_checks
from tradectl_sdk.testing.plugin_suite import PLUGIN, plugin_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from pydantic import BaseModel

    from tradectl_sdk.plugins.collection import Provided
    from tradectl_sdk.plugins.records import PluginInfo
    from tradectl_sdk.strategy import Strategy
    from tradectl_sdk.testing.exchange_stage import ExchangeStage

_NOTHING_EXPECTED: Final[Mapping[str, str]] = MappingProxyType({})
_NOTHING_SET: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PluginReport:
    """The result of every check on one plugin.

    Attributes:
        plugin: The plugin, as it was after everything was loaded and collected.
        results: The checks in order: those on the plugin, then those on each component, whose
            names begin with kind and name of the component.
    """

    plugin: PluginInfo
    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed; announced failures and skipped checks do not count."""
        return all(result.status is not Outcome.FAILED for result in self.results)

    def count(self, status: Outcome) -> int:
        """Return how many checks ended like that."""
        return sum(result.status is status for result in self.results)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        return {
            "plugin": self.plugin.name,
            "distribution": self.plugin.distribution,
            "version": self.plugin.version,
            "passed": self.passed,
            "counts": {status.value: self.count(status) for status in Outcome},
            "results": [
                {
                    "name": result.name,
                    "doc": result.doc,
                    "status": result.status.value,
                    "message": result.message,
                }
                for result in self.results
            ],
        }


def strategy_checks(
    strategy: type[Strategy], *, capabilities: Collection[str] = (), prefix: str = ""
) -> list[Check]:
    """Return the checks on one strategy.

    Args:
        strategy: The class.
        capabilities: What it claims to do; see ``StrategySpec.known_capabilities``.
        prefix: Put before each name, where several strategies share a report.
    """
    from tradectl_sdk.testing.engine_suite import STRATEGY
    from tradectl_sdk.testing.strategy_suite import StrategySubject

    return STRATEGY.checks(StrategySubject(strategy), capabilities=capabilities, prefix=prefix)


def data_source_checks(
    factory: type[Any], *, capabilities: Collection[str] = (), prefix: str = ""
) -> list[Check]:
    """Return the checks on one source of market data.

    Args:
        factory: The class; called without arguments.
        capabilities: What it claims to do; see ``DataSourceSpec.known_capabilities``.
        prefix: Put before each name, where several sources share a report.
    """
    from tradectl_sdk.testing.data_source_suite import DATA_SOURCE, DataSourceSubject

    return DATA_SOURCE.checks(DataSourceSubject(factory), capabilities=capabilities, prefix=prefix)


def exchange_checks(
    factory: Callable[..., Any] | None = None,
    *,
    settings: type[BaseModel] | None = None,
    rehearsal: Callable[[], AbstractAsyncContextManager[ExchangeStage]] | None = None,
    capabilities: Collection[str] = (),
    prefix: str = "",
) -> list[Check]:
    """Return the checks on one exchange adapter.

    Args:
        factory: Called as ``factory(settings, credentials)``; None to check on the stage only.
        settings: The model of its settings, None when it has none.
        rehearsal: Lends a venue to try it at; without it only what needs no venue is checked.
        capabilities: What it claims to do; see ``ExchangeSpec.known_capabilities``.
        prefix: Put before each name, where several exchanges share a report.
    """
    # Importing them adds their checks to the suite, in this order
    from tradectl_sdk.testing import exchange_suite
    from tradectl_sdk.testing import exchange_orders, exchange_streams, exchange_faults  # isort: skip  # noqa: F401
    from tradectl_sdk.testing.exchange_scene import ExchangeSubject, maker

    subject = ExchangeSubject(rehearsal, maker(factory, settings))
    checks = exchange_suite.EXCHANGE.checks(subject, capabilities=capabilities, prefix=prefix)
    return checks if rehearsal is not None else checks[: exchange_suite.WITHOUT_A_VENUE]


def executor_checks(
    factory: Callable[..., Any],
    *,
    settings: type[BaseModel] | None = None,
    rehearsal: Callable[[], AbstractContextManager[Mapping[str, Any]]] | None = None,
    capabilities: Collection[str] = (),
    prefix: str = "",
) -> list[Check]:
    """Return the checks on one executor.

    Args:
        factory: Called as ``factory(settings)``.
        settings: The model of its settings, None when it has none.
        rehearsal: Lends workers; without it the checks are skipped.
        capabilities: What it claims to do; see ``ExecutorSpec.known_capabilities``.
        prefix: Put before each name, where several executors share a report.
    """
    from tradectl_sdk.testing.executor_suite import EXECUTOR, ExecutorSubject

    subject = ExecutorSubject(factory, settings, rehearsal)
    return EXECUTOR.checks(subject, capabilities=capabilities, prefix=prefix)


def risk_rule_checks(
    factory: Callable[..., Any],
    *,
    settings: type[BaseModel] | None = None,
    example: Mapping[str, Any] = _NOTHING_SET,
    capabilities: Collection[str] = (),
    prefix: str = "",
) -> list[Check]:
    """Return the checks on one rule of the risk gate.

    Args:
        factory: Called as ``factory(settings, instruments, assumptions)``.
        settings: The model of its settings, None when it has none.
        example: Settings that switch it on.
        capabilities: What it claims to do; see ``RiskRuleSpec.known_capabilities``.
        prefix: Put before each name, where several rules share a report.
    """
    from tradectl_sdk.testing.risk_suite import RISK_RULE, RiskRuleSubject

    observes = "observes-equity" in capabilities
    subject = RiskRuleSubject(factory, settings, example, observes)
    return RISK_RULE.checks(subject, capabilities=capabilities, prefix=prefix)


def model_checks(
    factory: Callable[..., Any],
    *,
    settings: type[BaseModel] | None = None,
    capabilities: Collection[str] = (),
    prefix: str = "",
) -> list[Check]:
    """Return the checks on one model that makes a signal.

    Args:
        factory: Called as ``factory(settings)``.
        settings: The model of its settings, None when it has none; its defaults are used.
        capabilities: What it claims to do; see ``ModelSpec.known_capabilities``.
        prefix: Put before each name, where several models share a report.
    """
    from tradectl_sdk.testing.model_suite import MODEL, ModelSubject

    return MODEL.checks(ModelSubject(factory, settings), capabilities=capabilities, prefix=prefix)


def report_section_checks(
    factory: Callable[..., Any], *, capabilities: Collection[str] = (), prefix: str = ""
) -> list[Check]:
    """Return the checks on one section that a plugin adds to reports.

    Args:
        factory: Called as ``factory(run)``.
        capabilities: None are known.
        prefix: Put before each name, where several sections share a report.
    """
    from tradectl_sdk.testing.report_suite import REPORT_SECTION, ReportSectionSubject

    subject = ReportSectionSubject(factory)
    return REPORT_SECTION.checks(subject, capabilities=capabilities, prefix=prefix)


# Kind of component -> its checks. A kind without an entry has those on the plugin only.
COMPONENT_CHECKS: Final[Mapping[str, Callable[..., list[Check]]]] = MappingProxyType(
    {
        "data source": data_source_checks,
        "exchange": exchange_checks,
        "executor": executor_checks,
        "model": model_checks,
        "report section": report_section_checks,
        "risk rule": risk_rule_checks,
        "strategy": strategy_checks,
    }
)


def plugin_checks(name: str, plugins: Plugins | None = None) -> list[Check]:
    """Return the checks on one plugin and on every component it offers.

    Args:
        name: Name of the plugin or of its distribution.
        plugins: Where to find it; what is installed when None.

    Raises:
        NotFoundError: When no plugin is called that.
    """
    subject = plugin_subject(name, Plugins.discover() if plugins is None else plugins)
    checks = PLUGIN.checks(subject)
    for component in subject.components:
        checks += _component_checks(component)
    return checks


def _component_checks(component: Provided[Any]) -> list[Check]:
    checks_of = COMPONENT_CHECKS.get(component.spec.kind)
    if checks_of is None:
        return []
    own: dict[str, Any] = {}
    try:
        loaded = component.load()
        if isinstance(component.spec, RiskRuleSpec):
            own = {"settings": component.load_settings(), "example": component.spec.example}
        elif isinstance(component.spec, ModelSpec):
            own = {"settings": component.load_settings()}
        elif isinstance(component.spec, ExchangeSpec | ExecutorSpec):
            rehearsal = component.spec.load_rehearsal()
            own = {"settings": component.load_settings(), "rehearsal": rehearsal}
    except PluginError:  # factories_resolve tells it, once
        return []
    prefix = f"{component.spec.kind}:{component.name}:"
    return checks_of(loaded, capabilities=component.spec.capabilities, prefix=prefix, **own)


def check_plugin(
    name: str,
    plugins: Plugins | None = None,
    *,
    expected_failures: Mapping[str, str] = _NOTHING_EXPECTED,
) -> PluginReport:
    """Run every check on one plugin.

    Args:
        name: Name of the plugin or of its distribution.
        plugins: Where to find it; what is installed when None. Must not be strict.
        expected_failures: Name of a check -> why it is known to fail.

    Raises:
        NotFoundError: When no plugin is called that.
        UsageError: When an expected failure names no check.
    """
    plugins = Plugins.discover() if plugins is None else plugins
    results = run_checks(plugin_checks(name, plugins), expected_failures=expected_failures)
    return PluginReport(plugins.info(name), tuple(results))
