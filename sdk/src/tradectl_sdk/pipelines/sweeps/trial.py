"""One trial: the same run that a backtest makes, and only the numbers that were asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.domain.money import MONEY_UNITS, to_money
from tradectl_sdk.engine.reruns import Reruns
from tradectl_sdk.errors import TradectlError
from tradectl_sdk.pipelines.recording import Basket, exposure
from tradectl_sdk.research.executing import Task
from tradectl_sdk.research.table import Trial
from tradectl_sdk.runs import closed_trades, extract_trades, order_list_hash
from tradectl_sdk.runs.metrics import METRICS, ClosedTrades, Need, Sample
from tradectl_sdk.runs.metrics.instants import Instants
from tradectl_sdk.runs.trades import count_closed
from tradectl_sdk.runs.values import slippage_cost, traded_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.engine import Mode, Outcome, Plan
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.research.executing import Portable
    from tradectl_sdk.strategy import ParameterValue

_NO_TRADES = ClosedTrades(profits=np.empty(0), holding=np.empty(0, np.int64))
# Metrics that are had without going through trades or episodes, with equal results.
_SHORT_CUTS: Mapping[str, Callable[[Sample, Outcome], float]] = {
    "max_drawdown": lambda sample, _: sample.extremes.max_drawdown(sample.initial_equity),
    "trades": lambda _, outcome: float(
        count_closed(outcome.fills, alone=len(outcome.positions) == 1)
    ),
}


class Trials(Task):
    """Runs trials one after another; machine code, tables and data are used again and again.

    Args:
        job: What is run, whatever the parameters.
        fixed: Parameters that all trials share.
        points: The parameters of each trial.
        metrics: Names of the metrics to compute.
        mode: As for a backtest.
        hashes: Whether to hash orders and fills.
        notify: Told in words when something needs compiling.
        plugins: Installed plugins, if they are loaded already.
    """

    def __init__(
        self,
        job: Job,
        fixed: Mapping[str, ParameterValue],
        points: Sequence[Mapping[str, ParameterValue]],
        metrics: Sequence[str],
        *,
        mode: Mode,
        hashes: bool,
        notify: Callable[[str], None] | None = None,
        plugins: Plugins | None = None,
    ) -> None:
        self.job, self.fixed, self.points, self.plugins = job, fixed, points, plugins
        self.metrics, self.mode, self.hashes = tuple(metrics), mode, hashes
        self._rows = [METRICS[name] for name in metrics]
        self._needs = {row.need for row in self._rows if row.name not in _SHORT_CUTS}
        self._cash = to_money(job.plan.assumptions.cash)
        self._marks = np.array([one.ticks[3][-1] for one in job.plan.columns], np.int64)
        self._instants: Instants | None = None  # the same in all trials: data alone decide on them
        self._reruns = Reruns(job.plan, mode, notify=notify)
        self._portable: Portable | None = None
        self.why = ""  # why the last one was not compiled

    def __call__(self, number: int, turn: Callable[[], None] | None = None) -> Trial:
        """Run one trial; what the strategy or its parameters do wrong is its result."""
        return self.run(number, self.points[number], turn)

    def run(
        self,
        number: int,
        point: Mapping[str, ParameterValue],
        turn: Callable[[], None] | None = None,
    ) -> Trial:
        """Run a trial with parameters that may be none of the points."""
        parameters = {**self.fixed, **point}
        cls = self.job.found.cls
        try:
            outcome = self._reruns.run(lambda: cls(**parameters), turn)
            self.why = outcome.why
            return self._measured(number, self.job.plan, outcome)
        except TradectlError as error:
            return Trial(number, reason=error.message)

    def portable(self) -> Portable:
        """Return what running it elsewhere takes; that is the same whatever the points."""
        from tradectl_sdk.pipelines.sweeps.packing import pack

        if self._portable is None:
            self._portable = pack(self)
        return self._portable

    def _measured(self, number: int, plan: Plan, outcome: Outcome) -> Trial:
        sample = self._sample(plan, outcome)
        values = []
        with np.errstate(all="ignore"):
            for row in self._rows:
                short = _SHORT_CUTS.get(row.name)
                value = row.function(sample) if short is None else short(sample, outcome)
                values.append(float(value) if math.isfinite(value) else math.nan)
        digest = order_list_hash(outcome.orders, outcome.fills) if self.hashes else ""
        return Trial(number, tuple(values), outcome.final_equity, digest)

    def _sample(self, plan: Plan, outcome: Outcome) -> Sample:
        """What the metrics asked for are computed from, and nothing else."""
        needs, fills, instruments = self._needs, outcome.fills, plan.instruments
        trades = _NO_TRADES
        if Need.TRADES in needs:
            trades = closed_trades(extract_trades(fills, instruments, marks=self._marks))
        with_benchmark, with_exposure = Need.BENCHMARK in needs, Need.EXPOSURE in needs
        if self._instants is None:
            self._instants = Instants(outcome.times.copy(), instruments[0].session_close)
        return Sample(
            time=self._instants.time,
            equity=outcome.equity,
            initial_equity=self._cash / MONEY_UNITS,
            trades=trades,
            exposure=exposure(plan, outcome) if with_exposure else None,
            benchmark=(
                Basket(plan.columns, outcome.times, lambda: None) if with_benchmark else None
            ),
            fees=outcome.fees / MONEY_UNITS,
            slippage=slippage_cost(fills, instruments) / MONEY_UNITS
            if Need.SLIPPAGE in needs
            else 0.0,
            traded_value=traded_value(fills, instruments) / MONEY_UNITS
            if Need.TRADED_VALUE in needs
            else 0.0,
            session_close=instruments[0].session_close,
            trials=self.job.trials,
            instants=self._instants,
        )
