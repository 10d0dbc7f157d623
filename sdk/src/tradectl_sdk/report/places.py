"""The section that tells what parameter sets were worth over instruments and windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.report.contents import Section, Table
from tradectl_sdk.report.inputs import named, value_text
from tradectl_sdk.research.across import gains, worst
from tradectl_sdk.research.places import Dimension
from tradectl_sdk.runs.metrics.table import METRICS

if TYPE_CHECKING:
    from tradectl_sdk.research import Evidence
    from tradectl_sdk.research.storing import StoredSweep

SHOWN_SETS = 50


def places_section(sweep: StoredSweep, metric: str, evidence: Evidence) -> Section:
    """Tell of a sweep over several places.

    Args:
        sweep: It.
        metric: The metric by which sets are ranked.
        evidence: What speaks for the best set by it.
    """
    parts = [_sets(sweep, metric)]
    if evidence.chosen is not None:
        parts.append(_places(sweep, evidence.chosen))
    return Section(key="places", title="Instruments and windows", parts=tuple(parts))


def _sets(sweep: StoredSweep, metric: str) -> Table:
    table, sets, won = sweep.table, sweep.sets, gains(sweep.table)
    names, row, least = list(table.points[0]), METRICS[metric], worst(table, metric)
    others = [name for name in sets.metrics if name != metric and name in METRICS]
    ranked = sets.ranked(metric)
    rows = []
    for number in ranked[:SHOWN_SETS]:
        values = [value_text(table.points[number][name]) for name in names]
        values += [row.kind.format(float(one[number])) for one in (sets.metrics[metric], least)]
        values += [] if won is None else [f"{won[number]} of {len(table.places)}"]
        values += [METRICS[name].kind.format(float(sets.metrics[name][number])) for name in others]
        rows.append(tuple(values))
    more = len(ranked) - SHOWN_SETS
    gaining = () if won is None else ("Gains",)
    return Table(
        key="sets",
        caption=f"Parameter sets, the middle over {len(table.places):,} places, the best by "
        f"{row.label} first; a place where one failed counts as its worst",
        head=(
            *names, row.label, f"Worst {row.label}", *gaining,
            *(METRICS[name].label for name in others),
        ),
        rows=tuple(rows),
        note=f"{more:,} more are in the sweep." if more > 0 else "",
    )  # fmt: skip


def _places(sweep: StoredSweep, number: int) -> Table:
    table = sweep.table
    there = [each for each in Dimension if any(place[each] for place in table.places)]
    metrics = [name for name in table.metrics if name in METRICS]
    rows = []
    for trial in range(number, len(table), table.sets):
        place = table.places[trial // table.sets]
        values = [METRICS[name].kind.format(float(table.metrics[name][trial])) for name in metrics]
        rows.append((*(place[each] for each in there), *values))
    what = named(table.points[number]) or "the one parameter set"
    return Table(
        key="places",
        caption=f"Where {what} was tried",
        head=(*(each.title() for each in there), *(METRICS[name].label for name in metrics)),
        rows=tuple(rows),
        text_columns=frozenset(range(len(there))),
    )
