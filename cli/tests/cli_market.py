"""Files and strategies the tests of the command line work on."""

from __future__ import annotations

import csv
import datetime as dt
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEADER = ("Date", "Open", "High", "Low", "Close", "Volume")


def wave(days: int = 200) -> list[list[str]]:
    """Daily bars that rise and fall around 100, on a grid of a hundredth."""
    rows, previous = [], 100.0
    for day in range(days):
        close = round(100 + 10 * math.sin(day / 9) + day / 50, 2)
        high, low = max(previous, close) + 0.5, min(previous, close) - 0.5
        date = dt.date(2024, 1, 1) + dt.timedelta(day)
        prices = (f"{price:.2f}" for price in (previous, high, low, close))
        rows.append([date.isoformat(), *prices, str(1000 + day)])
        previous = close
    return rows


def write_csv(
    path: Path, rows: Sequence[Sequence[str]] | None = None, header: Sequence[str] = HEADER
) -> Path:
    """Write bars to a file."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(wave() if rows is None else rows)
    return path


CROSS = '''
from tradectl_sdk.indicators import SMA
from tradectl_sdk.strategy import Strategy, param

class Cross(Strategy):
    """Long while the close is above its average."""

    bars: int = param(5, ge=2, le=50, doc="bars in the average")

    def on_start(self, ctx):
        self.average = SMA(self.bars)
        self.warmup = self.bars

    def on_bar(self, ctx, bar):
        average = self.average.update(bar.close)
        if bar.close > average and ctx.position == 0 and ctx.open_orders == 0:
            ctx.buy(10)
        elif bar.close < average and ctx.position > 0:
            ctx.close()
'''

# Starts differently each time, so that repeating it on cut data gives other orders.
RESTLESS = '''
from tradectl_sdk.strategy import Strategy

STARTS = [0]

class Restless(Strategy):
    """Buys at another bar each time it is started."""

    def on_start(self, ctx):
        STARTS[0] += 1
        self.wait = STARTS[0]
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.seen == self.wait:
            ctx.buy(1)
'''

RAISES = '''
from tradectl_sdk.strategy import Strategy

class Raises(Strategy):
    """Raises on its third bar."""

    def on_start(self, ctx):
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.seen == 3:
            raise ValueError("enough")
'''

LEAVES = '''
from tradectl_sdk.strategy import Strategy

class Leaves(Strategy):
    """Ends the program on its first bar, as a script may."""

    def on_bar(self, ctx, bar):
        raise SystemExit(0)
'''
