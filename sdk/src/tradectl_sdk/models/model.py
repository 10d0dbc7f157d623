"""What an author of a model writes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tradectl_sdk.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tradectl_sdk.data import Bars
    from tradectl_sdk.models.schedule import Schedule

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """What a model looks at, one row beside each bar.

    Attributes:
        names: What the columns are called.
        values: float64, shape (n_bars, n_names). Row ``i`` is made of bars up to and including
            ``i``; NaN where there are too few. A row with a NaN is neither learned from nor
            forecast.

    Raises:
        ModelError: If names and values do not fit together.
    """

    names: tuple[str, ...]
    values: FloatArray

    def __post_init__(self) -> None:
        """Check type and shape."""
        values = self.values
        if not isinstance(values, np.ndarray) or values.dtype != np.float64 or values.ndim != 2:
            kind = f"{getattr(values, 'dtype', type(values).__name__)}"
            raise ModelError(
                f"features were {kind}{list(getattr(values, 'shape', ()))}, "
                f"expected float64 of shape (bars, {len(self.names)})"
            )
        if values.shape[1] != len(self.names) or not self.names:
            raise ModelError(
                f"features had {values.shape[1]} columns and {len(self.names)} names, "
                "expected one name for each column, and at least one"
            )

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which rows have all their numbers, shape (n_bars,)."""
        found: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(self.values), axis=1)
        return found


class Predictor(Protocol):
    """What came of a fit."""

    def predict(self, features: FloatArray) -> FloatArray:
        """Forecast each row by itself.

        Args:
            features: Shape (rows, columns), without NaN.

        Returns:
            Shape (rows,); more is better, and 0 is neither good nor bad.
        """
        ...


class FeatureStream(Protocol):
    """Makes features of bars that come in pieces."""

    def add(self, bars: Bars) -> FloatArray:
        """Take in the bars that follow.

        Returns:
            A row for each of them, with the bits of those that `Model.features` makes of all bars
            up to there.
        """
        ...


class Model(ABC):
    """A model that forecasts the return after each bar; subclass it.

    One object serves one series of bars. What it does may depend on nothing but its settings and
    what it is handed: no clock, no network, no chance without a fixed seed.

    Attributes:
        schedule: When it is fitted, on which bars, and how far its labels look ahead.
        settings: What else it was made with, as plain values; another value is another run.
        libraries: Distributions whose versions decide what comes out, such as ``scikit-learn``.
        memory: How many bars a row of features is made of at most, its own included. A session asks
            for features of so many bars then, instead of all, whenever one closes. The row has to
            have the same bits: a sum that runs over all bars has others. None: all bars.
    """

    schedule: Schedule
    settings: Mapping[str, object] = MappingProxyType({})
    libraries: tuple[str, ...] = ()
    memory: int | None = None

    @abstractmethod
    def features(self, bars: Bars) -> Features:
        """Say what is known at the close of each bar."""

    def stream(self) -> FeatureStream | None:
        """Return what makes the features in a session, bar by bar.

        Here it is what asks :meth:`features` for the last bars alone, if the model says how many it
        looks back on, its ``memory``. None has all of them made anew with each bar, which takes
        longer and longer.
        """
        from tradectl_sdk.models.window import Window

        return None if self.memory is None else Window(self, self.memory)

    @abstractmethod
    def fit(self, features: FloatArray, labels: FloatArray) -> Predictor:
        """Learn, and return something that predicts.

        Args:
            features: The rows to learn from, shape (rows, columns), without NaN.
            labels: The simple return from the close of each row's bar to the close ``horizon``
                bars later, shape (rows,).
        """
