"""A strategy that does everything there is to do, at random but repeatably."""

from __future__ import annotations

from tradectl_sdk.strategy import Strategy, param


class Gambler(Strategy):
    """Draws an action per bar from a linear congruential generator of its own."""

    seed: int = param(1, ge=1)
    activity: int = param(50, ge=0, le=100, doc="percent of bars on which it acts")

    def on_start(self, ctx) -> None:
        self.state = self.seed
        self.newest = 0
        self.older = 0
        self.told = 0
        self.paid = 0.0
        self.changed = 0

    def draw(self, below: int) -> int:
        self.state = (self.state * 1_103_515_245 + 12_345) % 2_147_483_648
        return self.state // 65_536 % below

    def on_bar(self, ctx, bar) -> None:  # noqa: C901, PLR0912, PLR0915 - one branch for each thing to do
        if self.draw(100) >= self.activity:
            return
        size = 1.0 + self.draw(20)
        off = 0.01 * self.draw(300)
        near, far = ctx.round_price(bar.close - off), ctx.round_price(bar.close + off)
        action = self.draw(19)
        order = 0
        if action == 0:
            order = ctx.buy(size)
        elif action == 1:
            order = ctx.sell(size)
        elif action == 2:
            order = ctx.buy(size, limit=near)
        elif action == 3:
            order = ctx.sell(size, limit=far)
        elif action == 4:
            order = ctx.buy(size, stop=far)
        elif action == 5:
            order = ctx.sell(size, stop=near)
        elif action == 6:
            order = ctx.buy(size, stop=far, limit=ctx.round_price(far + 0.5))
        elif action == 7:
            order = ctx.sell(size, trail=0.5 + off)
        elif action == 8:
            order = ctx.buy(size, trail_bps=100.0)
        elif action == 9:
            order = ctx.buy(size, take_profit=far + 1.0, stop_loss=ctx.round_price(near * 0.98))
        elif action == 10:
            order = ctx.sell(size, limit=far, time_in_force=self.draw(3), reduce_only=True)
        elif action == 11:
            order = ctx.buy(size, limit=near, time_in_force=4)
        elif action == 12:
            order = ctx.close()
        elif action == 13:
            ctx.cancel(self.older)
        elif action == 14:
            ctx.one_cancels_other(self.older, self.newest)
        elif action == 15:
            self.changed += ctx.modify(self.draw(self.newest + 3), quantity=size)
        elif action == 16:
            self.changed += ctx.modify(self.older, limit=near, stop=far * self.draw(2))
        elif action == 17:
            stop = far if self.draw(2) == 0 else near
            self.changed += ctx.modify(self.draw(self.newest + 3), stop=stop)
        else:
            order = ctx.target(float(self.draw(30)) - 15.0)
        if order > 0:
            self.older = self.newest
            self.newest = order

    def on_fill(self, ctx, fill) -> None:
        self.told += fill.side
        self.paid += fill.fee
        if self.draw(4) == 0 and fill.position > 0.0:
            ctx.sell(fill.quantity, limit=ctx.round_price(fill.price * 1.01), reduce_only=True)

    def on_order(self, ctx, order) -> None:
        self.told += order.event * 100_000 + order.reason
        if order.event < 8:  # whether what is changed has been acknowledged, a session knows later
            self.told += order.status * 1000
