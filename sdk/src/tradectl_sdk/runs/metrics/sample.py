"""What the metrics of one run are computed from, derived once and shared by all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.errors import DataError, UsageError
from tradectl_sdk.runs.metrics import growth, moments
from tradectl_sdk.runs.metrics.drawdown import (
    NANOSECONDS_PER_DAY,
    Drawdowns,
    Extremes,
    Integers,
    find_drawdowns,
)
from tradectl_sdk.runs.metrics.instants import Instants
from tradectl_sdk.runs.metrics.periods import DAYS_PER_YEAR, Frequency
from tradectl_sdk.runs.metrics.pieces import pieces

if TYPE_CHECKING:
    from tradectl_sdk.runs.metrics.moments import Floats
    from tradectl_sdk.runs.metrics.pieces import Curve


@dataclass(frozen=True, kw_only=True, eq=False)
class ClosedTrades:
    """The closed trades of a run, in the order they were closed, as floats for statistics.

    Attributes:
        profits: Net profit of each in the account's currency, shape (k,).
        holding: Nanoseconds each was held, shape (k,).
        still_open: Trades that the end of the run cut short; they are not among the k.
    """

    profits: Floats
    holding: Integers
    still_open: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One run as the metrics see it.

    Attributes:
        time: UTC nanoseconds at which equity was taken, not decreasing, shape (n,).
        equity: Equity in the account's currency, shape (n,), finite.
        initial_equity: Equity before the first instant; positive.
        trades: The closed trades, if the run is one of trades.
        exposure: Gross value of the positions at each instant, shape (n,).
        benchmark: Price or equity of the benchmark at the same instants, shape (n,), positive.
        fees: Fees paid, in the account's currency.
        slippage: What fills cost beyond their reference prices, in the account's currency.
        traded_value: Value bought plus value sold, in the account's currency.
        risk_free: Annual risk-free rate; a period's is this over the periods in a year.
        periods_per_year: Overrides what the timestamps say.
        session_close: Minutes after midnight UTC at which a trading day ends.
        trials: Parameter sets that were tried to arrive at this run, this one included.
        instants: What follows from the times and the session's close, if it is known already.

    Raises:
        DataError: If the curve is empty, ill-shaped, not finite or goes back in time.
    """

    time: Integers
    equity: Floats
    initial_equity: float
    trades: ClosedTrades | None = None
    exposure: Floats | None = None
    benchmark: Curve | None = None
    fees: float | None = None
    slippage: float | None = None
    traded_value: float | None = None
    risk_free: float = 0.0
    periods_per_year: float | None = None
    session_close: int = 0
    trials: int = 1
    instants: Instants | None = None

    def __post_init__(self) -> None:
        """Check what every metric relies on."""
        self._check_curves()
        if not 0 < self.initial_equity < math.inf:
            raise DataError(f"initial equity was {self.initial_equity}, expected more than 0")
        if self.periods_per_year is not None and not 0 < self.periods_per_year < math.inf:
            raise UsageError(
                f"periods per year was {self.periods_per_year}, expected more than 0",
                hint="leave it out to have it found from the timestamps",
            )
        if self.trials < 1:
            raise UsageError(f"trials was {self.trials}, expected at least 1")

    def _check_curves(self) -> None:
        _ = self._instants  # which checks the times
        for name in ("equity", "exposure", "benchmark"):
            curve: Curve | None = getattr(self, name)
            if curve is None:
                continue
            if curve.shape != self.time.shape:
                raise DataError(
                    f"{name} had {curve.shape} values, expected {self.time.shape} as the times"
                )
            if name == "equity" and self.extremes.finite:
                continue
            for part in pieces(self.time.size):
                _check_finite(name, curve[part], part.start)

    @cached_property
    def _instants(self) -> Instants:
        return self.instants or Instants(self.time, self.session_close)

    @cached_property
    def frequency(self) -> Frequency | None:
        """Periods in a year, given or found; None when fewer than two days tell nothing."""
        if self.periods_per_year is not None:
            return Frequency(self.periods_per_year, "as set")
        return self._instants.frequency

    @property
    def periods(self) -> float:
        """Periods in a year; NaN when unknown, which makes every annualised metric undefined."""
        return self.frequency.periods_per_year if self.frequency else math.nan

    @property
    def period_risk_free(self) -> float:
        """Risk-free return per period: the annual rate over the periods in a year."""
        return self.risk_free / self.periods if self.risk_free else 0.0

    @property
    def days(self) -> Integers:
        """The day of each of the returns, counted from 1970, shape (d,)."""
        return self._instants.days

    @cached_property
    def returns(self) -> Floats:
        """Daily (or rarer) returns, the first one from the initial equity; shape (d,)."""
        daily = self.equity[self._instants.day_ends]
        return growth.simple_returns(np.concatenate(([self.initial_equity], daily)))

    @cached_property
    def monthly_returns(self) -> Floats:
        """Returns of calendar months, the first and last ones as far as they go; shape (m,)."""
        monthly = self.equity[self._instants.month_ends]
        return growth.simple_returns(np.concatenate(([self.initial_equity], monthly)))

    @cached_property
    def paired_returns(self) -> tuple[Floats, Floats] | None:
        """Returns and benchmark returns of the same periods, shape (d - 1,) each, or None.

        The first period is left out: the benchmark has no price before the first instant.
        """
        if self.benchmark is None:
            return None
        return self.returns[1:], growth.simple_returns(self.benchmark[self._instants.day_ends])

    @cached_property
    def drawdowns(self) -> Drawdowns:
        """Drawdowns at full resolution, the initial equity being the first level."""
        return find_drawdowns(self.time, self.equity, self.initial_equity)

    @cached_property
    def extremes(self) -> Extremes:
        """The lowest and highest equity of each stretch of time."""
        return Extremes.of(self.equity)

    @property
    def years(self) -> float:
        """Calendar length of the curve in years of 365.25 days."""
        return float(self.time[-1] - self.time[0]) / NANOSECONDS_PER_DAY / DAYS_PER_YEAR

    @property
    def net_profit(self) -> float:
        """Final less initial equity."""
        return float(self.equity[-1]) - self.initial_equity

    @property
    def total_return(self) -> float:
        """Net profit over initial equity."""
        return self.net_profit / self.initial_equity

    @cached_property
    def annual_return(self) -> float:
        """Compound annual growth over the calendar length."""
        return growth.compound_growth(self.total_return, self.years)

    @cached_property
    def period_sharpe(self) -> float:
        """Sharpe ratio per period, not annualised."""
        free = self.period_risk_free
        excess = moments.Spread(self.returns - free) if free else self._spread
        return moments.ratio(excess.average, excess.deviation)

    @cached_property
    def _spread(self) -> moments.Spread:
        return moments.Spread(self.returns)

    @cached_property
    def _moments(self) -> tuple[float, float]:
        return self._spread.standardised_moments()

    @property
    def skewness(self) -> float:
        """Skewness of the returns."""
        return self._moments[0]

    @property
    def kurtosis(self) -> float:
        """Pearson's kurtosis of the returns."""
        return self._moments[1]

    @property
    def profits(self) -> Floats:
        """Net profits of the closed trades; empty without trades."""
        return self.trades.profits if self.trades else np.empty(0)


def _check_finite(name: str, values: Floats, row: int) -> None:
    # The sum of finite values is finite; looking for the culprit is for the bad case.
    if not math.isfinite(float(values.sum())) and not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(f"{name} at row {row + at} was {values[at]}, expected a finite number")
