"""The strategy host: runs a strategy on the live engine, and wants things done by the executor."""

from __future__ import annotations

from tradectl_sdk.nodes.host.core import HostCore
from tradectl_sdk.nodes.host.setup import HostSetup

__all__ = ["HostCore", "HostSetup"]
