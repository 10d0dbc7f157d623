"""Strategies that try executors: one that trades, one that fails, one that kills, one that looks.

Executors are given this file, so its text travels as a user's strategy does.
"""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tradectl_sdk.indicators import SMA
from tradectl_sdk.strategy import Strategy, param

if TYPE_CHECKING:
    from tradectl_sdk.engine import Bar, Context

FAILS, KILLS_ONCE, KILLS = 7, 8, 9  # lengths


class Steady(Strategy):
    """Long above the average."""

    length: int = param(5, ge=2, le=50)

    def on_start(self, ctx: Context) -> None:
        """Make the average."""
        self.average = SMA(self.length)
        self.warmup = self.length

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Hold ten while the price is above it."""
        average = self.average.update(bar.close)
        if bar.close > average and ctx.position == 0:
            ctx.buy(10)
        elif bar.close < average and ctx.position > 0:
            ctx.close()


class Told(Steady):
    """Long while a column that was prepared says so."""

    signals = ("told",)

    def on_start(self, ctx: Context) -> None:
        """Ask for the column."""
        super().on_start(ctx)
        self.told = ctx.signal("told")

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Hold ten while the column is above a level that depends on the length."""
        if self.told.value > self.length / 50 and ctx.position == 0:
            ctx.buy(10)
        elif self.told.value < 0 and ctx.position > 0:
            ctx.close()


class Failing(Steady):
    """Raises for one length."""

    def on_start(self, ctx: Context) -> None:
        """Raise, or be steady."""
        super().on_start(ctx)
        if self.length == FAILS:
            raise ValueError("this length fails")


class Mortal(Steady):
    """Kills the process it is in, unless it is the one that asked: always, or the first time."""

    asker: int = param(0, ge=0, le=2**31)
    token: int = param(0, ge=0, le=2**31)

    def on_start(self, ctx: Context) -> None:
        """Kill, or be steady."""
        super().on_start(ctx)
        mark = Path(tempfile.gettempdir()) / f"tradectl-killed-{self.token}"
        if os.getpid() == self.asker:
            return
        if self.length == KILLS or (self.length == KILLS_ONCE and not mark.exists()):
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Curious(Steady):
    """Says what it finds in the environment."""

    def on_start(self, ctx: Context) -> None:
        """Tell it as the reason of a failure."""
        raise ValueError(f"found {os.environ.get('PLANTED_FOR_A_CHECK', 'nothing')}")
