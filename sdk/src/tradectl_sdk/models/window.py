"""Features of the last bars alone, for models whose rows look back no farther."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data.bars import COLUMNS
from tradectl_sdk.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tradectl_sdk.data import Bars
    from tradectl_sdk.models.model import Model

    FloatArray = NDArray[np.float64]


class Window:
    """Asks a model for the features of the bars that follow and of those they look back on.

    Args:
        model: Whose features they are.
        memory: Bars that a row is made of at most, its own included.

    Raises:
        ModelError: If a row is made of no bar.
    """

    def __init__(self, model: Model, memory: int) -> None:
        if memory < 1:
            raise ModelError(f"{type(model).__name__}: memory was {memory}, expected at least 1")
        self._model, self._memory = model, memory
        self._held: Bars | None = None

    def add(self, bars: Bars) -> FloatArray:
        """Take in the bars that follow, and return a row for each.

        Raises:
            ModelError: If the last row is another when it is made of its own bars alone.
        """
        bars = bars if self._held is None else _joined(self._held, bars)
        new = len(bars) - (0 if self._held is None else len(self._held))
        whole = self._model.features(bars).values
        start = max(len(bars) - self._memory, 0)
        if start and new > 1:  # it is made of what it is made of when bars come one by one
            self._compare(whole, self._model.features(bars.rows(start, len(bars))).values)
        self._held = bars.rows(max(len(bars) - self._memory + 1, 0), len(bars))
        return whole[len(bars) - new :]

    def _compare(self, whole: FloatArray, alone: FloatArray) -> None:
        if whole[-1].tobytes() != alone[-1].tobytes():
            raise ModelError(
                f"{type(self._model).__name__}: the features of a bar were others when made of "
                f"the last {self._memory:,} bars than of all, expected memory to be enough",
                hint="raise memory; sums that run over all bars need stream instead",
            )


def _joined(first: Bars, second: Bars) -> Bars:
    columns = {
        name: np.concatenate((getattr(first, name), getattr(second, name))) for name in COLUMNS
    }
    return type(first)(instrument=first.instrument, timeframe=first.timeframe, **columns)
