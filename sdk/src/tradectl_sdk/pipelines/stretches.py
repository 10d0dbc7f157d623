"""Runs from one of their instants on, measured as whole ones are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.engine.build import longest_warmup
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.recording import exposure, sample_of, trades_of
from tradectl_sdk.pipelines.series import Window, load_all
from tradectl_sdk.runs import order_list_hash
from tradectl_sdk.runs.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.config.settings import Settings
    from tradectl_sdk.data import Bars
    from tradectl_sdk.engine import Outcome
    from tradectl_sdk.pipelines.finding import FoundStrategy
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.plugins import Plugins


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """A finished run from an instant on, before which no order was accepted.

    Attributes:
        job: What was run.
        outcome: What came of it.
        first: The number of the instant.
    """

    job: Job
    outcome: Outcome
    first: int

    @property
    def times(self) -> NDArray[np.int64]:
        """Its instants, shape (n,)."""
        return self.outcome.times[self.first :]

    @property
    def equity(self) -> NDArray[np.float64]:
        """Equity at them, shape (n,)."""
        return self.outcome.equity[self.first :]

    @property
    def final_equity(self) -> float:
        """Equity at the end, in the account's currency."""
        equity: float = self.outcome.final_equity / MONEY_UNITS
        return equity

    @property
    def trades(self) -> int:
        """Trades, one that is still open included."""
        return len(trades_of(self.job.plan, self.outcome))

    @property
    def digest(self) -> str:
        """What names the orders and fills."""
        return order_list_hash(self.outcome.orders, self.outcome.fills)

    def value(self, metric: str) -> float:
        """Return a metric of it; NaN for undefined, as where it has no instant."""
        if not len(self.times):
            return math.nan
        plan = self.job.plan
        sample = sample_of(
            plan,
            self.outcome,
            trials=self.job.trials,
            trades=trades_of(plan, self.outcome),
            held=exposure(plan, self.outcome),
            first=self.first,
        )
        with np.errstate(all="ignore"):
            value = float(METRICS[metric].function(sample))
        return value if math.isfinite(value) else math.nan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runner:
    """Runs a strategy on windows of the same series; arguments are those of a backtest."""

    found: FoundStrategy
    data: str | Bars | Sequence[str | Bars]
    timeframe: str
    settings: Settings
    models: Mapping[str, MadeBy] | None
    mode: str
    plugins: Plugins | None
    notify: Callable[[str], None] | None

    def run(
        self,
        parameters: Mapping[str, object],
        window: Window,
        *,
        begin: int | None = None,
        trials: int = 1,
    ) -> Stretch:
        """Run it on a window.

        Args:
            parameters: Values for the strategy's parameters.
            window: The bars.
            begin: The instant to accept orders from and to measure from; the end of the
                strategy's and its models' own warm-up unless given.
            trials: Parameter sets tried to arrive at this one.
        """
        root, plugins = self.settings.data.catalog, self.plugins
        job = prepare(
            self.found,
            parameters,
            load_all(self.data, self.timeframe, window, root, plugins),
            self.settings,
            signals={},
            models=self.models,
            warmup=begin or 0,
            trials=trials,
            plugins=plugins,
        ).with_forecasts()
        outcome = run(job.plan, Mode(self.mode), notify=self.notify)
        if begin is None:
            begin = longest_warmup(job.plan, outcome.strategies)
        return Stretch(job=job, outcome=outcome, first=begin)
