"""The hooks that plugins implement, and the one table that lists them.

There are two kinds. *Providers* yield frozen ``*Spec`` records that say what a plugin offers;
nothing behind a record is imported until it is chosen by name, so what runs never depends on the
order of installation. *Observers* watch the life of a run; what they raise is logged and stops
nobody. No hook is called per bar: components do the work, hooks only register them.

A plugin is one object whose class derives from ``Hooks``, so that a type checker rejects a wrong
argument or result::

    # src/tradectl_acme/__init__.py
    from tradectl_sdk.hooks import Hooks, hookimpl

    class AcmePlugin(Hooks):
        ...

    plugin = AcmePlugin()

and one entry point, whose group carries the version of the plugin API::

    [project.entry-points."tradectl.v1"]
    acme = "tradectl_acme:plugin"
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import pluggy

from tradectl_sdk.hooks.specs import (
    CostModelSpec,
    DataSourceSpec,
    ExchangeSpec,
    ExecutorSpec,
    ModelSpec,
    NotifierSpec,
    ReportSectionSpec,
    RiskRuleSpec,
    Spec,
    StrategySpec,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROJECT = "tradectl"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """Everything a plugin may implement; override what it needs and mark it ``@hookimpl``."""

    @hookspec
    def tradectl_strategies(self) -> Iterable[StrategySpec]:
        """Yield the strategies on offer.

        ::

            from collections.abc import Iterable

            from tradectl_sdk.hooks import Hooks, StrategySpec, hookimpl


            class AcmePlugin(Hooks):
                @hookimpl
                def tradectl_strategies(self) -> Iterable[StrategySpec]:
                    yield StrategySpec(
                        name="acme-trend",
                        summary="Follow the trend of the last fifty bars",
                        factory="tradectl_acme.trend:AcmeTrend",
                    )


            plugin = AcmePlugin()
        """
        return ()

    @hookspec
    def tradectl_data_sources(self) -> Iterable[DataSourceSpec]:
        """Yield the sources of market data on offer.

        ::

            from collections.abc import Iterable

            from tradectl_sdk.hooks import DataSourceSpec, Hooks, hookimpl


            class AcmePlugin(Hooks):
                @hookimpl
                def tradectl_data_sources(self) -> Iterable[DataSourceSpec]:
                    yield DataSourceSpec(
                        name="acme-archive",
                        summary="Ten years of minute bars that ship with the package",
                        factory="tradectl_acme.archive:Archive",
                        capabilities=frozenset({"offline"}),
                    )


            plugin = AcmePlugin()
        """
        return ()

    @hookspec
    def tradectl_exchanges(self) -> Iterable[ExchangeSpec]:
        """Yield the exchanges on offer.

        ::

            from collections.abc import Iterable

            from tradectl_sdk.hooks import ExchangeSpec, Hooks, hookimpl


            class AcmePlugin(Hooks):
                @hookimpl
                def tradectl_exchanges(self) -> Iterable[ExchangeSpec]:
                    yield ExchangeSpec(
                        name="acme",
                        summary="Acme Exchange, spot",
                        factory="tradectl_acme.exchange:AcmeExchange",
                        settings="tradectl_acme.exchange:AcmeSettings",
                        rehearsal="tradectl_acme.rehearsal:stage",
                    )


            plugin = AcmePlugin()
        """
        return ()

    @hookspec
    def tradectl_executors(self) -> Iterable[ExecutorSpec]:
        """Yield the executors on offer: places where the trials of a sweep run.

        ::

            from collections.abc import Iterable

            from tradectl_sdk.hooks import ExecutorSpec, Hooks, hookimpl


            class AcmePlugin(Hooks):
                @hookimpl
                def tradectl_executors(self) -> Iterable[ExecutorSpec]:
                    yield ExecutorSpec(
                        name="acme-grid",
                        summary="The machines of Acme's grid",
                        factory="tradectl_acme.grid:GridExecutor",
                        settings="tradectl_acme.grid:GridSettings",
                        capabilities=frozenset({"remote"}),
                        rehearsal="tradectl_acme.rehearsal:small_grid",
                    )


            plugin = AcmePlugin()
        """
        return ()

    @hookspec
    def tradectl_risk_rules(self) -> Iterable[RiskRuleSpec]:
        """Yield the rules of the risk gate on offer; ``risk.rules`` names those that are asked.

        ::

            from collections.abc import Iterable

            from tradectl_sdk.hooks import Hooks, RiskRuleSpec, hookimpl


            class AcmePlugin(Hooks):
                @hookimpl
                def tradectl_risk_rules(self) -> Iterable[RiskRuleSpec]:
                    yield RiskRuleSpec(
                        name="acme-turnover",
                        summary="No more than so many times the account's value traded in a day",
                        factory="tradectl_acme.turnover:make_turnover",
                        settings="tradectl_acme.turnover:TurnoverSettings",
                        example={"max_turnover": 5},
                    )


            plugin = AcmePlugin()
        """
        return ()

    @hookspec
    def tradectl_notifiers(self) -> Iterable[NotifierSpec]:
        """Yield the notifiers on offer: ways to tell people what a session does.

        ::

            from collections.abc import Iterable

            from tradectl_sdk.hooks import Hooks, NotifierSpec, hookimpl


            class AcmePlugin(Hooks):
                @hookimpl
                def tradectl_notifiers(self) -> Iterable[NotifierSpec]:
                    yield NotifierSpec(
                        name="acme-chat",
                        summary="A message to a room of Acme Chat",
                        factory="tradectl_acme.chat:AcmeChat",
                        settings="tradectl_acme.chat:AcmeChatSettings",
                        secrets=("token",),
                    )


            plugin = AcmePlugin()
        """
        return ()

    @hookspec
    def tradectl_cost_models(self) -> Iterable[CostModelSpec]:
        """Yield the fee and slippage models on offer.

        ::

            from collections.abc import Iterable

            from tradectl_sdk.hooks import CostModelSpec, Hooks, hookimpl


            class AcmePlugin(Hooks):
                @hookimpl
                def tradectl_cost_models(self) -> Iterable[CostModelSpec]:
                    yield CostModelSpec(
                        name="acme-broker",
                        summary="What Acme Brokers charge for shares",
                        factory="tradectl_acme.broker:AcmeFees",
                        capabilities=frozenset({"fees"}),
                    )


            plugin = AcmePlugin()
        """
        return ()

    @hookspec
    def tradectl_models(self) -> Iterable[ModelSpec]:
        """Yield the models on offer: what makes the signals that strategies read.

        ::

            from collections.abc import Iterable

            from tradectl_sdk.hooks import Hooks, ModelSpec, hookimpl


            class AcmePlugin(Hooks):
                @hookimpl
                def tradectl_models(self) -> Iterable[ModelSpec]:
                    yield ModelSpec(
                        name="acme-lasso",
                        summary="Few features, chosen anew at each fit",
                        factory="tradectl_acme.lasso:make_lasso",
                        settings="tradectl_acme.lasso:LassoSettings",
                        capabilities=frozenset({"returns"}),
                    )


            plugin = AcmePlugin()
        """
        return ()

    @hookspec
    def tradectl_report_sections(self) -> Iterable[ReportSectionSpec]:
        """Yield the sections that ``tradectl report`` adds to what it tells of a run.

        ::

            from collections.abc import Iterable

            from tradectl_sdk.hooks import Hooks, ReportSectionSpec, hookimpl


            class AcmePlugin(Hooks):
                @hookimpl
                def tradectl_report_sections(self) -> Iterable[ReportSectionSpec]:
                    yield ReportSectionSpec(
                        name="acme-longest-trades",
                        summary="The trades that took longest",
                        factory="tradectl_acme.sections:longest_trades",
                    )


            plugin = AcmePlugin()
        """
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSet:
    """The hooks of one plugin API.

    Attributes:
        specification: Class whose methods are the hooks.
        providers: Provider hook -> the record it yields; one hook for each kind of record.
        observers: Observer hook -> the event it is called with.
    """

    specification: type
    providers: Mapping[str, type[Spec]]
    observers: Mapping[str, type] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all hooks, sorted."""
        return tuple(sorted({*self.providers, *self.observers}))

    def provider_of(self, kind: type[Spec]) -> str:
        """Return the hook that yields this kind of record.

        Raises:
            KeyError: When no hook does.
        """
        for hook, spec in self.providers.items():
            if spec is kind:
                return hook
        raise KeyError(kind.__name__)


HOOKS = HookSet(
    specification=Hooks,
    providers=MappingProxyType(
        {
            "tradectl_cost_models": CostModelSpec,
            "tradectl_data_sources": DataSourceSpec,
            "tradectl_exchanges": ExchangeSpec,
            "tradectl_executors": ExecutorSpec,
            "tradectl_models": ModelSpec,
            "tradectl_notifiers": NotifierSpec,
            "tradectl_report_sections": ReportSectionSpec,
            "tradectl_risk_rules": RiskRuleSpec,
            "tradectl_strategies": StrategySpec,
        }
    ),
)
