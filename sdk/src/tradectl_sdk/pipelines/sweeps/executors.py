"""Executors by name: the one that is always there, and those that plugins offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.errors import NotFoundError, PluginError, did_you_mean
from tradectl_sdk.pipelines.components import loaded, own_settings
from tradectl_sdk.pipelines.sweeps.local import Local
from tradectl_sdk.research.executing import Executor

if TYPE_CHECKING:
    from tradectl_sdk.config.settings import Settings
    from tradectl_sdk.plugins import Plugins

LOCAL = "local"


def find_executor(name: str, settings: Settings, plugins: Plugins | None = None) -> Executor:
    """Make the executor of a name.

    Args:
        name: ``local``, or what a plugin offers.
        settings: Where the plugin's own table is.
        plugins: Installed plugins, if they are loaded already.

    Raises:
        NotFoundError: If no plugin offers it.
        ConfigError: If the plugin's own settings are wrong.
        PluginError: If it cannot be loaded, or is no executor.
    """
    if name == LOCAL:
        return Local()
    offered = loaded(plugins).executors()
    if name not in offered:
        known = ", ".join([LOCAL, *offered])
        raise NotFoundError(
            f"there is no executor {name!r}; there is {known}",
            hint=did_you_mean(name, [LOCAL, *offered])
            or "tradectl plugin list shows what is loaded",
        )
    found = offered[name]
    model, factory, owner = found.load_settings(), found.load(), found.plugin.name
    table = settings.plugins.section(owner)
    made = factory(own_settings(model, table, ("plugins", owner)) if model is not None else None)
    if not isinstance(made, Executor):
        raise PluginError(
            f"executor {name!r} ({found.source}) made a {type(made).__name__}, expected an Executor"
        )
    return made
