"""What speaks for the best of many trials, and what against it.

The best of many is chosen for its luck, too. Two questions are cheap to ask: what would luck alone
have shown (the deflated Sharpe ratio, which counts the trials), and are the trials beside it
nearly as good (a plateau) or is it alone (a peak)? For the first every trial counts; for the second
every point does once, however often an optimiser came back to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.evidence.sharpe import SHARPE_CONVENTION
from tradectl_sdk.research.table import LESS_IS_BETTER

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.research.neighbourhood import Layout
    from tradectl_sdk.research.table import SweepTable

PLATEAU, PEAK, UNKNOWN = "plateau", "peak", "unknown"
_KEPT = 0.5  # what neighbours on a plateau keep of the best one's lead over the middle trial
_CANDIDATES = 200  # best trials whose neighbours are asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The best trial by a metric, and whether to believe it.

    Attributes:
        metric: The metric.
        trials: Trials made, failed ones included.
        best: Number of the best trial; None if none has the metric.
        deflated_sharpe: Probability that it has skill, all trials counted; None where unknown.
        neighbours: Numbers of the tried points around it.
        around: The middle one of the neighbours' values, those that failed or have none being the
            worst; None without neighbours, or where these are most of them.
        kept: What ``around`` keeps of the best one's lead over the middle point: 1 for a flat
            top, 0 or less where the neighbours are no better than the rest. Where every point is
            a neighbour, the lead is that over zero; None where unknown, or where there is none.
        edges: Parameters of which the best has the first or the last value.
        steadiest: Number of the trial that does best together with its neighbours.
        steadiest_around: The middle value of that trial and its neighbours.
    """

    metric: str
    trials: int
    best: int | None = None
    deflated_sharpe: float | None = None
    neighbours: tuple[int, ...] = ()
    around: float | None = None
    kept: float | None = None
    edges: tuple[str, ...] = ()
    steadiest: int | None = None
    steadiest_around: float | None = None

    @property
    def shape(self) -> str:
        """``plateau``, ``peak``, or ``unknown`` where too few points were tried."""
        if self.kept is None:
            return UNKNOWN
        return PLATEAU if self.kept >= _KEPT else PEAK

    @property
    def chosen(self) -> int | None:
        """Number of the trial to go on with: the steadiest, or the best where none is known."""
        return self.best if self.steadiest is None else self.steadiest

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "metric": self.metric,
            "trials": self.trials,
            "best": self.best,
            "deflated_sharpe": self.deflated_sharpe,
            "sharpe_error": SHARPE_CONVENTION,
            "shape": self.shape,
            "neighbours": list(self.neighbours),
            "neighbours_median": self.around,
            "lead_kept": self.kept,
            "edges": list(self.edges),
            "steadiest": self.steadiest,
            "steadiest_median": self.steadiest_around,
        }


def weigh(
    table: SweepTable,
    metric: str,
    layout: Layout,
    *,
    tried: int | None = None,
    but: Container[int] = (),
) -> Evidence:
    """Ask what speaks for the best trial.

    A trial that failed, or has no value of the metric, is the worst neighbour there is.

    Args:
        table: The trials.
        metric: One of its metrics.
        layout: Where each trial is.
        tried: Trials made in all, if more than the table has.
        but: Trials that say nothing of their points, such as those that were stopped early.
    """
    known, count = table.firsts(but), len(table) if tried is None else tried
    points = table.distinct(but)
    ranked = points.ranked(metric)
    if not ranked:
        return Evidence(metric=metric, trials=count)
    column, best = points.metrics[metric], ranked[0]
    known &= len(ranked) > 1  # else there is nothing to compare the only one with
    worst = math.inf if metric in LESS_IS_BETTER else -math.inf
    filled = np.where(np.isfinite(column), column, worst)
    near = layout.neighbours(best, known=known)
    middle = float(np.median(filled[near])) if len(near) else math.nan
    around = middle if math.isfinite(middle) else None
    steadiest, steady = _steadiest(filled, known, ranked, layout, metric)
    rest = int(np.count_nonzero(known)) - len(near) - 1
    return Evidence(
        metric=metric,
        trials=count,
        best=best,
        deflated_sharpe=_finite(table.metrics.get("deflated_sharpe"), best),
        neighbours=tuple(int(number) for number in near),
        around=around,
        kept=0.0 if math.isinf(middle) else _kept(column, best, around, rest=rest),
        edges=layout.edges(best),
        steadiest=steadiest,
        steadiest_around=steady,
    )


def _steadiest(
    filled: NDArray[np.float64],
    known: NDArray[np.bool_],
    ranked: Sequence[int],
    layout: Layout,
    metric: str,
) -> tuple[int | None, float | None]:
    sign = -1 if metric in LESS_IS_BETTER else 1
    found: tuple[int | None, float | None] = (None, None)
    for number in ranked[:_CANDIDATES]:
        near = layout.neighbours(number, known=known)
        middle = float(np.median(np.append(filled[near], filled[number])))
        if not len(near) or math.isinf(middle):
            continue
        if found[1] is None or sign * middle > sign * found[1]:
            found = number, middle
    return found


def _kept(
    column: NDArray[np.float64], best: int, around: float | None, *, rest: int
) -> float | None:
    if around is None:
        return None
    middle = float(np.median(column[np.isfinite(column)]))
    lead = float(column[best]) - middle
    if not lead:
        return 1.0
    return (around - middle) / lead if rest else _kept_of_all(float(column[best]), around)


def _kept_of_all(best: float, around: float) -> float | None:
    """The smaller part of the larger, where both are above zero: there is no rest to compare."""
    if max(best, around) <= 0:
        return None
    return min(best, around) / max(best, around)


def _finite(column: NDArray[np.float64] | None, number: int) -> float | None:
    if column is None or not math.isfinite(column[number]):
        return None
    return float(column[number])
