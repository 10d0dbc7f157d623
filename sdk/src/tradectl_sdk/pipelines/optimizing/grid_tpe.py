"""TPE over parameters with few values each: densities as tables.

The estimator is that of Bergstra et al., "Algorithms for Hyper-Parameter Optimization" (2011), with
the constants of Optuna's: a mixture of one truncated normal for each known trial and a wide one for
all, whose mass around each value is what the value gets. A kernel's masses depend on its centre and
width alone; on a grid there are few of these, so that each is worked out once for a whole study.
Points equal Optuna's, whose densities are the same up to rounding.

Imported on use: it needs Optuna.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.distributions import CategoricalDistribution
from optuna.samplers._tpe.sampler import default_gamma, default_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tradectl_sdk.pipelines.optimizing.known import Known

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

_MOST = 1000  # values of a parameter
_MOST_CODES = 2**40


class GridTpe:
    """Draws candidates and says what they are worth.

    Args:
        spaces: Distributions of the parameters, Optuna's.
    """

    def __init__(self, spaces: Mapping[str, Any]) -> None:
        self._grids: dict[str, _Steps | _Choices] = {
            name: _Choices(space) if isinstance(space, CategoricalDistribution) else _Steps(space)
            for name, space in spaces.items()
        }
        self._rng = np.random.RandomState(0)  # making one takes longer than seeding it

    @staticmethod
    def suits(spaces: Mapping[str, Any]) -> bool:
        """Whether all parameters have few values, and some choice."""
        return all(_values(space) <= _MOST for space in spaces.values())

    def candidates(self, known: Known, seed: int, wanted: int) -> tuple[Floats, Floats]:
        """Return candidates from the density of good trials, and their worth.

        Args:
            known: Trials to learn from, at least one.
            seed: Of the draw.
            wanted: Candidates.

        Returns:
            Their coordinates as Optuna's distributions number them, shape (wanted, parameters), and
            the logarithm of how much likelier each is among good trials than among others.
        """
        good = _good(known)
        points = {name: np.array(known.points[name]) for name in self._grids}
        below = self._mixture(points, good)
        above = self._mixture(points, ~good)
        self._rng.seed(seed)
        places = below.draw(self._rng, wanted)
        first, again = _distinct(places)
        apart = places[:, first]
        worth = np.log(below.density(apart)) - np.log(above.density(apart))
        rows = [grid.internal(row) for grid, row in zip(self._grids.values(), places, strict=True)]
        return np.column_stack(rows), worth[again]

    def _mixture(self, points: Mapping[str, Floats], which: NDArray[np.bool_]) -> _Mixture:
        kernels = [grid.kernels(points[name][which]) for name, grid in self._grids.items()]
        known = default_weights(int(np.count_nonzero(which)))
        weights = np.concatenate((known, [1.0]))  # the last one is the wide kernel's
        return _Mixture(weights / weights.sum(), list(self._grids.values()), kernels)


class _Mixture:
    """A weighted sum of products, one factor a parameter.

    Args:
        weights: Of the kernels, shape (k,).
        grids: Of the parameters.
        kernels: For each parameter a table, what each kind of kernel gives to each value, and the
            kinds of the kernels, shape (k,).
    """

    def __init__(
        self,
        weights: Floats,
        grids: list[_Steps | _Choices],
        kernels: list[tuple[Floats, Integers]],
    ) -> None:
        self._weights, self._grids, self._kernels = weights, grids, kernels

    def draw(self, rng: np.random.RandomState, wanted: int) -> Integers:
        """Draw places on the grids, shape (parameters, wanted), with the chances Optuna takes."""
        active = rng.choice(len(self._weights), p=self._weights, size=wanted)
        steps = sum(isinstance(grid, _Steps) for grid in self._grids)
        chances = {
            place: rng.rand(wanted)
            for place, grid in enumerate(self._grids)
            if isinstance(grid, _Choices)
        }
        rest = iter(rng.uniform(size=(steps, wanted)) if steps else ())
        found = []
        for place, (table, kinds) in enumerate(self._kernels):
            chance = chances[place] if place in chances else next(rest)
            reached = np.cumsum(table, axis=1)
            reached[:, -1] = np.inf  # whatever rounding left of the whole is the last one's
            found.append((reached[kinds[active]] >= chance[:, None]).argmax(axis=1))
        return np.array(found)

    def density(self, places: Integers) -> Floats:
        """Return the probability of places on the grids, shape (parameters, n)."""
        factors = [
            np.take(np.take(table, row, axis=1), kinds, axis=0)
            for (table, kinds), row in zip(self._kernels, places, strict=True)
        ]
        shares = factors[0]
        for factor in factors[1:]:
            shares *= factor
        found: Floats = self._weights @ shares
        return found


class _Choices:
    """A list of values without an order; a kernel is one of them, or all alike."""

    def __init__(self, space: CategoricalDistribution) -> None:
        self._count = len(space.choices)

    def kernels(self, observed: Floats) -> tuple[Floats, Integers]:
        """Return a table, and the rows of all observations and of the wide kernel there."""
        apart = 1.0 / (len(observed) + 1)  # what those have that were not observed
        rows = np.full((self._count + 1, self._count), apart)
        rows[: self._count] += np.eye(self._count)
        table = rows / rows.sum(axis=1, keepdims=True)
        return table, np.append(observed.astype(np.int64), self._count)

    def internal(self, places: Integers) -> Floats:
        """Return the numbers Optuna has for values."""
        return places.astype(np.float64)


class _Steps:
    """Numbers in equal steps; a kernel is a normal distribution that ends where they end."""

    def __init__(self, space: Any) -> None:
        self._step = float(space.step)
        self._start, self._end = space.low - space.step / 2, space.high + space.step / 2
        self._values = space.low + space.step * np.arange(_values(space))
        half = self._step / 2
        self._edges = np.append(self._values - half, self._values[-1] + half)
        self._known: dict[float, int] = {}
        self._table = np.empty((64, len(self._values)))

    def kernels(self, observed: Floats) -> tuple[Floats, Integers]:
        """Return a table, and the rows of all observations and of the wide kernel there."""
        whole = self._end - self._start
        centres = np.concatenate((observed, [0.5 * (self._start + self._end)]))
        widths = np.concatenate((self._widths(observed), [whole]))
        # One number says both: a width is no more than the whole, here half of a step.
        shapes = np.rint(2.0 * (centres - self._start) / self._step) + widths / (2.0 * whole)
        first, which = _first_of_each(shapes)
        keys: list[float] = shapes[first].tolist()
        for place, key in enumerate(keys):
            if key not in self._known:
                self._add(key, self._masses(centres[first[place]], widths[first[place]]))
        return self._table[[self._known[key] for key in keys]], which

    def _add(self, key: float, row: Floats) -> None:
        """Put a kernel into the table."""
        place = self._known[key] = len(self._known)
        if place == len(self._table):
            self._table = np.concatenate((self._table, np.empty_like(self._table)))
        self._table[place] = row

    def internal(self, places: Integers) -> Floats:
        """Return the numbers themselves."""
        found: Floats = self._values[places].astype(np.float64)
        return found

    def _widths(self, observed: Floats) -> Floats:
        """How far it is to the farther neighbour, within bounds; at the ends, to the only one."""
        order = np.argsort(observed)
        around = np.concatenate(([self._start], observed[order], [self._end]))
        gaps = np.diff(around)
        widths = np.maximum(gaps[:-1], gaps[1:])
        if len(observed) > 1:
            widths[0], widths[-1] = gaps[1], gaps[-2]
        found = np.empty(len(observed))
        whole = self._end - self._start
        least = whole / min(100.0, 2.0 + len(observed))
        found[order] = np.minimum(np.maximum(widths, least), whole)
        return found

    def _masses(self, centre: float, width: float) -> Floats:
        """What share of a kernel is around each value."""
        points = (self._edges - centre) / width
        # The difference of what is small is exact in both tails: what is beyond a point above the
        # centre, and below one that is not, or the first that is.
        above = int(points.searchsorted(0.0, side="right"))
        below, beyond = _share_below(points[: above + 1]), _share_below(-points[above:])
        masses = np.concatenate((below[1 : above + 1] - below[:above], beyond[:-1] - beyond[1:]))
        first = below[0]
        last = beyond[-1] if len(beyond) else _share_below(-points[-1:])[0]
        found: Floats = masses / (1.0 - first - last)
        return found


def _share_below(points: Floats) -> Floats:
    """The share of a standard normal distribution below each point."""
    return 0.5 * np.array(list(map(math.erfc, (points / -math.sqrt(2.0)).tolist())))


def _distinct(places: Integers) -> tuple[Integers, Integers]:
    """Find the columns that differ: where each is first, and which of them each column is."""
    codes = np.zeros(places.shape[1], np.int64)
    most = 1
    for row in places:
        size = int(row.max()) + 1
        if most * size > _MOST_CODES:
            codes = np.unique(codes, return_inverse=True)[1]
            most = int(codes.max()) + 1
        codes, most = codes * size + row, most * size
    return _first_of_each(codes)


def _first_of_each(values: NDArray[Any]) -> tuple[Integers, Integers]:
    """Find values that differ, in their order: where each is first, and which of them each is.

    As ``np.unique`` gives it, in half of its time for some hundred.
    """
    order = values.argsort(kind="stable")
    ordered = values[order]
    new = np.empty(len(values), np.bool_)
    new[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    which = np.empty(len(values), np.int64)
    which[order] = new.cumsum() - 1
    return order[new], which


def _values(space: Any) -> float:
    """How many values a parameter has."""
    if isinstance(space, CategoricalDistribution):
        return float(len(space.choices))
    if space.step is None:
        return math.inf
    return float(round((space.high - space.low) / space.step) + 1)


def _good(known: Known) -> NDArray[np.bool_]:
    """Say which trials are the good ones.

    Those that met their limits and were not stopped come first, the best before the others; then
    those that were stopped, the latest first; then those that missed a limit, by the least.
    """
    wanted = default_gamma(len(known.trials))
    whole = np.array(known.whole, np.int64)
    found = whole[np.argsort(np.array(known.costs), kind="stable")[:wanted]].tolist()
    if len(found) < wanted:
        found += sorted(known.stopped, key=known.stopped.__getitem__)
        found += sorted(known.missed, key=known.missed.__getitem__)
    good = np.zeros(len(known.trials), bool)
    good[found[:wanted]] = True
    return good
