"""The yardstick: buy once and keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    from tradectl_sdk.engine import Bar, Context


class BuyAndHold(Strategy):
    """Buy on the first bar and keep it."""

    quantity: float = param(1.0, ge=1e-8, le=1e9, doc="how much to buy, in units of the instrument")

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Buy once."""
        if ctx.position == 0:
            ctx.buy(self.quantity)
