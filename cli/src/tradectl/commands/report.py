"""``tradectl report``: runs as one HTML file that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.figures import plural
from tradectl.kept import run_ids, store_of
from tradectl.layout import Cell
from tradectl.session import session_of

_Runs = Annotated[
    list[str], typer.Argument(help="Ids, or the first digits of them.", autocompletion=run_ids)
]
_Output = Annotated[
    Path | None,
    typer.Option(help="The file; report- and the run's first digits, here, when left out."),
]

_Svg = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Write the charts as SVG files there, too.")
]
_Csv = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Write the numbers as CSV files there, too.")
]


def report(
    context: typer.Context,
    runs: _Runs,
    *,
    output: _Output = None,
    svg: _Svg = None,
    csv: _Csv = None,
) -> ExitStatus:
    """Write a report on a run, or on several side by side, as one HTML file.

    It opens in any browser, without a network: equity, drawdown, trades on the price, rolling
    metrics, months, exposure, costs, every assumption and every warning. A file of the same name
    is replaced.
    """
    session = session_of(context)
    loaded = session.settings()
    from tradectl_sdk.pipelines.reporting import write_report

    written = write_report(
        runs,
        output,
        svg=svg,
        csv=csv,
        store=store_of(session),
        settings=loaded.settings,
        plugins=session.plugins(loaded),
    )
    out = session.out
    out.cells(Cell("written", "ok"), Cell(f"  {written.page}"))
    for folder, files in ((svg, written.pictures), (csv, written.numbers)):
        if folder is not None:
            out.cells(Cell("written", "ok"), Cell(f"  {folder}, {plural(len(files), 'file')}"))
    for text in written.missing:
        out.warn(text.rstrip("."))
    out.result("report/1", written)
    out.next(f"tradectl runs show {written.runs[0][:10]}")
    return ExitStatus.OK
