"""The backtest: a strategy, data and assumptions in, a stored run out.

::

    from tradectl_sdk import backtest

    result = backtest("sma-cross", "SPX.SAMPLE", parameters={"fast": 20})
    print(result)
    print(result.record.metrics.values["sharpe_ratio"], result.record.run_id)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.pipelines.arguments import checked
from tradectl_sdk.pipelines.checks import run_checks
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.job import prepare
from tradectl_sdk.pipelines.prepared import make_signals
from tradectl_sdk.pipelines.recording import make_record
from tradectl_sdk.pipelines.series import Letting, Window, load_all
from tradectl_sdk.pipelines.words import assumptions_in_words, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.data import Bars
    from tradectl_sdk.pipelines.checks import Check
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.pipelines.modelling import MadeBy
    from tradectl_sdk.pipelines.prepared import Signals
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.runs import RunRecord, RunStore
    from tradectl_sdk.strategy import Strategy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class BacktestResult:
    """A finished backtest.

    Attributes:
        record: The run as it is stored: metrics, orders, fills, trades, equity.
        stored: Whether it was answered from the store instead of being run.
        bars: Bars that drove the strategy.
        seconds: Time the loop took; 0 when answered from the store.
        checks: What was looked at besides the numbers; empty when answered from the store.
    """

    record: RunRecord
    stored: bool
    bars: int
    seconds: float
    checks: tuple[Check, ...]

    @property
    def assumptions(self) -> tuple[tuple[str, str], ...]:
        """What was assumed, in the words of a report, as (what, how) pairs."""
        return assumptions_in_words(self.record)

    def __repr__(self) -> str:
        """A few lines for a notebook; ``record`` has everything."""
        return summary(self.record)


@checked
def backtest(
    strategy: str | type[Strategy],
    data: str | Bars | Sequence[str | Bars],
    *,
    parameters: Mapping[str, object] | None = None,
    timeframe: str = "1d",
    start: str | None = None,
    end: str | None = None,
    settings: Settings | None = None,
    signals: Mapping[str, Signals] | None = None,
    models: Mapping[str, MadeBy] | None = None,
    warmup: int = 0,
    mode: str = "auto",
    trials: int = 1,
    store: RunStore | None = None,
    fresh: bool = False,
    plugins: Plugins | None = None,
    notify: Callable[[str], None] | None = None,
) -> BacktestResult:
    """Run a strategy over past bars.

    Args:
        strategy: A class, the name of a plugin's strategy, or ``path.py:Class``.
        data: One series or several, by name (``SPX.SAMPLE``) or as bars.
        parameters: Values for the strategy's declared parameters, typed or as text.
        timeframe: Of the bars that drive the strategy, where they are given by name.
        start: Earliest open time, ISO 8601; the beginning of the data unless given.
        end: Open times stay before this.
        settings: Everything that is assumed; the defaults unless given.
        signals: Prepared columns by name, one value per bar: one array per series, the array
            itself where there is one series, or the function that makes it of the bars of a
            series, which lets them be checked for look-ahead, too.
        models: What makes further signals, by name: ``{"forecast": "ridge:horizon=5"}``, or what
            makes a fresh :class:`~tradectl_sdk.models.Model`. Each is fitted walk-forward on each
            series by itself, and no order is accepted before its first forecast.
        warmup: Bars before orders are accepted, if more than the strategy asks for.
        mode: ``auto``, ``compiled`` or ``interpreted``; a run stored by the other one of the last
            two is run again, with the same result.
        trials: Parameter sets tried to arrive at this one; they deflate the Sharpe ratio.
        store: Where runs are kept; nowhere unless given. A run with equal inputs is answered
            from it.
        fresh: Run even if the store has the answer.
        plugins: Installed plugins, if they are loaded already.
        notify: Told in words when something needs compiling.

    Raises:
        NotFoundError: If there is no such strategy.
        UsageError: If a parameter is unknown or out of bounds.
        DataMissingError: If there is no such data.
        ModelError: If a model raises, or gives what cannot be used.
        StrategyError: If the strategy raises; nothing is stored then.
    """
    settings = settings or Settings()
    root, window = settings.data.catalog, Window(start, end)
    found = find_strategy(strategy, plugins)
    series = load_all(data, timeframe, window, root, plugins)
    columns, makers = make_signals(signals or {}, series)
    job = prepare(
        found,
        parameters or {},
        series,
        settings,
        signals=columns,
        models=models,
        warmup=warmup,
        trials=trials,
        plugins=plugins,
    )
    held = None if store is None or fresh else store.find(job.identity)
    if held is not None and mode in {Mode.AUTO, held.engine["mode"]}:
        return _result(job, held, stored=True, seconds=0.0, checks=())
    job = job.with_forecasts()
    letting = Letting(job.series)
    outcome = run(job.plan, Mode(mode), notify=notify, turn=letting)
    letting.go()  # what follows reads little of them
    checks = run_checks(job.plan, outcome, job.series, job.models)
    if makers:
        from tradectl_sdk.pipelines.checking.remaking import remade

        checks += (remade(job, makers),)
    record = make_record(job, outcome, checks, turn=letting.go)
    if store is not None:
        store.save(record, replace=fresh or held is not None)
    return _result(job, record, stored=False, seconds=outcome.seconds, checks=checks)


def _result(
    job: Job, record: RunRecord, *, stored: bool, seconds: float, checks: tuple[Check, ...]
) -> BacktestResult:
    return BacktestResult(
        record=record,
        stored=stored,
        bars=sum(len(one.bars) for one in job.series),
        seconds=seconds,
        checks=checks,
    )
