"""Trading a forecast as plainly as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    from tradectl_sdk.engine import Bar, Context


class ForecastThreshold(Strategy):
    """Long while the signal ``forecast`` is above a threshold, in cash below another one.

    Before the first forecast, and where there is none, it does nothing. The thresholds are in
    the units of the model: a return over its horizon, or for ``logistic`` from -1 to 1. A pair
    of them, rather than one, keeps a forecast that hovers around it from paying fees each bar.
    """

    signals = ("forecast=ridge",)

    enter: float = param(0.0, ge=-1.0, le=1.0, doc="forecast above which to buy")
    leave: float = param(0.0, ge=-1.0, le=1.0, doc="forecast below which to sell")
    share: float = param(0.95, ge=0.01, le=1.0, doc="share of the equity to invest")

    def on_start(self, ctx: Context) -> None:
        """Ask for the column of forecasts."""
        self.forecast = ctx.signal("forecast")

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Compare the forecast made at this close with the thresholds."""
        forecast = self.forecast.value
        if ctx.position == 0 and forecast > self.enter and ctx.open_orders == 0:
            ctx.buy(self.share * ctx.equity / bar.close)
        elif ctx.position > 0 and forecast < self.leave:
            ctx.close()
