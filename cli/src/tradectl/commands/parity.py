"""``tradectl parity``: a session beside the backtest of what it saw, order by order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.layout import Cell, Column
from tradectl.session import session_of
from tradectl.sessions import Reference, chosen, runs

if TYPE_CHECKING:
    from tradectl_sdk.runs.parity import Difference, ParityReport

    from tradectl.session import Session

_SHOWN = 20  # differences on the screen unless all are wanted
_TITLES = ("DECIDED", "INSTRUMENT", "WHAT", "SESSION", "BACKTEST", "CAUSE", "ORDERS", "COST")


def parity(
    context: typer.Context,
    reference: Reference = "",
    *,
    price_bps: Annotated[
        float,
        typer.Option("--price-bps", min=0.0, help="Prices this close, in basis points, are equal."),
    ] = 0.0,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.0, help="Times this close, in seconds, are equal.")
    ] = 0.0,
    allow: Annotated[int, typer.Option("--allow", min=0, help="Accept this many differences.")] = 0,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help=f"Show all differences, not the first {_SHOWN}.")
    ] = False,
) -> ExitStatus:
    """Compare a session with the backtest of what it saw, order by order.

    Exits with 1 when there are more differences than accepted.
    """
    session = session_of(context)
    folder = chosen(session, reference)
    from tradectl_sdk.pipelines.parity import parity as compare

    report = compare(
        folder,
        price_bps=price_bps,
        seconds=seconds,
        allowed=allow,
        plugins=session.plugins(session.settings()),
    )
    _totals(session, report)
    if report.differences:
        _causes(session, report)
        _differences(session, report, None if everything else _SHOWN)
    for note in report.notes:
        session.out.note(note)
    session.out.result("parity/1", report.to_json())
    session.out.next(*_next(folder.id, report, running=runs(folder), everything=everything))
    return ExitStatus.OK if report.ok else ExitStatus.FINDING


def _totals(session: Session, report: ParityReport) -> None:
    from tradectl_sdk.domain.money import from_money, plain

    out, ours, theirs = session.out, report.ours, report.theirs
    count = len(report.differences)
    verdict = "equal, order for order" if not count else f"{count:,} differences"
    accepted = f", {report.allowed:,} accepted" if count and report.allowed else ""
    mode = "LIVE" if report.mode == "live" else report.mode
    names = ", ".join(str(one.id) for one in report.instruments)
    out.fields(
        [
            ("session", Cell(f"{report.session}  {mode}", "live" if mode == "LIVE" else "bold")),
            ("strategy", f"{report.strategy} on {names}"),
            ("bars", f"{report.bars:,} and {report.warmup:,} of warm-up"),
            ("parity", Cell(verdict + accepted, "ok" if report.ok else "fail")),
        ]
    )
    out.line()
    missing = sum(one.kind == "missing" for one in report.differences)
    extra = sum(one.kind == "extra" for one in report.differences)
    drift = report.drift.final
    fees = (ours.fees, theirs.fees, ours.fees - theirs.fees)
    out.table(
        [Column(title=title, right=bool(title)) for title in ("", "SESSION", "BACKTEST", "APART")],
        [
            ("orders", f"{ours.orders:,}", f"{theirs.orders:,}", f"{extra} more, {missing} fewer"),
            ("fills", f"{ours.fills:,}", f"{theirs.fills:,}", f"{ours.fills - theirs.fills:+,}"),
            ("fees", *(plain(from_money(one)) for one in fees)),
            ("equity", f"{ours.equity:,.2f}", f"{theirs.equity:,.2f}", f"{drift:+,.2f}"),
        ],
    )
    out.line()


def _causes(session: Session, report: ParityReport) -> None:
    from tradectl_sdk.runs.parity import CAUSE_WORDS

    rows = [
        (Cell(cause, "bold"), f"{count:,}", CAUSE_WORDS[cause])
        for cause, count in report.counts("cause").items()
    ]
    columns = [
        Column(title="CAUSE"),
        Column(title="COUNT", right=True),
        Column(title="MEANING", wrap=True),
    ]
    session.out.table(columns, rows)
    session.out.line()


def _differences(session: Session, report: ParityReport, most: int | None) -> None:
    shown = report.differences[:most]
    right = {"SESSION", "BACKTEST", "COST"}
    columns = [
        Column(title=title, right=title in right, rank=2 * (title in {"COST", "ORDERS"}))
        for title in _TITLES
    ]
    session.out.table(columns, [_row(one, report) for one in shown])
    hidden = len(report.differences) - len(shown)
    if hidden:
        session.out.note(f"{hidden:,} more; --all shows them")


def _row(one: Difference, report: ParityReport) -> tuple[str, ...]:
    from tradectl_sdk.domain.money import from_money, plain
    from tradectl_sdk.runs.parity.rendering import in_words, moment

    instrument = report.instruments[one.instrument]
    cause = f"{one.cause} of {one.follows}" if one.follows else one.cause
    return (
        _short(moment(one.created)),
        str(instrument.id),
        one.kind,
        _short(in_words(one.kind, one.ours, instrument)),
        _short(in_words(one.kind, one.theirs, instrument)),
        cause,
        "/".join((one.session or "-", one.backtest or "-")),
        plain(from_money(one.money)) if one.money else "",
    )


def _short(text: str | None) -> str:
    """A value for a table: times without the nanoseconds that are none."""
    if text is None:
        return "-"
    if not text.endswith("Z"):
        return text
    return text.removesuffix("Z").replace("T", " ").removesuffix(".000000000")


def _next(name: str, report: ParityReport, *, running: bool, everything: bool) -> list[str]:
    if not report.differences:
        return [f"tradectl status {name}" if running else "tradectl live preflight --help"]
    steps = [f"tradectl fills {name}"]
    if len(report.differences) > _SHOWN and not everything:
        steps.insert(0, f"tradectl parity {name} --all")
    return steps
