"""Completion of executors: the one that is always there, and those that plugins offer."""

from __future__ import annotations


def executors(incomplete: str) -> list[tuple[str, str]]:
    """Complete the name of an executor."""
    from tradectl_sdk.config import discover_settings
    from tradectl_sdk.plugins import Plugins

    disabled = discover_settings().settings.plugins.disabled
    found = Plugins.discover(disabled=disabled).load().executors()
    words = [("local", "Processes of this machine")]
    words += [(name, each.spec.summary) for name, each in found.items()]
    return [(name, summary) for name, summary in words if name.startswith(incomplete)]
