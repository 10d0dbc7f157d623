"""``tradectl paper``: the strategy on paper, with an exchange's data or a replay of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from tradectl_sdk.errors import ExitStatus, UsageError

from tradectl.assignments import assignments
from tradectl.commands import noun
from tradectl.exchanges import offered
from tradectl.run_inputs import Assume, Model, Set, Strategy, Warmup
from tradectl.session import session_of
from tradectl.session_screens import result_document, session_document, show_end, show_start
from tradectl.sessions import Reference, chosen
from tradectl.stored import instruments, timeframes

if TYPE_CHECKING:
    from tradectl_sdk import Session as TradingSession
    from tradectl_sdk.nodes.session_folder import SessionFolder

    from tradectl.session import Session

HISTORY = 500  # bars before a session that warm its strategy up, unless told otherwise

app = noun("Trade on paper: a strategy with live or recorded data, and no money.")

Symbols = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SYMBOL...",
        help="What to trade: SYMBOL.VENUE, or at an exchange its symbol alone.",
        autocompletion=instruments,
    ),
]
ExchangeName = Annotated[
    str, typer.Option(metavar="NAME", help="Whose data.", autocompletion=offered)
]
FrameOption = Annotated[str, typer.Option(help="Length of a bar.", autocompletion=timeframes)]
History = Annotated[
    int, typer.Option(min=0, help="Bars before the session that warm the strategy up.")
]
Detach = Annotated[bool, typer.Option("--detach", "-d", help="Run it in the background.")]


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
    assume: Assume = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Play data of the catalog instead.")
    ] = False,
    begin: Annotated[
        str, typer.Option("--start", help="Of a replay: earliest open time, such as 2016-01-01.")
    ] = "",
    end: Annotated[str, typer.Option(help="Of a replay: open times stay before this.")] = "",
    speed: Annotated[
        float,
        typer.Option(min=0, help="Of a replay: times the pace of the market; 0 for no waiting."),
    ] = 0.0,
    warmup: Warmup = 0,
    history: History = HISTORY,
    detach: Detach = False,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="Run it in this process, without any other.")
    ] = False,
    resume: Annotated[
        str, typer.Option(metavar="SESSION", help="Go on with a session instead of a new one.")
    ] = "",
) -> ExitStatus:
    """Start a session that trades on paper.

    Fees, slippage and cash are those of [backtest], limits those of [risk]; so what it does can be
    compared with a backtest, order for order (tradectl parity). Ctrl-C stops it in good order.
    """
    session = session_of(context)
    if detach and in_process:
        raise UsageError("--detach and --in-process contradict each other")
    if resume:
        made = _resumed(session, resume, strategy, symbols)
    else:
        made = _made(
            session,
            strategy,
            symbols or [],
            assume or [],
            model or [],
            exchange=exchange,
            timeframe=timeframe or "1d",
            parameters=assignments(set_ or (), "--set"),
            replay=replay,
            start=begin or None,
            end=end or None,
            speed=speed,
            warmup=warmup,
            history=history,
        )
    return run_session(session, made, detach=detach, in_process=in_process)


def _made(
    session: Session,
    strategy: str,
    symbols: list[str],
    assume: list[str],
    model: list[str],
    **rest: Any,
) -> TradingSession:
    from tradectl_sdk import paper_session
    from tradectl_sdk.pipelines.modelling import read_models

    if not (strategy and symbols):
        raise UsageError(
            "a strategy and at least one symbol are needed",
            hint="tradectl paper start sma-cross SPX.SAMPLE --replay",
        )
    given = assignments(assume, "--assume")
    loaded, plugins = session.checked({f"backtest.{key}": value for key, value in given.items()})
    for failure in plugins.failures:
        session.out.warn(str(failure), hint=failure.hint)
    return paper_session(
        strategy,
        symbols,
        models=read_models(model),
        settings=loaded.settings,
        plugins=plugins,
        **rest,
    )


def _resumed(
    session: Session, reference: str, strategy: str, symbols: list[str] | None
) -> TradingSession:
    from tradectl_sdk import resume_session

    if strategy or symbols:
        raise UsageError(
            "--resume goes on with what was started; no strategy or symbol is taken",
            hint=f"tradectl paper start --resume {reference}",
        )
    made = resume_session(reference, settings=session.settings().settings)
    if made.opened.plan.mode == "live":
        raise UsageError(
            f"{made.id} trades with real money", hint=f"tradectl live start --resume {made.id}"
        )
    return made


def run_session(
    session: Session, made: TradingSession, *, detach: bool, in_process: bool = False
) -> ExitStatus:
    """Run a session here, or start it in the background, and say what comes of it."""
    out = session.out
    if not session.options.json:
        show_start(out, made)
    if detach:
        pid = made.start()
        out.note(f"{made.id} runs in the background (process {pid})")
        out.result("session/1", session_document(made) | {"supervisor": pid})
        out.next(f"tradectl status {made.id}", f"tradectl {made.opened.plan.mode} stop {made.id}")
        return ExitStatus.OK
    result = made.run(
        processes=not in_process, changed=lambda state: out.note(f"{made.id} {state}")
    )
    show_end(out, result)
    out.result("session/1", session_document(made) | result_document(result))
    out.next(f"tradectl parity {made.id}", f"tradectl fills {made.id}")
    if result.state in {"failed", "halted"}:
        from tradectl_sdk.pipelines.sessions.supervising import raise_end

        raise_end(made.folder)
    return ExitStatus.OK


@app.command()
def stop(context: typer.Context, reference: Reference = "") -> ExitStatus:
    """Stop a session in good order: host, executor, gateway. Orders stay as they are."""
    return stop_one(session_of(context), reference, "paper")


def stop_one(session: Session, reference: str, mode: str) -> ExitStatus:
    """Stop the session that is meant, and say what it leaves behind."""
    from tradectl_sdk.pipelines.sessions.supervising import stop_session

    folder = chosen(session, reference, mode)
    kind = str(folder.manifest()["mode"])
    if kind != mode:
        raise UsageError(
            f"{folder.id} is a {kind} session", hint=f"tradectl {kind} stop {folder.id}"
        )
    state = stop_session(folder)
    working, held = _left(folder)
    out = session.out
    out.line(f"{folder.id}  {state.get('state')}", "bold")
    if working:
        out.warn(
            f"{working} of its orders are still working",
            hint=f"tradectl {mode} start --resume {folder.id} looks after them again",
        )
    if held:
        out.warn(
            f"it still holds {', '.join(held)}, and nobody looks after that",
            hint="tradectl panic --flatten closes positions, before a session is stopped",
        )
    out.result(
        "session-stop/1",
        {"session": folder.id, "state": state.get("state"), "working": working, "held": held},
    )
    out.next(f"tradectl parity {folder.id}", f"tradectl {mode} start --resume {folder.id}")
    return ExitStatus.OK


def _left(folder: SessionFolder) -> tuple[int, list[str]]:
    """Return how many orders of a session still work, and the positions it holds."""
    from tradectl_sdk.nodes.executor.reading import JournalView

    if not folder.journal.exists():
        return 0, []
    with JournalView(folder.journal) as journal:
        held = [f"{quantity:f} {name}" for name, quantity in journal.positions().items()]
        return sum(1 for _ in journal.orders(working=True)), held
