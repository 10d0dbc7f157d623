"""Trend following on breakouts, sized by volatility."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.indicators import ATR, Donchian
from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    from tradectl_sdk.engine import Bar, Context


class DonchianBreakout(Strategy):
    """Buy a close above the channel of the bars before, sell one below a shorter channel.

    The rules of the Turtles' slower system (Faith, "Way of the Turtle", 2007), long only and
    without adding to a position: a move of ``risk_atr`` average true ranges against the position
    costs ``risk`` of the equity.
    """

    entry: int = param(55, ge=2, le=400, doc="bars in the entry channel")
    exit: int = param(20, ge=2, le=400, doc="bars in the exit channel")
    atr_bars: int = param(20, ge=2, le=200, doc="bars in the average true range")
    risk: float = param(0.02, ge=0.001, le=0.2, doc="share of equity at risk per trade")
    risk_atr: float = param(2.0, ge=0.5, le=10.0, doc="average true ranges that risk stands for")
    share: float = param(0.95, ge=0.01, le=1.0, doc="most of the equity to invest")

    def on_start(self, ctx: Context) -> None:
        """Make the channels; both are read before the present bar enters them."""
        self.highest = Donchian(self.entry)
        self.lowest = Donchian(self.exit)
        self.atr = ATR(self.atr_bars)
        self.warmup = max(self.entry, self.exit, self.atr.memory)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Compare the close with the channels of the bars before, then let it enter them."""
        broke_out = bar.close > self.highest.upper
        broke_down = bar.close < self.lowest.lower
        self.highest.update(bar.high, bar.low)
        self.lowest.update(bar.high, bar.low)
        unit = self.risk_atr * self.atr.update(bar.high, bar.low, bar.close)
        if broke_down and ctx.position > 0:
            ctx.close()
        elif broke_out and unit > 0 and ctx.position == 0 and ctx.open_orders == 0:
            ctx.buy(min(self.risk * ctx.equity / unit, self.share * ctx.equity / bar.close))
