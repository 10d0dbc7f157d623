"""Whether the models of a run looked into the future: their signals are made again without it.

The fit of the last block before a cut is made again, from features of the bars up to the cut. That
finds features that know later bars, and whatever a model kept of bars it had no business to learn
from. Which rows a fit may learn from is not the model's to decide.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.models import walk_forward

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.pipelines.modelling import SignalModel
    from tradectl_sdk.pipelines.series import LoadedSeries

    FloatArray = NDArray[np.float64]

CUTS = 3  # fits are dear, and each cut costs one
# Sums over a shorter matrix may be taken in another order: forecasts agree to this share of the
# largest one around them.
SAME = 1e-9


def made_with_the_future(
    models: Sequence[SignalModel],
    signals: Mapping[str, Sequence[FloatArray]],
    series: Sequence[LoadedSeries],
    moments: Sequence[int],
) -> str:
    """Say which signal is another one where later bars are missing; empty if none is.

    Args:
        models: What made signals.
        signals: What they made, per series.
        series: What they saw.
        moments: When to cut, in nanoseconds; a few of them are taken, and for each series one
            more, after its first forecast.
    """
    for model in models:
        for values, one in zip(signals[model.signal], series, strict=True):
            for rows in _cuts(model, one, moments):
                row = first_other(model, one, values, rows)
                if row is not None:
                    return _words(model, one, row, rows)
    return ""


def first_other(
    model: SignalModel, series: LoadedSeries, values: FloatArray, rows: int
) -> int | None:
    """The first bar whose forecast differs when only ``rows`` bars are there; None if none does."""
    fresh = model.fresh()
    last = list(fresh.schedule.folds(rows))[-1:]
    if not last:
        return None
    again = walk_forward(fresh, series.bars.rows(0, rows), folds=last).values
    part = slice(last[0].start, rows)
    other = np.flatnonzero(~_alike(again[part], values[part]))
    return last[0].start + int(other[0]) if len(other) else None


def _alike(again: FloatArray, before: FloatArray) -> NDArray[np.bool_]:
    """Which forecasts are equal but for rounding; none equals none."""
    scale = float(np.max(np.abs(before), where=np.isfinite(before), initial=0.0))
    alike: NDArray[np.bool_] = np.isclose(again, before, rtol=0, atol=SAME * scale, equal_nan=True)
    return alike


def _cuts(model: SignalModel, series: LoadedSeries, moments: Sequence[int]) -> list[int]:
    """Numbers of bars to leave, of which the last has a forecast."""
    first, bars = model.first_forecast(), len(series.bars)
    wanted = np.searchsorted(series.bars.close_time, moments, side="right")
    found = sorted({int(rows) for rows in wanted if first < rows < bars})[-CUTS:]
    if first + 1 < bars:
        draw = random.Random(bars)  # noqa: S311 - a place to cut, no secret
        found.append(draw.randrange(first + 1, bars))
    return found


def _words(model: SignalModel, series: LoadedSeries, row: int, rows: int) -> str:
    times = series.bars.close_time
    moment, cut = (
        np.datetime_as_string(times[each].astype("M8[ns]"), unit="s") for each in (row, rows - 1)
    )
    return (
        f"without the bars after {cut}Z, model {model.name} makes another {model.signal} "
        f"at {moment}Z"
    )
