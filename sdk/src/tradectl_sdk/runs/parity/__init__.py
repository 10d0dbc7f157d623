"""A session beside the backtest of what it saw: every order matched, every difference explained."""

from __future__ import annotations

from tradectl_sdk.runs.parity.comparing import (
    CAUSE_WORDS,
    CAUSES,
    Circumstances,
    Difference,
    compare,
)
from tradectl_sdk.runs.parity.facts import Account, FillFact, OrderFact, facts_of
from tradectl_sdk.runs.parity.matching import decisions
from tradectl_sdk.runs.parity.report import PARITY_SCHEMA, Drift, ParityReport, Side

__all__ = [
    "CAUSES",
    "CAUSE_WORDS",
    "PARITY_SCHEMA",
    "Account",
    "Circumstances",
    "Difference",
    "Drift",
    "FillFact",
    "OrderFact",
    "ParityReport",
    "Side",
    "compare",
    "decisions",
    "facts_of",
]
