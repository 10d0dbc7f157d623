"""The sections that tell of a sweep: a map of parameters, the best trials, reasons to doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.evidence.sharpe import SHARPE_CONVENTION
from tradectl_sdk.report.contents import Cell, Section, Table, Words
from tradectl_sdk.report.exporting import csv_text
from tradectl_sdk.report.inputs import colour_words, named, value_text
from tradectl_sdk.report.places import places_section
from tradectl_sdk.research.maps import maps_of
from tradectl_sdk.research.places import Dimension
from tradectl_sdk.research.table import LESS_IS_BETTER
from tradectl_sdk.research.telling import around_words, data_words, trials_words
from tradectl_sdk.runs.metrics.definition import chance_percent
from tradectl_sdk.runs.metrics.table import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tradectl_sdk.research import Evidence, SweepTable
    from tradectl_sdk.research.maps import Map
    from tradectl_sdk.research.storing import StoredSweep
    from tradectl_sdk.research.table import Surface

SHOWN_TRIALS = 100  # more belong in a file
LARGEST_MAP = 60  # values of a parameter beyond which a map is no more for eyes
_STRENGTHS = 4


def sweep_sections(
    sweep: StoredSweep, metric: str, weighing: Mapping[str, Any] | None = None
) -> tuple[Section, ...]:
    """Tell of one sweep.

    Args:
        sweep: It.
        metric: The metric by which trials are ranked, and the first that is mapped.
        weighing: What was kept of whether its choice was luck, if anybody asked.
    """
    sections = [_facts(sweep), _maps(sweep, metric), _best(sweep.table, metric)]
    evidence = sweep.evidence(metric)
    if sweep.table.places:
        sections.insert(1, places_section(sweep, metric, evidence))
    if evidence.best is not None:
        sections.insert(1, _doubts(evidence, sweep.sets, _chosen(sweep, weighing)))
    if sweep.table.reasons:
        sections.append(_failures(sweep.table))
    return tuple(sections)


def _facts(sweep: StoredSweep) -> Section:
    about = sweep.about
    failed = f"of which {len(sweep.table.reasons):,} failed"
    pairs = [
        ("Sweep", sweep.sweep_id),
        ("Strategy", str(about["strategy"])),
        ("Data", _data(sweep)),
        ("Windows", ", ".join(about.get("windows", ()))),
        *((name, ", ".join(map(value_text, values))) for name, values in about["axes"].items()),
        ("Where", " and ".join(about["where"])),
        ("The same in all", named(about["given"])),
        ("Tried", f"{trials_words(sweep.table)}, {failed}"),
    ]
    table = Table(
        key="facts",
        caption="What was tried",
        head=("What", "Value"),
        rows=tuple(pair for pair in pairs if pair[1]),
        text_columns=frozenset({1}),
    )
    return Section(key="sweep", title="Sweep", parts=(table,))


def _data(sweep: StoredSweep) -> str:
    if sweep.table.places:
        bars = sum(one["bars"] for one in sweep.identity["data"])
        return f"{data_words(sweep)}, {bars:,} bars"
    return "; ".join(
        f"{one['instrument']} {one['timeframe']}, {one['bars']:,} bars"
        for one in sweep.identity["data"]
    )


def _chosen(sweep: StoredSweep, weighing: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Say whether choosing the best was luck, as far as anybody asked."""
    if weighing is None:
        yield "Choosing the best", f"not asked yet: tradectl overfitting {sweep.sweep_id[:10]}"
        return
    looked = len(weighing["looked_at"])
    some = f" ({looked:,} of the trials were looked at)" if looked < sweep.table.sets else ""
    yield "Choosing the best", f"{weighing['words']}{some}"
    if weighing["superior_predictive_ability"] is not None:
        white, hansen = (
            chance_percent(weighing[name])
            for name in ("reality_check", "superior_predictive_ability")
        )
        yield (
            "As many worthless trials",
            f"{hansen} have so good a best one by Hansen's test, {white} by White's",
        )


def _doubts(evidence: Evidence, table: SweepTable, chosen: Iterable[tuple[str, str]]) -> Section:
    form, deflated = METRICS[evidence.metric].kind.format, METRICS["deflated_sharpe"].kind.format
    best = 0 if evidence.best is None else evidence.best
    rows = [
        ("Trials", f"{evidence.trials:,}, all of them counted"),
        (
            "Best",
            f"{named(table.points[best])}: {form(float(table.metrics[evidence.metric][best]))}",
        ),
        (
            "Deflated Sharpe of the best",
            f"{deflated(evidence.deflated_sharpe)} ({SHARPE_CONVENTION})",
        ),
        (
            "Around it",
            around_words(evidence, table),
        ),
    ]
    if evidence.steadiest is not None:
        steady = named(table.points[evidence.steadiest])
        middle = form(evidence.steadiest_around)
        rows.append(("Steadiest", f"{steady}: {middle} in the middle of it and its neighbours"))
    rows += chosen
    words = Words(
        ("The best of many trials looks better than it will be: chance makes some look good.",),
        tone="warn",
    )
    told = Table(
        key="doubts",
        caption="What speaks for the best trial, and what against it",
        head=("Question", "Answer"),
        rows=tuple(rows),
        text_columns=frozenset({1}),
    )
    return Section(key="evidence", title="Before you believe the best", parts=(words, told))


