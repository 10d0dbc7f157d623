"""backtrader: ``Strategy.next`` per bar, its observers switched off."""

from __future__ import annotations

from typing import Any

import backtrader as bt

from benchmarks import rules
from benchmarks.engines import frames
from benchmarks.measuring import Task, Work, serve


class Cross(bt.Strategy):  # type: ignore[misc]
    """Long one unit of each instrument from an upward cross to a downward one."""

    def __init__(self) -> None:
        self.closed, self.filled = 0, 0
        self.signals = [
            (data, bt.ind.CrossOver(bt.ind.SMA(data, period=rules.FAST), self._slow(data)))
            for data in self.datas
        ]

    def _slow(self, data: Any) -> Any:
        return bt.ind.SMA(data, period=rules.SLOW)

    def next(self) -> None:
        """Trade at the next open."""
        for data, signal in self.signals:
            if signal[0] > 0 and not self.getposition(data):
                self.buy(data, size=rules.QUANTITY)
            elif signal[0] < 0 and self.getposition(data):
                self.close(data)

    def notify_order(self, order: Any) -> None:
        """Count fills."""
        self.filled += order.status == order.Completed

    def notify_trade(self, trade: Any) -> None:
        """Count closed trades."""
        self.closed += trade.isclosed


def prepare(task: Task) -> Work:
    """Hand over frames; making the engine and running it is the call."""
    source = list([frames.bars(task)] if task.workload == "A" else frames.each(task))

    def call() -> tuple[Any, float]:
        cerebro = bt.Cerebro(stdstats=False)
        for frame in source:
            cerebro.adddata(bt.feeds.PandasData(dataname=frame))
        cerebro.addstrategy(Cross)
        cerebro.broker.set_cash(rules.CASH)
        cerebro.broker.setcommission(commission=rules.FEE)
        return cerebro.run()[0], cerebro.broker.getvalue()

    return Work(
        call,
        lambda out: {"trades": out[0].closed, "fills": out[0].filled, "equity": out[1]},
    )


if __name__ == "__main__":
    serve(bt.__version__, prepare)
