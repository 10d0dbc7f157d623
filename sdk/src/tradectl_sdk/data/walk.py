"""The random walk that the benchmarks run on: simple, seeded, equal everywhere.

One-minute bars of a geometric random walk without drift. Each bar opens a little off the last
close, its high and low stand off its body by half-normal amounts, and prices are rounded to a
grid of 10^-6. The order of the draws is part of the rule: closes, opening gaps, highs, lows,
volumes, each drawn for the whole length at once.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data.bars import Bars
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.domain.timeframe import SECOND, Timeframe
from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.data.bars import FloatColumn

START = 1_577_836_800 * SECOND  # 2020-01-01T00:00:00Z
_PLACES = 6
_MINUTE = Timeframe(60 * SECOND)


def random_walk(
    bars: int,
    *,
    seed: int | Sequence[int],
    symbol: str = "WALK",
    start_price: float = 100.0,
    volatility: float = 0.0008,
) -> Bars:
    """Make one-minute bars of a geometric random walk, from 2020-01-01 on.

    A longer walk of the same seed is another walk, not a continuation: cut a long one with
    :meth:`Bars.rows` where prefixes must agree.

    Args:
        bars: How many.
        seed: Seed of NumPy's default generator.
        symbol: Symbol on venue SIM.
        start_price: Open of the first bar.
        volatility: Standard deviation of a bar's log return.
    """
    if bars < 1:
        raise UsageError(f"bars was {bars}, expected at least 1")
    prices, volume = _draw(np.random.default_rng(seed), bars, start_price, volatility)
    tick = Decimal(1).scaleb(-_PLACES)
    instrument = Instrument(symbol=symbol, venue="SIM", tick_size=tick, lot_size=Decimal(1))
    time = START + _MINUTE.nanoseconds * np.arange(bars, dtype=np.int64)
    ticks = {name: np.rint(p * 10**_PLACES).astype(np.int64) for name, p in prices.items()}
    return Bars(
        instrument=instrument,
        timeframe=_MINUTE,
        time=time,
        volume=volume.astype(np.int64),
        **ticks,
    )


def _draw(
    rng: np.random.Generator, n: int, start: float, volatility: float
) -> tuple[dict[str, FloatColumn], FloatColumn]:
    close = start * np.exp(np.cumsum(rng.normal(0.0, volatility, n)))
    gap = rng.normal(0.0, volatility / 8, n)
    opens = np.concatenate(([start], close[:-1] * np.exp(gap[1:])))
    above = np.exp(np.abs(rng.normal(0.0, volatility / 2, n)))
    below = np.exp(-np.abs(rng.normal(0.0, volatility / 2, n)))
    high, low = np.maximum(opens, close) * above, np.minimum(opens, close) * below
    volume = np.round(1000.0 * np.exp(rng.normal(0.0, 0.7, n)) + 100.0)
    opens, high, low, close = (np.round(p, _PLACES) for p in (opens, high, low, close))
    high = np.maximum(high, np.maximum(opens, close))
    low = np.minimum(low, np.minimum(opens, close))
    return {"open": opens, "high": high, "low": low, "close": close}, volume
