"""vectorbt: indicators and signals over whole arrays, then its simulator; no callback per bar.

Final value and counts are read inside the call, since they are computed on request.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt

from benchmarks import datasets, rules
from benchmarks.engines import frames
from benchmarks.measuring import Task, Work, serve

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
    if task.workload == "A":
        frame = frames.bars(task)
        return Work(lambda: cross(frame["open"], frame["close"]), lambda out: out)
    stored = datasets.read(task.data, task.key, "time", "open", "close")
    index = pd.DatetimeIndex(stored["time"])
    opens, closes = (pd.DataFrame(stored[name], index=index) for name in ("open", "close"))
    return Work(lambda: cross(opens, closes, group_by=True, cash_sharing=True), lambda out: out)


if __name__ == "__main__":
    serve(vbt.__version__, prepare)
