"""``tradectl data``: bars into the catalog, out of it, and whether they are sound."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from tradectl_sdk.errors import DataError, ExitStatus, UsageError

from tradectl.asking import confirmed
from tradectl.assignments import assignments
from tradectl.commands import noun
from tradectl.commands.data_pull import pull
from tradectl.figures import iso, moment, plural
from tradectl.layout import Cell, Column
from tradectl.session import Session, session_of
from tradectl.stored import catalog_of, instruments, matching, only, timeframes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.data import Catalog, ImportReport, SeriesInfo
    from tradectl_sdk.pipelines.offering import OfferedSeries

    from tradectl.console import Output

app = noun("Import, pull, list, check and export market data.")
app.command()(pull)

_Series = Annotated[
    str, typer.Argument(help="SYMBOL.VENUE, such as SPX.SAMPLE.", autocompletion=instruments)
]
_Timeframe = Annotated[
    str,
    typer.Option(
        help="Length of a bar, such as 1h; needed where a series has several.",
        autocompletion=timeframes,
    ),
]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


_File = Annotated[Path, typer.Argument(help="CSV, TSV (plain or .gz), Parquet or Feather.")]
_Instrument = Annotated[
    str, typer.Option(help="SYMBOL.VENUE to store it as.", autocompletion=instruments)
]
_Length = Annotated[
    str,
    typer.Option(
        help="Length of a bar; inferred from the times when left out.", autocompletion=timeframes
    ),
]
_Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="ROLE=COLUMN",
        help="Which column is time, open, high, low, close, volume or adj_close.",
    ),
]
_Columns = Annotated[
    str, typer.Option(help="Column names of a file without header, with commas between.")
]
_Timezone = Annotated[str, typer.Option(help="Zone of times that name none, else UTC.")]
_TimeFormat = Annotated[str, typer.Option(help="Form of the times, such as %d.%m.%Y.")]
_Stamp = Annotated[Literal["open", "close"], typer.Option(help="Which end of a bar its time is.")]
_Decimal = Annotated[Literal[".", ","], typer.Option(help="Decimal mark.")]
_Scale = Annotated[str, typer.Option(help="What one unit of a price is worth.")]
_Tick = Annotated[str, typer.Option(help="Step of prices; inferred when left out.")]
_Lot = Annotated[str, typer.Option(help="Step of quantities; inferred when left out.")]
_Calendar = Annotated[
    Literal["24/7", "weekdays"] | None,
    typer.Option(help="When bars are expected; inferred when left out."),
]
_Adjust = Annotated[bool, typer.Option("--adjust", help="Scale each bar by adj_close / close.")]
_Repair = Annotated[
    bool, typer.Option("--repair", help="Mend what can be mended; each change is recorded.")
]
_Accept = Annotated[
    list[str] | None, typer.Option(metavar="RULE", help="Findings of this rule are genuine.")
]
_Replace = Annotated[
    bool, typer.Option("--replace", help="Replace the series if it is there already.")
]
_Append = Annotated[
    bool,
    typer.Option("--append", help="Add the bars to it if it is there already."),
]
_Restate = Annotated[
    Literal["refuse", "keep", "replace"],
    typer.Option(help="What --append does about bars that are stored with other values."),
]


@app.command("import")
def import_(
    context: typer.Context,
    file: _File,
    *,
    instrument: _Instrument,
    timeframe: _Length = "",
    map_: _Map = None,
    columns: _Columns = "",
    timezone: _Timezone = "",
    time_format: _TimeFormat = "",
    stamp: _Stamp = "open",
    decimal: _Decimal = ".",
    price_scale: _Scale = "1",
    tick: _Tick = "",
    lot: _Lot = "",
    calendar: _Calendar = None,
    adjust: _Adjust = False,
    repair: _Repair = False,
    accept: _Accept = None,
    replace: _Replace = False,
    append: _Append = False,
    restate: _Restate = "refuse",
) -> ExitStatus:
    """Import bars from a file, checked, whole or not at all.

    Nothing is repaired in silence and no gap is filled. A file with bad bars is refused, with the
    row, column and value of what is wrong.
    """
    from tradectl_sdk.data import import_bars

    session = session_of(context)
    report = import_bars(
        catalog_of(session),
        file,
        instrument=instrument,
        timeframe=timeframe or None,
        mapping=assignments(map_ or (), "--map"),
        names=[name.strip() for name in columns.split(",")] if columns else (),
        timezone=timezone or None,
        time_format=time_format or None,
        stamp=stamp,
        decimal=decimal,
        price_scale=price_scale,
        tick_size=tick or None,
        lot_size=lot or None,
        calendar=calendar,
        adjust=adjust,
        repair=repair,
        accept=accept or (),
        replace=replace,
        append=append,
        restatement=restate,
    )
    _show_import(session, report)
    return ExitStatus.OK


@app.command("list")
def list_(context: typer.Context) -> ExitStatus:
    """List the series of the catalog, and those that installed sources offer without a network."""
    from tradectl_sdk.pipelines.offering import offered_series

    session = session_of(context)
    catalog = catalog_of(session)
    out = session.out
    stored, damaged = _read_all(catalog)
    offer = offered_series(session.plugins(session.settings()))
    have = {(info.instrument_id, str(info.timeframe)) for info in stored}
    offered = [each for each in offer.series if (each.instrument, each.timeframe) not in have]
    _show_series(out, stored, offered)
    for message in damaged:
        out.warn(message, hint="tradectl data verify")
    for failure in offer.failures:
        out.warn(failure.message, hint=failure.hint)
    out.result(
        "data-list/1",
        {
            "catalog": catalog.root,
            "series": [_document(info) for info in stored],
            "available": offered,
            "damaged": damaged,
        },
    )
    names = [(str(info.instrument_id), str(info.timeframe)) for info in stored]
    names += [(each.instrument, each.timeframe) for each in offered]
    out.next(
        _backtest(*names[0]) if names else "tradectl data import FILE --instrument SYMBOL.VENUE"
    )
    return ExitStatus.OK


@app.command()
def verify(
    context: typer.Context,
    series: Annotated[
        str,
        typer.Argument(
            help="SYMBOL.VENUE; every series when left out.", autocompletion=instruments
        ),
    ] = "",
    *,
    timeframe: _Timeframe = "",
) -> ExitStatus:
    """Read series back and hold them to their hashes and to the rules of bars.

    The exit status is 1 when something was found.
    """
    session = session_of(context)
    catalog = catalog_of(session)
    reports = [catalog.verify(*name) for name in matching(catalog, series, timeframe)]
    out = session.out
    if not reports:
        out.note("the catalog is empty")
    out.table(
        [
            Column(title=""),
            Column(title=""),
            Column(title="", right=True),
            Column(title="", wrap=True),
        ],
        [
            (
                Cell("ok", "ok") if report.ok else Cell("fail", "fail"),
                report.series,
                plural(report.rows, "bar") if report.ok else "",
                "\n".join(report.problems),
            )
            for report in reports
        ],
    )
    out.result(
        "data-verify/1",
        [{"series": r.series, "ok": r.ok, "rows": r.rows, "problems": r.problems} for r in reports],
    )
    sound = all(report.ok for report in reports)
    out.next("tradectl data list" if sound else "tradectl data import FILE --replace")
    return ExitStatus.OK if sound else ExitStatus.FINDING


@app.command()
def export(
    context: typer.Context,
    series: _Series,
    file: Annotated[
        Path, typer.Argument(help="Its suffix says how: .csv, .csv.gz, .tsv, .parquet, .feather.")
    ],
    *,
    timeframe: _Timeframe = "",
    start: Annotated[str, typer.Option(help="Earliest open time, such as 2024-01-31.")] = "",
    end: Annotated[str, typer.Option(help="Open times stay before this.")] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the file if it is there already.")
    ] = False,
) -> ExitStatus:
    """Write a series to a file for other programs: exact decimals, times in UTC."""
    from tradectl_sdk.data import export_bars

    session = session_of(context)
    catalog = catalog_of(session)
    if file.exists() and not replace:
        raise UsageError(f"{file} exists", hint="--replace puts the new one in its place")
    instrument, frame = only(catalog, series, timeframe)
    rows = export_bars(catalog, instrument, frame, file, start or None, end or None)
    out = session.out
    out.cells(
        Cell("exported", "ok"), Cell(f"  {instrument} {frame}  {plural(rows, 'bar')}  {file}")
    )
    out.result(
        "data-export/1",
        {"instrument": instrument, "timeframe": str(frame), "rows": rows, "file": file},
    )
    return ExitStatus.OK


@app.command()
def rm(
    context: typer.Context, series: _Series, *, timeframe: _Timeframe = "", yes: _Yes = False
) -> ExitStatus:
    """Delete a series from the catalog."""
    session = session_of(context)
    catalog = catalog_of(session)
    instrument, frame = only(catalog, series, timeframe)
    out = session.out
    if not confirmed(session, f"Delete {instrument} {frame} from {catalog.root}?", yes=yes):
        out.note("nothing was deleted")
        return ExitStatus.OK
    catalog.remove(instrument, frame)
    out.cells(Cell("deleted", "ok"), Cell(f"  {instrument} {frame}"))
    out.result("data-rm/1", {"instrument": instrument, "timeframe": str(frame)})
    out.next("tradectl data list")
    return ExitStatus.OK


def _show_series(
    out: Output, stored: Sequence[SeriesInfo], offered: Sequence[OfferedSeries]
) -> None:
    columns = [
        Column(title="SERIES"),
        Column(title="TIMEFRAME"),
        Column(title="ROWS", right=True),
        Column(title="FROM"),
        Column(title="TO"),
        Column(title="GAPS", right=True),
        Column(title="SOURCE", wrap=True, rank=1),
    ]
    rows: list[tuple[str | Cell, ...]] = [
        (
            info.instrument_id,
            str(info.timeframe),
            f"{info.rows:,}",
            moment(info.first),
            moment(info.last),
            f"{info.gaps:,}",
            info.provenance.source,
        )
        for info in stored
    ]
    nothing = (Cell("-", "dim"),) * 4
    rows += [
        (each.instrument, each.timeframe, *nothing, f"{each.source}: {each.summary}")
        for each in offered
    ]
    if rows:
        out.table(columns, rows)
    else:
        out.note("there is no data yet")


def _show_import(session: Session, report: ImportReport) -> None:
    info, out, merged = report.series, session.out, report.merged
    out.cells(Cell("imported", "ok"), Cell(f"  {info.instrument_id}  {info.timeframe}"))
    out.fields(
        [
            ("  bars", f"{merged.added:,} of {plural(report.rows_read, 'row')} read"),
            *([("  in all", plural(info.rows, "bar"))] if merged.added != info.rows else []),
            *([("  restated", f"{merged.restated:,}")] if merged.restated else []),
            ("  from", moment(info.first)),
            ("  to", moment(info.last)),
            ("  gaps", _gaps(info)),
            ("  repaired", _counts(report.repaired)),
            *([("  accepted", ", ".join(report.accepted))] if report.accepted else []),
            ("  assumed", "\n".join(report.assumptions) or "nothing"),
        ]
    )
    repairs = {
        "repaired": report.repaired,
        "accepted": report.accepted,
        "added": merged.added,
        "restated": merged.restated,
    }
    out.result(
        "data-import/1",
        _document(info)
        | repairs
        | {"rows_read": report.rows_read, "assumptions": report.assumptions},
    )
    out.next(_backtest(info.instrument_id, str(info.timeframe)), "tradectl data list")


def _backtest(instrument: str, timeframe: str) -> str:
    """Return a first command to use a series with."""
    option = "" if timeframe == "1d" else f" --timeframe {timeframe}"
    return f"tradectl backtest sma-cross {shlex.quote(instrument)}{option}"


def _read_all(catalog: Catalog) -> tuple[list[SeriesInfo], list[str]]:
    """Read what is known of every series; a damaged one does not hide the others."""
    stored, damaged = [], []
    for name in catalog.names():
        try:
            stored.append(catalog.info(*name))
        except DataError as error:
            damaged.append(error.message)
    return stored, damaged


def _gaps(info: SeriesInfo) -> str:
    if not info.gaps:
        return "none"
    return f"{info.gaps:,}, {plural(info.missing, 'bar')} missing ({info.instrument.calendar})"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "nothing"


def _document(info: SeriesInfo) -> dict[str, object]:
    return {
        "instrument": info.instrument_id,
        "timeframe": str(info.timeframe),
        "rows": info.rows,
        "first": iso(info.first),
        "last": iso(info.last),
        "gaps": info.gaps,
        "missing": info.missing,
        "tick_size": info.instrument.tick_size,
        "lot_size": info.instrument.lot_size,
        "calendar": info.instrument.calendar,
        "source": info.provenance.source,
        "hash": info.content_hash,
    }
