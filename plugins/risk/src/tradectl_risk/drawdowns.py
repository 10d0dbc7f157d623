"""A section of the report: the drawdowns that hurt most, and how long each lasted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.report import Section, Table
from tradectl_sdk.runs import find_drawdowns

if TYPE_CHECKING:
    from tradectl_sdk.runs import RunRecord

_SHOWN = 5


def worst_drawdowns(run: RunRecord) -> Section | None:
    """List the deepest drawdowns; None for a run that never lost anything."""
    found = find_drawdowns(run.time, run.equity, run.initial_equity / MONEY_UNITS)
    if not found.depths.size:
        return None
    deepest = np.argsort(-found.depths, kind="stable")[:_SHOWN].tolist()
    days = found.durations
    rows = tuple(
        (
            str(place),
            f"{found.depths[one] * 100:.2f} %",
            _day(int(run.time[max(int(found.starts[one]) - 1, 0)])),
            _day(int(run.time[found.ends[one]])) if found.ends[one] < run.time.size else "not yet",
            f"{days[one]:,.0f}",
        )
        for place, one in enumerate(deepest, 1)
    )
    table = Table(
        key="worst",
        caption="The deepest drawdowns, from the peak to where it was reached again",
        head=("Place", "Depth", "Peak", "Recovered", "Days"),
        rows=rows,
        text_columns=frozenset({2, 3}),
    )
    return Section(key="drawdowns", title="Worst drawdowns", parts=(table,))


def _day(time: int) -> str:
    return str(np.datetime64(time, "ns").astype("M8[D]"))