def _maps(sweep: StoredSweep, metric: str) -> Section:
    title = "Map"
    found = maps_of(sweep, metric)
    if not found:
        words = Words(("One parameter was varied: the table of trials shows it all.",))
        return Section(key="map", title=title, parts=(words,))
    others = [name for name in sweep.table.metrics if name != metric and name in METRICS]
    shown = [*found[:1], *(maps_of(sweep, name)[0] for name in others), *found[1:]]
    parts = [_map(one, folded=one.surface.metric != metric) for one in shown]
    return Section(key="map", title=title, parts=tuple(parts))


def _map(shown: Map, *, folded: bool) -> Table | Words:
    surface = shown.surface
    if max(surface.values.shape) > LARGEST_MAP:
        size = f"{len(surface.ys):,} by {len(surface.xs):,}"
        return Words((f"A map of {size} values is none for eyes.",))
    metric = METRICS[surface.metric]
    middle = f", the middle over {', '.join(shown.others)}" if shown.others else ""
    tones = _tones(surface)
    rows: tuple[tuple[Cell | str, ...], ...] = tuple(
        (
            value_text(y),
            *(
                Cell(metric.kind.format(float(value)), tones[row][column])
                for column, value in enumerate(surface.values[row])
            ),
        )
        for row, y in enumerate(surface.ys)
    )
    placed = isinstance(surface.down, Dimension)
    return Table(
        key=f"map-{surface.metric}" + (f"-{surface.down}-{surface.across}" if placed else ""),
        caption=f"{metric.label} by {surface.down} (down) and {surface.across} (across){middle}; "
        f"{colour_words(surface.metric)}",
        head=(surface.down, *map(value_text, surface.xs)),
        rows=rows,
        folded=folded,
    )


def _tones(surface: Surface) -> list[list[str]]:
    """The better a value among all, the stronger."""
    values = surface.values if surface.metric not in LESS_IS_BETTER else -surface.values
    known = np.sort(values[np.isfinite(values)])
    below = np.searchsorted(known, values, side="left") / max(known.size - 1, 1)
    strengths = np.where(np.isfinite(values), np.round(below * _STRENGTHS), 0).astype(int)
    return [[f"gain-{one}" if one else "" for one in row] for row in strengths.tolist()]


def _best(table: SweepTable, metric: str) -> Section:
    names = list(table.points[0]) if len(table) else []
    metrics = [name for name in table.metrics if name in METRICS]
    ranked = table.ranked(metric)
    note = (
        f"{len(ranked) - SHOWN_TRIALS:,} more are in the sweep."
        if len(ranked) > SHOWN_TRIALS
        else ""
    )
    where = ("Instrument", "Window") if table.places else ()
    shown = Table(
        key="best",
        caption=f"Trials by {METRICS[metric].label}, the best first",
        head=("Trial", *where, *names, *(METRICS[name].label for name in metrics)),
        rows=tuple(tuple(_row(table, number, names, metrics)) for number in ranked[:SHOWN_TRIALS]),
        note=note,
        text_columns=frozenset({1, 2}) if where else frozenset(),
    )
    return Section(key="trials", title="Trials", parts=(shown,))


def _row(table: SweepTable, number: int, names: list[str], metrics: list[str]) -> Iterator[str]:
    yield str(number)
    place = table.place(number)
    if place is not None:
        yield from (place[each] or "all" for each in Dimension)
    for name in names:
        yield value_text(table.points[number][name])
    for name in metrics:
        yield METRICS[name].kind.format(float(table.metrics[name][number]))


def _failures(table: SweepTable) -> Section:
    counts: dict[str, int] = {}
    for reason in table.reasons.values():
        counts[reason] = counts.get(reason, 0) + 1
    shown = Table(
        key="failures",
        caption="Why trials failed",
        head=("Reason", "Trials"),
        rows=tuple((reason, f"{count:,}") for reason, count in list(counts.items())[:SHOWN_TRIALS]),
    )
    return Section(key="failures", title="Failed trials", parts=(shown,))


def trials_csv(sweep: StoredSweep) -> str:
    """Write all trials with their parameters and metrics, none rounded, as a CSV file."""
    table = sweep.table
    there = [each.value for each in Dimension] if table.places else []
    names, metrics = list(table.points[0]), list(table.metrics)
    rows = (table.row(number) for number in range(len(table)))
    return csv_text(
        ["trial", *there, *names, *metrics, "reason"],
        (
            [
                row["trial"],
                *(row[each] for each in there),
                *(row["parameters"][name] for name in names),
                *(row["metrics"][name] for name in metrics),
                row["reason"],
            ]
            for row in rows
        ),
    )
