"""``tradectl walkforward``: choose parameters on past bars, trade the next ones, and go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.executors import executors
from tradectl.interrupts import end_at_second_interrupt
from tradectl.progress import ProgressLine
from tradectl.run_inputs import (
    Assume,
    Cash,
    DrawSeed,
    End,
    Engine,
    Fresh,
    Grid,
    Model,
    PastBars,
    Sample,
    Series,
    Start,
    Strategy,
    Timeframe,
    Where,
    Yes,
    past_bars,
    ranges,
)
from tradectl.session import session_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk import WalkForward

_Train = Annotated[int, typer.Option(min=2, help="Bars to choose parameters on.")]
_Test = Annotated[int, typer.Option(min=2, help="Bars to trade the choice on.")]
_Embargo = Annotated[int, typer.Option(min=0, help="Bars between the two that are left out.")]
_Anchored = Annotated[
    bool,
    typer.Option("--anchored", help="Let every window begin with the first bar, not roll on."),
]
_Metric = Annotated[str, typer.Option(help="What the best trial of a window is chosen by.")]
_Executor = Annotated[
    str,
    typer.Option(help="What runs the trials of a window.", autocompletion=executors),
]
_Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes; as many as the executor has when left out.")
]


def walkforward(
    context: typer.Context,
    strategy: Strategy,
    series: Series = None,
    *,
    train: _Train,
    test: _Test,
    set_: Grid = None,
    embargo: _Embargo = 0,
    anchored: _Anchored = False,
    metric: _Metric = "sharpe_ratio",
    where: Where = None,
    sample: Sample = None,
    seed: DrawSeed = 0,
    timeframe: Timeframe = "",
    start: Start = "",
    end: End = "",
    assume: Assume = None,
    cash: Cash = "",
    model: Model = None,
    engine: Engine = "auto",
    executor: _Executor = "local",
    workers: _Workers = None,
    fresh: Fresh = False,
    yes: Yes = False,
) -> ExitStatus:
    """Choose parameters on a window of bars, trade the next ones with them, and go on.

    What the choices earned on bars they were not made on, one window after another, is what
    tuning this way would have earned. It is kept, and answered from the store when asked for
    again. The exit status is 1 when that is a loss, or when nothing was traded.
    """
    session = session_of(context)
    bars = past_bars(session, series, timeframe, start, end, assume=assume, cash=cash, model=model)
    out = session.out
    hint = "such as --set fast=5:50:5; without a choice there is nothing to walk forward"
    grid, fixed = ranges(strategy, set_, bars.plugins, hint=hint)
    from tradectl_sdk.pipelines.modelling import read_models
    from tradectl_sdk.pipelines.sweeps import LIMIT
    from tradectl_sdk.pipelines.walkforward import walkforward as walk
    from tradectl_sdk.research import WalkStore

    from tradectl.walk_screen import show_walk

    end_at_second_interrupt()
    with ProgressLine(session) as line:
        found = walk(
            strategy,
            bars.series,
            grid,
            train=train,
            test=test,
            embargo=embargo,
            anchored=anchored,
            metric=metric,
            parameters=fixed,
            where=where or (),
            sample=sample,
            seed=seed,
            models=read_models(model or ()),
            timeframe=bars.timeframe,
            start=start or None,
            end=end or None,
            settings=bars.settings,
            mode=engine,
            executor=executor,
            workers=workers,
            limit=None if yes else LIMIT,
            store=WalkStore(bars.settings.runs.directory),
            fresh=fresh,
            plugins=bars.plugins,
            notify=out.note,
            progress=line.counting("window"),
        )
    show_walk(out, found)
    out.result("walkforward/1", found.to_json())
    out.next(_next(found, strategy, bars, fixed), f"tradectl report {found.walk_id[:10]}")
    return ExitStatus.FINDING if found.verdict in {"fail", "untraded"} else ExitStatus.OK


def _next(found: WalkForward, strategy: str, bars: PastBars, fixed: Mapping[str, str]) -> str:
    """The backtest of the last choice; where there is none, the question to ask before tuning."""
    last = found.pieces[-1].parameters
    sets = [f"{name}={value}" for name, value in {**fixed, **(last or {})}.items()]
    if last is None:
        return f"tradectl significance {bars.again(strategy, sets)}"
    return f"tradectl backtest {bars.again(strategy, sets, '--trials', str(found.trials))}"
