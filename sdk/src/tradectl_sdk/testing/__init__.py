"""Conformance checks for plugin authors.

The whole test file of a plugin::

    from tradectl_sdk.testing import parametrize, plugin_checks


    @parametrize(plugin_checks("acme"))
    def test_conforms(check):
        check()

Without pytest: ``check_plugin("acme")`` returns a report, ``tradectl plugin check acme`` prints it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sdk.testing.checks import (
    Check,
    CheckFailedError,
    CheckResult,
    CheckSkippedError,
    Outcome,
    Suite,
    require,
    run_checks,
)
from tradectl_sdk.testing.conformance import (
    PluginReport,
    check_plugin,
    data_source_checks,
    exchange_checks,
    executor_checks,
    model_checks,
    plugin_checks,
    report_section_checks,
    risk_rule_checks,
    strategy_checks,
)
from tradectl_sdk.testing.exchange_stage import ExchangeStage, Fault
from tradectl_sdk.testing.memory_stage import MemoryStage
from tradectl_sdk.testing.memory_venue import ConnectionCutError, MemoryVenue
from tradectl_sdk.testing.tcp_proxy import TcpProxy, Weather

if TYPE_CHECKING:
    from tradectl_sdk.testing.pytest_support import parametrize

__all__ = [
    "Check",
    "CheckFailedError",
    "CheckResult",
    "CheckSkippedError",
    "ConnectionCutError",
    "ExchangeStage",
    "Fault",
    "MemoryStage",
    "MemoryVenue",
    "Outcome",
    "PluginReport",
    "Suite",
    "TcpProxy",
    "Weather",
    "check_plugin",
    "data_source_checks",
    "exchange_checks",
    "executor_checks",
    "model_checks",
    "parametrize",
    "plugin_checks",
    "report_section_checks",
    "require",
    "risk_rule_checks",
    "run_checks",
    "strategy_checks",
]


def __getattr__(name: str) -> Any:
    """Import what needs pytest on first use."""
    if name != "parametrize":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tradectl_sdk.testing.pytest_support import parametrize

    return parametrize
