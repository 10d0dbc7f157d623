"""The showcase: a whole strategy in 25 lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.indicators import SMA
from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    from tradectl_sdk.engine import Bar, Context


class SmaCross(Strategy):
    """Long while the fast average is above the slow one."""

    fast: int = param(20, ge=2, le=200, doc="bars in the fast average")
    slow: int = param(100, ge=3, le=400, doc="bars in the slow average")
    share: float = param(0.95, ge=0.01, le=1.0, doc="share of equity to invest")

    def on_start(self, ctx: Context) -> None:
        """Make the averages."""
        self.fast_average, self.slow_average = SMA(self.fast), SMA(self.slow)
        self.warmup = max(self.fast, self.slow) - 1

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Follow the crossing."""
        fast, slow = self.fast_average.update(bar.close), self.slow_average.update(bar.close)
        if fast > slow and ctx.position == 0 and ctx.open_orders == 0:
            ctx.buy(self.share * ctx.equity / bar.close)
        elif fast < slow and ctx.position > 0:
            ctx.close()
