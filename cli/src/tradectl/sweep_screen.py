"""A sweep on the screen: what was tried, where the metric is high, and the best rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tradectl_sdk.domain.money import from_money, plain
from tradectl_sdk.errors import UsageError, did_you_mean
from tradectl_sdk.evidence.sharpe import SHARPE_CONVENTION
from tradectl_sdk.research.across import sets_to_json
from tradectl_sdk.research.maps import maps_of
from tradectl_sdk.research.telling import around_words, data_words, trials_words
from tradectl_sdk.runs.metrics import METRICS

from tradectl.figures import UNDEFINED, parameter_text, plural
from tradectl.heat_map import heat_map
from tradectl.layout import Column
from tradectl.places_screen import show_places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.research import Evidence, SweepTable
    from tradectl_sdk.research.storing import StoredSweep

    from tradectl.console import Output

RANK = "sharpe_ratio"
_REASONS = 5  # different ones that are shown
_CONFIDENT = 0.95  # a probability that people usually ask for


def show_sweep(out: Output, sweep: StoredSweep, metric: str, top: int, ran: str = "") -> None:
    """Show a sweep.

    Args:
        out: Where to.
        sweep: It.
        metric: What the map shows and rows are ranked by.
        top: How many of the best rows to show.
        ran: How it was run, in words.

    Raises:
        UsageError: If the metric was not computed.
    """
    table = sweep.table
    _check(table, metric)
    out.fields(_head(sweep, ran))
    out.line()
    _show_maps(out, sweep, metric)
    evidence = sweep.evidence(metric)
    if table.places:
        show_places(out, sweep, metric, top, evidence)
    else:
        _show_best(out, table, metric, top)
    show_failures(out, Counter(table.reasons.values()))
    if evidence.best is not None and table.sets > 1:
        show_evidence(out, evidence, sweep.sets)
        out.warn(
            f"the best of {plural(evidence.trials, 'trial')} looks better than it will be: "
            "chance alone makes some of them look good",
            hint="keep bars that no trial has seen (--end), and try the choice on them once",
        )


def sweep_to_json(sweep: StoredSweep, metric: str) -> dict[str, Any]:
    """Return a sweep as plain values, every trial included.

    Raises:
        UsageError: If the metric was not computed.
    """
    table = sweep.table
    _check(table, metric)
    rows = [table.row(number) for number in range(len(table))]
    for row, equity, digest in zip(rows, table.final_equity, table.order_hashes, strict=True):
        failed = row["reason"] is not None
        row["final_equity"] = None if failed else plain(from_money(int(equity)))
        row["order_list_hash"] = digest or None
    return {
        "sweep": sweep.sweep_id,
        **sweep.about,
        "data": sweep.identity["data"],
        "settings": sweep.identity["settings"],
        "ranked_by": metric,
        "ranked": table.ranked(metric),
        "evidence": sweep.evidence(metric).to_json(),
        "failed": len(table.reasons),
        "sets": sets_to_json(table) if table.places else [],
        "trials": rows,
    }


def assignments_of(sweep: StoredSweep, number: int) -> list[str]:
    """The parameters of a trial as ``--set`` takes them."""
    values = {**sweep.about["given"], **sweep.table.points[number]}
    return [f"{name}={parameter_text(value)}" for name, value in values.items()]


def show_evidence(out: Output, evidence: Evidence, table: SweepTable) -> None:
    """Say in words whether the best trial is to be believed."""
    form = METRICS[evidence.metric].kind.format
    out.line()
    out.line("Before you believe the best", "heading")
    pairs = [("  tried", f"{plural(evidence.trials, 'trial')}, all of them counted")]
    pairs.append(("  skill", _skill(evidence)))
    pairs.append(("  around it", around_words(evidence, table)))
    if evidence.steadiest is not None and evidence.steadiest != evidence.best:
        values = table.points[evidence.steadiest]
        named = " ".join(f"{name}={parameter_text(value)}" for name, value in values.items())
        middle = form(evidence.steadiest_around or 0.0)
        pairs.append(("  steadiest", f"{named}: the middle of it and its neighbours is {middle}"))
    out.fields(pairs)


def _skill(evidence: Evidence) -> str:
    chance = evidence.deflated_sharpe
    if chance is None:
        return "unknown: the deflated Sharpe ratio is undefined"
    strong = "probably more than luck" if chance >= _CONFIDENT else "luck would explain it"
    shown = METRICS["deflated_sharpe"].kind.format(chance)
    return f"deflated Sharpe {shown} ({SHARPE_CONVENTION}): {strong}"


def _check(table: SweepTable, metric: str) -> None:
    if metric not in table.metrics:
        raise UsageError(
            f"{metric} was not computed in this sweep; there is {', '.join(table.metrics)}",
            hint=did_you_mean(metric, table.metrics) or "run the sweep again with --metric",
        )


def _head(sweep: StoredSweep, ran: str) -> list[tuple[str, str]]:
    about, table = sweep.about, sweep.table
    fixed = ", ".join(f"{name}={parameter_text(value)}" for name, value in about["given"].items())
    bars = sum(one["bars"] for one in sweep.identity["data"])
    trials = trials_words(table)
    if about["sample"] is not None:
        trials += f", drawn with seed {about['seed']}"
    if table.reasons:
        trials += f", {len(table.reasons):,} failed"
    pairs = [
        ("sweep", sweep.sweep_id),
        ("strategy", str(about["strategy"])),
        ("data", f"{data_words(sweep)}, {plural(bars, 'bar')}"),
        ("windows", _axis(about.get("windows", []))),
        *((name, _axis(values)) for name, values in about["axes"].items()),
        ("where", " and ".join(about["where"])),
        ("fixed", fixed),
        ("tried", trials),
        ("run", ran),
    ]
    return [(name, text) for name, text in pairs if text]


def _axis(values: list[Any]) -> str:
    texts = [parameter_text(value) for value in values]
    if len(texts) <= 8:
        return ", ".join(texts)
    return f"{', '.join(texts[:3])} ... {texts[-1]} ({len(texts)} values)"


def _show_maps(out: Output, sweep: StoredSweep, metric: str) -> None:
    found = maps_of(sweep, metric)
    for shown in found:
        surface, form = shown.surface, METRICS[metric].kind.format
        lines = heat_map(surface, form, width=out.width, blocks=out.draws_blocks)
        if not lines:
            continue
        title = METRICS[metric].label
        if len(found) > 1:
            title += f" by {surface.down} and {surface.across}"
        if shown.others:
            title += f", the middle over {', '.join(shown.others)}"
        out.line(title, "heading")
        for line in lines:
            out.line(line)
        out.line()


def _show_best(out: Output, table: SweepTable, metric: str, top: int) -> None:
    best = table.ranked(metric)[:top]
    if not best:
        out.note(f"no trial has a value of {metric}")
        note_idleness(out, table)
        return
    names = list(table.points[0])
    columns = [Column(title=name, right=True) for name in names] + [
        Column(title=METRICS[name].label.upper(), right=True, rank=0 if name == metric else 1)
        for name in table.metrics
    ]
    rows = []
    for number in best:
        row = table.row(number)
        values = [parameter_text(row["parameters"][name]) for name in names]
        values += [
            UNDEFINED if value is None else METRICS[name].kind.format(value)
            for name, value in row["metrics"].items()
        ]
        rows.append(values)
    out.table(columns, rows)


def note_idleness(out: Output, table: SweepTable) -> None:
    """Say so where trials have no value because none of them traded."""
    trades = table.metrics.get("trades")
    if trades is None or len(table) == len(table.reasons) or any(each > 0 for each in trades):
        return
    out.note("none of them traded: where bars are fewer than the warm-up, none can")


def show_failures(out: Output, by_reason: Mapping[str, int]) -> None:
    """Say why trials failed, and how many of each."""
    if not by_reason:
        return
    out.line()
    for reason, count in list(by_reason.items())[:_REASONS]:
        out.line(f"{plural(count, 'trial')} failed: {reason}")
    if len(by_reason) > _REASONS:
        out.line(f"and {plural(len(by_reason) - _REASONS, 'more reason')}; --json has them all")
