"""Columns prepared before a run: given as values, or as the function that makes them of bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tradectl_sdk.data import Bars
from tradectl_sdk.errors import StrategyError, UsageError

if TYPE_CHECKING:
    from tradectl_sdk.pipelines.series import LoadedSeries

ColumnMaker = Callable[[Bars], NDArray[np.float64]]
Signals = NDArray[np.float64] | Sequence[NDArray[np.float64]] | ColumnMaker


def make_signals(
    signals: Mapping[str, Signals], series: Sequence[LoadedSeries]
) -> tuple[dict[str, Sequence[NDArray[np.float64]]], dict[str, ColumnMaker]]:
    """Return the columns by name, one array per series, and what makes those that were functions.

    Args:
        signals: By name: one array per series, the array itself where there is one series, or a
            function from the bars of a series to its array.
        series: The run's series.

    Raises:
        StrategyError: If a function raises.
        UsageError: If there is not one column of numbers for each series.
    """
    makers = {name: each for name, each in signals.items() if callable(each)}
    made = {
        name: tuple(make_column(name, makers[name], one.bars) for one in series)
        if name in makers
        else _per_series(name, each, len(series))
        for name, each in signals.items()
    }
    return made, makers


def make_column(name: str, maker: ColumnMaker, bars: Bars) -> NDArray[np.float64]:
    """The values that a function makes of bars, as the engine wants them.

    Raises:
        StrategyError: If the function raises, or what it makes are no numbers.
    """
    try:
        return np.ascontiguousarray(maker(bars), np.float64)
    except Exception as error:
        raise StrategyError(
            f"the column {name} could not be made of {len(bars):,} bars: "
            f"{type(error).__name__}: {error}",
            hint="the function is given the bars of a series, and returns a value for each",
        ) from error


def _per_series(name: str, signal: object, count: int) -> Sequence[NDArray[np.float64]]:
    columns = [signal] if isinstance(signal, np.ndarray) and signal.ndim == 1 else signal
    try:
        found = tuple(np.ascontiguousarray(one, np.float64) for one in columns)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        found = ()
    if len(found) != count or any(one.ndim != 1 for one in found):
        raise UsageError(
            f"signal {name!r} was no column of numbers for each of {count} series",
            hint="give one array with a value per bar for each series, or the function of bars",
        )
    return found
