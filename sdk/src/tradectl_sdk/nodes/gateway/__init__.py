"""The gateway: the only node that holds keys and talks to an exchange."""

from __future__ import annotations

from tradectl_sdk.nodes.gateway.core import GatewayCore
from tradectl_sdk.nodes.gateway.inputs import Call, GatewayRules, Note, Opened, Performed, Wake
from tradectl_sdk.nodes.gateway.performing import perform
from tradectl_sdk.nodes.gateway.shell import Gateway

__all__ = [
    "Call",
    "Gateway",
    "GatewayCore",
    "GatewayRules",
    "Note",
    "Opened",
    "Performed",
    "Wake",
    "perform",
]
