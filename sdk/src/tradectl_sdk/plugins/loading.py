"""Import and register one plugin that passed the gate."""

from __future__ import annotations

import importlib
import inspect
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tradectl_sdk.errors import did_you_mean
from tradectl_sdk.plugins.faults import PhaseError, blame
from tradectl_sdk.plugins.records import Phase, PluginFailure, PluginInfo, Status
from tradectl_sdk.plugins.references import split_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pluggy

    from tradectl_sdk.hooks import HookSet


def load_plugin(plugin: PluginInfo, hooks: HookSet, manager: pluggy.PluginManager) -> PluginInfo:
    """Import a plugin, check it against the hooks and register it.

    Returns:
        The plugin, now loaded, with its hooks and the time its import took.

    Raises:
        PhaseError: When a phase failed; nothing of the plugin is registered then.
    """
    started = time.perf_counter()
    value = _import(plugin)
    import_ms = (time.perf_counter() - started) * 1e3
    with blame(plugin, Phase.REGISTER, "its plugin object"):
        implemented = _verify(plugin, value, hooks, manager)
        try:
            manager.register(value, name=plugin.name)
        except ValueError as error:
            other = manager.get_name(value)
            message = f"its entry point names the same object as plugin {other!r}"
            raise PhaseError(plugin.failed(Phase.REGISTER, message, cause=error)) from error
    return replace(plugin, status=Status.LOADED, hooks=implemented, import_ms=import_ms)


def _import(plugin: PluginInfo) -> object:
    module, path = split_reference(plugin.reference)
    with blame(plugin, Phase.IMPORT, f"module {module!r}"):
        value: object = importlib.import_module(module)
    for attribute in path.split("."):
        try:
            value = getattr(value, attribute)
        except AttributeError as error:
            failure = plugin.failed(
                Phase.IMPORT,
                f"module {module!r} has no {path!r}",
                hint=did_you_mean(attribute, dir(value)),
                cause=error,
            )
            raise PhaseError(failure) from error
    return value


def _verify(
    plugin: PluginInfo, value: object, hooks: HookSet, manager: pluggy.PluginManager
) -> tuple[str, ...]:
    """Check the plugin object and return the hooks it implements, sorted."""
    base = hooks.specification
    if not isinstance(value, base):
        instance = inspect.isclass(value) and issubclass(value, base)
        raise PhaseError(
            plugin.failed(
                Phase.REGISTER,
                f"{plugin.reference!r} was a {'class' if instance else type(value).__name__}, "
                f"expected an instance of a class that derives from {base.__name__}",
                hint=f"write plugin = {getattr(value, '__name__', '')}()" if instance else "",
            )
        )
    implemented: dict[str, None] = {}
    for name, options in _hook_methods(value, hooks, manager):
        hook = (options["specname"] if options else None) or name
        failure = _method_failure(plugin, value, name, hook, options, hooks)
        if failure is not None:
            raise PhaseError(failure)
        if hook in hooks.names:
            implemented[hook] = None
    return tuple(sorted(implemented))


def _hook_methods(
    value: object, hooks: HookSet, manager: pluggy.PluginManager
) -> Iterator[tuple[str, pluggy.HookimplOpts | None]]:
    """Yield what the plugin marked as a hook, and what it named like one without marking it."""
    bases = set(hooks.specification.__mro__)
    own_names = {*vars(value)}.union(*(vars(c) for c in type(value).__mro__ if c not in bases))
    for name in sorted(own_names):
        options = manager.parse_hookimpl_opts(value, name)
        inherited = inspect.getattr_static(hooks.specification, name, None)
        own = inspect.getattr_static(value, name, None) is not inherited
        if options is not None or (own and name.startswith("tradectl_")):
            yield name, options


def _method_failure(
    plugin: PluginInfo,
    value: object,
    name: str,
    hook: str,
    options: pluggy.HookimplOpts | None,
    hooks: HookSet,
) -> PluginFailure | None:
    if hook not in hooks.names:
        if options is not None and options["optionalhook"]:
            return None
        hint = did_you_mean(hook, hooks.names)
        return plugin.failed(Phase.REGISTER, f"hook {hook!r} does not exist", hint=hint)
    if options is None:
        hint = "put @hookimpl above it"
        return plugin.failed(Phase.REGISTER, f"hook {hook!r} is not marked", hint=hint)
    if options["wrapper"] or options["hookwrapper"]:
        return plugin.failed(Phase.REGISTER, f"hook {hook!r} is a wrapper; tradectl has none")
    return _argument_failure(plugin, value, name, hook, hooks)


def _argument_failure(
    plugin: PluginInfo, value: object, name: str, hook: str, hooks: HookSet
) -> PluginFailure | None:
    """Refuse a hook that asks for what it will not get."""
    offered = list(inspect.signature(getattr(hooks.specification, hook)).parameters)[1:]
    taken = inspect.signature(getattr(value, name)).parameters.values()
    named = [p for p in taken if p.kind is not p.VAR_KEYWORD and p.kind is not p.VAR_POSITIONAL]
    if all(p.name in offered or p.default is not p.empty for p in named):
        return None
    found = ", ".join(parameter.name for parameter in named)
    return plugin.failed(
        Phase.REGISTER,
        f"hook {hook!r} takes ({found}), expected ({', '.join(offered)})",
    )
