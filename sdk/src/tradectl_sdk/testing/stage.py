"""Synthetic markets for strategies under test, and what a strategy decides on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tradectl_sdk.data import resample
from tradectl_sdk.data.bars import COLUMNS, VALUE_COLUMNS, Bars
from tradectl_sdk.data.synthetic import synthetic_market
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.engine import Assumptions, Mode, Outcome, Plan, run
from tradectl_sdk.errors import DataMissingError, NotCompilableError, TradectlError, UsageError
from tradectl_sdk.pipelines.series import to_columns
from tradectl_sdk.testing.checks import CheckSkippedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from tradectl_sdk.strategy import Strategy

    Maker = Callable[[], Strategy]

TIMEFRAMES: Final = ("1d", "1h", "5m", "1m", "1s")  # tried until one suits the strategy
PORTFOLIO_SIZE: Final = 3  # instruments for a strategy that sees them all
USABLE_BARS: Final = 300  # bars after the warm-up
SIGNAL_BARS: Final = 10  # bars that a prepared column looks back
MOST_WARMUP: Final = 20_000  # beyond this, checks would take minutes


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a strategy is tried.

    Attributes:
        strategy: Its class; run with its default parameters.
        timeframe: The first of ``TIMEFRAMES`` from which its longer bars can be made.
        warmup: What it asks for there.
    """

    strategy: type[Strategy]
    timeframe: str
    warmup: int

    @property
    def length(self) -> int:
        """Bars of a market that leave enough after the warm-up."""
        return 2 * self.warmup + USABLE_BARS

    def market(self, seed: int) -> list[Bars]:
        """A lively market with as many instruments as the strategy wants to see."""
        return _market(self.strategy, self.timeframe, self.length, seed)

    def plan(self, market: list[Bars], make: Maker | None = None) -> Plan:
        """A run of the strategy on a market; ``make`` stands in for its class."""
        return _plan(market, make or self.strategy, self.strategy.signal_names())

    def play(self, market: list[Bars], mode: Mode = Mode.INTERPRETED) -> Outcome:
        """Run the strategy on a market; see :func:`play`."""
        return play(self.plan(market), mode)


def play(plan: Plan, mode: Mode = Mode.INTERPRETED) -> Outcome:
    """Run a plan.

    Raises:
        NotCompilableError: If it is to be compiled and cannot be.
        CheckSkippedError: If the strategy raises; one check tells that, the others are about more.
    """
    try:
        return run(plan, mode)
    except NotCompilableError:
        raise
    except TradectlError as error:
        raise CheckSkippedError(f"it raises: {error.message}") from error


def set_stage(strategy: type[Strategy]) -> Stage:
    """Find a timeframe that suits a strategy and the warm-up it asks for.

    Raises:
        CheckSkippedError: If it needs what a synthetic market does not have, or raises.
    """
    reason = ""
    for timeframe in TIMEFRAMES:
        try:
            outcome = run(
                _plan(_market(strategy, timeframe, 1, 0), strategy, strategy.signal_names()),
                Mode.INTERPRETED,
            )
        except (DataMissingError, UsageError) as error:
            reason = reason or error.message
            continue
        except TradectlError as error:
            raise CheckSkippedError(f"it raises: {error.message}") from error
        warmup = max(one.warmup for one in outcome.strategies)
        if warmup > MOST_WARMUP:
            raise CheckSkippedError(f"its warm-up of {warmup} bars is too long to try it here")
        return Stage(strategy, timeframe, warmup)
    raise CheckSkippedError(f"it needs what a synthetic market does not have: {reason}")


def _market(strategy: type[Strategy], timeframe: str, bars: int, seed: int) -> list[Bars]:
    instruments = [
        Instrument(
            symbol=f"S{number}",
            venue="SYNTHETIC",
            tick_size=Decimal("0.01"),
            lot_size=Decimal("0.001"),
            taker_fee=Decimal("0.001"),
            maker_fee=Decimal("0.001"),
        )
        for number in range(PORTFOLIO_SIZE if strategy.portfolio else 1)
    ]
    return [one.bars for one in synthetic_market(instruments, timeframe, bars, seed=seed)]


def _plan(market: list[Bars], make: Maker, names: Collection[str]) -> Plan:
    return Plan(
        instruments=[bars.instrument for bars in market],
        columns=[to_columns(bars, number) for number, bars in enumerate(market)],
        make_strategy=make,
        assumptions=Assumptions(margin=True),
        signals={name: [_signal(bars) for bars in market] for name in names},
        resample=lambda number, frame: to_columns(
            resample(market[number], frame), number, drives=False
        ),
    )


def _signal(bars: Bars) -> NDArray[np.float64]:
    """A column for strategies that read one: the return of the last bars, NaN at first."""
    close = bars.floats("close")
    values = np.full(len(close), np.nan)
    values[SIGNAL_BARS:] = close[SIGNAL_BARS:] / close[:-SIGNAL_BARS] - 1.0
    return values


def until(market: list[Bars], place: int) -> list[Bars]:
    """The first ``place`` bars of each series."""
    return [bars.rows(0, place) for bars in market]


def continued(market: list[Bars], place: int, other: list[Bars]) -> list[Bars]:
    """A market that goes on like another one of the same times after ``place`` bars."""
    return [_continued(bars, place, tail) for bars, tail in zip(market, other, strict=True)]


def _continued(bars: Bars, place: int, tail: Bars) -> Bars:
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(bars, name)[:place], getattr(tail, name)[place:]])
        for name in VALUE_COLUMNS
    }
    return replace(bars, **columns)


def halted(market: list[Bars], start: int, stop: int) -> list[Bars]:
    """A market that stands still from bar ``start`` to before ``stop``: one price, no volume."""
    return [_halted(bars, start, stop) for bars in market]


def _halted(bars: Bars, start: int, stop: int) -> Bars:
    columns: dict[str, Any] = {name: getattr(bars, name).copy() for name in VALUE_COLUMNS}
    for name, values in columns.items():
        values[start:stop] = 0 if name == "volume" else bars.open[start]
    return replace(bars, **columns)


def without_volume(market: list[Bars]) -> list[Bars]:
    """A market in which nobody counts what is traded, as for an index."""
    return [replace(bars, volume=np.zeros_like(bars.volume)) for bars in market]


def gapped(market: list[Bars], start: int, stop: int) -> list[Bars]:
    """A market that has no bars from ``start`` to before ``stop``."""
    kept = np.r_[0:start, stop : len(market[0])]
    return [
        replace(bars, **{name: getattr(bars, name)[kept] for name in COLUMNS}) for bars in market
    ]
