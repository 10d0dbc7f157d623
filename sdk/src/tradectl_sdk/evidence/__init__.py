"""Statistics that say when to stop believing a backtest: functions of arrays, nothing else.

Whatever draws at random takes a seed and gives the same numbers for it again. No function skips a
missing value: NaN and infinities are refused with a UsageError or, in scalars, give NaN.

Names are imported on use: a metric needs one of these modules only.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradectl_sdk.evidence.bar_noise import noised_prices
    from tradectl_sdk.evidence.bootstrap import block_length, bootstrap_statistic
    from tradectl_sdk.evidence.entries import EntryEvidence, entry_evidence
    from tradectl_sdk.evidence.overfitting import Overfitting, backtest_overfitting
    from tradectl_sdk.evidence.reordering import Paths, return_paths, trade_paths
    from tradectl_sdk.evidence.sharpe import (
        deflated_sharpe,
        expected_maximum,
        minimum_backtest_length,
        minimum_track_record,
        probabilistic_sharpe,
        sharpe_standard_error,
    )
    from tradectl_sdk.evidence.sharpe_tests import SharpeTest, planned_false_discovery
    from tradectl_sdk.evidence.snooping import Snooping, data_snooping

_HOMES = {
    "EntryEvidence": "entries",
    "Overfitting": "overfitting",
    "Paths": "reordering",
    "SharpeTest": "sharpe_tests",
    "Snooping": "snooping",
    "backtest_overfitting": "overfitting",
    "block_length": "bootstrap",
    "bootstrap_statistic": "bootstrap",
    "data_snooping": "snooping",
    "deflated_sharpe": "sharpe",
    "entry_evidence": "entries",
    "expected_maximum": "sharpe",
    "minimum_backtest_length": "sharpe",
    "minimum_track_record": "sharpe",
    "noised_prices": "bar_noise",
    "planned_false_discovery": "sharpe_tests",
    "probabilistic_sharpe": "sharpe",
    "return_paths": "reordering",
    "sharpe_standard_error": "sharpe",
    "trade_paths": "reordering",
}

__all__ = [
    "EntryEvidence",
    "Overfitting",
    "Paths",
    "SharpeTest",
    "Snooping",
    "backtest_overfitting",
    "block_length",
    "bootstrap_statistic",
    "data_snooping",
    "deflated_sharpe",
    "entry_evidence",
    "expected_maximum",
    "minimum_backtest_length",
    "minimum_track_record",
    "noised_prices",
    "planned_false_discovery",
    "probabilistic_sharpe",
    "return_paths",
    "sharpe_standard_error",
    "trade_paths",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    globals()[name] = value = getattr(module, name)
    return value
