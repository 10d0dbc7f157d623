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
    from tradectl_sdk.pipelines.reporting import ReportFiles, SweepFiles, WalkFiles

    from tradectl.session import Session

    _Written = ReportFiles | SweepFiles | WalkFiles

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

_Metric = Annotated[
    str | None,
    typer.Option(help="Rank and map the trials of a sweep by it. Sharpe when left out."),
]


def report(
    context: typer.Context,
    runs: _Runs,
    *,
    output: _Output = None,
    svg: _Svg = None,
    png: _Png = None,
    csv: _Csv = None,
    metric: _Metric = None,
) -> ExitStatus:
    """Write a report on a run, on several side by side, on a sweep or a walk forward.

    It is one HTML file that opens in any browser, without a network: equity, drawdown, trades on
    the price, rolling metrics, months, exposure, costs, every assumption and every warning. A file
    of the same name is replaced.
    """
    session = session_of(context)
    folders = Folders(svg, png, csv)
    _check(runs, folders)
    if runs[0].startswith("s-"):
        return _of_a_sweep(session, runs[0], output, metric or "sharpe_ratio", folders)
    if metric is not None:
        raise UsageError(
            f"--metric ranks the trials of a sweep, and {runs[0]} is none",
            hint="leave it out: reports on runs and walks show every metric",
        )
    if runs[0].startswith("w-"):
        return _of_a_walk(session, runs[0], output, folders)
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
    return _told(session, written, folders, "report/1", f"runs show {written.runs[0][:10]}")


class Folders(NamedTuple):
    """Where pictures and numbers are wanted as files of their own; None for nowhere."""

    svg: Path | None
    png: Path | None
    csv: Path | None


def _check(named: list[str], folders: Folders) -> None:
    """Refuse what no page is made of.

    Raises:
        UsageError: For an optimisation, something beside a sweep or a walk, or a folder that is an
            option.
    """
    study = next((each for each in named if each.startswith("o-")), None)
    if study is not None:
        raise UsageError(
            f"{study} is an optimisation, of which there is no report",
            hint=f"tradectl overfitting {study} weighs it; a backtest of its choice has a report",
        )
    for begun, kind, command in (("s-", "sweep", "sweeps"), ("w-", "walk forward", "walks")):
        alone = next((each for each in named if each.startswith(begun)), None)
        if alone is not None and len(named) > 1:
            raise UsageError(
                f"a report on a {kind} is one page on it alone, and {alone} was one of several",
                hint=f"its numbers: tradectl {command} show {alone} --json",
            )
    for option, folder in folders._asdict().items():
        if folder is not None and str(folder).startswith("--"):
            raise UsageError(
                f"--{option} was given no folder, but followed by {folder}",
                hint=f"such as --{option} files; ./{folder} if it is called that",
            )


def _of_a_sweep(
    session: Session, named: str, output: Path | None, metric: str, folders: Folders
) -> ExitStatus:
    from tradectl_sdk.pipelines.reporting import write_sweep_report

    settings = session.settings().settings
    written = write_sweep_report(
        named, output, metric=metric, settings=settings, **folders._asdict()
    )
    return _told(session, written, folders, "report-sweep/1", f"sweeps show {written.sweep[:10]}")


def _of_a_walk(session: Session, named: str, output: Path | None, folders: Folders) -> ExitStatus:
    from tradectl_sdk.pipelines.reporting import write_walk_report

    settings = session.settings().settings
    written = write_walk_report(named, output, settings=settings, **folders._asdict())
    return _told(session, written, folders, "report-walk/1", f"walks show {written.walk[:10]}")


def _told(
    session: Session, written: _Written, folders: Folders, schema: str, next_step: str
) -> ExitStatus:
    """Say what was written, and where to go from there."""
    out = session.out
    out.cells(Cell("written", "ok"), Cell(f"  {written.page}"))
    found = (written.pictures, written.images, written.numbers)
    for folder, files in zip(folders, found, strict=True):
        if folder is not None:
            out.cells(Cell("written", "ok"), Cell(f"  {folder}, {plural(len(files), 'file')}"))
    for text in written.missing:
        out.warn(text.rstrip("."))
    out.result(schema, written)
    out.next(f"tradectl {next_step}")
    return ExitStatus.OK
