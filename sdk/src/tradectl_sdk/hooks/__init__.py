"""What plugin authors import: the hook specifications, their records and the markers."""

from __future__ import annotations

from tradectl_sdk.hooks.hookspecs import HOOKS, Hooks, HookSet, hookimpl, hookspec
from tradectl_sdk.hooks.specs import (
    CostModelSpec,
    DataSourceSpec,
    ExchangeSpec,
    ExecutorSpec,
    ModelSpec,
    NotifierSpec,
    ReportSectionSpec,
    RiskRuleSpec,
    Spec,
    StrategySpec,
)

__all__ = [
    "HOOKS",
    "CostModelSpec",
    "DataSourceSpec",
    "ExchangeSpec",
    "ExecutorSpec",
    "HookSet",
    "Hooks",
    "ModelSpec",
    "NotifierSpec",
    "ReportSectionSpec",
    "RiskRuleSpec",
    "Spec",
    "StrategySpec",
    "hookimpl",
    "hookspec",
]
