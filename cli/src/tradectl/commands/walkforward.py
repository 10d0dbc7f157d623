"""``tradectl walkforward``: choose parameters on past bars, trade the next ones, and go on."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.assignments import assignments
from tradectl.figures import UNDEFINED, moment, plural
from tradectl.interrupts import end_at_second_interrupt
from tradectl.layout import Cell, Column
from tradectl.progress import ProgressLine, duration
from tradectl.run_inputs import (
    Assume,
    Cash,
    End,
    Engine,
    Model,
    Series,
    Start,
    Strategy,
    Timeframe,
    chosen_series,
    conditions,
    load_settings,
    overrides,
    ranges,
)
from tradectl.session import session_of
from tradectl.strategies import parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk import WalkForward
    from tradectl_sdk.pipelines.walked import Piece

    from tradectl.console import Output

_STYLES = {"hold": "ok", "weak": "warn", "fail": "fail", "few": "warn"}
_Train = Annotated[int, typer.Option(min=2, help="Bars to choose parameters on.")]
_Test = Annotated[int, typer.Option(min=2, help="Bars to trade the choice on.")]
_Embargo = Annotated[int, typer.Option(min=0, help="Bars between the two that are left out.")]
_Anchored = Annotated[
    bool,
    typer.Option("--anchored", help="Let every window begin with the first bar, not roll on."),
]
_Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUES",
        help="Values to try: fast=5:50:5 or slow=20,50,100; a single one is the same for all.",
        autocompletion=parameters,
    ),
]
_Where = Annotated[
    list[str] | None, typer.Option(metavar="A<B", help="Try only points where this holds.")
]
_Sample = Annotated[
    int | None, typer.Option(min=1, help="Draw so many points of the grid at random.")
]
_Seed = Annotated[int, typer.Option(min=0, help="Of that draw.")]
_Metric = Annotated[str, typer.Option(help="What the best trial of a window is chosen by.")]
_Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes; one for each core when left out.")
]
_Yes = Annotated[bool, typer.Option("--yes", help="Run a grid however large it is.")]


def walkforward(
    context: typer.Context,
    strategy: Strategy,
    series: Series = None,
    *,
    train: _Train,
    test: _Test,
    set_: _Set = None,
    embargo: _Embargo = 0,
    anchored: _Anchored = False,
    metric: _Metric = "sharpe_ratio",
    where: _Where = None,
    sample: _Sample = None,
    seed: _Seed = 0,
    timeframe: Timeframe = "",
    start: Start = "",
    end: End = "",
    assume: Assume = None,
    cash: Cash = "",
    model: Model = None,
    engine: Engine = "auto",
    workers: _Workers = None,
    yes: _Yes = False,
) -> ExitStatus:
    """Choose parameters on a window of bars, trade the next ones with them, and go on.

    What the choices earned on bars they were not made on, one window after another, is what
    tuning this way would have earned. The exit status is 1 when that is a loss.
    """
    session = session_of(context)
    given = assignments(set_ or (), "--set")
    loaded, plugins = load_settings(session, overrides(assume or (), cash))
    hint = "such as --set fast=5:50:5; without a choice there is nothing to walk forward"
    grid = ranges(strategy, given, plugins, hint=hint)
    wanted, length = chosen_series(series or (), timeframe, loaded.settings, plugins)
    out = session.out
    if not series:
        out.note(f"no series was named, so this is {wanted[0]}")
    from tradectl_sdk.pipelines.modelling import read_models
    from tradectl_sdk.pipelines.sweeps import LIMIT
    from tradectl_sdk.pipelines.walkforward import walkforward as walk

    end_at_second_interrupt()
    with ProgressLine(session) as line:
        found = walk(
            strategy,
            wanted,
            grid,
            train=train,
            test=test,
            embargo=embargo,
            anchored=anchored,
            metric=metric,
            parameters={name: text for name, text in given.items() if name not in grid},
            where=where or (),
            sample=sample,
            seed=seed,
            models=read_models(model or ()),
            timeframe=length,
            start=start or None,
            end=end or None,
            settings=loaded.settings,
            mode=engine,
            workers=workers,
            limit=None if yes else LIMIT,
            plugins=plugins,
            notify=out.note,
            progress=_telling(line),
        )
    _show(out, found)
    out.result("walkforward/1", found.to_json())
    same = conditions(timeframe, start, end, cash, assume or (), model=model or ())
    words = [strategy, *wanted, *same]
    out.next(_next(found, words, {n: text for n, text in given.items() if n not in grid}))
    return ExitStatus.FINDING if found.verdict == "fail" else ExitStatus.OK


def _next(found: WalkForward, words: Sequence[str], fixed: Mapping[str, str]) -> str:
    """The backtest of the last choice; where there is none, the question to ask before tuning."""
    last, sets = found.pieces[-1].parameters, []
    for name, chosen in {**fixed, **(last or {})}.items():
        sets += ["--set", f"{name}={chosen}"]
    if last is None:
        return shlex.join(["tradectl", "significance", *words, *sets])
    return shlex.join(["tradectl", "backtest", *words, *sets, "--trials", str(found.trials)])


def _telling(line: ProgressLine) -> Callable[[int, int], None]:
    started = time.monotonic()

    def tell(done: int, total: int) -> None:
        left = (time.monotonic() - started) / done * (total - done)
        line.say(f"{done:,} of {plural(total, 'window')}, {duration(left)} left")

    return tell


def _show(out: Output, found: WalkForward) -> None:
    from tradectl_sdk.pipelines.words import percent
    from tradectl_sdk.runs.metrics import METRICS

    train, test = found.pieces[0].bars
    how = "anchored" if found.anchored else "rolling"
    windows = f"{plural(len(found.pieces), 'window')}, {how}: {train:,} bars, then {test:,}"
    embargo = f" after an embargo of {found.embargo:,}" if found.embargo else ""
    out.line(found.strategy, "bold")
    out.fields(
        [
            ("  data", f"{', '.join(found.data)}  {found.timeframe}"),
            ("  windows", f"{windows}{embargo}"),
            ("  tried", f"{plural(found.trials, 'trial')}, all of them counted"),
            *([("  unused", f"{plural(found.unused, 'bar')} at the end")] if found.unused else []),
        ]
    )
    out.line()
    names = [name for name, values in found.axes.items() if len(values) > 1]
    row = METRICS[found.metric]
    columns = [
        Column(title="TRADED"),
        *(Column(title=name, right=True, rank=1) for name in names),
        Column(title=f"{row.label.upper()} IN", right=True),
        Column(title="OUT", right=True),
        Column(title="RETURN OUT", right=True),
        Column(title="TRADES", right=True, rank=2),
    ]
    out.table(columns, [_row(piece, names, row.kind.format, found) for piece in found.pieces])
    report, kept, steady = found.metrics, found.efficiency, found.stability
    out.line()
    out.line("Out of sample, one after another", "heading")
    out.fields(
        [
            ("  return", report.text("total_return")),
            ("  sharpe", report.text("sharpe_ratio")),
            ("  max drawdown", report.text("max_drawdown")),
            ("  gaining", f"{percent(found.gaining)} of the windows"),
            (
                "  efficiency",
                UNDEFINED if kept is None else f"{percent(kept)} of the growth in sample",
            ),
            (
                "  stability",
                UNDEFINED if steady is None else f"{percent(steady)} moved a step at most",
            ),
        ]
    )
    out.line()
    out.cells(Cell("verdict", _STYLES[found.verdict]), Cell(f"  {found.words}"))


def _row(
    piece: Piece, names: list[str], form: Callable[[float | None], str], found: WalkForward
) -> list[str | Cell]:
    chosen = piece.parameters or {}
    values = [str(chosen.get(name, UNDEFINED)) for name in names]
    gained = float(piece.equity[-1]) / found.initial - 1
    return [
        f"{moment(piece.begin)} to {moment(piece.end)}",
        *values,
        form(piece.in_sample),
        form(piece.out_of_sample),
        f"{gained:+.2%}".replace("%", " %"),
        f"{piece.trades:,}",
    ]
