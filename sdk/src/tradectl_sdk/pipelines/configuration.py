"""Settings that name things: is there such a plugin, such a component, and does it know the key.

The rooms of settings and of plugins do not know each other; this is where they meet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.config import (
    CostModelSection,
    RiskSection,
    SenderSection,
    describe_settings,
    discover_settings,
)
from tradectl_sdk.config.layers import Layer, OriginKind, dotted
from tradectl_sdk.config.resolve import place_in_force, resolve, value_in_force
from tradectl_sdk.errors import ConfigError, PluginError, Problem, did_you_mean
from tradectl_sdk.pipelines.components import NoSettings, unoffered
from tradectl_sdk.pipelines.costs import unfit
from tradectl_sdk.plugins import Plugins, discover_commands, normalise_name

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pydantic import BaseModel

    from tradectl_sdk.config import LoadedSettings, PluginsSection
    from tradectl_sdk.config.positions import KeyPath
    from tradectl_sdk.plugins import Provided

_RULES = ("risk", "rules")
_EXCHANGE_KEYS: Final = (("paper", "exchange"), ("live", "exchange"))


def load_checked_settings(
    *,
    project: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    start: Path | None = None,
    environment: Mapping[str, str] | None = None,
    path: Sequence[str | Path] | None = None,
) -> tuple[LoadedSettings, Plugins]:
    """Load settings and plugins, and hold the names in the settings to what the plugins offer.

    Args:
        project: As in :func:`~tradectl_sdk.config.discover_settings`, and so are the next three.
        overrides: Dotted key -> value.
        start: Where to look for a project from.
        environment: The environment; the process's own when None.
        path: Folders to look for plugins in; ``sys.path`` when None.

    Returns:
        The settings in force, and the plugins they allow, loaded.

    Raises:
        ConfigError: With every problem of every layer, those of names among them.
    """
    found: list[Plugins] = []

    def look_up(layers: Sequence[Layer]) -> Iterator[Problem]:
        plugins = Plugins.discover(
            path=path, environment=environment, disabled=_disabled(layers)
        ).load()
        found.append(plugins)
        yield from component_problems(layers, plugins, path)

    loaded = discover_settings(
        project=project, overrides=overrides, start=start, environment=environment, further=look_up
    )
    return loaded, found[0]


def component_problems(
    layers: Sequence[Layer], plugins: Plugins, path: Sequence[str | Path] | None = None
) -> Iterator[Problem]:
    """Yield what is wrong with names of plugins and components, and with plugins' own tables.

    Args:
        layers: The settings as they were read, valid or not.
        plugins: What is installed.
        path: Folders in which plugins' commands are looked for; ``sys.path`` when None.
    """
    yield from _table_problems(layers, plugins, path)
    yield from _rule_problems(layers, plugins)
    yield from _exchange_problems(layers, plugins)
    for role in ("fees", "slippage"):
        yield from _cost_problems(layers, plugins, role)
    yield from _sender_problems(layers, plugins)


def check_plugin_tables(section: PluginsSection, plugins: Plugins) -> None:
    """Hold plugins' own tables to their owners' models, for settings that were made in a program.

    Raises:
        ConfigError: With every key that no plugin knows.
    """
    tables = section.model_extra or {}
    if not tables:
        return
    layer = Layer(kind=OriginKind.DEFAULT, values={"plugins": section.model_dump()})
    problems = tuple(_table_problems([layer], plugins, None))
    if problems:
        raise ConfigError("plugins' own settings are wrong", problems=problems)


def _disabled(layers: Sequence[Layer]) -> tuple[str, ...]:
    """Return the names of disabled plugins, as far as the settings make sense."""
    names = value_in_force(layers, ("plugins", "disabled"))
    listed = names if isinstance(names, list | tuple) else ()
    return tuple(name for name in listed if isinstance(name, str))


def _table_problems(
    layers: Sequence[Layer], plugins: Plugins, path: Sequence[str | Path] | None
) -> Iterator[Problem]:
    tables = [(layer, name) for layer in layers for name in _tables(layer)]
    if not tables:
        return
    disabled = {normalise_name(name) for name in _disabled(layers)}
    commands = discover_commands(path=path, environment={}).commands.values()
    known = {info.name for info in plugins.infos} | {one.name for one in commands} | disabled
    for layer, name in tables:
        if name not in known:
            where = layer.place(("plugins", name)).key
            yield where.problem(dotted(("plugins", name)), _nobody(name, plugins))
    # What a command reads of its table, only the command can tell
    own = {info.name: info.distribution for info in plugins.load().infos if info.status == "loaded"}
    commanding = {one.distribution for one in commands}
    for name in dict.fromkeys(name for _, name in tables if name in own):
        yield from _own_problems(layers, plugins, name, strict=own[name] not in commanding)


def _tables(layer: Layer) -> list[str]:
    return _named_tables(layer, "plugins")


def _named_tables(layer: Layer, outer: str) -> list[str]:
    section = layer.values.get(outer)
    tables = section if isinstance(section, dict) else {}
    return [name for name, value in tables.items() if isinstance(value, dict)]


def _nobody(name: str, plugins: Plugins) -> str:
    of_distribution = {normalise_name(info.distribution): info.name for info in plugins.infos}
    names = [info.name for info in plugins.infos]
    meant = of_distribution.get(normalise_name(name))
    guess = f"did you mean {meant}?" if meant else did_you_mean(name, names)
    return "no plugin of this name is installed" + (f", {guess}" if guess else "")


def _own_problems(
    layers: Sequence[Layer], plugins: Plugins, name: str, *, strict: bool
) -> Iterator[Problem]:
    path = ("plugins", name)
    try:
        models = _models(plugins, name)
    except PluginError as error:
        where = place_in_force(layers, path).key
        yield where.problem(dotted(path), f"cannot be checked: {error.message}")
        return
    for model in models:
        yield from _validation(model, layers, path)
    if strict and not models:
        for problem in _validation(NoSettings, layers, path):
            yield _without_settings(problem, name)


def _models(plugins: Plugins, name: str) -> list[type[BaseModel]]:
    """Return what a plugin's components say its table looks like; usually one model, or none."""
    found: dict[type[BaseModel], None] = {}
    for component in plugins.offered_by(name):
        model = component.load_settings() if component.spec.has_plugin_table else None
        if model is not None and model is not RiskSection:
            found[model] = None
    return list(found)


