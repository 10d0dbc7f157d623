"""The plugin host: finds installed plugins, gates them, loads them and collects what they offer.

Imported on use (PEP 562): listing commands needs no hook machinery.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradectl_sdk.plugins.collection import Provided
    from tradectl_sdk.plugins.commands import PluginCommand, PluginCommands, discover_commands
    from tradectl_sdk.plugins.discovery import API_VERSION, COMMAND_GROUP, GROUP, Policy
    from tradectl_sdk.plugins.host import Plugins
    from tradectl_sdk.plugins.names import normalise_name
    from tradectl_sdk.plugins.records import Phase, PluginFailure, PluginInfo, Status

_HOMES = {
    "API_VERSION": "discovery",
    "COMMAND_GROUP": "discovery",
    "GROUP": "discovery",
    "Phase": "records",
    "PluginCommand": "commands",
    "PluginCommands": "commands",
    "PluginFailure": "records",
    "PluginInfo": "records",
    "Plugins": "host",
    "Policy": "discovery",
    "Provided": "collection",
    "Status": "records",
    "discover_commands": "commands",
    "normalise_name": "names",
}

__all__ = [
    "API_VERSION",
    "COMMAND_GROUP",
    "GROUP",
    "Phase",
    "PluginCommand",
    "PluginCommands",
    "PluginFailure",
    "PluginInfo",
    "Plugins",
    "Policy",
    "Provided",
    "Status",
    "discover_commands",
    "normalise_name",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names only."""
    return sorted(__all__)
