"""What every model is held to: features of their moment, forecasts that repeat, rows by themselves.

Which rows a fit learns from is not a model's to decide; what it keeps of bars it has seen is, and
that these checks look for. The market is synthetic and seeded, and long enough for two fits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.errors import ModelError
from tradectl_sdk.models import Features, Following, Model, Schedule, forward_returns, walk_forward
from tradectl_sdk.testing.checks import CheckFailedError, CheckSkippedError, Suite, require
from tradectl_sdk.testing.stage import continued, gapped, halted, without_volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from pydantic import BaseModel

    from tradectl_sdk.data import Bars
    from tradectl_sdk.models import Fold

    FloatArray = NDArray[np.float64]

SEED, OTHER_SEED = 1, 2
BARS_AFTER: Final = 30  # bars beyond the second fit
MOST_BARS: Final = 20_000  # more would take minutes
ROUNDING: Final = 1e-9  # as a share of the largest forecast; sums may be taken in another order


@dataclass(frozen=True)
class ModelSubject:
    """One model under test.

    Attributes:
        factory: Called as ``factory(settings)``.
        settings: The model of its settings, None when it has none; its defaults are used.
    """

    factory: Callable[..., Any]
    settings: type[BaseModel] | None = None

    def made(self) -> Any:
        """Call the factory with the default settings."""
        settings = None if self.settings is None else self.settings.model_validate({})
        return self.factory(settings)

    def model(self) -> Model:
        """Make a fresh model.

        Raises:
            CheckSkippedError: When it is none, or has no schedule; another check tells it.
        """
        made = self.made()
        if not isinstance(made, Model) or not isinstance(getattr(made, "schedule", None), Schedule):
            raise CheckSkippedError("its factory made no model")
        if made.schedule.first + made.schedule.every > MOST_BARS:
            raise CheckSkippedError("its second fit comes too late to try it here")
        return made

    @cached_property
    def bars(self) -> Bars:
        """A lively market that holds two fits."""
        return self.market(SEED)

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """The fits there are in it."""
        return tuple(self.model().schedule.folds(len(self.bars)))

    @cached_property
    def forecasts(self) -> FloatArray:
        """What a fresh model makes of it."""
        return self.walk(self.bars)

    def market(self, seed: int) -> Bars:
        """A market of the length that it needs."""
        schedule = self.model().schedule
        one = Instrument(
            symbol="S0", venue="SYNTHETIC", tick_size=Decimal("0.01"), lot_size=Decimal("0.001")
        )
        length = schedule.first + schedule.every + BARS_AFTER
        (series,) = synthetic_market([one], "1d", length, seed=seed)
        return series.bars

    def walk(self, bars: Bars) -> FloatArray:
        """Walk a fresh model through bars.

        Raises:
            CheckSkippedError: If it cannot be; one check tells that, the others are about more.
        """
        try:
            return walk_forward(self.model(), bars).values
        except ModelError as error:
            raise CheckSkippedError(error.message) from error

    def places(self) -> Iterator[int]:
        """Yield numbers of bars to leave: right after each fit, and further on."""
        for fold in self.folds:
            yield fold.start + 1
            yield (fold.start + fold.stop) // 2 + 1


MODEL: Final[Suite[ModelSubject]] = Suite("model")


@MODEL.check()
def is_a_documented_model(subject: ModelSubject) -> None:
    """Its factory, given default settings, makes a Model with a schedule and a docstring."""
    model = subject.made()
    name = type(model).__name__
    require(isinstance(model, Model), f"{name} does not derive from Model")
    require(isinstance(getattr(model, "schedule", None), Schedule), f"{name} has no schedule")
    require((vars(type(model)).get("__doc__") or "").strip(), f"{name} has no docstring")


@MODEL.check()
def says_what_it_was_made_with(subject: ModelSubject) -> None:
    """Its settings are plain values, and its libraries are distributions that are installed."""
    model = subject.model()
    try:
        json.dumps(dict(model.settings), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CheckFailedError(f"settings cannot be written down: {error}") from error
    for library in model.libraries:
        try:
            metadata.version(library)
        except metadata.PackageNotFoundError as error:
            raise CheckFailedError(f"library {library!r} is not installed") from error


@MODEL.check()
def walks_through_any_market(subject: ModelSubject) -> None:
    """It forecasts every bar after its first fit, also without volume, after gaps and halts."""
    market = [subject.bars]
    middle = len(subject.bars) // 3
    first = subject.folds[0].start
    for name, (bars,) in {
        "that is lively": market,
        "without volume": without_volume(market),
        "with a gap": gapped(market, middle, middle + 25),
        "that stands still for a while": halted(market, middle, middle + 120),
    }.items():
        try:
            values = walk_forward(subject.model(), bars).values
        except ModelError as error:
            raise CheckFailedError(f"on a market {name}, {error.message}") from error
        missing = int(np.isnan(values[first:]).sum())
        require(not missing, f"on a market {name}, {missing} bars after the first fit have none")


@MODEL.check()
def features_are_of_their_moment(subject: ModelSubject) -> None:
    """What it looks at at a bar is the same when later bars are missing, or are others."""
    whole = _features(subject, subject.bars)
    for place, how, bars in _changed(subject):
        part = _features(subject, bars)
        require(part.names == whole.names, f"features were {part.names}, then {whole.names}")
        alike = np.isclose(
            part.values[:place], whole.values[:place], rtol=ROUNDING, atol=0, equal_nan=True
        )
        other = [name for column, name in enumerate(whole.names) if not alike[:, column].all()]
        require(
            not other,
            f"with the bars after bar {place} {how}, {', '.join(other)} was another before them",
        )


def _features(subject: ModelSubject, bars: Bars) -> Features:
    found = subject.model().features(bars)
    if not isinstance(found, Features) or len(found.values) != len(bars):
        raise CheckSkippedError("it does not give a row of features for each bar")
    return found


@MODEL.check()
def forecasts_are_of_their_moment(subject: ModelSubject) -> None:
    """What it forecasts at a bar is the same when later bars are missing, or are others.

    The first places are right after a fit, where a label that was not purged would show.
    """
    for place, how, bars in _changed(subject):
        row = _first_other(subject.walk(bars)[:place], subject.forecasts[:place])
        require(
            row is None,
            f"with the bars after bar {place} {how}, it forecast otherwise at bar {row}",
        )


def _changed(subject: ModelSubject) -> Iterator[tuple[int, str, Bars]]:
    other = subject.market(OTHER_SEED)
    for place in subject.places():
        yield place, "cut off", subject.bars.rows(0, place)
        (replaced,) = continued([subject.bars], place, [other])
        yield place, "replaced", replaced


def _first_other(found: FloatArray, expected: FloatArray) -> int | None:
    scale = float(np.max(np.abs(expected), where=np.isfinite(expected), initial=0.0))
    alike = np.isclose(found, expected, rtol=0, atol=ROUNDING * scale, equal_nan=True)
    return None if alike.all() else int(np.flatnonzero(~alike)[0])


@MODEL.check()
def forecasts_the_same_every_time(subject: ModelSubject) -> None:
    """Two models made the same way forecast the same, to the byte, whatever chance is up to."""
    np.random.seed(12_345)  # noqa: NPY002 - what a model may draw from without a seed of its own
    first = subject.walk(subject.bars)
    np.random.seed(54_321)  # noqa: NPY002
    require(
        first.tobytes() == subject.walk(subject.bars).tobytes(),
        "the second walk through the same bars forecast otherwise",
    )


@MODEL.check()
def forecasts_a_session_as_it_does_a_backtest(subject: ModelSubject) -> None:
    """Bar by bar, as in a session, its forecasts have the bits of all at once."""
    first, bars = subject.folds[0].start, subject.bars
    following = Following(subject.model, bars.instrument, bars.timeframe)
    one_by_one = range(first - 1, min(len(bars), first + BARS_AFTER))
    pieces = [bars.rows(0, first - 1), *(bars.rows(row, row + 1) for row in one_by_one)]
    found = []
    for piece in pieces:
        since = len(following)
        try:
            following.see(piece)
            found.append(following.forecast(since))
        except ModelError as error:
            raise CheckFailedError(f"in a session, {error.message}") from error
    values = np.concatenate(found)
    expected = subject.forecasts[: len(values)]
    other = np.flatnonzero(values.view(np.int64) != expected.view(np.int64))
    require(not len(other), f"in a session it forecast otherwise at bar {other[:1]}")


@MODEL.check()
def forecasts_each_row_by_itself(subject: ModelSubject) -> None:
    """A row's forecast does not depend on the rows forecast with it: later ones are not there."""
    fold = subject.folds[0]
    model = subject.model()
    features = _features(subject, subject.bars)
    known, usable = features.values, features.usable
    labels = forward_returns(subject.bars, model.schedule.horizon)
    rows = np.flatnonzero(usable[fold.train_start : fold.train_stop]) + fold.train_start
    ahead = np.flatnonzero(usable[fold.start : fold.stop])[:BARS_AFTER] + fold.start
    if not len(rows) or not len(ahead):
        raise CheckSkippedError("no row has all features")
    predictor = model.fit(known[rows], labels[rows])
    together = np.asarray(predictor.predict(known[ahead]), np.float64)
    alone = np.array([float(predictor.predict(known[row : row + 1])[0]) for row in ahead])
    row = _first_other(alone, together)
    require(row is None, f"row {row} of {len(ahead)} was forecast otherwise by itself")


@MODEL.check(requires={"returns"})
def forecasts_in_units_of_return(subject: ModelSubject) -> None:
    """Its forecasts are no larger than ten times the returns that came."""
    labels = forward_returns(subject.bars, subject.model().schedule.horizon)
    spread, moved = float(np.nanstd(subject.forecasts)), float(np.nanstd(labels))
    require(spread <= 10 * moved, f"forecasts spread by {spread:g}, returns by {moved:g}")
