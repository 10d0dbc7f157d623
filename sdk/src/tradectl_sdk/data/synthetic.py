"""Synthetic markets: seeded bars with regimes, jumps, correlation, a volume curve and a spread.

The model, bar by bar, for every instrument ``i``:

1. *Regimes.* One Markov chain for the whole market picks drift and volatility (Hamilton, "A new
   approach to the economic analysis of nonstationary time series", Econometrica 1989). Regimes
   last a geometric number of bars, then another one follows, each equally likely.
2. *Diffusion.* Log prices move in ``substeps`` normal steps per bar; the steps of different
   instruments share a one-factor correlation, ``sqrt(rho) F + sqrt(1 - rho) e_i``.
3. *Jumps.* Normal jumps in log price arrive as a Poisson process, one substep each (Merton,
   "Option pricing when underlying stock returns are discontinuous", JFE 1976).
4. *Bars.* Open is the end of the bar before, high and low are the extremes of the substeps,
   close is the last one; rounding to ticks keeps their order, since it is monotone.
5. *Volume.* Lognormal around a daily U (Admati and Pfleiderer, "A theory of intraday patterns",
   RFS 1988) times a term that grows with the absolute return (Karpoff, "The relation between
   price changes and trading volume", JFQA 1987).
6. *Spread.* Half a constant number of basis points, scaled by the regime's volatility, at least
   one tick.

Random numbers are drawn in blocks of a fixed length, each from a generator of its own, so a
shorter market is a prefix of a longer one with the same seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.data.bars import Bars, to_floats, to_steps
from tradectl_sdk.data.gaps import DAY, grid_offset
from tradectl_sdk.data.walk import START
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tradectl_sdk.data.bars import FloatColumn, IntColumn
    from tradectl_sdk.domain.instrument import Instrument

_BLOCK = 4096  # bars drawn together
_YEAR = 365 * DAY  # trading days of a 24/7 market; weekdays count the same per bar


@dataclass(frozen=True, slots=True)
class Regime:
    """A state of the market.

    Attributes:
        name: What to call it.
        drift: Expected log return per year.
        volatility: Standard deviation of the log return per year.
    """

    name: str
    drift: float
    volatility: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketModel:
    """Everything that shapes a synthetic market but its seed.

    Attributes:
        regimes: The states; the first one is where the market starts.
        regime_days: Mean length of a regime, in days.
        correlation: Correlation of any two instruments' diffusion, 0 to 1.
        jumps_per_year: Mean number of jumps of each instrument.
        jump_volatility: Standard deviation of a jump in log price.
        daily_volume: Mean traded value per day, in the quote currency.
        volume_u: How much busier the day's ends are than its middle; 0 for a flat day.
        spread_bps: Full spread in basis points at the mean volatility of the regimes.
        substeps: Steps of the path inside a bar.
    """

    regimes: tuple[Regime, ...] = (
        Regime("calm", 0.10, 0.35),
        Regime("rally", 1.20, 0.55),
        Regime("decline", -1.20, 0.70),
        Regime("turbulent", 0.0, 1.20),
    )
    regime_days: float = 10.0
    correlation: float = 0.5
    jumps_per_year: float = 12.0
    jump_volatility: float = 0.03
    daily_volume: float = 1e8
    volume_u: float = 1.0
    spread_bps: float = 2.0
    substeps: int = 8

    def __post_init__(self) -> None:
        """Check ranges."""
        if not self.regimes or self.substeps < 2 or not 0 <= self.correlation <= 1:
            raise UsageError(
                "the market model needs a regime, 2 substeps and a correlation from 0 to 1"
            )
        if self.regime_days <= 0 or self.daily_volume <= 0 or self.jumps_per_year < 0:
            raise UsageError("the market model needs positive lengths and volumes")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SyntheticSeries:
    """One instrument of a synthetic market.

    Attributes:
        bars: Its bars; prices are mid prices.
        half_spread: Distance from mid to either side, in ticks, shape ``(n,)``.
        regime: Index of the regime of each bar, shape ``(n,)``.
    """

    bars: Bars
    half_spread: IntColumn
    regime: IntColumn


def synthetic_market(
    instruments: Sequence[Instrument],
    timeframe: Timeframe | str,
    bars: int,
    *,
    seed: int,
    start: int = START,
    start_price: float = 100.0,
    model: MarketModel | None = None,
) -> list[SyntheticSeries]:
    """Generate a market; the same arguments give the same bytes.

    Args:
        instruments: What is traded; their calendars must agree.
        timeframe: Length of a bar, at most a day.
        bars: Number of bars of each instrument.
        seed: Any whole number from 0.
        start: Open time of the first bar, nanoseconds UTC; moved to the next expected bar.
        start_price: First open of every instrument.
        model: How the market behaves; a lively crypto market when None.

    Raises:
        UsageError: If an argument is out of range.
    """
    frame, model = Timeframe.parse(timeframe), model or MarketModel()
    calendars = {instrument.calendar for instrument in instruments}
    if len(calendars) != 1 or bars < 1 or frame.nanoseconds > DAY:
        raise UsageError(
            "a synthetic market needs instruments of one calendar, at least one bar and a"
            " timeframe of at most a day"
        )
    time = _open_times(bars, frame, calendars.pop(), start)
    blocks = list(_blocks(model, frame, time, len(instruments), seed, math.log(start_price)))
    path = np.concatenate([block.path for block in blocks])
    busy = np.concatenate([block.busy for block in blocks])
    regime = np.concatenate([block.regime for block in blocks])
    return [
        _to_series(instrument, frame, time, path[:, :, i], busy[:, i], regime, model)
        for i, instrument in enumerate(instruments)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Draws for consecutive bars.

    Attributes:
        path: Log prices open, high, low, close, shape ``(n, 4, instruments)``.
        busy: Factor of the volume beyond the daily curve, shape ``(n, instruments)``.
        regime: Regime of each bar, shape ``(n,)``.
    """

    path: FloatColumn
    busy: FloatColumn
    regime: IntColumn


