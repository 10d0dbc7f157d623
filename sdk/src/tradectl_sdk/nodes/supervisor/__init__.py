"""The supervisor: starts the nodes of a session, keeps them alive, and stops them in order."""

from __future__ import annotations

from tradectl_sdk.nodes.supervisor.core import (
    Abandoned,
    Ended,
    Halt,
    Kill,
    Launch,
    Launched,
    RestartRules,
    StopAsked,
    SupervisorCore,
    Terminate,
    Waited,
)
from tradectl_sdk.nodes.supervisor.launching import Launcher, NodeHandle
from tradectl_sdk.nodes.supervisor.shell import Supervisor

__all__ = [
    "Abandoned",
    "Ended",
    "Halt",
    "Kill",
    "Launch",
    "Launched",
    "Launcher",
    "NodeHandle",
    "RestartRules",
    "StopAsked",
    "Supervisor",
    "SupervisorCore",
    "Terminate",
    "Waited",
]
