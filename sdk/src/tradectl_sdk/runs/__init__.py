"""What a run left behind: its records, metrics, identity and comparison with other runs.

Names are imported on use, so that listing runs does not wait for NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradectl_sdk.runs.comparison import RunDifference, compare_runs
    from tradectl_sdk.runs.explaining import explain_fill
    from tradectl_sdk.runs.identity import canonical_json, run_identity
    from tradectl_sdk.runs.manifest import RunSummary
    from tradectl_sdk.runs.metrics.drawdown import find_drawdowns
    from tradectl_sdk.runs.order_list import order_list_hash
    from tradectl_sdk.runs.record import RunRecord
    from tradectl_sdk.runs.rendering import backtest_to_json, run_to_json
    from tradectl_sdk.runs.store import RunStore
    from tradectl_sdk.runs.trades import TRADE_DTYPE, closed_trades, extract_trades

_HOMES = {
    "TRADE_DTYPE": "trades",
    "RunDifference": "comparison",
    "RunRecord": "record",
    "RunStore": "store",
    "RunSummary": "manifest",
    "backtest_to_json": "rendering",
    "canonical_json": "identity",
    "closed_trades": "trades",
    "compare_runs": "comparison",
    "explain_fill": "explaining",
    "extract_trades": "trades",
    "find_drawdowns": "metrics.drawdown",
    "order_list_hash": "order_list",
    "run_identity": "identity",
    "run_to_json": "rendering",
}

__all__ = [
    "TRADE_DTYPE",
    "RunDifference",
    "RunRecord",
    "RunStore",
    "RunSummary",
    "backtest_to_json",
    "canonical_json",
    "closed_trades",
    "compare_runs",
    "explain_fill",
    "extract_trades",
    "find_drawdowns",
    "order_list_hash",
    "run_identity",
    "run_to_json",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    globals()[name] = value = getattr(module, name)
    return value
