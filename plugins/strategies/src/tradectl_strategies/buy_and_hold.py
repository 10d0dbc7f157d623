"""The yardstick: buy once and keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    from tradectl_sdk.engine import Bar, Context


class BuyAndHold(Strategy):
    """Buy at the first opportunity and keep it."""

    share: float = param(0.95, ge=0.01, le=1.0, doc="share of equity to invest")

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Buy once; again only if the venue refused, as when the open was above the cash."""
        if ctx.position == 0 and ctx.open_orders == 0 and not ctx.warming:
            ctx.buy(self.share * ctx.equity / bar.close)
