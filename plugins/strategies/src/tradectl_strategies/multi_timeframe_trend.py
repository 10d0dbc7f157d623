"""A longer timeframe decides on the direction, the run's own on the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.indicators import EMA, SMA
from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    from tradectl_sdk.engine import Bar, Context

DAY = 86_400_000_000_000  # nanoseconds


class MultiTimeframeTrend(Strategy):
    """Buy strength while the longer trend is up; stay until it turns.

    The longer timeframe is a number of days: 7 makes weeks, which suits daily bars, and 1 makes
    days, which suits hours. The trend is up when the last completed longer bar closed above the
    average of such closes; the moment to buy is a close above the exponential average of the run's
    own bars.

    The average of the trend is a simple one: it needs no longer history than it has bars, where an
    exponential one of 20 weeks would remember for 89 weeks where the data began.
    """

    trend_days: int = param(7, ge=1, le=28, doc="days in a bar of the longer timeframe")
    trend_bars: int = param(20, ge=2, le=200, doc="longer bars in the average of the trend")
    entry_bars: int = param(10, ge=2, le=200, doc="bars in the average of the price")
    share: float = param(0.95, ge=0.01, le=1.0, doc="share of equity to invest")

    def on_start(self, ctx: Context) -> None:
        """Ask for the longer bars; the first of them may be cut by the start of the data."""
        self.longer = ctx.bar(f"{self.trend_days}d")
        self.seen = 0
        self.trend = SMA(self.trend_bars)
        self.average = EMA(self.entry_bars)
        longer_in_bars = -(-self.trend_days * DAY // ctx.bar_length())
        self.warmup = max((self.trend_bars + 1) * longer_in_bars, self.average.memory)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Enter when both agree, leave when the trend is over."""
        average = self.average.update(bar.close)
        if self.longer.count > self.seen:
            self.seen = self.longer.count
            self.trend.update(self.longer.close)
        if ctx.warming or not self.trend.ready:
            return
        upward = self.longer.close > self.trend.value
        if upward and bar.close > average and ctx.position == 0 and ctx.open_orders == 0:
            ctx.buy(self.share * ctx.equity / bar.close)
        elif not upward and ctx.position > 0:
            ctx.close()
