"""What a sweep found: one row for each trial, as columns."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.research.places import Dimension

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.research.places import Place
    from tradectl_sdk.research.space import Space
    from tradectl_sdk.strategy import ParameterValue

# Metrics of which less is better; of all others more is.
LESS_IS_BETTER = frozenset({
    "annual_volatility", "average_drawdown", "downside_deviation", "expected_shortfall_95",
    "fees", "longest_drawdown", "max_drawdown", "max_drawdown_duration",
    "max_drawdown_recovery", "minimum_track_record", "pain_index", "slippage",
    "time_under_water", "ulcer_index", "value_at_risk_95",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial.

    Attributes:
        number: Its place in the sweep.
        metrics: Values in the order of the sweep's metrics, NaN for undefined; empty if it failed.
        final_equity: Exact, in money units.
        order_hash: Hash of orders and fills; empty unless it was asked for.
        reason: Why it failed, empty if it did not.
    """

    number: int
    metrics: tuple[float, ...] = ()
    final_equity: int = 0
    order_hash: str = ""
    reason: str = ""

    def __reduce__(self) -> tuple[type[Trial], tuple[Any, ...]]:
        """Travel as a call: a dataclass with slots would look its fields up at either end."""
        return Trial, (self.number, self.metrics, self.final_equity, self.order_hash, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SweepTable:
    """All trials of a sweep, in the order of its points.

    Attributes:
        points: The parameters that were varied, one mapping a trial.
        metrics: Column by metric, shape (n,), NaN where undefined or failed.
        final_equity: Money units, shape (n,); 0 where failed.
        order_hashes: One a trial; empty where not asked for, or failed.
        reasons: Why a trial failed, by its number.
        places: Where parameter sets were tried, if in more than one place: all sets in the first
            place come first, then all of them in the second, and so on.
    """

    points: Sequence[Mapping[str, ParameterValue]]
    metrics: Mapping[str, NDArray[np.float64]]
    final_equity: NDArray[np.int64]
    order_hashes: Sequence[str]
    reasons: Mapping[int, str]
    places: Sequence[Place] = ()

    @classmethod
    def of(
        cls,
        points: Sequence[Mapping[str, ParameterValue]],
        names: Sequence[str],
        trials: Sequence[Trial],
        places: Sequence[Place] = (),
    ) -> SweepTable:
        """Put trials, in any order, into one table."""
        rows = sorted(trials, key=lambda trial: trial.number)
        blank = (math.nan,) * len(names)
        values = np.array([row.metrics or blank for row in rows]).reshape(len(rows), len(names))
        return cls(
            points=points,
            metrics={name: values[:, place].copy() for place, name in enumerate(names)},
            final_equity=np.array([row.final_equity for row in rows], np.int64),
            order_hashes=[row.order_hash for row in rows],
            reasons={row.number: row.reason for row in rows if row.reason},
            places=places,
        )

    def __len__(self) -> int:
        """Trials, failed ones included."""
        return len(self.points)

    @property
    def sets(self) -> int:
        """Parameter sets, each of which was tried in every place."""
        return len(self.points) // max(len(self.places), 1)

    @property
    def has_choice(self) -> bool:
        """Whether there was something to choose from: sets, and trials that did not fail."""
        return self.sets > 1 and len(self) - len(self.reasons) > 1

    def place(self, number: int) -> Place | None:
        """Return where a trial was made; None where all were made in one place."""
        return self.places[number // self.sets] if self.places else None

    def values(self, name: str) -> list[ParameterValue | str]:
        """Return a parameter of each trial, or where each is along a dimension."""
        if isinstance(name, Dimension):
            return [place[name] for place in self.places for _ in range(self.sets)]
        return [point[name] for point in self.points]

    def firsts(self, but: Container[int] = ()) -> NDArray[np.bool_]:
        """Say which trials are the first at their point, shape (n,).

        Args:
            but: Trials that do not count, for they say nothing of their point.
        """
        seen: dict[tuple[ParameterValue, ...], int] = {}
        for number, point in enumerate(self.points):
            if number not in but:
                seen.setdefault(tuple(point.values()), number)
        found = np.zeros(len(self), bool)
        found[list(seen.values())] = True
        return found

    def distinct(self, but: Container[int] = ()) -> SweepTable:
        """Return it with metrics of the first trial at each point only, the others undefined.

        Args:
            but: Trials that do not count as the first, for they have no metrics.
        """
        first, columns = self.firsts(but), self.metrics.items()
        if first.all():
            return self
        return replace(self, metrics={n: np.where(first, c, math.nan) for n, c in columns})

    def ranked(self, metric: str) -> list[int]:
        """Return the trials that have a metric, the best first, ties in the order of the grid."""
        column = self.metrics[metric]
        known = np.flatnonzero(np.isfinite(column))
        sign = 1 if metric in LESS_IS_BETTER else -1
        return [int(number) for number in known[np.argsort(sign * column[known], kind="stable")]]

    def trial(self, number: int) -> Trial:
        """Return one trial as it was put in."""
        reason = self.reasons.get(number, "")
        metrics = () if reason else tuple(float(each[number]) for each in self.metrics.values())
        equity, order_hash = int(self.final_equity[number]), self.order_hashes[number]
        return Trial(number, metrics, equity, order_hash, reason)

    def row(self, number: int) -> dict[str, Any]:
        """Return one trial as plain values; None for undefined."""
        values = {name: float(column[number]) for name, column in self.metrics.items()}
        place = self.place(number)
        return {
            "trial": number,
            **({} if place is None else place.to_json()),
            "parameters": dict(self.points[number]),
            "metrics": {n: v if math.isfinite(v) else None for n, v in values.items()},
            "reason": self.reasons.get(number),
        }

    def surface(self, metric: str, across: str, down: str) -> Surface:
        """Lay a metric out over two parameters or dimensions.

        Where several trials share both, as with a third parameter, the middle one of their values
        stands for them: the best one would show luck.
        """
        columns, rows = self.values(across), self.values(down)
        xs, ys = _in_order(across, columns), _in_order(down, rows)
        cells: dict[tuple[int, int], list[float]] = {}
        for x, y, value in zip(columns, rows, self.metrics[metric], strict=True):
            if math.isfinite(value):
                cells.setdefault((ys[y], xs[x]), []).append(float(value))
        values = np.full((len(ys), len(xs)), math.nan)
        for place, found in cells.items():
            values[place] = float(np.median(found))
        return Surface(metric, across, down, tuple(xs), tuple(ys), values)


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A metric over two parameters or dimensions.

    Attributes:
        metric: Its name.
        across: The parameter of the columns, or their dimension.
        down: The parameter of the rows, or their dimension.
        xs: Values of the columns, rising; those of a dimension in the order of the sweep.
        ys: Values of the rows, likewise.
        values: Shape (rows, columns), NaN where nothing was tried, failed or is undefined.
    """

    metric: str
    across: str
    down: str
    xs: tuple[ParameterValue | str, ...]
    ys: tuple[ParameterValue | str, ...]
    values: NDArray[np.float64]


def _in_order(name: str, values: Sequence[ParameterValue | str]) -> dict[ParameterValue | str, int]:
    """Number different values: rising, or as they come where a dimension has them."""
    once = dict.fromkeys(values)
    order = once if isinstance(name, Dimension) else sorted(once)
    return {value: place for place, value in enumerate(order)}


def varied(space: Space) -> list[str]:
    """Names of the parameters that take more than one value."""
    return [axis.name for axis in space.axes if len(axis.values) > 1]
