"""Trading at levels: bounces, and breakouts that hold and are tested."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tradectl_sdk.indicators import ATR, SMA
from tradectl_sdk.strategy import Strategy, param

from tradectl_strategies.levels import LevelMap, PivotLevels, SwingLevels, VolumeProfile
from tradectl_strategies.signals import Retest, bounces

if TYPE_CHECKING:
    from tradectl_sdk.engine import Bar, Context

LONG, SHORT, NO_SIGNAL = 1, -1, 0
DAY = 86_400_000_000_000  # nanoseconds


class SupportResistance(Strategy):
    """Buy at support that holds, and at resistance that has become support.

    Levels come from the pivots of the previous period, from clusters of confirmed swings and from
    the volume profile; each source can be switched off. A bar is judged by the levels, the range
    and the volume known before it. Two signals, each of which can be switched off:

    - *bounce*: the price comes from the right side, touches a level and closes away from it;
    - *retest*: a close breaks a level with volume, later closes prove that the break was not
      false, and the price comes back to the level and holds.

    The stop lies behind the level; the target is the first level worth the risk. The size is such
    that the stop costs ``risk`` of the equity. Short trades mirror long ones and need an account
    that may sell short.
    """

    pivots: bool = param(True, doc="use the pivots of the previous period")
    swings: bool = param(True, doc="use clusters of swing points")
    profile: bool = param(True, doc="use the volume profile")
    trade_bounces: bool = param(True, doc="trade bounces off a level")
    trade_retests: bool = param(True, doc="trade the retest of a broken level")
    trade_shorts: bool = param(False, doc="trade the mirror image as well")

    pivot_days: int = param(7, ge=1, le=31, doc="days in a period of the pivots; 7 for weeks")
    swing_bars: int = param(5, ge=1, le=50, doc="bars that confirm a swing on either side")
    swing_touches: int = param(2, ge=1, le=10, doc="swings that make a level")
    swing_lifetime: int = param(500, ge=10, le=10_000, doc="bars a swing is remembered")
    profile_bars: int = param(120, ge=10, le=2_000, doc="bars in the volume profile")
    profile_bins: int = param(40, ge=8, le=200, doc="prices told apart in the volume profile")

    atr_bars: int = param(14, ge=2, le=200, doc="bars in the average true range (ATR)")
    volume_bars: int = param(20, ge=2, le=200, doc="bars in the usual volume")
    reach: float = param(0.3, ge=0.0, le=3.0, doc="how near a touch must come, in ATR")
    cluster: float = param(0.5, ge=0.0, le=3.0, doc="how near swings of one level lie, in ATR")
    rejection: float = param(0.6, ge=0.0, le=1.0, doc="share of the bar a bounce closes away")
    margin: float = param(0.25, ge=0.0, le=3.0, doc="how far a break must close beyond, in ATR")
    break_volume: float = param(1.0, ge=0.0, le=10.0, doc="volume of a break, in usual volumes")
    hold: int = param(2, ge=0, le=20, doc="later closes that prove a break is not false")
    patience: int = param(20, ge=1, le=200, doc="bars to wait for the retest")

    stop: float = param(1.0, ge=0.1, le=10.0, doc="distance of the stop behind the level, in ATR")
    reward: float = param(2.0, ge=1.0, le=20.0, doc="least reward in units of the risk")
    risk: float = param(0.01, ge=0.001, le=0.2, doc="share of equity at risk per trade")
    share: float = param(0.95, ge=0.01, le=1.0, doc="most of the equity to invest")

    def on_start(self, ctx: Context) -> None:
        """Make the sources of levels and the watchers of breaks."""
        self.levels = LevelMap(
            PivotLevels(self.pivot_days) if self.pivots else None,
            SwingLevels(
                self.swing_bars,
                self.cluster,
                self.swing_touches,
                lifetime=self.swing_lifetime,
            )
            if self.swings
            else None,
            VolumeProfile(self.profile_bars, self.profile_bins) if self.profile else None,
        )
        self.atr = ATR(self.atr_bars)
        self.usual_volume = SMA(self.volume_bars)
        proof = (self.margin, self.reach, self.hold, self.patience, self.break_volume)
        self.upward = Retest(LONG, *proof)
        self.downward = Retest(SHORT, *proof)
        self.previous_close = math.nan
        self.level = math.nan  # the one the present signal is about
        settled = max(self.atr.memory, self.volume_bars)
        periods = -(-2 * self.pivot_days * DAY // ctx.bar_length())  # the first one may be cut
        known = max(
            periods if self.pivots else 0,
            self.swing_lifetime + 2 * self.swing_bars if self.swings else 0,
            self.profile_bars if self.profile else 0,
        )
        self.warmup = settled + known + self.hold + self.patience

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Judge the bar by what was known before it, then learn from it."""
        if self.atr.value > 0.0 and self.usual_volume.ready:
            signal = self.judge(bar)
            free = ctx.position == 0 and ctx.open_orders == 0 and not ctx.warming
            if signal != NO_SIGNAL and free:
                self.enter(ctx, bar.close, signal)
        atr = self.atr.update(bar.high, bar.low, bar.close)
        self.usual_volume.update(bar.volume)
        self.levels.update(bar.time, bar.high, bar.low, bar.close, bar.volume, atr)
        self.previous_close = bar.close

    def judge(self, bar: Bar) -> int:
        """Return LONG, SHORT or NO_SIGNAL, and set ``level``; both directions are watched."""
        long = self.watch(bar, self.upward)
        level = self.level
        short = self.watch(bar, self.downward)
        if long:
            self.level = level
            return LONG
        return SHORT if short and self.trade_shorts else NO_SIGNAL

    def watch(self, bar: Bar, retest: Retest) -> bool:
        """Return whether there is a signal in the direction of ``retest``, and set ``level``."""
        usual = self.usual_volume.value
        relative_volume = bar.volume / usual if usual > 0.0 else 0.0
        ahead = self.levels.beyond(self.previous_close, retest.side)
        tested = retest.update(ahead, bar.high, bar.low, bar.close, relative_volume, self.atr.value)
        if tested == tested and self.trade_retests:  # noqa: PLR0124 - NaN: nothing was tested
            self.level = tested
            return True
        self.level = self.levels.beyond(self.previous_close, -retest.side)
        reach = self.reach * self.atr.value
        return self.trade_bounces and bounces(
            retest.side, self.level, reach, bar.high, bar.low, bar.close, self.rejection
        )

    def enter(self, ctx: Context, price: float, side: int) -> None:
        """Enter at market with a stop behind the level and a target worth the risk."""
        stop = ctx.round_price(self.level - side * self.stop * self.atr.value)
        at_risk = side * (price - stop)
        if stop <= 0.0 or at_risk <= 0.0:
            return
        worth_it = price + side * self.reward * at_risk
        target = self.levels.beyond(worth_it, side)
        if target != target:  # noqa: PLR0124 - no level there: the least reward will do
            target = worth_it
        target = ctx.round_price(max(target, 0.0))  # 0 means no target
        size = min(self.risk * ctx.equity / at_risk, self.share * ctx.equity / price)
        if side > 0:
            ctx.buy(size, take_profit=target, stop_loss=stop)
        else:
            ctx.sell(size, take_profit=target, stop_loss=stop)
