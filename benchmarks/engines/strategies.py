"""The strategies tradectl runs; ``tradectl backtest`` is given this file too."""

# ruff: noqa: ARG002 - a handler takes what the engine hands it, used or not
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradectl_sdk.indicators import SMA
from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    from tradectl_sdk.engine import Bar, Context


class Cross(Strategy):
    """One unit long from an upward cross of two averages to the next downward one."""

    fast: int = param(10, ge=2, le=200)
    slow: int = param(50, ge=3, le=400)

    def on_start(self, ctx: Context) -> None:
        """Make the averages."""
        self.fast_average, self.slow_average = SMA(self.fast), SMA(self.slow)
        self.last_fast = self.last_slow = math.nan

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Trade on a cross; comparing with NaN is false, so both averages have to be known."""
        fast, slow = self.fast_average.update(bar.close), self.slow_average.update(bar.close)
        if fast > slow and self.last_fast <= self.last_slow:
            if ctx.position == 0:
                ctx.buy(1)
        elif fast < slow and self.last_fast >= self.last_slow and ctx.position > 0:
            ctx.close()
        self.last_fast, self.last_slow = fast, slow


class RandomOrders(Strategy):
    """Trades the size prepared for each bar."""

    def on_start(self, ctx: Context) -> None:
        """Take the column of sizes."""
        self.size = ctx.signal("size")

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Place the order of this row."""
        size = self.size.value
        if size > 0:
            ctx.buy(size)
        else:
            ctx.sell(-size)
