"""Everything a strategy is tried for before it is believed: ``tradectl strategy check``."""

from __future__ import annotations

from tradectl_sdk.pipelines.checking.check import CHECKS, StrategyCheck, check_strategy

__all__ = ["CHECKS", "StrategyCheck", "check_strategy"]
