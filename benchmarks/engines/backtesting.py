"""backtesting.py: ``Strategy.next`` per bar; its statistics table is part of every run.

It has no account shared by instruments: workload C is one run per instrument, one after another.
"""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd
from backtesting import Backtest, Strategy, __version__
from backtesting import backtesting as internals
from backtesting.lib import crossover

from benchmarks import rules
from benchmarks.engines import frames
from benchmarks.measuring import Task, Work, serve

NAMES = ("Open", "High", "Low", "Close", "Volume")


def _average(values: Any, window: int) -> pd.Series:
    return pd.Series(values).rolling(window).mean()


class Cross(Strategy):  # type: ignore[misc]
    """Long one unit from an upward cross to a downward one."""

    def init(self) -> None:
        """Compute both averages over all bars."""
        self.fast = self.I(_average, self.data.Close, rules.FAST, plot=False)
        self.slow = self.I(_average, self.data.Close, rules.SLOW, plot=False)

    def next(self) -> None:
        """Trade at the next open."""
        if self.position:
            if crossover(self.slow, self.fast):
                self.position.close()
        elif crossover(self.fast, self.slow):
            self.buy(size=int(rules.QUANTITY))


def prepare(task: Task) -> Work:
    """Hand over frames; ``run`` is the call."""
    warnings.simplefilter("ignore")
    internals._tqdm = lambda items, **_: items  # noqa: SLF001 - no progress bar inside the clock
    options = {"cash": rules.CASH, "commission": rules.FEE}
    source = [frames.bars(task, NAMES)] if task.workload == "A" else frames.each(task, NAMES)
    tests = [Backtest(frame, Cross, **options) for frame in source]
    return Work(
        lambda: [test.run() for test in tests],
        _read,
        note="" if len(tests) == 1 else f"{len(tests)} separate accounts",
    )


def _read(tables: Any) -> dict[str, Any]:
    gained = sum(float(table["Equity Final [$]"]) - rules.CASH for table in tables)
    trades = sum(int(table["# Trades"]) for table in tables)
    return {"trades": trades, "equity": rules.CASH + gained}


if __name__ == "__main__":
    serve(__version__, prepare)
