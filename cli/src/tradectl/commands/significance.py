"""``tradectl significance``: are the entries better than random ones?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus, UsageError

from tradectl.assignments import assignments
from tradectl.figures import plural
from tradectl.interrupts import end_at_second_interrupt
from tradectl.layout import Cell
from tradectl.run_inputs import (
    Assume,
    Cash,
    ChanceSeed,
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
from tradectl.session import session_of

if TYPE_CHECKING:
    from tradectl_sdk import Significance

    from tradectl.console import Output

_STYLES = {"better": "ok", "few": "warn", "random": "warn"}
_Draws = Annotated[int, typer.Option(min=99, max=100_000, help="Sets of random entries.")]


def significance(
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
    draws: _Draws = 2000,
    seed: ChanceSeed = 0,
) -> ExitStatus:
    """Compare a strategy's entries with random ones, before any tuning.

    As many positions, held as long and in the same direction, are entered at random times; costs
    are left out on both sides. Where those earn as much, a search for better parameters would
    find noise.
    """
    session = session_of(context)
    bars = past_bars(
        session, series, timeframe, start, end, assume=assume, cash=cash, model=model, warmup=warmup
    )
    if len(bars.series) != 1:
        raise UsageError(
            f"{len(bars.series)} series were given, expected one",
            hint="ask for each by itself: entries in several markets are not independent",
        )
    from tradectl_sdk.pipelines.modelling import read_models
    from tradectl_sdk.pipelines.significance import significance as compare

    end_at_second_interrupt()
    found = compare(
        strategy,
        bars.series[0],
        parameters=assignments(set_ or (), "--set"),
        models=read_models(model or ()),
        timeframe=bars.timeframe,
        start=start or None,
        end=end or None,
        settings=bars.settings,
        warmup=warmup,
        mode=engine,
        draws=draws,
        seed=seed,
        plugins=bars.plugins,
        notify=session.out.note,
    )
    _show(session.out, found)
    session.out.result("significance/1", found.to_json())
    random = found.verdict == "random"
    again = bars.again(strategy, set_ or ())
    session.out.next("tradectl strategy list" if random else f"tradectl backtest {again}")
    return ExitStatus.OK


def _show(out: Output, found: Significance) -> None:
    from tradectl_sdk.runs.metrics.definition import percent

    evidence = found.evidence
    values = "  ".join(f"{name}={value}" for name, value in found.parameters.items())
    out.line(found.strategy, "bold")
    bars = plural(found.bars, "bar")
    pairs = [("  parameters", values)] if values else []
    out.fields([*pairs, ("  data", f"{found.instrument}  {found.timeframe}  {bars}")])
    out.line()
    out.line("Entries", "heading")
    drawn = sorted(evidence.drawn)
    middle, high = drawn[len(drawn) // 2], drawn[int(len(drawn) * 0.95)]
    out.fields(
        [
            ("  entries", f"{evidence.entries:,}, holding {percent(evidence.held)} of the bars"),
            ("  earned", f"{_basis(evidence.mean)} a bar above what holding as much earns anyway"),
            ("  random", f"{_basis(middle)} in the middle, {_basis(high)} for the best of twenty"),
        ]
    )
    out.line()
    out.line("How often chance does as well", "heading")
    out.fields(
        [
            ("  random entries", f"{percent(evidence.p_value, 1)} of {plural(len(drawn), 'set')}"),
            ("  same entries, other times", f"{percent(evidence.rotation, 1)} of all rotations"),
            (
                "  days drawn again",
                f"{percent(evidence.bootstrap, 1)}, in blocks of {evidence.block:.1f} bars",
            ),
        ]
    )
    out.line()
    out.cells(Cell("verdict", _STYLES[found.verdict]), Cell(f"  {found.words}"))


def _basis(share: float) -> str:
    return f"{share * 1e4:+.2f} basis points"
