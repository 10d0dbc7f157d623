"""A task by itself, for those who write or test executors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.engine import Mode
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.planning import parameter_values
from tradectl_sdk.pipelines.series import Window, load_series
from tradectl_sdk.pipelines.sweeps.trial import Trials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tradectl_sdk.data import Bars
    from tradectl_sdk.strategy import ParameterValue, Strategy


def task_over(
    strategy: str | type[Strategy],
    bars: Bars,
    points: Sequence[Mapping[str, ParameterValue]],
    metrics: Sequence[str],
    *,
    parameters: Mapping[str, object],
    signals: Mapping[str, NDArray[np.float64]] | None = None,
    mode: str = "auto",
) -> Trials:
    """Return a task with default settings that hashes the orders of its trials.

    Args:
        strategy: As for a backtest.
        bars: What it runs over.
        points: The parameters of each trial.
        metrics: What is computed of each.
        parameters: Those that all trials share.
        signals: Prepared columns by name, one value beside each bar.
        mode: As for a backtest.

    Raises:
        UsageError: If a parameter is unknown or out of bounds.
    """
    found = find_strategy(strategy)
    fixed = parameter_values(found, parameters)
    job = prepare(
        found,
        fixed,
        (load_series(bars, str(bars.timeframe), Window(), Path()),),
        Settings(),
        signals={name: (values,) for name, values in (signals or {}).items()},
        warmup=0,
        trials=len(points),
        plugins=None,
    )
    return Trials(job, fixed, points, metrics, mode=Mode(mode), hashes=True)
