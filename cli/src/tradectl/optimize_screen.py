"""An optimisation on the screen: what was asked, the best trials in and out of sample, doubts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tradectl_sdk.domain.money import from_money, plain
from tradectl_sdk.runs.metrics import METRICS

from tradectl.figures import UNDEFINED, parameter_text, plural
from tradectl.layout import Column
from tradectl.sweep_screen import note_idleness, show_evidence, show_failures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk import OptimizeResult
    from tradectl_sdk.pipelines.optimizing.parts import Pruned

    from tradectl.console import Output

_BESIDE = ("total_return", "max_drawdown", "trades")  # shown for every objective


def show_optimization(out: Output, result: OptimizeResult, top: int) -> None:
    """Show an optimisation.

    Args:
        out: Where to.
        result: It.
        top: How many of the best trials to show.
    """
    out.fields(_head(result))
    out.line()
    objectives = result.about["objectives"]
    several = len(objectives) > 1
    best = (result.front if several else result.ranked)[:top]
    if not best:
        out.note("no trial met the limits and has a value of every objective")
        note_idleness(out, result.table)
        show_failures(out, Counter(result.table.reasons.values()))
        return
    if several:
        out.line("Trials that no other one beats in everything", "heading")
    _show_trials(out, result, best)
    show_failures(out, Counter(result.table.reasons.values()))
    show_evidence(out, result.evidence, result.table)
    if result.out_of_sample:
        out.warn(
            "bars out of sample that help to choose between trials are in sample from then on",
            hint="choose by what is said in sample, and look once",
        )
    else:
        out.warn(
            f"the best of {plural(result.evidence.trials, 'trial')} looks better than it will be",
            hint="keep bars that no trial has seen: --out-of-sample 30%",
        )


def optimize_to_json(result: OptimizeResult) -> dict[str, Any]:
    """Return an optimisation as plain values, every trial included."""
    table = result.table
    trials = []
    for number, equity in enumerate(table.final_equity):
        row = table.row(number)
        failed = row["reason"] is not None
        blank = failed or number in result.pruned
        row["final_equity"] = None if blank else plain(from_money(int(equity)))
        row["feasible"] = result.feasible[number] and not failed
        row["pruned"] = _stopped(result.pruned.get(number))
        row["again_in_sample"] = result.in_sample.get(number)
        row["out_of_sample"] = result.out_of_sample.get(number)
        trials.append(row)
    return {
        "study": result.study_id,
        **result.about,
        "resumed": result.resumed,
        "deaths": result.effort.deaths,
        "ranked": list(result.ranked),
        "front": list(result.front),
        "evidence": result.evidence.to_json(),
        "trials": trials,
    }


def _stopped(pruned: Pruned | None) -> dict[str, Any] | None:
    if pruned is None:
        return None
    return {"share": float(pruned.share), "end": pruned.end, "value": pruned.value}


def _head(result: OptimizeResult) -> list[tuple[str, str]]:
    about, table = result.about, result.table
    data = ", ".join(f"{one['instrument']} {one['timeframe']}" for one in about["data"])
    bars = sum(one["bars"] for one in about["data"])
    tried = f"{plural(len(table), 'trial')} by {about['sampler']}, seed {about['seed']}"
    if result.resumed:
        tried += f", {result.resumed:,} of them before"
    if table.reasons:
        tried += f", {len(table.reasons):,} failed"
    if result.pruned:
        tried += f", {len(result.pruned):,} stopped early by {about['pruner']}"
    beyond = [number for number, met in enumerate(result.feasible) if not met]
    beyond = [one for one in beyond if one not in table.reasons and one not in result.pruned]
    if beyond:
        tried += f", {len(beyond):,} beyond the limits"
    outside = about["out_of_sample"]
    return [
        ("study", result.study_id),
        ("strategy", str(about["strategy"])),
        ("in sample", f"{data}, {plural(bars, 'bar')}"),
        *(
            [("out of sample", f"from {outside[0][:10]}, starting cold: first they warm up")]
            if outside
            else []
        ),
        *about["ranges"].items(),
        *([("where", " and ".join(about["where"]))] if about["where"] else []),
        ("good is", ", ".join(METRICS[name].label for name in about["objectives"])),
        ("tried", tried),
        *([("run", _how(result))] if result.seconds > 0 else []),
    ]


def _how(result: OptimizeResult) -> str:
    processes = result.effort.workers
    return f"{result.seconds:.2f} s" + (f" in {processes} processes" if processes > 1 else "")


def _show_trials(out: Output, result: OptimizeResult, numbers: Sequence[int]) -> None:
    names = list(result.table.points[numbers[0]])
    metrics = list(dict.fromkeys((*result.about["objectives"], *_BESIDE)))
    sides = [("IN", result.in_sample)]
    if result.out_of_sample:
        sides.append(("OUT", result.out_of_sample))
    columns = [Column(title=name, right=True) for name in names]
    for place, name in enumerate(metrics):
        label = METRICS[name].label.upper()
        columns += [
            Column(title=f"{label} {side}" if len(sides) > 1 else label, right=True, rank=place)
            for side, _ in sides
        ]
    rows = []
    for number in numbers:
        point = result.table.points[number]
        row = [parameter_text(point[name]) for name in names]
        for name in metrics:
            for _, values in sides:
                value = values[number][name]
                row.append(UNDEFINED if value is None else METRICS[name].kind.format(value))
        rows.append(row)
    out.table(columns, rows)
