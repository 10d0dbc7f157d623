"""Forecasting rows so that each comes out the same, whether it is alone or one of thousands.

Sums are rounded in an order that depends on how many rows a library is given, and on the place of a
row among them: a linear model asked for one row and for two hundred agrees to fifteen digits, and
not to the last bit. So a model is always asked for the same number of rows, and a row of a fold
always stands at the same place among them. What is not known yet, or not at all, is filled up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

BLOCK = 64  # rows a model is asked for at once; fewer would be slow, more would be slow bar by bar


def forecast_rows(
    predict: Callable[[FloatArray], FloatArray],
    rows: FloatArray,
    usable: NDArray[np.bool_],
    place: int,
) -> FloatArray:
    """Forecast rows that follow each other in a fold.

    Args:
        predict: Forecasts as many rows as it is given.
        rows: Features, shape (n, columns).
        usable: Which of them have all their numbers, shape (n,).
        place: Position of the first of them in its fold.

    Returns:
        Shape (n,), NaN where a row is not usable.
    """
    found = np.full(len(rows), np.nan)
    start = 0
    while start < len(rows):
        offset = (place + start) % BLOCK
        stop = min(len(rows), start + BLOCK - offset)
        wanted = np.flatnonzero(usable[start:stop])
        if len(wanted):
            block = np.repeat(rows[start + wanted[:1]], BLOCK, axis=0)
            block[offset + wanted] = rows[start + wanted]
            found[start + wanted] = predict(block)[offset + wanted]
        start = stop
    return found
