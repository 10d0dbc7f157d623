"""``tradectl live``: the strategy with real money, behind everything that can stop a mistake."""

from __future__ import annotations

import shlex
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tradectl_sdk.errors import ExitStatus, LiveRefusedError, UsageError

from tradectl.assignments import assignments
from tradectl.commands import noun
from tradectl.commands.paper import (
    HISTORY,
    ExchangeName,
    FrameOption,
    History,
    Symbols,
    run_session,
    stop_one,
)
from tradectl.layout import Cell, Column
from tradectl.run_inputs import Model, Set, Strategy, Warmup
from tradectl.session import session_of
from tradectl.sessions import Reference, sessions_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradectl_sdk.pipelines.sessions.preflight import Preflight

    from tradectl.session import Session

app = noun("Trade with real money.")

_FromPaper = Annotated[
    str,
    typer.Option(
        metavar="SESSION",
        help="Take strategy, models and instruments of a paper session.",
    ),
]


@app.command()
def preflight(
    context: typer.Context,
    strategy: Strategy = "",
    symbols: Symbols = None,
    *,
    exchange: ExchangeName = "",
    timeframe: FrameOption = "",
    set_: Set = None,
    model: Model = None,
    warmup: Warmup = 0,
    history: History = HISTORY,
    from_paper: _FromPaper = "",
) -> ExitStatus:
    """Go through the checklist before real money moves.

    Keys, permissions, clock, limits, strategy, data, account, disk, journal, kill switch. What
    passes allows a start with exactly the same words for an hour (live.preflight_minutes). The exit
    status is 1 when a row failed.
    """
    from tradectl_sdk import preflight as run_preflight

    session = session_of(context)
    given = _given(
        session, strategy, symbols, from_paper,
        exchange=exchange, timeframe=timeframe, set_=set_, model=model,
        warmup=warmup, history=history,
    )  # fmt: skip
    loaded, plugins = session.checked()
    found = run_preflight(settings=loaded.settings, plugins=plugins, **given)
    _show(session, found)
    session.out.result("preflight/1", {**found.document(), "passed": found.passed})
    if not found.passed:
        return ExitStatus.FINDING
    session.out.next(_start_of(given))
    return ExitStatus.OK


def _start_of(given: dict[str, Any]) -> str:
    """Return the command that starts what a preflight was of."""
    words = ["tradectl", "live", "start", given["strategy"], *given["instruments"]]
    words += ["--exchange", given["exchange"]] if given["exchange"] else []
    words += ["--timeframe", given["timeframe"]]
    for name, value in given["parameters"].items():
        words += ["--set", f"{name}={value}"]
    for signal, made in given["models"].items():
        words += ["--model", f"{signal}={_model_in_a_word(made)}"]
    words += ["--warmup", str(given["warmup"])] if given["warmup"] else []
    words += ["--history", str(given["history"])] if given["history"] != HISTORY else []
    return shlex.join(words)


def _model_in_a_word(made: str | Mapping[str, Any]) -> str:
    """Return a model as ``--model`` takes it."""
    if isinstance(made, str):
        return made
    pairs = [
        f"{key}={'+'.join(map(str, value)) if isinstance(value, list) else value}"
        for key, value in made.items()
        if key != "model"
    ]
    return f"{made['model']}:{','.join(pairs)}" if pairs else str(made["model"])


def _show(session: Session, found: Preflight) -> None:
    columns = [Column(title=""), Column(title="CHECK"), Column(title="FOUND", wrap=True)]
    session.out.table(
        columns,
        [
            (
                Cell(row.status, row.status),
                row.name,
                f"{row.text}\nhint: {row.hint}" if row.hint else row.text,
            )
            for row in found.rows
        ],
    )
    until = time.strftime("%H:%M", time.gmtime(found.expires))
    words = f"passed; good until {until} UTC" if found.passed else "not passed"
    session.out.line(words, "ok" if found.passed else "fail")


@app.command()
def start(
    context: typer.Context,
    strategy: Strategy = "",
    symbols: Symbols = None,
    *,
    exchange: ExchangeName = "",
    timeframe: FrameOption = "",
    set_: Set = None,
    model: Model = None,
    warmup: Warmup = 0,
    history: History = HISTORY,
    from_paper: _FromPaper = "",
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Run it in the background.")
    ] = False,
    yes_i_mean: Annotated[
        str, typer.Option(metavar="NAME", help="The strategy's name, instead of typing it in.")
    ] = "",
    resume: Annotated[
        str, typer.Option(metavar="SESSION", help="Go on with a session instead of a new one.")
    ] = "",
) -> ExitStatus:
    """Start a session that trades with REAL money.

    It needs a preflight that passed a short while ago, limits under [risk], and the strategy's name
    typed in. Ctrl-C stops it in good order; orders stay as they are.
    """
    from tradectl_sdk import live_session

    session = session_of(context)
    if resume:
        return _resume(session, resume, yes_i_mean, strategy, symbols, detach=detach)
    given = _given(
        session, strategy, symbols, from_paper,
        exchange=exchange, timeframe=timeframe, set_=set_, model=model,
        warmup=warmup, history=history,
    )  # fmt: skip
    loaded, plugins = session.checked()
    _warn(session, given)
    made = live_session(
        settings=loaded.settings,
        plugins=plugins,
        confirm=_confirmation(session, given["strategy"], yes_i_mean),
        **given,
    )
    return run_session(session, made, detach=detach)


