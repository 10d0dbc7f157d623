"""``tradectl strategy check``: try a strategy before it is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.assignments import assignments
from tradectl.figures import moment, plural
from tradectl.interrupts import end_at_second_interrupt
from tradectl.progress import ProgressLine
from tradectl.run_inputs import (
    Assume,
    Cash,
    End,
    Engine,
    Model,
    Series,
    Set,
    Start,
    Strategy,
    Timeframe,
    Warmup,
    past_bars,
)
from tradectl.run_screen import check_rows, parameters_in_words
from tradectl.session import Session, session_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.pipelines.checking import StrategyCheck

_Bars = Annotated[
    int, typer.Option(min=100, help="How many of the first bars to go through one by one.")
]
_Seed = Annotated[int, typer.Option(min=0, help="Of the places where the data are cut.")]
_Only = Annotated[
    list[str] | None, typer.Option(metavar="CHECK", help="Make this check alone, such as costs.")
]


def check(
    context: typer.Context,
    strategy: Strategy,
    series: Series = None,
    *,
    timeframe: Timeframe = "",
    start: Start = "",
    end: End = "",
    set_: Set = None,
    assume: Assume = None,
    cash: Cash = "",
    model: Model = None,
    engine: Engine = "auto",
    warmup: Warmup = 0,
    bars: _Bars = 5_000,
    seed: _Seed = 0,
    only: _Only = None,
) -> ExitStatus:
    """Try a strategy: look-ahead, warm-up, determinism, fills, costs.

    What a backtest checks at a few places is gone through here bar by bar, also of a strategy that
    never trades. The exit status is 1 when a check failed; a warning is for you to weigh.
    """
    session = session_of(context)
    past = past_bars(
        session, series, timeframe, start, end, assume=assume, cash=cash, model=model, warmup=warmup
    )
    from tradectl_sdk.pipelines.checking import check_strategy
    from tradectl_sdk.pipelines.modelling import read_models

    end_at_second_interrupt()
    with ProgressLine(session) as line:
        result = check_strategy(
            strategy,
            past.series,
            parameters=assignments(set_ or (), "--set"),
            models=read_models(model or ()),
            timeframe=past.timeframe,
            start=start or None,
            end=end or None,
            settings=past.settings,
            warmup=warmup,
            mode=engine,
            bars=bars,
            seed=seed,
            only=only or (),
            plugins=past.plugins,
            notify=session.out.note,
            progress=lambda name: line.say(f"looking at {name}"),
        )
    _show(session, result)
    again = past.again(strategy, set_ or ())
    session.out.next(*_next(result, again))
    return ExitStatus.OK if result.passed else ExitStatus.FINDING


def _next(result: StrategyCheck, again: str) -> Sequence[str]:
    if result.passed:
        return (f"tradectl backtest {again}",)
    return (f"tradectl backtest {again} --engine interpreted",)


def _show(session: Session, result: StrategyCheck) -> None:
    out, job = session.out, result.job
    out.line(job.found.name, "bold")
    fields = [("  parameters", parameters_in_words(job.identity["parameters"]))]
    fields += [("  data", "\n".join(_described(result))), ("  engine", result.mode)]
    fields += [("  bar by bar", f"the first {plural(result.watched, 'bar')}")]
    out.fields(fields)
    out.line()
    out.line("Checks", "bold")
    check_rows(out, result.checks)
    out.result("check/1", _document(result))


def _described(result: StrategyCheck) -> Sequence[str]:
    return [
        f"{one.bars.instrument.id}  {one.bars.timeframe}  {moment(int(one.bars.time[0]))} to "
        f"{moment(int(one.bars.time[-1]))}  {plural(len(one.bars), 'bar')}"
        for one in result.job.series
    ]


def _document(result: StrategyCheck) -> dict[str, Any]:
    identity = result.job.identity
    return {
        "strategy": result.job.found.name,
        "source": result.job.found.source,
        "parameters": identity["parameters"],
        "data": identity["data"],
        "engine": result.mode,
        "bars": result.bars,
        "bar_by_bar": result.watched,
        "passed": result.passed,
        "checks": result.checks,
    }
