"""``tradectl runs``: what finished runs left behind, and where two of them part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.commands import noun
from tradectl.figures import UNDEFINED, shortened
from tradectl.kept import delete, run_ids, store_of
from tradectl.layout import Cell, Column
from tradectl.session import session_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tradectl_sdk.runs import RunRecord, RunSummary

app = noun("List, show and compare finished runs.")

_Run = Annotated[
    str,
    typer.Argument(help="Its id, or the first digits of it.", autocompletion=run_ids),
]


@app.command("list")
def list_(
    context: typer.Context,
    *,
    last: Annotated[int, typer.Option(min=1, help="Show so many of the newest.")] = 20,
) -> ExitStatus:
    """List the newest runs."""
    from tradectl_sdk.runs.shelf import short_ids

    session = session_of(context)
    found = store_of(session).list()
    shown = found[:last]
    shorts = dict(zip((r.run_id for r in found), short_ids(r.run_id for r in found), strict=True))
    out = session.out
    if shown:
        out.table(_LIST, [_summary_row(each, shorts[each.run_id]) for each in shown])
    if len(found) > len(shown):
        out.note(f"{len(found) - len(shown):,} older ones: tradectl runs list --last {len(found)}")
    if not found:
        out.note("there are no runs yet")
    for each in shown:
        if each.problem:
            out.warn(
                f"run {shorts[each.run_id]} is damaged: {each.problem}",
                hint=f"tradectl runs rm {shorts[each.run_id]}",
            )
    out.result("runs-list/1", [_summary(each) for each in shown])
    sound = [shorts[each.run_id] for each in shown if not each.problem]
    out.next(f"tradectl runs show {sound[0]}" if sound else "tradectl backtest sma-cross")
    if len(sound) > 1:
        out.next(f"tradectl runs diff {sound[1]} {sound[0]}")
    return ExitStatus.OK


@app.command()
def show(
    context: typer.Context,
    run: _Run,
    *,
    fills: Annotated[bool, typer.Option("--fills", help="Show every fill.")] = False,
    orders: Annotated[bool, typer.Option("--orders", help="Show every order.")] = False,
    trades: Annotated[bool, typer.Option("--trades", help="Show every trade.")] = False,
) -> ExitStatus:
    """Show a run as it was, or its fills, orders or trades."""
    from tradectl_sdk.runs import rendering

    from tradectl.run_screen import show_run
    from tradectl.run_tables import show_fills, show_orders, show_trades

    session = session_of(context)
    store = store_of(session)
    record = store.load(run)
    out = session.out
    document = rendering.run_to_json(record, fills=fills)
    if orders:
        document["orders"] = rendering.orders_to_json(record.orders, record.instruments)
    if trades:
        document["trades"] = rendering.trades_to_json(record.trades, record.instruments)
    if fills:
        show_fills(out, document["fills"], document["reasons"])
    if orders:
        show_orders(out, document["orders"])
    if trades:
        show_trades(out, document["trades"], record.currency)
    if not (fills or orders or trades):
        place = str(store.root / record.run_id)
        show_run(out, record, engine=_engine(record), checks=(), place=place)
    out.result("run/1", document)
    short = record.run_id[:10]
    out.next(*_next_views(short, fills=fills, trades=trades))
    return ExitStatus.OK


@app.command()
def diff(
    context: typer.Context,
    first: _Run,
    second: _Run,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Show every metric that differs, not just the main ones.")
    ] = False,
) -> ExitStatus:
    """Show what went into two runs differently, what came out, and the first differing fill."""
    from tradectl.difference_screen import show_difference

    session = session_of(context)
    difference = store_of(session).diff(first, second)
    show_difference(session.out, difference, every=every)
    session.out.result("runs-diff/1", difference.to_json())
    session.out.next(f"tradectl runs show {difference.second[:10]}")
    return ExitStatus.OK


@app.command()
def rm(
    context: typer.Context,
    runs: Annotated[
        list[str], typer.Argument(help="Ids, or the first digits of them.", autocompletion=run_ids)
    ],
) -> ExitStatus:
    """Delete runs; nothing is lost that running them again would not bring back.

    When one of them is not there, none is deleted.
    """
    session = session_of(context)
    delete(session.out, store_of(session), runs, "runs")
    return ExitStatus.OK


_LIST = (
    Column(title="RUN"),
    Column(title="FINISHED", rank=2),
    Column(title="STRATEGY"),
    Column(title="DATA", rank=1),
    Column(title="RETURN", right=True),
    Column(title="SHARPE", right=True),
    Column(title="DRAWDOWN", right=True),
    Column(title="TRADES", right=True),
)
_LIST_METRICS = ("total_return", "sharpe_ratio", "max_drawdown", "trades")


def _summary_row(each: RunSummary, short: str) -> Sequence[str | Cell]:
    if each.problem:
        return (short, "", Cell("damaged", "fail"), "", *[""] * len(_LIST_METRICS))
    from tradectl_sdk.runs.metrics.table import METRICS

    values = (
        METRICS[name].kind.format(value) if (value := each.metrics.get(name)) is not None
        else UNDEFINED
        for name in _LIST_METRICS
    )  # fmt: skip
    finished = shortened(str(each.manifest["created"]).partition("+")[0])
    return (short, finished, str(each.manifest["strategy"]), _data(each.manifest), *values)


def _data(manifest: Mapping[str, Any]) -> str:
    data = manifest["identity"]["data"]
    first = f"{data[0]['instrument']} {data[0]['timeframe']}" if data else ""
    return f"{first} +{len(data) - 1}" if len(data) > 1 else first


def _summary(each: RunSummary) -> dict[str, Any]:
    manifest = each.manifest
    return {
        "run": each.run_id,
        "problem": each.problem or None,
        "created": manifest.get("created"),
        "strategy": manifest.get("strategy"),
        "parameters": manifest.get("identity", {}).get("parameters"),
        "data": manifest.get("identity", {}).get("data"),
        "engine": manifest.get("engine"),
        "final_equity": manifest.get("final_equity"),
        "order_list_hash": manifest.get("order_list_hash"),
        "counts": manifest.get("counts"),
        "metrics": each.metrics,
    }


def _engine(record: RunRecord) -> str:
    reason = record.engine.get("reason")
    finished = shortened(record.created.partition("+")[0])
    text = f"{record.engine['mode']}, finished {finished} UTC"
    return f"{text}\nnot compiled: {reason}" if reason else text


def _next_views(short: str, *, fills: bool, trades: bool) -> Iterable[str]:
    if not fills:
        yield f"tradectl runs show {short} --fills"
    if not trades:
        yield f"tradectl runs show {short} --trades"
    yield f"tradectl report {short}"
