"""Columns prepared before a run: given as values, or as the function that makes them of bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tradectl_sdk.data import Bars

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
    """
    makers = {name: each for name, each in signals.items() if callable(each)}
    made = {
        name: tuple(make_column(makers[name], one.bars) for one in series)
        if name in makers
        else _per_series(each)
        for name, each in signals.items()
    }
    return made, makers


def make_column(maker: ColumnMaker, bars: Bars) -> NDArray[np.float64]:
    """The values that a function makes of bars, as the engine wants them."""
    return np.ascontiguousarray(maker(bars), np.float64)


def _per_series(signal: Signals) -> Sequence[NDArray[np.float64]]:
    if isinstance(signal, np.ndarray):
        return (signal,) if signal.ndim == 1 else tuple(signal)
    return signal  # type: ignore[return-value]  # functions were taken out before
