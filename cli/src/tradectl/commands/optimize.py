"""``tradectl optimize``: good parameters, looked for trial by trial."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from tradectl_sdk.errors import ExitStatus, UsageError

from tradectl.figures import plural
from tradectl.interrupts import end_at_second_interrupt
from tradectl.progress import ProgressLine
from tradectl.run_inputs import (
    Assume,
    Cash,
    End,
    Engine,
    Model,
    RunOn,
    Series,
    Start,
    Strategy,
    Timeframe,
    Warmup,
    Workers,
    past_bars,
    ranges,
)
from tradectl.session import Session, session_of
from tradectl.strategies import parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk import OptimizeResult

_Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUES",
        help="What to choose from: fast=5:50 or slow=20,50,100; a single value is fixed.",
        autocompletion=parameters,
    ),
]
_Objective = Annotated[
    list[str] | None,
    typer.Option(help="A metric to make good; several are weighed. Sharpe when left out."),
]
_Where = Annotated[
    list[str] | None,
    typer.Option(metavar="A<B", help="Of parameters, fast<slow; of metrics, trades>=30."),
]
_Trials = Annotated[int, typer.Option(min=1, help="To make in all, resumed ones included.")]
_Sampler = Annotated[
    Literal["tpe", "random", "nsga2", "cmaes"], typer.Option(help="What chooses the next trials.")
]
_Pruner = Annotated[
    Literal["none", "median", "hyperband"],
    typer.Option(help="What stops trials early that do worse over the first bars."),
]
_Batch = Annotated[
    int, typer.Option(min=1, help="Trials chosen at once; so many can be made side by side.")
]
_Seed = Annotated[int, typer.Option(min=0, help="Of the sampler.")]
_OutOfSample = Annotated[
    str, typer.Option(metavar="SHARE", help="Last bars that no trial sees, such as 30%.")
]
_Storage = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Keep the study in postgresql://USER@HOST/DATABASE; the password is in PGPASSWORD.",
    ),
]
_Top = Annotated[int, typer.Option(min=1, max=10, help="Show so many of the best trials.")]
_Resume = Annotated[bool, typer.Option("--resume", help="Go on with a study that was begun.")]
_Fresh = Annotated[bool, typer.Option("--fresh", help="Start a study over.")]


def optimize(
    context: typer.Context,
    strategy: Strategy,
    series: Series = None,
    *,
    set_: _Set = None,
    objective: _Objective = None,
    where: _Where = None,
    trials: _Trials = 100,
    sampler: _Sampler = "tpe",
    seed: _Seed = 0,
    pruner: _Pruner = "none",
    batch: _Batch = 8,
    out_of_sample: _OutOfSample = "30%",
    top: _Top = 5,
    timeframe: Timeframe = "",
    start: Start = "",
    end: End = "",
    assume: Assume = None,
    cash: Cash = "",
    model: Model = None,
    engine: Engine = "auto",
    warmup: Warmup = 0,
    executor: RunOn = "local",
    workers: Workers = None,
    storage: _Storage = None,
    resume: _Resume = False,
    fresh: _Fresh = False,
) -> ExitStatus:
    """Look for good parameters, each trial chosen from what came of those before.

    Each trial is the backtest with its parameters over the bars in sample. The bars out of sample
    are shown beside them and chosen by nobody. Every trial is written down at once: a study that
    was stopped goes on with --resume. The exit status is 1 when no trial met the limits.
    """
    session = session_of(context)
    bars = past_bars(
        session, series, timeframe, start, end, assume=assume, cash=cash, model=model, warmup=warmup
    )
    chosen, fixed = ranges(strategy, set_, bars.plugins, hint="such as --set fast=5:50")
    from tradectl_sdk.pipelines.modelling import read_models
    from tradectl_sdk.pipelines.optimizing import optimize as run_optimize

    end_at_second_interrupt()
    with ProgressLine(session) as line:
        result = run_optimize(
            strategy,
            bars.series,
            chosen,
            parameters=fixed,
            objectives=tuple(objective or ("sharpe_ratio",)),
            where=where or (),
            trials=trials,
            sampler=sampler,
            seed=seed,
            pruner=pruner,
            batch=batch,
            out_of_sample=_share(out_of_sample),
            timeframe=bars.timeframe,
            start=start or None,
            end=end or None,
            settings=bars.settings,
            models=read_models(model or ()),
            warmup=warmup,
            mode=engine,
            executor=executor,
            workers=workers,
            folder=bars.settings.runs.directory,
            storage=storage,
            resume=resume,
            fresh=fresh,
            plugins=bars.plugins,
            notify=session.out.note,
            progress=lambda done, of: line.say(f"{done:,} of {plural(of, 'trial')}"),
        )
    status = _show(session, result, partial(bars.again, strategy), fixed, top)
    if status == ExitStatus.OK and len(result.table) > 1:
        in_file = ("--strategy", strategy) if ".py" in strategy else ()
        where_kept = () if storage is None else ("--storage", storage)
        words = ("tradectl", "overfitting", result.study_id[:10], *in_file, *where_kept)
        session.out.next(shlex.join(words))
    return status


def _share(text: str) -> float:
    """Read ``30%`` or ``0.3``."""
    number = text.strip().removesuffix("%")
    try:
        share = float(number)
    except ValueError:
        raise UsageError(f"--out-of-sample was {text!r}, expected a share such as 30%") from None
    return share / 100 if text.strip().endswith("%") else share


def _show(
    session: Session,
    result: OptimizeResult,
    again: Callable[..., str],
    fixed: dict[str, str],
    top: int,
) -> ExitStatus:
    from tradectl.optimize_screen import optimize_to_json, show_optimization

    out = session.out
    show_optimization(out, result, top)
    if result.effort.deaths:
        out.warn(f"{plural(result.effort.deaths, 'worker')} died; their trials were tried again")
    out.result("optimize/1", optimize_to_json(result))
    evidence = result.evidence
    if evidence.chosen is None:
        return ExitStatus.FINDING
    values = {**fixed, **result.table.points[evidence.chosen]}
    sets = [f"{name}={value}" for name, value in values.items()]
    out.next(f"tradectl backtest {again(sets, '--trials', str(evidence.trials))}")
    return ExitStatus.OK