def _without_settings(problem: Problem, name: str) -> Problem:
    """Say that a plugin has no table, and where its settings may stand instead."""
    key = problem.key.rpartition(".")[2]
    rows = sorted(describe_settings(), key=lambda row: "<" not in row.key)  # plain keys win
    known = {row.key.rpartition(".")[2]: row.key for row in rows}
    near = did_you_mean(key, known).removeprefix("did you mean ").removesuffix("?")
    guess = f", did you mean {known[near]}?" if near else ""
    return replace(
        problem, message=f"unknown key, plugin {name!r} has no settings of its own{guess}"
    )


def _rule_problems(layers: Sequence[Layer], plugins: Plugins) -> Iterator[Problem]:
    names = value_in_force(layers, _RULES)
    if not isinstance(names, list | tuple):
        return
    offered = plugins.risk_rules()
    for index, name in enumerate(names):
        where = place_in_force(layers, (*_RULES, index)).value
        if isinstance(name, str) and name not in offered:
            yield where.problem("risk.rules", ", ".join(unoffered(offered, name)))
        elif name in names[:index]:
            yield where.problem("risk.rules", f"names {name!r} twice")


def _exchange_problems(layers: Sequence[Layer], plugins: Plugins) -> Iterator[Problem]:
    """Hold the exchanges that the settings name to those on offer, and to tables of their own."""
    tables = [name for layer in layers for name in _exchanges_of(layer)]
    if not tables and not any(value_in_force(layers, path) for path in _EXCHANGE_KEYS):
        return
    offered = plugins.exchanges()
    for name in dict.fromkeys(tables):
        path: KeyPath = ("exchange", name, "adapter")
        meant = value_in_force(layers, path) or name
        if isinstance(meant, str) and meant not in offered:
            where = place_in_force(layers, path if meant != name else ("exchange", name)).key
            yield where.problem(dotted(path), _not_on_offer(meant, offered))
    for path in _EXCHANGE_KEYS:
        wanted = value_in_force(layers, path)
        if isinstance(wanted, str) and wanted not in {*offered, *tables}:
            where = place_in_force(layers, path).value
            yield where.problem(dotted(path), _not_on_offer(wanted, {*offered, *tables}))


