"""A small strategy with its engine, as kernels: what the tests compile."""

from __future__ import annotations


class SMA:
    """A streaming average over a ring."""

    def __init__(self, window: int) -> None:
        self.window, self.count, self.total, self.value = window, 0, 0.0, 0.0
        self.ring, self.slot = [0.0] * window, 0

    def update(self, x: float) -> float:
        slot = self.slot
        self.total += x - self.ring[slot]
        self.ring[slot] = x
        slot += 1
        self.slot = 0 if slot == self.window else slot
        self.count += 1
        self.value = self.total / self.window
        return self.value

    @property
    def ready(self) -> bool:
        return self.count >= self.window


class Context:
    """What the strategy sees."""

    def __init__(self) -> None:
        self.cash, self.position, self.fills, self.waiting = 1e6, 0, 0, 0
        self.orders = [0.0] * 16
        self.close = 0.0

    def buy(self, quantity: float) -> None:
        self.orders[self.waiting] = quantity
        self.waiting += 1

    def match(self, price: float) -> None:
        for k in range(self.waiting):
            quantity = self.orders[k]
            self.cash -= quantity * price + abs(quantity) * price * 0.001
            self.position += int(quantity)
            self.fills += 1
        self.waiting = 0


class Cross:
    """Long while the fast average is above the slow one."""

    def __init__(self, fast: int, slow: int) -> None:
        self.fast, self.slow = SMA(fast), SMA(slow)

    def on_bar(self, ctx: Context) -> None:
        fast, slow = self.fast.update(ctx.close), self.slow.update(ctx.close)
        if self.slow.ready and ctx.waiting == 0:
            if fast > slow and ctx.position == 0:
                ctx.buy(1.0)
            elif fast < slow and ctx.position > 0:
                ctx.buy(-1.0)


class Engine:
    """One loop over closes."""

    def __init__(self, closes: object, fast: int = 3, slow: int = 8) -> None:
        self.closes = closes
        self.strategy, self.ctx = Cross(fast, slow), Context()
        self.name = "opaque"

    def run(self) -> int:
        ctx = self.ctx
        for i in range(len(self.closes)):
            close = self.closes[i]
            if ctx.waiting:
                ctx.match(close)
            ctx.close = close
            self.strategy.on_bar(ctx)
        return ctx.fills
