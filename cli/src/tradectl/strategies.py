"""Strategies and models by the name a person types, and their completion."""

from __future__ import annotations

from typing import Any


def may_need_plugins(name: str) -> bool:
    """Say whether a strategy is looked up among the plugins, not read from a file."""
    return not name.partition(":")[0].endswith(".py")


def installed(incomplete: str) -> list[tuple[str, str]]:
    """Complete the name of a strategy that a plugin offers; files are the shell's to complete."""
    from tradectl_sdk.config import discover_settings
    from tradectl_sdk.plugins import Plugins

    disabled = discover_settings().settings.plugins.disabled
    found = Plugins.discover(disabled=disabled).load().strategies()
    return [
        (name, each.spec.summary) for name, each in found.items() if name.startswith(incomplete)
    ]


def parameters(ctx: Any, incomplete: str) -> list[tuple[str, str]]:
    """Complete ``--set`` with the parameters of the strategy that stands on the line."""
    from tradectl_sdk.pipelines.finding import find_strategy

    declared = find_strategy(ctx.params["strategy"]).cls.parameters()
    words = [(f"{each.name}=", each.doc) for each in declared.values()]
    return [(word, doc) for word, doc in words if word.startswith(incomplete)]


def models(incomplete: str) -> list[tuple[str, str]]:
    """Complete ``--model`` with the models that plugins offer, after a signal's name too."""
    from tradectl_sdk.config import discover_settings
    from tradectl_sdk.plugins import Plugins

    signal, equals, start = incomplete.rpartition("=")
    disabled = discover_settings().settings.plugins.disabled
    found = Plugins.discover(disabled=disabled).load().models()
    return [
        (f"{signal}{equals}{name}", each.spec.summary)
        for name, each in found.items()
        if name.startswith(start)
    ]


def assumptions(incomplete: str) -> list[tuple[str, str]]:
    """Complete ``--assume`` with the settings of ``[backtest]``."""
    from tradectl_sdk.config import describe_settings

    prefix = "backtest."
    words = [
        (f"{row.key.removeprefix(prefix)}=", row.description)
        for row in describe_settings()
        if row.key.startswith(prefix)
    ]
    return [(word, doc) for word, doc in words if word.startswith(incomplete)]
