"""Where trials are among all that could be tried, and which are beside which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.strategy import ParameterValue

_FARTHEST = 3  # steps to go for neighbours where few points were tried
_CLOSE = 1e-9  # of a step: places are floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """Where the trials of a table are.

    Attributes:
        names: The parameters that vary.
        places: Where each trial is, in steps along each of them, shape (n, d).
        last: The last place along each, the first being 0.
        stepped: Whether nothing can be tried between two places along all of them.
        ended: Of which parameters it means something to have the first or the last value.
        whole: Whether every point was tried that could be.
    """

    names: tuple[str, ...]
    places: NDArray[np.float64]
    last: NDArray[np.float64]
    stepped: bool = False
    ended: frozenset[str] = frozenset()
    whole: bool = False

    def edges(self, number: int) -> tuple[str, ...]:
        """Return the parameters at the edge of which a trial stands."""
        place = self.places[number]
        there = (place <= _CLOSE) | (place >= self.last - _CLOSE)
        pairs = zip(self.names, there, strict=True)
        return tuple(name for name, at_edge in pairs if at_edge and name in self.ended)

    def neighbours(self, number: int, *, known: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the known points around one, itself left out.

        They are at most one step away along every parameter. Where only some of those were tried,
        as in a sample, the reach grows until there are two for each parameter; none where three
        steps do not find so many.
        """
        if not self.names:
            return np.empty(0, np.int64)
        distance = np.abs(self.places - self.places[number]).max(axis=1) - _CLOSE
        others = known & (distance > 0)
        least = 2 * len(self.names)
        for reach in range(1, _FARTHEST + 1):
            found = np.flatnonzero(others & (distance <= reach))
            if len(found) >= least or (reach == 1 and len(found) and self._full(number, distance)):
                return found
        return np.empty(0, np.int64)

    def _full(self, number: int, distance: NDArray[np.float64]) -> bool:
        """Whether every point within one step was tried."""
        if self.whole or not self.stepped:
            return self.whole
        place = self.places[number]
        sides = np.minimum(place + 1, self.last) - np.maximum(place - 1, 0) + 1
        points = round(float(np.prod(sides)))
        return len(np.unique(self.places[distance <= 1], axis=0)) >= points


def grid_layout(
    points: Sequence[Mapping[str, ParameterValue]],
    axes: Mapping[str, Sequence[ParameterValue]],
    *,
    whole: bool = False,
) -> Layout:
    """Say where points of a grid are: which value of each axis they have."""
    varied = {name: values for name, values in axes.items() if len(values) > 1}
    steps = {name: {v: place for place, v in enumerate(vs)} for name, vs in varied.items()}
    rows = [[steps[name][point[name]] for name in varied] for point in points]
    return Layout(
        names=tuple(varied),
        places=np.array(rows, np.float64).reshape(len(points), len(varied)),
        last=np.array([len(values) - 1 for values in varied.values()], np.float64),
        stepped=True,
        ended=frozenset(name for name, values in varied.items() if has_ends(values)),
        whole=whole,
    )


def has_ends(values: Sequence[ParameterValue]) -> bool:
    """Whether values are numbers, with at least one between the first and the last."""
    return len(values) > 2 and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    )
