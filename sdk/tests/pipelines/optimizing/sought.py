"""A small search that tests of optimisations share, the same in every process."""

from __future__ import annotations

from decimal import Decimal

from tradectl_sdk import Bars, Instrument, Strategy, optimize, param
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.indicators import SMA

NAMED = f"{__file__}:Sought"
RANGES = {"fast": "2:12", "slow": "3:40"}


class Sought(Strategy):
    """Long while the fast average is above the slow one."""

    fast: int = param(5, ge=2, le=12)
    slow: int = param(20, ge=3, le=200)

    def on_start(self, ctx):
        self.fast_average, self.slow_average = SMA(self.fast), SMA(self.slow)
        self.warmup = self.slow - 1

    def on_bar(self, ctx, bar):
        fast, slow = self.fast_average.update(bar.close), self.slow_average.update(bar.close)
        if fast > slow and ctx.position == 0:
            ctx.buy(10)
        elif fast < slow and ctx.position > 0:
            ctx.close()


class Forecast(Sought):
    """Long while a forecast that somebody has to make is above nothing."""

    def on_start(self, ctx):
        self.forecast = ctx.signal("forecast")

    def on_bar(self, ctx, bar):
        forecast = self.forecast.value
        if forecast > 0 and ctx.position == 0:
            ctx.buy(self.fast)
        elif forecast < 0 and ctx.position > 0:
            ctx.close()


def market() -> Bars:
    one = Instrument(
        symbol="SYN",
        venue="TEST",
        tick_size=Decimal("0.01"),
        lot_size=Decimal(1),
        taker_fee=Decimal("0.001"),
        maker_fee=Decimal("0.001"),
    )
    (series,) = synthetic_market([one], bars=300, timeframe="1d", seed=11)
    return series.bars


def search(bars, folder, trials=8, **changes):
    given = {"where": ["fast < slow"], "mode": "interpreted", "trials": trials} | changes
    strategy = given.pop("strategy", Sought)
    return optimize(strategy, bars, given.pop("ranges", RANGES), folder=folder, **given)


def same(one, other):
    assert one.table.points == other.table.points
    assert one.table.final_equity.tolist() == other.table.final_equity.tolist()
    for name, column in one.table.metrics.items():
        assert column.tobytes() == other.table.metrics[name].tobytes(), name
