"""FLOX: a C++ engine, driven by a Python ``on_bar`` or by arrays alone.

``on_bar`` keeps running sums in Python and fills at the next open. ``arrays`` makes signals with
FLOX's own averages and runs them without Python per bar; it can only fill at the same close.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from functools import partial
from importlib.metadata import version
from typing import Any

import flox_py as flox
import numpy as np

from benchmarks import datasets, rules
from benchmarks.measuring import Task, Work, cores, serve

MINUTE = 60_000_000_000
SYMBOL = "WALK"
_work: Any = None


class Cross(flox.Strategy):  # type: ignore[misc]
    """Long one unit from an upward cross to a downward one."""

    def __init__(self, symbols: list[Any]) -> None:
        super().__init__(symbols)
        self.held = deque([0.0] * rules.SLOW, maxlen=rules.SLOW)
        self.fast_sum, self.slow_sum, self.seen, self.above = 0.0, 0.0, 0, float("nan")

    def on_bar(self, ctx: Any, bar: Any) -> None:
        """Trade at the next open."""
        held, close = self.held, bar.close
        self.fast_sum += close - held[-rules.FAST]
        self.slow_sum += close - held[0]
        held.append(close)
        self.seen += 1
        if self.seen < rules.SLOW:
            return
        was, self.above = self.above, self.fast_sum / rules.FAST - self.slow_sum / rules.SLOW
        if self.above > 0.0 >= was and ctx.is_flat():
            self.market_buy(rules.QUANTITY)
        elif self.above < 0.0 <= was and ctx.is_long():
            self.market_sell(rules.QUANTITY)


def by_bar(bars: dict[str, np.ndarray]) -> Any:
    """Run the class above."""
    registry = flox.SymbolRegistry()
    symbol = registry.add_symbol("x", SYMBOL, tick_size=1e-6)
    runner = flox.BacktestRunner(registry, fee_rate=rules.FEE, initial_capital=rules.CASH)
    strategy = Cross([symbol])
    runner.set_strategy(strategy)
    prices = [bars[name] for name in ("open", "high", "low", "close", "volume")]
    return runner.run_bars(bars["time"], bars["time"] + MINUTE, *prices, SYMBOL)


def by_arrays(
    engine: Any, bars: dict[str, np.ndarray], windows: tuple[int, int] = (rules.FAST, rules.SLOW)
) -> Any:
    """Find the crosses in arrays, buys and sells in turn, and run them."""
    close, (fast, slow) = bars["close"], windows
    above = flox.sma(close, fast) - flox.sma(close, slow)
    above[: slow - 1] = np.nan
    up = (above[1:] > 0) & (above[:-1] <= 0)
    down = (above[1:] < 0) & (above[:-1] >= 0)
    rows = np.flatnonzero(up | down)
    buys = up[rows]
    turns = np.concatenate(([True], buys[1:] != buys[:-1])) if len(buys) else buys
    rows, buys = rows[turns], buys[turns]
    if len(buys) and not buys[0]:
        rows, buys = rows[1:], buys[1:]
    signals = flox.SignalBuilder()
    for moment, buy in zip(bars["time"][rows + 1].tolist(), buys.tolist(), strict=True):
        (signals.buy if buy else signals.sell)(moment, rules.QUANTITY, SYMBOL)
    return engine.run(signals).to_dict()


def sweep(engine: Any, bars: dict[str, np.ndarray], processes: int) -> dict[str, Any]:
    """Workload B, its batch form for each pair, over forked processes."""
    work = partial(_pair, engine, bars)
    if processes == 1:
        found = list(map(work, rules.pairs()))
    else:
        global _work  # noqa: PLW0603 - an engine cannot be sent to a process, only inherited
        _work = work
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            found = pool.map(_inherited, rules.pairs(), chunksize=1)
    return {name: [one[name] for one in found] for name in ("trades", "equity")}


def _pair(engine: Any, bars: dict[str, np.ndarray], windows: tuple[int, int]) -> dict[str, Any]:
    return _read(by_arrays(engine, bars, windows))


def _inherited(windows: tuple[int, int]) -> dict[str, Any]:
    return _work(windows)


def prepare(task: Task) -> Work:
    """Hand over arrays; the run is the call."""
    bars = datasets.read(task.data, task.key)
    if task.mode == "on_bar":
        return Work(lambda: by_bar(bars), _read)
    engine = flox.Engine(initial_capital=rules.CASH, fee_rate=rules.FEE)
    renamed = {("ts" if name == "time" else name): column for name, column in bars.items()}
    engine.load_ohlcv(renamed, symbol=SYMBOL)
    if task.workload == "B":
        processes = cores() if task.mode == "all cores" else 1
        return Work(
            lambda: sweep(engine, bars, processes),
            lambda out: out,
            rule="this_close_closed",
            note="fills at this close, an open position at cost",
            workers=processes if processes > 1 else 0,
        )
    return Work(
        lambda: by_arrays(engine, bars), _read, rule="this_close", note="fills at this close"
    )


def _read(table: Any) -> dict[str, Any]:
    return {"trades": int(table["total_trades"]), "equity": float(table["final_capital"])}


if __name__ == "__main__":
    serve(version("flox-py"), prepare)
