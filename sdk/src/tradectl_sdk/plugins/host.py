"""The plugin host: discover, gate, import, register and collect, each plugin on its own.

::

    plugins = Plugins.discover()               # reads metadata, imports nothing
    plugins.load()                             # imports and registers what passed the gate
    plugins.strategies()["sma-cross"].load()   # imports that one component

A plugin that fails is reported in ``plugins.failures`` and the rest goes on; with ``strict``, as
in live trading, any failure of a plugin that is wanted raises.
"""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from tradectl_sdk.errors import NotFoundError, PluginError, did_you_mean
from tradectl_sdk.hooks import (
    HOOKS,
    CostModelSpec,
    DataSourceSpec,
    ExchangeSpec,
    ExecutorSpec,
    HookSet,
    ModelSpec,
    NotifierSpec,
    ReportSectionSpec,
    RiskRuleSpec,
    Spec,
    StrategySpec,
)
from tradectl_sdk.hooks.hookspecs import PROJECT
from tradectl_sdk.plugins.collection import Provided, Provider, collect_records
from tradectl_sdk.plugins.discovery import Discovery, Policy, discover
from tradectl_sdk.plugins.faults import PhaseError, blame
from tradectl_sdk.plugins.loading import load_plugin
from tradectl_sdk.plugins.names import normalise_name
from tradectl_sdk.plugins.records import Phase, PluginFailure, PluginInfo, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

S = TypeVar("S", bound=Spec)
_log = logging.getLogger("tradectl.plugins")


class _Manager(pluggy.PluginManager):
    """Pluggy's, which looks at each attribute of a plugin; what every object has is no hook."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Return how a hook is marked; None for what is none."""
        return None if name.startswith("__") else super().parse_hookimpl_opts(plugin, name)


