"""The engine: scheduler, simulated venue, account and risk gate.

Deterministic: the same data, configuration and seed give the same bytes, interpreted or compiled.
Knows nothing of plugins, disk, network or wall clock.

A :class:`~tradectl_sdk.engine.build.Plan` says what to run, :func:`~tradectl_sdk.engine.run.run`
runs it and returns an :class:`~tradectl_sdk.engine.run.Outcome`.
"""

from __future__ import annotations

from tradectl_sdk.engine.account import Account
from tradectl_sdk.engine.bars import Bar, Columns, Series, Signal
from tradectl_sdk.engine.build import Plan
from tradectl_sdk.engine.context import Context, Fill, OrderUpdate
from tradectl_sdk.engine.costs import (
    BasisPoints,
    FeeModel,
    PerOrder,
    PerUnit,
    ShareOfValue,
    SlippageModel,
    VolumeShare,
)
from tradectl_sdk.engine.gate import ApprovedOrder, OrderRequest, Rule
from tradectl_sdk.engine.market import Market
from tradectl_sdk.engine.reasons import CloseReason, DenyReason, FillReason
from tradectl_sdk.engine.run import Mode, Outcome, run
from tradectl_sdk.engine.settings import Assumptions, BarPath, LimitFill, MarketFill

__all__ = [
    "Account",
    "ApprovedOrder",
    "Assumptions",
    "Bar",
    "BarPath",
    "BasisPoints",
    "CloseReason",
    "Columns",
    "Context",
    "DenyReason",
    "FeeModel",
    "Fill",
    "FillReason",
    "LimitFill",
    "Market",
    "MarketFill",
    "Mode",
    "OrderRequest",
    "OrderUpdate",
    "Outcome",
    "PerOrder",
    "PerUnit",
    "Plan",
    "Rule",
    "Series",
    "ShareOfValue",
    "Signal",
    "SlippageModel",
    "VolumeShare",
    "run",
]
