"""tradectl's engine, compiled or interpreted.

The call that is timed is all of ``run``: the engine is built, its machine code looked up by the
hash of everything it depends on, the loop runs, and tables of orders, fills and equity come out.
The seconds of the loop alone stand beside it.
"""

from __future__ import annotations

from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from tradectl_sdk import Bars, Settings, SweepResult, Timeframe, sweep
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.engine import Assumptions, Columns, MarketFill, Mode, Outcome, Plan, run

from benchmarks import datasets, rules
from benchmarks.engines.strategies import Cross, RandomOrders
from benchmarks.measuring import Task, Work, cores, serve

if TYPE_CHECKING:
    from collections.abc import Mapping

MINUTE = 60_000_000_000
PRICES = ("open", "high", "low", "close")
FREE: dict[str, Any] = {"volume_share": Decimal(0), "slippage_bps": Decimal(0)}


def instrument(number: int, lot: str = "1") -> Instrument:
    """An instrument on the benchmark's price grid and fee."""
    return Instrument(
        symbol=f"S{number}",
        venue="SIM",
        tick_size=Decimal("0.000001"),
        lot_size=Decimal(lot),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
    )


def columns(number: int, bars: Mapping[str, np.ndarray]) -> Columns:
    """Columns for the engine of bars given as float arrays, shape (n,)."""
    prices = tuple(np.ascontiguousarray(bars[name]) for name in PRICES)
    return Columns(
        instrument=number,
        length=MINUTE,
        time=bars["time"] + MINUTE,
        ticks=tuple(np.rint(p * rules.TICKS_PER_UNIT).astype(np.int64) for p in prices),
        lots=bars["volume"].astype(np.int64),
        prices=prices,
        volume=np.ascontiguousarray(bars["volume"]),
    )


def cross_plan(task: Task) -> Plan:
    """Workload A: one series; workload C: a series and a strategy object per instrument."""
    bars = datasets.read(task.data, task.key)
    if task.workload == "A":
        each = [columns(0, bars)]
    else:
        time = {"time": bars.pop("time")}
        each = [
            columns(k, time | {name: column[:, k] for name, column in bars.items()})
            for k in range(datasets.WIDTH)
        ]
    return Plan(
        instruments=[instrument(k) for k in range(len(each))],
        columns=each,
        make_strategy=Cross,
        assumptions=Assumptions(cash=Decimal(int(rules.CASH)), **FREE),
    )


def orders_plan(task: Task) -> Plan:
    """Workload D: one price per bar, the order's size as a prepared column, a margin account."""
    rows = datasets.read(task.data, task.key)
    n = len(rows["price"])
    bars = {"time": MINUTE * np.arange(n, dtype=np.int64), "volume": np.zeros(n)}
    bars |= dict.fromkeys(PRICES, rows["price"])
    return Plan(
        instruments=[instrument(0, "0.00000001")],
        columns=[columns(0, bars)],
        make_strategy=RandomOrders,
        assumptions=Assumptions(
            cash=Decimal(int(rules.ORDERS_CASH)),
            margin=True,
            market_fill=MarketFill.THIS_CLOSE,
            **FREE,
        ),
        signals={"size": [rows["size"]]},
    )


def prepare_sweep(task: Task) -> Work:
    """Workload B: the public call, with checks, worker processes and the usual metrics."""
    stored = datasets.read(task.data, task.key)
    names = ("time", *datasets.COLUMNS)
    bars = Bars.from_floats(
        instrument(0), Timeframe.parse("1m"), **{name: stored[name] for name in names}
    )
    free = {name: int(value) for name, value in FREE.items()}
    settings = Settings.model_validate({"backtest": free | {"cash": int(rules.CASH)}})
    grid = {"fast": rules.FASTS, "slow": rules.SLOWS}
    workers = cores() if task.mode == "all cores" else 1
    return Work(
        lambda: sweep(Cross, bars, grid, settings=settings, workers=workers),
        read_sweep,
        workers=workers if workers > 1 else 0,
        note="memory that workers share counted in each",
    )


def read_sweep(result: SweepResult) -> dict[str, Any]:
    """Closed trades and final equity of every pair."""
    table = result.table
    return {
        "trades": table.metrics["trades"].astype(int).tolist(),
        "equity": (table.final_equity / MONEY_UNITS).tolist(),
    }


def read(outcome: Outcome) -> dict[str, Any]:
    """Count fills and closed trades; equity is exact until it becomes a float here."""
    sells = int((outcome.fills["side"] < 0).sum())
    equity = outcome.final_equity / MONEY_UNITS
    return {"trades": sells, "fills": len(outcome.fills), "equity": equity}


def prepare(task: Task) -> Work:
    """Make the plan; a run of it is the call."""
    if task.workload == "B":
        return prepare_sweep(task)
    mode = Mode(task.mode)
    plan = orders_plan(task) if task.workload == "D" else cross_plan(task)
    rule, note = "next_open", ""
    if task.workload == "D":
        rule, note = "exact", "money counted in units of 1e-8, fees rounded up"
    return Work(lambda: run(plan, mode), read, rule, lambda outcome: outcome.seconds, note)


if __name__ == "__main__":
    serve(version("tradectl-sdk"), prepare)
