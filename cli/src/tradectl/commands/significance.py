"""``tradectl significance``: are the entries better than random ones?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.assignments import assignments
from tradectl.figures import plural
from tradectl.interrupts import end_at_second_interrupt
from tradectl.layout import Cell, Column
from tradectl.run_inputs import (
    Assume,
    Cash,
    ChanceSeed,
    Each,
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
    each: Each = False,
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
    find noise. Several series are compared each by itself and all together, drawn at the same
    times, so that markets that move together are not counted as so many proofs.
    """
    session = session_of(context)
    bars = past_bars(
        session, series, timeframe, start, end, assume=assume, cash=cash, model=model, warmup=warmup
    )
    from tradectl_sdk.pipelines.modelling import read_models
    from tradectl_sdk.pipelines.significance import significance as compare

    end_at_second_interrupt()
    found = compare(
        strategy,
        bars.series,
        each=each,
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
    values = "  ".join(f"{name}={value}" for name, value in found.parameters.items())
    out.line(found.strategy, "bold")
    bars = plural(found.bars, "time" if found.each else "bar")
    shared = " in common" if found.each else ""
    pairs = [("  parameters", values)] if values else []
    data = f"{found.instrument}  {found.timeframe}  {bars}{shared}"
    out.fields([*pairs, ("  data", data)])
    out.line()
    if found.each:
        out.line("Each by itself", "heading")
        out.table(_COLUMNS, [_row(one) for one in found.each])
        out.line()
    _show_evidence(out, found)
    out.line()
    out.cells(Cell("verdict", _STYLES[found.verdict]), Cell(f"  {found.words}"))


_COLUMNS = (
    Column(title="SERIES"),
    Column(title="ENTRIES", right=True),
    Column(title="EARNED", right=True),
    Column(title="RANDOM ENTRIES", right=True),
    Column(title="OTHER TIMES", right=True),
    Column(title="DAYS AGAIN", right=True, rank=1),
    Column(title="VERDICT"),
)


def _row(one: Significance) -> list[str | Cell]:
    from tradectl_sdk.runs.metrics.definition import chance_percent

    found = one.evidence
    chances = (found.p_value, found.rotation, found.bootstrap)
    return [
        one.instrument,
        f"{found.entries:,}",
        f"{found.mean * 1e4:+.2f} bp",
        *(chance_percent(chance) for chance in chances),
        Cell(one.verdict, _STYLES[one.verdict]),
    ]


def _show_evidence(out: Output, found: Significance) -> None:
    from tradectl_sdk.runs.metrics.definition import chance_percent, percent

    evidence = found.evidence
    out.line("All together, as equal shares" if found.each else "Entries", "heading")
    drawn = sorted(evidence.drawn)
    middle, high = drawn[len(drawn) // 2], drawn[int(len(drawn) * 0.95)]
    fields = [
        ("  entries", f"{evidence.entries:,}, holding {percent(evidence.held)} of the bars"),
        ("  earned", f"{_basis(evidence.mean)} a bar above what holding as much earns anyway"),
        ("  random", f"{_basis(middle)} in the middle, {_basis(high)} for the best of twenty"),
    ]
    if found.each:
        fields.insert(0, ("  series", found.pooled))
    out.fields(fields)
    out.line()
    out.line("How often chance does as well", "heading")
    drawn_again = f"{chance_percent(evidence.bootstrap)}, in blocks of {evidence.block:.1f} bars"
    sets = f"{chance_percent(evidence.p_value)} of {plural(len(drawn), 'set')}"
    rotations = f"{chance_percent(evidence.rotation)} of all rotations"
    if found.each:
        rotations += ", the same one for every series"
    chances = [("  same entries, other times", rotations), ("  days drawn again", drawn_again)]
    out.fields(chances if found.each else [("  random entries", sets), *chances])


def _basis(share: float) -> str:
    return f"{share * 1e4:+.2f} basis points"