def _blocks(
    model: MarketModel, frame: Timeframe, time: IntColumn, width: int, seed: int, level: float
) -> Iterator[_Block]:
    """Yield the market block by block, each from the state in which the last one ended."""
    last, state = np.full(width, level), 0
    for number, first in enumerate(range(0, len(time), _BLOCK)):
        rng = np.random.default_rng([seed, number])
        regime = _regimes(rng, model, frame, state)
        steps = _log_steps(rng, model, frame, regime, width)
        paths = last + np.cumsum(steps.reshape(-1, width), axis=0)
        inside = paths.reshape(_BLOCK, model.substeps, width)
        open_ = np.vstack((last, inside[:-1, -1]))
        high = np.maximum(open_, inside.max(axis=1))
        low = np.minimum(open_, inside.min(axis=1))
        noise = rng.normal(-0.125, 0.5, (_BLOCK, width))  # lognormal with mean 1
        bar_volatility = _volatility(model, regime) * math.sqrt(frame.nanoseconds / _YEAR)
        move = np.abs(inside[:, -1] - open_) / bar_volatility[:, None]
        path = np.stack((open_, high, low, inside[:, -1]), axis=1)
        count = min(_BLOCK, len(time) - first)
        yield _Block(path[:count], (np.exp(noise) * (0.5 + 0.6 * move))[:count], regime[:count])
        last, state = inside[-1, -1], int(regime[-1])


def _regimes(
    rng: np.random.Generator, model: MarketModel, frame: Timeframe, state: int
) -> IntColumn:
    """Draw the regime of each bar of a block, shape ``(_BLOCK,)``."""
    leave = min(1.0, frame.nanoseconds / (model.regime_days * DAY))
    switch = np.flatnonzero(rng.random(_BLOCK) < leave)
    others = max(1, len(model.regimes) - 1)
    hops = np.zeros(_BLOCK, np.int64)
    hops[switch] = rng.integers(1, others + 1, len(switch))
    regime: IntColumn = (state + np.cumsum(hops)) % len(model.regimes)
    return regime


def _log_steps(
    rng: np.random.Generator, model: MarketModel, frame: Timeframe, regime: IntColumn, width: int
) -> FloatColumn:
    """Draw log returns of every substep, shape ``(_BLOCK, substeps, width)``."""
    years = frame.nanoseconds / _YEAR / model.substeps
    drift = np.array([r.drift for r in model.regimes])[regime] * years
    scale = _volatility(model, regime) * math.sqrt(years)
    shape = (_BLOCK, model.substeps)
    common, own = rng.normal(size=(*shape, 1)), rng.normal(size=(*shape, width))
    shocks = math.sqrt(model.correlation) * common + math.sqrt(1 - model.correlation) * own
    jumps = rng.poisson(model.jumps_per_year * years, (*shape, width))
    leaps = np.sqrt(jumps) * rng.normal(0.0, model.jump_volatility, (*shape, width))
    steps: FloatColumn = drift[:, None, None] + scale[:, None, None] * shocks + leaps
    return steps


def _volatility(model: MarketModel, regime: IntColumn) -> FloatColumn:
    return np.array([r.volatility for r in model.regimes])[regime]


def _open_times(bars: int, frame: Timeframe, calendar: str, start: int) -> IntColumn:
    """Open times from ``start`` on, weekends left out where the calendar says so."""
    step = frame.nanoseconds
    first = start + int(-grid_offset(np.array([start]), Timeframe(step))[0]) % step
    if calendar == "24/7":
        return first + step * np.arange(bars, dtype=np.int64)
    slots = first + step * np.arange(bars * 7 // 5 + 3 * DAY // step + 3, dtype=np.int64)
    weekday = (slots // DAY + 3) % 7
    return slots[weekday < 5][:bars]


def _to_series(
    instrument: Instrument,
    frame: Timeframe,
    time: IntColumn,
    path: FloatColumn,
    busy: FloatColumn,
    regime: IntColumn,
    model: MarketModel,
) -> SyntheticSeries:
    """Put one instrument's log prices, shape ``(n, 4)``, on its grid."""
    ticks = np.maximum(1, to_steps(np.exp(path), instrument.tick_size))
    close = to_floats(ticks[:, 3], instrument.tick_size)
    value = model.daily_volume * frame.nanoseconds / DAY * _daily_curve(time, model) * busy
    half = close * model.spread_bps / 2e4 * _volatility(model, regime) / _mean_volatility(model)
    series = Bars(
        instrument=instrument,
        timeframe=frame,
        time=time,
        open=ticks[:, 0],
        high=ticks[:, 1],
        low=ticks[:, 2],
        close=ticks[:, 3],
        volume=to_steps(value / close, instrument.lot_size),
    )
    half_spread = np.maximum(1, to_steps(half, instrument.tick_size))
    return SyntheticSeries(bars=series, half_spread=half_spread, regime=regime)


def _mean_volatility(model: MarketModel) -> float:
    return sum(regime.volatility for regime in model.regimes) / len(model.regimes)


def _daily_curve(time: IntColumn, model: MarketModel) -> FloatColumn:
    """Share of the mean volume at each time of day; its mean over a day is 1, shape ``(n,)``."""
    place = (time % DAY) / DAY * 2 - 1  # -1 at midnight, 0 at noon, +1 at the next midnight
    curve: FloatColumn = (1 + model.volume_u * place**2) / (1 + model.volume_u / 3)
    return curve
