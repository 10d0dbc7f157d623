"""Strategies and columns that know what they cannot know, each in another way.

None of them needs to trade to be found; most of them never do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tradectl_sdk import Strategy
from tradectl_sdk.data import resample

if TYPE_CHECKING:
    from tradectl_sdk import Bars

DAY = 86_400_000_000_000


class Reader(Strategy):
    """Reads a prepared column, and never trades."""

    def on_start(self, ctx):
        self.column = ctx.signal("column")
        self.last = 0.0

    def on_bar(self, ctx, bar):
        self.last = self.column.value


class FutureBar(Strategy):
    """Keeps the engine's own columns and reads one row too far; it never trades."""

    def on_start(self, ctx):
        self.feed = ctx._market._feed
        self.expected = 0.0

    def on_bar(self, ctx, bar):
        row = self.feed.next[0]
        self.expected = self.feed.close[row] if row < self.feed.end[0] else 0.0


class Trader(FutureBar):
    """The same, and all it holds is honest: only its orders give it away."""

    def on_start(self, ctx):
        self.feed = ctx._market._feed

    def on_bar(self, ctx, bar):
        row = self.feed.next[0]
        rises = row < self.feed.end[0] and self.feed.close[row] > bar.close
        if rises and ctx.position == 0:
            ctx.buy(1)
        elif not rises and ctx.position > 0:
            ctx.close()


class WholeRange(Strategy):
    """Scales by the extremes of all data, which it looks up when it starts."""

    def on_start(self, ctx):
        close = ctx._lookup._plan.columns[0].prices[3]
        self.scaled = (close - close.min()) / (close.max() - close.min())
        self.seen, self.level = 0, 0.0

    def on_bar(self, ctx, bar):
        self.level = self.scaled[self.seen]
        self.seen += 1


class Unread(Strategy):
    """Has smoothed all data when it starts, and has not read any of it yet."""

    def on_start(self, ctx):
        close = np.asarray(ctx._lookup._plan.columns[0].prices[3])
        self.smooth = np.convolve(close, np.ones(3) / 3, mode="same")

    def on_bar(self, ctx, bar):
        pass


class CountsDown(Strategy):
    """Knows how many bars there are, and sells out before the end."""

    def on_start(self, ctx):
        self.left = len(ctx._lookup._plan.columns[0].time)

    def on_bar(self, ctx, bar):
        self.left -= 1


def over_closure(closes: np.ndarray) -> type[Strategy]:
    """Peeks through an array that its code closes over."""

    class Closure(Strategy):
        def on_start(self, ctx):
            self.seen, self.next = 0, 0.0

        def on_bar(self, ctx, bar):
            self.seen += 1
            self.next = closes[self.seen] if self.seen < len(closes) else 0.0

    return Closure


def over_dictionary(bars: Bars) -> type[Strategy]:
    """Looks the future up by its time."""
    closes = dict(zip(bars.close_time.tolist(), bars.floats("close").tolist(), strict=True))
    step = bars.timeframe.nanoseconds

    class Table(Strategy):
        def on_start(self, ctx):
            self.next = 0.0

        def on_bar(self, ctx, bar):
            self.next = closes.get(ctx.time + step, 0.0)

    return Table


ROWS: list[float] = []


class Module(Strategy):
    """Peeks through a list of its module, by way of a function."""

    def on_start(self, ctx):
        self.seen, self.best = 0, 0.0

    def on_bar(self, ctx, bar):
        self.best = best_of_next(self.seen)
        self.seen += 1


def best_of_next(row: int) -> float:
    """The best close of the next five bars."""
    return max(ROWS[row : row + 5])


def centred_mean(bars: Bars) -> np.ndarray:
    """A mean of five bars around each."""
    return np.convolve(bars.floats("close"), np.ones(5) / 5, mode="same")


def unfinished_day(bars: Bars) -> np.ndarray:
    """The close of the day beside each hour of it, from its first on."""
    days = resample(bars, "1d")
    row = np.searchsorted(days.time, bars.time, side="right") - 1
    return days.floats("close")[np.clip(row, 0, len(days) - 1)]


def whole_normalised(bars: Bars) -> np.ndarray:
    """Mean and deviation of all data."""
    close = bars.floats("close")
    return (close - close.mean()) / close.std()


def shifted(bars: Bars) -> np.ndarray:
    """The next close, as shift(-1) has it."""
    return np.append(bars.floats("close")[1:], np.nan)


def fitted(bars: Bars) -> np.ndarray:
    """What a line through all data says of the next return."""
    returns = np.diff(np.log(bars.floats("close")), prepend=0.0)
    slope, level = np.polyfit(returns[:-1], returns[1:], 1)
    return slope * returns + level


def high_of_the_day(bars: Bars) -> np.ndarray:
    """The highest price of the day beside each of its bars."""
    _, day = np.unique(bars.time // DAY, return_inverse=True)
    highest = np.full(day.max() + 1, -np.inf)
    np.maximum.at(highest, day, bars.floats("high"))
    return highest[day]


def unconfirmed_swings(bars: Bars) -> np.ndarray:
    """Lows at the bar they fell on, which only later bars show to have been any."""
    low = bars.floats("low")
    swing, last = np.zeros(len(low)), np.nan
    for row in range(len(low)):
        if row >= 3 and low[row] == low[max(row - 3, 0) : row + 4].min():
            last = low[row]
        swing[row] = last
    return swing


def filled_backwards(bars: Bars) -> np.ndarray:
    """A figure that comes once in fifty bars, spread over the bars before it."""
    close, values = bars.floats("close"), np.full(len(bars), np.nan)
    for row in range(len(bars) - 1, -1, -1):
        known = row % 50 == 0 or row == len(bars) - 1
        values[row] = close[row] if known else values[row + 1]
    return values


def one_hole(bars: Bars) -> np.ndarray:
    """The number of each bar, but for three that were missing and got the next one's."""
    values = np.arange(len(bars), dtype=float)
    hole = slice(206, min(209, len(bars)))
    values[hole] = 209.0 if len(bars) > 209 else np.nan
    return values


def mean_of_the_day(bars: Bars) -> np.ndarray:
    """The volume of the whole day beside each of its bars."""
    _, day = np.unique(bars.time // DAY, return_inverse=True)
    volume = bars.floats("volume")
    return (np.bincount(day, volume) / np.bincount(day))[day]


COLUMNS = (
    centred_mean, unfinished_day, whole_normalised, shifted, fitted, high_of_the_day,
    unconfirmed_swings, filled_backwards, one_hole, mean_of_the_day,
)  # fmt: skip
STRATEGIES = (FutureBar, Trader, WholeRange, Unread, CountsDown)
