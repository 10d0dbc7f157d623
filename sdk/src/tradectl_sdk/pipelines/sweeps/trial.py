"""One trial: the same run that a backtest makes, and only the numbers that were asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tradectl_sdk.engine.reruns import Reruns
from tradectl_sdk.errors import TradectlError
from tradectl_sdk.pipelines.recording import exposure, sample_of, trades_of
from tradectl_sdk.research.executing import Task
from tradectl_sdk.research.table import Trial
from tradectl_sdk.runs import order_list_hash
from tradectl_sdk.runs.metrics import METRICS, Need, Sample
from tradectl_sdk.runs.metrics.instants import Instants
from tradectl_sdk.runs.trades import count_closed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.engine import Mode, Outcome, Plan
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.research.executing import Portable
    from tradectl_sdk.strategy import ParameterValue

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
        needs = self._needs
        if self._instants is None:
            close = plan.instruments[0].session_close
            self._instants = Instants(outcome.times.copy(), close)
        return sample_of(
            plan,
            outcome,
            trials=self.job.trials,
            trades=trades_of(plan, outcome) if Need.TRADES in needs else None,
            held=exposure(plan, outcome) if Need.EXPOSURE in needs else None,
            needs=needs,
            instants=self._instants,
        )