class Plugins:
    """The installed plugins and what they offer.

    Args:
        discovery: Plugins found and gated.
        hooks: The hooks they may implement.
        strict: Raise on any failure of a wanted plugin instead of reporting it.

    Raises:
        PluginError: When strict and discovery already met a failure.
    """

    def __init__(
        self, discovery: Discovery, *, hooks: HookSet = HOOKS, strict: bool = False
    ) -> None:
        self._hooks = hooks
        self._strict = strict
        self._infos = list(discovery.plugins)
        # The gate lets each name through once; those it refused never change again
        self._places = {
            plugin.name: place
            for place, plugin in enumerate(discovery.plugins)
            if plugin.status is Status.FOUND
        }
        self._failures = list(discovery.failures)
        self._collected: dict[str, Mapping[str, Provided[Any]]] = {}
        self._environment = MappingProxyType(dict(os.environ))
        self._manager = _Manager(PROJECT)
        self._manager.add_hookspecs(hooks.specification)
        self._raise_if_strict()

    @classmethod
    def discover(
        cls,
        *,
        path: Sequence[str | Path] | None = None,
        environment: Mapping[str, str] | None = None,
        disabled: Iterable[str] = (),
        hooks: HookSet = HOOKS,
        strict: bool = False,
    ) -> Plugins:
        """Find the installed plugins, importing none.

        Args:
            path: Folders to look in; ``sys.path`` when None.
            environment: Where ``TRADECTL_PLUGINS`` is read; the process's own when None.
            disabled: Plugins or distributions that are not wanted, from the configuration.
            hooks: The hooks they may implement.
            strict: Raise on any failure of a wanted plugin, as live trading does.

        Raises:
            PluginError: When strict and something is wrong already.
        """
        policy = Policy.read(os.environ if environment is None else environment, disabled)
        return cls(discover(policy, path=path), hooks=hooks, strict=strict)

    @property
    def hooks(self) -> HookSet:
        """The hooks that plugins may implement here."""
        return self._hooks

    @property
    def initial_environment(self) -> Mapping[str, str]:
        """The process's environment as it was before any plugin was imported."""
        return self._environment

    @property
    def infos(self) -> tuple[PluginInfo, ...]:
        """Every installed plugin and its state, sorted by name and distribution."""
        return tuple(self._infos)

    @property
    def failures(self) -> tuple[PluginFailure, ...]:
        """Everything that went wrong so far: broken distributions first, then each plugin's."""
        own = (plugin.failure for plugin in self._infos)
        return (*self._failures, *(failure for failure in own if failure is not None))

    def info(self, name: str) -> PluginInfo:
        """Return one plugin, given its name or that of its distribution, in any spelling.

        Where several go by one name, the one that passed the gate is meant.

        Raises:
            NotFoundError: When none is called that.
        """
        wanted = normalise_name(name)
        if wanted in self._places:
            return self._infos[self._places[wanted]]
        for plugin in self.infos:
            if plugin.name == wanted:
                return plugin
        for plugin in self.infos:
            if normalise_name(plugin.distribution) == wanted:
                return plugin
        hint = did_you_mean(wanted, [plugin.name for plugin in self.infos])
        raise NotFoundError(f"plugin {name!r} is not installed", hint=hint)

    def load(self) -> Plugins:
        """Import and register every plugin that passed the gate; a second call does nothing.

        Raises:
            PluginError: When strict and a plugin failed; all were tried before.
        """
        for plugin in self.infos:
            if plugin.status is Status.FOUND:
                try:
                    self._update(load_plugin(plugin, self._hooks, self._manager))
                except PhaseError as error:
                    self._fail(plugin, error.failure)
        self._raise_if_strict()
        return self

    def collect(self, kind: type[S]) -> Mapping[str, Provided[S]]:
        """Return the components of one kind by name, sorted; loads the plugins if need be.

        What one plugin's hook yields is taken whole or not at all. A name that two plugins offer
        is in the list, but neither component can be loaded: see ``Provided.rivals``.

        Raises:
            PluginError: When strict and a plugin failed.
        """
        self.load()
        hook = self._hooks.provider_of(kind)
        if hook not in self._collected:
            records, failures = collect_records(self._providers(hook), hook, kind)
            self._collected[hook] = records
            for plugin, failure in failures:
                self._fail(plugin, failure)
        self._raise_if_strict()
        return self._collected[hook]

    def strategies(self) -> Mapping[str, Provided[StrategySpec]]:
        """Return the strategies on offer by name."""
        return self.collect(StrategySpec)

    def data_sources(self) -> Mapping[str, Provided[DataSourceSpec]]:
        """Return the sources of market data on offer by name."""
        return self.collect(DataSourceSpec)

    def exchanges(self) -> Mapping[str, Provided[ExchangeSpec]]:
        """Return the exchanges on offer by name."""
        return self.collect(ExchangeSpec)

    def executors(self) -> Mapping[str, Provided[ExecutorSpec]]:
        """Return the executors that loaded plugins offer, by name."""
        return self.collect(ExecutorSpec)

    def risk_rules(self) -> Mapping[str, Provided[RiskRuleSpec]]:
        """Return the rules of the risk gate on offer by name."""
        return self.collect(RiskRuleSpec)

    def notifiers(self) -> Mapping[str, Provided[NotifierSpec]]:
        """Return the notifiers that loaded plugins offer, by name."""
        return self.collect(NotifierSpec)

    def cost_models(self) -> Mapping[str, Provided[CostModelSpec]]:
        """Return the fee and slippage models on offer by name."""
        return self.collect(CostModelSpec)

    def models(self) -> Mapping[str, Provided[ModelSpec]]:
        """Return the models on offer by name."""
        return self.collect(ModelSpec)

    def report_sections(self) -> Mapping[str, Provided[ReportSectionSpec]]:
        """Return the sections that loaded plugins add to reports, by name."""
        return self.collect(ReportSectionSpec)

    def offered_by(self, name: str) -> tuple[Provided[Any], ...]:
        """Return everything that one plugin offers, hook by hook, each sorted by name.

        Raises:
            NotFoundError: When no plugin is called that.
            PluginError: When strict and a plugin failed.
        """
        plugin = self.info(name)
        return tuple(
            component
            for hook in sorted(self._hooks.providers)
            for component in self.collect(self._hooks.providers[hook]).values()
            if (component.plugin.name, component.source) == (plugin.name, plugin.source)
        )

    def notify(self, hook: str, event: object) -> None:
        """Tell every observer what happened; what one raises is logged and stops nobody.

        Args:
            hook: An observer hook.
            event: What happened, of the type the hook is declared with.

        Raises:
            KeyError: When there is no such observer hook.
            TypeError: When the event is of another type.
        """
        expected = self._hooks.observers[hook]
        if not isinstance(event, expected):
            raise TypeError(f"event was a {type(event).__name__}, expected {expected.__name__}")
        self.load()
        for plugin in self.infos:
            if hook in plugin.hooks:
                self._notify_one(plugin, hook, event)

    def _notify_one(self, plugin: PluginInfo, hook: str, event: object) -> None:
        implementation = self._implementation(plugin, hook)
        try:
            with blame(plugin, Phase.OBSERVE, f"hook {hook!r}"):
                implementation.function(*((event,) if implementation.argnames else ()))
        except PhaseError as error:
            _log.error("%s", error.failure, exc_info=error.failure.cause)

    def _providers(self, hook: str) -> Iterator[Provider]:
        for plugin in self.infos:
            if hook in plugin.hooks:
                yield plugin, self._implementation(plugin, hook).function

    def _implementation(self, plugin: PluginInfo, hook: str) -> pluggy.HookImpl:
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return next(impl for impl in caller.get_hookimpls() if impl.plugin_name == plugin.name)

    def _fail(self, plugin: PluginInfo, failure: PluginFailure) -> None:
        current = self._infos[self._places[plugin.name]]
        if current.failure is None:  # the first failure is the one to mend first
            self._update(replace(current, status=Status.FAILED, failure=failure))
        else:
            self._failures.append(failure)

    def _update(self, plugin: PluginInfo) -> None:
        self._infos[self._places[plugin.name]] = plugin

    def _raise_if_strict(self) -> None:
        if self._strict and self.failures:
            first, *others = self.failures
            if not others:
                raise first.error()
            listed = "".join(f"\n  {failure}" for failure in self.failures)
            raise PluginError(f"{len(self.failures)} plugins failed{listed}", hint=first.hint)