@app.command()
def stop(context: typer.Context, reference: Reference = "") -> ExitStatus:
    """Stop a session in good order: host, executor, gateway. Orders stay as they are."""
    return stop_one(session_of(context), reference, "live")


def _given(
    session: Session,
    strategy: str,
    symbols: list[str] | None,
    from_paper: str,
    *,
    exchange: str,
    timeframe: str,
    set_: list[str] | None,
    model: list[str] | None,
    warmup: int,
    history: int,
) -> dict[str, Any]:
    """Return what is to be started, from the words or from a paper session that is rehearsed."""
    from tradectl_sdk.pipelines.modelling import read_models

    models: dict[str, Any] = dict(read_models(model or ()))
    parameters: dict[str, Any] = assignments(set_ or (), "--set")
    if from_paper:
        if strategy or symbols:
            raise UsageError("--from-paper says what is traded; no strategy or symbol is taken")
        what = _rehearsed(session, from_paper)
        parameters = {**what["parameters"], **parameters}
        models = {**what["models"], **models}
        strategy, symbols = what["strategy"], what["instruments"]
        exchange, timeframe = exchange or what["exchange"], timeframe or what["timeframe"]
    if not (strategy and symbols):
        raise UsageError(
            "a strategy and at least one symbol are needed",
            hint="tradectl live preflight STRATEGY SYMBOL --exchange NAME",
        )
    return {
        "strategy": strategy,
        "instruments": symbols,
        "exchange": exchange,
        "timeframe": timeframe or "1d",
        "parameters": parameters,
        "models": models,
        "warmup": warmup,
        "history": history,
    }


def _rehearsed(session: Session, reference: str) -> dict[str, Any]:
    """Return what a paper session traded, and show how it compares with its backtest."""
    from tradectl_sdk.pipelines.parity import parity
    from tradectl_sdk.pipelines.sessions.forecasting import tables_of

    folder = sessions_of(session).find(reference)
    what = folder.manifest()
    if what["mode"] != "paper":
        raise UsageError(f"{folder.id} was no paper session")
    report = parity(folder)
    differ = len(report.differences)
    verdict = "as its backtest" if report.ok else f"{differ} differences from its backtest"
    session.out.note(f"{folder.id}: {report.bars:,} bars, {report.matched} orders, {verdict}")
    if not report.ok:
        session.out.warn(
            f"{folder.id} did not do what its backtest does", hint=f"tradectl parity {folder.id}"
        )
    names = [f"{one['symbol']}.{one['venue']}" for one in what["instruments"]]
    return {**what, "instruments": names, "models": tables_of(what.get("models", {}))}


def _warn(session: Session, given: dict[str, Any]) -> None:
    out = session.out
    where = given["exchange"] or session.settings().settings.live.exchange
    out.cells(
        Cell("LIVE", "live"),
        Cell(f"  {given['strategy']} on {', '.join(given['instruments'])} at {where}", "bold"),
    )


def _confirmation(session: Session, strategy: str, said: str) -> str:
    """Return the name that the person types in, or gave as an option."""
    from tradectl_sdk.pipelines.finding import find_strategy

    if said:
        return said
    name = find_strategy(strategy).name
    if session.options.json or not sys.stdin.isatty():
        raise LiveRefusedError(
            "nobody is here to type the strategy's name", hint=f"--yes-i-mean {name}"
        )
    sys.stderr.write(f'type "{name}" to start with REAL money: ')
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _resume(
    session: Session,
    reference: str,
    said: str,
    strategy: str,
    symbols: list[str] | None,
    *,
    detach: bool,
) -> ExitStatus:
    from tradectl_sdk import resume_session

    if strategy or symbols:
        raise UsageError("--resume goes on with what was started; no strategy or symbol is taken")
    made = resume_session(reference, settings=session.settings().settings)
    plan = made.opened.plan
    if plan.mode != "live":
        raise UsageError(f"{made.id} is on paper", hint=f"tradectl paper start --resume {made.id}")
    if _confirmation(session, plan.strategy, said) != plan.name:
        raise LiveRefusedError(f"the name was not {plan.name!r}", hint="nothing was started")
    return run_session(session, made, detach=detach)
