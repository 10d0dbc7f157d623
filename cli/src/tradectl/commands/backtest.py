"""``tradectl backtest``: a strategy over past bars, with everything assumed said beside it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from tradectl_sdk.errors import ConfigError, DataMissingError, ExitStatus, UsageError

from tradectl.assignments import assignments
from tradectl.figures import plural, rate, shortened
from tradectl.interrupts import end_at_second_interrupt
from tradectl.run_screen import show_bracket, show_run
from tradectl.session import Session, session_of
from tradectl.stored import instruments, timeframes
from tradectl.strategies import assumptions, installed, parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tradectl_sdk.config import LoadedSettings, Settings
    from tradectl_sdk.pipelines.backtest import BacktestResult
    from tradectl_sdk.plugins import Plugins

SAMPLE = "SPX.SAMPLE"  # what a newcomer without data of their own starts with
_TIMEFRAME = "1d"
_LOOK_AHEAD = "look-ahead: "  # begins the warning of a run that used the future


_Strategy = Annotated[
    str, typer.Argument(help="Its name, or path.py:Class.", autocompletion=installed)
]
_Series = Annotated[
    list[str] | None,
    typer.Argument(
        help="SYMBOL.VENUE, one or several; the sample or the only one when left out.",
        autocompletion=instruments,
    ),
]
_Timeframe = Annotated[
    str,
    typer.Option(
        help="Length of a bar; the one the catalog has, or 1d, when left out.",
        autocompletion=timeframes,
    ),
]
_Start = Annotated[str, typer.Option(help="Earliest open time, such as 2015-01-01.")]
_End = Annotated[str, typer.Option(help="Open times stay before this.")]
_Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A parameter of the strategy.",
        autocompletion=parameters,
    ),
]
_Assume = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="A setting of [backtest], such as slippage_bps=5.",
        autocompletion=assumptions,
    ),
]
_Cash = Annotated[str, typer.Option(help="Cash to start with.")]
_Engine = Annotated[
    Literal["auto", "compiled", "interpreted"],
    typer.Option(help="How the strategy runs; both ways give the same result."),
]
_Bracket = Annotated[
    bool, typer.Option("--bracket", help="Show optimistic fills beside the pessimistic ones.")
]
_Fresh = Annotated[bool, typer.Option("--fresh", help="Run it even if the store has the answer.")]
_Warmup = Annotated[int, typer.Option(min=0, help="Bars before orders are accepted, at least.")]


def backtest(
    context: typer.Context,
    strategy: _Strategy,
    series: _Series = None,
    *,
    timeframe: _Timeframe = "",
    start: _Start = "",
    end: _End = "",
    set_: _Set = None,
    assume: _Assume = None,
    cash: _Cash = "",
    engine: _Engine = "auto",
    bracket: _Bracket = False,
    fresh: _Fresh = False,
    warmup: _Warmup = 0,
) -> ExitStatus:
    """Run a strategy over past bars and keep the run.

    Every assumption is shown beside the result. Fills are pessimistic unless --assume says
    otherwise; --bracket shows what difference it makes. The exit status is 1 when the strategy
    was found to look into the future.
    """
    session = session_of(context)
    loaded, plugins = _load_settings(session, _overrides(assume or (), cash))
    settings = loaded.settings
    for failure in plugins.failures:
        session.out.warn(str(failure), hint=failure.hint)
    wanted, length = _series(series or (), timeframe, settings, plugins)
    given = assignments(set_ or (), "--set")
    from tradectl_sdk.pipelines.backtest import backtest as run_backtest
    from tradectl_sdk.runs import RunStore

    run = partial(
        run_backtest,
        strategy,
        wanted,
        parameters=given,
        timeframe=length,
        start=start or None,
        end=end or None,
        warmup=warmup,
        mode=engine,
        store=RunStore(settings.runs.directory),
        fresh=fresh,
        plugins=plugins,
        notify=session.out.note,
    )
    end_at_second_interrupt()
    result = run(settings=settings)
    if not series:
        session.out.note(f"no series was named, so this is {wanted[0]}")
    if bracket:
        from tradectl_sdk.pipelines.job import optimistic

        _show_bracket(session, result, run(settings=optimistic(settings)), settings)
    else:
        _show(session, result, settings)
    return _verdict(session, result)


def _overrides(assume: Sequence[str], cash: str) -> dict[str, str]:
    """Return settings of ``[backtest]`` and their text."""
    given = assignments(assume, "--assume")
    if cash and "cash" in given:
        raise UsageError("the cash was given twice, with --cash and with --assume")
    return given | ({"cash": cash} if cash else {})


def _load_settings(session: Session, assumed: Mapping[str, str]) -> tuple[LoadedSettings, Plugins]:
    """Load the settings with what the options assume, and the plugins.

    Raises:
        ConfigError: With every problem; one of an option names the option.
    """
    try:
        return session.checked({f"backtest.{key}": value for key, value in assumed.items()})
    except ConfigError as error:
        problems = [
            replace(problem, origin=problem.origin.replace("--set backtest.", "--assume "))
            for problem in error.problems
        ]
        raise ConfigError(error.message, problems=problems, hint=error.hint) from error


def _series(
    named: Sequence[str], timeframe: str, settings: Settings, plugins: Plugins
) -> tuple[list[str], str]:
    """Return the series to use and the length of their bars.

    Raises:
        DataMissingError: If none was named and it is not plain which one is meant.
    """
    from tradectl_sdk.data import Catalog

    stored = Catalog(settings.data.catalog).names()
    wanted = list(named) or [_default_series({name for name, _ in stored}, plugins)]
    frames = {str(frame) for name, frame in stored if name in wanted}
    return wanted, timeframe or (frames.pop() if len(frames) == 1 else _TIMEFRAME)


def _default_series(stored: set[str], plugins: Plugins) -> str:
    from tradectl_sdk.pipelines.offering import offered_series

    if SAMPLE in stored or SAMPLE in {o.instrument for o in offered_series(plugins).series}:
        return SAMPLE
    if len(stored) == 1:
        return stored.pop()
    if stored:
        raise DataMissingError(
            f"no series was named, and the catalog has {plural(len(stored), 'instrument')}",
            hint=f"name one, such as {shlex.quote(min(stored))}",
        )
    raise DataMissingError(
        "there is no data to run on",
        hint="tradectl data import FILE --instrument SYMBOL.VENUE",
    )


def _show(session: Session, result: BacktestResult, settings: Settings) -> None:
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
    out.next(f"tradectl runs show {short} --fills", f"tradectl runs show {short} --trades")


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
