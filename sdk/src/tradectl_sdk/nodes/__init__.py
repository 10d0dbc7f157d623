"""The nodes of a session: gateway, executor and strategy host, each a core and a thin shell."""

from __future__ import annotations

from tradectl_sdk.nodes.effects import Effects

__all__ = ["Effects"]
