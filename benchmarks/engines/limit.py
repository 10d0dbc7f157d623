"""The limit: the same work as a loop written by hand for one purpose, compiled by numba.

Nothing general can be faster than this on one core; it says what the machine can do. ``bare``
keeps only the result, ``records`` also writes the equity of every bar and a row per fill.
"""

from __future__ import annotations

import numba
import numpy as np
from numba import njit, prange

from benchmarks import datasets, rules
from benchmarks.measuring import Task, Work, serve


@njit(cache=True)
def cross(opens, closes, fast, slow, fee, quantity, cash):  # type: ignore[no-untyped-def]
    """Workload A, nothing kept."""
    position, fills, trades, order = 0.0, 0, 0, 0
    fast_sum, slow_sum = 0.0, 0.0
    last_fast, last_slow = np.nan, np.nan
    for i in range(len(closes)):
        if order > 0:
            cash -= opens[i] * quantity * (1.0 + fee)
            position = quantity
            fills += 1
        elif order < 0:
            cash += opens[i] * position * (1.0 - fee)
            position = 0.0
            fills += 1
            trades += 1
        order = 0
        fast_sum += closes[i]
        slow_sum += closes[i]
        if i >= fast:
            fast_sum -= closes[i - fast]
        if i >= slow:
            slow_sum -= closes[i - slow]
        if i >= slow - 1:
            now_fast, now_slow = fast_sum / fast, slow_sum / slow
            if now_fast > now_slow and last_fast <= last_slow and position == 0.0:
                order = 1
            elif now_fast < now_slow and last_fast >= last_slow and position > 0.0:
                order = -1
            last_fast, last_slow = now_fast, now_slow
    return trades, fills, cash + position * closes[-1]


@njit(cache=True)
def cross_records(opens, closes, fast, slow, fee, quantity, cash):  # type: ignore[no-untyped-def]
    """Workload A with the equity of every bar and a row per fill."""
    n = len(closes)
    equity, filled = np.empty(n), np.empty((n, 3))
    position, fills, trades, order = 0.0, 0, 0, 0
    fast_sum, slow_sum = 0.0, 0.0
    last_fast, last_slow = np.nan, np.nan
    for i in range(n):
        if order != 0:
            traded = quantity if order > 0 else -position
            cash -= opens[i] * (traded + fee * abs(traded))
            position += traded
            filled[fills, 0], filled[fills, 1], filled[fills, 2] = i, opens[i], traded
            fills += 1
            trades += order < 0
        order = 0
        fast_sum += closes[i]
        slow_sum += closes[i]
        if i >= fast:
            fast_sum -= closes[i - fast]
        if i >= slow:
            slow_sum -= closes[i - slow]
        if i >= slow - 1:
            now_fast, now_slow = fast_sum / fast, slow_sum / slow
            if now_fast > now_slow and last_fast <= last_slow and position == 0.0:
                order = 1
            elif now_fast < now_slow and last_fast >= last_slow and position > 0.0:
                order = -1
            last_fast, last_slow = now_fast, now_slow
        equity[i] = cash + position * closes[i]
    return trades, fills, equity[n - 1]


@njit(parallel=True, cache=True)
def sweep(opens, closes, fasts, slows, fee, quantity, cash):  # type: ignore[no-untyped-def]
    """Workload B on all cores, nothing kept but the results."""
    trades, equity = np.empty(len(fasts), np.int64), np.empty(len(fasts))
    for k in prange(len(fasts)):
        trades[k], _, equity[k] = cross(opens, closes, fasts[k], slows[k], fee, quantity, cash)
    return trades, equity


@njit(cache=True)
def sweep_alone(opens, closes, fasts, slows, fee, quantity, cash):  # type: ignore[no-untyped-def]
    """The same on one core."""
    trades, equity = np.empty(len(fasts), np.int64), np.empty(len(fasts))
    for k in range(len(fasts)):
        trades[k], _, equity[k] = cross(opens, closes, fasts[k], slows[k], fee, quantity, cash)
    return trades, equity


@njit(cache=True)
def portfolio(opens, closes, fast, slow, fee, quantity, cash):  # type: ignore[no-untyped-def]
    """Workload C: time outside, instruments inside, the equity of every bar kept."""
    n, width = closes.shape
    equity, position = np.empty(n), np.zeros(width)
    order = np.zeros(width, np.int8)
    fast_sum, slow_sum = np.zeros(width), np.zeros(width)
    last_fast, last_slow = np.full(width, np.nan), np.full(width, np.nan)
    fills, trades = 0, 0
    for i in range(n):
        held = 0.0
        for k in range(width):
            if order[k] != 0:
                traded = quantity if order[k] > 0 else -position[k]
                cash -= opens[i, k] * (traded + fee * abs(traded))
                position[k] += traded
                fills += 1
                trades += order[k] < 0
            order[k] = 0
            close = closes[i, k]
            fast_sum[k] += close
            slow_sum[k] += close
            if i >= fast:
                fast_sum[k] -= closes[i - fast, k]
            if i >= slow:
                slow_sum[k] -= closes[i - slow, k]
            if i >= slow - 1:
                now_fast, now_slow = fast_sum[k] / fast, slow_sum[k] / slow
                if now_fast > now_slow and last_fast[k] <= last_slow[k] and position[k] == 0.0:
                    order[k] = 1
                elif now_fast < now_slow and last_fast[k] >= last_slow[k] and position[k] > 0.0:
                    order[k] = -1
                last_fast[k], last_slow[k] = now_fast, now_slow
            held += position[k] * close
        equity[i] = cash + held
    return trades, fills, equity[n - 1]


@njit(cache=True)
def orders(price, size, fee, cash):  # type: ignore[no-untyped-def]
    """Workload D with a row per fill: number, size, price, fee."""
    n = len(price)
    filled, position = np.empty((n, 4)), 0.0
    for i in range(n):
        cost = abs(size[i]) * price[i] * fee
        cash -= size[i] * price[i] + cost
        position += size[i]
        filled[i, 0], filled[i, 1], filled[i, 2], filled[i, 3] = i, size[i], price[i], cost
    return filled, cash + position * price[-1]


def prepare(task: Task) -> Work:
    """Load the arrays and bind them to the loop."""
    if task.workload == "D":
        rows = datasets.read(task.data, task.key)
        return Work(
            lambda: orders(rows["price"], rows["size"], rules.FEE, rules.ORDERS_CASH),
            lambda out: {"fills": len(out[0]), "equity": float(out[1])},
            rule="floats",
        )
    if task.workload == "B":
        return _prepare_sweep(task)
    loop = {"Abare": cross, "Arecords": cross_records, "Crecords": portfolio}[
        task.workload + task.mode
    ]
    bars = datasets.read(task.data, task.key, "open", "close")
    constants = (rules.FAST, rules.SLOW, rules.FEE, rules.QUANTITY, rules.CASH)
    return Work(
        lambda: loop(bars["open"], bars["close"], *constants),
        lambda out: {"trades": int(out[0]), "fills": int(out[1]), "equity": float(out[2])},
    )


def _prepare_sweep(task: Task) -> Work:
    bars = datasets.read(task.data, task.key, "open", "close")
    fasts, slows = np.array(rules.pairs(), np.int64).T.copy()
    loop = sweep if task.mode == "all cores" else sweep_alone
    constants = (rules.FEE, rules.QUANTITY, rules.CASH)
    return Work(
        lambda: loop(bars["open"], bars["close"], fasts, slows, *constants),
        lambda out: {"trades": out[0].tolist(), "equity": out[1].tolist()},
    )


if __name__ == "__main__":
    serve(numba.__version__, prepare)
