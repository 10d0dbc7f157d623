"""What parameter sets were worth over instruments and windows, on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.research.across import gains, worst
from tradectl_sdk.research.places import Dimension
from tradectl_sdk.runs.metrics import METRICS

from tradectl.figures import UNDEFINED, parameter_text, plural
from tradectl.layout import Column

if TYPE_CHECKING:
    from tradectl_sdk.research import Evidence
    from tradectl_sdk.research.storing import StoredSweep

    from tradectl.console import Output


def show_places(out: Output, sweep: StoredSweep, metric: str, top: int, evidence: Evidence) -> None:
    """Show the best sets by the middle of their places, and the places of the chosen one.

    Args:
        out: Where to.
        sweep: It, made in several places.
        metric: What sets are ranked by.
        top: How many of the best sets to show.
        evidence: What speaks for the best set.
    """
    ranked = sweep.sets.ranked(metric)[:top]
    if not ranked:
        out.note(f"no parameter set has a value of {metric} in half of the places")
        return
    places = plural(len(sweep.table.places), "place")
    out.line(f"Parameter sets, the middle over {places}", "heading")
    _show_sets(out, sweep, metric, ranked)
    if evidence.chosen is not None:
        out.line()
        values = sweep.table.points[evidence.chosen].items()
        named = " ".join(f"{name}={parameter_text(value)}" for name, value in values)
        steadiest = "" if evidence.chosen == ranked[0] else ", the steadiest set and not the best"
        out.line(f"Place by place: {named or 'the only set'}{steadiest}", "heading")
        _show_trials(out, sweep, metric, evidence.chosen)


def _show_sets(out: Output, sweep: StoredSweep, metric: str, ranked: list[int]) -> None:
    table, sets = sweep.table, sweep.sets
    least, won, row = worst(table, metric), gains(table), METRICS[metric]
    names, others = list(table.points[0]), [name for name in sets.metrics if name != metric]
    titles = [row.label.upper(), "WORST", *([] if won is None else ["GAINS"])]
    columns = [Column(title=name, right=True) for name in (*names, *titles)] + [
        Column(title=METRICS[name].label.upper(), right=True, rank=1) for name in others
    ]
    rows = []
    for number in ranked:
        values = [parameter_text(table.points[number][name]) for name in names]
        values += [row.kind.format(float(one[number])) for one in (sets.metrics[metric], least)]
        values += [] if won is None else [f"{won[number]} of {len(table.places)}"]
        values += [METRICS[name].kind.format(float(sets.metrics[name][number])) for name in others]
        rows.append(values)
    out.table(columns, rows)


def _show_trials(out: Output, sweep: StoredSweep, metric: str, number: int) -> None:
    """Show one set's trials, place by place."""
    table = sweep.table
    there = [each for each in Dimension if any(place[each] for place in table.places)]
    columns = [Column(title=each.upper()) for each in there] + [
        Column(title=METRICS[name].label.upper(), right=True, rank=0 if name == metric else 1)
        for name in table.metrics
    ]
    rows = []
    for trial in range(number, len(table), table.sets):
        place, row = table.places[trial // table.sets], table.row(trial)
        values = [place[each] for each in there]
        values += [
            UNDEFINED if value is None else METRICS[name].kind.format(value)
            for name, value in row["metrics"].items()
        ]
        rows.append(values)
    out.table(columns, rows)
