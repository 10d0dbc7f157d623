"""``tradectl overfitting``: was the best of many trials chosen for its luck?"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus, UsageError

from tradectl.figures import UNDEFINED, plural
from tradectl.interrupts import end_at_second_interrupt
from tradectl.kept import sweep_ids
from tradectl.layout import Cell, Column
from tradectl.progress import ProgressLine
from tradectl.run_inputs import ChanceSeed
from tradectl.session import session_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tradectl_sdk import SweepOverfitting
    from tradectl_sdk.evidence import Overfitting, Snooping
    from tradectl_sdk.pipelines.overfitting import PlaceOverfitting
    from tradectl_sdk.pipelines.tried import Tried

    from tradectl.console import Output

_STYLES = {
    "luck": "fail",
    "weak": "warn",
    "doubtful": "warn",
    "unproven": "warn",
    "holds": "ok",
}
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
_Storage = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Database that has the optimisation, as for optimize; the password is in PGPASSWORD.",
    ),
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
    storage: _Storage = None,
) -> ExitStatus:
    """Ask whether the best trial of a sweep or an optimisation was chosen for its luck.

    The trials run once more. The days are cut into blocks; each half of the blocks in turn chooses
    the best trial, and the other half says how it did there. White's and Hansen's tests ask how
    good the best of as many worthless trials would look. Of a sweep over several instruments or
    windows all days are weighed together, and each place by itself beside them. The answer is kept
    for the sweep's report. The exit status is 1 when a coin would have chosen as well.
    """
    session = session_of(context)
    loaded, plugins = session.checked({})
    out = session.out
    from tradectl_sdk.pipelines.overfitting import overfitting as weigh
    from tradectl_sdk.pipelines.tried import tried_in_sweep
    from tradectl_sdk.research import SweepStore

    store = SweepStore(loaded.settings.runs.directory)
    study = sweep.startswith("o-")
    if storage is not None and not study:
        raise UsageError(
            "--storage was given with a sweep, expected an optimisation",
            hint="sweeps are kept in the folder of runs",
        )
    tried = _of_study(store.root, sweep, storage) if study else tried_in_sweep(store.load(sweep))
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


def _of_study(folder: Path, reference: str, storage: str | None) -> Tried:
    from tradectl_sdk.pipelines.optimizing.kept import study_trials

    return study_trials(folder, reference, storage=storage)


def _significance(tried: Tried) -> str:
    """The question that needs no choice of parameters."""
    first = tried.past.identity["data"][0]["instrument"]
    return shlex.join(["tradectl", "significance", tried.past.strategy, first])


def _show(out: Output, found: SweepOverfitting, tried: Tried) -> None:
    used = [one for past in tried.pasts for one in past.identity["data"]]
    data = ", ".join(dict.fromkeys(f"{one['instrument']} {one['timeframe']}" for one in used))
    looked, sets = plural(len(found.numbers), "trial"), found.trials
    if found.places:
        sets //= len(found.places)
        looked = f"{plural(len(found.numbers), 'set')} in {plural(len(found.places), 'place')}"
    spread = f" of {sets:,}, spread over the ranking"
    name = tried.past.strategy.rpartition(":")[2]
    out.line(f"{name}  {tried.name[:10]}", "bold")
    out.fields(
        [
            ("  data", data),
            ("  looked at", looked + (spread if len(found.numbers) < sets else "")),
            (
                "  halves",
                f"{len(found.evidence.logits):,}, all ways to halve {found.blocks} blocks",
            ),
        ]
    )
    _show_halves(out, found.evidence)
    if found.places:
        _show_places(out, found.places)
    if found.snooping is not None:
        _show_snooping(out, found.snooping)
    out.line()
    out.cells(Cell("verdict", _STYLES[found.verdict]), Cell(f"  {found.words}"))


def _show_halves(out: Output, evidence: Overfitting) -> None:
    from tradectl_sdk.runs.metrics.definition import percent

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


def _show_places(out: Output, places: Sequence[PlaceOverfitting]) -> None:
    out.line()
    out.line("Where each place alone decides", "heading")
    out.table(_COLUMNS, [[one.name, f"{one.days:,}", *_shares(one)] for one in places])


_COLUMNS = (
    Column(title="PLACE"),
    Column(title="DAYS", right=True),
    Column(title="OVERFITTING", right=True),
    Column(title="LOSS", right=True),
)


def _shares(one: PlaceOverfitting) -> list[str]:
    from tradectl_sdk.runs.metrics.definition import percent

    found = one.evidence
    if found is None:
        return ["too few days", UNDEFINED]
    return [percent(found.probability, 1), percent(found.loss_probability, 1)]


def _show_snooping(out: Output, snooping: Snooping) -> None:
    from tradectl_sdk.runs.metrics.definition import chance_percent

    bounds = f", {chance_percent(snooping.lower)} to {chance_percent(snooping.upper)}"
    between = bounds if snooping.lower < snooping.upper else ""
    out.line()
    out.line("So good a best one among as many worthless trials", "heading")
    out.fields(
        [
            ("  reality check", f"{chance_percent(snooping.reality_check)} of the time (White)"),
            ("  superior", f"{chance_percent(snooping.superior)} of the time (Hansen){between}"),
        ]
    )
