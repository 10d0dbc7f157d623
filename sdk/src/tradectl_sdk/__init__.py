"""tradectl's SDK: the engine, the plugin host and the building blocks around them.

Everything a bot or a plugin needs is importable from here and imported on use, so that
``import tradectl_sdk`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradectl_sdk.config import Settings
    from tradectl_sdk.data import Bars, Catalog
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.domain.timeframe import Timeframe
    from tradectl_sdk.engine import Assumptions
    from tradectl_sdk.errors import TradectlError
    from tradectl_sdk.pipelines.backtest import BacktestResult, backtest
    from tradectl_sdk.pipelines.checking import StrategyCheck, check_strategy
    from tradectl_sdk.pipelines.live_session import live_session, preflight
    from tradectl_sdk.pipelines.montecarlo import MonteCarlo, montecarlo
    from tradectl_sdk.pipelines.optimizing import OptimizeResult, optimize
    from tradectl_sdk.pipelines.overfitting import SweepOverfitting, overfitting
    from tradectl_sdk.pipelines.reporting import (
        ReportFiles,
        SweepFiles,
        WalkFiles,
        write_report,
        write_sweep_report,
        write_walk_report,
    )
    from tradectl_sdk.pipelines.session import (
        Session,
        SessionResult,
        paper_session,
        resume_session,
    )
    from tradectl_sdk.pipelines.significance import Significance, significance
    from tradectl_sdk.pipelines.sweeps import SweepResult, sweep
    from tradectl_sdk.pipelines.walkforward import walkforward
    from tradectl_sdk.research import SweepStore, WalkForward, WalkStore
    from tradectl_sdk.runs import RunStore
    from tradectl_sdk.strategy import Strategy, param

__version__ = "0.1.0"

# Public name -> module it lives in. Sorted; tests hold this table, __all__ and the imports for
# type checkers above to one another.
_HOMES = {
    "Assumptions": "tradectl_sdk.engine",
    "BacktestResult": "tradectl_sdk.pipelines.backtest",
    "Bars": "tradectl_sdk.data",
    "Catalog": "tradectl_sdk.data",
    "Instrument": "tradectl_sdk.domain.instrument",
    "MonteCarlo": "tradectl_sdk.pipelines.montecarlo",
    "OptimizeResult": "tradectl_sdk.pipelines.optimizing",
    "ReportFiles": "tradectl_sdk.pipelines.reporting",
    "RunStore": "tradectl_sdk.runs",
    "Session": "tradectl_sdk.pipelines.session",
    "SessionResult": "tradectl_sdk.pipelines.session",
    "Settings": "tradectl_sdk.config",
    "Significance": "tradectl_sdk.pipelines.significance",
    "Strategy": "tradectl_sdk.strategy",
    "StrategyCheck": "tradectl_sdk.pipelines.checking",
    "SweepFiles": "tradectl_sdk.pipelines.reporting",
    "SweepOverfitting": "tradectl_sdk.pipelines.overfitting",
    "SweepResult": "tradectl_sdk.pipelines.sweeps",
    "SweepStore": "tradectl_sdk.research",
    "Timeframe": "tradectl_sdk.domain.timeframe",
    "TradectlError": "tradectl_sdk.errors",
    "WalkFiles": "tradectl_sdk.pipelines.reporting",
    "WalkForward": "tradectl_sdk.research",
    "WalkStore": "tradectl_sdk.research",
    "backtest": "tradectl_sdk.pipelines.backtest",
    "check_strategy": "tradectl_sdk.pipelines.checking",
    "live_session": "tradectl_sdk.pipelines.live_session",
    "montecarlo": "tradectl_sdk.pipelines.montecarlo",
    "optimize": "tradectl_sdk.pipelines.optimizing",
    "overfitting": "tradectl_sdk.pipelines.overfitting",
    "paper_session": "tradectl_sdk.pipelines.session",
    "param": "tradectl_sdk.strategy",
    "preflight": "tradectl_sdk.pipelines.live_session",
    "resume_session": "tradectl_sdk.pipelines.session",
    "significance": "tradectl_sdk.pipelines.significance",
    "sweep": "tradectl_sdk.pipelines.sweeps",
    "walkforward": "tradectl_sdk.pipelines.walkforward",
    "write_report": "tradectl_sdk.pipelines.reporting",
    "write_sweep_report": "tradectl_sdk.pipelines.reporting",
    "write_walk_report": "tradectl_sdk.pipelines.reporting",
}

__all__ = [
    "Assumptions",
    "BacktestResult",
    "Bars",
    "Catalog",
    "Instrument",
    "MonteCarlo",
    "OptimizeResult",
    "ReportFiles",
    "RunStore",
    "Session",
    "SessionResult",
    "Settings",
    "Significance",
    "Strategy",
    "StrategyCheck",
    "SweepFiles",
    "SweepOverfitting",
    "SweepResult",
    "SweepStore",
    "Timeframe",
    "TradectlError",
    "WalkFiles",
    "WalkForward",
    "WalkStore",
    "__version__",
    "backtest",
    "check_strategy",
    "live_session",
    "montecarlo",
    "optimize",
    "overfitting",
    "paper_session",
    "param",
    "preflight",
    "resume_session",
    "significance",
    "sweep",
    "walkforward",
    "write_report",
    "write_sweep_report",
    "write_walk_report",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names only."""
    return sorted(__all__)
