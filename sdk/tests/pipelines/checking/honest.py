"""Strategies and columns that use nothing but the past, some of them in odd ways."""

from __future__ import annotations

from collections import deque

import numpy as np
from tradectl_sdk import Bars, Strategy, param
from tradectl_sdk.indicators import ATR, EMA, SMA, Donchian


class Reversion(Strategy):
    """Buys weakness, in brackets."""

    bars: int = param(15, ge=2, le=50)

    def on_start(self, ctx):
        self.average, self.range = SMA(self.bars), ATR(self.bars)
        self.warmup = self.bars

    def on_bar(self, ctx, bar):
        average = self.average.update(bar.close)
        width = self.range.update(bar.high, bar.low, bar.close)
        if bar.close < average - width and ctx.position == 0 and ctx.open_orders == 0:
            ctx.buy(
                1,
                stop_loss=ctx.round_price(bar.close - 2 * width),
                take_profit=ctx.round_price(bar.close + width),
            )


class Python(Strategy):
    """Keeps what no compiler knows: a deque, a dictionary, a set, an array that grows."""

    def on_start(self, ctx):
        self.window, self.by_hour, self.levels = deque(maxlen=20), {}, set()
        self.all = np.empty(0)

    def on_bar(self, ctx, bar):
        self.window.append(bar.close)
        self.by_hour[bar.time // 3_600_000_000_000 % 24] = bar.close
        self.levels.add(round(bar.close / 10))
        self.all = np.append(self.all, bar.close)
        ctx.target(1 if bar.close > sum(self.window) / len(self.window) else 0)


class Long(Strategy):
    """Holds more history than there are bars between two cuts."""

    def on_start(self, ctx):
        self.closes = []
        self.daily = ctx.bar("1d")

    def on_bar(self, ctx, bar):
        self.closes.append(bar.close)
        if self.daily.count > 2:
            ctx.target(1 if bar.close > self.daily.close else 0)


class Scratch(Strategy):
    """Fills an array as long as the data row by row, as it might have one from elsewhere."""

    def on_start(self, ctx):
        self.notes = np.zeros(len(ctx._lookup._plan.columns[0].time))
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.notes[self.seen] = bar.close
        self.seen += 1


class Breakout(Strategy):
    """Trades with stop orders and trailing stops, and listens to what becomes of them."""

    def on_start(self, ctx):
        self.channel, self.trend, self.heard = Donchian(20), EMA(30), 0

    def on_bar(self, ctx, bar):
        self.channel.update(bar.high, bar.low)
        self.trend.update(bar.close)
        if ctx.position == 0 and ctx.open_orders == 0 and self.channel.ready:
            ctx.buy(1, stop=self.channel.upper)
        elif ctx.position > 0 and ctx.open_orders == 0:
            ctx.sell(1, trail_bps=200, reduce_only=True)

    def on_fill(self, ctx, fill):
        self.heard += 1


def over_past(closes: np.ndarray) -> type[Strategy]:
    """Reads an array that its code closes over, up to the present row."""

    class Past(Strategy):
        def on_start(self, ctx):
            self.seen, self.mean = 0, 0.0

        def on_bar(self, ctx, bar):
            self.seen += 1
            self.mean = closes[max(self.seen - 5, 0) : self.seen].mean()
            ctx.target(1 if bar.close > self.mean else 0)

    return Past


def rounded_otherwise(bars: Bars) -> np.ndarray:
    """The close, but for rounding, which is another one for each number of bars."""
    close = bars.floats("close")
    return close / close.mean() * close.mean()


def expanding(bars: Bars) -> np.ndarray:
    """Mean and deviation of what is known by then."""
    close, count = bars.floats("close"), np.arange(1, len(bars) + 1)
    mean = np.cumsum(close) / count
    return (close - mean) / np.sqrt(np.maximum(np.cumsum(close**2) / count - mean**2, 1e-9))


def finished_day(bars: Bars) -> np.ndarray:
    """The highest price of the day before."""
    days, day = np.unique(bars.time // 86_400_000_000_000, return_inverse=True)
    highest = np.full(len(days), -np.inf)
    np.maximum.at(highest, day, bars.floats("high"))
    return np.where(day > 0, highest[day - 1], np.nan)


STRATEGIES = (Reversion, Python, Long, Scratch, Breakout)
COLUMNS = (expanding, finished_day, rounded_otherwise)
