"""A strategy without sense that does everything a strategy can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradectl_sdk.domain.orders import TimeInForce
from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    from tradectl_sdk.engine import Bar, Context, Fill, OrderRequest, OrderUpdate
    from tradectl_sdk.engine.account import Account
    from tradectl_sdk.engine.market import Market

KINDS = 11


def dice(seed: int, time: int, number: int) -> int:
    """A number below 2^31 that looks random and depends on nothing but its arguments."""
    value = (seed * 0x9E3779B1 + time // 1_000_000 + number * 0x85EBCA6B) & 0xFFFFFFFFFFFF
    for shift in (17, 11, 23):
        value = ((value ^ (value >> shift)) * 0x2545F491) & 0xFFFFFFFFFFFF
    return value >> 17


class Restless(Strategy):
    """Places, changes and cancels orders of every kind, as the time of a bar says.

    What it does depends on the bar and on what it holds only, so a life that begins anew goes on
    where the one before ended.
    """

    seed: int = param(1)
    until: int = param(0, doc="Time of the last bar it acts on, UTC nanoseconds.")
    eagerness: int = param(60, ge=0, le=100, doc="Percentage of bars it acts on.")
    size: float = param(1.0, doc="Quantity of an order, in units of the instrument.")

    def on_start(self, ctx: Context) -> None:
        """Remember nothing but the latest order."""
        self.latest = 0
        self.told = 0

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Do one thing, or nothing."""
        if bar.time > self.until or dice(self.seed, bar.time, 0) % 100 >= self.eagerness:
            return
        kind = dice(self.seed, bar.time, 1 + bar.instrument) % KINDS
        buys = dice(self.seed, bar.time, 2) % 2 == 0
        near = ctx.round_price(bar.close * (0.999 if buys else 1.001))
        far = ctx.round_price(bar.close * (1.002 if buys else 0.998))
        self._act(ctx, bar, kind, buys, near, far)

    def _act(self, ctx: Context, bar: Bar, kind: int, buys: bool, near: float, far: float) -> None:
        size = self.size * (1 + dice(self.seed, bar.time, 3) % 3)
        if kind <= 1:
            self.latest = ctx.buy(size) if buys else ctx.sell(size)
        elif kind == 2:
            self.latest = ctx.buy(size, limit=near) if buys else ctx.sell(size, limit=near)
        elif kind == 3:
            self.latest = ctx.buy(size, stop=far) if buys else ctx.sell(size, stop=far)
        elif kind == 4:
            profit, loss = ctx.round_price(bar.close * 1.004), ctx.round_price(bar.close * 0.996)
            self.latest = ctx.buy(size, take_profit=profit, stop_loss=loss)
        elif kind == 5:
            ctx.close()
        elif kind == 6:
            ctx.cancel(self.latest)
        elif kind == 7:
            ctx.cancel_all()
        elif kind == 8:
            ctx.target(size if buys else -size)
        elif kind == 9:
            tif = int(TimeInForce.IOC)
            self.latest = (
                ctx.buy(size, limit=far, time_in_force=tif)
                if buys
                else ctx.sell(size, limit=far, time_in_force=tif)
            )
        else:
            first = ctx.sell(size, limit=ctx.round_price(bar.close * 1.003))
            second = ctx.buy(size, limit=ctx.round_price(bar.close * 0.997))
            ctx.one_cancels_other(first, second)

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        """Count."""
        self.told += 1

    def on_order(self, ctx: Context, order: OrderUpdate) -> None:
        """Count."""
        self.told += 1


class PositionLimit:
    """The rule of the simulation: what could be held never exceeds a number of lots."""

    def __init__(self, lots: int, reason: int) -> None:
        self.lots = lots
        self.reason = reason

    def check(self, order: OrderRequest, account: Account, market: Market, now: int) -> int:
        """Allow what keeps the worst case within the limit.

        A position on the other side does not count: an order that only reduces may take it away
        before this one fills.
        """
        if order.reduces:
            return order.lots
        held = max(account.lots[order.instrument] * order.side, 0)
        opening = account.open_buys if order.side > 0 else account.open_sells
        return max(0, min(order.lots, self.lots - held - opening[order.instrument]))

    def observe(self, now: int, equity: float) -> None:
        """Take no note."""
