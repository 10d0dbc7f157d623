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
    from tradectl_sdk.evidence.entries import EntryEvidence, entry_evidence, joint_entry_evidence
    from tradectl_sdk.evidence.labels import (
        average_uniqueness,
        bet_size,
        draw_probabilities,
        fractional_weights,
        noise_eigenvalues,
        sequential_bootstrap,
    )
    from tradectl_sdk.evidence.overfitting import Overfitting, backtest_overfitting
    from tradectl_sdk.evidence.p_values import resampled_p_value
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
    from tradectl_sdk.evidence.splits import Split, combinatorial_splits, path_count

_HOMES = {
    "EntryEvidence": "entries",
    "Overfitting": "overfitting",
    "Paths": "reordering",
    "SharpeTest": "sharpe_tests",
    "Snooping": "snooping",
    "Split": "splits",
    "average_uniqueness": "labels",
    "backtest_overfitting": "overfitting",
    "bet_size": "labels",
    "block_length": "bootstrap",
    "bootstrap_statistic": "bootstrap",
    "combinatorial_splits": "splits",
    "data_snooping": "snooping",
    "deflated_sharpe": "sharpe",
    "draw_probabilities": "labels",
    "entry_evidence": "entries",
    "expected_maximum": "sharpe",
    "fractional_weights": "labels",
    "joint_entry_evidence": "entries",
    "minimum_backtest_length": "sharpe",
    "minimum_track_record": "sharpe",
    "noise_eigenvalues": "labels",
    "noised_prices": "bar_noise",
    "path_count": "splits",
    "planned_false_discovery": "sharpe_tests",
    "probabilistic_sharpe": "sharpe",
    "resampled_p_value": "p_values",
    "return_paths": "reordering",
    "sequential_bootstrap": "labels",
    "sharpe_standard_error": "sharpe",
    "trade_paths": "reordering",
}

__all__ = [
    "EntryEvidence",
    "Overfitting",
    "Paths",
    "SharpeTest",
    "Snooping",
    "Split",
    "average_uniqueness",
    "backtest_overfitting",
    "bet_size",
    "block_length",
    "bootstrap_statistic",
    "combinatorial_splits",
    "data_snooping",
    "deflated_sharpe",
    "draw_probabilities",
    "entry_evidence",
    "expected_maximum",
    "fractional_weights",
    "joint_entry_evidence",
    "minimum_backtest_length",
    "minimum_track_record",
    "noise_eigenvalues",
    "noised_prices",
    "path_count",
    "planned_false_discovery",
    "probabilistic_sharpe",
    "resampled_p_value",
    "return_paths",
    "sequential_bootstrap",
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
