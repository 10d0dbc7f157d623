"""``tradectl report``: runs as one HTML file that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from tradectl_sdk.errors import ExitStatus, UsageError

from tradectl.figures import plural
from tradectl.kept import run_ids, store_of
from tradectl.layout import Cell
from tradectl.session import session_of

if TYPE_CHECKING:
    from tradectl_sdk.pipelines.report_files import Exports

    from tradectl.console import Output
    from tradectl.session import Session

_Runs = Annotated[
    list[str],
    typer.Argument(
        help="Ids of runs, or one id of a sweep or a walk, from s- or w- on; the first digits do.",
        autocompletion=run_ids,
    ),
]
_Output = Annotated[
    Path | None,
    typer.Option(help="The file; report- and the run's first digits, here, when left out."),
]

_Svg = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Write the charts as SVG files there, too.")
]
_Png = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Write the charts as PNG files there, too.")
]
_Csv = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Write the numbers as CSV files there, too.")
]

_Metric = Annotated[str, typer.Option(help="Rank and map the trials of a sweep by it.")]


def report(
    context: typer.Context,
    runs: _Runs,
    *,
    output: _Output = None,
    svg: _Svg = None,
    png: _Png = None,
    csv: _Csv = None,
    metric: _Metric = "sharpe_ratio",
) -> ExitStatus:
    """Write a report on a run, on several side by side, on a sweep or a walk forward.

    It is one HTML file that opens in any browser, without a network: equity, drawdown, trades on
    the price, rolling metrics, months, exposure, costs, every assumption and every warning. A file
    of the same name is replaced.
    """
    session = session_of(context)
    folders = Folders(svg, png, csv)
    if runs[0].startswith("s-"):
        return _of_a_sweep(session, runs, output, metric, folders)
    if runs[0].startswith("w-"):
        return _of_a_walk(session, runs, output, folders)
    loaded = session.settings()
    from tradectl_sdk.pipelines.reporting import write_report

    written = write_report(
        runs,
        output,
        **folders._asdict(),
        store=store_of(session),
        settings=loaded.settings,
        plugins=session.plugins(loaded),
    )
    out = session.out
    _say(out, written.page, written, folders)
    out.result("report/1", written)
    out.next(f"tradectl runs show {written.runs[0][:10]}")
    return ExitStatus.OK


class Folders(NamedTuple):
    """Where pictures and numbers are wanted as files of their own; None for nowhere."""

    svg: Path | None
    png: Path | None
    csv: Path | None


def _say(out: Output, page: Path, written: Exports, folders: Folders) -> None:
    out.cells(Cell("written", "ok"), Cell(f"  {page}"))
    found = (written.pictures, written.images, written.numbers)
    for folder, files in zip(folders, found, strict=True):
        if folder is not None:
            out.cells(Cell("written", "ok"), Cell(f"  {folder}, {plural(len(files), 'file')}"))
    for text in written.missing:
        out.warn(text.rstrip("."))


def _of_a_sweep(
    session: Session, named: list[str], output: Path | None, metric: str, folders: Folders
) -> ExitStatus:
    from tradectl_sdk.pipelines.reporting import write_sweep_report

    if len(named) > 1:
        raise UsageError(
            "a report on a sweep is one page on that sweep alone",
            hint=f"its numbers: tradectl sweeps show {named[0]} --json",
        )
    settings = session.settings().settings
    written = write_sweep_report(
        named[0], output, metric=metric, settings=settings, **folders._asdict()
    )
    _say(session.out, written.page, written, folders)
    session.out.result("report-sweep/1", written)
    session.out.next(f"tradectl sweeps show {written.sweep[:10]}")
    return ExitStatus.OK


def _of_a_walk(
    session: Session, named: list[str], output: Path | None, folders: Folders
) -> ExitStatus:
    from tradectl_sdk.pipelines.reporting import write_walk_report

    if len(named) > 1:
        raise UsageError(
            "a report on a walk forward is one page on that walk alone",
            hint=f"its numbers: tradectl walks show {named[0]} --json",
        )
    settings = session.settings().settings
    written = write_walk_report(named[0], output, settings=settings, **folders._asdict())
    _say(session.out, written.page, written, folders)
    session.out.result("report-walk/1", written)
    session.out.next(f"tradectl walks show {written.walk[:10]}")
    return ExitStatus.OK
