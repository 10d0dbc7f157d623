"""``tradectl backtest``: a strategy over past bars, with everything assumed said beside it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.assignments import assignments
from tradectl.figures import rate, shortened
from tradectl.interrupts import end_at_second_interrupt
from tradectl.run_inputs import (
    Assume,
    Cash,
    End,
    Engine,
    Fresh,
    Model,
    Series,
    Set,
    Start,
    Strategy,
    Timeframe,
    Warmup,
    past_bars,
)
from tradectl.run_screen import show_bracket, show_run
from tradectl.session import Session, session_of

if TYPE_CHECKING:
    from tradectl_sdk.config import Settings
    from tradectl_sdk.pipelines.backtest import BacktestResult

_LOOK_AHEAD = "look-ahead: "  # begins the warning of a run that used the future


_Bracket = Annotated[
    bool, typer.Option("--bracket", help="Show optimistic fills beside the pessimistic ones.")
]
_Trials = Annotated[
    int,
    typer.Option(
        min=1, help="Parameter sets tried to arrive at this one; they deflate its Sharpe."
    ),
]


def backtest(
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
    engine: Engine = "auto",
    model: Model = None,
    bracket: _Bracket = False,
    fresh: Fresh = False,
    warmup: Warmup = 0,
    trials: _Trials = 1,
) -> ExitStatus:
    """Run a strategy over past bars and keep the run.

    Every assumption is shown beside the result. Fills are pessimistic unless --assume says
    otherwise; --bracket shows what difference it makes. The exit status is 1 when the strategy
    was found to look into the future.
    """
    session = session_of(context)
    bars = past_bars(
        session, series, timeframe, start, end, assume=assume, cash=cash, model=model, warmup=warmup
    )
    settings = bars.settings
    given = assignments(set_ or (), "--set")
    from tradectl_sdk.pipelines.backtest import backtest as run_backtest
    from tradectl_sdk.pipelines.modelling import read_models
    from tradectl_sdk.runs import RunStore

    run = partial(
        run_backtest,
        strategy,
        bars.series,
        parameters=given,
        models=read_models(model or ()),
        timeframe=bars.timeframe,
        start=start or None,
        end=end or None,
        warmup=warmup,
        trials=trials,
        mode=engine,
        store=RunStore(settings.runs.directory),
        fresh=fresh,
        plugins=bars.plugins,
        notify=session.out.note,
    )
    end_at_second_interrupt()
    result = run(settings=settings)
    if bracket:
        from tradectl_sdk.pipelines.job import optimistic

        _show_bracket(session, result, run(settings=optimistic(settings)), settings)
    else:
        _show(session, result, settings, bars.again(strategy, set_ or ()))
    return _verdict(session, result)


def _show(session: Session, result: BacktestResult, settings: Settings, again: str) -> None:
    record, out = result.record, session.out
    show_run(
        out,
        record,
        engine=_engine(result),
        checks=result.checks,
        place=str(settings.runs.directory / record.run_id),
    )
    if session.options.json:
        out.result("backtest/1", _document(result))
    short = record.run_id[:10]
    out.next(
        f"tradectl runs show {short} --trades",
        f"tradectl report {short}",
        f"tradectl strategy check {again}",
    )


def _show_bracket(
    session: Session, result: BacktestResult, hopeful: BacktestResult, settings: Settings
) -> None:
    section = settings.backtest
    pessimistic = (section.limit_fill, section.bar_path) == ("cross", "worst_case")
    out = session.out
    show_bracket(
        out,
        result.record,
        hopeful.record,
        name="pessimistic" if pessimistic else "as assumed",
        engine=_engine(result),
        checks=result.checks,
    )
    if session.options.json:
        from tradectl_sdk.runs import run_to_json

        optimistic = {"optimistic": run_to_json(hopeful.record)}
        out.result("backtest/1", _document(result) | optimistic)
    out.next(f"tradectl runs diff {result.record.run_id[:10]} {hopeful.record.run_id[:10]}")


def _engine(result: BacktestResult) -> str:
    """Say how it was run, how fast, and why not compiled where it was not."""
    record = result.record
    mode, reason = str(record.engine["mode"]), str(record.engine.get("reason", ""))
    if result.stored:
        speed = f"answered from the store, run {shortened(record.created.split('+')[0])} UTC"
    else:
        speed = f"{rate(result.bars, result.seconds)} bars/s, {result.seconds:.3f} s"
    return f"{mode}, {speed}" + (f"\nnot compiled: {reason}" if reason else "")


def _verdict(session: Session, result: BacktestResult) -> ExitStatus:
    """Warn of a run that used the future; a stored run has kept that among its warnings."""
    ahead = [text for text in result.record.warnings if text.startswith(_LOOK_AHEAD)]
    for text in ahead:
        session.out.warn(text, hint="such a result cannot be had in the market")
    return ExitStatus.FINDING if ahead else ExitStatus.OK


def _document(result: BacktestResult) -> dict[str, Any]:
    from tradectl_sdk.pipelines.words import assumptions_in_words, remarks
    from tradectl_sdk.runs import backtest_to_json

    record = result.record
    return backtest_to_json(record) | {
        "stored": result.stored,
        "bars": result.bars,
        "seconds": result.seconds,
        "assumptions": dict(assumptions_in_words(record)),
        "checks": result.checks,
        "notes": remarks(record),
    }
