"""A model on its way through bars that come one at a time."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data import Bars
from tradectl_sdk.data.bars import COLUMNS
from tradectl_sdk.models.model import Features
from tradectl_sdk.models.walking import features_of, fit_fold, forecast_with, streamed

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.domain.timeframe import Timeframe
    from tradectl_sdk.models.model import Model, Predictor
    from tradectl_sdk.models.schedule import Fold

    FloatArray = NDArray[np.float64]

_ROOM = 1024  # bars there is room for at first
_KEEP = 8  # fits; the latest forecasts while those after it are made ahead


class Following:
    """Walks a model through bars as they come, to the very bits of :func:`.walk_forward`.

    A fit is made of the bars it learns from and nothing later, by a model of its own. So it may be
    made by any thread at any time from then on, before it is needed or in a later life, and is the
    same. :meth:`forecast` and :meth:`fit_ahead` may be called by two threads.

    Args:
        make: Makes a fresh model.
        instrument: Whose bars they are.
        timeframe: Length of a bar.
    """

    def __init__(
        self, make: Callable[[], Model], instrument: Instrument, timeframe: Timeframe
    ) -> None:
        self._make = make
        self._model = make()
        self._past = _Past(instrument, timeframe)
        self._stream = self._model.stream()
        self._rows: deque[FloatArray] = deque()  # of bars that were seen and not forecast
        self._fitted: dict[int, Predictor | None] = {}  # by where their fold starts
        self._fitting = Lock()

    def __len__(self) -> int:
        """Bars seen so far."""
        return self._past.count

    def see(self, bars: Bars) -> None:
        """Take in the bars that follow.

        Raises:
            ModelError: If the model raises, or does not give a row for each bar.
        """
        self._past.add(bars)
        if self._stream is not None and len(bars):
            self._rows.append(streamed(self._model, self._stream, bars))

    def forecast(self, since: int) -> FloatArray:
        """Return the forecasts of the bars seen so far, from a position on.

        Those before are not asked for again.

        Raises:
            ModelError: If the model raises, or gives what cannot be used.
        """
        bars = self._past.bars(self._past.count)
        values = np.full(len(bars) - since, np.nan)
        folds = [fold for fold in self._model.schedule.folds(len(bars)) if fold.stop > since]
        known = self._known_since(bars, since) if len(values) and folds else None
        self._rows.clear()
        if known is None:
            return values
        for fold in folds:
            predictor = self._predictor(fold)
            if predictor is not None:
                ahead = slice(max(fold.start, since) - since, fold.stop - since)
                place = ahead.start + since - fold.start
                values[ahead] = forecast_with(self._model, predictor, known, ahead, place)
        return values

    def _known_since(self, bars: Bars, since: int) -> Features:
        """Return the features of the bars from a position on."""
        if self._stream is None:
            known = features_of(self._model, bars)
            return Features(names=known.names, values=known.values[since:])
        rows = np.concatenate(self._rows)[since - len(bars) :]
        return Features(names=tuple(map(str, range(rows.shape[1]))), values=rows)

    def fit_ahead(self) -> None:
        """Make the fits of the next bar and after it, where all they learn from is known.

        Raises:
            ModelError: If the model raises, or gives what cannot be used.
        """
        schedule, count = self._model.schedule, self._past.count
        ahead = max(schedule.first, count + schedule.embargo)
        for fold in schedule.folds(ahead + 1):
            over = fold.start + schedule.every <= count
            if not over and self._known(fold.start) <= count:
                self._predictor(fold)

    def _known(self, start: int) -> int:
        """How many bars a fit at a position needs to have been seen."""
        return start - self._model.schedule.embargo + 1

    def _predictor(self, fold: Fold) -> Predictor | None:
        """Return what came of a fit, waiting for whoever makes it now."""
        found = self._fitted.get(fold.start, _MISSING)  # also while another is being made
        if not isinstance(found, _Missing):
            return found
        with self._fitting:
            if fold.start not in self._fitted:
                made = fit_fold(self._make(), self._past.bars(self._known(fold.start)), fold)
                self._fitted[fold.start] = made
                for start in sorted(self._fitted)[:-_KEEP]:
                    del self._fitted[start]
            return self._fitted[fold.start]


class _Missing:
    """Stands for a fit that is not made; None stands for one that there were no rows for."""


_MISSING = _Missing()


class _Past:
    """The bars so far, in memory that grows."""

    def __init__(self, instrument: Instrument, timeframe: Timeframe) -> None:
        self._instrument, self._timeframe = instrument, timeframe
        self._memory = np.empty((len(COLUMNS), _ROOM), np.int64)
        self.count = 0

    def add(self, bars: Bars) -> None:
        count = self.count + len(bars)
        if count > self._memory.shape[1]:
            larger = np.empty((len(COLUMNS), 2 * count), np.int64)
            larger[:, : self.count] = self._memory[:, : self.count]
            self._memory = larger
        for row, name in enumerate(COLUMNS):
            self._memory[row, self.count : count] = getattr(bars, name)
        self.count = count

    def bars(self, count: int) -> Bars:
        columns = zip(COLUMNS, self._memory[:, :count], strict=True)
        return Bars(instrument=self._instrument, timeframe=self._timeframe, **dict(columns))
