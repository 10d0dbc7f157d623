"""What a parameter set is worth over all places it was tried in.

A set that shines on one instrument or in one decade was lucky there. So sets are compared by the
middle and the worst of what they did, and a place where one failed or has no value is its worst.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.research.table import LESS_IS_BETTER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tradectl_sdk.research.table import SweepTable

_GAIN = "total_return"


def middle(table: SweepTable) -> SweepTable:
    """Return one row for each parameter set: of each metric, the middle over all places.

    A set without a value in half of the places has none. Its equity is the least of all places,
    and it failed if it failed in all of them. Without places, the table is its own.
    """
    if not table.places:
        return table
    count, places = table.sets, len(table.places)
    everywhere = {
        number: table.reasons[number]
        for number in range(count)
        if all(number + place * count in table.reasons for place in range(places))
    }
    return replace(
        table,
        points=table.points[:count],
        metrics={name: _finite(np.median(_over(table, name), axis=0)) for name in table.metrics},
        final_equity=table.final_equity.reshape(places, count).min(axis=0),
        order_hashes=[""] * count,
        reasons=everywhere,
        places=(),
    )


def worst(table: SweepTable, metric: str) -> NDArray[np.float64]:
    """Return the worst value of each set, NaN for one that has none somewhere."""
    values = _over(table, metric)
    return _finite(values.max(axis=0) if metric in LESS_IS_BETTER else values.min(axis=0))


def gains(table: SweepTable) -> NDArray[np.int64] | None:
    """Return in how many places each set gained; None where returns were not computed."""
    if _GAIN not in table.metrics:
        return None
    found: NDArray[np.int64] = (_over(table, _GAIN) > 0).sum(axis=0)
    return found


def worst_trial(table: SweepTable, metric: str, number: int) -> int:
    """Return the trial of a set that did worst among those that have the metric."""
    own = table.metrics[metric][number :: table.sets]
    known = np.flatnonzero(np.isfinite(own))
    if not len(known):
        return number
    sign = -1 if metric in LESS_IS_BETTER else 1
    return number + int(known[np.argmin(sign * own[known])]) * table.sets


def sets_to_json(table: SweepTable) -> list[dict[str, Any]]:
    """Return what each set did over all places as plain values; None for undefined."""
    middles, won = middle(table).metrics, gains(table)
    least = {name: worst(table, name) for name in table.metrics}
    failed = Counter(number % table.sets for number in table.reasons)
    return [
        {
            "set": number,
            "parameters": dict(table.points[number]),
            "median": {name: _plain(column[number]) for name, column in middles.items()},
            "worst": {name: _plain(column[number]) for name, column in least.items()},
            "share_gaining": None if won is None else int(won[number]) / len(table.places),
            "failed": failed[number],
        }
        for number in range(table.sets)
    ]


def _over(table: SweepTable, metric: str) -> NDArray[np.float64]:
    """Return a metric by place and set; the worst there can be where it is undefined."""
    column = table.metrics[metric].reshape(max(len(table.places), 1), table.sets)
    least = math.inf if metric in LESS_IS_BETTER else -math.inf
    return np.where(np.isfinite(column), column, least)


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, math.nan)


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