def _exchanges_of(layer: Layer) -> list[str]:
    section = layer.values.get("exchange")
    return [name for name in section if isinstance(name, str)] if isinstance(section, dict) else []


def _not_on_offer(name: str, offered: Iterable[str]) -> str:
    near = did_you_mean(name, offered)
    return f"names {name!r}, which no plugin offers" + (f", {near}" if near else "")


def _cost_problems(layers: Sequence[Layer], plugins: Plugins, role: str) -> Iterator[Problem]:
    table: KeyPath = ("backtest", role)
    name = value_in_force(layers, (*table, "model"))
    if not isinstance(name, str):
        return
    offered = plugins.cost_models()
    where, key = place_in_force(layers, (*table, "model")).value, dotted((*table, "model"))
    if name not in offered:
        yield where.problem(key, ", ".join(unoffered(offered, name)))
    elif role not in offered[name].spec.capabilities:
        yield where.problem(key, ", ".join(unfit(offered, name, role)))
    else:
        yield from _model_problems(layers, offered[name], table)


def _sender_problems(layers: Sequence[Layer], plugins: Plugins) -> Iterator[Problem]:
    senders = [name for layer in layers for name in _named_tables(layer, "notify")]
    for sender in dict.fromkeys(senders):
        table: KeyPath = ("notify", sender)
        name = value_in_force(layers, (*table, "notifier"))
        if not isinstance(name, str):
            continue  # missing or no text: the section's own model says so
        offered = plugins.notifiers()
        if name not in offered:
            where = place_in_force(layers, (*table, "notifier")).value
            yield where.problem(dotted((*table, "notifier")), ", ".join(unoffered(offered, name)))
        else:
            yield from _model_problems(layers, offered[name], table, SenderSection)


def _model_problems(
    layers: Sequence[Layer],
    provided: Provided[Any],
    table: KeyPath,
    section: type[BaseModel] = CostModelSection,
) -> Iterator[Problem]:
    """Hold the keys beside a component's name to the component's own settings.

    Args:
        layers: The settings as they were read.
        provided: The component.
        table: Where name and settings stand.
        section: The model of the table, whose own keys are not the component's.
    """
    try:
        model = provided.load_settings()
    except PluginError as error:
        where = place_in_force(layers, table).value
        yield where.problem(dotted(table), error.message)
        return
    beside = [_without(section.model_fields, layer, table) for layer in layers]
    yield from _validation(model or NoSettings, beside, table)


def _without(keys: Container[str], layer: Layer, table: KeyPath) -> Layer:
    section, role = map(str, table)
    outer = layer.values.get(section)
    inner = outer.get(role) if isinstance(outer, dict) else None
    if not isinstance(inner, dict):
        return layer
    own = {key: value for key, value in inner.items() if key not in keys}
    return replace(layer, values={section: {role: own}})


def _validation(
    model: type[BaseModel], layers: Sequence[Layer], prefix: KeyPath
) -> tuple[Problem, ...]:
    try:
        resolve(model, layers, prefix=prefix)
    except ConfigError as error:
        return error.problems
    return ()
