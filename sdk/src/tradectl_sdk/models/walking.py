"""Fitting a model again and again on its way through the bars, and forecasting in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tradectl_sdk.errors import ModelError, TradectlError
from tradectl_sdk.models.blocks import forecast_rows
from tradectl_sdk.models.model import Features
from tradectl_sdk.models.quality import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.data import Bars
    from tradectl_sdk.models.model import FeatureStream, Model, Predictor
    from tradectl_sdk.models.quality import Quality
    from tradectl_sdk.models.schedule import Fold

    FloatArray = NDArray[np.float64]

T = TypeVar("T")
LEAST_ROWS = 20  # with fewer nothing is fitted, and the bars of that fit have no forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One fit that was made.

    Attributes:
        fold: On which bars, and for which.
        rows: Bars it learned from: those of the fold that had all features and a label.
        learned: How well it forecasts the very rows it learned from; None unless asked for.
    """

    fold: Fold
    rows: int
    learned: Quality | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """What came of walking a model through bars.

    Attributes:
        values: The forecast made at the close of each bar, NaN where there is none, shape (n,).
        names: What the model looked at.
        fits: The fits, in order.
    """

    values: FloatArray
    names: tuple[str, ...]
    fits: tuple[Fit, ...]


def forward_returns(bars: Bars, horizon: int) -> FloatArray:
    """Simple return from each close to the close ``horizon`` bars later, shape (n,), else NaN."""
    close = bars.floats("close")
    labels = np.full(len(close), np.nan)
    if horizon < len(close):
        labels[:-horizon] = close[horizon:] / close[:-horizon] - 1.0
    return labels


def walk_forward(
    model: Model,
    bars: Bars,
    *,
    folds: Sequence[Fold] | None = None,
    judged: bool = False,
    progress: Callable[[], None] = lambda: None,
) -> Walk:
    """Fit a model on its schedule and forecast each bar with the latest fit before it.

    Args:
        model: A fresh model.
        bars: What it looks at, of one series.
        folds: The fits to make; all of its schedule unless given.
        judged: Whether to look how well each fit forecasts what it learned from.
        progress: Called after each fit.

    Raises:
        ModelError: If the model raises, or gives what cannot be used.
    """
    known = features_of(model, bars)
    usable = known.usable
    labels = forward_returns(bars, model.schedule.horizon)
    values = np.full(len(bars), np.nan)
    fits = []
    for fold in model.schedule.folds(len(bars)) if folds is None else folds:
        rows = _rows(fold, usable & np.isfinite(labels))
        predictor = _learn(model, known, labels, rows)
        if predictor is None:
            continue
        ahead = slice(fold.start, fold.stop)
        values[ahead] = forecast_with(model, predictor, known, ahead, 0)
        learned = None
        if judged:
            learned = judge(_predict(model, predictor, known.values[rows]), labels[rows])
        fits.append(Fit(fold=fold, rows=len(rows), learned=learned))
        progress()
    return Walk(values=values, names=known.names, fits=tuple(fits))


def features_of(model: Model, bars: Bars) -> Features:
    """Ask a model what is known at the close of each bar.

    Raises:
        ModelError: If it raises, or does not give a row for each bar.
    """
    known = _guarded(model, "features", lambda: model.features(bars))
    if not isinstance(known, Features) or len(known.values) != len(bars):
        raise _wrong(model, f"features gave {_shape(known)}, expected a row for each bar")
    return known


def fit_fold(model: Model, bars: Bars, fold: Fold) -> Predictor | None:
    """Fit one fold; None if there are too few rows to learn from.

    Args:
        model: A fresh model.
        bars: All up to the end of the last label that is learned from, at least.
        fold: Which fit.

    Raises:
        ModelError: If the model raises, or gives what cannot be used.
    """
    known, labels = features_of(model, bars), forward_returns(bars, model.schedule.horizon)
    return _learn(model, known, labels, _rows(fold, known.usable & np.isfinite(labels)))


def streamed(model: Model, stream: FeatureStream, bars: Bars) -> FloatArray:
    """Ask a stream for the features of the bars that follow.

    Raises:
        ModelError: If it raises, or does not give a row for each bar.
    """
    rows = _guarded(model, "stream", lambda: stream.add(bars))
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or len(rows) != len(bars):
        raise _wrong(model, f"stream gave {_shape(rows)}, expected a row for each bar")
    return rows


def forecast_with(
    model: Model, predictor: Predictor, known: Features, ahead: slice, place: int
) -> FloatArray:
    """Forecast some of the bars of a fold, each as if all of them were asked for.

    Args:
        model: Whose forecasts they are.
        predictor: What came of the fit.
        known: Features, of those bars among others.
        ahead: Which of them to forecast.
        place: Position of the first of these in its fold.

    Raises:
        ModelError: If what was fitted raises, or gives what cannot be used.
    """
    return forecast_rows(
        lambda rows: _predict(model, predictor, rows),
        known.values[ahead],
        known.usable[ahead],
        place,
    )


def _learn(
    model: Model, known: Features, labels: FloatArray, rows: NDArray[np.intp]
) -> Predictor | None:
    if len(rows) < LEAST_ROWS:
        return None
    return _fit(model, known.values[rows], labels[rows])


def _rows(fold: Fold, wanted: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Positions to learn from; indexing with them copies, so nobody can write back."""
    return fold.train_start + np.flatnonzero(wanted[fold.train_start : fold.train_stop])


def _fit(model: Model, features: FloatArray, labels: FloatArray) -> Predictor:
    return _guarded(model, "fit", lambda: model.fit(features, labels))


def _predict(model: Model, predictor: Predictor, features: FloatArray) -> FloatArray:
    found = _guarded(
        model, "predict", lambda: np.asarray(predictor.predict(features), dtype=np.float64)
    )
    if found.shape != (len(features),) or not np.isfinite(found).all():
        raise _wrong(
            model,
            f"predict gave {_shape(found)}, expected {len(features)} finite numbers",
        )
    return found


def _guarded(model: Model, what: str, work: Callable[[], T]) -> T:
    """Call a model's code; what it raises becomes an error with its name on it."""
    try:
        return work()
    except TradectlError:
        raise
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise _wrong(model, f"{what} raised {text}") from error


def _wrong(model: Model, text: str) -> ModelError:
    return ModelError(f"{type(model).__name__}: {text}")


def _shape(found: object) -> str:
    if isinstance(found, Features):
        return f"{len(found.values)} rows"
    if isinstance(found, np.ndarray):
        beside = "" if np.isfinite(found).all() else ", not all finite"
        return f"{found.dtype}{list(found.shape)}{beside}"
    return f"a {type(found).__name__}"
