"""``tradectl sweep``: one strategy with many parameter sets over the same bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus, UsageError

from tradectl.figures import plural, rate
from tradectl.interrupts import end_at_second_interrupt
from tradectl.progress import ProgressLine
from tradectl.run_inputs import (
    Assume,
    Cash,
    DrawSeed,
    Each,
    End,
    Engine,
    Fresh,
    Grid,
    Model,
    PastBars,
    RunOn,
    Sample,
    Series,
    Start,
    Strategy,
    Timeframe,
    Warmup,
    Where,
    Workers,
    Yes,
    past_bars,
    ranges,
)
from tradectl.session import Session, session_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk import SweepResult

_Metric = Annotated[
    list[str] | None,
    typer.Option(help="Rank and map by the first; the others are columns. Sharpe when left out."),
]
_Top = Annotated[int, typer.Option(min=1, help="Show so many of the best trials.")]
_Windows = Annotated[
    int | None,
    typer.Option(min=1, help="Try every window of time: so many equal parts of the data."),
]
_Window = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FROM:TO", help="A window to try, such as 2010-01-01:2015-01-01; again for more."
    ),
]
_Hashes = Annotated[
    bool, typer.Option("--hashes", help="Hash the orders of each trial; it takes about as long.")
]


def sweep(
    context: typer.Context,
    strategy: Strategy,
    series: Series = None,
    *,
    set_: Grid = None,
    each: Each = False,
    windows: _Windows = None,
    window: _Window = None,
    where: Where = None,
    sample: Sample = None,
    seed: DrawSeed = 0,
    metric: _Metric = None,
    top: _Top = 10,
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
    hashes: _Hashes = False,
    yes: Yes = False,
    fresh: Fresh = False,
) -> ExitStatus:
    """Run a strategy with every point of a grid of parameters, and keep one table of them all.

    With --each and windows, every parameter set is tried on every instrument and in every window,
    and sets are ranked by the middle of that. Each trial is the backtest with its parameters,
    instrument and window, to the last byte. A trial that fails says why,
    and the others go on; the exit status is 1 when all of them failed. The best of many trials
    looks better than it is.
    """
    session = session_of(context)
    bars = past_bars(
        session, series, timeframe, start, end, assume=assume, cash=cash, model=model, warmup=warmup
    )
    from tradectl_sdk.pipelines.modelling import read_models
    from tradectl_sdk.pipelines.sweeps import DEFAULT_METRICS, LIMIT
    from tradectl_sdk.pipelines.sweeps import sweep as run_sweep
    from tradectl_sdk.research import SweepStore

    hint = "such as --set fast=5:50:5; one set of parameters is a tradectl backtest"
    if windows is not None and window:
        raise UsageError("--windows and --window were both given, expected one of them")
    over = each or windows is not None or bool(window)
    grid, fixed = ranges(strategy, set_, bars.plugins, hint=hint, needed=not over)
    end_at_second_interrupt()
    with ProgressLine(session) as line:
        result = run_sweep(
            strategy,
            bars.series,
            grid,
            each=each,
            windows=window or windows,
            parameters=fixed,
            where=where or (),
            sample=sample,
            seed=seed,
            metrics=tuple(dict.fromkeys((*DEFAULT_METRICS, *(metric or ())))),
            models=read_models(model or ()),
            timeframe=bars.timeframe,
            start=start or None,
            end=end or None,
            settings=bars.settings,
            warmup=warmup,
            mode=engine,
            executor=executor,
            workers=workers,
            hashes=hashes,
            limit=None if yes else LIMIT,
            store=SweepStore(bars.settings.runs.directory),
            fresh=fresh,
            plugins=bars.plugins,
            notify=session.out.note,
            progress=line.counting("trial"),
        )
    return _show(session, result, bars, strategy, metric or (), top)


def _show(
    session: Session,
    result: SweepResult,
    bars: PastBars,
    strategy: str,
    metric: Sequence[str],
    top: int,
) -> ExitStatus:
    from tradectl_sdk.research.across import worst_trial

    from tradectl.sweep_screen import RANK, assignments_of, show_sweep, sweep_to_json

    out, found, table = session.out, result.sweep, result.table
    rank = metric[0] if metric else RANK
    show_sweep(out, found, rank, top, ran=_how(result))
    if result.deaths:
        out.warn(f"{plural(result.deaths, 'worker')} died; their trials were tried again")
    if session.options.json:
        how = {
            "stored": result.stored,
            "resumed": result.resumed,
            "deaths": result.deaths,
            "not_compiled": result.why or None,
        }
        out.result("sweep/1", sweep_to_json(found, rank) | how)
    evidence = result.evidence(rank)
    if evidence.chosen is not None:
        sets = assignments_of(found, evidence.chosen)
        place = table.place(worst_trial(table, rank, evidence.chosen))
        there = bars if place is None else bars.at(place.instrument, place.window)
        words = there.again(strategy, sets, "--trials", str(len(table)))
        out.next(f"tradectl backtest {words}")
    if table.has_choice:
        out.next(f"tradectl overfitting {found.sweep_id[:10]}")
    out.next(f"tradectl report {found.sweep_id[:10]}")
    return ExitStatus.FINDING if len(table.reasons) == len(table) else ExitStatus.OK


def _how(result: SweepResult) -> str:
    if result.stored:
        return "answered from the store"
    speed = rate(result.bars * (len(result.table) - result.resumed), result.seconds)
    text = f"{result.seconds:.2f} s, {speed} bars/s on {plural(result.workers, 'core')}"
    if result.resumed:
        text += f"; {plural(result.resumed, 'trial')} of an earlier sweep taken over"
    return f"{text}; not compiled: {result.why}" if result.why else text
