"""vectorbt: indicators and signals over whole arrays, then its simulator; no callback per bar.

Final value and counts are read inside the call, since they are computed on request.
"""

from __future__ import annotations

import multiprocessing
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import vectorbt as vbt

from benchmarks import datasets, rules
from benchmarks.engines import frames
from benchmarks.measuring import Task, Work, cores, serve

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = range(0, 480, 4)  # of workload B, as many for each of two cores; all 500 take minutes
SHORT = 500  # bars that suffice to have everything compiled
_compiled: list[bool] = []
CHUNK = 20  # pairs at once; more need gigabytes and are slower
OPTIONS = {"fees": rules.FEE, "freq": "1min"}


def cross(opens: Any, closes: Any, **options: Any) -> dict[str, Any]:
    """Signals at the close, shifted by one bar, filled at that bar's open."""
    fast = vbt.MA.run(closes, rules.FAST, short_name="fast")
    slow = vbt.MA.run(closes, rules.SLOW, short_name="slow")
    enter = fast.ma_crossed_above(slow).vbt.signals.fshift(1)
    leave = fast.ma_crossed_below(slow).vbt.signals.fshift(1)
    made = vbt.Portfolio.from_signals(
        closes,
        enter,
        leave,
        price=opens,
        size=rules.QUANTITY,
        init_cash=rules.CASH,
        direction="longonly",
        **OPTIONS,
        **options,
    )
    return read(made)


def pairs_at_once(frame: Any, pairs: list[tuple[int, int]]) -> dict[str, Any]:
    """Some pairs of workload B as columns; few enough to stay near the caches."""
    fasts, slows = zip(*pairs, strict=True)
    fast = vbt.MA.run(frame["close"], fasts, short_name="fast", run_unique=True)
    slow = vbt.MA.run(frame["close"], slows, short_name="slow", run_unique=True)
    made = vbt.Portfolio.from_signals(
        frame["close"],
        fast.ma_crossed_above(slow).vbt.signals.fshift(1),
        fast.ma_crossed_below(slow).vbt.signals.fshift(1),
        price=frame["open"],
        size=rules.QUANTITY,
        init_cash=rules.CASH,
        direction="longonly",
        **OPTIONS,
    )
    return {
        "trades": made.trades.closed.count().astype(int).tolist(),
        "equity": made.final_value().tolist(),
    }


def compile_once(call: Callable[[], object]) -> None:
    """Have numba compile what a call needs, at the first one: it would in each worker of each."""
    if not _compiled:
        call()
        _compiled.append(True)


def sweep(frame: Any, processes: int) -> dict[str, Any]:
    """Workload B, in chunks over forked processes, which share what was compiled before."""
    every = rules.pairs()
    pairs = [every[number] for number in PAIRS]
    chunks = [pairs[k : k + CHUNK] for k in range(0, len(pairs), CHUNK)]
    work = partial(pairs_at_once, frame)
    compile_once(lambda: pairs_at_once(frame.iloc[:SHORT], chunks[0]))
    if processes == 1:
        found = list(map(work, chunks))
    else:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            found = pool.map(work, chunks, chunksize=1)
    merged = {name: [v for one in found for v in one[name]] for name in ("trades", "equity")}
    return merged | {"pairs": list(PAIRS)}


def read(made: Any) -> dict[str, Any]:
    """Counts and final value of a portfolio, summed over columns."""
    return {
        "trades": int(np.sum(made.trades.closed.count())),
        "fills": int(np.sum(made.orders.count())),
        "equity": float(np.sum(made.final_value())),
    }


def orders(price: Any, size: Any) -> dict[str, Any]:
    """Every row's order at its price."""
    made = vbt.Portfolio.from_orders(price, size, init_cash=rules.ORDERS_CASH, **OPTIONS)
    return {"fills": int(made.orders.count()), "equity": float(made.final_value())}


def prepare(task: Task) -> Work:
    """Hand over frames; the whole chain is the call."""
    if task.workload == "D":
        rows = datasets.read(task.data, task.key)
        price, size = pd.Series(rows["price"]), pd.Series(rows["size"])
        return Work(lambda: orders(price, size), lambda out: out, rule="floats")
    if task.workload == "B":
        frame = frames.bars(task)
        processes = cores() if task.mode == "all cores" else 1
        workers = processes if processes > 1 else 0
        note = f"{len(PAIRS)} of the {len(rules.pairs())} pairs, every fourth"
        return Work(lambda: sweep(frame, processes), lambda out: out, note=note, workers=workers)
    if task.workload == "A":
        frame = frames.bars(task)
        return Work(lambda: cross(frame["open"], frame["close"]), lambda out: out)
    stored = datasets.read(task.data, task.key, "time", "open", "close")
    index = pd.DatetimeIndex(stored["time"])
    opens, closes = (pd.DataFrame(stored[name], index=index) for name in ("open", "close"))
    return Work(lambda: cross(opens, closes, group_by=True, cash_sharing=True), lambda out: out)


if __name__ == "__main__":
    serve(vbt.__version__, prepare)
