"""``tradectl data pull``: bars from an exchange into the catalog."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.exchanges import offered, public_exchange, run_with
from tradectl.figures import iso, moment, plural, rate
from tradectl.layout import Cell
from tradectl.progress import ProgressLine, duration
from tradectl.session import Session, session_of
from tradectl.stored import catalog_of, timeframes

if TYPE_CHECKING:
    from tradectl_sdk.pipelines.pulling import PullProgress, PullReport


def pull(
    context: typer.Context,
    symbol: Annotated[str, typer.Argument(help="What the exchange calls it, such as BTC/USDT.")],
    *,
    exchange: Annotated[str, typer.Option(help="The exchange.", autocompletion=offered)],
    timeframe: Annotated[
        str, typer.Option(help="Length of a bar, such as 1h.", autocompletion=timeframes)
    ],
    since: Annotated[str, typer.Option(help="Earliest open time, such as 2024-01-31.")],
    until: Annotated[
        str, typer.Option(help="Open times stay before this; now when left out.")
    ] = "",
    restate: Annotated[
        Literal["refuse", "keep", "replace"],
        typer.Option(help="What to do about bars that are stored with other values."),
    ] = "refuse",
) -> ExitStatus:
    """Fetch bars that are missing, and fill holes. A bar that has not closed is never stored.

    Stopped or killed, it goes on where it was: give the same command again.
    """
    from tradectl_sdk.pipelines.pulling import pull_bars

    session = session_of(context)
    settings = session.settings()
    adapter = public_exchange(exchange, settings, session.plugins(settings))
    catalog = catalog_of(session)
    with ProgressLine(session) as line:

        def tell(progress: PullProgress) -> None:
            line.say(_progress(symbol, timeframe, progress))

        report = run_with(
            adapter,
            lambda opened: pull_bars(
                opened,
                catalog,
                name=exchange,
                symbol=symbol,
                timeframe=timeframe,
                since=since,
                until=until or None,
                restatement=restate,
                tell=tell,
            ),
        )
    _show(session, report)
    return ExitStatus.OK


def _progress(symbol: str, timeframe: str, progress: PullProgress) -> str:
    left = progress.remaining
    parts = [
        f"{symbol} {timeframe}",
        plural(progress.bars, "bar"),
        f"{progress.share:.0%}",
        f"up to {moment(progress.reached)}",
        f"{rate(progress.bars, progress.seconds)}/s",
        f"{duration(left)} left" if left is not None else "",
    ]
    return "  ".join(filter(None, parts))


def _show(session: Session, report: PullReport) -> None:
    out, merged = session.out, report.merged
    name = f"{report.instrument}  {report.timeframe}"
    out.cells(Cell("pulled", "ok"), Cell(f"  {name}"))
    if merged is None:
        out.fields([("  bars", "nothing that was not there already")])
    else:
        info = merged.series
        out.fields(
            [
                ("  bars", f"{plural(merged.added, 'new bar')}, {info.rows:,} in all"),
                ("  compared", _compared(merged.same, merged.restated)),
                ("  from", moment(info.first)),
                ("  to", moment(info.last)),
                ("  gaps", _gaps(info.gaps, info.missing)),
                ("  took", f"{report.seconds:.1f} s, {plural(report.requests, 'request')}"),
            ]
        )
    if report.resumed:
        out.note(f"{plural(report.resumed, 'bar')} waited from a pull that was stopped")
    out.result("data-pull/1", _document(report))
    option = "" if str(report.timeframe) == "1d" else f" --timeframe {report.timeframe}"
    out.next(f"tradectl backtest sma-cross {shlex.quote(report.instrument)}{option}")


def _compared(same: int, restated: int) -> str:
    if not restated:
        return f"{plural(same, 'stored bar')} asked for again, all the same"
    return f"{plural(restated, 'stored bar')} had other values, {same:,} the same"


def _gaps(gaps: int, missing: int) -> str:
    return f"{gaps:,}, {plural(missing, 'bar')} missing" if gaps else "none"


def _document(report: PullReport) -> dict[str, object]:
    merged = report.merged
    counts: dict[str, object] = {"added": 0, "same": 0, "restated": 0, "series": None}
    if merged is not None:
        info = merged.series
        series = {
            "rows": info.rows,
            "first": iso(info.first),
            "last": iso(info.last),
            "gaps": info.gaps,
            "missing": info.missing,
            "hash": info.content_hash,
        }
        counts = {"added": merged.added, "same": merged.same, "restated": merged.restated}
        counts["series"] = series
    return {
        "instrument": report.instrument,
        "timeframe": str(report.timeframe),
        "received": report.received,
        "requests": report.requests,
        "resumed": report.resumed,
        "seconds": report.seconds,
    } | counts
