"""``tradectl overfitting``: was the best of many trials chosen for its luck?"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.figures import UNDEFINED, plural
from tradectl.interrupts import end_at_second_interrupt
from tradectl.kept import sweep_ids
from tradectl.layout import Cell
from tradectl.progress import ProgressLine
from tradectl.run_inputs import ChanceSeed
from tradectl.session import session_of

if TYPE_CHECKING:
    from pathlib import Path

    from tradectl_sdk import SweepOverfitting
    from tradectl_sdk.pipelines.overfitting import Tried

    from tradectl.console import Output

_STYLES = {"luck": "fail", "unproven": "warn", "holds": "ok"}
_Sweep = Annotated[
    str,
    typer.Argument(
        help="Id of a sweep, or of an optimisation from its o- on; the first digits do.",
        autocompletion=sweep_ids,
    ),
]
_Strategy = Annotated[
    str,
    typer.Option(metavar="PATH:CLASS", help="An optimisation's strategy, where it is in a file."),
]
_Most = Annotated[
    int,
    typer.Option(min=2, max=10_000, help="Trials to run again at most, spread over the ranking."),
]
_Blocks = Annotated[
    int, typer.Option(min=2, max=20, help="Blocks that the days are cut into, an even number.")
]


def overfitting(
    context: typer.Context,
    sweep: _Sweep,
    *,
    most: _Most = 500,
    blocks: _Blocks = 16,
    seed: ChanceSeed = 0,
    strategy: _Strategy = "",
) -> ExitStatus:
    """Ask whether the best trial of a sweep or an optimisation was chosen for its luck.

    The trials run once more. The days are cut into blocks; each half of the blocks in turn chooses
    the best trial, and the other half says how it did there. White's and Hansen's tests ask how
    good the best of as many worthless trials would look. The answer is kept for the sweep's report.
    The exit status is 1 when the choice was luck.
    """
    session = session_of(context)
    loaded, plugins = session.checked({})
    out = session.out
    from tradectl_sdk.pipelines.overfitting import overfitting as weigh
    from tradectl_sdk.pipelines.overfitting import tried_in_sweep
    from tradectl_sdk.research import SweepStore

    store = SweepStore(loaded.settings.runs.directory)
    study = sweep.startswith("o-")
    tried = _of_study(store.root, sweep) if study else tried_in_sweep(store.load(sweep))
    end_at_second_interrupt()
    with ProgressLine(session) as line:
        found = weigh(
            tried,
            most=most,
            blocks=blocks,
            seed=seed,
            strategy=strategy or None,
            settings=loaded.settings,
            plugins=plugins,
            progress=line.counting("trial"),
        )
    document = found.to_json()
    if not study:
        store.keep_weighing(tried.name, document)
    _show(out, found, tried)
    if found.left_out:
        out.warn(f"White's and Hansen's tests were left out: {found.left_out}")
    out.result("overfitting/1", document)
    out.next(_significance(tried) if study else f"tradectl report {tried.name[:10]}")
    return ExitStatus.FINDING if found.verdict == "luck" else ExitStatus.OK


def _of_study(folder: Path, reference: str) -> Tried:
    from tradectl_sdk.pipelines.optimizing.kept import study_trials

    return study_trials(folder, reference)


def _significance(tried: Tried) -> str:
    """The question that needs no choice of parameters."""
    first = tried.past.identity["data"][0]["instrument"]
    return shlex.join(["tradectl", "significance", tried.past.strategy, first])


def _show(out: Output, found: SweepOverfitting, tried: Tried) -> None:
    from tradectl_sdk.runs.metrics.definition import percent

    evidence, snooping = found.evidence, found.snooping
    used = tried.past.identity["data"]
    data = ", ".join(f"{one['instrument']} {one['timeframe']}" for one in used)
    looked = plural(len(found.numbers), "trial")
    spread = f" of {found.trials:,}, spread over the ranking"
    name = tried.past.strategy.rpartition(":")[2]
    out.line(f"{name}  {tried.name[:10]}", "bold")
    out.fields(
        [
            ("  data", data),
            ("  looked at", looked + (spread if len(found.numbers) < found.trials else "")),
            ("  halves", f"{len(evidence.logits):,}, all ways to halve {found.blocks} blocks"),
        ]
    )
    out.line()
    out.line("The best of one half, on the other half", "heading")
    slope = UNDEFINED if evidence.slope != evidence.slope else f"{evidence.slope:+.2f}"
    out.fields(
        [
            ("  overfitting", f"{percent(evidence.probability, 1)} do no better than the middle"),
            ("  loss", f"{percent(evidence.loss_probability, 1)} lose money"),
            ("  slope", f"{slope} Sharpe ratio for each +1 on the half that chose"),
        ]
    )
    if snooping is not None:
        bounds = f", {percent(snooping.lower, 1)} to {percent(snooping.upper, 1)}"
        between = bounds if snooping.lower < snooping.upper else ""
        out.line()
        out.line("So good a best one among as many worthless trials", "heading")
        out.fields(
            [
                ("  reality check", f"{percent(snooping.reality_check, 1)} of the time (White)"),
                ("  superior", f"{percent(snooping.superior, 1)} of the time (Hansen){between}"),
            ]
        )
    out.line()
    out.cells(Cell("verdict", _STYLES[found.verdict]), Cell(f"  {found.words}"))
