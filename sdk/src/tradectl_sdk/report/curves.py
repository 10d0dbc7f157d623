"""Curves and tables derived from an equity curve for showing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tradectl_sdk.runs.metrics.growth import simple_returns
from tradectl_sdk.runs.metrics.periods import (
    infer_frequency,
    last_of_each,
    last_of_each_day,
    months,
)

if TYPE_CHECKING:
    from tradectl_sdk.runs.metrics.drawdown import Integers
    from tradectl_sdk.runs.metrics.moments import Floats
    from tradectl_sdk.runs.record import RunRecord

WINDOW = 126  # daily returns of a rolling metric: half a year of trading days
_LEAST = 20  # below this a rolling metric shows noise only


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rolling:
    """Metrics over a window that moves along.

    Attributes:
        window: Returns in the window.
        time: UTC nanoseconds of each window's end, shape (k,).
        sharpe: Sharpe ratio, a year, shape (k,); NaN where nothing moved.
        volatility: Standard deviation (ddof 1), a year, shape (k,).
    """

    window: int
    time: Integers
    sharpe: Floats
    volatility: Floats


def drawdown(levels: Floats, initial: float) -> Floats:
    """Fraction below the highest level so far, zero or negative, shape (n,)."""
    peak = np.maximum.accumulate(np.maximum(levels, initial))
    fallen: Floats = levels / peak - 1.0
    return fallen


def rolling(record: RunRecord) -> Rolling | None:
    """Rolling metrics of daily returns; None when the run is too short for a window."""
    session_close = record.instruments[0].session_close
    ends, days = last_of_each_day(record.time, session_close)
    frequency = infer_frequency(days)
    levels = np.concatenate(([_initial(record)], record.equity[ends]))
    window = min(WINDOW, ends.size // 4)
    if frequency is None or window < _LEAST or not (levels > 0).all():
        return None
    returns = simple_returns(levels)
    parts = sliding_window_view(returns, window)
    spread = parts.std(axis=1, ddof=1)
    root = math.sqrt(frequency.periods_per_year)
    # Returns that are all the same leave rounding errors instead of zero.
    moves = np.where(spread > 1e-15, spread, np.nan)
    return Rolling(
        window=window,
        time=record.time[ends[window - 1 :]],
        sharpe=parts.mean(axis=1) / moves * root,
        volatility=spread * root,
    )


def monthly_returns(record: RunRecord) -> dict[int, dict[int, float]]:
    """Returns by year and month (1 to 12), the first and the last one as far as they go."""
    ends, days = last_of_each_day(record.time, record.instruments[0].session_close)
    numbers = months(days)
    kept = last_of_each(numbers)
    levels = np.concatenate(([_initial(record)], record.equity[ends[kept]]))
    found: dict[int, dict[int, float]] = {}
    for number, before, after in zip(numbers[kept].tolist(), levels, levels[1:], strict=False):
        year, month = divmod(int(number), 12)
        share = float(after / before) - 1.0 if before > 0 else math.nan
        found.setdefault(1970 + year, {})[month + 1] = share
    return found


def month_ends(time: Integers) -> Integers:
    """Indices of the last point of each calendar month in UTC."""
    return last_of_each(time.astype("M8[ns]").astype("M8[M]").astype(np.int64))


def _initial(record: RunRecord) -> float:
    from tradectl_sdk.domain.money import MONEY_UNITS

    initial: float = record.initial_equity / MONEY_UNITS
    return initial
