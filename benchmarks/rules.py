"""The work, and what must come out of it: plain NumPy and Python, the judge of every engine.

Workloads A and C. The signal is seen at the close of bar ``i``: SMA(10) above SMA(50) now and not
above it one bar ago buys, the mirror image sells what is held. Both averages must exist at
``i - 1`` and at ``i``. A market order for one unit fills whole at the open of bar ``i + 1``, never
after the last bar. Long only; every fill costs 0.1 % of its value; final equity is cash plus the
position at the last close. C is 100 instruments in one account.

Workload B is A for every pair of 20 fast and 25 slow windows, one backtest each; nothing is added
up, every pair's counts and equity have to be right.

Workload D. Every row places an order of a random signed size that fills whole at the row's price,
long and short, at the same fee. Prices lie on a grid of 10^-6 and sizes on one of 10^-8, so that
an engine that counts in ticks and lots is given the same numbers as one that does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

Result = dict[str, Any]

FAST, SLOW = 10, 50
FASTS, SLOWS = tuple(range(5, 25)), tuple(range(30, 155, 5))  # of workload B, the product of both
FEE, QUANTITY, CASH = 0.001, 1.0, 1_000_000.0
ORDERS_CASH = 1e9
TICKS_PER_UNIT, LOTS_PER_UNIT = 10**6, 10**8  # the grids of prices and of order sizes
MONEY_UNITS = 10**8  # steps in one unit of money, where money is counted exactly
TOLERANCE = 0.001  # final equity may differ by this much


def sma(values: np.ndarray, window: int) -> np.ndarray:
    """Simple moving average, NaN before ``window`` values; exact, since prices lie on a grid."""
    total = np.concatenate(([0], np.cumsum(np.rint(values * TICKS_PER_UNIT).astype(np.int64))))
    average = np.full(len(values), np.nan)
    average[window - 1 :] = (total[window:] - total[:-window]) / window / TICKS_PER_UNIT
    return average


def pairs() -> list[tuple[int, int]]:
    """The windows of workload B, the slow one changing faster."""
    return [(fast, slow) for fast in FASTS for slow in SLOWS]


def crosses(close: np.ndarray, fast: int = FAST, slow: int = SLOW) -> tuple[np.ndarray, np.ndarray]:
    """Where the fast average crosses the slow one upward and downward, boolean per bar."""
    above = sma(close, fast) - sma(close, slow)
    up, down = np.zeros(len(close), bool), np.zeros(len(close), bool)
    up[1:] = (above[1:] > 0) & (above[:-1] <= 0)
    down[1:] = (above[1:] < 0) & (above[:-1] >= 0)
    return up, down


def expect_cross(
    bars: Mapping[str, np.ndarray],
    *,
    lag: int = 1,
    cash: float = CASH,
    windows: tuple[int, int] = (FAST, SLOW),
    closed_only: bool = False,
) -> Result:
    """Run workload A bar by bar.

    Args:
        bars: ``open`` and ``close``, shape (n,).
        lag: 1 to fill at the next open, 0 for engines that can only fill at the same close.
        cash: What the account starts with.
        windows: Of the fast and of the slow average.
        closed_only: For engines that leave out what a position still open has gained: it is worth
            what was paid for it.
    """
    up, down = crosses(bars["close"], *windows)
    price = bars["open"] if lag else bars["close"]
    position, fills, trades, paid = 0.0, 0, 0, 0.0
    for i in np.flatnonzero(up | down):
        if i + lag >= len(price):
            break
        at = float(price[i + lag])
        if up[i] and position == 0:
            position, fills, paid = QUANTITY, fills + 1, at
            cash -= at * QUANTITY * (1 + FEE)
        elif down[i] and position > 0:
            cash += at * position * (1 - FEE)
            position, fills, trades = 0.0, fills + 1, trades + 1
    last = paid if closed_only else float(bars["close"][-1])
    return {"trades": trades, "fills": fills, "equity": cash + position * last}


def expect_sweep(
    bars: Mapping[str, np.ndarray], *, lag: int = 1, closed_only: bool = False
) -> Result:
    """Run workload B: A for every pair of windows, lists in the order of :func:`pairs`."""
    each = [
        expect_cross(bars, lag=lag, windows=windows, closed_only=closed_only) for windows in pairs()
    ]
    return {name: [one[name] for one in each] for name in ("trades", "fills", "equity")}


def expect_portfolio(bars: Mapping[str, np.ndarray], *, lag: int = 1) -> Result:
    """Run workload C: columns of ``open`` and ``close``, shape (n, instruments), in one account."""
    width = bars["close"].shape[1]
    each = [
        expect_cross({k: bars[k][:, i] for k in ("open", "close")}, lag=lag, cash=0.0)
        for i in range(width)
    ]
    return {
        "trades": sum(one["trades"] for one in each),
        "fills": sum(one["fills"] for one in each),
        "equity": CASH + sum(one["equity"] for one in each),
    }


def expect_orders(price: np.ndarray, size: np.ndarray) -> Result:
    """Run workload D in floats: price and signed size per row, shape (n,)."""
    value = float((size * price).sum())
    fees = FEE * float((np.abs(size) * price).sum())
    equity = ORDERS_CASH - value - fees + float(size.sum()) * float(price[-1])
    return {"fills": len(size), "equity": equity}


def expect_exact_orders(price: np.ndarray, size: np.ndarray) -> Result:
    """Run workload D in whole money units: values rounded half up, fees rounded up.

    The rule of an account that counts money exactly and never in its owner's favour. It costs at
    most one unit of 10^-8 a fill, 0.005 on average over a million fills, which is why it has an
    expectation of its own.
    """
    ticks = np.rint(price * TICKS_PER_UNIT).astype(np.int64)
    lots = np.rint(size * LOTS_PER_UNIT).astype(np.int64)
    per_money = TICKS_PER_UNIT * LOTS_PER_UNIT // MONEY_UNITS
    value = (ticks * np.abs(lots) + per_money // 2) // per_money
    fee = -(-value // round(1 / FEE))
    held = int(lots.sum())
    worth = (int(ticks[-1]) * abs(held) + per_money // 2) // per_money
    cash = round(ORDERS_CASH) * MONEY_UNITS - int((np.sign(lots) * value + fee).sum())
    total = cash + (worth if held >= 0 else -worth)
    return {"fills": len(size), "equity": total / MONEY_UNITS}


def of_some_pairs(expected: Mapping[str, Any], result: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is expected of an engine that was given the pairs its result names; all, if none."""
    if "pairs" not in result:
        return expected
    return {name: [values[k] for k in result["pairs"]] for name, values in expected.items()}


def agrees(result: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    """Whether an engine's counts are the expected ones and its final equity is close enough.

    In a sweep, of every pair.
    """
    counts = [name for name in ("trades", "fills") if name in result and name in expected]
    same = all(result[name] == expected[name] for name in counts)
    ours, theirs = np.atleast_1d(result["equity"]), np.atleast_1d(expected["equity"])
    close = ours.shape == theirs.shape and bool((np.abs(ours - theirs) < TOLERANCE).all())
    return bool(counts) and same and close
