"""``tradectl montecarlo``: what else a run could have been."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.interrupts import end_at_second_interrupt
from tradectl.kept import run_ids
from tradectl.layout import Cell, Column
from tradectl.progress import ProgressLine
from tradectl.run_inputs import ChanceSeed
from tradectl.session import session_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk import MonteCarlo
    from tradectl_sdk.pipelines.montecarlo import Spread

    from tradectl.console import Output

_TITLES = {
    "trades": "trades in another order",
    "returns": "days drawn again",
    "bars": "noised bars",
}
_Run = Annotated[
    str, typer.Argument(help="Its id, or the first digits of it.", autocompletion=run_ids)
]
_Paths = Annotated[
    int, typer.Option(min=1, max=1_000_000, help="Orders of the trades, and samples of the days.")
]
_Noisy = Annotated[
    int, typer.Option(min=0, max=100_000, help="Runs of the strategy on noised bars; 0 for none.")
]
_Noise = Annotated[
    float, typer.Option(min=0, max=10, help="Noise of each price, in ranges of the middle bar.")
]
_Ruin = Annotated[
    float, typer.Option(min=0, max=0.999, help="Share of the cash at which you would give up.")
]


def montecarlo(
    context: typer.Context,
    run: _Run,
    *,
    paths: _Paths = 2000,
    noisy: _Noisy = 100,
    noise: _Noise = 0.1,
    ruin: _Ruin = 0.5,
    seed: ChanceSeed = 0,
) -> ExitStatus:
    """Change a run's trades, days and bars by chance, and see where it stands among them.

    Its trades are put in other orders, its daily returns are drawn again in blocks, and the
    strategy runs again on bars whose prices differ a little. What the run owes to luck shows in
    its place among the others.
    """
    session = session_of(context)
    loaded, plugins = session.checked({})
    settings, out = loaded.settings, session.out
    from tradectl_sdk.pipelines.montecarlo import montecarlo as change
    from tradectl_sdk.runs import RunStore

    record = RunStore(settings.runs.directory).load(run)
    end_at_second_interrupt()
    with ProgressLine(session) as line:
        found = change(
            record,
            paths=paths,
            noisy=noisy,
            noise=noise,
            ruin=ruin,
            seed=seed,
            settings=settings,
            plugins=plugins,
            notify=out.note,
            progress=line.counting("noised run"),
        )
    out.line(f"{record.strategy}  {record.run_id[:10]}", "bold")
    _show(out, found)
    for name, reason in found.left_out.items():
        out.warn(f"{_TITLES[name]}: left out, {reason}")
    out.result("montecarlo/1", found.to_json())
    out.next(f"tradectl runs show {record.run_id[:10]} --trades")
    return ExitStatus.OK


def _show(out: Output, found: MonteCarlo) -> None:
    from tradectl_sdk.runs.metrics.definition import percent

    # In another order the trades end where they ended.
    ending = [each for each in found.spreads if each.name != "trades"]
    for of, title, spreads, form in (
        ("final", f"Final equity in {found.currency}", ending, "{:,.0f}".format),
        ("drawdown", "Max drawdown", found.spreads, partial(percent, digits=1)),
    ):
        if spreads:
            out.line()
            out.line(title, "heading")
            out.table(_columns(), [_row(each, of, form) for each in spreads])
    out.line()
    out.line(f"Ruin, a fall to {percent(found.ruin)} of the cash", "heading")
    out.fields(
        (f"  {_TITLES[one.name]}", f"{percent(one.ruin_probability, 1)} of {len(one.final):,}")
        for one in found.spreads
    )
    out.line()
    for sentence in found.words:
        out.line(f"- {sentence}")


def _columns() -> list[Column]:
    titles = ("ACTUAL", "PLACE", "5 %", "25 %", "50 %", "75 %", "95 %")
    hidden = {"25 %": 2, "75 %": 2, "PLACE": 1}
    return [
        Column(title=""),
        *(Column(title=title, right=True, rank=hidden.get(title, 0)) for title in titles),
    ]


def _row(spread: Spread, of: str, form: Callable[[float], str]) -> list[str | Cell]:
    from tradectl_sdk.runs.metrics.definition import percent

    place = spread.place_of_final if of == "final" else spread.place_of_drawdown
    actual = spread.actual_final if of == "final" else spread.actual_drawdown
    values = [form(value) for value in spread.percentiles(of).values()]
    return [f"  {_TITLES[spread.name]}", form(actual), percent(place), *values]
